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
}, "kind": func(b Block) string {
	switch b.(type) {
	case Heading:
		return "heading"
	case Paragraph:
		return "paragraph"
	case Pairs:
		return "pairs"
	case Table:
		return "table"
	}
	return "signature"
}}).Parse(pageText))

// HTML writes a document as a page that needs nothing else, and prints on A4.
func (d *Document) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, d)
	return b.Bytes(), err
}
