package dir

import (
	"context"
	"errors"
	"iter"
	"os"
	"slices"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// segment is a pack, and how much of it counts.
type segment struct {
	n       uint64
	limit   int64 // bytes, or -1: all
	missing bool
}

// bound is how much counts of a file.
func (s segment) bound(size int64) int64 {
	if s.limit < 0 {
		return size
	}
	return min(size, s.limit)
}

var errStop = errors.New("the reader has enough")

// segments lists what makes up the log of a share, from pack first on. Each pack's head says where the
// log ended before it, so packs that were begun and never acknowledged drop out, and a pack that is gone
// is noticed.
func (s *Store) segments(share id.Share, first uint64) ([]segment, error) {
	w, err := s.writer(share)
	if err != nil {
		return nil, err
	}
	before := w.end() // first: what is listed after it has the packs before it
	numbers, err := s.numbers(share)
	if err != nil {
		return nil, err
	}
	first = max(first, 1)
	var out []segment
	missing := func(to uint64) { // all packs that should be there and are not
		for ; before.Pack > to && before.Pack >= first; before = (pack.Position{Pack: before.Pack - 1, Offset: -1}) {
			out = append(out, segment{n: before.Pack, missing: true})
		}
	}
	for i := len(numbers) - 1; i >= 0 && numbers[i] >= first; i-- {
		n := numbers[i]
		if n > before.Pack {
			continue
		}
		missing(n)
		out = append(out, segment{n: n, limit: before.Offset})
		if before, err = s.head(share, n); err != nil {
			return nil, err
		}
	}
	missing(0)
	slices.Reverse(out)
	return out, nil
}

// heads remembers where the log ended before a pack: it never changes once the pack is durable.
type heads struct {
	mu    sync.Mutex
	after map[headOf]pack.Position
}

type headOf struct {
	share id.Share
	pack  uint64
}

const maxHeads = 1 << 16

// head returns where the log ended before a durable pack. A head that cannot be read is no reason not to read the
// packs before it.
func (s *Store) head(share id.Share, n uint64) (pack.Position, error) {
	s.heads.mu.Lock()
	after, ok := s.heads.after[headOf{share, n}]
	s.heads.mu.Unlock()
	if ok {
		return after, nil
	}
	f, err := s.handles.get(s.file(share, n), 0)
	if _, ok := errors.AsType[*pack.DamageError](unreadable(share, pack.Position{Pack: n}, 0, err)); ok {
		return pack.Position{Pack: n - 1, Offset: -1}, nil
	}
	if err != nil {
		return pack.Position{}, err
	}
	defer s.handles.put(f)
	w := &window{file: f, size: headSize}
	h, _, payload, err := w.next(0)
	head, headErr := pack.ParseHead(payload)
	if err != nil || h.Type != pack.TypeHead || headErr != nil || head.After.Pack >= n {
		return pack.Position{Pack: n - 1, Offset: -1}, nil
	}
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	if len(s.heads.after) >= maxHeads {
		clear(s.heads.after)
	}
	s.heads.after[headOf{share, n}] = head.After
	return head.After, nil
}

// Packs implements pack.Reader.
func (s *Store) Packs(ctx context.Context, share id.Share) iter.Seq2[pack.Info, error] {
	return func(yield func(pack.Info, error) bool) {
		segments, err := s.segments(share, 0)
		if err != nil {
			yield(pack.Info{}, err)
			return
		}
		for _, seg := range segments {
			if err := ctx.Err(); err != nil {
				yield(pack.Info{}, err)
				return
			}
			info, err := s.info(share, seg)
			if !yield(info, err) {
				return
			}
		}
	}
}

func (s *Store) info(share id.Share, seg segment) (info pack.Info, err error) {
	if seg.missing {
		return pack.Info{Share: share, Pack: seg.n}, missing(share, seg.n)
	}
	f, err := s.handles.get(s.file(share, seg.n), 0)
	if err != nil {
		return pack.Info{Share: share, Pack: seg.n}, unreadable(share, pack.Position{Pack: seg.n}, 0, err)
	}
	defer s.handles.put(f)
	return describe(f, share, seg)
}

func missing(share id.Share, n uint64) error {
	return &pack.DamageError{Damage: pack.Damage{Share: share, At: pack.Position{Pack: n}, Reason: "missing"}}
}

// describe tells of a pack what can be told without reading all of it.
func describe(f durable.File, share id.Share, seg segment) (info pack.Info, err error) {
	info = pack.Info{Share: share, Pack: seg.n}
	if info.Size, err = f.Size(); err != nil {
		return info, err
	}
	if t, ok := trailer(f, info.Size); ok {
		info.Sealed, info.Digest, info.Frames, info.Former = true, t.Digest, int(t.Frames), t.Former
	} else {
		info.Size = seg.bound(info.Size)
	}
	return info, nil
}

// trailer reads the end of a sealed pack.
func trailer(f durable.File, size int64) (t pack.Trailer, ok bool) {
	if size < 2*pack.Align || size%pack.Align != 0 {
		return t, false
	}
	w := &window{file: f, size: size}
	h, at, payload, err := w.next(size - pack.Align)
	if err != nil || h.Type != pack.TypeTrailer || at != size-pack.Align {
		return t, false
	}
	t, err = pack.ParseTrailer(payload)
	t.Former = h.ID
	return t, err == nil
}

// Frames implements pack.Reader.
func (s *Store) Frames(ctx context.Context, share id.Share, from pack.Position, payload func(pack.Type) bool) iter.Seq2[pack.Frame, error] {
	if payload == nil {
		payload = func(pack.Type) bool { return false }
	}
	return func(yield func(pack.Frame, error) bool) {
		segments, err := s.segments(share, from.Pack)
		if err != nil {
			yield(pack.Frame{}, err)
			return
		}
		for _, seg := range segments {
			start := int64(0)
			if seg.n == from.Pack {
				start = from.Offset
			}
			if seg.missing {
				yield(pack.Frame{}, missing(share, seg.n))
				return
			}
			if more, err := s.walk(ctx, share, seg, start, payload, yield); err != nil || !more {
				if err != nil {
					yield(pack.Frame{}, err)
				}
				return
			}
		}
	}
}

// walk yields the frames of one pack.
func (s *Store) walk(ctx context.Context, share id.Share, seg segment, start int64, want func(pack.Type) bool,
	yield func(pack.Frame, error) bool) (more bool, err error) {
	reached, size := start, int64(0)
	defer func() {
		err = unreadable(share, pack.Position{Pack: seg.n, Offset: reached}, max(size-reached, 0), err)
	}()
	f, err := s.cfg.FS.OpenFile(s.file(share, seg.n), os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if size, err = f.Size(); err != nil {
		return false, err
	}
	if t, ok := trailer(f, size); ok {
		if entries, err := table(f, t, size); err == nil {
			return s.walkTable(ctx, share, seg.n, entries, start, want, yield)
		}
	}
	durable.Sequential(f)
	w := &window{file: f, size: seg.bound(size)}
	found, err := scan(w, start, seg.limit < 0, func(h pack.Header, at int64, payload []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		reached = at + pack.HeaderSize + int64(h.Length)
		if !h.Type.Stored() {
			return nil
		}
		fr := pack.Frame{Place: place(seg.n, at, pack.HeaderSize+h.Length), Type: h.Type, ID: h.ID}
		if want(h.Type) {
			fr.Payload = payload
		}
		if !yield(fr, nil) {
			return errStop
		}
		return nil
	})
	if err == errStop {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if size < seg.limit { // cut at a frame's end, so that nothing else tells it
		cut := pack.Damage{At: pack.Position{Offset: size}, Length: seg.limit - size, Reason: "missing"}
		found.damage = append(found.damage, cut)
	}
	if len(found.damage) > 0 {
		d := found.damage[0]
		d.Share, d.At.Pack = share, seg.n
		return true, &pack.DamageError{Damage: d}
	}
	return true, nil
}

func place(n uint64, at int64, size uint32) pack.Place {
	return pack.Place{Position: pack.Position{Pack: n, Offset: at}, Size: size}
}

// table reads the table of a sealed pack.
func table(f durable.File, t pack.Trailer, size int64) ([]pack.Entry, error) {
	if t.Table+int64(t.Size) > size || t.Size > pack.MaxTable+pack.HeaderSize {
		return nil, pack.ErrFrame
	}
	w := &window{file: f, size: t.Table + int64(t.Size)}
	h, at, payload, err := w.next(t.Table)
	if err != nil || h.Type != pack.TypeTable || at != t.Table {
		return nil, errors.Join(err, pack.ErrFrame)
	}
	return pack.ParseTable(payload)
}

func (s *Store) walkTable(ctx context.Context, share id.Share, n uint64, entries []pack.Entry, start int64,
	want func(pack.Type) bool, yield func(pack.Frame, error) bool) (more bool, err error) {
	var buf []byte
	for _, e := range entries {
		if e.Offset < start {
			continue
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		fr := pack.Frame{Place: place(n, e.Offset, e.Size), Type: e.Type, ID: e.ID}
		if want(e.Type) {
			if cap(buf) < int(e.Size) {
				buf = make([]byte, e.Size)
			}
			if fr, err = s.read(share, fr.Place, buf); err != nil {
				return false, err
			}
		}
		if !yield(fr, nil) {
			return false, nil
		}
	}
	return true, nil
}

// Read implements pack.Reader.
func (s *Store) Read(ctx context.Context, share id.Share, at pack.Place, buf []byte) (pack.Frame, error) {
	if err := ctx.Err(); err != nil {
		return pack.Frame{}, err
	}
	fr, err := s.read(share, at, buf)
	if err == nil {
		return fr, nil
	}
	// It may still be in a buffer: whoever appended it has its place before it is on disk.
	s.mu.Lock()
	w := s.writers[share]
	s.mu.Unlock()
	if w != nil {
		w.reach(at)
	}
	return s.read(share, at, buf)
}

func (s *Store) read(share id.Share, at pack.Place, buf []byte) (fr pack.Frame, err error) {
	if at.Size < pack.HeaderSize || at.Size > pack.MaxPayload+pack.HeaderSize || at.Offset < 0 {
		return fr, damaged(share, at, "no place of a frame")
	}
	if buf, err = s.bytes(share, at, buf); err != nil {
		return fr, err
	}
	h, err := pack.ParseHeader(buf)
	if err != nil || h.Length != at.Size-pack.HeaderSize || !h.Valid(buf, buf[pack.HeaderSize:]) {
		return fr, damaged(share, at, "checksum")
	}
	if !h.Type.Stored() { // what stood there was taken out
		return fr, damaged(share, at, "missing")
	}
	return pack.Frame{Place: at, Type: h.Type, ID: h.ID, Payload: buf[pack.HeaderSize:]}, nil
}
