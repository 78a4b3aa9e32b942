package exposure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Three are the three numbers, which are told together or not at all. Each file and each person counts in one of them.
type Three struct {
	Confirmed int64 `json:"confirmed"` // a key was released to a distrusted party
	Possible  int64 `json:"possible"`  // it was in reach, or the records have a gap
	Exempt    int64 `json:"exempt"`    // ciphertext alone was in reach: a candidate for the exemption, which people decide about
}

func (t *Three) add(c Class) {
	switch c {
	case Confirmed:
		t.Confirmed++
	case Possible:
		t.Possible++
	case Exempt:
		t.Exempt++
	}
}

// Row are numbers of distinct persons of one place.
type Row struct {
	Place
	Persons  Three `json:"persons"`
	Unlinked Three `json:"unlinked"` // of these, those whom nothing but unlinked files puts here
	Altered  int64 `json:"altered"`  // of whom a file was altered
	Lost     int64 `json:"lost"`     // of whom a file was altered and no intact version or copy is known
	Own      int64 `json:"own"`      // of whom a party has saved a file itself
}

// ShareCount are numbers of distinct files of one share.
type ShareCount struct {
	Share    id.Share `json:"share"`
	Roster   bool     `json:"roster"` // if not, nobody knows of how many persons the files are: that is unknown, and not 0
	Names    bool     `json:"names"`  // the names of its files and directories could be seen, without a record of each
	Files    Three    `json:"files"`
	Unlinked Three    `json:"unlinked"` // of these, those that no rule links to anybody; none without a roster
	Altered  int64    `json:"altered"`
	Lost     int64    `json:"lost"`
	Own      int64    `json:"own"`
	Strange  int64    `json:"strange"` // versions whose keys were released or in reach, and that no file of the catalogue has; in none of the numbers of files
}

// Report are the numbers.
type Report struct {
	Rows    []Row        `json:"rows"` // by school, year and kind
	Persons Row          `json:"persons"`
	Shares  []ShareCount `json:"shares"`
	Files   ShareCount   `json:"files"`   // of all shares
	Unknown Three        `json:"unknown"` // of these files, those of shares without a roster: of how many persons they are nobody knows
	Gaps    []Flawed     `json:"gaps,omitempty"`
	Leads   []int64      `json:"leads,omitempty"` // entries of ways in that the parties have made: devices, tokens, rights
	Entries int64        `json:"entries"`
}

// tally gathers whose files count in which class.
type tally struct {
	persons Persons
	of      [classes]bits // persons
	groups  [classes]bits // groups that files are linked to
	loose   [classes]bits // groups of everybody, for files that are not linked
	linked  [classes]bits // of; before loose was added, and each person in the worst class alone
}

func newTally(p Persons) *tally { return &tally{persons: p} }

// path counts whoever a path is of, and reports whether it is linked.
func (t *tally) path(c Class, share id.Share, path pathname.Path) bool {
	if t.persons == nil {
		return false
	}
	switch who := t.persons.Of(share, path); who.Link {
	case Nobody:
	case One:
		t.of[c].set(who.N)
	case Group:
		t.groups[c].set(who.N)
	default:
		t.unlinked(c, share)
		return false
	}
	return true
}

// unlinked counts everybody in a share's roster.
func (t *tally) unlinked(c Class, share id.Share) {
	if t.persons == nil {
		return
	}
	if g, ok := t.persons.Everybody(share); ok {
		t.loose[c].set(g)
	}
}

// settle puts every person into the worst class.
func (t *tally) settle() {
	for c := range classes {
		for g := range t.groups[c].all {
			for p := range t.persons.Members(g) {
				t.of[c].set(p)
			}
		}
		t.linked[c] = slices.Clone(t.of[c])
		for g := range t.loose[c].all {
			for p := range t.persons.Members(g) {
				t.of[c].set(p)
			}
		}
	}
	t.of[Exempt].without(t.of[Confirmed])
	t.of[Exempt].without(t.of[Possible])
	t.of[Possible].without(t.of[Confirmed])
}

