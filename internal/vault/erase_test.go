package vault_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// TestErase: of a share that has ended the storehouse keeps nothing but its packs, doors say that it was erased, and the others go on. It may
// be done again, at the start after a crash.
func TestErase(t *testing.T) {
	k := newTestKeeper(t, "gone", "stays")
	h := openHouse(t, t.TempDir(), k)
	save(t, h.v.As(staff), "/gone/secret.txt", []byte("1"))
	other := save(t, h.v.As(staff), "/stays/f", []byte("2"))
	has, err := h.v.Holdings(t.Context(), staff, "gone")
	if err != nil || has.Files != 1 || has.Versions != 1 || has.Bytes != 1 || has.Counted.IsZero() {
		t.Errorf("%+v, %v", has, err)
	}
	load(t, h.v.As(staff), other)
	// A removal by rule was asked for, and is not needed any more.
	save(t, h.v.As(staff), "/gone/secret.txt", []byte("2"))
	if _, err := h.packs.Seal(t.Context(), k.shares[0].ID); err != nil {
		t.Fatal(err)
	}
	a := h.old(t, 31)
	if r, err := h.v.PreviewRemoval(t.Context(), staff, "gone", account.Retention{Versions: 30}, a, false, func(int64, int64) {}); err != nil || r.Versions != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	i := slices.IndexFunc(k.shares, func(a account.Share) bool { return a.Name == "gone" })
	gone := k.shares[i]
	k.mu.Lock()
	k.gone, k.shares = "gone", slices.Delete(slices.Clone(k.shares), i, i+1)
	k.mu.Unlock()
	for range 2 {
		if err := h.v.Erase(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := filepath.Glob(filepath.Join(h.root, "vault", "*"+gone.ID.String()+"*")); err != nil || len(list) > 0 {
		t.Errorf("it keeps %v, %v", list, err)
	}
	for _, name := range []string{"/gone", "/gone/secret.txt"} {
		_, err := h.v.As(staff).Stat(t.Context(), pathname.Path(name))
		if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.share-erased" {
			t.Errorf("%s: %v", name, err)
		}
	}
	before := k.released[account.Open]
	load(t, h.v.As(staff), other)
	if k.released[account.Open] != before+1 {
		t.Error("the leases have not ended")
	}
	k.mu.Lock()
	k.gone, k.shares = "", append(k.shares, gone) // its keys again, as with a key card from before: all comes from the packs
	k.mu.Unlock()
	if has, err := h.v.Holdings(t.Context(), staff, "gone"); err != nil || has.Files != 1 {
		t.Errorf("%+v, %v", has, err)
	}
}
