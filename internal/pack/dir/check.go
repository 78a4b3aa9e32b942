package dir

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Check implements pack.Reader. It reads a pack once, from front to back.
func (s *Store) Check(ctx context.Context, share id.Share, n uint64) (info pack.Info, damage []pack.Damage, err error) {
	seg, err := s.segment(share, n)
	if err != nil {
		return info, nil, err
	}
	add := func(at, length int64, reason string) {
		damage = append(damage, pack.Damage{Share: share, At: pack.Position{Pack: n, Offset: at}, Length: length, Reason: reason})
	}
	if seg.missing {
		add(0, 0, "missing")
		return pack.Info{Share: share, Pack: n}, damage, nil
	}
	reached := int64(0)
	defer func() {
		if d, ok := errors.AsType[*pack.DamageError](unreadable(share, pack.Position{Pack: n, Offset: reached}, info.Size-reached, err)); ok {
			damage, err = append(damage, d.Damage), nil
		}
	}()
	f, err := s.cfg.FS.OpenFile(s.file(share, n), os.O_RDONLY, 0)
	if err != nil {
		return pack.Info{Share: share, Pack: n}, nil, err
	}
	defer f.Close()
	durable.Sequential(f)
	if info, err = describe(f, share, seg); err != nil {
		return info, nil, err
	}
	w := &window{file: f, size: info.Size}
	if info.Sealed {
		w.hash, w.hashTo = sha256.New(), info.Size-pack.Align
	}
	found, err := scan(w, 0, seg.limit < 0 && !info.Sealed, func(pack.Header, int64, []byte) error { return ctx.Err() })
	reached = found.end
	for _, d := range found.damage {
		add(d.At.Offset, d.Length, d.Reason)
	}
	if err != nil {
		return info, damage, err
	}
	if !found.headOK || found.head.Share != share || found.head.Pack != n {
		add(0, headSize, "head")
	}
	if info.Size < seg.limit {
		add(info.Size, seg.limit-info.Size, "missing")
	}
	if !info.Sealed {
		info.Frames = len(found.entries)
		return info, damage, nil
	}
	if err := w.finishHash(); err != nil {
		return info, damage, err
	}
	if [32]byte(w.hash.Sum(nil)) != info.Digest {
		add(0, info.Size, "digest")
	}
	if len(found.entries) != info.Frames {
		add(0, info.Size, "count of frames")
	}
	return info, damage, nil
}

// segment finds out how much of one pack counts. That a pack is sealed says enough: so to check all packs of a share does not
// ask for the chain of all heads each time.
func (s *Store) segment(share id.Share, n uint64) (segment, error) {
	if f, err := s.handles.get(s.file(share, n), 0); err == nil {
		defer s.handles.put(f)
		size, err := f.Size()
		if err != nil {
			return segment{}, err
		}
		if _, ok := trailer(f, size); ok {
			return segment{n: n, limit: size}, nil
		}
	}
	segments, err := s.segments(share, n)
	if err != nil {
		return segment{}, err
	}
	if len(segments) == 0 || segments[0].n != n {
		return segment{n: n, missing: true}, nil
	}
	return segments[0], nil
}
