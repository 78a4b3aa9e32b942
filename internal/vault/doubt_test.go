package vault_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestSavesMendWhatIsKnownDamaged: once damage was found, by a verification or by who has read, the same content saved under any name mends it for all
// versions that have it, also for those before; and it stays mended when the catalogue is made anew.
func TestSavesMendWhatIsKnownDamaged(t *testing.T) {
	for name, find := range map[string]func(t *testing.T, h *house){
		"verified": func(t *testing.T, h *house) {
			n := 0
			if _, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{}, func(vault.Finding) { n++ }); err != nil || n == 0 {
				t.Errorf("%d findings, %v", n, err)
			}
		},
		"read": func(t *testing.T, h *house) {
			if _, err := whole(t, h, "/albums/a.bin"); err == nil {
				t.Error("it is not damaged")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "albums")
			defer func() { h.close() }()
			content := random(7, 9<<20) // some chunks
			save(t, h.v.As(staff), "/albums/a.bin", content)
			save(t, h.v.As(staff), "/albums/c.txt", []byte("what was before this is on disk"))
			h.close()
			flip(t, h.root, h.keeper, pack.Chunk, 1, 2)
			h = openHouse(t, h.root, h.keeper)
			find(t, h)
			before := packed(t, h)
			save(t, h.v.As(staff), "/albums/b.bin", content)
			if grown := packed(t, h) - before; grown > 6<<20 || grown < 1000 {
				t.Errorf("%d bytes were written, for one chunk", grown)
			}
			check := func(when string) {
				t.Helper()
				for _, p := range []pathname.Path{"/albums/a.bin", "/albums/b.bin"} {
					if b, err := whole(t, h, p); err != nil || !bytes.Equal(b, content) {
						t.Errorf("%s %s: %d bytes, %v", when, p, len(b), err)
					}
				}
			}
			check("at once")
			h.close()
			h = openHouse(t, h.root, h.keeper)
			check("after a restart")
			if _, err := h.v.Rebuild(t.Context(), staff, "albums", func(int64) {}, func(vault.Finding) {}); err != nil {
				t.Fatal(err)
			}
			check("with a catalogue that is made anew")
		})
	}
}

// TestDamageOutlivesARestart: what was found damaged, by whomever, is known after a restart, and until a verification finds it whole.
func TestDamageOutlivesARestart(t *testing.T) {
	h := newHouse(t, "albums")
	defer func() { h.close() }()
	restart := func(between func()) {
		h.close()
		between()
		h = openHouse(t, h.root, h.keeper)
	}
	known := func(when string, want int) {
		t.Helper()
		if list := h.v.Status().Damaged; len(list) != min(want, 1) || want > 0 && list[0].Packs != want {
			t.Errorf("%s: %+v", when, list)
		}
	}
	verify := func(keys bool) {
		t.Helper()
		if _, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{Keys: keys}, func(vault.Finding) {}); err != nil {
			t.Error(err)
		}
	}
	save(t, h.v.As(staff), "/albums/a.bin", random(7, 3<<20))
	save(t, h.v.As(staff), "/albums/c.txt", []byte("what was before this is on disk"))
	packs, was := packFiles(t, h.root), []byte(nil)
	restart(func() {
		was, _ = os.ReadFile(packs[0])
		flip(t, h.root, h.keeper, pack.Chunk, 1, 2)
	})
	known("nobody has looked", 0)
	if _, err := whole(t, h, "/albums/a.bin"); err == nil {
		t.Error("it is not damaged")
	}
	known("after a reading", 1)
	restart(func() {})
	known("after a restart", 1)
	verify(false)
	restart(func() {})
	known("verified, after a restart", 1)
	restart(func() { must(t, os.WriteFile(packs[0], was, 0o600)) })
	known("mended, and not verified", 1)
	verify(true)
	restart(func() {})
	known("verified to be whole", 0)
}

// whole reads a file.
func whole(t *testing.T, h *house, p pathname.Path) ([]byte, error) {
	t.Helper()
	f := h.v.As(staff)
	files, err := f.Open(t.Context(), account.Open, stat(t, f, p))
	if err != nil {
		return nil, err
	}
	defer files[0].Close()
	return io.ReadAll(files[0])
}

func packFiles(t *testing.T, root string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(root, "packs", "*", "*"))
	must(t, err)
	return list
}
