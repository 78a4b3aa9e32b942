package roster

import (
	"bytes"
	"errors"
	"io"

	"github.com/azekura/azekura/internal/problem"
)

// Source is a list as somebody has sent it. What it is shows in its bytes; what does not show for certain can be said.
type Source struct {
	Name      string // for errors
	Content   io.ReaderAt
	Size      int64
	Encoding  string // "utf-8", "utf-16le", "utf-16be", "shift_jis"; "": what it must be
	Delimiter rune   // ',', ';' or a tab; 0: what it must be
	Sheet     string // of a workbook; "": the first that is to be seen
}

// Limits of what is read. They bound the time and the memory that a file can ask for.
const (
	maxFile    = 512 << 20 // bytes of a CSV
	maxBook    = 64 << 20  // bytes of a workbook
	maxColumns = 1000
	maxCell    = 32767 // letters of a cell
	maxLetters = 500   // letters of what a roster keeps
)

const op = "read roster"

// row is a row of a list. Its cells are good until the next.
type row struct {
	n     int // as spreadsheets count, from 1
	cells []string
	bad   []string // an issue of a cell, by its column; may be shorter
}

func (r *row) cell(i int) string {
	if i >= 0 && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func (r *row) issue(i int) string {
	if i >= 0 && i < len(r.bad) {
		return r.bad[i]
	}
	return ""
}

// list is a source that has been looked at.
type list interface {
	// rows gives one row after the other, until it returns an error. errStop ends it.
	rows(each func(row) error) error
	// about says what it is.
	about() About
}

// About is what a source is.
type About struct {
	Kind      string   `json:"kind"` // "csv" or "xlsx"
	Encoding  string   `json:"encoding,omitempty"`
	Delimiter string   `json:"delimiter,omitempty"`
	Sheets    []string `json:"sheets,omitempty"`
	Sheet     string   `json:"sheet,omitempty"`
}

var errStop = errors.New("enough")

// broken is an issue with which reading ends.
type broken struct{ Issue }

func (b *broken) Error() string { return b.Word }

// open looks at what a source is.
func (s Source) open() (list, error) {
	head := make([]byte, 8)
	n, err := s.Content.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		if s.Size > maxBook {
			return nil, s.refuse(problem.TooLarge, "hint.roster-large", nil)
		}
		return openBook(s)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")): // an old workbook, or one with a password
		return nil, s.refuse(problem.Invalid, "hint.roster-old-excel", nil)
	case s.Size > maxFile:
		return nil, s.refuse(problem.TooLarge, "hint.roster-large", nil)
	}
	return openText(s)
}

func (s Source) refuse(kind problem.Kind, hint string, err error) error {
	return &problem.Error{Kind: kind, Op: op, On: s.Name, Hint: hint, Err: err}
}
