package cases

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// Persons are the rosters of all shares. Whoever stands in several, with the same school, year, class and number, is one person, if the register
// names the same client for that school in each: two towns have each a first primary school, and of both there is a number 1 in 3-1.
type Persons struct {
	People []*roster.Person // by number
	places []exposure.Place
	placed []uint32 // of each person, in places
	groups [][]int32
	shares map[id.Share]*sharePersons

	renamed map[pathname.Path]earlier // names that suspects have given
}

// census gives persons their numbers. What it knows of each is much, and gone when all rosters are read.
type census struct {
	*Persons
	number  map[identity]int
	places  map[settled]uint32
	schools map[string]string // as they were written first, by how they are compared
}

// identity is what tells a person from all others.
type identity struct {
	holder string // of the school
	roster.Key
}

// settled is where persons belong, schools of one name told apart.
type settled struct {
	holder, school, year string
	kind                 roster.Kind
}

// sharePersons are the persons of one share.
type sharePersons struct {
	book  *roster.Book
	index *roster.Index
	at    []int32 // the numbers of those in the roster
	all   int     // the group of all
	group map[*int32]int

	holders map[string]string   // on whose behalf which of its schools are held
	schools []string            // in the compared form
	of      map[*int32][]string // of which schools a group is
	own     map[int]int32       // persons of this roster by their numbers: elsewhere somebody may be written otherwise
}

// maxRoster bounds a roster that is read.
const maxRoster = 256 << 20

// rosters reads the rosters of shares; each is recorded in the ledger as a reading. A share without one is left out.
func (d *Desk) rosters(ctx context.Context, s account.Session, shares []account.Share, lines []account.RegisterLine, m *meter) (*Persons, error) {
	p, of := newCensus(), registerOf(lines)
	for _, a := range shares {
		b, _, err := d.House.Roster(ctx, s, pathname.Root.Join(a.Name), maxRoster)
		m.add(1)
		switch {
		case problem.KindOf(err) == problem.NotFound:
			d.notePublic(a.Name, new(roster.Book))
			continue
		case problem.KindOf(err) == problem.Damaged:
			return nil, damagedRoster(a.Name, err)
		case err != nil:
			return nil, err
		}
		book, err := bookOf(a.Name, b)
		if err != nil {
			return nil, err
		}
		d.notePublic(a.Name, book)
		line := of[a.Name]
		p.add(a, book, &line)
	}
	p.tellApart()
	return p.Persons, nil
}

// registerOf are the lines of the register by the names of their shares.
func registerOf(lines []account.RegisterLine) map[string]account.Register {
	of := make(map[string]account.Register, len(lines))
	for _, l := range lines {
		of[l.Share] = l.Register
	}
	return of
}

// sameHolders reports whether persons are told apart by these lines of the register as they were by others.
func (p *Persons) sameHolders(shares []account.Share, lines []account.RegisterLine) bool {
	of := registerOf(lines)
	return !slices.ContainsFunc(shares, func(a account.Share) bool {
		x, line := p.shares[a.ID], of[a.Name]
		return x != nil && !maps.Equal(x.holders, holders(a.Name, schoolsOf(x.book, &line), &line))
	})
}

func newCensus() *census {
	return &census{Persons: &Persons{shares: make(map[id.Share]*sharePersons)}, number: make(map[identity]int), places: make(map[settled]uint32),
		schools: make(map[string]string)}
}

func (p *census) add(share account.Share, book *roster.Book, line *account.Register) {
	x := &sharePersons{book: book, index: roster.NewIndex(&book.Roster), at: make([]int32, len(book.Roster.People)), group: make(map[*int32]int),
		holders: holders(share.Name, schoolsOf(book, line), line), of: make(map[*int32][]string), own: make(map[int]int32)}
	for _, name := range book.Roster.SchoolNames() {
		x.schools = append(x.schools, roster.SchoolKey(name))
	}
	for i := range book.Roster.People {
		who := &book.Roster.People[i]
		key := who.Key()
		all := identity{cmp.Or(x.holders[key.School], x.holders[""]), key}
		n, known := p.number[all]
		if !known {
			n = len(p.People)
			p.number[all] = n
			p.People = append(p.People, who)
			if p.schools[key.School] == "" {
				p.schools[key.School] = who.School
			}
			p.settle(settled{all.holder, key.School, key.Year, key.Kind})
		}
		x.at[i] = int32(n)
		if _, twice := x.own[n]; !twice {
			x.own[n] = int32(i)
		}
	}
	all := slices.Clone(x.at)
	slices.Sort(all)
	x.all = p.newGroup(slices.Compact(all))
	p.shares[share.ID] = x
}

// settle notes where the last person belongs.
func (p *census) settle(at settled) {
	n, known := p.places[at]
	if !known {
		n = uint32(len(p.Persons.places))
		p.places[at], p.Persons.places = n, append(p.Persons.places, exposure.Place{School: p.schools[at.school], Year: at.year, Kind: string(at.kind)})
	}
	p.placed = append(p.placed, n)
}

// tellApart writes behind the names that several schools have on whose behalf each is held: numbers are told by school.
func (p *census) tellApart() {
	of := make(map[string]map[string]bool)
	for at := range p.places {
		if of[at.school] == nil {
			of[at.school] = make(map[string]bool)
		}
		of[at.school][at.holder] = true
	}
	for at, n := range p.places {
		if len(of[at.school]) > 1 {
			_, holder, _ := strings.Cut(at.holder, ":")
			p.Persons.places[n].School += " (" + holder + ")"
		}
	}
}

func (p *Persons) newGroup(members []int32) int {
	p.groups = append(p.groups, members)
	return len(p.groups) - 1
}

// Of implements exposure.Persons.
func (p *Persons) Of(share id.Share, path pathname.Path) exposure.Who {
	x := p.shares[share]
	if x == nil {
		return exposure.Who{}
	}
	within := within(path)
	if within == rosterFile {
		return exposure.Who{Link: exposure.Group, N: x.all}
	}
	link, ok := p.linkOf(x.book, path)
	if !ok || link.Target == roster.OfNobody {
		return exposure.Who{Link: exposure.Nobody}
	}
	who := x.people(link)
	switch {
	case len(who) == 0: // no rule, or one for a school that the roster does not have
		return exposure.Who{}
	case len(who) == 1:
		return exposure.Who{Link: exposure.One, N: int(x.at[who[0]])}
	}
	g, known := x.group[&who[0]]
	if !known {
		members := make([]int32, len(who))
		for i, n := range who {
			members[i] = x.at[n]
		}
		g = p.newGroup(members)
		x.group[&who[0]] = g
	}
	return exposure.Who{Link: exposure.Group, N: g}
}

// rosterFile is the name of a roster in its share, which the ledger and the vault tell.
const rosterFile = ":roster"

// Members implements exposure.Persons.
func (p *Persons) Members(group int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, n := range p.groups[group] {
			if !yield(int(n)) {
				return
			}
		}
	}
}

// Everybody implements exposure.Persons.
func (p *Persons) Everybody(share id.Share) (int, bool) {
	x := p.shares[share]
	if x == nil {
		return 0, false
	}
	return x.all, true
}

// Place implements exposure.Persons.
func (p *Persons) Place(person int) exposure.Place { return p.places[p.placed[person]] }

// within is a path in its share.
func within(path pathname.Path) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(string(path), "/"), "/")
	return rest
}
