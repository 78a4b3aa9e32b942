package document

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// DOCX writes a document as Word opens it, on A4, to be filled in and signed.
func (d *Document) DOCX(w io.Writer, made time.Time) error {
	a := newArchive(w, made)
	for _, p := range [][2]string{
		{"[Content_Types].xml", docxTypes}, {"_rels/.rels", packageRels("word/document.xml")}, {"docProps/core.xml", core(d.name(), tag(d.Lang), made)}, {"word/_rels/document.xml.rels", docxRels},
		{"word/styles.xml", d.styles()}, {"word/settings.xml", docxSettings}, {"word/numbering.xml", docxNumbering}, {"word/fontTable.xml", docxFonts()},
		{"word/header1.xml", d.header()}, {"word/footer1.xml", d.footer()}, {"word/document.xml", d.body()},
	} {
		if err := a.add(p[0], p[1]); err != nil {
			return err
		}
	}
	return a.zip.Close()
}

// sheet is an A4 page in twentieths of a point.
const (
	sheetShort = 11906
	sheetLong  = 16838
)

// inner is the width of the text, in twentieths of a point.
func (d *Document) inner() int {
	w := sheetShort
	if d.Landscape {
		w = sheetLong
	}
	return w - 2*twips(d.look().margin)
}

func twips(points float64) int { return int(math.Round(points * 20)) }

// paper writes the body of a document.
type paper struct {
	strings.Builder
	d *Document
}

