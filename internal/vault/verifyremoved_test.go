package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestVerifyWhatLivesOn: a content whose first version is removed by rule is opened by the version that is left of it, once.
func TestVerifyWhatLivesOn(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	first := save(t, f, "/s/a", random(1, 2<<20))
	save(t, f, "/s/a", []byte("now"))
	for _, name := range []string{"/s/b", "/s/c"} {
		if err := f.Restore(t.Context(), pathname.Path(name), first.Version); err != nil {
			t.Fatal(err)
		}
	}
	h.seal(t)
	if r, _ := h.remove(t, account.Retention{Versions: 30}, h.old(t, 31)); r.Versions != 1 {
		t.Fatalf("%+v", r)
	}
	verify := func() (n int64, found []vault.Finding) {
		r, err := h.v.Verify(bg, staff, vault.VerifyOptions{Keys: true}, func(x vault.Finding) { found = append(found, x) })
		if err != nil {
			t.Fatal(err)
		}
		return r.Versions, found
	}
	if n, found := verify(); n != 2 || len(found) > 0 {
		t.Errorf("%d versions are opened, %v", n, found)
	}
	name := filepath.Join(h.root, "packs", h.keeper.shares[0].ID.String())
	list, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(name, list[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	b[1<<20] ^= 1
	if err := os.WriteFile(filepath.Join(name, list[0].Name()), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, found := verify(); found[len(found)-1].Path != "/s/b" {
		t.Errorf("found %v", found)
	}
}

// untold is a store as a program has left it that kept no lists of chunks.
type untold struct{ pack.Store }

func (p untold) Append(ctx context.Context, share id.Share, kind pack.Type, frame [32]byte, payload ...[]byte) (pack.Place, error) {
	if kind == pack.Parts {
		return pack.Place{}, nil
	}
	return p.Store.Append(ctx, share, kind, frame, payload...)
}

// TestUntoldChunks: while a content that stays has told no chunks, none is taken off the disk; a verification with keys tells them.
func TestUntoldChunks(t *testing.T) {
	h := newHouse(t, "s")
	restore := h.v.WrapPacks(func(s pack.Store) pack.Store { return untold{s} })
	f := h.v.As(staff)
	stays, goes := random(1, 2<<20), random(2, 2<<20)
	save(t, f, "/s/stays", stays)
	save(t, f, "/s/old", random(3, 2<<20))
	save(t, f, "/s/goes", append(random(1, 2<<20), goes...)) // its beginning is in both
	restore()
	for _, name := range []string{"/s/old", "/s/goes"} {
		if name == "/s/goes" {
			h.seal(t)
			a := h.old(t, 31)
			r := h.preview(t, account.Retention{Deleted: 30}, a)
			before := h.chunks(t)
			if done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a)); err != nil || r.Unlisted != 3 || done.Versions != 1 || h.chunks(t) != before {
				t.Fatalf("%+v, then %+v, %v", r, done, err)
			}
			if _, err := h.v.Verify(bg, staff, vault.VerifyOptions{Keys: true}, func(x vault.Finding) { t.Errorf("%+v", x) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Remove(t.Context(), pathname.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.seal(t)
	a := h.old(t, 31)
	r := h.preview(t, account.Retention{Deleted: 30}, a)
	if done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a)); err != nil || r.Unlisted != 0 || done.Bytes < 1<<20 {
		t.Errorf("%+v, then %+v, %v", r, done, err)
	}
	if b, err := opens(f, stat(t, f, "/s/stays")); err != nil || string(b) != string(stays) {
		t.Errorf("what stays: %v", err)
	}
	h.sound(t)
}
