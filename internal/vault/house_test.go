package vault_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack/dir"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

type house struct {
	root   string
	keeper *testKeeper
	v      *vault.Vault
	packs  *dir.Store
	close  func()
}

func openHouse(t testing.TB, root string, k *testKeeper) *house {
	t.Helper()
	return openOn(t, durable.OS(), root, root, k)
}

var bg = context.Background()

// openClock is openHouse with a clock.
func openClock(t testing.TB, root string, k *testKeeper, now func() time.Time) *house {
	t.Helper()
	return openAll(t, durable.OS(), root, root, k, now)
}

// openMute is openHouse with a keeper that hands out no key.
func openMute(t testing.TB, root string, k *testKeeper) *house {
	t.Helper()
	k.mute = true
	defer func() { k.mute = false }()
	return openHouse(t, root, k)
}

// openOn opens a vault on a disk; the catalogue is a file of the machine, in books.
func openOn(t testing.TB, disk durable.FS, root, books string, k *testKeeper) *house {
	t.Helper()
	return openAll(t, disk, root, books, k, time.Now)
}

func openAll(t testing.TB, disk durable.FS, root, books string, k *testKeeper, now func() time.Time) *house {
	t.Helper()
	k.now = now
	cat, err := sqlite.Open(t.Context(), filepath.Join(books, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	packs, err := dir.Open(t.Context(), dir.Config{FS: disk, Root: filepath.Join(root, "packs")})
	if err != nil {
		t.Fatal(err)
	}
	var of keeper.Keeper = k
	if k.mute {
		of = deaf{k}
	}
	v, err := vault.Open(t.Context(), vault.Config{Guard: k.guard, Packs: packs, Rewriter: packs, Catalogue: cat, Keeper: of, FS: disk,
		Painter: k.painter, Dir: filepath.Join(root, "vault"), Free: func() (int64, error) { return durable.Free(books) }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return &house{root, k, v, packs, sync.OnceFunc(func() { v.Close(); packs.Close(); cat.Close() })}
}

func newHouse(t testing.TB, shares ...string) *house {
	h := openHouse(t, t.TempDir(), newTestKeeper(t, shares...))
	t.Cleanup(func() { h.close() })
	return h
}

var staff = account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "花子", Door: "webdav"}

func save(t testing.TB, f vault.Files, name pathname.Path, content []byte) vault.Info {
	t.Helper()
	d, err := f.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	if _, err := d.Write(content); err != nil {
		t.Fatal(err)
	}
	i, err := d.Commit(t.Context(), vault.Save{})
	if err != nil {
		t.Fatalf("save %s: %v", name, err)
	}
	return i
}

func load(t testing.TB, f vault.Files, i vault.Info) []byte {
	t.Helper()
	files, err := f.Open(t.Context(), account.Open, i)
	if err != nil {
		t.Fatal(err)
	}
	defer files[0].Close()
	var b bytes.Buffer
	if _, err := files[0].WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func stat(t testing.TB, f vault.Files, name pathname.Path) vault.Info {
	t.Helper()
	i, err := f.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// versions returns the contents that a path has had, latest first.
func versions(t testing.TB, f vault.Files, name pathname.Path) (out []string) {
	t.Helper()
	for c, err := range f.History(t.Context(), name) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind == commit.Save || c.Kind == commit.Link {
			out = append(out, string(load(t, f, c.Info)))
		}
	}
	return out
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(b)
	return b
}
