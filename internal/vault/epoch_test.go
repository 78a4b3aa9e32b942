package vault_test

import (
	"crypto/sha256"
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
	k, root := newTestKeeper(t, "s"), t.TempDir()
	h := openHouse(t, root, k)
	name := func(i int) pathname.Path { return pathname.Path(fmt.Sprintf("/s/%d", i)) }
	var sums [files][32]byte
	for i := range files {
		content := random(uint64(i), size)
		sums[i] = sha256.Sum256(content)
		save(t, h.v.As(staff), name(i), content)
	}
	h.close()
	for lost := range 3 {
		t.Run(fmt.Sprint(lost+1), func(t *testing.T) {
			again := t.TempDir()
			must(t, os.CopyFS(again, os.DirFS(root)))
			packs, err := filepath.Glob(filepath.Join(again, "packs", "*", "*"))
			if err != nil || len(packs) < 4 {
				t.Fatalf("%d packs, want at least 4: %v", len(packs), err)
			}
			slices.Sort(packs)
			must(t, os.Remove(packs[lost]))
			h := openHouse(t, again, k)
			defer h.close()
			_, err = h.v.Rebuild(t.Context(), staff, "s", func(int64) {}, func(vault.Finding) {})
			must(t, err)
			whole := 0
			for i := range files {
				info, err := h.v.As(staff).Stat(t.Context(), name(i))
				if err != nil {
					continue // its commit record is gone
				}
				opened, err := h.v.As(staff).Open(t.Context(), account.Open, info)
				if err != nil {
					t.Errorf("%s: %v", info.Path, err)
					continue
				}
				sum := sha256.New()
				if _, err := opened[0].WriteTo(sum); err == nil && [32]byte(sum.Sum(nil)) == sums[i] {
					whole++
				}
				opened[0].Close()
			}
			// A pack holds four files, or parts of five.
			if whole < files-6 || whole == files {
				t.Errorf("%d of %d files are whole", whole, files)
			}
		})
	}
}

// TestAnEpochEndsByItself: five minutes after it began, also where nobody writes any more.
func TestAnEpochEndsByItself(t *testing.T) {
	k, now := newTestKeeper(t, "s"), newClock()
	h := openClock(t, t.TempDir(), k, now.Now)
	defer h.close()
	save(t, h.v.As(staff), "/s/a", []byte("a"))
	if n := h.v.EndEpochs(); n != 1 {
		t.Errorf("%d epochs after a save, want 1", n)
	}
	now.pass()
	if n := h.v.EndEpochs(); n != 0 {
		t.Errorf("%d epochs five minutes later, want none", n)
	}
	save(t, h.v.As(staff), "/s/a", []byte("b"))
	if got := load(t, h.v.As(staff), stat(t, h.v.As(staff), "/s/a")); string(got) != "b" {
		t.Errorf("saved after it: %q", got)
	}
}
