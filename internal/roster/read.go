package roster

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/problem"
)

// Preview is the beginning of a list, and how it would be read.
type Preview struct {
	About   About      `json:"about"`
	Mapping Mapping    `json:"mapping"`
	Rows    [][]string `json:"rows"`   // as they stand there, headings too
	First   int        `json:"first"`  // the number of the first of them
	People  []Person   `json:"people"` // those in them
	Issues  []Issue    `json:"issues,omitempty"`
	Ready   bool       `json:"ready"` // the mapping tells a school and a name
}

// Result is a whole list.
type Result struct {
	Roster  *Roster // nil if there are problems: nothing is half read
	Mapping Mapping
	Issues  []Issue // problems, then warnings
	More    int     // so many are not among them
}

// look is how many rows are looked at for headings.
const look = 30

// Look reads the first rows of a list, with a mapping or, without one, with what its headings say.
func Look(s Source, m *Mapping, rows int) (*Preview, error) {
	l, err := s.open()
	if err != nil {
		return nil, err
	}
	p := &Preview{About: l.about(), First: 1}
	var all []row
	rows = min(max(rows, look), 1000)
	c := newCollector(Mapping{})
	err = c.finish(l.rows(func(r row) error {
		if len(all) >= rows || r.n > 10*rows {
			return errStop
		}
		r.cells, r.bad = slices.Clone(r.cells), slices.Clone(r.bad)
		all = append(all, r)
		return nil
	}))
	if err != nil {
		return nil, s.wrap(err)
	}
	if p.Mapping = guess(all[:min(len(all), look)]); m != nil {
		p.Mapping = *m
	}
	p.Ready = p.Mapping.sound()
	c.use(p.Mapping)
	for i, r := range all {
		if i == 0 {
			p.First = r.n
		}
		for len(p.Rows)+p.First < r.n { // rows in which nothing stands
			p.Rows = append(p.Rows, nil)
		}
		p.Rows = append(p.Rows, r.cells)
		if p.Ready {
			if err := c.add(r); err != nil {
				return nil, s.wrap(err)
			}
		}
	}
	p.People, p.Issues = c.people, slices.Concat(c.bad, c.warned)
	return p, nil
}

// Read reads all of a list, with a mapping or, without one, with what its headings say.
func Read(s Source, m *Mapping) (*Result, error) {
	l, err := s.open()
	if err != nil {
		return nil, err
	}
	if m == nil {
		var first []row
		err := l.rows(func(r row) error {
			if len(first) == look {
				return errStop
			}
			r.cells = slices.Clone(r.cells)
			first = append(first, r)
			return nil
		})
		if _, ok := errors.AsType[*broken](err); err != nil && err != errStop && !ok {
			return nil, s.wrap(err)
		}
		found := guess(first)
		m = &found
	}
	if !m.sound() {
		return nil, s.refuse(problem.Invalid, "hint.roster-mapping", nil)
	}
	c := newCollector(*m)
	if err := c.finish(l.rows(c.add)); err != nil {
		return nil, s.wrap(err)
	}
	out := &Result{Mapping: *m, Issues: slices.Concat(c.bad, c.warned), More: c.moreBad + c.moreWarned}
	if len(c.bad) > 0 {
		return out, nil
	}
	if len(c.people) == 0 {
		return nil, s.refuse(problem.Invalid, "hint.roster-empty", nil)
	}
	out.Roster = &Roster{People: c.people}
	return out, nil
}

// wrap makes an error of reading one that a person can act on.
func (s Source) wrap(err error) error {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p
	}
	return s.refuse(problem.Invalid, "hint.roster-kind", err)
}

// collector makes persons of rows.
type collector struct {
	issues
	m      Mapping
	people []Person
	seen   map[[16]byte]int32 // rows, by a sum of the key
	words  map[string]string  // texts that many persons share
	above  map[Field]string
}

func newCollector(m Mapping) *collector {
	return &collector{m: m, seen: make(map[[16]byte]int32), words: make(map[string]string), above: make(map[Field]string)}
}

