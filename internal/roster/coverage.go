package roster

import (
	"iter"
	"strconv"
	"sync"

	"github.com/azekura/azekura/internal/whose"
)

// Index finds the persons of links.
type Index struct {
	roster *Roster
	keys   []Key
	names  []string // in the compared form

	mu sync.Mutex
	by map[mask]map[[16]byte][]int32 // made when it is asked for; mu guards it
}

// mask says which fields a link has.
type mask uint8

// NewIndex makes an index of a roster, which must not change any more.
func NewIndex(r *Roster) *Index {
	x := &Index{roster: r, keys: make([]Key, len(r.People)), names: make([]string, len(r.People)), by: make(map[mask]map[[16]byte][]int32)}
	for i := range r.People {
		x.keys[i], x.names[i] = r.People[i].Key(), whose.Text(r.People[i].Name)
	}
	return x
}

// People returns who a file of a link may show: of one to a person, everybody whom its fields do not tell apart. They are places in the
// roster and must not be changed.
func (x *Index) People(k Link) []int32 {
	switch k.Target {
	case OfPerson:
	case OfClass:
		k.Number, k.Name = "", ""
	case OfSchool:
		k = Link{Target: k.Target, School: k.School, Year: k.Year}
	default:
		return nil
	}
	m := maskOf(&k)
	x.mu.Lock()
	defer x.mu.Unlock()
	index, ok := x.by[m]
	if !ok {
		index = make(map[[16]byte][]int32)
		for i := range x.keys {
			k := x.link(i, m)
			at := k.sum()
			index[at] = append(index[at], int32(i))
		}
		x.by[m] = index
	}
	return index[k.sum()]
}

// sum is what a link says, as sixteen bytes.
func (k *Link) sum() [16]byte {
	key := Key{School: k.School, Year: k.Year, Grade: k.Grade, Class: k.Class, Number: k.Number, Name: k.Name}
	return key.sum()
}

// fieldsOf are the fields of a link, in the order of the bits of a mask.
func fieldsOf(k *Link) [6]*string {
	return [6]*string{&k.School, &k.Year, &k.Grade, &k.Class, &k.Number, &k.Name}
}

func maskOf(k *Link) (m mask) {
	for i, f := range fieldsOf(k) {
		if *f != "" {
			m |= 1 << i
		}
	}
	return m
}

// link is a person as a link with only some fields.
func (x *Index) link(i int, m mask) (k Link) {
	p := x.keys[i]
	all := Link{School: p.School, Year: p.Year, Grade: p.Grade, Class: p.Class, Number: p.Number, Name: x.names[i]}
	from, to := fieldsOf(&all), fieldsOf(&k)
	for j := range to {
		if m&(1<<j) != 0 {
			*to[j] = *from[j]
		}
	}
	return k
}

// Coverage says how many files are linked to whom.
type Coverage struct {
	Files    int      `json:"files"`
	Person   int      `json:"person"`
	Class    int      `json:"class"`
	School   int      `json:"school"`
	Nobody   int      `json:"nobody"`
	Unlinked int      `json:"unlinked"` // no rule fits
	Unknown  int      `json:"unknown"`  // a rule fits, and the roster has nobody like that
	Several  int      `json:"several"`  // of those linked to a person: to more than one, for its path tells no more
	First    []string `json:"first"`    // of those unlinked or unknown
	Rules    []int    `json:"rules"`    // how many files each rule fits
	Missing  int      `json:"missing"`  // persons of the roster with no file of their own
}

// Linked is how many files are linked, to nobody too.
func (c *Coverage) Linked() int { return c.Files - c.Unlinked - c.Unknown }

// Lacking is how many files are not linked.
func (c *Coverage) Lacking() int { return c.Unlinked + c.Unknown }

// Cover counts what rules say of paths, and keeps the first so many that are linked to nobody that anybody knows.
func (x *Index) Cover(l *Rules, paths iter.Seq[string], first int) *Coverage {
	c := &Coverage{Rules: make([]int, len(l.list)), First: []string{}}
	seen, own := make([]uint64, (len(x.keys)+63)/64), 0
	for path := range paths {
		c.Files++
		k := l.Link(path)
		if k.rule >= 0 {
			c.Rules[k.rule]++
		}
		who := x.People(k)
		switch {
		case k.Target == OfNobody:
			c.Nobody++
			continue
		case k.Target == Unlinked:
			c.Unlinked++
		case len(who) == 0:
			c.Unknown++
		}
		if len(who) == 0 {
			if len(c.First) < first {
				c.First = append(c.First, path)
			}
			continue
		}
		switch k.Target {
		case OfPerson:
			c.Person++
			if len(who) > 1 {
				c.Several++
			}
			for _, i := range who {
				if bit := uint64(1) << (i % 64); seen[i/64]&bit == 0 {
					seen[i/64] |= bit
					own++
				}
			}
		case OfClass:
			c.Class++
		case OfSchool:
			c.School++
		}
	}
	c.Missing = len(x.keys) - own
	return c
}

// Percent is how much of all files that is, cut to a tenth: what is not all never looks like it.
func (c *Coverage) Percent() string {
	if c.Files == 0 {
		return "–"
	}
	n := c.Linked() * 1000 / c.Files
	if n%10 == 0 {
		return strconv.Itoa(n / 10)
	}
	return strconv.Itoa(n/10) + "." + strconv.Itoa(n%10)
}
