package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean takes out of a text what no letter stands for: variation selectors, which fonts draw as a gap, control characters and marks
// that turn the direction of writing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == opens || r == closes:
			return r
		case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef, r >= 0xfdd2 && r <= 0xfdef, r&0xfffe == 0xfffe, unicode.Is(unicode.Cf, r):
			return -1
		case r < ' ' || r == 0x7f || unicode.Is(unicode.Cc, r) || r == '\u2028' || r == '\u2029':
			return ' '
		}
		return r
	}, s)
}

// Letters that must not begin a line, and that must not end one (JIS X 4051, the most frequent, and the marks of blanks).
const (
	noBegin = "、。，．,.:;!?)]}」』】〉》〕〗〙〟｠»）］｝：；！？‼⁇⁈⁉ー々〻ゝゞヽヾ゛゜ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ" +
		"｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ・…‥‐–〜～゠％%‰℃’”" + string(closes)
	noEnd = "([{「『【〈《〔〖〘〝｟«（［｛‘“￥＄£" + string(opens)
)

// line is a line of a text; last: of a paragraph, so that it need not be full.
type line struct {
	text string
	last bool
}

// pieces divides a line where it may be broken: behind spaces, and between Japanese letters.
func pieces(s string) (out []string) {
	var last rune
	from := 0
	for i, r := range s {
		stays := i == 0 || strings.ContainsRune(noBegin, r) || strings.ContainsRune(noEnd, last) ||
			r == ' ' || last != ' ' && !wide(r) && !wide(last) && r != opens && last != closes || r == last && (r == '―' || r == '—')
		if !stays {
			out, from = append(out, s[from:i]), i
		}
		last = r
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

// wide reports whether a letter stands for itself, as Japanese ones do, and is no part of a word.
func wide(r rune) bool {
	return r >= 0x2e80 && r < 0xd7b0 || r >= 0xf900 && r < 0xfb00 || r >= 0xff00 || r >= 0x20000
}

// columns is how many columns a text takes where Japanese letters take two, near enough.
func columns(s string) (n float64) {
	for _, r := range s {
		if n++; wide(r) {
			n++
		}
	}
	return n
}

// crumbs divides a piece that no line can hold, such as the name of a file: letter by letter, but for what must not begin a line, as
// far as that fits.
func crumbs(p string, width float64, measure func(string) float64) (out []string) {
	for _, r := range p {
		if n := len(out) - 1; n >= 0 && strings.ContainsRune(noBegin, r) && measure(out[n]+string(r)) <= width {
			out[n] += string(r)
			continue
		}
		out = append(out, string(r))
	}
	return out
}

// wrap breaks a text into lines of a width. A place to fill in that goes over several lines is one on each.
func wrap(s string, width float64, measure func(string) float64) (out []line) {
	for text := range strings.SplitSeq(clean(s), "\n") {
		now, long := "", 0.0
		put := func(p string) {
			if now != "" && long+measure(strings.TrimRight(p, " ")) > width {
				out, now, long = append(out, line{text: strings.TrimRight(now, " ")}), "", 0
				p = strings.TrimLeft(p, " ")
			}
			now += p
			long += measure(p)
		}
		for _, p := range pieces(text) {
			if measure(strings.TrimRight(p, " ")) <= width {
				put(p)
				continue
			}
			for _, c := range crumbs(p, width, measure) {
				put(c)
			}
		}
		out = append(out, line{strings.TrimRight(now, " "), true})
	}
	carry(out)
	return out
}

// carry goes on with a place to fill in on the next line.
func carry(lines []line) {
	open := false
	for i, l := range lines {
		was := open
		if n := strings.LastIndexAny(l.text, string(opens)+string(closes)); n >= 0 {
			r, _ := utf8.DecodeRuneInString(l.text[n:])
			open = r == opens
		}
		if was {
			lines[i].text = string(opens) + lines[i].text
		}
	}
}
