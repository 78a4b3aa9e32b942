package document

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Sheet is a list for people who sort, filter and count it. Its rows come one by one and are not kept, so that it may be long.
type Sheet struct {
	Lang    string // "ja" or "en"
	Title   string // of the file, and the name of its sheet as far as that may be one
	Columns []Column
	Rows    iter.Seq[[]Cell]

	wide []float64 // its columns, in letters
}

// Limits of a sheet, by the programs that open it.
const (
	maxColumns = 1 << 14
	maxLetters = 32767 // of a cell, in units of UTF-16
)

// maxRows is how many there may be beside the head; a test asks for fewer.
var maxRows = 1<<20 - 1

// ErrSheet means that a list is longer or wider than a sheet may be.
var ErrSheet = errors.New("more rows or columns than a sheet may have")

// XLSX writes a list as a workbook. Every text stays a text, whatever it begins with: no cell is a formula, a link or a date. Numbers
// are numbers where their column says so and they lose nothing by it. We write it ourselves, for a list of persons must never stand in a
// temporary file.
func (s Sheet) XLSX(w io.Writer, made time.Time) error {
	if len(s.Columns) == 0 || len(s.Columns) > maxColumns {
		return ErrSheet
	}
	a := newArchive(w, made)
	name := sheetName(s.Title)
	for _, p := range [][2]string{
		{"[Content_Types].xml", xlsxTypes}, {"_rels/.rels", packageRels("xl/workbook.xml")}, {"docProps/core.xml", core(bare(s.Title), tag(s.Lang), made)},
		{"xl/_rels/workbook.xml.rels", xlsxRels}, {"xl/styles.xml", xlsxStyles},
	} {
		if err := a.add(p[0], p[1]); err != nil {
			return err
		}
	}
	rows, err := s.rows(a)
	if err != nil {
		return err
	}
	area, first := "$A$1:$"+letters(len(s.Columns)-1)+"$"+strconv.Itoa(rows+1), "'"+strings.ReplaceAll(name, "'", "''")+"'!"
	err = a.add("xl/workbook.xml", `<workbook xmlns="`+sheetSpace+`" xmlns:r="`+relSpace+`"><sheets><sheet name="`+esc(name)+`" sheetId="1" r:id="rId1"/></sheets><definedNames>`+
		`<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">`+esc(first+area)+`</definedName><definedName name="_xlnm.Print_Titles" localSheetId="0">`+esc(first)+`$1:$1</definedName></definedNames></workbook>`)
	if err != nil {
		return err
	}
	return a.zip.Close()
}

// rows writes the sheet itself and returns how many rows there are.
func (s Sheet) rows(a *archive) (n int, err error) {
	part, err := a.part("xl/worksheets/sheet1.xml")
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(part, 1<<16)
	last := letters(len(s.Columns) - 1)
	_, _ = w.WriteString(declaration + `<worksheet xmlns="` + sheetSpace + `"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="18"/><cols>`)
	s.wide = s.letters()
	for i, width := range s.wide {
		_, _ = fmt.Fprintf(w, `<col min="%d" max="%d" width="%s" customWidth="1"/>`, i+1, i+1, strconv.FormatFloat(width, 'f', -1, 64))
	}
	_, _ = w.WriteString(`</cols><sheetData>`)
	head := make([]Cell, len(s.Columns))
	for i, c := range s.Columns {
		head[i].Text = c.Title
	}
	s.row(w, 1, head, true)
	for cells := range s.Rows {
		if n++; n > maxRows {
			return n, ErrSheet
		}
		s.row(w, n+1, cells, false)
	}
	_, _ = fmt.Fprintf(w, `</sheetData><autoFilter ref="A1:%s%d"/><pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>`, last, n+1)
	_, _ = fmt.Fprintf(w, `<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/><headerFooter><oddFooter>%s</oddFooter></headerFooter><ignoredErrors><ignoredError sqref="A1:%s%d" numberStoredAsText="1"/></ignoredErrors></worksheet>`, `&amp;C&amp;P / &amp;N`, last, n+1)
	return n, w.Flush() // a bufio.Writer keeps its first error
}

// whole is all that a cell says, in one.
func (c Cell) whole() string {
	if c.Small == "" {
		return c.Text
	}
	return c.Text + "\n" + c.Small
}

