package roster

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/problem"
)

// Limits of a workbook: its parts, unpacked, are read from the first byte to the last and kept nowhere but for its texts.
const (
	maxSheetXML = 1 << 30 // of a sheet
	maxPartXML  = 4 << 20 // of what lists sheets
	maxToken    = 1 << 20 // of one piece of XML
	maxSheets   = 1000
	maxMerged   = 200_000
)

// maxTexts bounds all texts that cells share, as XML; a test asks for less.
var maxTexts int64 = 256 << 20

// book is a list as a workbook (XLSX). We read it ourselves, row by row: libraries unpack large sheets into temporary files, and a list of
// persons must never stand in one.
type book struct {
	s      Source
	zip    *zip.Reader
	names  []string
	sheet  int
	parts  []string // of the sheets
	texts  texts
	merged map[int][]span // by column

	dates    []bool // whether a format of cells shows dates
	from1904 bool   // days count from 1904, as on old Macs
}

// span are rows whose cells are one.
type span struct{ from, to int }

var (
	errXML    = errors.New("not a workbook")
	errNoPart = fmt.Errorf("%w: no such part", errXML)
)

func openBook(s Source) (list, error) {
	z, err := zip.NewReader(s.Content, s.Size)
	if err != nil {
		return nil, s.refuse(problem.Invalid, "hint.roster-kind", err)
	}
	b := &book{s: s, zip: z}
	for _, step := range []func() error{b.readSheets, b.pick, b.readTexts, b.readStyles, b.readMerged} {
		if err := step(); err != nil {
			if p, ok := errors.AsType[*problem.Error](err); ok {
				return nil, p
			}
			return nil, s.refuse(problem.Invalid, "hint.roster-kind", err)
		}
	}
	return b, nil
}

func (b *book) about() About {
	return About{Kind: "xlsx", Sheets: b.names, Sheet: b.names[b.sheet]}
}

// part opens a part; with a limit for what it unpacks to.
func (b *book) part(name string, limit int64) (io.ReadCloser, error) {
	for _, f := range b.zip.File {
		if !strings.EqualFold(strings.TrimPrefix(f.Name, "/"), name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		return &bounded{ReadCloser: r, left: limit, over: b.s.refuse(problem.TooLarge, "hint.roster-large", nil)}, nil
	}
	return nil, fmt.Errorf("%w: %s", errNoPart, name)
}

// bounded is a part that may not be longer than it should.
type bounded struct {
	io.ReadCloser
	left int64
	over error
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.over
	}
	return n, err
}

// elements calls a function where elements of a part begin and end.
func (b *book) elements(name string, each func(*scanner)) error {
	in, err := b.part(name, maxPartXML)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	s := scan(in)
	for {
		if err := s.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if s.kind != isText {
			each(s)
		}
	}
}

// readSheets lists the sheets and where they are.
func (b *book) readSheets() error {
	targets := make(map[string]string)
	err := b.elements("xl/_rels/workbook.xml.rels", func(e *scanner) {
		if e.kind == startsElement && e.name == "Relationship" && len(targets) < 10*maxSheets {
			t := e.attr("Target")
			if !strings.HasPrefix(t, "/") {
				t = path.Join("xl", t)
			}
			targets[e.attr("Id")] = strings.TrimPrefix(t, "/")
		}
	})
	if err != nil {
		return err
	}
	hidden := make([]bool, 0, 8)
	err = b.elements("xl/workbook.xml", func(e *scanner) {
		if e.name == "workbookPr" && e.kind == startsElement {
			on := e.attr("date1904")
			b.from1904 = on == "1" || on == "true"
		}
		if e.kind != startsElement || e.name != "sheet" || len(b.names) == maxSheets {
			return
		}
		id := ""
		for _, a := range e.attrs {
			if a.name == "id" && a.prefixed {
				id = a.value
			}
		}
		b.names, b.parts, hidden = append(b.names, e.attr("name")), append(b.parts, targets[id]), append(hidden, e.attr("state") != "" && e.attr("state") != "visible")
	})
	if err != nil {
		return err
	}
	if b.sheet = max(slices.Index(hidden, false), 0); len(b.names) == 0 {
		return errXML
	}
	return nil
}

