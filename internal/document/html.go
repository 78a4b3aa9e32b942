package document

import (
	"bytes"
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"tone": func(t Tone) string {
	return map[Tone]string{Good: "good", Bad: "bad", Large: "large", Quiet: "quiet"}[t]
}, "align": func(a Align) string {
	return map[Align]string{Centre: "centre", Right: "right"}[a]
}, "kind": kind, "cell": cell, "bare": bare, "title": (*Document).name, "svg": func(c Code) (template.HTML, error) {
	svg, err := c.SVG()
	return template.HTML("<svg " + svg + "</svg>"), err // numbers alone: nothing of the text is in it
}, "runs": func(s string) []run { return runs(clean(s)) },
}).Parse(pageText))

// kind is a block's word in the templates.
func kind(b Block) string {
	switch b.(type) {
	case Subject:
		return "subject"
	case Heading:
		return "heading"
	case Paragraph:
		return "paragraph"
	case List:
		return "list"
	case Pairs:
		return "pairs"
	case Form:
		return "form"
	case Table:
		return "table"
	case Signature:
		return "signature"
	case Code:
		return "code"
	}
	return "page"
}

// HTML writes a document as a page that needs nothing else, and prints on A4.
func (d *Document) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, d)
	return b.Bytes(), err
}
