package document

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/signintech/gopdf"
)

// look is how a document is set, in points.
type look struct {
	margin, leading, title, head, part, text, cell, small float64
	tight                                                 float64 // leading in tables and forms
}

// A report is dense and is searched; a letter is read.
var (
	report = look{margin: 40, leading: 1.45, title: 17, head: 12, part: 10.5, text: 9.5, cell: 8, small: 6.5, tight: 1.45}
	letter = look{margin: 68, leading: 1.65, title: 12.5, head: 12, part: 11, text: 10.5, cell: 9, small: 7.5, tight: 1.42}
)

// Measures that both have.
const (
	lowest  = 56.0 // where text ends above the edge of the paper, at least
	footer  = 40.0 // where the last line stands above it
	padding = 3.5
	signAt  = 150.0 // width of a place to sign

	labelGap, labelMost = 14.0, 170.0 // behind the words of pairs, and how wide they are at most
)

func (d *Document) look() look {
	if d.Letter {
		return letter
	}
	return report
}

// strong is the tone of titles. Fonts with Japanese letters have one weight: finish finds these letters by their colour, which nothing else has, and
// has them drawn with an edge.
const strong Tone = -1

// tones are their colours.
var tones = map[Tone][3]uint8{Plain: {28, 36, 48}, Good: {20, 108, 58}, Bad: {166, 38, 31}, Large: {28, 36, 48}, Quiet: {90, 100, 114}, strong: {28, 36, 49}}

// Colours of places to fill in, and of the labels of a form.
var (
	blankInk   = [3]uint8{80, 80, 80}
	blankShade = uint8(225)
	labelShade = uint8(242)
)

// PDF writes a document as PDF on A4, with a font by the name of its file, or one that the machine has if the name is empty.
func (d *Document) PDF(fontFile string, made time.Time) ([]byte, error) {
	p, err := NewPress(fontFile)
	if err != nil {
		return nil, err
	}
	return p.PDF(d, made)
}

// Press writes many PDFs with one font, which is read and tried once: a case has one document for each of 2,000 schools.
type Press struct {
	mu      sync.Mutex // one at a time
	fonts   gopdf.FontContainer
	missing bool // a letter was not in the font
}

// NewPress makes a press with a font by the name of its file, or one that the machine has if the name is empty.
func NewPress(fontFile string) (*Press, error) {
	b, err := font(fontFile)
	if err != nil {
		return nil, err
	}
	return newPress(b)
}

func newPress(font []byte) (*Press, error) {
	p := &Press{}
	return p, addFont(&p.fonts, font, func() { p.missing = true })
}

// PDF writes a document as PDF on A4.
func (p *Press) PDF(d *Document, made time.Time) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.missing = false
	w := &writer{look: d.look(), pdf: &gopdf.GoPdf{}, size: *gopdf.PageSizeA4, draft: d.Draft, latin: d.Lang == "en", wide: make(map[rune]float64)}
	if d.Landscape {
		w.size = *gopdf.PageSizeA4Landscape
	}
	w.pdf.Start(gopdf.Config{PageSize: w.size})
	w.pdf.SetInfo(gopdf.PdfInfo{Title: d.name(), Producer: "Azekura", CreationDate: made})
	if err := w.pdf.AddTTFFontFromFontContainer(family, &p.fonts); err != nil {
		return nil, err
	}
	w.pdf.SetNoCompression() // finish does it
	w.page()
	if d.Title != "" {
		w.text(d.Title, w.look.title, strong, Left, w.look.margin, w.width())
		w.y += 6
	}
	for i, x := range d.Blocks {
		w.keep(d.Blocks[i:])
		w.block(x)
	}
	if p.missing && d.Missing != "" {
		w.paragraph(Paragraph{Text: d.Missing, Tone: Quiet})
	}
	w.footers(d.Footer)
	if w.err != nil {
		return nil, w.err
	}
	b, err := w.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, err
	}
	return finish(b)
}

// writer lays blocks out. After an error it does nothing more.
type writer struct {
	look  look
	pdf   *gopdf.GoPdf
	size  gopdf.Rect
	draft string
	y     float64
	latin bool
	at    float64 // the size of letters that is set
	pages int
	wide  map[rune]float64 // of letters of size 1
	err   error
}

func (w *writer) width() float64  { return w.size.W - 2*w.look.margin }
func (w *writer) bottom() float64 { return w.size.H - max(w.look.margin, lowest) }

