package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

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

// segments lists what makes up the log of a share, from pack first on. Each pack's head says where the
// log ended before it, so packs that were begun and never acknowledged drop out, and a pack that is gone
// is noticed.
func (s *Store) segments(share id.Share, first uint64) ([]segment, error) {
	numbers, err := s.numbers(share)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	w, err := s.writer(share)
	if err != nil {
		return nil, err
	}
	before := w.end()
	var out []segment
	for i := len(numbers) - 1; i >= 0; i-- {
		n := numbers[i]
		if n < first {
			break
		}
		if n > before.Pack {
			continue
		}
		for miss := before.Pack; miss > n; miss-- {
			out = append(out, segment{n: miss, missing: true})
			before = pack.Position{Pack: miss - 1, Offset: -1}
		}
		out = append(out, segment{n: n, limit: before.Offset})
		if before, err = s.head(share, n); err != nil {
			return nil, err
		}
	}
	for l, r := 0, len(out)-1; l < r; l, r = l+1, r-1 {
		out[l], out[r] = out[r], out[l]
	}
	return out, nil
}

// head returns where the log ended before a pack. A head that cannot be read is no reason not to read the
// packs before it.
func (s *Store) head(share id.Share, n uint64) (pack.Position, error) {
	f, err := s.handles.get(s.file(share, n))
	if err != nil {
		return pack.Position{}, err
	}
	defer s.handles.put(f)
	w := &window{file: f, size: pack.Align}
	if h, _, payload, err := w.next(0); err == nil && h.Type == pack.TypeHead {
		if head, err := pack.ParseHead(payload); err == nil {
			return head.After, nil
		}
	}
	return pack.Position{Pack: n - 1, Offset: -1}, nil
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
	info = pack.Info{Share: share, Pack: seg.n}
	if seg.missing {
		return info, &pack.DamageError{Damage: pack.Damage{Share: share, At: pack.Position{Pack: seg.n}, Reason: "missing"}}
	}
	f, err := s.handles.get(s.file(share, seg.n))
	if err != nil {
		return info, err
	}
	defer s.handles.put(f)
	if info.Size, err = f.Size(); err != nil {
		return info, err
	}
	if t, ok := trailer(f, info.Size); ok {
		info.Sealed, info.Digest, info.Frames = true, t.Digest, int(t.Frames)
	} else if seg.limit >= 0 {
		info.Size = min(info.Size, seg.limit)
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
				yield(pack.Frame{}, &pack.DamageError{Damage: pack.Damage{Share: share, At: pack.Position{Pack: seg.n}, Reason: "missing"}})
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
	f, err := s.handles.get(s.file(share, seg.n))
	if err != nil {
		return false, err
	}
	defer s.handles.put(f)
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	if t, ok := trailer(f, size); ok {
		if entries, err := table(f, t, size); err == nil {
			return s.walkTable(ctx, share, seg.n, entries, start, want, yield)
		}
	}
	more = true
	stop := errors.New("stop")
	found, err := scan(f, start, seg.limit, func(h pack.Header, at int64, payload []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if h.Type >= pack.TypeHead {
			return nil
		}
		fr := pack.Frame{Place: place(seg.n, at, pack.HeaderSize+h.Length), Type: h.Type, ID: h.ID}
		if want(h.Type) {
			fr.Payload = payload
		}
		if more = yield(fr, nil); !more {
			return stop
		}
		return nil
	})
	if err == stop {
		return false, nil
	}
	if err == nil && len(found.damage) > 0 {
		d := found.damage[0]
		d.Share, d.At.Pack = share, seg.n
		err = &pack.DamageError{Damage: d}
	}
	return more, err
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
	if w == nil {
		return fr, err
	}
	if w.pending(at) {
		if _, err := w.sync(); err != nil && !errors.Is(err, errClosed) {
			return fr, err
		}
	}
	return s.read(share, at, buf) // or it reached the disk meanwhile
}

// pending reports whether a place is in the open pack, beyond what is durable.
func (w *writer) pending(at pack.Place) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n == at.Pack && at.End().Offset > w.synced
}

func (s *Store) read(share id.Share, at pack.Place, buf []byte) (fr pack.Frame, err error) {
	damaged := func(reason string) error {
		return &pack.DamageError{Damage: pack.Damage{Share: share, At: at.Position, Length: int64(at.Size), Reason: reason}}
	}
	if at.Size < pack.HeaderSize || at.Size > pack.MaxPayload+pack.HeaderSize || at.Offset < 0 {
		return fr, damaged("no place of a frame")
	}
	f, err := s.handles.get(s.file(share, at.Pack))
	if errors.Is(err, fs.ErrNotExist) {
		return fr, damaged("missing")
	}
	if err != nil {
		return fr, err
	}
	defer s.handles.put(f)
	if cap(buf) < int(at.Size) {
		buf = make([]byte, at.Size)
	}
	buf = buf[:at.Size]
	if n, err := f.ReadAt(buf, at.Offset); n < len(buf) {
		return fr, damaged(fmt.Sprintf("unreadable: %v", err))
	}
	h, err := pack.ParseHeader(buf)
	if err != nil || h.Length != at.Size-pack.HeaderSize || !h.Valid(buf, buf[pack.HeaderSize:]) {
		return fr, damaged("checksum")
	}
	return pack.Frame{Place: at, Type: h.Type, ID: h.ID, Payload: buf[pack.HeaderSize:]}, nil
}

// Check implements pack.Reader.
func (s *Store) Check(ctx context.Context, share id.Share, n uint64) (info pack.Info, damage []pack.Damage, err error) {
	segments, err := s.segments(share, n)
	if err != nil {
		return info, nil, err
	}
	add := func(at, length int64, reason string) {
		damage = append(damage, pack.Damage{Share: share, At: pack.Position{Pack: n, Offset: at}, Length: length, Reason: reason})
	}
	if len(segments) == 0 || segments[0].n != n || segments[0].missing {
		add(0, 0, "missing")
		return pack.Info{Share: share, Pack: n}, damage, nil
	}
	if info, err = s.info(share, segments[0]); err != nil {
		return info, nil, err
	}
	f, err := s.handles.get(s.file(share, n))
	if err != nil {
		return info, nil, err
	}
	defer s.handles.put(f)
	limit := segments[0].limit
	if info.Sealed {
		limit = info.Size
	}
	if limit < 0 {
		limit = info.Size
	}
	found, err := scan(f, 0, limit, func(pack.Header, int64, []byte) error { return ctx.Err() })
	if err != nil {
		return info, nil, err
	}
	for _, d := range found.damage {
		add(d.At.Offset, d.Length, d.Reason)
	}
	if !found.headOK || found.head.Share != share || found.head.Pack != n {
		add(0, pack.HeaderSize, "head")
	}
	info.Frames = len(found.entries)
	if info.Sealed {
		h := newDigest()
		if err := digest(h, f, info.Size-pack.Align); err != nil {
			return info, nil, err
		}
		if [32]byte(h.Sum(nil)) != info.Digest {
			add(0, info.Size, "digest")
		}
	}
	return info, damage, nil
}
