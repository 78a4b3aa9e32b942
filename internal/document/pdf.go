package document

import (
	"fmt"
	"time"

	"github.com/signintech/gopdf"
)

// Measures of a page, in points.
const (
	margin  = 40.0
	footer  = 16.0 // above the lower margin
	leading = 1.45
	padding = 3.0
	titleAt = 17.0
	headAt  = 12.0
	textAt  = 9.5
	cellAt  = 8.0
	smallAt = 6.5
	signAt  = 150.0 // width of a place to sign
)

// tones are their colours.
var tones = map[Tone][3]uint8{Plain: {28, 36, 48}, Good: {20, 108, 58}, Bad: {166, 38, 31}, Large: {28, 36, 48}, Quiet: {90, 100, 114}}

// PDF writes a document as PDF on A4, with a font by the name of its file, or one that the machine has if the name is empty.
func (d *Document) PDF(fontFile string, made time.Time) ([]byte, error) {
	b, err := font(fontFile)
	if err != nil {
		return nil, err
	}
	return d.write(b, made)
}

// write is PDF with a font.
func (d *Document) write(font []byte, made time.Time) ([]byte, error) {
	w := &writer{pdf: &gopdf.GoPdf{}, size: *gopdf.PageSizeA4, wide: make(map[rune]float64)}
	if d.Landscape {
		w.size = *gopdf.PageSizeA4Landscape
	}
	w.pdf.Start(gopdf.Config{PageSize: w.size})
	w.pdf.SetInfo(gopdf.PdfInfo{Title: clean(d.Title), Producer: "Azekura", CreationDate: made})
	if err := addFont(w.pdf, font, func() { w.missing = true }); err != nil {
		return nil, err
	}
	w.page()
	w.text(d.Title, titleAt, Plain, margin, w.width())
	w.y += 6
	for _, x := range d.Blocks {
		w.block(x)
	}
	if w.missing && d.Missing != "" {
		w.paragraph(Paragraph{Text: d.Missing, Tone: Quiet})
	}
	w.footers(d.Footer)
	if w.err != nil {
		return nil, w.err
	}
	return w.pdf.GetBytesPdfReturnErr()
}

// writer lays blocks out. After an error it does nothing more.
type writer struct {
	pdf     *gopdf.GoPdf
	size    gopdf.Rect
	y       float64
	at      float64 // the size of letters that is set
	pages   int
	wide    map[rune]float64 // of letters of size 1
	missing bool             // a letter was not in the font
	err     error
}

func (w *writer) width() float64  { return w.size.W - 2*margin }
func (w *writer) bottom() float64 { return w.size.H - margin - footer }

func (w *writer) page() {
	w.pdf.AddPage()
	w.pages++
	w.y = margin
}

// room begins a new page when there is less left than asked for.
func (w *writer) room(height float64) {
	if w.y+height > w.bottom() && w.y > margin {
		w.page()
	}
}

func (w *writer) font(size float64) {
	if w.err == nil && w.at != size {
		w.at, w.err = size, w.pdf.SetFont(family, "", size)
	}
}

// measure returns how wide a text is in the size that is set: as wide as its letters together, for no two are drawn closer.
func (w *writer) measure(s string) (all float64) {
	for _, r := range s {
		n, ok := w.wide[r]
		if !ok && w.err == nil {
			n, w.err = w.pdf.MeasureTextWidth(string(r))
			n /= w.at
			w.wide[r] = n
		}
		all += n * w.at
	}
	return all
}

// lines breaks a text for a width, in a size.
func (w *writer) lines(s string, size, width float64) []string {
	w.font(size)
	return wrap(s, width, w.measure)
}

// put writes one line at a place; right: it ends there.
func (w *writer) put(s string, size float64, tone Tone, x, y float64, right bool) {
	w.font(size)
	if right {
		x -= w.measure(s)
	}
	if w.err != nil || s == "" {
		return
	}
	c := tones[tone]
	w.pdf.SetTextColor(c[0], c[1], c[2])
	w.pdf.SetXY(x, y)
	w.err = w.pdf.Cell(nil, s)
}

// text writes lines below each other, over as many pages as it takes.
func (w *writer) text(s string, size float64, tone Tone, x, width float64) {
	for _, l := range w.lines(s, size, width) {
		w.room(size * leading)
		w.put(l, size, tone, x, w.y, false)
		w.y += size * leading
	}
}

func (w *writer) rule(y, width float64, grey uint8) {
	w.pdf.SetStrokeColor(grey, grey, grey)
	w.pdf.SetLineWidth(width)
	w.pdf.Line(margin, y, w.size.W-margin, y)
}

func (w *writer) block(b Block) {
	switch b := b.(type) {
	case Heading:
		w.y += 8
		w.room(headAt*leading + 60) // not the last thing on a page
		w.text(b.Text, headAt, Plain, margin, w.width())
		w.y += 2
	case Paragraph:
		w.paragraph(b)
	case Pairs:
		w.pairs(b)
	case Table:
		w.table(b)
	case Signature:
		w.sign(b)
	}
}

func (w *writer) paragraph(p Paragraph) {
	size := textAt
	if p.Tone == Large {
		size = headAt
	}
	w.text(p.Text, size, p.Tone, margin, w.width())
	w.y += 4
}

func (w *writer) pairs(list Pairs) {
	const most = 170.0
	wide := 0.0
	w.font(textAt)
	for _, p := range list {
		wide = min(max(wide, w.measure(clean(p[0]))+14), most)
	}
	for _, p := range list {
		left, right := w.lines(p[0], textAt, wide-10), w.lines(p[1], textAt, w.width()-wide)
		for i := range max(len(left), len(right)) {
			w.room(textAt * leading)
			if i < len(left) {
				w.put(left[i], textAt, Quiet, margin, w.y, false)
			}
			if i < len(right) {
				w.put(right[i], textAt, Plain, margin+wide, w.y, false)
			}
			w.y += textAt * leading
		}
	}
	w.y += 4
}

func (w *writer) sign(list Signature) {
	const height = 64.0
	w.room(height)
	for i, s := range list {
		x := margin + float64(i)*(signAt+24)
		w.pdf.SetStrokeColor(120, 120, 120)
		w.pdf.SetLineWidth(0.6)
		w.pdf.Line(x, w.y+44, x+signAt, w.y+44)
		w.put(s, cellAt, Quiet, x, w.y+48, false)
	}
	w.y += height
}

// footers writes the last line of each page, now that their number is known.
func (w *writer) footers(text string) {
	for i := 1; i <= w.pages && w.err == nil; i++ {
		if w.err = w.pdf.SetPage(i); w.err != nil {
			return
		}
		w.at = 0 // each page sets its own
		y := w.size.H - margin - smallAt
		w.put(w.lines(text, smallAt, w.width()-60)[0], smallAt, Quiet, margin, y, false)
		w.put(fmt.Sprintf("%d / %d", i, w.pages), smallAt, Quiet, w.size.W-margin, y, true)
	}
}
