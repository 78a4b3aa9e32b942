package piece

import (
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"
)

// How a piece is written: lines of words, the last of each line being its check word.
const (
	Lines    = 9
	PerLine  = 5
	wordBits = 11
	inLine   = PerLine - 1
)

// list is the English list of BIP-39: 2,048 words of which no two begin with the same four letters.
var list = wordlists.English

// What the QR code says begins with codeStart, the last of which is its version.
const (
	codeBegin = "AZEKURA"
	codeStart = codeBegin + "1"
)

var code = base32.StdEncoding.WithPadding(base32.NoPadding)

// Reason says in a word why a text is no piece.
type Reason string

// The reasons.
const (
	Empty   Reason = "empty"
	Length  Reason = "length"  // too few words or letters, or too many; Line is the line, if one can be told
	Word    Reason = "word"    // a word that is not in the list
	Script  Reason = "script"  // letters of Japanese: an input method was at work
	Checked Reason = "checked" // the check word of a line does not fit
	Whole   Reason = "whole"   // each line fits, all together they do not
	Newer   Reason = "newer"   // a newer program made it
)

// Error says what is wrong with a text, and where. It holds nothing of the text: that is a secret even if a letter of it is wrong.
type Error struct {
	Reason Reason
	Line   int // from 1 on; 0: none of them, or nobody can tell
	Place  int // of a word in its line, from 1 on; likewise
}

// Error tells what is wrong.
func (e *Error) Error() string {
	return fmt.Sprintf("not a piece: %s, line %d, word %d", e.Reason, e.Line, e.Place)
}

// Words returns the piece as lines of words.
func (p Piece) Words() [][]string {
	b := p.marshal()
	defer clear(b)
	out := make([][]string, Lines)
	at := 0
	for i := range out {
		var n [inLine]int
		for j := range n {
			n[j] = bits(b, at)
			at += wordBits
			out[i] = append(out[i], list[n[j]])
		}
		out[i] = append(out[i], list[lineCheck(i, n)])
	}
	return out
}

// bits returns the word that begins at a bit; behind the end are zeros.
func bits(b []byte, at int) (n int) {
	for i := at; i < at+wordBits; i++ {
		n <<= 1
		if i/8 < len(b) {
			n |= int(b[i/8]>>(7-i%8)) & 1
		}
	}
	return n
}

// lineCheck is the check word of a line. An odd factor has an inverse modulo 2,048: a line with one wrong word, whichever, never fits. The
// factors differ, so that words that changed places are found, but for one in a thousand; and the line's place is in it.
func lineCheck(line int, words [inLine]int) int {
	sum := 173 * (line + 1)
	for i, w := range words {
		sum += (2*i + 3) * w
	}
	return sum % len(list)
}

// Code returns the piece as the QR code says it: letters and digits only.
func (p Piece) Code() string {
	b := p.marshal()
	defer clear(b)
	return codeStart + code.EncodeToString(b)
}

// Parse reads a piece from its words or from what its QR code says. Width and case of letters do not matter, nor do numbers of lines,
// and the first four letters of a word do. The error is an *Error.
func Parse(text string) (Piece, error) {
	text = strings.ToLower(norm.NFKC.String(text))
	if c := strings.Join(strings.Fields(text), ""); strings.HasPrefix(c, strings.ToLower(codeStart)) {
		b, err := code.DecodeString(strings.ToUpper(c[len(codeStart):]))
		if err != nil || code.EncodeToString(b) != strings.ToUpper(c[len(codeStart):]) {
			return Piece{}, &Error{Reason: Whole}
		}
		return unmarshal(b)
	}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(text), strings.ToLower(codeBegin)); ok && rest != "" && unicode.IsDigit(rune(rest[0])) {
		return Piece{}, &Error{Reason: Newer}
	}
	lines := arrange(text)
	if lines == nil {
		return Piece{}, &Error{Reason: Empty}
	}
	b := make([]byte, (Lines*inLine*wordBits+7)/8)
	defer clear(b)
	at := 0
	for i, words := range lines {
		n, err := readLine(i, words)
		if err != nil {
			return Piece{}, err
		}
		for _, w := range n {
			for j := range wordBits {
				if w>>(wordBits-1-j)&1 == 1 {
					b[at/8] |= 1 << (7 - at%8)
				}
				at++
			}
		}
	}
	if len(lines) < Lines {
		return Piece{}, &Error{Reason: Length, Line: len(lines) + 1}
	}
	if b[size] != 0 {
		return Piece{}, &Error{Reason: Whole}
	}
	return unmarshal(b[:size])
}

// arrange returns the words of each line: as they stand, if there are as many lines as there should be, or else one behind the other.
func arrange(text string) (out [][]string) {
	var all []string
	for line := range strings.Lines(text) {
		words := strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) })
		if len(words) > 0 {
			out = append(out, words)
			all = append(all, words...)
		}
	}
	if len(out) != Lines {
		out = slices.Collect(slices.Chunk(all, PerLine))
		if len(out) > Lines { // the first line that does not fit is named first; if all do, there is one too many
			out[Lines-1] = append(slices.Clone(out[Lines-1]), out[Lines]...)
			out = out[:Lines]
		}
	}
	return out
}

// readLine returns the words of a line that say something.
func readLine(i int, words []string) (n [inLine]int, err error) {
	var all [PerLine]int
	for j, w := range words[:min(len(words), PerLine)] {
		if all[j] = find(w); all[j] < 0 {
			reason := Word
			if strings.ContainsFunc(w, japanese) {
				reason = Script
			}
			return n, &Error{Reason: reason, Line: i + 1, Place: j + 1}
		}
	}
	if len(words) != PerLine {
		return n, &Error{Reason: Length, Line: i + 1}
	}
	n = [inLine]int(all[:inLine])
	if lineCheck(i, n) != all[inLine] {
		return n, &Error{Reason: Checked, Line: i + 1}
	}
	return n, nil
}

func japanese(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) || r == 'ー'
}

// find returns the place of a word in the list, or −1. Four letters of a word, or more from its beginning, are enough.
func find(w string) int {
	i, found := slices.BinarySearch(list, w)
	if found || i < len(list) && len(w) >= 4 && strings.HasPrefix(list[i], w) {
		return i
	}
	return -1
}
