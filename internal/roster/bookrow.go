package roster

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// rows reads a sheet, row by row.
func (b *book) rows(each func(row) error) error {
	in, err := b.part(b.parts[b.sheet], maxSheetXML)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := &rowReader{book: b, scanner: scan(in), held: make(map[int]string)}
	for {
		err := r.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case r.kind == startsElement:
			err = r.start()
		case r.kind == isText && r.inText && len(r.value) <= 4*maxCell:
			r.value = append(r.value, r.text...)
		case r.kind == endsElement && r.name == "sheetData":
			return nil
		case r.kind == endsElement:
			err = r.end(each)
		}
		if err != nil {
			return err
		}
	}
}

// rowReader puts cells together.
type rowReader struct {
	*scanner
	book    *book
	row     row
	column  int
	of      string // the kind of the cell
	dated   bool   // its format is one of dates
	value   []byte
	inText  bool
	reading bool           // inside of how a text is read
	held    map[int]string // what cells that go over several rows say
}

func (r *rowReader) start() error {
	switch r.name {
	case "row":
		n := r.row.n + 1
		if at, err := strconv.Atoi(r.attr("r")); err == nil {
			n = at
		}
		if n <= r.row.n || n > 1<<20 {
			return errXML
		}
		r.row = row{n: n, cells: r.row.cells[:0]}
		r.column = -1
	case "c":
		r.column++
		if ref := r.attr("r"); ref != "" {
			column, n, ok := place(ref)
			if !ok || n != r.row.n || column < r.column {
				return errXML
			}
			r.column = column
		}
		r.of, r.value = r.attr("t"), r.value[:0]
		style, _ := strconv.Atoi(r.attr("s")) // the first is that of cells that name none
		r.dated = style >= 0 && style < len(r.book.dates) && r.book.dates[style]
	case "rPh":
		r.reading = true
	case "v", "t":
		r.inText = !r.reading
	}
	return nil
}

func (r *rowReader) end(each func(row) error) error {
	switch r.name {
	case "v", "t":
		r.inText = false
	case "rPh":
		r.reading = false
	case "c":
		return r.cell()
	case "row":
		r.fill()
		return each(r.row)
	}
	return nil
}

// cell adds a cell to its row. Empty ones beyond those that a list may have are only formats.
func (r *rowReader) cell() error {
	s := string(r.value)
	issue := ""
	switch r.of {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(s))
		if s, err = shared(&r.book.texts, i, err); err != nil {
			return err
		}
	case "", "n":
		if s = number(s); r.dated && s != "" {
			s, issue = r.book.date(s), isDate
		}
	case "d":
		issue = isDate
	case "b":
		s = map[string]string{"1": "TRUE", "0": "FALSE"}[s]
	case "e":
		issue = isError
	}
	switch {
	case s == "":
		return nil
	case r.column >= maxColumns:
		return &broken{Issue{Row: r.row.n, Word: isWide}}
	case len(s) > maxCell && len([]rune(s)) > maxCell:
		return &broken{Issue{Row: r.row.n, Column: letters(r.column), Word: isLong, Value: short(s)}}
	}
	for len(r.row.cells) <= r.column {
		r.row.cells = append(r.row.cells, "")
	}
	r.row.cells[r.column] = unescaped(s)
	if issue != "" {
		for len(r.row.bad) <= r.column {
			r.row.bad = append(r.row.bad, "")
		}
		r.row.bad[r.column] = issue
	}
	return nil
}

func shared(t *texts, i int, err error) (string, error) {
	s, ok := t.at(i)
	if err != nil || !ok {
		return "", errXML
	}
	return s, nil
}

// fill says in each row what a cell says that goes over several. A row in which nothing else stands stays empty.
func (r *rowReader) fill() {
	empty := !slices.ContainsFunc(r.row.cells, func(s string) bool { return s != "" })
	for column, spans := range r.book.merged {
		i, found := slices.BinarySearchFunc(spans, r.row.n, func(s span, n int) int { return s.from - n })
		if found {
			r.held[column] = r.row.cell(column)
			continue
		}
		if i == 0 || r.row.n > spans[i-1].to || empty || column >= maxColumns || r.row.cell(column) != "" {
			continue
		}
		for len(r.row.cells) <= column {
			r.row.cells = append(r.row.cells, "")
		}
		r.row.cells[column] = r.held[column]
	}
}

// number writes a number of a sheet as people see it: 12.0 and 1.2E1 are 12.
func number(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= 1e15 || math.IsNaN(f) {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// unescaped reads _x000D_, which stands for a letter that XML cannot hold.
func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || len(s) < i+7 {
			return b.String() + s
		}
		n, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if err != nil || s[i+6] != '_' || n >= 0xd800 && n < 0xe000 {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteRune(rune(n))
		s = s[i+7:]
	}
}
