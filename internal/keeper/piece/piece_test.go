package piece

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/seal"
)

var example = Set{Vault: [5]byte{1, 2, 3, 4, 5}, Number: 3, ID: [4]byte{0xab, 0xcd, 1, 2}, Needed: 2, Of: 3}

func split(t interface{ Fatal(...any) }, s Set) (seal.Key, []Piece) {
	k, p, err := Split(s)
	if err != nil {
		t.Fatal(err)
	}
	return k, p
}

func text(p Piece) string { return written(p.Words()) }

func written(words [][]string) string {
	var lines []string
	for _, l := range words {
		lines = append(lines, strings.Join(l, " "))
	}
	return strings.Join(lines, "\n")
}

// TestAnySubset splits at every k and n and combines subsets: as many as are needed give the key, in any order, and fewer do not.
func TestAnySubset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := example
		s.Of = rapid.IntRange(MinNeeded, MaxOf).Draw(t, "n")
		s.Needed = rapid.IntRange(MinNeeded, s.Of).Draw(t, "k")
		k, pieces := split(t, s)
		some := rapid.Permutation(pieces).Draw(t, "order")[:rapid.IntRange(1, s.Of).Draw(t, "given")]
		got, err := Combine(some)
		if len(some) < s.Needed {
			if err == nil {
				t.Fatalf("%d of %d pieces gave a key", len(some), s.Needed)
			}
			lie := slices.Clone(some) // somebody writes that fewer are needed
			for i := range lie {
				lie[i].Needed = len(some)
			}
			if got, err := Combine(lie); err == nil && got == k {
				t.Fatal("fewer pieces give the key")
			}
			return
		}
		if err != nil || got != k {
			t.Fatalf("another key: %v", err)
		}
	})
}

