package vault_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// threePacks saves a file into each of three packs, the last of which stays open, and closes the vault.
func threePacks(t *testing.T, root string, k *testKeeper) (files []string) {
	t.Helper()
	for i, p := range []pathname.Path{"/s/1", "/s/2", "/s/3"} {
		h := openHouse(t, root, k) // each with an epoch of its own: content opens with that of its pack
		defer h.close()
		f := h.v.As(staff)
		save(t, f, p+" first", []byte("first"))
		save(t, f, p, random(uint64(i), 50_000))
		save(t, f, p+" last", []byte("last"))
		if i < 2 {
			if _, err := h.packs.Seal(bg, k.shares[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		h.close()
	}
	files, err := filepath.Glob(filepath.Join(root, "packs", k.shares[0].ID.String(), "*"))
	must(t, err)
	slices.Sort(files)
	if len(files) != 3 {
		t.Fatalf("packs %q, want 3", files)
	}
	return files
}

// flip damages the nth frame of a type in a pack.
func flip(t *testing.T, root string, k *testKeeper, of pack.Type, in uint64, nth int) {
	t.Helper()
	h := openHouse(t, root, k)
	defer h.close()
	for f, err := range h.packs.Frames(bg, k.shares[0].ID, pack.Position{Pack: in}, nil) {
		must(t, err)
		if f.Type != of || f.Place.Pack != in {
			continue
		}
		if nth--; nth > 0 {
			continue
		}
		h.close()
		files, err := filepath.Glob(filepath.Join(root, "packs", k.shares[0].ID.String(), "*"))
		must(t, err)
		slices.Sort(files)
		file, err := os.OpenFile(files[in-1], os.O_RDWR, 0)
		must(t, err)
		defer file.Close()
		_, err = file.WriteAt([]byte{0xff, 0xff, 0xff}, f.Place.Offset+pack.HeaderSize+8)
		must(t, err)
		return
	}
	t.Fatal("no such frame")
}

// Whatever is damaged: verify names the pack and goes on with the rest, and a rebuild makes everything else usable.
func TestDamagedPacks(t *testing.T) {
	all := []string{"1 first", "1", "1 last", "2 first", "2", "2 last", "3 first", "3", "3 last"}
	but := func(gone ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(gone, n) })
	}
	for name, x := range map[string]struct {
		damage func(t *testing.T, root string, k *testKeeper, files []string)
		pack   uint64   // which verify names
		reason string   // likewise
		lost   []string // not listed after a rebuild
		shut   []string // listed, and does not open
	}{
		"first pack missing": {func(t *testing.T, _ string, _ *testKeeper, files []string) { must(t, os.Remove(files[0])) }, 1, "missing", []string{"1 first", "1", "1 last"}, nil},
		"pack missing":       {func(t *testing.T, _ string, _ *testKeeper, files []string) { must(t, os.Remove(files[1])) }, 2, "missing", []string{"2 first", "2", "2 last"}, nil},
		"commit, sealed":     {func(t *testing.T, root string, k *testKeeper, _ []string) { flip(t, root, k, pack.Commit, 2, 2) }, 2, "checksum", []string{"2"}, nil},
		"commit, open":       {func(t *testing.T, root string, k *testKeeper, _ []string) { flip(t, root, k, pack.Commit, 3, 2) }, 3, "checksum", []string{"3"}, nil},
		"manifest, sealed":   {func(t *testing.T, root string, k *testKeeper, _ []string) { flip(t, root, k, pack.Manifest, 2, 2) }, 2, "checksum", nil, []string{"2"}},
		"manifest, open":     {func(t *testing.T, root string, k *testKeeper, _ []string) { flip(t, root, k, pack.Manifest, 3, 2) }, 3, "checksum", nil, []string{"3"}},
		"chunk, sealed":      {func(t *testing.T, root string, k *testKeeper, _ []string) { flip(t, root, k, pack.Chunk, 1, 1) }, 1, "checksum", nil, []string{"1"}},
	} {
		t.Run(name, func(t *testing.T) {
			root, books, k := t.TempDir(), t.TempDir(), newTestKeeper(t, "s")
			files := threePacks(t, root, k)
			x.damage(t, root, k, files)
			h := openOn(t, durable.OS(), root, books, k)
			t.Cleanup(func() { h.close() })

			named := false
			r, err := h.v.Verify(bg, staff, vault.VerifyOptions{}, func(f vault.Finding) {
				if f.Share != k.shares[0].ID || f.Pack != x.pack {
					t.Errorf("found %+v, want it in pack %d", f, x.pack)
				}
				named = named || f.Reason == x.reason
			})
			if err != nil || !named || r.Packs < 2 {
				t.Errorf("verify: %+v, %v; want %q in pack %d named and the rest read", r, err, x.reason, x.pack)
			}
			if x.lost != nil || name == "manifest, open" { // a table would tell where the manifest was
				if _, err := h.v.As(staff).Stat(bg, "/s/1"); problem.KindOf(err) != problem.Damaged {
					t.Errorf("without a rebuild: %v, want %v", err, problem.Damaged)
				}
			}
			found := 0
			rep, err := h.v.Rebuild(bg, staff, "s", func(int64) {}, func(f vault.Finding) {
				if found++; f.Pack != x.pack {
					t.Errorf("rebuild found %+v, want it in pack %d", f, x.pack)
				}
			})
			if err != nil || x.lost != nil && found == 0 || rep.Findings != found {
				t.Fatalf("rebuild: %+v, %v with %d findings", rep, err, found)
			}
			for range 2 { // and after a restart
				f := h.v.As(staff)
				if got := names(t, f); !slices.Equal(got, slices.Sorted(slices.Values(but(x.lost...)))) {
					t.Errorf("listed %q, want all but %q", got, x.lost)
				}
				for _, n := range x.shut {
					files, err := f.Open(bg, "open", stat(t, f, pathname.Path("/s/"+n)))
					if err == nil {
						_, err = files[0].WriteTo(nowhere{})
					}
					if problem.KindOf(err) != problem.Damaged {
						t.Errorf("%s opens with %v, want %v", n, err, problem.Damaged)
					}
				}
				for _, n := range but(append(x.lost, x.shut...)...) {
					load(t, f, stat(t, f, pathname.Path("/s/"+n)))
				}
				save(t, f, "/s/3 first", []byte("again"))
				h.close()
				h = openOn(t, durable.OS(), root, books, k)
			}
		})
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func names(t testing.TB, f vault.Files) []string {
	t.Helper()
	out := map[string]bool{}
	for i, err := range f.List(bg, "/s") {
		must(t, err)
		out[i.Path.Base()] = true
	}
	return slices.Sorted(maps.Keys(out))
}