func (w *writer) page() {
	w.pdf.AddPage()
	w.pages++
	w.y = w.look.margin
	w.pdf.SetLineWidth(1) // a page on which nothing at all stands is none for SetPage
	if w.draft == "" {
		return
	}
	size := w.look.text
	l := w.lines(w.draft, size, w.width()-20)[0]
	long, y := w.measure(l.text)+16, w.look.margin-size-16
	w.pdf.SetStrokeColor(166, 38, 31)
	w.pdf.SetLineWidth(0.8)
	w.pdf.RectFromUpperLeft((w.size.W-long)/2, y, long, size+7)
	w.put(l, size, Bad, (w.size.W-long)/2+8, y+3.5, long-16, Left)
}

// room begins a new page when there is less left than asked for.
func (w *writer) room(height float64) {
	if w.y+height > w.bottom() && w.y > w.look.margin {
		w.page()
	}
}

// straight are quotation marks for English: fonts with Japanese letters have the others as wide as kanji.
var straight = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'")

func (w *writer) font(size float64) {
	if w.err == nil && w.at != size {
		w.at, w.err = size, w.pdf.SetFont(family, "", size)
	}
}

// measure returns how wide a text is in the size that is set: as wide as its letters together, for no two are drawn closer.
func (w *writer) measure(s string) (all float64) {
	for _, r := range s {
		if r == opens || r == closes {
			continue
		}
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
func (w *writer) lines(s string, size, width float64) []line {
	w.font(size)
	if w.latin {
		s = straight.Replace(s)
	}
	return wrap(s, width, w.measure)
}

// put writes one line into a width from a place on. A full line of Japanese is drawn out to its end, as print does.
func (w *writer) put(l line, size float64, tone Tone, x, y, width float64, align Align) {
	w.font(size)
	slack, gap := width-w.measure(l.text), 0.0
	switch align {
	case Right:
		x += slack
	case Centre:
		x += slack / 2
	case Left:
		gap = drawn(l, slack, size)
	}
	for _, r := range runs(l.text) {
		long := w.measure(r.Text) + gap*float64(utf8.RuneCountInString(r.Text))
		c := tones[tone]
		if r.Blank {
			c = blankInk
			w.pdf.SetFillColor(blankShade, blankShade, blankShade)
			w.pdf.RectFromUpperLeftWithStyle(x, y-1, long, size+2.5, "F")
		}
		if w.err != nil {
			return
		}
		w.pdf.SetTextColor(c[0], c[1], c[2])
		w.pdf.SetXY(x, y)
		if w.err = w.pdf.SetCharSpacing(gap); w.err == nil {
			w.err = w.pdf.Cell(nil, r.Text)
		}
		x += long
	}
	if gap != 0 && w.err == nil {
		w.err = w.pdf.SetCharSpacing(0)
	}
}

// drawn returns how far the letters of a line stand apart, so that it fills its width; 0 for the last of a paragraph, one of words, and
// one that would be drawn out by more than a tenth of a letter, which those who copy it would take for spaces.
func drawn(l line, slack, size float64) float64 {
	n := utf8.RuneCountInString(bare(l.text))
	if l.last || n < 2 || slack <= 0 || slack > size/10*float64(n-1) || strings.IndexFunc(l.text, wide) < 0 {
		return 0
	}
	return slack / float64(n-1)
}

// text writes lines below each other, over as many pages as it takes.
func (w *writer) text(s string, size float64, tone Tone, align Align, x, width float64) {
	lines := w.lines(s, size, width)
	for i, l := range lines {
		need := size * w.look.leading
		if i == 0 && len(lines) > 2 { // no first line alone at the end of a page
			need *= 2
		}
		w.room(need)
		w.put(l, size, tone, x, w.y, width, align)
		w.y += size * w.look.leading
	}
}

func (w *writer) rule(y, width float64, grey uint8) {
	w.pdf.SetStrokeColor(grey, grey, grey)
	w.pdf.SetLineWidth(width)
	w.pdf.Line(w.look.margin, y, w.size.W-w.look.margin, y)
}

// footers writes the last line of each page, now that their number is known.
func (w *writer) footers(text string) {
	for i := 1; i <= w.pages && w.err == nil; i++ {
		if w.err = w.pdf.SetPage(i); w.err != nil {
			return
		}
		w.at = 0 // each page sets its own
		y, long := w.size.H-footer-w.look.small, w.width()
		w.put(w.lines(text, w.look.small, long-60)[0], w.look.small, Quiet, w.look.margin, y, long, Left)
		w.put(line{fmt.Sprintf("%d / %d", i, w.pages), true}, w.look.small, Quiet, w.look.margin, y, long, Right)
	}
}