func (p *paper) f(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (d *Document) body() string {
	p := &paper{d: d}
	p.f(`<w:document xmlns:w="%s" xmlns:r="%s"><w:body>`, wordSpace, relSpace)
	if d.Title != "" {
		p.para("Title", "", d.Title)
	}
	for _, b := range d.Blocks {
		p.block(b)
	}
	turned, width, height := "", sheetShort, sheetLong
	if d.Landscape {
		turned, width, height = ` w:orient="landscape"`, height, width
	}
	m := twips(d.look().margin)
	p.f(`<w:sectPr><w:headerReference w:type="default" r:id="rId5"/><w:footerReference w:type="default" r:id="rId6"/><w:pgSz w:w="%d" w:h="%d"%s/>`, width, height, turned)
	p.f(`<w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="400" w:footer="%d" w:gutter="0"/></w:sectPr></w:body></w:document>`, m, m, max(m, twips(lowest)), m, twips(footer-8))
	return p.String()
}

// para writes a paragraph in a style, with properties of its own.
func (p *paper) para(style, own, text string) {
	p.f(`<w:p><w:pPr>`)
	if style != "" {
		p.f(`<w:pStyle w:val="%s"/>`, style)
	}
	p.f(`%s</w:pPr>`, own)
	p.text(text, "")
	p.f(`</w:p>`)
}

// text writes the runs of a text.
func (p *paper) text(s, style string) {
	for _, r := range runs(clean(s)) {
		its := style
		if r.Blank {
			its = "Blank"
		}
		p.f(`<w:r>`)
		if its != "" {
			p.f(`<w:rPr><w:rStyle w:val="%s"/></w:rPr>`, its)
		}
		for i, l := range strings.Split(r.Text, "\n") {
			if i > 0 {
				p.f(`<w:br/>`)
			}
			p.f(`<w:t xml:space="preserve">%s</w:t>`, esc(l))
		}
		p.f(`</w:r>`)
	}
}

// toned are the styles of letters.
var toned = map[Tone]string{Good: "Good", Bad: "Bad", Large: "Large", Quiet: "Quiet"}

func (p *paper) paragraph(style string, x Paragraph) {
	p.f(`<w:p><w:pPr><w:pStyle w:val="%s"/>`, style)
	if x.Tone == Large {
		p.f(`<w:spacing w:line="%d" w:lineRule="exact"/>`, twips(p.d.look().head*p.d.look().leading))
	}
	switch x.Align {
	case Centre:
		p.f(`<w:jc w:val="center"/>`)
	case Right:
		p.f(`<w:jc w:val="right"/>`)
	}
	p.f(`</w:pPr>`)
	p.text(x.Text, toned[x.Tone])
	p.f(`</w:p>`)
}

func (p *paper) block(b Block) {
	switch b := b.(type) {
	case Subject:
		p.para("Title", "", string(b))
	case Heading:
		p.para(fmt.Sprintf("Heading%d", min(max(b.Level, 1), 2)), "", b.Text)
	case Paragraph:
		p.paragraph("BodyText", b)
	case List:
		for _, s := range b {
			p.para("ListBullet", "", s)
		}
	case Pairs:
		p.pairs(b)
	case Form:
		p.form(b)
	case Table:
		p.table(b)
	case Signature:
		p.sign(b)
	case Code:
		p.para("BodyText", "", b.Text)
	case PageBreak:
		p.f(`<w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr><w:r><w:br w:type="page"/></w:r></w:p>`)
	}
}

// grid begins a table with columns of widths.
func (p *paper) grid(style string, widths []int) {
	all := 0
	for _, w := range widths {
		all += w
	}
	p.f(`<w:tbl><w:tblPr><w:tblStyle w:val="%s"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:noHBand="1" w:noVBand="1"/></w:tblPr><w:tblGrid>`, style, all)
	for _, w := range widths {
		p.f(`<w:gridCol w:w="%d"/>`, w)
	}
	p.f(`</w:tblGrid>`)
}

// end ends a table: programs need a paragraph between two.
func (p *paper) end() { p.f(`</w:tbl><w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`) }

// widths divides the width of the page by parts.
func (p *paper) widths(parts ...float64) (out []int) {
	w := &writer{look: look{}}
	w.size.W = float64(p.d.inner())
	at := w.columns(parts)
	for i := range parts {
		out = append(out, int(math.Round(at[i+1]))-int(math.Round(at[i])))
	}
	return out
}

func (p *paper) pairs(list Pairs) {
	l, wide := p.d.look(), 0.0
	for _, x := range list { // as wide as in a PDF
		wide = min(max(wide, columns(clean(x[0]))*l.text/2+labelGap), labelMost)
	}
	widths := p.widths(wide, float64(p.d.inner())/20-wide)
	p.grid("Pairs", widths)
	for _, x := range list {
		p.f(`<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, widths[0])
		p.paragraph("Pair", Paragraph{Text: x[0], Tone: Quiet})
		p.f(`</w:tc><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, widths[1])
		p.paragraph("Pair", Paragraph{Text: x[1]})
		p.f(`</w:tc></w:tr>`)
	}
	p.end()
}

// form writes a form. A field of more than some lines may go over to the next page.
func (p *paper) form(f Form) {
	const long = 500 // letters
	widths := p.widths(27, 73)
	p.grid("Form", widths)
	for _, x := range f {
		letters := 0
		for _, v := range x.Value {
			letters += len([]rune(v.Text)) + 40*strings.Count(v.Text, "\n") + 40
		}
		whole := ""
		if letters < long {
			whole = `<w:cantSplit/>`
		}
		p.f(`<w:tr><w:trPr>%s</w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/></w:tcPr>`, whole, widths[0])
		p.para("Cell", "", x.Label)
		if x.Note != "" {
			p.para("Small", "", x.Note)
		}
		p.f(`</w:tc><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, widths[1])
		for _, v := range x.Value {
			p.paragraph("Cell", v)
		}
		if len(x.Value) == 0 {
			p.para("Cell", "", "")
		}
		p.f(`</w:tc></w:tr>`)
	}
	p.end()
}

func (p *paper) table(t Table) {
	if len(t.Columns) == 0 {
		return
	}
	var parts []float64
	for _, c := range t.Columns {
		parts = append(parts, c.Width)
	}
	widths := p.widths(parts...)
	p.grid("List", widths)
	p.f(`<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, c := range t.Columns {
		p.cell(widths[i], c.Right, Cell{Text: c.Title, Tone: Quiet})
	}
	p.f(`</w:tr>`)
	for _, row := range t.Rows {
		p.f(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		for i, c := range t.Columns {
			p.cell(widths[i], c.Right, cell(row, i))
		}
		p.f(`</w:tr>`)
	}
	p.end()
}

func (p *paper) cell(width int, right bool, c Cell) {
	align := ""
	if right {
		align = `<w:jc w:val="right"/>`
	}
	p.f(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/>%s</w:pPr>`, width, align)
	p.text(c.Text, toned[c.Tone])
	p.f(`</w:p>`)
	if c.Small != "" {
		p.para("Small", align, c.Small)
	}
	p.f(`</w:tc>`)
}

// sign writes places to sign, which stay with each other.
func (p *paper) sign(list Signature) {
	if len(list) == 0 {
		return
	}
	var parts []float64
	for range list {
		parts = append(parts, signAt, 24)
	}
	if total := (signAt + 24) * float64(len(list)); total < float64(p.d.inner())/20 {
		parts = append(parts, float64(p.d.inner())/20-total)
	}
	widths := p.widths(parts...)
	p.para("Gap", `<w:keepNext/><w:spacing w:before="640"/>`, "")
	p.grid("Pairs", widths)
	p.f(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
	for i, w := range widths {
		text, line := "", ""
		if i%2 == 0 && i/2 < len(list) {
			text, line = list[i/2], `<w:tcBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="787878"/></w:tcBorders>`
		}
		p.f(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s</w:tcPr>`, w, line)
		p.paragraph("Cell", Paragraph{Text: text, Tone: Quiet})
		p.f(`</w:tc>`)
	}
	p.f(`</w:tr>`)
	p.end()
}

// header is what stands above each page: that it is a draft.
func (d *Document) header() string {
	p := &paper{d: d}
	p.f(`<w:hdr xmlns:w="%s">`, wordSpace)
	style := "Gap"
	if d.Draft != "" {
		style = "Draft"
	}
	p.para(style, "", d.Draft)
	p.f(`</w:hdr>`)
	return p.String()
}

// footer is what stands below each page, with its number.
func (d *Document) footer() string {
	p := &paper{d: d}
	field := func(name string) {
		p.f(`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> %s </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`, name)
	}
	p.f(`<w:ftr xmlns:w="%s"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>`, wordSpace)
	p.text(d.Footer, "")
	p.f(`<w:r><w:tab/></w:r>`)
	field("PAGE")
	p.f(`<w:r><w:t xml:space="preserve"> / </w:t></w:r>`)
	field("NUMPAGES")
	p.f(`</w:p></w:ftr>`)
	return p.String()
}
