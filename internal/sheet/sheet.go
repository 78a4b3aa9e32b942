// Package sheet sets the papers on which the pieces of the recovery secret are printed: one page each, which somebody under stress can
// read years later, and a first page for whoever hands them out.
package sheet

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

const codeSize = 34 // millimetres

// Papers returns the papers of a set. firm may be "".
func Papers(l lang.Lang, p account.KeyPapers, firm string) *document.Document {
	d := &document.Document{Lang: l.String(), Title: l.Text("web.sheet-title", p.Number), Missing: l.Text("web.drill-missing"), Footer: l.Text("web.sheet-footer", p.Vault, p.Number, p.PaperSet.Code)}
	d.Blocks = append(d.Blocks, document.Paragraph{Text: l.Text("web.sheet-cover", p.Of, p.Needed), Tone: document.Large}, about(l, p, firm),
		document.Heading{Text: l.Text("web.sheet-now")}, lines(l, "web.sheet-now-text"),
		document.Heading{Text: l.Text("web.sheet-who")}, document.Paragraph{Text: l.Text("web.sheet-who-text")}, holders(l, p))
	for _, x := range p.Papers {
		d.Blocks = append(d.Blocks, document.PageBreak{})
		d.Blocks = append(d.Blocks, paper(l, p, x, firm)...)
	}
	return d
}

// PDF returns the papers as PDF.
func PDF(l lang.Lang, p account.KeyPapers, firm, font string) ([]byte, error) {
	return print(Papers(l, p, firm), font, p.Made)
}

func print(d *document.Document, font string, made time.Time) ([]byte, error) {
	b, err := d.PDF(font, made)
	if errors.Is(err, document.ErrNoFont) {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "write PDF", Hint: "hint.font"}
	}
	if err != nil {
		return nil, problem.New(problem.Internal, "write PDF", font, err)
	}
	return b, nil
}

// Ready returns nil if a PDF can be made here: papers are made once, and must not be lost for want of a font.
func Ready(font string) error {
	_, err := document.NewPress(font)
	if errors.Is(err, document.ErrNoFont) {
		return &problem.Error{Kind: problem.NotFound, Op: "write PDF", Hint: "hint.font"}
	}
	return err
}

func about(l lang.Lang, p account.KeyPapers, firm string) document.Pairs {
	out := document.Pairs{}
	if firm != "" {
		out = append(out, [2]string{l.Text("register.firm-name"), firm})
	}
	return append(out, [2]string{l.Text("web.sheet-vault"), p.Vault}, [2]string{l.Text("web.sheet-set"), strconv.Itoa(p.Number) + " (" + p.PaperSet.Code + ")"},
		[2]string{l.Text("web.sheet-made"), p.Made.Local().Format("2006-01-02")}, [2]string{l.Text("web.sheet-needed"), l.Text("web.sheet-of", p.Needed, p.Of)})
}

func lines(l lang.Lang, key string) document.List { return strings.Split(l.Text(key), "\n") }

// holders is a list to write on who got which paper.
func holders(l lang.Lang, p account.KeyPapers) document.Table {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.sheet-paper"), Width: 1}, {Title: l.Text("web.sheet-holder"), Width: 3}, {Title: l.Text("web.sheet-place"), Width: 4}, {Title: l.Text("web.sheet-date"), Width: 2}}}
	for _, x := range p.Papers {
		t.Rows = append(t.Rows, []document.Cell{{Text: strconv.Itoa(x.Number), Tone: document.Large}})
	}
	return t
}

// paper is one page.
func paper(l lang.Lang, p account.KeyPapers, x account.KeyPaper, firm string) []document.Block {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.sheet-line"), Width: 1, Right: true}}}
	for range len(x.Words[0]) - 1 {
		t.Columns = append(t.Columns, document.Column{Title: "", Width: 3})
	}
	t.Columns = append(t.Columns, document.Column{Title: l.Text("web.sheet-check"), Width: 3})
	for i, words := range x.Words {
		row := []document.Cell{{Text: strconv.Itoa(i + 1), Tone: document.Large}}
		for _, w := range words {
			row = append(row, document.Cell{Text: w, Tone: document.Large})
		}
		t.Rows = append(t.Rows, row)
	}
	return []document.Block{
		document.Heading{Text: l.Text("web.sheet-head", x.Number, p.Of)}, document.Paragraph{Text: l.Text("web.sheet-says", p.Needed), Tone: document.Large}, about(l, p, firm),
		document.Heading{Text: l.Text("web.sheet-use"), Level: 2}, lines(l, "web.sheet-use-text"),
		document.Code{Text: x.Code, Size: codeSize}, t,
		document.Heading{Text: l.Text("web.sheet-keep"), Level: 2}, lines(l, "web.sheet-keep-text"),
		document.Signature{l.Text("web.sheet-holder"), l.Text("web.sheet-place"), l.Text("web.sheet-date")},
	}
}
