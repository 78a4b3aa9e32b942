package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/lang"
)

// TestAskPapers: who types a paper twice, or with a slip, is told at once and asked again; who ends the input gives what was typed until then.
func TestAskPapers(t *testing.T) {
	_, pieces, err := piece.Split(piece.Set{Number: 1, Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	words := func(p piece.Piece) (out []string) {
		for _, line := range p.Words() {
			out = append(out, strings.Join(line, " "))
		}
		return out
	}
	one, two := words(pieces[0]), words(pieces[1])
	slip := append([]string{one[0], "able " + one[1]}, one[1:]...)
	for name, x := range map[string]struct {
		typed []string
		says  string
		want  int
	}{
		"right":         {append(one, two...), "", 2},
		"a slip":        {append(slip, pieces[1].Code()), "a line with a slip: line 2", 2},
		"twice":         {append(append(one, pieces[0].Code()), two...), "given twice", 2},
		"an end":        {one, "", 1},
		"half a paper":  {one[:4], "", 0},
		"an empty line": {append(one, ""), "", 1},
	} {
		in, typed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		typed.WriteString(strings.Join(x.typed, "\n") + "\n")
		typed.Close()
		var told strings.Builder
		a := &app{lang: lang.English, in: in, err: &told}
		if texts := a.askPapers(0); len(texts) != x.want || !strings.Contains(told.String(), x.says) || strings.Contains(told.String(), one[0]) {
			t.Errorf("%s: %d papers, told %s", name, len(texts), told.String())
		}
		in.Close()
	}
}

// TestPapersOf: two papers that were typed into one file, one right behind the other, are two papers, also with the numbers of their lines.
func TestPapersOf(t *testing.T) {
	_, pieces, err := piece.Split(piece.Set{Number: 1, Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	words := func(p piece.Piece, after string) string {
		var out strings.Builder
		for i, line := range p.Words() {
			fmt.Fprintf(&out, "%d %s%s", i+1, strings.Join(line, " "), after)
		}
		return out.String()
	}
	one, two := words(pieces[0], "\n"), words(pieces[1], "\r\n")
	slip := strings.Replace(two, "9 ", "9 able ", 1)
	for name, x := range map[string]struct {
		file string
		want int
	}{
		"one behind the other": {one + two, 2},
		"an empty line":        {one + "\n\n" + two + "\n", 2},
		"words and codes":      {one + pieces[1].Code() + "\n" + words(pieces[2], "\n"), 3},
		"in one line":          {words(pieces[0], " ") + "\n" + words(pieces[1], " "), 2},
		"a slip":               {one + slip, 2},
		"nothing":              {"\n", 0},
	} {
		texts, err := papersOf(strings.NewReader(x.file))
		if err != nil || len(texts) != x.want {
			t.Errorf("%s: %d papers, want %d: %v", name, len(texts), x.want, err)
		}
		for i, text := range texts {
			if _, err := piece.Parse(text); err != nil && !(name == "a slip" && i == 1) {
				t.Errorf("%s: paper %d: %v", name, i+1, err)
			}
		}
	}
}
