// Package document writes what people keep: reports, forms, letters and lists. A document is one list of blocks, and becomes a page for
// browsers, a PDF, or a file that Word opens (DOCX); a list becomes a workbook (XLSX). The package knows paper, letters and tables, and no
// language: whoever makes a document says every word of it. Equal documents have equal bytes.
package document

import "cmp"

// Document is a text on paper.
type Document struct {
	Lang      string // "ja" or "en"
	Title     string
	Name      string // what the file is called, if Title is empty
	Footer    string // stands on each page, before its number
	Draft     string // stands above everything on each page, for what nobody has signed yet
	Landscape bool
	Letter    bool // for other people: wide margins, larger letters
	Blocks    []Block
	Missing   string // said at the end of a PDF if a letter was not in the font, and 〓 stands for it
}

// Block is a part of a document: a Subject, Heading, Paragraph, List, Pairs, Form, Table, Signature, Code or PageBreak. Every text in it may hold
// places to fill in, see Blank.
type Block interface{ block() }

// Subject is what a letter is about. It stands in the middle, below who writes to whom.
type Subject string

// Heading begins a part; of level 2, a part of a part.
type Heading struct {
	Text  string
	Level int
}

// Paragraph is some text.
type Paragraph struct {
	Text  string
	Tone  Tone
	Align Align
}

// List are points, each with a dot before it.
type List []string

// Pairs are words with what stands for them, one below the other.
type Pairs [][2]string

// Form is a sheet as authorities have them: a box for each field. A box is divided between pages only if it is long.
type Form []Field

// Field is a line of a form.
type Field struct {
	Label string
	Note  string // below the label, smaller: what should stand in the field
	Value []Paragraph
}

// Table has a head that comes again on each page. A row is divided only if no page can hold it.
type Table struct {
	Columns []Column
	Rows    [][]Cell
}

// Column is a column of a table.
type Column struct {
	Title string
	Width float64 // its part of the width, against those of the others
	Right bool    // it holds numbers
}

// Cell is a field of a table.
type Cell struct {
	Text  string
	Small string // below it, smaller
	Tone  Tone   // Large is for what people copy by hand
}

// Signature is a place for people to sign: a line above each word, all on one page.
type Signature []string

// PageBreak begins a new page.
type PageBreak struct{}

// Tone is how a text is meant.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Bad
	Large
	Quiet
)

// Align is where the lines of a paragraph stand.
type Align int

// The places: at the left, in the middle as a title does, at the right as a date or a sender does.
const (
	Left Align = iota
	Centre
	Right
)

func (Subject) block()   {}
func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Pairs) block()     {}
func (Form) block()      {}
func (Table) block()     {}
func (Signature) block() {}
func (PageBreak) block() {}

// name is what the file is called.
func (d *Document) name() string { return bare(cmp.Or(d.Title, d.Name)) }

// cell returns the i-th cell of a row, which may have fewer than its table has columns.
func cell(row []Cell, i int) Cell {
	if i < len(row) {
		return row[i]
	}
	return Cell{}
}