// broad is how wide a text is, in letters as wide as a digit.
func broad(s string) (n float64) {
	for _, r := range s {
		switch {
		case r == opens || r == closes:
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// letters are the widths of the columns: their parts of a page of some 110 letters, and at least their titles.
func (s Sheet) letters() (out []float64) {
	all := 0.0
	for _, c := range s.Columns {
		all += max(c.Width, 0)
	}
	for _, c := range s.Columns {
		part := 0.0
		if all > 0 {
			part = max(c.Width, 0) / all * 110
		}
		title := broad(c.Title) + 4 // and a button to filter with
		out = append(out, math.Round(min(max(part, title), 80)*10)/10)
	}
	return out
}

// lines is how high a row must be: programs do not find out by themselves.
func (s Sheet) lines(cells []Cell) int {
	const most = 20
	n := 1
	for i, width := range s.wide {
		lines := 0
		for l := range strings.SplitSeq(cell(cells, i).whole(), "\n") {
			lines += max(1, int(math.Ceil(broad(l)/max(width-2, 1))))
		}
		n = max(n, lines)
	}
	return min(n, most)
}

// Styles of cells, by their place in xlsxStyles.
const (
	styleText = iota + 1
	styleNumber
	styleHead
	styleBlank
	styleHeadRight
)

// row writes a row. Errors stay in w.
func (s Sheet) row(w *bufio.Writer, n int, cells []Cell, head bool) {
	at := strconv.Itoa(n)
	_, _ = w.WriteString(`<row r="` + at)
	if lines := s.lines(cells); lines > 1 {
		_, _ = fmt.Fprintf(w, `" ht="%d" customHeight="1`, 18*lines)
	}
	_, _ = w.WriteString(`">`)
	for i, col := range s.Columns {
		c := cell(cells, i)
		text := c.whole()
		style := styleText
		switch {
		case head && col.Right:
			style = styleHeadRight
		case head:
			style = styleHead
		case strings.ContainsRune(text, opens):
			style = styleBlank
		}
		text = cut(bare(text))
		if text == "" && !head {
			continue
		}
		place := letters(i) + at
		if !head && col.Right && isNumber(text) {
			_, _ = fmt.Fprintf(w, `<c r="%s" s="%d"><v>%s</v></c>`, place, styleNumber, strings.ReplaceAll(text, ",", ""))
			continue
		}
		_, _ = fmt.Fprintf(w, `<c r="%s" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, place, style, esc(text))
	}
	_, _ = w.WriteString(`</row>`)
}

// isNumber reports whether a text is a whole number that a sheet keeps as it is: 1,204 is one, 007 and a telephone number are not.
func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if plain := strings.ReplaceAll(digits, ",", ""); plain != digits {
		for i, group := range strings.Split(digits, ",") {
			if i > 0 && len(group) != 3 || i == 0 && (len(group) < 1 || len(group) > 3) {
				return false
			}
		}
		digits = plain
	}
	if digits == "" || len(digits) > 15 || digits[0] == '0' && s != "0" {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// cut keeps a text within what a cell may hold.
func cut(s string) string {
	if len(s) <= maxLetters {
		return s
	}
	units := 0
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > maxLetters-1 && (len(s) > i+utf8.RuneLen(r) || units+n > maxLetters) {
			return s[:i] + "…"
		}
		units += n
	}
	return s
}

// letters is the name of a column: A, B, … Z, AA, …
func letters(i int) (s string) {
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// sheetName is what a sheet may be called.
func sheetName(title string) string {
	name := strings.Map(func(r rune) rune {
		if r == '\n' || r > 0xffff || strings.ContainsRune(`:\/?*[]`, r) {
			return ' '
		}
		return r
	}, bare(title))
	if r := []rune(name); len(r) > 31 {
		name = string(r[:31])
	}
	if name = strings.Trim(name, "' "); name == "" || strings.EqualFold(name, "history") { // which Excel keeps for itself
		return "Sheet1"
	}
	return name
}

// Parts of a workbook that are the same in each.
const (
	sheetSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	sheetType  = `.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.`
	xlsxTypes  = `<Types xmlns="` + typeSpace + `"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook` + sheetType + `sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1` + sheetType + `worksheet+xml"/><Override PartName="/xl/styles` + sheetType + `styles+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	xlsxRels   = `<Relationships xmlns="` + relsSpace + `"><Relationship Id="rId1" Type="` + relSpace + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + relSpace + `/styles" Target="styles.xml"/></Relationships>`
	xlsxFont   = `<sz val="10.5"/><name val="` + gothic + `"/><family val="3"/><charset val="128"/></font>`
	xlsxStyles = `<styleSheet xmlns="` + sheetSpace + `"><fonts count="2"><font>` + xlsxFont + `<font><b/>` + xlsxFont + `</fonts>` +
		`<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFF2F2F2"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE1E1E1"/></patternFill></fill></fills>` +
		`<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border><left/><right/><top/><bottom style="medium"><color rgb="FF3C3C3C"/></bottom><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>` +
		`<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment horizontal="right" vertical="top"/></xf>` +
		`<xf numFmtId="49" fontId="1" fillId="2" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment vertical="center" wrapText="1"/></xf>` +
		`<xf numFmtId="49" fontId="0" fillId="3" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>` +
		`<xf numFmtId="49" fontId="1" fillId="2" borderId="1" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment horizontal="right" vertical="center" wrapText="1"/></xf></cellXfs></styleSheet>`
)
