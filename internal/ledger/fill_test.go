package ledger

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
)

// tilesOn are the tiles on a disk, by their names below a folder.
func tilesOn(t *testing.T, disk *durabletest.Platter, dir string) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, name := range disk.Names() {
		rel, ok := strings.CutPrefix(name, dir+"/tile/")
		if !ok || strings.HasSuffix(rel, ".new") {
			continue
		}
		b, err := disk.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out["tile/"+rel] = b
	}
	return out
}

// TestFillAndPowerCut: at whatever moment the power goes, each tile that is there is whole; all are there once Fill has said so, and after another.
func TestFillAndPowerCut(t *testing.T) {
	k, disk := newKeys(t), durabletest.New(t)
	l := open(t, k.config(disk, "/ledger"))
	defer l.Close()
	more(t, l, 600)
	signed, err := l.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := tilesOn(t, disk, "/ledger")
	fill := func(p durable.FS) error {
		return Fill(context.Background(), l.Files(), k.public, p, "/copy", func(name string, err error) error {
			t.Errorf("%s: %v", name, err)
			return nil
		})
	}
	cuts := 0
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		cuts++
		err := fill(p)
		for disk := range p.Crashes(2) {
			got := tilesOn(t, disk, "/copy")
			for name, b := range got {
				if !bytes.Equal(b, want[name]) {
					t.Errorf("cut %d: %s has %d bytes, want %d", cuts, name, len(b), len(want[name]))
				}
			}
			if err == nil && len(got) != len(want) {
				t.Errorf("cut %d: %d tiles, want %d", cuts, len(got), len(want))
			}
			if err := errors.Join(fill(disk), disk.SetFile("/copy/checkpoint", signed)); err != nil {
				t.Fatal(err)
			}
			if r, err := Verify(context.Background(), Files(disk, "/copy"), k.public); err != nil || !r.OK() || r.Size != 600 {
				t.Errorf("cut %d, filled again: %+v, %v", cuts, r, err)
			}
		}
	})
	if cuts < 10 {
		t.Errorf("only %d moments", cuts)
	}
}

// TestFillDamaged: what is damaged in the copy is named and comes as it is, as far as it can be read; the rest comes whole.
func TestFillDamaged(t *testing.T) {
	k, disk, to := newKeys(t), durabletest.New(t), durabletest.New(t)
	l := open(t, k.config(disk, "/ledger"))
	defer l.Close()
	more(t, l, 600)
	published(t, l, k)
	want := tilesOn(t, disk, "/ledger")
	const changed, missing = "tile/entries/000", "tile/entries/001"
	b := bytes.Clone(want[changed])
	b[100] ^= 1
	if err := errors.Join(disk.SetFile("/ledger/"+changed, b), disk.Remove("/ledger/"+missing)); err != nil {
		t.Fatal(err)
	}
	var named []string
	err := Fill(t.Context(), l.Files(), k.public, to, "/copy", func(name string, err error) error {
		if _, ok := errors.AsType[*DamageError](err); !ok || errors.Is(err, fs.ErrNotExist) != (name == missing) {
			t.Errorf("%s: %v", name, err)
		}
		named = append(named, name)
		return nil
	})
	if err != nil || !slices.Equal(named, []string{changed, missing}) {
		t.Errorf("%q, %v", named, err)
	}
	want[changed] = b
	delete(want, missing)
	for name, b := range tilesOn(t, to, "/copy") {
		if !bytes.Equal(b, want[name]) {
			t.Errorf("%s has %d bytes, want %d", name, len(b), len(want[name]))
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("%d tiles are missing", len(want))
	}
	pulled := errors.New("pulled out")
	if err := Fill(t.Context(), l.Files(), k.public, durabletest.New(t), "/copy", func(string, error) error { return pulled }); !errors.Is(err, pulled) {
		t.Errorf("a copy that is gone: %v", err)
	}
}
