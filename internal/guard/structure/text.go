package structure

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// Text has no first bytes of its own: it is text as long as its characters are some, in UTF-8, UTF-16, Shift_JIS or EUC-JP, and none of them
// are such as no text has.

// encoding reads one character: its length, 0 if more bytes are wanted, -1 if it is none.
type encoding func(b []byte) int

// encodings are those that text can have, the strictest first.
func encodings() []encoding { return []encoding{utf8Char, eucChar, sjisChar} }

// plain reports whether a byte below 80 is one that texts have.
func plain(c byte) bool {
	return c >= ' ' && c != 0x7f || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0x1b || c == 0x1a
}

func utf8Char(b []byte) int {
	if b[0] < utf8.RuneSelf {
		if plain(b[0]) {
			return 1
		}
		return -1
	}
	if !utf8.FullRune(b) {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		return -1
	}
	return n
}

// sjisChar reads a character of Shift_JIS with the extensions that Windows has.
func sjisChar(b []byte) int {
	switch c := b[0]; {
	case c < 0x80:
		if plain(c) {
			return 1
		}
	case c >= 0xa1 && c <= 0xdf: // half-width katakana
		return 1
	case c >= 0x81 && c <= 0x9f || c >= 0xe0 && c <= 0xfc:
		if len(b) < 2 {
			return 0
		}
		if d := b[1]; d >= 0x40 && d <= 0x7e || d >= 0x80 && d <= 0xfc {
			return 2
		}
	}
	return -1
}

func eucChar(b []byte) int {
	c := b[0]
	if c < 0x80 {
		if plain(c) {
			return 1
		}
		return -1
	}
	n := 2
	switch {
	case c == 0x8f:
		n = 3
	case c != 0x8e && (c < 0xa1 || c > 0xfe):
		return -1
	}
	if len(b) < n {
		return 0
	}
	for _, d := range b[1:n] {
		if d < 0xa1 || d > 0xfe {
			return -1
		}
	}
	return n
}

// unit reads a character of UTF-16.
func unit(order interface{ Uint16([]byte) uint16 }) encoding {
	return func(b []byte) int {
		if len(b) < 2 {
			return 0
		}
		switch c := order.Uint16(b); {
		case c < 0x80:
			if plain(byte(c)) {
				return 2
			}
		case c >= 0xd800 && c < 0xdc00:
			if len(b) < 4 {
				return 0
			}
			if d := order.Uint16(b[2:]); d >= 0xdc00 && d < 0xe000 {
				return 4
			}
		case c >= 0xdc00 && c < 0xe000, c >= 0xfdd0 && c < 0xfdf0, c >= 0xfffe:
		default:
			return 2
		}
		return -1
	}
}

// mark returns the encoding that a byte order mark names.
func mark(head []byte) encoding {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unit(le)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unit(be)
	}
	return nil
}

// fewestText is how much text there must be before it counts as text.
const fewestText = 16

// glimpse is how much of the beginning tells that something is text.
const glimpse = 512

func isText(head []byte) bool {
	if len(head) < fewestText {
		return false
	}
	return len(readable(head[:min(len(head), glimpse)])) > 0
}

// readable returns the encodings in which the beginning of a text can be read.
func readable(head []byte) (out []encoding) {
	if e := mark(head); e != nil {
		if read(e, head[2:]) >= len(head)-2-3 {
			return []encoding{e}
		}
		return nil
	}
	for _, e := range encodings() {
		if read(e, head) > len(head)-4 {
			out = append(out, e)
		}
	}
	return out
}

// read returns how many bytes of b can be read.
func read(e encoding, b []byte) (n int) {
	for n < len(b) {
		step := e(b[n:])
		if step <= 0 {
			return n
		}
		n += step
	}
	return n
}

// checkText reads text in all encodings in which its beginning can be read, as long as one of them goes on.
func checkText(s *source) error {
	var all []reading
	var c census
	defer func() { s.even = c.evenText() }()
	if e := mark(s.peek(2)); e != nil {
		s.advance(2)
		all = append(all, reading{e, 0})
	} else {
		for _, e := range readable(s.peek(glimpse)) {
			all = append(all, reading{e, 0})
		}
	}
	for {
		s.peek(2 * ahead)
		w := s.buf[s.lo:s.hi]
		if len(w) == 0 {
			return nil
		}
		furthest := 0
		still := all[:0]
		for _, x := range all {
			from := min(x.over, len(w))
			x.over = from + read(x.in, w[from:])
			furthest = max(furthest, x.over)
			if x.over > len(w)-ahead || x.over == len(w) { // the last character may go on
				still = append(still, x)
			}
		}
		if all = still; len(all) == 0 {
			s.advance(furthest)
			return s.wrong(badText)
		}
		step := len(w)
		if s.err == nil {
			step = max(len(w)-ahead+1, 0)
		}
		c.add(w[:step])
		s.advance(step)
		for i := range all {
			all[i].over = max(all[i].over-step, 0)
		}
	}
}

// alphabets are those in which bytes are written as text: Base64, its other form, hexadecimal digits, Base32, Ascii85.
var alphabets = [...]string{
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	"0123456789abcdef", "0123456789ABCDEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu",
}

// Bounds of evenText.
const (
	others = 64    // characters that a text of an alphabet may have besides: a line at its begin and one at its end
	uneven = 0.005 // by how much characters may differ in the part that they have: those of pictures differ by more
)

// evenText reports whether a text is one of an alphabet, whose characters are all equally frequent: something encrypted, written as text.
func (c *census) evenText() bool {
	for _, a := range alphabets {
		n := int64(0)
		for i := range len(a) {
			n += c.of[a[i]]
		}
		space := c.of['\n'] + c.of['\r'] + c.of[' '] + c.of['\t']
		if n < fewest || c.n-n-space > others || len(a) < 85 && c.of['<']+c.of['{']+c.of['"']+c.of['('] > 0 { // a picture within a page or a style
			continue
		}
		want, chi, free := float64(n)/float64(len(a)), 0.0, float64(len(a)-1)
		for i := range len(a) {
			x := float64(c.of[a[i]]) - want
			chi += x * x / want
		}
		if chi < free+6*math.Sqrt(2*free)+uneven*float64(n) {
			return true
		}
	}
	return false
}

// ahead is as long as a character at most.
const ahead = 4

// reading is how far an encoding has been read.
type reading struct {
	in   encoding
	over int // further than the source, in bytes
}
