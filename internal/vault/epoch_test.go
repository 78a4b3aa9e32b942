package vault_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// A write epoch lasts over several packs. Whichever of them is lost, what stands in the others opens.
func TestALostPackClosesNoOther(t *testing.T) {
	const files, size = 12, 16 << 20
	for lost := range 3 {
		k := newTestKeeper(t, "s")
		h := openHouse(t, t.TempDir(), k)
		name := func(i int) pathname.Path { return pathname.Path(fmt.Sprintf("/s/%d", i)) }
		for i := range files {
			save(t, h.v.As(staff), name(i), random(uint64(i), size))
		}
		h.close()
		packs, err := filepath.Glob(filepath.Join(h.root, "packs", "*", "*"))
		if err != nil || len(packs) < 4 {
			t.Fatalf("%d packs, want at least 4: %v", len(packs), err)
		}
		slices.Sort(packs)
		if err := os.Remove(packs[lost]); err != nil {
			t.Fatal(err)
		}
		h = openHouse(t, h.root, k)
		if _, err := h.v.Rebuild(t.Context(), staff, "s", func(int64) {}, func(vault.Finding) {}); err != nil {
			t.Fatal(err)
		}
		whole := 0
		for i := range files {
			info, err := h.v.As(staff).Stat(t.Context(), name(i))
			if err != nil {
				continue // its commit record is gone
			}
			opened, err := h.v.As(staff).Open(t.Context(), account.Open, info)
			if err != nil {
				t.Errorf("without pack %d: %s: %v", lost+1, info.Path, err)
				continue
			}
			var b bytes.Buffer
			if _, err := opened[0].WriteTo(&b); err == nil && bytes.Equal(b.Bytes(), random(uint64(i), size)) {
				whole++
			}
			opened[0].Close()
		}
		// A pack holds four files, or parts of five.
		if whole < files-6 || whole == files {
			t.Errorf("without pack %d: %d of %d files are whole", lost+1, whole, files)
		}
		h.close()
	}
}
