package structure

import (
	"bytes"
	"encoding/binary"
	"hash"
	"io"
	"sync"
)

// bufferSize is what a source keeps of its content.
const bufferSize = 256 << 10

// maxInflated bounds what is made of compressed data, in bytes that are inflated: a small file can hold terabytes. What comes after it is not
// looked into. It is about a second of work.
const maxInflated = 512 << 20

// source reads content from front to back.
type source struct {
	next   func() ([]byte, error) // the content, part by part; each stays as it is until the next one is asked for
	deep   bool
	kind   Kind    // more than the first bytes have told
	sealed bool    // with a password of its own
	even   bool    // text in which bytes are written, all equally frequent
	keep   int     // so many bytes that were read stay for behind
	budget int64   // what may still be inflated
	inner  *inner  // sees what is unpacked; nil: nobody wants to
	inside *Inside // of an archive: what is in it
	end    int64   // where the content ends, of a kind that is read to the end of the file to know it; 0: where its check ended
	aside  int64   // bytes inside that are no part of the content, as far as is known

	bits  *bits     // for JPEG, made once
	noise *noise    // for pixels, made once
	packs *inflater // for what is deflated, made once
	room  []byte    // for what is inflated, made once
	work  int64     // how often something was asked for

	buf  []byte // a part, or own
	lo   int    // buf[lo:hi] is still to be read
	hi   int    //
	base int64  // where buf begins in the content
	own  []byte // holds the end of one part and the beginning of the next; of owns
	part []byte // the latest
	off  int    // part[off:] is behind buf
	err  error  // why there is no more after part; io.EOF at the end
}

func newSource(next func() ([]byte, error), deep bool) *source {
	return &source{next: next, deep: deep, budget: maxInflated}
}

// owns holds what sources need to join parts. Small files have one part, and most of the time would go into making room for another.
var owns = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// have sees to it that there is own.
func (s *source) have() {
	if s.own == nil {
		s.own = owns.Get().(*[bufferSize]byte)[:]
	}
}

// free gives back what the source has, which is not read any more.
func (s *source) free() {
	if s.own != nil {
		owns.Put((*[bufferSize]byte)(s.own))
		s.own, s.buf, s.lo, s.hi = nil, nil, 0, 0
	}
}

// partsOf returns the content of a reader part by part.
func partsOf(r io.Reader) func() ([]byte, error) {
	buf := make([]byte, bufferSize)
	return func() ([]byte, error) {
		n, err := io.ReadAtLeast(r, buf, 1)
		if n > 0 && err == io.ErrUnexpectedEOF {
			err = nil
		}
		return buf[:n], err
	}
}

// flaw is what is wrong with content.
type flaw struct {
	at     int64
	reason string
}

func (f *flaw) Error() string { return f.reason }

// wrong returns a flaw at the place where reading stands.
func (s *source) wrong(reason string) error { return &flaw{s.pos(), reason} }

// pos is where reading stands.
func (s *source) pos() int64 { return s.base + int64(s.lo) }

// fill gets more to read, if there is any: in place where it can, in own where one part ends and the next begins.
func (s *source) fill() {
	switch left := s.off < len(s.part); {
	case left && s.lo == s.hi && s.off >= s.keep:
		s.base, s.buf, s.lo, s.hi = s.pos()-int64(s.off), s.part, s.off, len(s.part)
		s.off = s.hi
	case left:
		s.join()
	default:
		s.save() // what is over when the next part is asked for
		for s.part, s.off = nil, 0; s.err == nil && len(s.part) == 0; {
			s.part, s.err = s.next()
		}
		if s.hi > 0 {
			s.join()
			return
		}
		s.base, s.buf, s.lo, s.hi = s.pos(), s.part, 0, len(s.part)
		s.off = s.hi
	}
}

// save brings what is unread, and what must stay for behind, into own.
func (s *source) save() {
	from := max(s.lo-s.keep, 0)
	if from == s.hi {
		s.base, s.buf, s.lo, s.hi = s.pos(), nil, 0, 0
		return
	}
	s.have()
	n := copy(s.own, s.buf[from:s.hi])
	s.base, s.buf, s.lo, s.hi = s.base+int64(from), s.own, s.lo-from, n
}

// join adds some of the part to what is in own.
func (s *source) join() {
	s.save()
	s.have()
	s.buf = s.own
	n := copy(s.own[s.hi:], s.part[s.off:min(len(s.part), s.off+bufferSize/4)])
	s.hi, s.off = s.hi+n, s.off+n
}

// more reports whether fill can get more.
func (s *source) more() bool { return s.err == nil || s.off < len(s.part) }

// peek returns the next n bytes without reading them; fewer at the end. n is at most a half of bufferSize.
func (s *source) peek(n int) []byte {
	s.work++
	for s.hi-s.lo < n && s.more() {
		s.fill()
	}
	return s.buf[s.lo:min(s.lo+n, s.hi)]
}

