package roster

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// The encodings of lists.
const (
	inUTF8    = "utf-8"
	inUTF16LE = "utf-16le"
	inUTF16BE = "utf-16be"
	inSJIS    = "shift_jis" // as Windows has it, with its letters beyond the standard
)

// reader gives the letters of a text. Bytes that are none are U+FFFD and false.
type reader func() (r rune, ok bool, err error)

// decode reads a text in an encoding.
func decode(in io.Reader, encoding string) reader {
	b := bufio.NewReaderSize(in, 1<<16)
	switch encoding {
	case inSJIS:
		return func() (rune, bool, error) { return readSJIS(b) }
	case inUTF16LE, inUTF16BE:
		return func() (rune, bool, error) { return readUTF16(b, encoding == inUTF16BE) }
	}
	return func() (rune, bool, error) {
		r, n, err := b.ReadRune()
		return r, r != utf8.RuneError || n != 1, err
	}
}

func readUTF16(b *bufio.Reader, big bool) (rune, bool, error) {
	unit := func() (rune, error) {
		var two [2]byte
		if n, err := io.ReadFull(b, two[:]); err != nil {
			if n == 1 {
				return utf8.RuneError, nil // half a letter at the end
			}
			return 0, err
		}
		if big {
			return rune(two[0])<<8 | rune(two[1]), nil
		}
		return rune(two[1])<<8 | rune(two[0]), nil
	}
	r, err := unit()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, r != utf8.RuneError, err
	}
	next, err := b.Peek(2)
	if err != nil {
		return utf8.RuneError, false, nil
	}
	low := rune(next[1])<<8 | rune(next[0])
	if big {
		low = rune(next[0])<<8 | rune(next[1])
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return r, false, nil
	}
	_, err = b.Discard(2)
	return r, true, err
}

// sjisPairs are the letters of two bytes: 188 for each first one from 0x81 on.
var sjisPairs = sync.OnceValue(func() []rune {
	table := make([]rune, 0x7c*188)
	d := japanese.ShiftJIS.NewDecoder()
	for lead := 0x81; lead <= 0xfc; lead++ {
		for i := range 188 {
			trail, at := 0x40+i, (lead-0x81)*188+i
			if trail >= 0x7f {
				trail++
			}
			if lead >= 0xf0 && lead <= 0xf9 { // letters that a firm has drawn for itself (外字)
				table[at] = rune(0xe000 + (lead-0xf0)*188 + i)
				continue
			}
			text, err := d.Bytes([]byte{byte(lead), byte(trail)})
			if r, n := utf8.DecodeRune(text); err == nil && n == len(text) {
				table[at] = r
			} else {
				table[at] = utf8.RuneError
			}
		}
	}
	return table
})

func readSJIS(b *bufio.Reader) (rune, bool, error) {
	c, err := b.ReadByte()
	switch {
	case err != nil || c < 0x80:
		return rune(c), true, err
	case c >= 0xa1 && c <= 0xdf:
		return 0xff61 + rune(c-0xa1), true, nil
	case c == 0x80 || c == 0xa0 || c > 0xfc:
		return utf8.RuneError, false, nil
	}
	next, err := b.Peek(1)
	if err != nil {
		return utf8.RuneError, false, nil
	}
	t := next[0]
	if t < 0x40 || t == 0x7f || t > 0xfc {
		return utf8.RuneError, false, nil // the byte behind it may be a comma or the end of the line
	}
	_, _ = b.Discard(1) // it has been peeked at
	i := int(t) - 0x40
	if t > 0x7f {
		i--
	}
	r := sjisPairs()[(int(c)-0x81)*188+i]
	return r, r != utf8.RuneError, nil
}

// mark tells an encoding by the bytes with which a text begins, and how many there are.
func mark(head []byte) (encoding string, n int64) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return inUTF8, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return inUTF16LE, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return inUTF16BE, 2
	}
	return "", 0
}

// tell finds out in which of two encodings a text is, by reading all of it: the one in which all its bytes are letters, or else fewer are
// none. "" is neither: what has null bytes is no text, and EUC and ISO-2022-JP read as Shift_JIS would be other letters.
func tell(in func() io.Reader) (string, error) {
	flaws := func(encoding string) (bad, all, halves int, strange bool, err error) {
		next := decode(in(), encoding)
		for {
			r, ok, err := next()
			switch {
			case err == io.EOF:
				return bad, all, halves, strange, nil
			case err != nil:
				return 0, 0, 0, false, err
			case r == 0 || r == 0x1b:
				strange = true
			case r >= 0xff61 && r <= 0xff9f:
				halves++
			}
			if r >= 0x80 {
				all++
			}
			if !ok {
				bad++
			}
		}
	}
	bad8, all8, _, strange, err := flaws(inUTF8)
	switch {
	case err != nil || strange:
		return "", err
	case bad8 == 0 || bad8*50 < all8:
		return inUTF8, nil
	}
	badJ, allJ, halves, _, err := flaws(inSJIS)
	switch {
	case err != nil || badJ*20 > allJ || badJ > 0 && bad8 <= badJ:
		return "", err
	case halves*2 > allJ: // much half-width kana: EUC looks like this
		if euc, err := isEUC(in()); err != nil || euc {
			return "", err
		}
	}
	return inSJIS, nil
}

// isEUC reports whether a text could be EUC-JP: pairs of high bytes.
func isEUC(in io.Reader) (bool, error) {
	b := bufio.NewReader(in)
	for {
		c, err := b.ReadByte()
		switch {
		case err == io.EOF:
			return true, nil
		case err != nil:
			return false, err
		case c < 0x80:
			continue
		case c != 0x8e && c < 0xa1:
			return false, nil
		}
		if t, err := b.ReadByte(); err != nil || t < 0xa1 {
			return false, nil
		}
	}
}

// known reports whether an encoding can be asked for.
func known(encoding string) bool {
	return strings.Contains(" "+inUTF8+" "+inUTF16LE+" "+inUTF16BE+" "+inSJIS+" ", " "+encoding+" ")
}