func (c *collector) use(m Mapping) { c.m = m }

// add reads a row.
func (c *collector) add(r row) error {
	if r.n <= c.m.Head || !slices.ContainsFunc(r.cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return nil
	}
	if len(c.people) == MaxPeople {
		return &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.roster-large"}
	}
	p := Person{School: c.word(&r, School), Year: c.word(&r, Year), Grade: c.word(&r, Grade), Class: c.word(&r, Class), Number: c.get(&r, Number), Name: c.name(&r), Kana: c.get(&r, Kana)}
	p.Kind = kindOf(c.get(&r, Sort))
	c.check(&r, &p)
	k := p.Key()
	at := k.sum()
	if was, twice := c.seen[at]; twice {
		i := Issue{Row: r.n, Word: isTwice, Other: int(was), Value: short(p.Name)}
		if n, ok := c.m.Columns[Number]; ok && k.Number != "" {
			i.Column, i.Field, i.Value = letters(n), Number, short(p.Number+" "+p.Name)
		}
		c.issues.add(i)
	} else {
		c.seen[at] = int32(r.n)
	}
	c.people = append(c.people, p)
	return nil
}

// name puts a name together.
func (c *collector) name(r *row) string {
	if _, ok := c.m.Columns[Name]; ok {
		return c.get(r, Name)
	}
	return strings.TrimSpace(c.get(r, Family) + " " + c.get(r, Given))
}

// word is a field that many have in common: it is kept once, and may stand in the row above.
func (c *collector) word(r *row, f Field) string {
	s := c.get(r, f)
	if s == "" && c.m.Fill {
		s = c.above[f]
	}
	if kept, ok := c.words[s]; ok {
		s = kept
	} else if len(c.words) < 100_000 {
		s = strings.Clone(s)
		c.words[s] = s
	}
	c.above[f] = s
	return s
}

// get is what a row says of a field.
func (c *collector) get(r *row, f Field) string {
	n, ok := c.m.Columns[f]
	if !ok {
		return tidy(c.m.Fixed[f])
	}
	s := tidy(r.cell(n))
	tell := func(word string) {
		c.issues.add(Issue{Row: r.n, Column: letters(n), Field: f, Word: word, Value: short(s)})
	}
	switch bad := r.issue(n); {
	case bad != "":
		tell(bad)
	case madeDate(f, s):
		tell(isDate)
	case utf8.RuneCountInString(s) > maxLetters:
		tell(isLong)
	case strings.ContainsRune(s, utf8.RuneError):
		tell(isLost)
	case strings.IndexFunc(s, gaiji) >= 0:
		tell(isGaiji)
	}
	return s
}

// check names the cells that say nothing and must.
func (c *collector) check(r *row, p *Person) {
	need := func(f Field, s string, word string) {
		if n, ok := c.m.Columns[f]; ok && s == "" {
			c.issues.add(Issue{Row: r.n, Column: letters(n), Field: f, Word: word, Value: short(p.Name)})
		}
	}
	need(School, p.School, isEmpty)
	need(Year, p.Year, isEmpty)
	need(Name, p.Name, isEmpty)
	if _, whole := c.m.Columns[Name]; !whole {
		need(Family, p.Name, isEmpty)
	}
	if p.Kind == Pupil {
		need(Class, p.Class, isEmpty)
		need(Number, p.Number, isUnnamed)
	}
}

// gaiji reports whether a letter is one that only its sender's computer can show, or stands for one that could not be written.
func gaiji(r rune) bool { return r == '〓' || unicode.Is(unicode.Co, r) }

// tidy is a cell without what is no letter of it.
func tidy(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), r == '\ufeff', r == '\u200b', r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(clean)
}

// sum is a key as sixteen bytes: a million of them have to be remembered.
func (k *Key) sum() (out [16]byte) {
	b := make([]byte, 0, 128)
	for _, s := range []string{k.School, k.Year, k.Grade, k.Class, string(k.Kind), k.Number, k.Name} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	all := sha256.Sum256(b)
	return [16]byte(all[:16])
}
