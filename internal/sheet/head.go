package sheet

import (
	"time"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// Head is the head of a ledger as it is kept on paper, where nobody who holds a machine can change it.
type Head struct {
	Origin, Key string
	Size        int64
	Text        string // as somebody may type it
	At          time.Time
}

// headSide is how large it is printed for a camera, in millimetres.
const headSide = 45

// PDF sets it, with a font by the name of its file, or one that the machine has if the name is empty.
func (h Head) PDF(l lang.Lang, font string) ([]byte, error) { return print(h.document(l), font, h.At) }

// HTML returns it as a page that needs nothing else.
func (h Head) HTML(l lang.Lang) ([]byte, error) { return h.document(l).HTML() }

func (h Head) document(l lang.Lang) *document.Document {
	return &document.Document{Lang: l.String(), Title: l.Text("web.head-title", h.At.Local().Format("2006-01-02")), Footer: h.Origin, Missing: l.Text("web.drill-missing"), Blocks: []document.Block{
		document.Paragraph{Text: l.Text("web.head-about")},
		document.Pairs{{l.Text("web.head-ledger"), h.Origin}, {l.Text("web.head-size"), lang.Grouped(h.Size)}, {l.Text("web.head-when"), h.At.Local().Format("2006-01-02 15:04 -07:00")}, {l.Text("web.head-key"), h.Key}},
		document.Heading{Text: l.Text("web.head-head")},
		document.Paragraph{Text: h.Text, Tone: document.Large},
		document.Code{Text: h.Text, Size: headSide},
		document.Paragraph{Text: l.Text("web.head-later"), Tone: document.Quiet},
		document.Signature{l.Text("web.head-by"), l.Text("web.head-day")},
	}}
}