// count goes through the files, counts, and keeps those with marks: no other is asked for again.
func (x *Exposure) count() {
	shares := make(map[id.Share]*ShareCount)
	of := func(s id.Share) *ShareCount {
		if shares[s] == nil {
			shares[s] = &ShareCount{Share: s}
			if x.q.Persons != nil {
				_, shares[s].Roster = x.q.Persons.Everybody(s)
			}
		}
		return shares[s]
	}
	seenP, seenK := make(bits, 0), make(bits, 0)
	all := x.table
	x.table = new(table)
	for f := range all.all {
		for i := range f.Versions {
			for _, k := range f.Versions[i].keys() {
				if n, ok := x.released.find(k); ok {
					seenP.set(n)
				}
				if n, ok := x.reach.find(k); ok {
					seenK.set(n)
				}
			}
		}
		if m := x.marks(f); m != 0 {
			x.file(of(f.Share), f.open(), m)
			x.table.add(f)
		} else {
			of(f.Share)
		}
	}
	for n, k := range x.released.list {
		if !seenP.has(n) {
			of(x.named[k.share]).Strange++
			x.unknown(Confirmed, x.named[k.share])
		}
	}
	for n, k := range x.reach.list {
		if !seenK.has(n) && !x.released.has(k.id) {
			of(x.named[k.share]).Strange++
			x.unknown(Possible, x.named[k.share])
		}
	}
	for share, list := range x.asked { // only now, when all files are known that say what a name is worth
		for a := range list {
			x.tally.path(a.class, share, a.path)
		}
	}
	x.names(of)
	x.tally.settle()
	x.report(shares)
}

// unknown counts a version that no file has: it may be of anybody.
func (x *Exposure) unknown(c Class, share id.Share) {
	if x.strange[share] == nil {
		x.strange[share] = make(map[Class]bool)
	}
	x.strange[share][c] = true
	x.tally.unlinked(c, share)
}

// file counts one file.
func (x *Exposure) file(s *ShareCount, f *File, m Mark) {
	for c := range classes {
		if !m.is(c) {
			continue
		}
		linked := len(f.Paths) > 0
		for _, p := range f.Paths {
			linked = x.tally.path(c, f.Share, p) && linked
		}
		if len(f.Paths) == 0 {
			x.tally.unlinked(c, f.Share)
		}
		s.Files.add(c)
		if !linked && s.Roster { // those without a roster are told apart: of how many persons they are nobody knows
			s.Unlinked.add(c)
		}
		switch c {
		case Changed:
			s.Altered++
		case Lost:
			s.Lost++
		case Uploaded:
			s.Own++
		}
	}
}

// names notes of which shares the names of files could be seen. A session sees them in every share that it may read; each look is recorded
// nowhere.
func (x *Exposure) names(of func(id.Share) *ShareCount) {
	for s := range x.time.shares {
		of(s)
	}
	of(id.Share{}) // stands for all, below
	all := false
	for _, w := range x.watches {
		switch {
		case w.keyless():
		case w.Kind == Storehouse:
			for s := range w.names {
				of(s).Names = true
			}
		case w.Kind == Keeper || w.Shares == nil:
			all = true
		default:
			for _, s := range w.Shares {
				of(s).Names = true
			}
		}
	}
	of(id.Share{}).Names = all
}

// report adds up.
func (x *Exposure) report(shares map[id.Share]*ShareCount) {
	all := shares[id.Share{}].Names
	delete(shares, id.Share{})
	sum := &x.Files
	for _, s := range shares {
		s.Names = s.Names || all
		x.Shares = append(x.Shares, *s)
		addThree(&sum.Files, s.Files)
		addThree(&sum.Unlinked, s.Unlinked)
		sum.Altered, sum.Lost, sum.Own, sum.Strange = sum.Altered+s.Altered, sum.Lost+s.Lost, sum.Own+s.Own, sum.Strange+s.Strange
		sum.Names, sum.Roster = sum.Names || s.Names, sum.Roster || s.Roster
		if !s.Roster {
			addThree(&x.Unknown, s.Files)
		}
	}
	slices.SortFunc(x.Shares, func(a, b ShareCount) int { return strings.Compare(a.Share.String(), b.Share.String()) })
	x.Entries = x.time.count
	for _, w := range x.watches {
		x.Leads = append(x.Leads, w.leads...)
	}
	slices.Sort(x.Leads)
	x.Leads = slices.Compact(x.Leads)
	x.rows()
}

func addThree(to *Three, t Three) {
	to.Confirmed, to.Possible, to.Exempt = to.Confirmed+t.Confirmed, to.Possible+t.Possible, to.Exempt+t.Exempt
}

// rows counts persons by their places.
func (x *Exposure) rows() {
	rows := make(map[Place]*Row)
	for c := range classes {
		for p := range x.tally.of[c].all {
			place := x.q.Persons.Place(p)
			if rows[place] == nil {
				rows[place] = &Row{Place: place}
			}
			for _, r := range []*Row{rows[place], &x.Persons} {
				r.add(c, x.tally.linked[c].has(p))
			}
		}
	}
	for _, r := range rows {
		x.Rows = append(x.Rows, *r)
	}
	slices.SortFunc(x.Rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.School, b.School), strings.Compare(a.Year, b.Year), strings.Compare(a.Kind, b.Kind))
	})
}

func (r *Row) add(c Class, linked bool) {
	r.Persons.add(c)
	if !linked {
		r.Unlinked.add(c)
	}
	switch c {
	case Changed:
		r.Altered++
	case Lost:
		r.Lost++
	case Uploaded:
		r.Own++
	}
}
