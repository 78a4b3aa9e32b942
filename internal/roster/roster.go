// Package roster holds who is in the files of a share: pupils and staff by school, year and class. It reads their lists as schools send
// them (CSV in any of the usual encodings, XLSX), whole or not at all; keeps them as bytes that are sealed like a file; and links the paths
// of files to persons, classes and schools.
package roster

import "github.com/azekura/azekura/internal/whose"

// Kind is what a person is to the school.
type Kind string

// The kinds of persons.
const (
	Pupil Kind = "pupil"
	Staff Kind = "staff"
	Other Kind = "other"
)

// Person is a line of a roster. Its texts stand as they were written, with letters that a font may not have, and are compared by Key.
type Person struct {
	School string `json:"school"`
	Year   string `json:"year,omitempty"`
	Grade  string `json:"grade,omitempty"`
	Class  string `json:"class,omitempty"`
	Number string `json:"number,omitempty"`
	Name   string `json:"name"`
	Kana   string `json:"kana,omitempty"`
	Kind   Kind   `json:"kind"`
}

// Key tells persons from each other, however their lines are written: ３年２組 is 3-2, 012 is 12, 令和8年度 is 2026.
type Key struct {
	School, Year, Grade, Class string
	Kind                       Kind
	Number                     string // or, without one,
	Name                       string
}

// Key returns a person's key.
func (p *Person) Key() Key {
	w := whose.Who{School: p.School, Year: p.Year, Grade: p.Grade, Class: p.Class, Number: p.Number}.Folded()
	k := Key{School: w.School, Year: w.Year, Grade: w.Grade, Class: w.Class, Kind: p.Kind, Number: w.Number}
	if k.Number == "" {
		k.Name = whose.Text(p.Name)
	}
	return k
}

// Roster is everybody, in the order of the list.
type Roster struct{ People []Person }

// MaxPeople is how many persons a roster may have.
const MaxPeople = 1_000_000
