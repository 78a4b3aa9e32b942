// Package document writes what people keep: reports and certificates, from one list of blocks, as a page for browsers and as PDF. It knows
// paper, letters and tables, and no language: whoever makes a document says every word of it.
package document

// Document is a text on paper.
type Document struct {
	Lang      string // "ja" or "en"
	Title     string
	Footer    string // stands on each page, before its number
	Landscape bool
	Blocks    []Block
	Missing   string // said at the end of a PDF if a letter was not in the font, and 〓 stands for it
}

// Block is a part of a document: a Heading, Paragraph, Pairs, Table or Signature.
type Block interface{ block() }

// Heading begins a part.
type Heading struct{ Text string }

// Paragraph is some text.
type Paragraph struct {
	Text string
	Tone Tone
}

// Pairs are words with what stands for them, one below the other.
type Pairs [][2]string

// Table has a head that comes again on each page. A row is never divided.
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
	Tone  Tone
}

// Signature is a place for people to sign: a line above each word, all on one page.
type Signature []string

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

func (Heading) block()   {}
func (Paragraph) block() {}
func (Pairs) block()     {}
func (Table) block()     {}
func (Signature) block() {}
