package document

import "strings"

// Marks around a place to fill in, within a text. They are no letters and never will be (Unicode keeps them for use within a program).
const (
	opens  = '\uFDD0'
	closes = '\uFDD1'
)

// Blank returns a text that stands for something a person has to fill in, to be put into any text of a document: it is shown in
// brackets and shaded, so that nobody takes it for a statement, on paper without colours either.
func Blank(what string) string {
	what = strings.Map(func(r rune) rune {
		if r == opens || r == closes {
			return -1
		}
		return r
	}, what)
	left, right := "[", "]"
	if strings.IndexFunc(what, wide) >= 0 || what == "" {
		left, right = "【", "】"
	}
	if what == "" {
		what = "\u3000\u3000\u3000\u3000"
	}
	return string(opens) + left + what + right + string(closes)
}

// Holds reports whether a text holds a place to fill in.
func Holds(text string) bool { return strings.ContainsRune(text, opens) }

// Unmarked takes the marks around places to fill in out of a text, for those who show it in another way. The brackets stay.
func Unmarked(text string) string { return unmarked.Replace(text) }

// run is a stretch of a text that is shown in one way.
type run struct {
	Text  string
	Blank bool
}

// runs divides a clean text where places to fill in begin and end. Marks without a partner count as far as they are understood.
func runs(s string) (out []run) {
	blank := false
	for s != "" {
		i := strings.IndexAny(s, string(opens)+string(closes))
		if i < 0 {
			return append(out, run{s, blank})
		}
		if i > 0 {
			out = append(out, run{s[:i], blank})
		}
		blank = strings.HasPrefix(s[i:], string(opens))
		s = s[i+len(string(opens)):]
	}
	return out
}

var unmarked = strings.NewReplacer(string(opens), "", string(closes), "")

// bare is a clean text without marks, as titles and workbooks have it.
func bare(s string) string {
	return unmarked.Replace(clean(s))
}
