package roster

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Book is what a share's roster file holds: who is in its files, how their paths tell whom, and whom to tell of the schools.
type Book struct {
	Rules   *Rules
	Schools []SchoolFacts
	Roster  Roster
}

// SchoolFacts are facts about a school that no line of a roster has. A school without any is none of them.
type SchoolFacts struct {
	Name    string `json:"name"` // as in the roster
	Contact string `json:"contact,omitempty"`
	Public  bool   `json:"public,omitempty"` // a public body, for which other numbers hold
}

// bookHead is the first line of a book's bytes, as JSON.
type bookHead struct {
	Format  int           `json:"azekura_roster"`
	Rules   string        `json:"rules,omitempty"`
	Schools []SchoolFacts `json:"schools,omitempty"`
}

const maxHead = 4 << 20

// EncodeBook returns a book as bytes, see docs/format.md: a line of JSON, and behind it the roster.
func EncodeBook(b *Book) ([]byte, error) {
	h := bookHead{Format: format, Schools: b.Schools}
	if b.Rules != nil {
		h.Rules = b.Rules.String()
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if len(head) > maxHead {
		return nil, fmt.Errorf("rules and schools of %d bytes", len(head))
	}
	people, err := Encode(&b.Roster)
	return append(append(head, '\n'), people...), err
}

// DecodeBook reads a book.
func DecodeBook(data []byte) (*Book, error) {
	b, people, err := DecodeHead(data)
	if err != nil {
		return nil, err
	}
	r, err := Decode(people)
	if err != nil {
		return nil, err
	}
	b.Roster = *r
	return b, nil
}

// DecodeHead reads what stands before the persons of a book, which may be damaged, and returns the rest of its bytes.
func DecodeHead(data []byte) (b *Book, people []byte, err error) {
	end := bytes.IndexByte(data[:min(len(data), maxHead+1)], '\n')
	if end < 0 {
		return nil, nil, ErrFormat
	}
	var h bookHead
	if err := json.Unmarshal(data[:end], &h); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if h.Format > format {
		return nil, nil, ErrNewer
	}
	rules, err := ParseRules(h.Rules)
	if err != nil || h.Format != format {
		return nil, nil, ErrFormat
	}
	return &Book{Rules: rules, Schools: h.Schools}, data[end+1:], nil
}
