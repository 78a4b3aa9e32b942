package dir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pack"
)

// window reads a file forward through a buffer, so that a scan costs one read a megabyte.
type window struct {
	file io.ReaderAt
	size int64
	buf  []byte
	at   int64 // offset of buf[0]
}

// bytes returns n bytes from off on, or io.ErrUnexpectedEOF. They are valid until the next call.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	if off+int64(n) > w.size {
		return nil, io.ErrUnexpectedEOF
	}
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		want := int(min(max(int64(n), 1<<20), w.size-off))
		if cap(w.buf) < want {
			w.buf = make([]byte, want)
		}
		w.buf = w.buf[:want]
		if m, err := w.file.ReadAt(w.buf, off); m < want {
			w.buf = w.buf[:0]
			return nil, fmt.Errorf("read at %d: %w", off, err)
		}
		w.at = off
	}
	return w.buf[off-w.at:][:n], nil
}

// next returns the frame that begins at off or behind the padding there; its payload is valid until the
// next call. io.EOF is the end, pack.ErrFrame a place where a frame should be and is not.
func (w *window) next(off int64) (h pack.Header, at int64, payload []byte, err error) {
	for {
		if off+pack.HeaderSize > w.size {
			return h, off, nil, w.tail(off)
		}
		head, err := w.bytes(off, pack.HeaderSize)
		if err != nil {
			return h, off, nil, err
		}
		if head[0] == 0 {
			to := min(pack.RoundUp(off+1), w.size)
			if pad, err := w.bytes(off, int(to-off)); err != nil || !zero(pad) {
				return h, off, nil, errors.Join(err, pack.ErrFrame)
			}
			off = to
			continue
		}
		if h, err = pack.ParseHeader(head); err != nil {
			return h, off, nil, err
		}
		all, err := w.bytes(off, pack.HeaderSize+int(h.Length))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return h, off, nil, pack.ErrFrame
		}
		if err != nil {
			return h, off, nil, err
		}
		if !h.Valid(all, all[pack.HeaderSize:]) {
			return h, off, nil, pack.ErrFrame
		}
		return h, off, all[pack.HeaderSize:], nil
	}
}

// tail judges what is left behind the last place where a frame could begin.
func (w *window) tail(off int64) error {
	if off >= w.size {
		return io.EOF
	}
	rest, err := w.bytes(off, int(w.size-off))
	if err == nil && zero(rest) {
		return io.EOF
	}
	return errors.Join(err, pack.ErrFrame)
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// resume looks behind a place without a valid frame for one that is valid, at the places where a flush may
// have begun. A frame that was appended when the log was already durable beyond off proves that off was
// acknowledged: what is there is damage. Without such a frame it is a torn tail.
func (w *window) resume(off int64) (at int64, damage bool, err error) {
	first := int64(-1)
	for q := pack.RoundUp(off + 1); q+pack.HeaderSize <= w.size; q += pack.Align {
		head, err := w.bytes(q, pack.HeaderSize)
		if err != nil {
			return 0, false, err
		}
		if head[0] == 0 {
			continue
		}
		if _, err := pack.ParseHeader(head); err != nil {
			continue
		}
		h, at, _, err := w.next(q)
		if err != nil {
			continue
		}
		if first < 0 {
			first = at
		}
		if h.Synced > off || h.Type == pack.TypeTrailer {
			return first, true, nil
		}
	}
	return 0, false, nil
}

// scanned is what a scan of an unsealed pack found.
type scanned struct {
	head    pack.Head
	headOK  bool
	end     int64 // behind the last valid frame
	entries []pack.Entry
	damage  []pack.Damage
	trailer *pack.Trailer
}

// scan reads a pack of which nothing is known. Damage in the middle is passed over and reported; a torn
// tail ends it. It starts at from, a frame boundary. limit bounds what counts (a later pack may say where this one ends); -1: no bound.
func scan(file durable.File, from, limit int64, visit func(h pack.Header, at int64, payload []byte) error) (s scanned, err error) {
	size, err := file.Size()
	if err != nil {
		return s, err
	}
	if limit >= 0 {
		size = min(size, limit)
	}
	w := &window{file: file, size: size}
	s.end = from
	for off := from; ; {
		h, at, payload, err := w.next(off)
		switch {
		case err == io.EOF:
			return s, nil
		case errors.Is(err, pack.ErrFrame):
			to, damaged, err := w.resume(at)
			if err != nil {
				return s, err
			}
			if !damaged && limit < 0 {
				return s, nil
			}
			if !damaged {
				to = size
			}
			s.damage = append(s.damage, pack.Damage{At: pack.Position{Offset: at}, Length: to - at, Reason: "checksum"})
			off, s.end = to, to
			continue
		case err != nil:
			return s, err
		}
		if h.Type == pack.TypeHead && at == 0 {
			s.head, err = pack.ParseHead(payload)
			s.headOK = err == nil
		}
		if h.Type == pack.TypeTrailer {
			if t, err := pack.ParseTrailer(payload); err == nil {
				s.trailer = &t
			}
		}
		if h.Type < pack.TypeHead {
			s.entries = append(s.entries, pack.Entry{Type: h.Type, Offset: at, Size: pack.HeaderSize + h.Length, ID: h.ID})
		}
		if visit != nil {
			if err := visit(h, at, payload); err != nil {
				return s, err
			}
		}
		off = at + pack.HeaderSize + int64(h.Length)
		s.end = off
	}
}

// digest continues a hash with the bytes of a file.
func digest(h hash.Hash, file io.ReaderAt, n int64) error {
	_, err := io.CopyBuffer(h, io.NewSectionReader(file, 0, n), make([]byte, 1<<20))
	return err
}

func newDigest() hash.Hash { return sha256.New() }
