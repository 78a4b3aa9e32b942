package cases

import (
	"cmp"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
)

// people are who a file of a link may show. Of one whom the roster does not have that is everybody in the school that its path names: not all the
// schools of a share that holds several.
func (x *sharePersons) people(link roster.Link) []int32 {
	who := x.index.People(link)
	if len(who) > 0 || link.School == "" || link.Target == roster.OfNobody || link.Target == roster.Unlinked {
		return who
	}
	return x.index.People(roster.Link{Target: roster.OfSchool, School: link.School})
}

// place says of which schools a path is, as far as rules and roster tell.
type place struct {
	schools []string // in the compared form
	people  bool     // the roster tells them, and the path does not: it may also be of a school of which the roster knows nobody
	nobody  bool     // a rule says that it shows nobody
}

// anywhere reports whether nothing tells: it may be of any school.
func (p place) anywhere() bool { return !p.nobody && len(p.schools) == 0 }

// place tells of which schools the file at a path may be. A school that a rule finds in the path counts also if the roster has nobody there.
func (p *Persons) place(share id.Share, path pathname.Path) place {
	x := p.shares[share]
	if x == nil {
		return place{}
	}
	within := within(path)
	if within == rosterFile {
		return place{schools: x.schools}
	}
	link, ok := p.linkOf(x.book, path)
	switch {
	case !ok, link.Target == roster.OfNobody && link.School == "":
		return place{nobody: true}
	case link.Target == roster.OfNobody:
		return place{nobody: true, schools: []string{link.School}}
	}
	who := x.people(link)
	switch {
	case link.Target == roster.Unlinked:
		return place{}
	case link.School != "":
		return place{schools: []string{link.School}}
	case len(who) == 0:
		return place{}
	}
	if known, ok := x.of[&who[0]]; ok {
		return place{schools: known, people: true}
	}
	var out []string
	last := ""
	for _, n := range who {
		if s := x.index.School(n); s != last && !slices.Contains(out, s) {
			out, last = append(out, s), s
		}
	}
	x.of[&who[0]] = out
	return place{schools: out, people: true}
}

// nobody reports whether rules say that a file shows nobody, under whatever name it stood.
func (p *Persons) nobody(share id.Share, paths []pathname.Path) bool {
	return !slices.ContainsFunc(paths, func(path pathname.Path) bool { return p.Of(share, path).Link != exposure.Nobody })
}

// book returns the roster of a share, or nil.
func (p *Persons) bookOf(share id.Share) *roster.Book {
	if x := p.shares[share]; x != nil {
		return x.book
	}
	return nil
}

// school is one of the schools in a share.
type school struct {
	name  string // as it was written first
	key   string
	own   *account.SchoolLine // of the register; nil: there is none
	facts *roster.SchoolFacts // of the roster
	known bool                // it is in the roster
}

// schoolsOf are the schools of a share: those of its roster, and those that the register names besides.
func schoolsOf(book *roster.Book, line *account.Register) (out []*school) {
	by := make(map[string]*school)
	of := func(name string) *school {
		key := roster.SchoolKey(name)
		if by[key] == nil {
			by[key] = &school{name: name, key: key}
			out = append(out, by[key])
		}
		return by[key]
	}
	if book != nil {
		for _, name := range book.Roster.SchoolNames() {
			of(name).known = true
		}
	}
	for i := range line.Schools {
		if s := of(line.Schools[i].School); s.own == nil {
			s.own = &line.Schools[i]
		}
	}
	if book != nil {
		for i := range book.Schools {
			if s := by[roster.SchoolKey(book.Schools[i].Name)]; s != nil {
				s.facts = &book.Schools[i]
			}
		}
	}
	return out
}

// line is what is known of a school: the register's own line for it, then the list of schools that came with the roster, then the line of the
// share; of a share with a single school, that comes before the list.
func (s *school) line(share *account.Register, single bool) account.Register {
	r := share.For(s.own)
	if s.facts == nil {
		return r
	}
	if s.own == nil || s.own.Contact == "" {
		if single {
			r.Contact = cmp.Or(r.Contact, s.facts.Contact)
		} else {
			r.Contact = cmp.Or(s.facts.Contact, r.Contact)
		}
	}
	r.Public = r.Public || s.facts.Public && (s.own == nil || s.own.Public == nil)
	return r
}

// holder is on whose behalf data is held: a client of the register, or a share of which it names none. Who is told, and who is one person, goes by it.
func holder(client, share string) string {
	if client == "" {
		return "share:" + share
	}
	return "client:" + client
}

// holders are those of the schools of a share, by their compared names.
func holders(share string, list []*school, line *account.Register) map[string]string {
	out := map[string]string{"": holder("", share)}
	if len(list) < 2 {
		out[""] = holder(line.Client, share)
	}
	for _, s := range list {
		if out[s.key] = s.holder(share); len(list) == 1 {
			out[s.key] = holder(line.For(s.own).Client, share)
		}
	}
	return out
}

// holder tells schools of one name apart. Those in two shares are one only if the register names the same client for both: two towns have each a
// first primary school, and neither may get the lists of the other.
func (s *school) holder(share string) string {
	if s.own == nil {
		return holder("", share)
	}
	return holder(s.own.Client, share)
}

// client is the key of what a school in a share with several is told.
func (s *school) client(share string) string {
	if s.own != nil && s.own.Client != "" && roster.SchoolKey(s.own.Client) == s.key {
		return s.holder(share)
	}
	return s.holder(share) + "/school:" + s.name
}
