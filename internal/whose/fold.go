package whose

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Who is what a path or a line of a roster says of a person. Both are compared folded: for whom a file counts and whom a roster knows by it is one
// question.
type Who struct{ School, Year, Grade, Class, Number, Name string }

// Folded is who, however it is written: ３年２組 is 3-2, 012 is 12, 令和8年度 is 2026.
func (w Who) Folded() Who {
	f := Who{School: Text(w.School), Year: Year(w.Year), Number: Number(w.Number), Name: Text(w.Name)}
	f.Grade, f.Class = Class(w.Grade, w.Class)
	return f
}

// field is the field of a word in braces; nil if the word means nothing to a roster.
func (w *Who) field(word string) *string {
	switch word {
	case "school":
		return &w.School
	case "year":
		return &w.Year
	case "grade":
		return &w.Grade
	case "class":
		return &w.Class
	case "number":
		return &w.Number
	case "name":
		return &w.Name
	}
	return nil
}

// Text is the form in which texts are compared: without differences of width and case, spaces, and marks that choose the shape of a letter.
func Text(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] > ' ' && s[i] < 0x7f && (s[i] < 'A' || s[i] > 'Z')
	}
	if ascii {
		return s
	}
	s = norm.NFKC.String(s)
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || selector(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s))
}

// selector reports whether a rune chooses the shape of the one before it.
func selector(r rune) bool { return r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef }

// digits reports whether a text is a number.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// unpadded takes zeros off the beginning of a number.
func unpadded(s string) string {
	if !digits(s) {
		return s
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}

// shorn takes the first of some endings off a text that is more than that.
func shorn(s string, endings ...string) string {
	for _, e := range endings {
		if t, ok := strings.CutSuffix(s, e); ok && t != "" {
			return t
		}
	}
	return s
}

// Number is a number in a class: 012, １２番 and no.12 are 12.
func Number(s string) string {
	s = Text(s)
	for _, p := range []string{"出席番号", "no.", "no", "#", "第"} {
		if t, ok := strings.CutPrefix(s, p); ok && len(t) > 0 && t[0] >= '0' && t[0] <= '9' {
			s = t
			break
		}
	}
	return unpadded(shorn(s, "番", "号"))
}

// plainGrade is a year at school: 3年, ３年生 and 第3学年 are 3.
func plainGrade(s string) string {
	return unpadded(strings.TrimPrefix(shorn(Text(s), "年生", "学年", "年次", "年", "grade"), "第"))
}

// Class is a class with its grade. 3年2組, 3-2 and ３の２ hold both.
func Class(grade, class string) (g, c string) {
	g, c = plainGrade(grade), Text(class)
	n := 0
	for n < len(c) && c[n] >= '0' && c[n] <= '9' {
		n++
	}
	if n == 0 || n == len(c) {
		return g, unitOf(c)
	}
	first, rest := unpadded(c[:n]), c[n:]
	for _, sep := range []string{"年生", "年", "-", "_", "‐", "−", "の", "/", "."} {
		after, ok := strings.CutPrefix(rest, sep)
		if !ok {
			continue
		}
		for _, more := range []string{"-", "_", "の"} {
			after = strings.TrimPrefix(after, more)
		}
		if g != "" && g != first { // what the class says is another thing than its grade
			return g, first + "-" + unitOf(after)
		}
		return first, unitOf(after)
	}
	return g, unitOf(c)
}

// unitOf is a class without its grade: 2組, 02 and ２ are 2.
func unitOf(s string) string { return unpadded(shorn(s, "組", "クラス", "class", "ぐみ")) }

// eras are the years before the first of each.
var eras = []struct {
	names []string
	zero  int
}{{[]string{"令和", "r"}, 2018}, {[]string{"平成", "h"}, 1988}, {[]string{"昭和", "s"}, 1925}}

// Year is a school year: 2026年度, 令和8年度 and R8 are 2026.
func Year(s string) string {
	s = shorn(Text(s), "年度", "年", "年度生", "年度卒", "年卒")
	for _, e := range eras {
		for _, name := range e.names {
			rest, ok := strings.CutPrefix(s, name)
			rest = strings.TrimPrefix(rest, ".")
			if !ok {
				continue
			}
			if rest == "元" {
				rest = "1"
			}
			if n, err := strconv.Atoi(rest); err == nil && digits(rest) && n > 0 && n < 100 {
				return strconv.Itoa(e.zero + n)
			}
		}
	}
	return unpadded(s)
}
