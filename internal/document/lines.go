package document

import (
	"strings"
	"unicode"
)

// clean takes out of a text what no letter stands for: variation selectors, which fonts draw as a gap, control characters and marks
// that turn the direction of writing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef, unicode.Is(unicode.Cf, r):
			return -1
		case r < ' ' || r == 0x7f || unicode.Is(unicode.Cc, r) || r == '\u2028' || r == '\u2029':
			return ' '
		}
		return r
	}, s)
}

// Letters that must not begin a line, and that must not end one (JIS X 4051, the most frequent).
const (
	noBegin = "、。，．,.:;!?)]}」』】〉》〕）：；！？ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ・…‐％%"
	noEnd   = "([{「『【〈《〔（"
)

// pieces divides a line where it may be broken: behind spaces, and between Japanese letters.
func pieces(s string) (out []string) {
	var last rune
	for _, r := range s {
		stays := len(out) == 0 || strings.ContainsRune(noBegin, r) || strings.ContainsRune(noEnd, last) ||
			r == ' ' || last != ' ' && !wide(r) && !wide(last)
		if stays && len(out) > 0 {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		last = r
	}
	return out
}

// wide reports whether a letter stands for itself, as Japanese ones do, and is no part of a word.
func wide(r rune) bool {
	return r >= 0x2e80 && r < 0xd7b0 || r >= 0xf900 && r < 0xfb00 || r >= 0xff00 || r >= 0x20000
}

// wrap breaks a text into lines of a width.
func wrap(s string, width float64, measure func(string) float64) (out []string) {
	for line := range strings.SplitSeq(clean(s), "\n") {
		now, long := "", 0.0
		put := func(p string) {
			if now != "" && long+measure(strings.TrimRight(p, " ")) > width {
				out, now, long = append(out, strings.TrimRight(now, " ")), "", 0
				p = strings.TrimLeft(p, " ")
			}
			now += p
			long += measure(p)
		}
		for _, p := range pieces(line) {
			if measure(strings.TrimRight(p, " ")) <= width {
				put(p)
				continue
			}
			for _, r := range p { // a word that no line can hold, such as the name of a file
				put(string(r))
			}
		}
		out = append(out, strings.TrimRight(now, " "))
	}
	return out
}
