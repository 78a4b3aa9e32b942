package vault_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// A pack that is gone is named, and keeps nobody from verifying the others.
func TestVerifyGoesOnPastAMissingPack(t *testing.T) {
	k := newTestKeeper(t, "s")
	h := openHouse(t, t.TempDir(), k)
	const files = 8
	for i := range files {
		save(t, h.v.As(staff), pathname.Path(fmt.Sprintf("/s/%d", i)), random(uint64(i), 24<<20))
	}
	h.close()
	packs, err := filepath.Glob(filepath.Join(h.root, "packs", "*", "*"))
	if err != nil || len(packs) < 3 {
		t.Fatalf("%d packs, want at least 3: %v", len(packs), err)
	}
	slices.Sort(packs)
	if err := os.Remove(packs[1]); err != nil {
		t.Fatal(err)
	}
	h = openHouse(t, h.root, k)
	defer h.close()

	var found []vault.Finding
	report := func(f vault.Finding) { found = append(found, f) }
	r, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{}, report)
	if err != nil || r.Packs != len(packs)-1 || len(found) != 1 || found[0].Pack != 2 || found[0].Reason != "missing" {
		t.Errorf("without keys: %+v %+v, %v", r, found, err)
	}
	found = nil
	var steps []vault.VerifyReport
	r, err = h.v.Verify(t.Context(), staff, vault.VerifyOptions{Keys: true, Progress: func(r vault.VerifyReport) { steps = append(steps, r) }}, report)
	if last := len(steps) - 1; last != r.Packs || steps[0].Packs != 1 || steps[last].Versions != r.Versions { // one batch of versions
		t.Errorf("progress %+v, at last %+v", steps, r)
	}
	if err != nil || r.Findings != len(found) || r.Versions < 4 || r.Versions >= files {
		t.Errorf("with keys: %+v, %v", r, err)
	}
	lost := 0
	for _, f := range found {
		if f.Path != "" {
			lost++
		}
	}
	if lost == 0 || lost >= int(r.Versions) {
		t.Errorf("of %d versions %d do not open: %+v", r.Versions, lost, found)
	}
}
