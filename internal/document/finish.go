package document

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
)

var (
	errPDF = errors.New("a PDF that is not made as ours are")
	// beyond is a line of the table from which readers know what letter a sign is, for a letter beyond U+FFFF: 𠮷 is written as
	// five digits, which readers take for another letter, so that a name that is copied or read aloud is a wrong one.
	beyond    = regexp.MustCompile(`<([0-9A-F]{4})><[0-9A-F]{4}><([0-9A-F]{5,6})>\n`)
	beginning = regexp.MustCompile(`\n<<\n/Length ([0-9]+)\n>>\nstream\n`)
	place     = regexp.MustCompile(`(?m)^([0-9]{10}) 00000 n \n`)
	// words is a piece of text in a page: letters stand in it as numbers.
	words = regexp.MustCompile(`(?s)BT\n.*?\nET\n`)
)

// finish mends the tables of letters of a PDF, draws titles bold, compresses the pages, and mends the places that the end lists.
func finish(b []byte) ([]byte, error) {
	type shift struct{ from, by int }
	var shifts []shift
	var out []byte
	done := 0
	for _, m := range beginning.FindAllSubmatchIndex(b, -1) {
		length, err := strconv.Atoi(string(b[m[2]:m[3]]))
		if err != nil || m[1]+length > len(b) {
			return nil, errPDF
		}
		body, filter, end := b[m[1]:m[1]+length], "", ""
		if bytes.HasPrefix(body, []byte("/CIDInit ")) {
			body = copyable(body)
		} else if body, err = pressed(body); err != nil {
			return nil, err
		} else {
			filter, end = "/Filter/FlateDecode", "\n"
		}
		out = fmt.Appendf(append(out, b[done:m[0]]...), "\n<<\n%s/Length %d\n>>\nstream\n%s%s", filter, len(body), body, end)
		done = m[1] + length
		shifts = append(shifts, shift{done, len(out) - done})
	}
	if out == nil {
		return b, nil
	}
	moved := func(at int) int {
		for _, s := range slices.Backward(shifts) {
			if at >= s.from {
				return at + s.by
			}
		}
		return at
	}
	out = append(out, b[done:]...)
	end := bytes.LastIndex(out, []byte("\nxref\n"))
	last := bytes.LastIndex(out, []byte("startxref\n"))
	if end < 0 || last < end {
		return nil, errPDF
	}
	tail := place.ReplaceAllFunc(out[end:last], func(l []byte) []byte {
		at, _ := strconv.Atoi(string(l[:10]))
		return fmt.Appendf(nil, "%010d 00000 n \n", moved(at))
	})
	return fmt.Appendf(slices.Concat(out[:end], tail), "startxref\n%d\n%%%%EOF\n", end+1), nil
}

// copyable mends a table of letters.
func copyable(table []byte) []byte {
	return beyond.ReplaceAllFunc(table, func(l []byte) []byte {
		x := beyond.FindSubmatch(l)
		r, _ := strconv.ParseUint(string(x[2]), 16, 32)
		high, low := utf16.EncodeRune(rune(r))
		return fmt.Appendf(nil, "<%s><%s><%04X%04X>\n", x[1], x[1], high, low)
	})
}

// pressed gives the letters of titles an edge of their colour, and compresses a page. They stand there once: drawn twice, beside each other, they would
// be read aloud twice.
func pressed(content []byte) ([]byte, error) {
	c := tones[strong]
	ink := fmt.Appendf(nil, "%0.3f %0.3f %0.3f ", float64(c[0])/255, float64(c[1])/255, float64(c[2])/255)
	content = words.ReplaceAllFunc(content, func(text []byte) []byte {
		own := append(slices.Clone(ink), "rg\n"...)
		if !bytes.Contains(text, own) {
			return text
		}
		text = bytes.Replace(text, own, fmt.Appendf(nil, "%srg\n%sRG\n0.35 w 2 Tr\n", ink, ink), 1)
		return slices.Concat([]byte("q\n"), text, []byte("Q\n"))
	})
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}
