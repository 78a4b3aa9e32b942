package medium

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestFetch: what is fetched is what the vault has, in pieces that can be written past the page cache.
func TestFetch(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	m := h.medium(durabletest.New(t))
	for range 4 {
		h.grow(5, 30<<10)
		if _, _, err := h.sync(m); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), m, h.key, 0)
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for _, p := range s.List() {
		got, pieces := make([]byte, p.Size), 0
		err := s.Fetch(t.Context(), p, func(off int64, b []byte) error {
			room := (len(b) + durable.Block - 1) &^ (durable.Block - 1)
			if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); off%durable.Block != 0 || at%durable.Block != 0 || cap(b) < room {
				return fmt.Errorf("%d bytes of %d at %d", len(b), cap(b), off)
			}
			copy(got[off:], b)
			pieces++
			return nil
		}, func(f Finding) { t.Error(f) })
		if err != nil || !p.Aligned {
			t.Fatalf("%+v: %v", p, err)
		}
		if pieces > 1 {
			several++
		}
		f, err := h.packs.OpenPack(p.Share, p.Pack, false)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, p.Size)
		if _, err := f.ReadAt(want, 0); err != nil && err != io.EOF || !bytes.Equal(got, want) {
			t.Errorf("pack %d is another: %v", p.Pack, err)
		}
		f.Close()
	}
	if several == 0 {
		t.Error("no pack has several segments")
	}
}

// TestFetchPulled: what cannot be read of a medium that was pulled out is not told to be damaged, and nothing is made of it.
func TestFetchPulled(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	disk := durabletest.New(t)
	m := h.medium(disk)
	h.grow(5, 30<<10)
	if _, _, err := h.sync(m); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), m, h.key, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := s.List()[0]
	fetch := func() (pieces, findings int, err error) {
		err = s.Fetch(t.Context(), p, func(int64, []byte) error { pieces++; return nil }, func(Finding) { findings++ })
		return pieces, findings, err
	}
	if err := disk.Rename("/medium", "/pocket"); err != nil {
		t.Fatal(err)
	}
	if pieces, findings, err := fetch(); problem.KindOf(err) != problem.Unavailable || pieces+findings > 0 {
		t.Errorf("pulled out: %d pieces, %d findings, %v", pieces, findings, err)
	}
	if err := disk.Rename("/pocket", "/medium"); err != nil {
		t.Fatal(err)
	}
	if err := disk.Remove("/medium/" + s.s.shares[p.Share][0].name(p.Share)); err != nil {
		t.Fatal(err)
	}
	if _, findings, err := fetch(); findings == 0 || err != nil {
		t.Errorf("connected again, a segment missing: %d findings, %v", findings, err)
	}
}

// gone is a mount whose disk is gone: it gives nothing.
type gone struct{ Target }

func (gone) Open(_ context.Context, name string) (Object, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTCONN}
}

// TestOpenGone: of a medium that cannot be read at all nobody is told that it is damaged.
func TestOpenGone(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	m := h.medium(durabletest.New(t))
	h.grow(1, 10)
	if _, _, err := h.sync(m); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), gone{m}, h.key, 0)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Kind != problem.Unavailable || p.Hint != "hint.medium-pulled" {
		t.Error(err)
	}
}

// TestAligned: a pack whose segments begin anywhere is told from others.
func TestAligned(t *testing.T) {
	share := id.NewShare()
	s := &State{s: &state{body: body{Shares: []shareList{{Share: share}}}, shares: map[id.Share][]segment{share: {
		{pack: 1, from: 0, length: 8192}, {pack: 1, from: 8192, length: 100}, {pack: 2, from: 0, length: 5000}, {pack: 2, from: 5000, length: 4096},
	}}}}
	if l := s.List(); len(l) != 2 || !l[0].Aligned || l[1].Aligned || l[0].Size != 8292 || l[1].Size != 9096 {
		t.Errorf("%+v", l)
	}
}

// unplugged is a disk whose open files are of no use once it was pulled out, as those of a disk that is connected again.
type unplugged struct {
	*Dir
	times atomic.Int64
}

type stale struct {
	Object
	disk *unplugged
	at   int64
}

func (u *unplugged) Open(ctx context.Context, name string) (Object, error) {
	o, err := u.Dir.Open(ctx, name)
	return stale{o, u, u.times.Load()}, err
}

func (s stale) ReadAt(b []byte, off int64) (int, error) {
	if s.at != s.disk.times.Load() {
		return 0, syscall.EIO
	}
	return s.Object.ReadAt(b, off)
}

// TestConnectedAgain: a pack that was open before its disk was pulled out is read on after that.
func TestConnectedAgain(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	m := h.medium(durabletest.New(t))
	h.grow(5, 30<<10)
	if _, _, err := h.sync(m); err != nil {
		t.Fatal(err)
	}
	u := &unplugged{Dir: m}
	s, err := Open(t.Context(), u, h.key, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := s.List()[0]
	f, err := s.Disk().OpenFile(fmt.Sprintf("/%v/%016x.pack", p.Share, p.Pack), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 100)
	for range 3 {
		if _, err := f.ReadAt(b, 4096); err != nil {
			t.Error(err)
		}
		u.times.Add(1)
	}
}
