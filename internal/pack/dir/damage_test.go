package dir

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// house is a share on a disk whose packs a test spoils.
type house struct {
	t      *testing.T
	p      *durabletest.Platter
	share  id.Share
	known  pack.Position
	found  []pack.Damage // by OnDamage
	sealed []pack.Info
}

func newHouse(t *testing.T) *house {
	return &house{t: t, p: durabletest.New(t), share: id.Share{7}}
}

func (h *house) open() *Store {
	h.t.Helper()
	s, err := Open(h.t.Context(), Config{FS: h.p, Root: "packs", Target: 1 << 20,
		Known:    func(id.Share) pack.Position { return h.known },
		OnDamage: func(d pack.Damage) { h.found = append(h.found, d) },
		OnSeal:   func(i pack.Info) { h.sealed = append(h.sealed, i) }})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	return s
}

// groups appends n groups of two frames, each made durable by a Sync of its own.
func (h *house) groups(s *Store, n int) (all []packtest.Put) {
	h.t.Helper()
	for i := range 2 * n {
		p := packtest.NewPut(uint32(i), 3000)
		if err := p.Append(h.t.Context(), s, h.share); err != nil {
			h.t.Fatal(err)
		}
		if all = append(all, p); i%2 == 1 {
			if _, err := s.Sync(h.t.Context(), h.share); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return all
}

// spoil changes a pack behind the store's back.
func (h *house) spoil(n uint64, change func([]byte) []byte) (name string, now []byte) {
	h.t.Helper()
	name = (&Store{cfg: Config{Root: "packs"}}).file(h.share, n)
	data, err := h.p.ReadFile(name)
	if err != nil {
		h.t.Fatal(err)
	}
	now = change(data)
	if err := h.p.SetFile(name, now); err != nil {
		h.t.Fatal(err)
	}
	return name, bytes.Clone(now)
}

func flip(at int64) func([]byte) []byte {
	return func(b []byte) []byte {
		b[at] ^= 0x10
		return b
	}
}

// frames collects what can be walked, and the error that ends the walk.
func (h *house) frames(s *Store) (out []pack.Frame, err error) {
	for f, err := range s.Frames(h.t.Context(), h.share, pack.Position{}, func(pack.Type) bool { return true }) {
		if err != nil {
			return out, err
		}
		f.Payload = bytes.Clone(f.Payload)
		out = append(out, f)
	}
	return out, nil
}

func (h *house) check(s *Store, n uint64) []pack.Damage {
	h.t.Helper()
	_, damage, err := s.Check(h.t.Context(), h.share, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return damage
}

// What a later frame proves to have been durable is never cut: it is named, the rest stays readable, and the log goes on elsewhere.
func TestDamageIsNotCut(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	all := h.groups(s, 4)
	s.Close()
	at := all[2].Place // the second group; the third was appended when it was durable
	name, now := h.spoil(1, flip(at.Offset+100))

	s = h.open()
	next := packtest.NewPut(100, 50)
	if err := next.Append(t.Context(), s, h.share); err != nil {
		t.Fatal(err)
	}
	if next.Place.Pack != 2 {
		t.Errorf("the log goes on in pack %d, want 2", next.Place.Pack)
	}
	if _, err := s.Sync(t.Context(), h.share); err != nil {
		t.Fatal(err)
	}
	if is, _ := h.p.ReadFile(name); !bytes.Equal(is, now) {
		t.Error("the damaged pack was changed")
	}
	if len(h.found) != 1 || h.found[0].At != at.Position || h.found[0].Reason != "checksum" {
		t.Errorf("OnDamage said %+v, want the frame at %+v", h.found, at)
	}
	if d := h.check(s, 1); len(d) != 1 || d[0].At != at.Position || d[0].Length < int64(at.Size) {
		t.Errorf("Check says %+v, want the frame at %+v", d, at)
	}
	if d := h.check(s, 2); len(d) != 0 {
		t.Errorf("Check of the next pack says %+v", d)
	}
	if _, err := h.frames(s); !isDamage(err, at.Position) {
		t.Errorf("Frames ends with %v", err)
	}
	for i, p := range append(all, next) {
		f, err := s.Read(t.Context(), h.share, p.Place, nil)
		switch {
		case i == 2 && (!isDamage(err, at.Position) || f.Payload != nil):
			t.Errorf("the damaged frame reads %v", err)
		case i != 2 && (err != nil || p.Check(f) != nil):
			t.Errorf("frame %d: %v", i, err)
		}
	}
}

func isDamage(err error, at pack.Position) bool {
	de, ok := errors.AsType[*pack.DamageError](err)
	return ok && de.At == at
}

// What the catalogue knows to have been durable is not cut either, even if no later frame proves it.
func TestKnownIsNotCut(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	all := h.groups(s, 2)
	s.Close()
	end := all[3].Place.End()
	for _, change := range []func([]byte) []byte{
		flip(all[3].Place.Offset), flip(all[0].Place.Offset), flip(3),
		func(b []byte) []byte { return b[:all[3].Place.Offset] },
		func(b []byte) []byte { return nil },
	} {
		name, now := h.spoil(1, change)
		h.known, h.found = end, nil
		s := h.open()
		if _, err := s.Sync(t.Context(), h.share); err != nil {
			t.Fatal(err)
		}
		if is, _ := h.p.ReadFile(name); !bytes.Equal(is[:min(len(is), len(now))], now) {
			t.Error("the damaged pack was changed")
		}
		if len(h.check(s, 1)) == 0 {
			t.Error("Check finds nothing")
		}
		next := packtest.NewPut(100, 50)
		if err := next.Append(t.Context(), s, h.share); err != nil || next.Place.Before(end) {
			t.Errorf("the next frame stands at %+v, before %+v: %v", next.Place, end, err)
		}
		s.Close()
		h = newHouse(t)
		s = h.open()
		h.groups(s, 2)
		s.Close()
	}
}

// A commit is not seen when something before it in its flush was lost.
func TestLostBlockEndsTheLog(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	all := h.groups(s, 1)
	s.Close()
	h.spoil(1, func(b []byte) []byte { // a block that got there, one that did not, one that did
		for i := range uint32(3) {
			p := packtest.NewPut(10+i, pack.Align-pack.HeaderSize)
			f := pack.Header{Type: p.Type, Length: uint32(len(p.Payload)), Synced: 4096, ID: p.ID}
			block := append(f.Append(nil, pack.PayloadSum(p.Payload)), p.Payload...)
			if i == 1 {
				clear(block)
			}
			b = append(b, block...)
		}
		return b
	})
	s = h.open()
	got, err := h.frames(s)
	if err != nil || len(got) != len(all)+1 {
		t.Fatalf("%d frames are there, want %d: %v", len(got), len(all)+1, err)
	}
	if len(h.found) > 0 {
		t.Errorf("a torn tail was called damage: %+v", h.found)
	}
}

// A pack that is gone is noticed by all that list, walk and check.
func TestMissingPack(t *testing.T) {
	for gone := uint64(1); gone <= 3; gone++ {
		h := newHouse(t)
		s := h.open()
		for range 3 {
			h.groups(s, 1)
			if _, err := s.Seal(t.Context(), h.share); err != nil {
				t.Fatal(err)
			}
		}
		end, err := s.Sync(t.Context(), h.share)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		h.known = end // without it nobody can miss the last one
		if err := h.p.Remove(s.file(h.share, gone)); err != nil {
			t.Fatal(err)
		}
		s = h.open()
		n, missing := uint64(0), uint64(0)
		for info, err := range s.Packs(t.Context(), h.share) {
			if n++; info.Pack != n {
				t.Errorf("pack %d is listed as number %d", info.Pack, n)
			}
			if err != nil {
				if missing = n; !isDamage(err, pack.Position{Pack: n}) {
					t.Errorf("pack %d: %v", n, err)
				}
			}
		}
		if n != 3 || missing != gone {
			t.Errorf("%d packs are listed and %d is missing, want 3 and %d", n, missing, gone)
		}
		if d := h.check(s, gone); len(d) != 1 || d[0].Reason != "missing" {
			t.Errorf("Check of pack %d says %+v", gone, d)
		}
		if got, err := h.frames(s); len(got) != 2*int(gone-1) || !isDamage(err, pack.Position{Pack: gone}) {
			t.Errorf("Frames gives %d frames, then %v", len(got), err)
		}
		next := packtest.NewPut(100, 50)
		if err := next.Append(t.Context(), s, h.share); err != nil || next.Place.Pack != 4 {
			t.Errorf("the log goes on at %+v: %v", next.Place, err)
		}
	}
}

// A crash between the table and the trailer, or a trailer that broke as the last thing on the disk: the same trailer is made again.
func TestTrailerIsMadeAgain(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"torn":   func(b []byte) []byte { return b[:len(b)-4096] },
		"half":   func(b []byte) []byte { return append(b[:len(b)-4096], make([]byte, 512)...) },
		"zeroed": func(b []byte) []byte { clear(b[len(b)-4096:]); return b },
		"broken": func(b []byte) []byte { b[len(b)-4090] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			s := h.open()
			all := h.groups(s, 3)
			was, err := s.Seal(t.Context(), h.share)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			h.spoil(1, change)
			s = h.open()
			next := packtest.NewPut(6, 50)
			if err := next.Append(t.Context(), s, h.share); err != nil || next.Place.Pack != 2 {
				t.Fatalf("the next frame stands at %+v: %v", next.Place, err)
			}
			if _, err := s.Sync(t.Context(), h.share); err != nil {
				t.Fatal(err)
			}
			if len(h.sealed) != 2 || h.sealed[1] != was {
				t.Errorf("sealed as %+v, was %+v", h.sealed[1:], was)
			}
			packtest.Verify(t, s, h.share, append(all, next))
		})
	}
}

// A restart in the middle of a pack ends in the same sealed pack as none.
func TestDigestOverRestarts(t *testing.T) {
	var digests []pack.Info
	for _, restart := range []bool{false, true} {
		h := newHouse(t)
		s := h.open()
		for i := range uint32(6) {
			p := packtest.NewPut(i, 5000)
			if err := p.Append(t.Context(), s, h.share); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sync(t.Context(), h.share); err != nil {
				t.Fatal(err)
			}
			if restart {
				s.Close()
				s = h.open()
			}
		}
		info, err := s.Seal(t.Context(), h.share)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, info)
	}
	if digests[0] != digests[1] {
		t.Errorf("sealed as %+v, with restarts as %+v", digests[0], digests[1])
	}
}

