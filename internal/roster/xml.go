package roster

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// scanner reads the XML of workbooks piece by piece, none of which may be long, and allocates nothing for what nobody asks for: a sheet of
// 100,000 rows has millions of pieces. It knows the words of workbooks by their local names, and no document types, which are an
// attacker's way to make much out of little.
type scanner struct {
	in    *bufio.Reader
	buf   []byte
	depth int
	begun bool
	ends  bool // an element without content was read: its end comes next

	kind  piece
	name  string // of an element, if it is one of ours
	attrs []attribute
	text  []byte // good until the next piece
}

type piece uint8

const (
	startsElement piece = iota + 1
	endsElement
	isText
)

type attribute struct {
	name     string
	prefixed bool
	value    string
}

// ours are the elements and attributes of which we ask.
var ours = func() map[string]string {
	m := make(map[string]string)
	for _, s := range []string{"Relationship", "Id", "Target", "sheet", "name", "state", "id", "si", "t", "rPh", "row", "r", "c", "v", "sheetData", "workbookPr", "date1904", "s", "numFmt", "numFmtId", "formatCode", "cellXfs", "xf"} {
		m[s] = s
	}
	return m
}()

var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

func scan(in io.Reader) *scanner { return &scanner{in: bufio.NewReaderSize(in, 1<<16)} }

// until adds all up to a byte to the buffer.
func (s *scanner) until(end byte) error {
	for {
		b, err := s.in.ReadSlice(end)
		s.buf = append(s.buf, b...)
		switch {
		case len(s.buf) > maxToken:
			return fmt.Errorf("%w: a piece of XML of more than %d bytes", errXML, maxToken)
		case err != bufio.ErrBufferFull:
			return err
		}
	}
}

// next reads a piece. At the end of a whole document it returns io.EOF.
func (s *scanner) next() error {
	if s.ends {
		s.ends, s.kind = false, endsElement
		s.depth--
		return nil
	}
	for {
		s.buf = s.buf[:0]
		err := s.until('<')
		if err != nil && err != io.EOF {
			return err
		}
		text := bytes.TrimSuffix(s.buf, []byte("<"))
		if err == io.EOF {
			if s.depth == 0 && s.begun && len(bytes.TrimSpace(text)) == 0 {
				return io.EOF
			}
			return early(err)
		}
		if err := s.in.UnreadByte(); err != nil {
			return err
		}
		if len(text) > 0 && s.depth > 0 {
			s.kind = isText
			s.text, err = unescape(text)
			return err
		}
		_, _ = s.in.Discard(1) // it is there again
		if found, err := s.markup(); err != nil || found {
			return err
		}
	}
}

// markup reads what begins with <. Not found: a comment or the like.
func (s *scanner) markup() (found bool, err error) {
	s.buf = s.buf[:0]
	if err := s.until('>'); err != nil {
		return false, early(err)
	}
	switch {
	case bytes.HasPrefix(s.buf, []byte("!--")):
		return false, s.ending("-->", 3)
	case bytes.HasPrefix(s.buf, []byte("?")):
		return false, s.ending("?>", 1)
	case bytes.HasPrefix(s.buf, []byte("![CDATA[")):
		err := s.ending("]]>", 8)
		s.kind, s.text = isText, bytes.TrimSuffix(s.buf, []byte("]]>"))[min(8, max(len(s.buf)-3, 0)):]
		if err == nil && !utf8.Valid(s.text) {
			err = errXML
		}
		return true, err
	case bytes.HasPrefix(s.buf, []byte("!")):
		return false, fmt.Errorf("%w: a document type", errXML)
	case bytes.HasPrefix(s.buf, []byte("/")):
		s.kind = endsElement
		s.name, _ = local(bytes.TrimSpace(s.buf[1 : len(s.buf)-1]))
		if s.depth--; s.depth < 0 {
			return false, errXML
		}
		return true, nil
	}
	for open(s.buf) { // a > within quotes
		if err := s.until('>'); err != nil {
			return false, early(err)
		}
	}
	return true, s.element(s.buf[:len(s.buf)-1])
}

// ending reads on to the end of a comment or the like, which begins with so many bytes.
func (s *scanner) ending(end string, from int) error {
	for len(s.buf) < from+len(end) || !bytes.HasSuffix(s.buf, []byte(end)) {
		if err := s.until('>'); err != nil {
			return early(err)
		}
	}
	return nil
}

// early is the error of an end where none may be.
func early(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: its XML ends too early", errXML)
	}
	return err
}

// open reports whether the end of a tag is within quotes.
func open(tag []byte) bool {
	var quote byte
	for _, c := range tag {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote != 0
}

// element reads the beginning of one.
func (s *scanner) element(tag []byte) error {
	s.kind, s.begun, s.attrs = startsElement, true, s.attrs[:0]
	if tag, s.ends = bytes.CutSuffix(tag, []byte("/")); len(tag) == 0 || tag[0] <= ' ' {
		return errXML
	}
	s.depth++
	n := bytes.IndexAny(tag, " \t\r\n")
	if n < 0 {
		s.name, _ = local(tag)
		return nil
	}
	s.name, _ = local(tag[:n])
	for rest := bytes.TrimSpace(tag[n:]); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		key, after, ok := bytes.Cut(rest, []byte("="))
		after = bytes.TrimSpace(after)
		if !ok || len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return errXML
		}
		end := bytes.IndexByte(after[1:], after[0])
		if end < 0 {
			return errXML
		}
		if name, prefixed := local(bytes.TrimSpace(key)); name != "" {
			value, err := unescape(after[1 : end+1])
			if err != nil {
				return err
			}
			s.attrs = append(s.attrs, attribute{name, prefixed, string(value)})
		}
		rest = after[end+2:]
	}
	return nil
}

// local is the name of an element or attribute without its prefix; "" if it is none of ours.
func local(b []byte) (name string, prefixed bool) {
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		return ours[string(b[i+1:])], true
	}
	return ours[string(b)], false
}

func (s *scanner) attr(name string) string {
	for i := range s.attrs {
		if s.attrs[i].name == name && !s.attrs[i].prefixed {
			return s.attrs[i].value
		}
	}
	return ""
}

// unescape puts letters for their names, in place: they are never longer.
func unescape(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, errXML
	}
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b, nil
	}
	out := b[:i]
	for rest := b[i:]; len(rest) > 0; {
		if rest[0] != '&' {
			n := bytes.IndexByte(rest, '&')
			if n < 0 {
				n = len(rest)
			}
			out, rest = append(out, rest[:n]...), rest[n:]
			continue
		}
		end := bytes.IndexByte(rest[:min(len(rest), 12)], ';')
		if end < 0 {
			return nil, errXML
		}
		name := string(rest[1:end])
		rest = rest[end+1:]
		if c, ok := entities[name]; ok {
			out = append(out, c)
			continue
		}
		r, ok := numbered(name)
		if !ok {
			return nil, errXML
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

// numbered reads #12 or #x1F.
func numbered(name string) (rune, bool) {
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && n > 0 && utf8.ValidRune(rune(n))
}
