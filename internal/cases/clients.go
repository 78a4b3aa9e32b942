package cases

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/roster"
)

// letters are what clients are told, and what nobody but the house is.
type letters struct {
	clients []paper.Client
	loose   []paper.File
}

// clients gathers what each client is told: one for all shares of which the register names the same, and a share of which it names nobody is a
// client of its own. Of a share with several schools, each school is one. The source is held.
func (f *Findings) clients(out *paper.Facts) error {
	if f.told == nil {
		g := &gathering{f: f, by: make(map[string]*parcel), schools: make(map[string]bool)}
		lists := make([][]*school, len(f.Shares))
		for i := range f.Shares {
			sh := &f.Shares[i]
			n, err := f.source.share(sh.Name)
			if err != nil {
				return err
			}
			lists[i] = schoolsOf(f.Persons.bookOf(n), &sh.Register)
			for _, s := range lists[i] {
				g.schools[s.key] = true
			}
		}
		for i := range f.Shares {
			if err := g.share(&f.Shares[i], lists[i]); err != nil {
				return err
			}
		}
		t := &letters{loose: g.loose}
		for _, p := range g.order {
			t.clients = append(t.clients, p.client())
		}
		f.told = t
	}
	out.Clients = f.told.clients
	if len(f.told.loose) > 0 {
		out.Loose = slices.Values(f.told.loose)
	}
	return nil
}

// gathering collects what everybody is told, share by share.
type gathering struct {
	f       *Findings
	schools map[string]bool    // of all shares, in the compared form
	by      map[string]*parcel // by key
	order   []*parcel
	loose   []paper.File
}

// parcel is what one client is told.
type parcel struct {
	out     paper.Client
	people  map[int]*worst
	writing map[string]string // how the client's own lists write its schools, by how they are compared
	files   []paper.File
	damage  Damage
	seen    []*Damage // of the shares
	home    home      // within the share that is gone through
}

// worst is what a person counts as for one client.
type worst struct {
	who      *roster.Person // as the client's own list writes them
	place    exposure.Place
	class    exposure.Class
	unlinked bool
	files    int64
}

// parcel returns that of a client, with a share's line in it.
func (g *gathering) parcel(key string, sh *ShareFindings, r account.Register) *parcel {
	p := g.by[key]
	if p == nil {
		p = &parcel{out: paper.Client{Key: key}, people: make(map[int]*worst), writing: make(map[string]string)}
		g.by[key], g.order = p, append(g.order, p)
	}
	c := &p.out
	c.Name, c.Contact, c.Public = cmp.Or(c.Name, r.Client), cmp.Or(c.Contact, r.Contact), c.Public || r.Public
	p.seen = append(p.seen, &sh.Damage)
	c.Shares = append(c.Shares, paper.Share{Name: sh.Name, Year: r.Year, Data: r.Data, Subjects: r.Subjects, Sensitive: r.Sensitive, Untouched: sh.untouched()})
	return p
}

// share goes through one share.
func (g *gathering) share(sh *ShareFindings, list []*school) error {
	n, err := g.f.source.share(sh.Name)
	if err != nil {
		return err
	}
	if len(list) > 1 {
		return g.shared(sh, n, list)
	}
	r := sh.Register.For(nil)
	if len(list) == 1 {
		r = list[0].line(&sh.Register, true)
	}
	return g.whole(g.parcel(holder(r.Client, sh.Name), sh, r), sh, n)
}

// untouched reports whether nothing in the share counts: papers do not list its kinds of data among those of the accident.
func (sh *ShareFindings) untouched() bool {
	x := &sh.Exposure
	return x.Files.Confirmed+x.Files.Possible+x.Files.Exempt+x.Strange+sh.Damage.Files == 0
}

// whole gives all that is in a share to one client.
func (g *gathering) whole(p *parcel, sh *ShareFindings, n id.Share) error {
	own, groups := make(map[int]int64), make(map[int]int64)
	p.damage.add(&sh.Damage)
	part, err := g.f.answer.Part(n, nil, func(file *exposure.File, m exposure.Mark) {
		class, exposed := m.Class()
		h := g.f.harmed.files[file.ID]
		if !exposed && !h.altered {
			return
		}
		y := fileAs(string(file.Paths[0]), class, exposed, h)
		if exposed && g.f.Persons.nobody(n, file.Paths) {
			p.out.Exposure.FilesNobody++
		}
		known := g.f.Persons.first(file.Paths)
		for i, path := range file.Paths {
			switch who := g.f.Persons.Of(n, path); who.Link {
			case exposure.One:
				if i == known {
					own[who.N]++
				}
			case exposure.Group:
				if i == known && within(path) != rosterFile { // a roster shows nobody
					groups[who.N]++
				}
			case exposure.Unlinked:
				y.Unlinked = g.f.Persons.shares[n] != nil
			}
		}
		p.files = append(p.files, y)
	})
	if err != nil {
		return err
	}
	g.members(own, groups)
	g.persons(part, n, own, func(int) *parcel { return p })
	e := &p.out.Exposure
	e.Files, e.FilesUnlinked, e.Strange, e.Names = plus(e.Files, part.Files.Files), plus(e.FilesUnlinked, part.Files.Unlinked), e.Strange+part.Files.Strange, e.Names || part.Files.Names
	if !part.Files.Roster {
		e.Unknown = plus(e.Unknown, part.Files.Files)
	}
	return nil
}