// window returns what is next, as much as is at hand; nothing at the end.
func (s *source) window() []byte {
	if s.lo == s.hi && s.more() {
		s.fill()
	}
	return s.buf[s.lo:s.hi]
}

// advance reads n bytes that window or peek has shown.
func (s *source) advance(n int) { s.lo += n }

// take returns the next n bytes, which stay until the next call; n is at most a half of bufferSize.
func (s *source) take(n int) ([]byte, error) {
	b := s.peek(n)
	if len(b) < n {
		return nil, s.wrong(cut)
	}
	s.advance(n)
	return b, nil
}

// skip passes over n bytes.
func (s *source) skip(n int64) error {
	for n > 0 {
		w := s.window()
		if len(w) == 0 {
			return s.wrong(cut)
		}
		step := int(min(n, int64(len(w))))
		s.advance(step)
		n -= int64(step)
	}
	return nil
}

// drain reads the rest and returns how much it was.
func (s *source) drain(c *census) (n int64) {
	for w := s.window(); len(w) > 0; w = s.window() {
		if c != nil {
			w = w[:min(len(w), int(sample-s.pos()%sample))]
			if s.pos()/sample%oneOf == 0 {
				c.add(w)
			}
		}
		n += int64(len(w))
		s.advance(len(w))
	}
	return n
}

// Of content of no kind every sixteenth stretch is counted: it tells as much.
const (
	sample = 64 << 10
	oneOf  = 16
)

// behind returns the last bytes that were read, at most keep.
func (s *source) behind() []byte { return s.buf[max(s.lo-s.keep, 0):s.lo] }

// swallow reads what a decompressor gives, at most limit bytes, as far as the budget goes, and adds it to a sum, if there is one.
func (s *source) swallow(r io.Reader, to hash.Hash32, limit int64) (int64, error) {
	if s.room == nil {
		s.room = make([]byte, swallowed)
	}
	n := int64(0)
	for limit = min(limit, s.budget); n < limit; {
		got, err := r.Read(s.room[:min(limit-n, swallowed)])
		if n += int64(got); to != nil {
			to.Write(s.room[:got]) // a checksum, which never fails
		}
		if s.inner != nil {
			s.inner.add(s.room[:got])
		}
		if err != nil {
			s.spend(n + beginCost)
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
	}
	s.spend(n + beginCost)
	return n, nil
}

// inflate reads what is deflated, at most limit bytes, as far as the budget goes, and adds it to a sum, if there is one. What its codes cost
// is taken from the budget too: where that ends the reading, the budget is used up, and nobody takes the data to be too short.
func (s *source) inflate(from input, zlib bool, limit int64, sum hash.Hash32) (int64, error) {
	if s.budget == 0 {
		return 0, nil
	}
	if s.packs == nil {
		s.packs = new(inflater)
	}
	s.packs.inner, s.packs.bound = s.inner, s.budget
	n, err := s.packs.inflate(from, zlib, min(limit, s.budget), sum)
	s.spend(n + s.packs.cost + beginCost)
	return n, err
}

// swallowed is how much of what a decompressor gives is held at once.
const swallowed = 32 << 10

// beginCost is how many bytes could be inflated while a decompressor begins.
const beginCost = 1 << 10

// spend takes from the budget; when it is used up, nothing is looked into any more.
func (s *source) spend(n int64) {
	if s.budget -= min(n, s.budget); s.budget == 0 {
		s.deep = false
	}
}

// ended reports whether there is nothing more.
func (s *source) ended() bool { return len(s.window()) == 0 }

// find passes over everything before the next occurrence of a text of at most a few bytes; false: there is none, and all is read.
func (s *source) find(text []byte) bool {
	for {
		w := s.peek(len(text))
		if len(w) < len(text) {
			s.advance(len(w))
			return false
		}
		w = s.buf[s.lo:s.hi]
		if i := bytes.Index(w, text); i >= 0 {
			s.advance(i)
			return true
		}
		s.advance(len(w) - len(text) + 1)
	}
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	w := s.window()
	if len(w) == 0 {
		return 0, s.err
	}
	n := copy(p, w)
	s.advance(n)
	return n, nil
}

// ReadByte implements io.ByteReader: who inflates reads no more than there is of it.
func (s *source) ReadByte() (byte, error) {
	if s.lo == s.hi {
		if len(s.window()) == 0 {
			return 0, s.err
		}
	}
	b := s.buf[s.lo]
	s.lo++
	return b, nil
}

// part is a stretch of a source.
type part struct {
	s    *source
	left int64
}

// Read implements io.Reader.
func (p *part) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, io.EOF
	}
	n, err := p.s.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (p *part) ReadByte() (byte, error) {
	if p.left <= 0 {
		return 0, io.EOF
	}
	b, err := p.s.ReadByte()
	if err == nil {
		p.left--
	}
	return b, err
}

var (
	be = binary.BigEndian
	le = binary.LittleEndian
)
