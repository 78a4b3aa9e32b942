package roster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

const (
	format   = 1
	maxBytes = 1 << 30
)

var (
	// ErrNewer means that a newer version of the program wrote the bytes.
	ErrNewer = errors.New("a roster written by a newer version of the program")
	// ErrFormat means that bytes are no roster.
	ErrFormat = errors.New("not a roster of format 1")
)

// kindBytes are the kinds as they are written; their numbers never change.
var kindBytes = map[Kind]byte{Pupil: 1, Staff: 2, Other: 3}

// group is what persons who follow each other have in common.
type group struct {
	school, year, grade, class string
	kind                       Kind
}

func (p *Person) group() group { return group{p.School, p.Year, p.Grade, p.Class, p.Kind} }

// Encode returns a roster as bytes, see docs/format.md. Equal rosters have equal bytes.
func Encode(r *Roster) ([]byte, error) {
	if len(r.People) > MaxPeople {
		return nil, fmt.Errorf("%d persons, of %d that a roster may have", len(r.People), MaxPeople)
	}
	b, err := []byte{format}, error(nil)
	text := func(s string) {
		if len(s) > math.MaxUint16 || !utf8.ValidString(s) {
			err = errors.Join(err, errors.New("a text that is too long or no UTF-8"))
			return
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.People)))
	for i := 0; i < len(r.People) && err == nil; {
		g, n := r.People[i].group(), 1
		for i+n < len(r.People) && r.People[i+n].group() == g {
			n++
		}
		kind, ok := kindBytes[g.kind]
		if !ok {
			return nil, fmt.Errorf("a person of kind %q", g.kind)
		}
		b = append(b, kind)
		for _, s := range []string{g.school, g.year, g.grade, g.class} {
			text(s)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		for _, p := range r.People[i : i+n] {
			text(p.Number)
			text(p.Name)
			text(p.Kana)
		}
		i += n
	}
	if len(b) > maxBytes {
		err = errors.Join(err, errors.New("too large"))
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// decoder reads bytes; after an error it reads nothing more.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad = d.bad || n > len(d.b); d.bad {
		return make([]byte, min(n, 4))
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) text() string {
	n := int(binary.BigEndian.Uint16(d.take(2)))
	if d.bad || n > len(d.b) {
		d.bad = true
		return ""
	}
	s := string(d.take(n))
	d.bad = d.bad || !utf8.ValidString(s)
	return s
}

// Decode reads a roster. It takes no bytes that Encode would not have written. Whether two persons are the same it does not ask: how
// they are compared may change, and what was kept once opens for ever.
func Decode(b []byte) (*Roster, error) {
	if len(b) == 0 || len(b) > maxBytes || b[0] == 0 {
		return nil, ErrFormat
	}
	if b[0] != format {
		return nil, fmt.Errorf("%w: format %d", ErrNewer, b[0])
	}
	const least = 6 // bytes of a person
	d := &decoder{b: b[1:]}
	all := int(binary.BigEndian.Uint32(d.take(4)))
	if d.bad || all > MaxPeople || all > len(d.b)/least {
		return nil, ErrFormat
	}
	r := &Roster{People: make([]Person, 0, all)}
	var last group
	for first := true; len(r.People) < all; first = false {
		g := d.group()
		n := int(binary.BigEndian.Uint32(d.take(4)))
		if d.bad || n == 0 || n > all-len(r.People) || !first && g == last {
			return nil, ErrFormat
		}
		for range n {
			r.People = append(r.People, Person{School: g.school, Year: g.year, Grade: g.grade, Class: g.class, Kind: g.kind, Number: d.text(), Name: d.text(), Kana: d.text()})
			if d.bad {
				return nil, ErrFormat
			}
		}
		last = g
	}
	if len(d.b) > 0 {
		return nil, ErrFormat
	}
	return r, nil
}

func (d *decoder) group() (g group) {
	kind := d.take(1)[0]
	for k, b := range kindBytes {
		if b == kind {
			g.kind = k
		}
	}
	d.bad = d.bad || g.kind == ""
	g.school, g.year, g.grade, g.class = d.text(), d.text(), d.text(), d.text()
	return g
}
