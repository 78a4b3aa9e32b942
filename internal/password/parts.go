package password

import (
	"math"
	"strings"
	"unicode"
)

// text is a password in the forms in which its parts are looked for, all of one length.
type text struct {
	plain  []rune // NFKC
	low    []rune // lower case, hiragana for katakana
	folded []rune // low, with letters for the signs that stand for them
	keys   []rune // low, with the letters on the keys of a kana keyboard
}

func newText(plain []rune) text {
	t := text{plain, make([]rune, len(plain)), make([]rune, len(plain)), make([]rune, len(plain))}
	for i, r := range plain {
		r = lower(r)
		t.low[i], t.folded[i], t.keys[i] = r, r, r
		if x := signs[r]; x != 0 {
			t.folded[i] = x
		}
		if at := strings.IndexRune(kanaKeys, r); at >= 0 {
			t.keys[i] = rune(latinKeys[at/len("あ")])
		}
	}
	return t
}

// lower folds what a guesser does not tell apart: cases, and the two kana.
func lower(r rune) rune {
	if r >= 'ァ' && r <= 'ヶ' {
		return r - 'ァ' + 'ぁ'
	}
	return unicode.ToLower(r)
}

func lowered(s string) string { return strings.Map(lower, s) }

// signs that people write for letters.
var signs = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's', '!': 'i'}

// A word typed while the keyboard was in kana: "password" is せちととてらすし.
const (
	kanaKeys  = "ぬふあうえおやゆよわたていすかんなにらせちとしはきくまのりつさそひこみも"
	latinKeys = "1234567890qwertyuiopasdfghjklzxcvbnm"
)

// rows are keys in the order in which fingers run over them, by rows and by columns, Latin, numeric and kana.
var rows = [...]string{
	"1234567890-^", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "!@#$%^&*()", "!\"#$%&'()",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "zaq1xsw2cde3vfr4bgt5nhy6mju7", "qawsedrftgyhujikolp", "147258369", "789456123",
	"ぬふあうえおやゆよわほへ", "たていすかんなにらせ", "ちとしはきくまのりれけむ", "つさそひこみもねるめろ",
}

// columns are the syllables as they stand in the table of kana and in the old poem, which people run along as well.
var columns = [...]string{"あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
	"あかさたなはまやらわ", "いろはにほへとちりぬるをわかよたれそつねならむういのおくやまけふこえてあさきゆめみしゑひもせす"}

const (
	minRun   = 3                 // from which on neighbours are no accident
	wordCost = 2                 // at least: who guesses several words has a list for each place, and five of them are enough
	nameCost = 0.5               // a name out of three or so
	again    = 0.301029995663981 // a choice of two
)

// parts returns what of a text is known: words, names, rows of keys, sequences, dates.
func (t text) parts(own map[string]bool) []part {
	var out []part
	for from := range t.low {
		for to := from + 1; to <= min(len(t.low), from+longest); to++ {
			out = t.word(out, from, to, own)
		}
		out = t.runs(out, from)
		out = dates(out, t.low, from)
	}
	return out
}

// word adds text[from:to] if it is a word or a name, as it stands or in disguise.
func (t text) word(out []part, from, to int, own map[string]bool) []part {
	low := t.low[from:to]
	for i, form := range [...]string{string(low), string(t.folded[from:to]), string(t.keys[from:to]), backwards(low)} {
		cost := capitals(t.plain[from:to])
		if i > 0 {
			if form == string(low) {
				continue
			}
			cost += again
		}
		if own[form] {
			out = append(out, part{from, to, cost + nameCost, Own})
		}
		if rank := words()[form]; rank > 0 {
			out = append(out, part{from, to, cost + max(wordCost, math.Log10(float64(rank))), Common})
		}
	}
	return out
}

func backwards(r []rune) string {
	var out strings.Builder
	for i := range r {
		out.WriteRune(r[len(r)-1-i])
	}
	return out.String()
}

// capitals returns what capitals add: a choice of two where they stand as usual, and for each of the rarer ones.
func capitals(word []rune) float64 {
	upper := 0
	for _, r := range word {
		if unicode.IsUpper(r) {
			upper++
		}
	}
	if upper == 0 {
		return 0
	}
	return again * float64(max(1, min(upper, len(word)-upper)))
}

// runs adds what goes on by itself from a place on: abcd, 9876, asdf, あいうえ.
func (t text) runs(out []part, from int) []part {
	for _, step := range [...]rune{-1, 1} {
		to := from + 1
		for to < len(t.low) && t.low[to] == t.low[to-1]+step {
			to++
			out = addRun(out, from, to, 26)
		}
	}
	for to := from + minRun; to <= len(t.low); to++ {
		if !alongRow(string(t.low[from:to])) {
			break
		}
		out = addRun(out, from, to, len(rows)*10)
	}
	return out
}

func addRun(out []part, from, to, starts int) []part {
	if to-from < minRun {
		return out
	}
	return append(out, part{from, to, math.Log10(float64(2 * starts * (to - from))), Keys})
}

func alongRow(keys string) bool {
	back := backwards([]rune(keys))
	for _, list := range [...][]string{rows[:], columns[:]} {
		for _, row := range list {
			if strings.Contains(row, keys) || strings.Contains(row, back) {
				return true
			}
		}
	}
	return false
}
