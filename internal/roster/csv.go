package roster

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/problem"
)

// text is a list as CSV.
type text struct {
	s         Source
	encoding  string
	delimiter rune
	skip      int64 // bytes of the mark before it
}

func openText(s Source) (list, error) {
	head := make([]byte, 3)
	n, err := s.Content.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	t := &text{s: s, encoding: s.Encoding, delimiter: s.Delimiter}
	marked, skip := mark(head[:n])
	if t.encoding == "" {
		t.encoding = marked
	}
	if t.encoding == marked {
		t.skip = skip
	}
	if t.encoding == "" {
		if t.encoding, err = tell(t.bytes); err != nil {
			return nil, err
		}
	}
	if !known(t.encoding) {
		return nil, s.refuse(problem.Invalid, "hint.roster-encoding", nil)
	}
	if t.delimiter == 0 {
		t.delimiter = t.guess()
	}
	if !strings.ContainsRune(",;\t", t.delimiter) {
		return nil, s.refuse(problem.Invalid, "hint.roster-delimiter", nil)
	}
	return t, nil
}

func (t *text) bytes() io.Reader { return io.NewSectionReader(t.s.Content, t.skip, t.s.Size-t.skip) }

func (t *text) about() About {
	return About{Kind: "csv", Encoding: t.encoding, Delimiter: string(t.delimiter)}
}

// guess finds the delimiter by which the first rows have most columns.
func (t *text) guess() rune {
	best, most := ',', 0
	for _, d := range ",\t;" {
		cells, n := 0, 0
		_ = t.split(d, func(r row) error { // what is wrong with the text shows when it is read
			cells += len(r.cells)
			if n++; n == 20 {
				return errStop
			}
			return nil
		})
		if cells > most {
			best, most = d, cells
		}
	}
	return best
}

func (t *text) rows(each func(row) error) error { return t.split(t.delimiter, each) }

// splitter reads cells.
type splitter struct {
	next      reader
	delimiter rune
	cell      strings.Builder
	letters   int
	row       row
	bad       string
	back      bool // last is read again
	last      rune
}

// split divides a text into rows. Whatever ends lines ends rows: a newline, a carriage return, or both; within quotes none does.
func (t *text) split(delimiter rune, each func(row) error) error {
	s := &splitter{next: decode(t.bytes(), t.encoding), delimiter: delimiter, row: row{n: 1}}
	for {
		end, err := s.line()
		if err != nil {
			return err
		}
		if len(s.row.cells) > 0 {
			if err := each(s.row); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
		s.row = row{n: s.row.n + 1, cells: s.row.cells[:0]}
	}
}

func (s *splitter) read() (rune, error) {
	if s.back {
		s.back = false
		return s.last, nil
	}
	r, ok, err := s.next()
	if err != nil {
		return 0, err
	}
	if !ok {
		s.bad = isBytes
	}
	s.last = r
	return r, nil
}

// put adds a letter to the cell.
func (s *splitter) put(r rune) error {
	if s.letters++; s.letters > maxCell {
		return &broken{Issue{Row: s.row.n, Column: letters(len(s.row.cells)), Word: isLong, Value: short(s.cell.String())}}
	}
	if r == utf8.RuneError {
		r = '\uFFFD'
	}
	s.cell.WriteRune(r)
	return nil
}

// close ends a cell.
func (s *splitter) close() error {
	if len(s.row.cells) >= maxColumns {
		return &broken{Issue{Row: s.row.n, Word: isWide}}
	}
	if s.bad != "" {
		for len(s.row.bad) < len(s.row.cells) {
			s.row.bad = append(s.row.bad, "")
		}
		s.row.bad = append(s.row.bad, s.bad)
	}
	s.row.cells = append(s.row.cells, s.cell.String())
	s.cell.Reset()
	s.letters, s.bad = 0, ""
	return nil
}

// line reads a row; end: there is no other.
func (s *splitter) line() (end bool, err error) {
	for {
		r, err := s.read()
		switch {
		case err == io.EOF:
			if s.cell.Len() > 0 || len(s.row.cells) > 0 {
				return true, s.close()
			}
			return true, nil
		case err != nil:
			return false, err
		case r == '"' && s.cell.Len() == 0:
			if err := s.quoted(); err != nil {
				return false, err
			}
		case r == s.delimiter:
			if err := s.close(); err != nil {
				return false, err
			}
		case r == '\n' || r == '\r':
			if r == '\r' {
				if after, err := s.read(); err == nil && after != '\n' {
					s.back = true
				} else if err != nil && err != io.EOF {
					return false, err
				}
			}
			return false, s.close()
		default:
			if err := s.put(r); err != nil {
				return false, err
			}
		}
	}
}

// quoted reads the inside of quotes. Two of them are one.
func (s *splitter) quoted() error {
	for {
		r, err := s.read()
		if err == io.EOF {
			return &broken{Issue{Row: s.row.n, Column: letters(len(s.row.cells)), Word: isQuote, Value: short(s.cell.String())}}
		}
		if err != nil {
			return err
		}
		if r == '"' {
			after, err := s.read()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if after != '"' {
				s.back = true
				return nil
			}
		}
		if err := s.put(r); err != nil {
			return err
		}
	}
}