func TestPiecesThatDoNotBelongTogether(t *testing.T) {
	_, a := split(t, example)
	other := example
	other.ID[0]++
	_, b := split(t, other)
	for name, p := range map[string][]Piece{"one twice": {a[0], a[0]}, "another set": {a[0], b[1]}} {
		if _, err := Combine(p); !errors.Is(err, ErrApart) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Combine(nil); err == nil {
		t.Error("no piece gave a key")
	}
	for _, s := range []Set{{Number: 1, Needed: 1, Of: 3}, {Number: 1, Needed: 4, Of: 3}, {Number: 1, Needed: 2, Of: 17}, {Needed: 2, Of: 3}} {
		if _, _, err := Split(s); err == nil {
			t.Errorf("%+v was split", s)
		}
	}
}

func TestWords(t *testing.T) {
	_, pieces := split(t, example)
	p := pieces[1]
	wide := func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}
	var numbered, short []string
	for i, l := range p.Words() {
		numbered = append(numbered, fmt.Sprintf("%d. %s", i+1, strings.Join(l, "  ")))
		for _, w := range l {
			short = append(short, w[:min(4, len(w))])
		}
	}
	for name, in := range map[string]string{
		"as printed": text(p), "upper case": strings.ToUpper(text(p)), "full width": strings.Map(wide, text(p)), "with numbers": strings.Join(numbered, "\r\n"),
		"one line": strings.ReplaceAll(text(p), "\n", " "), "four letters": strings.Join(short, " "), "ideographic spaces": strings.ReplaceAll(text(p), " ", "\u3000"),
		"the code": p.Code(), "the code, small and in groups": strings.ToLower(p.Code()[:20] + " \n" + p.Code()[20:]), "the code, full width": strings.Map(wide, p.Code()),
	} {
		got, err := Parse(in)
		if err != nil || !got.Same(p) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestWrongTexts(t *testing.T) {
	_, pieces := split(t, example)
	lines := strings.Split(text(pieces[0]), "\n")
	edit := func(do func(l []string) []string) string { return strings.Join(do(slices.Clone(lines)), "\n") }
	for _, c := range []struct {
		name, text string
		want       Error
	}{
		{"nothing", " \n", Error{Reason: Empty}},
		{"one line less", edit(func(l []string) []string { return l[:8] }), Error{Reason: Length, Line: 9}},
		{"a word less", edit(func(l []string) []string { l[4] = l[4][strings.Index(l[4], " ")+1:]; return l }), Error{Reason: Length, Line: 5}},
		{"a word more", edit(func(l []string) []string { l[6] += " able"; return l }), Error{Reason: Length, Line: 7}},
		{"a line twice", edit(func(l []string) []string { return append(l, l[8]) }), Error{Reason: Length, Line: 9}},
		{"lines changed places", edit(func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }), Error{Reason: Checked, Line: 3}},
		{"no word", edit(func(l []string) []string { l[1] = "xylophone" + l[1][strings.Index(l[1], " "):]; return l }), Error{Reason: Word, Line: 2, Place: 1}},
		{"kana", "いろはにほへと", Error{Reason: Script, Line: 1, Place: 1}},
		{"an input method at work", edit(func(l []string) []string { l[1] = "ａｂｌｅ はwk くねえ able able"; return l }), Error{Reason: Script, Line: 2, Place: 2}},
		{"the beginning of a word, too short", edit(func(l []string) []string { l[1] = "aba" + l[1][strings.Index(l[1], " "):]; return l }), Error{Reason: Word, Line: 2, Place: 1}},
		{"a hyphen through an input method", edit(func(l []string) []string { l[1] = "ー" + l[1][strings.Index(l[1], " "):]; return l }), Error{Reason: Script, Line: 2, Place: 1}},
		{"the name alone", "AZEKURA", Error{Reason: Word, Line: 1, Place: 1}},
		{"a code without its version", "AZEKURAX", Error{Reason: Word, Line: 1, Place: 1}},
		{"a code of a later version", "AZEKURA2" + pieces[0].Code()[8:], Error{Reason: Newer}},
		{"half a code", pieces[0].Code()[:40], Error{Reason: Whole}},
		{"another code", pieces[0].Code()[:60] + strings.Map(func(r rune) rune { return r ^ 1 }, "A") + pieces[0].Code()[61:], Error{Reason: Whole}},
	} {
		_, err := Parse(c.text)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Reason != c.want.Reason && c.name != "half a code" && c.name != "another code" || e.Line != c.want.Line || e.Place != c.want.Place {
			t.Errorf("%s: %+v, want %+v", c.name, err, c.want)
		}
	}
	_, foreign := split(t, example) // a piece of which each line fits: two halves of two papers
	a, b := strings.Split(text(foreign[0]), "\n"), strings.Split(text(foreign[1]), "\n")
	if _, err := Parse(strings.Join(append(a[:5:5], b[5:]...), "\n")); err == nil || err.(*Error).Reason != Whole {
		t.Errorf("halves of two papers: %v", err)
	}
}

// TestNoSecondSpelling: what is no piece is none, also when somebody has made all its sums fit, and each piece has one spelling.
func TestNoSecondSpelling(t *testing.T) {
	_, pieces := split(t, example)
	p := pieces[0]
	with := func(do func(b []byte)) string {
		b := p.marshal()[:checked]
		do(b)
		sum := check(b)
		return codeStart + code.EncodeToString(append(b, sum[:]...))
	}
	last := p.Words() // half a byte is left behind the piece
	n := [inLine]int{}
	for j, w := range last[Lines-1][:inLine] {
		n[j] = find(w)
	}
	n[inLine-1] |= 1
	last[Lines-1][inLine-1], last[Lines-1][inLine] = list[n[inLine-1]], list[lineCheck(Lines-1, n)]
	tail := p.Code()
	end := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", tail[len(tail)-1])
	for name, x := range map[string]struct {
		text string
		want Reason
	}{
		"a later version":       {with(func(b []byte) { b[0] += 1 << 4 }), Newer},
		"no number of a set":    {with(func(b []byte) { b[2], b[3] = 0, 0 }), Whole},
		"one opens it":          {with(func(b []byte) { b[1] &= 0x0f }), Whole},
		"a fourth of three":     {with(func(b []byte) { b[0] = b[0]&0xf0 | 3 }), Whole},
		"no value":              {with(func(b []byte) { copy(b[13:], bytes.Repeat([]byte{0xff}, 32)) }), Whole},
		"words with something":  {written(last), Whole},
		"a code with something": {tail[:len(tail)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[end+1]), Whole},
	} {
		if _, err := Parse(x.text); err == nil || err.(*Error).Reason != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

// TestSame: pieces are one if all of them is.
func TestSame(t *testing.T) {
	_, pieces := split(t, example)
	p := pieces[0]
	set, number, value := p, p, p
	set.ID[0]++
	number.Number++
	value.value[31] ^= 1
	if !p.Same(p) || p.Same(set) || p.Same(number) || p.Same(value) {
		t.Error("pieces that are not one are the same, or one is not")
	}
}

// TestEverySlipIsFound changes one character anywhere: nothing else than the same piece comes of it, and the line is named.
func TestEverySlipIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := example
		s.Number = rapid.Uint16Range(1, 65535).Draw(t, "set")
		_, pieces := split(t, s)
		p := pieces[rapid.IntRange(0, 2).Draw(t, "piece")]
		in := text(p)
		for range 100 {
			at := rapid.IntRange(0, len(in)-1).Draw(t, "at")
			letter := string(rapid.SampledFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(t, "letter"))
			line := 1 + strings.Count(in[:at], "\n")
			if in[at] == '\n' {
				continue
			}
			var out string
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				out = in[:at] + letter + in[at+1:]
			case 1:
				out = in[:at] + letter + in[at:]
			default:
				out = in[:at] + in[at+1:]
			}
			got, err := Parse(out)
			e, _ := errors.AsType[*Error](err)
			switch {
			case out == in || err == nil && got.Same(p):
			case err == nil:
				t.Fatalf("%q is another piece", out)
			case e.Line != line:
				t.Fatalf("%q: line %d is named, want %d", out, e.Line, line)
			}
		}
	})
}

// TestEveryWordIsFound puts each word of the list in each place of a line.
func TestEveryWordIsFound(t *testing.T) {
	_, pieces := split(t, example)
	words := pieces[0].Words()
	for i, l := range words[:2] {
		for j := range l {
			for _, w := range list {
				line := slices.Clone(l)
				line[j] = w
				if _, err := readLine(i, line); (err == nil) != (w == l[j]) {
					t.Fatalf("line %d with %q in place %d: %v", i+1, w, j+1, err)
				}
			}
		}
	}
}

func TestPiecesDoNotPrint(t *testing.T) {
	_, pieces := split(t, example)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		if s := fmt.Sprintf(verb, pieces[0]); s != "(piece 1 of 3, set 3)" {
			t.Errorf("%s: %q", verb, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	_, pieces := split(f, example)
	f.Add(text(pieces[0]))
	f.Add(pieces[1].Code())
	f.Add("1. able able able able able")
	f.Fuzz(func(t *testing.T, in string) {
		p, err := Parse(in)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		for _, again := range []string{text(p), p.Code()} {
			if q, err := Parse(again); err != nil || !q.Same(p) {
				t.Fatalf("%q becomes another piece: %v", again, err)
			}
		}
	})
}
