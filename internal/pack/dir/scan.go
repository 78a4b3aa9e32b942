package dir

import (
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/azekura/azekura/internal/pack"
)

// window reads a file forward through a buffer, so that a scan costs one read a megabyte, and hashes it on
// the way if it is to.
type window struct {
	file io.ReaderAt
	size int64 // what counts of the file
	buf  []byte
	at   int64 // offset of buf[0]

	hash   hash.Hash // of the first hashTo bytes; nil: none
	hashTo int64
	hashed int64
}

// readSize is how much is read at once.
const readSize = 1 << 20

// bytes returns n bytes from off on, or io.ErrUnexpectedEOF. They are valid until the next call.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	if off+int64(n) > w.size {
		return nil, io.ErrUnexpectedEOF
	}
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		err := w.fill(off, int(min(max(int64(n), readSize), w.size-off)))
		if err != nil { // what is wanted may lie before what cannot be read
			err = w.fill(off, n)
		}
		if err != nil {
			return nil, err
		}
	}
	return w.buf[off-w.at:][:n], nil
}

func (w *window) fill(off int64, n int) error {
	if cap(w.buf) < n {
		w.buf = make([]byte, max(n, int(min(readSize, w.size))))
	}
	w.buf = w.buf[:n]
	if m, err := w.file.ReadAt(w.buf, off); m < n {
		w.buf = w.buf[:0]
		return fmt.Errorf("read at %d: %w", off, err)
	}
	w.at = off
	if end := min(off+int64(n), w.hashTo); w.hash != nil && off <= w.hashed && end > w.hashed {
		w.hash.Write(w.buf[w.hashed-off : end-off])
		w.hashed = end
	}
	return nil
}

// finishHash hashes what a scan has passed over.
func (w *window) finishHash() error {
	for w.hashed < w.hashTo {
		if err := w.fill(w.hashed, int(min(readSize, w.hashTo-w.hashed))); err != nil {
			return err
		}
	}
	return nil
}

// next returns the frame that begins at off or behind the padding there; its payload is valid until the
// next call. io.EOF is the end, pack.ErrFrame a place where a frame should be and is not. A block of zeros that
// something follows is such a place: a flush of several buffers that a crash cut off may have left the last and
// lost the first, and a commit must not be seen without the chunks before it.
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
			to := min(pack.RoundUp(off), w.size)
			if to == off { // padding never fills a block: this is what was never written, or lost
				return h, off, nil, w.tail(off)
			}
			pad, err := w.bytes(off, int(to-off))
			if err != nil {
				return h, off, nil, err
			}
			if !zero(pad) {
				return h, off, nil, pack.ErrFrame
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
	for off < w.size {
		n := min(readSize, w.size-off)
		rest, err := w.bytes(off, int(n))
		if err != nil {
			return err
		}
		if !zero(rest) {
			return pack.ErrFrame
		}
		off += n
	}
	return io.EOF
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// resume looks behind a place without a valid frame for valid ones. It returns the first, and whether any behind off was
// appended when the log was already durable beyond off: that proves that off was acknowledged, so what is there is damage. Without
// such a frame it is a torn tail.
func (w *window) resume(off int64) (first int64, damage bool, err error) {
	first = -1
	for q, effort := off, 16*w.size; ; {
		h, at, err := w.search(q, &effort)
		if err == io.EOF {
			return first, false, nil
		}
		if err != nil {
			return 0, false, err
		}
		if first < 0 {
			first = at
		}
		if h.Synced > off || h.Type == pack.TypeTrailer {
			return first, true, nil
		}
		q = at + pack.HeaderSize + int64(h.Length)
	}
}

// search returns the first valid frame at q or behind it. Frames follow one another, and begin anew at a multiple of Align
// with each flush, but what tells where the next one is may itself be damaged: so each place is tried that looks like a header.
// Whoever wrote many such places must not make this endless: once effort, in bytes, is spent, only multiples of Align are tried.
func (w *window) search(q int64, effort *int64) (h pack.Header, at int64, err error) {
	for ; ; q++ {
		if *effort < 0 {
			q = pack.RoundUp(q)
		}
		if q, err = w.find(q); err != nil {
			return h, 0, err
		}
		head, err := w.bytes(q, pack.HeaderSize)
		if err != nil {
			return h, 0, err
		}
		end := q + pack.HeaderSize
		if h, err = pack.ParseHeader(head); err == nil {
			end += int64(h.Length)
		}
		if err != nil || end > w.size || *effort < 0 && q%pack.Align != 0 {
			continue
		}
		all, err := w.bytes(q, int(end-q))
		if err != nil {
			return h, 0, err
		}
		if h.Valid(all, all[pack.HeaderSize:]) {
			return h, q, nil
		}
		*effort -= end - q
	}
}

// find returns the first place from q on that looks like the beginning of a header, or io.EOF.
func (w *window) find(q int64) (int64, error) {
	for q+pack.HeaderSize <= w.size {
		b, err := w.ahead(q)
		if err != nil {
			return 0, err
		}
		if i := pack.Index(b); i >= 0 {
			if q += int64(i); q+pack.HeaderSize > w.size {
				break
			}
			return q, nil
		}
		q += int64(len(b) - pack.HeaderSize + 1) // one may begin in the last bytes
	}
	return 0, io.EOF
}

// ahead returns what is at hand from off on, at least a header's length.
func (w *window) ahead(off int64) ([]byte, error) {
	if end := w.at + int64(len(w.buf)); off >= w.at && off+pack.HeaderSize <= end {
		return w.buf[off-w.at:], nil
	}
	return w.bytes(off, int(min(readSize, w.size-off)))
}

// scanned is what a scan found.
type scanned struct {
	head    pack.Head
	headOK  bool
	end     int64 // behind the last valid frame, or behind damage that reaches to the end
	entries []pack.Entry
	damage  []pack.Damage // Share and Pack are not set
	table   pack.Place    // the last frame, if that is a table; likewise
	trailer bool
	synced  int64 // the most that a frame says was durable
}

// scan reads the frames of a pack from a place between frames on. Damage in the middle is passed over and
// reported. torn says that the end may be torn; if not, each byte must be that of a frame or padding.
func scan(w *window, from int64, torn bool, visit func(h pack.Header, at int64, payload []byte) error) (s scanned, err error) {
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
			if !damaged && torn {
				return s, nil
			}
			if to < 0 {
				to = w.size
			}
			s.damage = append(s.damage, pack.Damage{At: pack.Position{Offset: at}, Length: to - at, Reason: "checksum"})
			off, s.end, s.table = to, to, pack.Place{}
			continue
		case err != nil:
			return s, err
		}
		s.note(h, at, payload)
		if visit != nil {
			if err := visit(h, at, payload); err != nil {
				return s, err
			}
		}
		off = s.end
	}
}

func (s *scanned) note(h pack.Header, at int64, payload []byte) {
	size := pack.HeaderSize + h.Length
	s.end, s.table, s.synced = at+int64(size), pack.Place{}, max(s.synced, h.Synced)
	switch {
	case h.Type.Stored():
		s.entries = append(s.entries, pack.Entry{Type: h.Type, Offset: at, Size: size, ID: h.ID})
	case h.Type == pack.TypeHead && at == 0:
		var err error
		s.head, err = pack.ParseHead(payload)
		s.headOK = err == nil
	case h.Type == pack.TypeTable:
		s.table = pack.Place{Position: pack.Position{Offset: at}, Size: size}
	case h.Type == pack.TypeTrailer:
		s.trailer = true
	}
}
