package medium

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
			var lied atomic.Int64
			lies := int64(1)
			disk := liar{durabletest.New(t), func(b []byte, _ string, _ int64) []byte {
				if len(b) >= 8192 && lied.Add(1) <= lies {
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
			out, want, err := h.sync(m) // it lies once: what it has not kept is copied again, and told
			if err != nil || out.Lied != 1 || out.Found != 1 || out.Findings[0].Object == "" || out.Unread != 0 {
				t.Fatalf("%+v, %v", out, err)
			}
			same(t, m, h.key, out.State, want)
			h.grow(20, 16<<10)
			lied.Store(0)
			lies = 1000 // and now again and again
			if out, err := Sync(t.Context(), m, h, Options{Key: h.key}); problem.KindOf(err) != problem.Damaged || out.Unread == 0 || lied.Load() < 2 {
				t.Fatalf("%+v, %v", out, err)
			}
			same(t, m, h.key, 1, want) // what it had stays
			lies = 0
			out, want, err = h.sync(m) // now it does as it is told
			if err != nil || out.Unread != 0 {
				t.Fatal(out, err)
			}
			same(t, m, h.key, out.State, want)
		})
	}
}

// TestUnread: a copy that is complete and was not read back is whole, is read back by the next sync, and not copied again.
func TestUnread(t *testing.T) {
	smallBatches(t)
	h := newHouse(t, durabletest.New(t), 5)
	defer h.close()
	m := h.medium(durabletest.New(t))
	h.grow(40, 16<<10)
	want := h.snapshot()
	ctx, unplug := context.WithCancel(t.Context())
	var told Outcome
	first, err := Sync(ctx, m, h, Options{Key: h.key, Copied: func(o Outcome) error { told = o; return nil }, Progress: func(p Progress) {
		if p.Read > p.ReadOf/2 {
			unplug()
		}
	}})
	want.head = h.log.Head()
	if err == nil || told.State != 1 || told.Unread == 0 || told.Unread != told.Copied || first.Unread == 0 {
		t.Fatalf("%+v, %+v, %v", told, first, err)
	}
	same(t, m, h.key, 1, want)
	if r, found := verified(t, m, Check{Key: h.key, Known: 1}); r.Findings > 0 || r.Unknown > 0 {
		t.Errorf("%+v, %v", r, found)
	}
	h.grow(4, 4<<10)
	out, want, err := h.sync(m)
	if err != nil || out.State != 2 || out.Copied >= told.Copied || out.ReadOf <= out.Copied || out.ReadOf >= told.ReadOf || out.Unread != 0 || out.Found > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	same(t, m, h.key, 2, want)
	if out, _, err = h.sync(m); err != nil || out.ReadOf != 0 {
		t.Errorf("it is read again: %+v, %v", out, err)
	}
	for e, err := range m.List(t.Context(), recordDir) {
		if _, part, _ := numberOf(e.Name); err != nil || part >= 0 {
			t.Errorf("%s is left, %v", e.Name, err)
		}
	}
}

// TestReadHoles: lists of what was read back are lists, whatever order it came in.
func TestReadHoles(t *testing.T) {
	share := id.NewShare()
	list := []segment{{pack: 1, length: 10}, {pack: 1, from: 10, length: 5}, {pack: 1, from: 15, length: 5}, {pack: 2, length: 7}, {pack: 3, length: 1}, {pack: 3, from: 1, length: 1}}
	s := &syncer{read: make(map[id.Share]map[segment]bool)}
	for _, i := range []int{0, 2, 4, 5} {
		s.wasRead(share, list[i], true)
	}
	got := s.readShares(map[id.Share][]segment{share: list})[share]
	if want := []segment{list[0], list[4], list[5]}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := parseList(lists(got)[0], nil); err != nil {
		t.Error(err)
	}
}

// TestListsStay: no list that a state needs is put once more, whatever was read back when copies were broken off again and again.
func TestListsStay(t *testing.T) {
	smallBatches(t)
	h := newHouse(t, durabletest.New(t), 7)
	defer h.close()
	disk := &lasting{FS: durabletest.New(t), needed: make(map[string]bool)}
	h.medium(disk.FS.(*durabletest.Platter))
	for round := range 12 {
		h.grow(2, 30<<10)
		m := NewDir(disk, "/medium")
		ctx, unplug := context.WithCancel(t.Context())
		_, err := Sync(ctx, m, h, Options{Key: h.key, Progress: func(p Progress) {
			if round%6 < 5 && p.Read > 0 && p.Read >= p.ReadOf*int64(round%6)/5 {
				unplug()
			}
		}})
		unplug()
		if err != nil && t.Context().Err() == nil && round%6 == 5 {
			t.Fatal(err)
		}
		numbers, err := Numbers(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers {
			s, err := Open(t.Context(), m, h.key, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range s.s.Shares {
				for _, x := range l.Lists {
					disk.needed["/medium/"+sumName(listDir, x)] = true
				}
			}
		}
	}
	for _, name := range disk.again {
		t.Errorf("%s was put once more", name)
	}
}

// lasting is a disk that tells which of its lists are put once more.
type lasting struct {
	durable.FS
	needed map[string]bool
	again  []string
}

func (l *lasting) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_TRUNC != 0 && l.needed[name] {
		l.again = append(l.again, name)
	}
	return l.FS.OpenFile(name, flag, perm)
}

func (l *lasting) Remove(name string) error {
	delete(l.needed, name)
	return l.FS.Remove(name)
}
