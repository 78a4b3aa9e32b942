package structure

import (
	"bytes"
)

// PDF, ISO 32000-1: objects, some with streams, and an index at the end. Deep inflates the streams and looks at the pictures among them. In a
// document with a password they cannot be read: it is sealed.

type pdfFile struct {
	s       *source
	begin   int64 // where %PDF stands: offsets count from there
	flaw    error // the first stream that cannot be read
	indexes map[int64]bool
	last    int64 // where the last startxref points; -1: none
	stood   int64 // where the last text stood that says something: what comes before it was looked at
	ended   bool  // %%EOF came after it
	inner   inner
	noisy   int64 // bytes of streams that are noise
	all     int64 // bytes of streams
}

// maxIndexes bounds the places that are remembered.
const maxIndexes = 10_000

// How far before a stream its dictionary begins, at most and mostly.
const (
	lookback = 8 << 10
	nearby   = 512
)

func isPDF(head []byte) bool { return bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")) }

func checkPDF(s *source) error {
	s.keep = lookback
	s.find([]byte("%PDF-"))
	p := &pdfFile{s: s, begin: s.pos(), indexes: make(map[int64]bool), last: -1}
	f := &finder{s: s, texts: [2][]byte{[]byte("stream"), []byte("xref")}}
	inside := false
	for {
		i := f.next()
		if i < 0 {
			break
		}
		before := s.behind()
		before = before[max(0, len(before)-int(s.pos()-p.stood)):]
		base := s.pos() - int64(len(before))
		p.stood = s.pos()
		switch {
		case i == 1 && bytes.HasSuffix(before, []byte("start")):
			p.point(before)
		case i == 1:
			p.index(s.pos()-p.begin, before)
			s.advance(4)
		case bytes.HasSuffix(before, []byte("end")):
			inside = false
			s.advance(6)
		default:
			by, length := "", int64(0)
			if !inside {
				by, length = p.object(before, base) // what is read next moves it
			}
			s.advance(6)
			if !inside && p.begins() {
				inside = true
				p.stream(by, s.pos()+length)
			}
		}
	}
	switch {
	case inside, !p.ended:
		return s.wrong(cut)
	case s.sealed:
		return nil
	case p.flaw != nil:
		return p.flaw
	case !p.indexes[p.last]:
		return s.wrong(badIndex)
	}
	s.even = p.noisy > p.all-p.all/10
	return nil
}

// index remembers where an index stands.
func (p *pdfFile) index(at int64, before []byte) {
	if len(p.indexes) < maxIndexes {
		p.indexes[at] = true
	}
	p.lookForLock(before)
}

// lookForLock looks for a password in what may be the end of a document.
func (p *pdfFile) lookForLock(b []byte) {
	if i := bytes.LastIndex(b, []byte("trailer")); i >= 0 && bytes.Contains(b[i:], []byte("/Encrypt")) {
		p.s.sealed = true
	}
}

// point reads where the index stands: "startxref 123 %%EOF".
func (p *pdfFile) point(before []byte) {
	p.lookForLock(before)
	at, b := p.s.pos(), p.s.peek(48)
	p.s.advance(4)
	n, rest := digits(b[4:])
	if len(rest) == len(b)-4 || len(rest) == 0 || !isSpace(rest[0]) {
		return
	}
	const mark = "%%EOF"
	rest = bytes.TrimLeft(rest, " \n\r\t\f\x00")
	if p.last, p.ended = n, bytes.HasPrefix(rest, []byte(mark)); p.ended {
		left := bytes.TrimLeft(rest[len(mark):], " \n\r\t\f\x00")
		p.s.end = at + int64(len(b)-len(left))
	}
}

// begins reports whether the data of a stream follows the word.
func (p *pdfFile) begins() bool {
	switch b := p.s.peek(2); {
	case len(b) == 2 && b[0] == '\r' && b[1] == '\n':
		p.s.advance(2)
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		p.s.advance(1)
	default:
		return false
	}
	return true
}

// object looks at the dictionary of a stream, the last of before, which begins at base. It returns the filter of the data, if that is to be
// looked into, and how long the data is; 0: it does not say.
func (p *pdfFile) object(before []byte, base int64) (by string, length int64) {
	near := max(0, len(before)-nearby)
	at := near + bytes.LastIndex(before[near:], []byte("obj"))
	if at < near {
		at = bytes.LastIndex(before, []byte("obj"))
	}
	if at < 0 {
		return "", 0
	}
	dict := before[at:]
	if bytes.Contains(dict, []byte("/XRef")) {
		if len(p.indexes) < maxIndexes {
			p.indexes[base+int64(objectNumbers(before[:at]))-p.begin] = true
		}
		if bytes.Contains(dict, []byte("/Encrypt")) {
			p.s.sealed = true
		}
	}
	if p.s.deep && p.flaw == nil {
		by = filter(dict)
	}
	return by, lengthOf(dict)
}

// lengthOf returns the length that a dictionary tells; 0 if it does not, or says where it stands.
func lengthOf(dict []byte) int64 {
	for {
		i := bytes.Index(dict, []byte("/Length"))
		if i < 0 {
			return 0
		}
		dict = dict[i+len("/Length"):]
		if len(dict) == 0 || !isSpace(dict[0]) {
			continue // another key
		}
		n, rest := digits(dict)
		if _, rest = digits(rest); len(rest) > 0 && bytes.HasPrefix(bytes.TrimLeft(rest, " \n\r\t"), []byte("R")) {
			return 0
		}
		return n
	}
}

// digits reads a number after white space.
func digits(b []byte) (n int64, rest []byte) {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && b[0] >= '0' && b[0] <= '9' && n < 1<<40 {
		n, b = n*10+int64(b[0]-'0'), b[1:]
	}
	return n, b
}

// stream looks at the data of a stream, which ends at a place, as its dictionary says. What lies before that need not be searched for its end.
func (p *pdfFile) stream(by string, end int64) {
	if bytes.HasPrefix(bytes.TrimLeft(p.s.peek(12), "\r\n"), []byte("endstream")) {
		return // there is none, which some programs compress, too
	}
	begin := p.s.pos()
	p.s.inner = p.inner.begin()
	defer func() {
		n := max(p.s.pos(), end) - begin
		if p.all += n; p.s.inner.is() {
			p.noisy += n
		}
		p.s.inner = nil
	}()
	switch by {
	case "":
		if p.s.deep && end-begin >= headSize {
			p.s.inner.add(p.s.peek(headSize))
		}
	case "FlateDecode":
		p.inflate()
	case "DCTDecode":
		if b := p.s.peek(3); len(b) < 3 || !begins("\xff\xd8\xff")(b) {
			p.flaw = p.s.wrong(badData)
		} else if err := checkJPEG(p.s); err != nil {
			p.flaw = err
		}
	}
	if end-p.s.pos() <= wide {
		return
	}
	if p.s.skip(end-wide-p.s.pos()) == nil && p.flaw == nil && !bytes.Contains(p.s.peek(4*wide), []byte("endstream")) {
		p.flaw = &flaw{end, badLength}
	}
}

// wide is how wide of the mark lengths may be: some programs count the end of the line.
const wide = 16

// objectNumbers returns where the two numbers begin that stand at the end of b, before the word obj.
func objectNumbers(b []byte) int {
	i := len(b)
	for range 2 {
		for i > 0 && isSpace(b[i-1]) {
			i--
		}
		for i > 0 && b[i-1] >= '0' && b[i-1] <= '9' {
			i--
		}
	}
	return i
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

// filter returns the first filter that a dictionary names.
func filter(dict []byte) string {
	i := bytes.Index(dict, []byte("/Filter"))
	if i < 0 {
		return ""
	}
	dict = bytes.TrimLeft(dict[i+len("/Filter"):], " \n\r\t\f[")
	if len(dict) == 0 || dict[0] != '/' {
		return ""
	}
	n := 1
	for n < len(dict) && (dict[n] >= 'A' && dict[n] <= 'Z' || dict[n] >= 'a' && dict[n] <= 'z' || dict[n] >= '0' && dict[n] <= '9') {
		n++
	}
	return string(dict[1:n])
}

// inflate reads compressed data.
func (p *pdfFile) inflate() {
	at := p.s.pos()
	if _, err := p.s.inflate(p.s, true, maxInflated, nil); err != nil {
		p.flaw = &flaw{at, badData}
	}
}

// finder finds the next of two texts.
type finder struct {
	s     *source
	texts [2][]byte
	known [2]int64 // each is not before this
	hit   [2]bool  // and stands there
}

// next goes to the next text and returns which; -1: there is none, and all is read.
func (f *finder) next() int {
	s := f.s
	for {
		if len(s.peek(16)) == 0 {
			return -1
		}
		w, pos := s.buf[s.lo:s.hi], s.pos()
		for i, text := range f.texts {
			if f.hit[i] && f.known[i] >= pos {
				continue
			}
			if i == 1 && f.hit[0] { // what comes after the first one may be passed over
				w = w[:f.known[0]-pos+int64(len(text))-1]
			}
			from := min(int(max(f.known[i]-pos, 0)), len(w))
			at := bytes.Index(w[from:], text)
			if f.hit[i] = at >= 0; at >= 0 {
				f.known[i] = pos + int64(from+at)
			} else {
				f.known[i] = max(f.known[i], pos+int64(max(len(w)-len(text)+1, 0)))
			}
		}
		first := 0
		if f.known[1] < f.known[0] {
			first = 1
		}
		if f.hit[first] {
			s.advance(int(f.known[first] - pos))
			return first
		}
		step := min(f.known[first]-pos, int64(len(w)))
		if step <= 0 || len(w) < 16 {
			step = int64(len(w)) // the end
		}
		s.advance(int(step))
	}
}