// A pack that was damaged while it was open is not sealed: its digest would vouch for the damage.
func TestDamagedPackIsNotSealed(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	all := h.groups(s, 3)
	s.Close()
	h.known = all[5].Place.End() // so that the start does not read what is before
	h.spoil(1, flip(all[1].Place.Offset+80))
	s = h.open()
	p := packtest.NewPut(50, 100)
	if err := p.Append(t.Context(), s, h.share); err != nil {
		t.Fatal(err)
	}
	info, err := s.Seal(t.Context(), h.share)
	if err != nil || info.Sealed {
		t.Fatalf("sealed as %+v, %v", info, err)
	}
	if len(h.found) != 1 || h.found[0].At != all[1].Place.Position {
		t.Errorf("OnDamage said %+v", h.found)
	}
	if f, err := s.Read(t.Context(), h.share, p.Place, nil); err != nil || p.Check(f) != nil {
		t.Errorf("what was appended behind the damage: %v", err)
	}
	next := packtest.NewPut(51, 100)
	if err := next.Append(t.Context(), s, h.share); err != nil || next.Place.Pack != 2 {
		t.Errorf("the next frame stands at %+v: %v", next.Place, err)
	}
}

// The file that a window reads may be shorter than said: that is an error of reading, never a torn tail.
func TestReadErrorIsNoTornTail(t *testing.T) {
	w := &window{file: bytes.NewReader(make([]byte, 10)), size: 8192}
	if _, err := scan(w, 0, true, nil); !errors.Is(err, io.EOF) || errors.Is(err, pack.ErrFrame) || errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want the error of reading", err)
	}
}

