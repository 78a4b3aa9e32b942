package password

import (
	"math"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Strength is what a password would cost somebody who guesses well.
type Strength struct {
	Score   int      // 0 to 4, with zxcvbn's meaning; 4 is what a password must have that stands alone
	Guesses float64  // as a power of ten
	Why     Reason   // what makes it weak; empty for a score of 4
	Advice  []Reason // what would help
}

// scores are the guesses, as powers of ten, from which on a score is higher by one.
var scores = [...]float64{3, 6, 8, boundAlone}

// maxLook is how many code points are looked at, which bounds the time. What follows counts as nothing.
const maxLook = 100

// Estimate tells how strong a password is, by the method of zxcvbn: the cheapest way to put it together from words,
// names, repetitions, rows of keys, dates and single characters. It is the same at any time and on any machine.
func Estimate(password string, names ...string) Strength {
	if !utf8.ValidString(password) {
		return weak(0, NotText)
	}
	// A character can become 18 in NFKC; the bound before it keeps the work small, the one behind it smaller.
	text := first([]rune(norm.NFKC.String(string(first([]rune(password), 4*maxLook)))), maxLook)
	own := namesOf(names)
	cost, why := cheapest(newText(text), own)
	if bare, signs := withoutSigns(text); signs > 0 && len(bare) > 0 {
		if c, w := cheapest(newText(bare), own); c+signs < cost {
			cost, why = c+signs, w
		}
	}
	return weak(cost, why)
}

func first(r []rune, n int) []rune { return r[:min(n, len(r))] }

func weak(guesses float64, why Reason) Strength {
	s := Strength{Guesses: guesses, Why: why}
	for s.Score < len(scores) && guesses >= scores[s.Score] {
		s.Score++
	}
	if s.Score == len(scores) {
		s.Why = ""
		return s
	}
	if s.Advice = []Reason{AddWords}; why != Weak {
		s.Advice = []Reason{why, AddWords}
	}
	return s
}

// withoutSigns takes out what stands between words, and tells what that adds: which signs, and in which place which.
func withoutSigns(text []rune) (bare []rune, cost float64) {
	kinds := make(map[rune]bool)
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			bare = append(bare, r)
		} else {
			kinds[r] = true
		}
	}
	if len(kinds) == 0 {
		return bare, 0
	}
	return bare, single*float64(len(kinds)) + float64(len(text)-len(bare))*math.Log10(float64(len(kinds)))
}

// part is a piece of a password, text[from:to], that a guesser has in a list.
type part struct {
	from, to int
	cost     float64
	why      Reason
}

// single is the cost of a character that belongs to nothing known: zxcvbn's ten.
const single = 1

// cheapest returns the least cost of a text, and which kind of part covers most of it.
func cheapest(t text, own map[string]bool) (float64, Reason) {
	n := len(t.plain)
	if n == 0 {
		return 0, Weak
	}
	ending := make([][]part, n+1)
	for _, p := range t.parts(own) {
		ending[p.to] = append(ending[p.to], p)
	}
	// The rows are made from the last start to the first: what repeats costs what stands once, and that is known by then.
	rows := make([][]float64, n)
	var last []part
	for from := n - 1; from >= 0; from-- {
		rows[from], last = t.row(from, rows, ending)
	}
	return rows[0][n], covering(last, n)
}

// row returns the least cost of text[from:to] for each to, and the last part of each. It adds the repetitions that
// start here to ending.
func (t text) row(from int, rows [][]float64, ending [][]part) ([]float64, []part) {
	n := len(t.plain)
	row, last := make([]float64, n+1), make([]part, n+1)
	for to := from + 1; to <= n; to++ {
		row[to], last[to] = row[to-1]+single, part{from: to - 1, to: to, why: Weak}
		for _, p := range ending[to] {
			if p.from < from {
				continue
			}
			if c := row[p.from] + p.cost; c < row[to] {
				row[to], last[to] = c, p
			}
		}
		width := to - from
		for end := to + width; end <= n && equal(t.low[from:to], t.low[end-width:end]); end += width {
			times := float64((end - from) / width)
			ending[end] = append(ending[end], part{from, end, row[to] + math.Log10(times), Repeated})
		}
	}
	return row, last
}

func equal(a, b []rune) bool { return string(a) == string(b) }

// covering walks the cheapest way back and returns the kind of the parts that cover most of a text.
func covering(last []part, n int) Reason {
	covered := make(map[Reason]int)
	for to := n; to > 0; to = last[to].from {
		covered[last[to].why] += to - last[to].from
	}
	best := Weak
	for _, why := range []Reason{Own, Common, Repeated, Keys, Dated} {
		if covered[why] > 0 && (best == Weak || covered[why] > covered[best]) {
			best = why
		}
	}
	return best
}
