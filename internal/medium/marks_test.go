package medium

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// liar is a disk that takes everything and gives back something else where a pack is.
type liar struct {
	durable.FS
	spoil func(b []byte, name string, off int64) []byte
}

type liarFile struct {
	durable.File
	l    liar
	name string
}

func (l liar) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := l.FS.OpenFile(name, flag, perm)
	if err != nil || !strings.Contains(filepath.ToSlash(name), "/"+packDir+"/") {
		return f, err
	}
	return liarFile{f, l, name}, nil
}

func (f liarFile) WriteAt(b []byte, off int64) (int, error) {
	if n, err := f.File.WriteAt(f.l.spoil(b, f.name, off), off); n < len(b) && err != nil {
		return n, err
	}
	return len(b), nil
}

// TestLiar: whatever a disk does to the bytes of one pack, a sync that reads them back does not call it a copy.
func TestLiar(t *testing.T) {
	for name, lie := range map[string]func(b []byte) []byte{
		"one bit":    func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"first byte": func(b []byte) []byte { b[0]++; return b },
		"last byte":  func(b []byte) []byte { b[len(b)-1]++; return b },
		"zeros":      func(b []byte) []byte { clear(b); return b },
		"swapped":    func(b []byte) []byte { b[0], b[1], b[4096], b[4097] = b[4096], b[4097], b[0], b[1]; return b },
		"shorter":    func(b []byte) []byte { return b[:len(b)-durable.Block] },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, durabletest.New(t), 1)
			defer h.close()
			h.grow(20, 16<<10)
			var lied atomic.Bool
			disk := liar{durabletest.New(t), func(b []byte, _ string, _ int64) []byte {
				if len(b) >= 8192 && lied.CompareAndSwap(false, true) {
					return lie(append([]byte(nil), b...))
				}
				return b
			}}
			m := NewDir(disk, "/medium")
			if err := m.Create(); err != nil {
				t.Fatal(err)
			}
			if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: h.key}); err != nil {
				t.Fatal(err)
			}
			if out, err := Sync(t.Context(), m, h, Options{Key: h.key}); problem.KindOf(err) != problem.Damaged || out.State != 0 || !lied.Load() {
				t.Fatalf("state %d, %v", out.State, err)
			}
			if _, err := Open(t.Context(), m, h.key, 0); err == nil {
				t.Error("there is a complete state")
			}
			out, want, err := h.sync(m) // now it does as it is told
			if err != nil {
				t.Fatal(err)
			}
			same(t, m, h.key, out.State, want)
		})
	}
}

// TestMarks: pieces in another order, one more and one less are told from those that were written.
func TestMarks(t *testing.T) {
	m, err := newMarker()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDir(durabletest.New(t), "/")
	bufs := [2][]byte{durable.Aligned(durable.Block), durable.Aligned(durable.Block)}
	piece := func(c byte) []byte {
		b := durable.Aligned(durable.Block)
		b[7] = c
		return b
	}
	whole := append(append(durable.Aligned(0), piece(1)...), piece(2)...)
	if err := put(t.Context(), d, "x", whole); err != nil {
		t.Fatal(err)
	}
	one, two := m.mark(piece(1)), m.mark(piece(2))
	for i, want := range []marks{{one, two}, {two, one}, {one}, {one, two, one}, {one, one}, nil} {
		if err := m.compare(t.Context(), d, "x", int64(len(whole)), want, bufs); (err == nil) != (i == 0) {
			t.Errorf("%d: %v", i, err)
		}
	}
	other, err := newMarker()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.compare(t.Context(), d, "x", int64(len(whole)), marks{one, two}, bufs); err == nil {
		t.Error("marks of another copy count")
	}
}