// pick takes the sheet that is asked for.
func (b *book) pick() error {
	if b.s.Sheet == "" {
		return nil
	}
	for i, n := range b.names {
		if n == b.s.Sheet {
			b.sheet = i
			return nil
		}
	}
	return &problem.Error{Kind: problem.NotFound, Op: op, On: b.s.Sheet, Hint: "hint.roster-sheet"}
}

// texts are what cells share, behind each other.
type texts struct {
	all  []byte
	ends []uint32
}

func (t *texts) at(i int) (string, bool) {
	if i < 0 || i >= len(t.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return string(t.all[from:t.ends[i]]), true
}

// readTexts reads the texts that cells share. How they are read (ふりがな, rPh) is no part of them.
func (b *book) readTexts() error {
	in, err := b.part("xl/sharedStrings.xml", maxTexts)
	if errors.Is(err, errNoPart) {
		return nil // a workbook need not have any
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	s := scan(in)
	inText, reading := false, false
	for {
		if err := s.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case s.kind == startsElement:
			reading = reading || s.name == "rPh"
			inText = s.name == "t" && !reading
		case s.kind == isText && inText:
			b.texts.all = append(b.texts.all, s.text...)
		case s.kind == endsElement:
			inText = false
			reading = reading && s.name != "rPh"
			if s.name == "si" {
				b.texts.ends = append(b.texts.ends, uint32(len(b.texts.all)))
			}
		}
	}
}

// readMerged finds the cells that go over several rows. They stand behind all rows in the file, so that it is gone through twice; the first
// time only for this.
func (b *book) readMerged() error {
	in, err := b.part(b.parts[b.sheet], maxSheetXML)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	b.merged = make(map[int][]span)
	const sign, most = "mergeCell ref=\"", 64
	buf := make([]byte, 0, 1<<16)
	found := 0
	for {
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		text := string(buf)
		for {
			i := strings.Index(text, sign)
			if i < 0 || err == nil && len(text) < i+len(sign)+most {
				break
			}
			if i > 0 && (text[i-1] == '<' || text[i-1] == ':') {
				ref, _, _ := strings.Cut(text[i+len(sign):], "\"")
				if found++; found > maxMerged {
					return b.s.refuse(problem.TooLarge, "hint.roster-large", nil)
				}
				b.merge(ref)
			}
			text = text[i+len(sign):]
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		// What was not looked at, or could be the beginning of a sign, stays.
		keep := min(len(text), len(sign)+most+1)
		if i := strings.Index(text, sign); i >= 0 {
			keep = max(keep, len(text)-max(i-1, 0))
		}
		buf = append(buf[:0], text[len(text)-keep:]...)
	}
	for _, list := range b.merged {
		slices.SortFunc(list, func(x, y span) int { return x.from - y.from })
	}
	return nil
}

// merge notes one, such as A2:A40.
func (b *book) merge(ref string) {
	from, to, _ := strings.Cut(ref, ":")
	column, first, ok := place(from)
	_, last, also := place(to)
	if ok && also && last > first {
		b.merged[column] = append(b.merged[column], span{first, last})
	}
}

// place reads the name of a cell, such as AB12: its column from 0, its row from 1.
func place(ref string) (column, row int, ok bool) {
	i := 0
	for i < len(ref) && i < 4 && ref[i] >= 'A' && ref[i] <= 'Z' {
		column = column*26 + int(ref[i]-'A') + 1
		i++
	}
	n, err := strconv.Atoi(ref[i:])
	return column - 1, n, err == nil && i > 0 && n > 0 && n <= 1<<20 && strings.Trim(ref[i:], "0123456789") == ""
}
