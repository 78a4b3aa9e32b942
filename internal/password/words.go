package password

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
	"golang.org/x/text/unicode/norm"
)

// japanese holds, separated by white space, what the lists of zxcvbn do not know: Japanese words and names in Latin letters,
// kana and kanji, words of schools and printing, and well-known phrases; what is tried first stands first.
//
//go:embed words.txt
var japanese string

// longest is the length of the longest word that is looked for; of a longer name its parts are.
const longest = 40

// product is what this program is called.
var product = [...]string{"azekura", "あぜくら", "校倉", "校倉造"}

// words returns the rank of each word in the list that has it highest. Only data is taken from zxcvbn: its Go ports
// confuse bytes with code points, or measure dates from today.
var words = sync.OnceValue(func() map[string]uint16 {
	ranks := make(map[string]uint16, 100_000)
	for _, list := range frequency.FrequencyLists {
		rank(ranks, list)
	}
	rank(ranks, strings.Fields(japanese))
	return ranks
})

func rank(ranks map[string]uint16, list []string) {
	for i, w := range list {
		if w = lowered(w); utf8.RuneCountInString(w) < 2 {
			continue // a single letter is one of ten anyway
		}
		if r := ranks[w]; r == 0 || i+1 < int(r) {
			ranks[w] = uint16(i + 1)
		}
	}
}

// namesOf returns names and the parts that they have, in the form in which they are looked for. Very short ones are in every text.
func namesOf(names []string) map[string]bool {
	own := make(map[string]bool)
	put := func(s string) {
		if n := utf8.RuneCountInString(s); n >= 3 || n == 2 && len(s) > 2 {
			own[s] = true
		}
	}
	for _, name := range slices.Concat(names, product[:]) {
		name = lowered(norm.NFKC.String(name))
		parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != 'ー' })
		put(strings.Join(parts, ""))
		for _, p := range parts {
			put(p)
		}
	}
	return own
}
