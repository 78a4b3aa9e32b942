package document

import (
	"bytes"
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
	beginning = regexp.MustCompile(`\n/Length ([0-9]+)\n>>\nstream\n/CIDInit `)
	place     = regexp.MustCompile(`(?m)^([0-9]{10}) 00000 n \n`)
)

// copyable mends the tables of letters of a PDF, and the places that its end lists.
func copyable(b []byte) ([]byte, error) {
	type shift struct{ from, by int }
	var shifts []shift
	var out []byte
	done := 0
	for _, m := range beginning.FindAllSubmatchIndex(b, -1) {
		length, err := strconv.Atoi(string(b[m[2]:m[3]]))
		start := m[1] - len("/CIDInit ")
		if err != nil || start+length > len(b) {
			return nil, errPDF
		}
		table := beyond.ReplaceAllFunc(b[start:start+length], func(l []byte) []byte {
			x := beyond.FindSubmatch(l)
			r, _ := strconv.ParseUint(string(x[2]), 16, 32)
			high, low := utf16.EncodeRune(rune(r))
			return fmt.Appendf(nil, "<%s><%s><%04X%04X>\n", x[1], x[1], high, low)
		})
		head := fmt.Appendf(nil, "\n/Length %d\n>>\nstream\n", len(table))
		out = append(append(append(out, b[done:m[0]]...), head...), table...)
		done = start + length
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