func fileAs(path string, class exposure.Class, exposed bool, h hurt) paper.File {
	y := paper.File{Path: path, Exposed: exposed, Count: paper.Class(class)}
	if h.altered {
		y.Intact, y.When, y.Back = h.intact, h.when, h.back
		for _, w := range h.what {
			y.Hurts = append(y.Hurts, string(w))
		}
	}
	return y
}

func plus(t paper.Three, x exposure.Three) paper.Three {
	return paper.Three{Confirmed: t.Confirmed + x.Confirmed, Possible: t.Possible + x.Possible, Exempt: t.Exempt + x.Exempt}
}

// members counts pictures of groups as files of everybody in them: who is confirmed by one is not of 0 files.
func (g *gathering) members(own, groups map[int]int64) {
	for group, files := range groups {
		for n := range g.f.Persons.Members(group) {
			own[n] += files
		}
	}
}

// persons gives the persons of a share, with what they count as in it, to whom they are told.
func (g *gathering) persons(part *exposure.Part, share id.Share, own map[int]int64, to func(int) *parcel) {
	x := g.f.Persons.shares[share]
	for c := exposure.Confirmed; c <= exposure.Exempt; c++ {
		for n, linked := range part.People(c) {
			p := to(n)
			if p == nil {
				continue
			}
			w := p.people[n]
			if w == nil {
				w = &worst{who: &x.book.Roster.People[x.own[n]], class: c, unlinked: !linked}
				p.people[n] = w
				w.place = g.f.Persons.Place(n)
				key := roster.SchoolKey(w.who.School)
				if p.writing[key] == "" {
					p.writing[key] = w.who.School
				}
				w.place.School = p.writing[key]
			} else {
				w.class, w.unlinked = min(w.class, c), w.unlinked && !linked
			}
		}
	}
	for n, files := range own {
		if p := to(n); p != nil && p.people[n] != nil {
			p.people[n].files += files
		}
	}
}

// client closes a parcel.
func (p *parcel) client() paper.Client {
	c := p.out
	shared := c.Damage.Shared
	p.damage.Verified = verifiedOf(p.seen)
	c.Damage, c.Exposure.Known = damageFacts(&p.damage), true
	c.Damage.Shared = shared
	p.rows(&c.Exposure)
	order := slices.Sorted(maps.Keys(p.people))
	c.People = func(yield func(paper.Person) bool) { // in the order of the roster
		for _, n := range order {
			if !yield(p.people[n].person()) {
				return
			}
		}
	}
	c.Files = slices.Values(p.files)
	return c
}

// rows counts persons by their places.
func (p *parcel) rows(e *paper.Exposure) {
	rows := make(map[exposure.Place]*paper.Row)
	for _, w := range p.people {
		r := rows[w.place]
		if r == nil {
			r = &paper.Row{School: w.place.School, Year: w.place.Year, Kind: w.place.Kind}
			rows[w.place] = r
		}
		for _, t := range []*paper.Three{&r.Persons, &e.Persons} {
			add(t, w.class)
		}
		if w.unlinked {
			add(&r.Unlinked, w.class)
			add(&e.Unlinked, w.class)
		}
	}
	for _, r := range rows {
		e.Rows = append(e.Rows, *r)
	}
	slices.SortFunc(e.Rows, func(a, b paper.Row) int {
		return cmp.Or(strings.Compare(a.School, b.School), strings.Compare(a.Year, b.Year), strings.Compare(a.Kind, b.Kind))
	})
}

func add(t *paper.Three, c exposure.Class) { addTo((*exposure.Three)(t), c) }

func (w *worst) person() paper.Person {
	p := w.who
	return paper.Person{School: p.School, Year: p.Year, Grade: p.Grade, Class: p.Class, Number: p.Number, Name: p.Name, Kind: string(p.Kind),
		Count: paper.Class(w.class), Unlinked: w.unlinked, Files: w.files}
}