// A damaged frame hides nothing that stands behind it in its flush, whatever of it is damaged.
func TestDamageHidesNothingBehind(t *testing.T) {
	for name, at := range map[string]int64{"payload": 1000, "magic": 0, "length": 8, "checksum": 53} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			s := h.open()
			all := h.groups(s, 4)
			s.Close()
			bad := all[2].Place // all[3] stands behind it in the same flush, at no multiple of Align
			if all[3].Place.Offset%pack.Align == 0 {
				t.Fatal("each frame has a flush of its own")
			}
			h.spoil(1, flip(bad.Offset+at))
			s = h.open()
			if d := h.check(s, 1); len(d) != 1 || d[0].At != bad.Position || d[0].Length != int64(bad.Size) {
				t.Errorf("Check says %+v, want the frame at %+v", d, bad)
			}
			got, err := h.frames(s)
			if !isDamage(err, bad.Position) {
				t.Errorf("Frames ends with %v", err)
			}
			var ids [][32]byte
			for _, f := range got {
				ids = append(ids, f.ID)
			}
			var want [][32]byte
			for i, p := range all {
				if i != 2 {
					want = append(want, p.ID)
				}
			}
			if !slices.Equal(ids, want) {
				t.Errorf("%d frames are seen, want %d", len(ids), len(want))
			}
		})
	}
}

// A place where many frames seem to begin takes no longer to pass than it must.
func TestSearchEnds(t *testing.T) {
	const size = 1 << 20
	h := pack.Header{Type: pack.Chunk, Length: size / 2}
	data := bytes.Repeat(h.Append(nil, 1), size/pack.HeaderSize) // none of them valid
	read := &counted{ReaderAt: bytes.NewReader(data)}
	w := &window{file: read, size: int64(len(data))}
	if first, damage, err := w.resume(0); first >= 0 || damage || err != nil {
		t.Errorf("found %d, %v, %v", first, damage, err)
	}
	if read.n > 64*size {
		t.Errorf("read %d bytes of %d", read.n, size)
	}
}

type counted struct {
	io.ReaderAt
	n int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += n
	return n, err
}

// A pack that was cut between two frames is whole in itself; that something is missing is told all the same.
func TestCutBetweenFramesIsTold(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	all := h.groups(s, 2)
	if _, err := s.Seal(t.Context(), h.share); err != nil {
		t.Fatal(err)
	}
	h.groups(s, 1) // in pack 2, whose head says how long pack 1 was
	s.Close()
	cut := all[2].Place.Offset
	h.spoil(1, func(b []byte) []byte { return b[:cut] })
	s = h.open()
	if d := h.check(s, 1); len(d) == 0 || d[0].At.Offset != cut {
		t.Errorf("Check says %+v", d)
	}
	got, err := h.frames(s)
	if !isDamage(err, pack.Position{Pack: 1, Offset: cut}) || len(got) != 2 {
		t.Errorf("Frames gives %d frames, then %v", len(got), err)
	}
}
