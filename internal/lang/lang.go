// Package lang holds every text that people read on screen, in Japanese and English, by key.
//
// The keys have families: "op." and "kind." make the sentence of a problem, "hint." says what to do
// about it, "event." names what the ledger records, "cmd." is the help of commands, "web." is what pages say, "register." are the words of the register of personal data, "dav." is what
// the WebDAV door refuses, "note.", "rule.", "role.", "act.", "right." and "purpose." are words of the ledger and of accounts, "say." is everything else. A text that is missing, unused or lacks a language fails the tests.
package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Lang is a language that the program speaks.
type Lang uint8

// The languages.
const (
	English Lang = iota
	Japanese
)

// String returns the language's tag of BCP 47.
func (l Lang) String() string {
	if l == Japanese {
		return "ja"
	}
	return "en"
}

// Said is an error that tells its reason in the reader's language.
type Said interface {
	error
	Say(l Lang) string
}

// text is one text in each language. Both use the same verbs of package fmt, in the same order or
// with explicit indexes.
type text struct{ key, en, ja string }

// table finds texts by key.
type table map[string][2]string

// texts is every text there is.
var texts = func() table {
	t := make(table)
	for _, list := range [][]text{
		problemTexts,
		hintTexts,
		eventTexts,
		commandTexts,
		flagTexts,
		sayTexts,
		noteTexts,
		welcomeTexts,
		davTexts,
		webTexts,
		powerTexts,
		ruleTexts,
		witnessTexts,
		guardTexts,
		drillTexts,
		rehearsalTexts,
		registerTexts,
		rosterTexts,
		rosterDoorTexts,
		findingTexts,
		lineTexts,
		caseTexts,
		casePageTexts,
		inquiryTexts,
		receiptTexts,
		firmTexts,
		dueTexts,
		mediaTexts,
		bucketTexts,
		sinkTexts,
		restoreTexts,
		recoveryTexts,
		erasureTexts,
		retentionTexts,
		sheetTexts,
		reserveTexts,
		collectTexts,
	} {
		for _, x := range list {
			t[x.key] = [2]string{English: x.en, Japanese: x.ja}
		}
	}
	return t
}()

// Pick returns the language that a person wants: the best of an Accept-Language header ("ja,en;q=0.5")
// or of a locale such as $LANG ("ja_JP.UTF-8"). Where neither language is named it is English.
func Pick(want string) Lang {
	best, weight := English, 0.0
	for item := range strings.SplitSeq(want, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				continue
			}
			q = f
		}
		primary := strings.ToLower(tag)
		if i := strings.IndexAny(primary, "-_."); i >= 0 {
			primary = primary[:i]
		}
		if q <= weight { // of equals, the first
			continue
		}
		switch primary {
		case "ja", "japanese":
			best, weight = Japanese, q
		case "en", "c", "posix":
			best, weight = English, q
		}
	}
	return best
}

// Text returns the text of a key with its arguments put in. A key that nobody wrote a text for comes
// back as it is: the tests make sure that there is none.
func (l Lang) Text(key string, args ...any) string {
	t, ok := texts[key]
	if !ok {
		return key
	}
	s := t[l]
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// Has reports whether there is a text for a key.
func Has(key string) bool {
	_, ok := texts[key]
	return ok
}

// Flaw says what is wrong with content of a kind from a byte on, of so many: kind and reason are words of package guard/structure.
func (l Lang) Flaw(kind, reason string, at, size int64) string {
	what := "flaw." + reason
	if of := "flaw." + kind; reason == "data" && Has(of) {
		what = of
	}
	if !Has(what) {
		what = "flaw.data"
	}
	percent := int64(0)
	if size > 0 {
		percent = at / ((size + 99) / 100)
	}
	return l.Text("flaw.damaged", percent, l.Text(what))
}

// Reason is what an act that waits for a second person is for: what people have written; for more readings, "open 20/20, day"; for other
// rules, which of them.
func (l Lang) Reason(act, reason string) string {
	if act == "weaken-policy" {
		return l.policy(reason)
	}
	var class, span string
	var spent, of int
	if n, err := fmt.Sscanf(reason, "%s %d/%d, %s", &class, &spent, &of, &span); act != "read-more" || n != 4 || err != nil || !Has("web.budget."+class) || !Has("note."+span) {
		return reason
	}
	return l.Text("note."+span, l.Text("web.budget."+class), spent, of)
}

// Problem returns the sentence of a problem: what could not be done, on what, why, and what to do about
// it. op, kind and hint are those of a problem.Error; on and hint may be empty.
func (l Lang) Problem(op, on, kind, hint string) string {
	what := "op." + op
	if !Has(what) {
		what = "op."
	}
	s := l.Text(what)
	switch {
	case l == Japanese && on != "":
		s = "「" + on + "」：" + s
	case on != "":
		s += " “" + on + "”"
	}
	why := "kind." + kind
	if of := why + "." + op; Has(of) { // what is checked is not what the house has stored
		why = of
	}
	if !Has(why) {
		why = "kind.internal"
	}
	stop, colon, gap := ".", ": ", " "
	if l == Japanese {
		stop, colon, gap = "。", "。", ""
	}
	if hint == "" || !Has(hint) {
		return s + colon + l.Text(why) + stop
	}
	if slices.Contains(ofFiles, kind) && !slices.Contains(onlyAdvice, hint) || slices.Contains(sayAll, hint) {
		return s + stop + gap + l.Text(hint)
	}
	return s + colon + l.Text(why) + stop + gap + l.Text(hint)
}

// Grouped writes a number with a comma before each three digits, as both languages do.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
