package exposure

import (
	"iter"
	"slices"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Filter says which number is opened.
type Filter struct {
	Class  Class
	Place  *Place    // of the persons; nil: all
	Person *int      // one person; nil: all
	Share  *id.Share // of files; nil: all

	Unlinked bool // files that are not linked alone
	Offset   int
	Limit    int // of files; 0: 1,000
}

const defaultLimit = 1_000

// Found is a file that counts in a number, and why.
type Found struct {
	File     id.File
	Share    id.Share
	Paths    []pathname.Path
	Marks    Mark
	Versions []FoundVersion // those with marks
	Proof    []int64        // entries of the ledger that release a key of it, or of what has the same content
	Gaps     []int          // in Report.Gaps, of the mark Gap
}

// FoundVersion is a version that counts.
type FoundVersion struct {
	ID    id.Version
	Marks Mark
	Keys  []id.Version // under which the ledger knows it: its own, and those of its pictures
}

// People yields the persons that count in a number.
func (x *Exposure) People(f Filter) iter.Seq[int] {
	return func(yield func(int) bool) {
		if f.Class >= classes {
			return
		}
		for p := range x.tally.of[f.Class].all {
			if f.Person != nil && *f.Person != p || f.Place != nil && x.q.Persons.Place(p) != *f.Place {
				continue
			}
			if f.Unlinked && x.tally.linked[f.Class].has(p) {
				continue
			}
			if !yield(p) {
				return
			}
		}
	}
}

// List returns a page of the files that count in a number.
func (x *Exposure) List(f Filter) []Found {
	if f.Limit == 0 {
		f.Limit = defaultLimit
	}
	var out []Found
	wanted := make(map[id.Version][]int) // whose releases are looked for, and for which of out
	for file := range x.table.all {
		m := x.marks(file)
		if !m.is(f.Class) || !f.picks(x, file.open()) {
			continue
		}
		if f.Offset--; f.Offset >= 0 {
			continue
		}
		out = append(out, x.found(file, m, len(out), wanted))
		if len(out) == f.Limit {
			break
		}
	}
	x.prove(out, wanted)
	return out
}

// found describes a file, and notes which releases would prove it.
func (x *Exposure) found(f *File, m Mark, n int, wanted map[id.Version][]int) Found {
	out := Found{File: f.ID, Share: f.Share, Paths: slices.Clone(f.Paths), Marks: m}
	for i := range f.Versions {
		v := &f.Versions[i]
		vm := x.version(f.Share, v)
		if vm == 0 {
			continue
		}
		out.Versions = append(out.Versions, FoundVersion{v.ID, vm, v.keys()})
		for _, k := range v.keys() {
			wanted[k] = append(wanted[k], n)
		}
		for _, set := range []*equals{&x.equalP, &x.equalK} {
			for _, e := range set.of(v.Equal) {
				wanted[e.id] = append(wanted[e.id], n)
			}
		}
	}
	if m&Gap != 0 {
		for i, g := range x.Gaps {
			if g.Hits {
				out.Gaps = append(out.Gaps, i)
			}
		}
	}
	return out
}

// prove finds the entries.
func (x *Exposure) prove(out []Found, wanted map[id.Version][]int) {
	for e := range x.told.entries {
		for _, v := range e.Event.Files {
			for _, n := range wanted[v.Version] {
				out[n].Proof = append(out[n].Proof, e.Index)
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].Proof)
		out[i].Proof = slices.Compact(out[i].Proof)
	}
}

// picks reports whether a file is of whom a filter names.
func (f *Filter) picks(x *Exposure, file *File) bool {
	if f.Share != nil && file.Share != *f.Share {
		return false
	}
	if !f.Unlinked && f.Place == nil && f.Person == nil {
		return true
	}
	loose, found := len(file.Paths) == 0, false
	for _, p := range file.Paths {
		who := Who{}
		if x.q.Persons != nil {
			who = x.q.Persons.Of(file.Share, p)
		}
		loose = loose || who.Link == Unlinked
		found = found || f.of(x, file.Share, who)
	}
	if len(file.Paths) == 0 {
		found = f.of(x, file.Share, Who{})
	}
	if f.Unlinked && loose { // the list of a number has what the number counts
		loose = x.q.Persons != nil
		if loose {
			_, loose = x.q.Persons.Everybody(file.Share)
		}
	}
	return (!f.Unlinked || loose) && (found || f.Place == nil && f.Person == nil)
}

// of reports whether somebody whom the filter names is among them.
func (f *Filter) of(x *Exposure, share id.Share, who Who) bool {
	is := func(p int) bool {
		return (f.Person == nil || *f.Person == p) && (f.Place == nil || x.q.Persons.Place(p) == *f.Place)
	}
	group := who.N
	switch {
	case x.q.Persons == nil || who.Link == Nobody:
		return false
	case who.Link == One:
		return is(who.N)
	case who.Link != Group:
		var ok bool
		if group, ok = x.q.Persons.Everybody(share); !ok {
			return false
		}
	}
	for p := range x.q.Persons.Members(group) {
		if is(p) {
			return true
		}
	}
	return false
}

// Strange yields the versions whose keys were released to a party, or in reach, and that no file of the catalogue has, with the entries.
func (x *Exposure) Strange() []Found {
	unknown := make(map[id.Version][]int)
	var out []Found
	for _, set := range []*keys{&x.released, &x.reach} {
		for _, k := range set.list {
			if unknown[k.id] == nil {
				unknown[k.id] = []int{len(out)}
				out = append(out, Found{Share: x.named[k.share], Versions: []FoundVersion{{ID: k.id, Keys: []id.Version{k.id}}}})
			}
		}
	}
	for f := range x.table.all { // a file with such a key has a mark
		for i := range f.Versions {
			for _, k := range f.Versions[i].keys() {
				delete(unknown, k)
			}
		}
	}
	kept := out[:0]
	for _, f := range out {
		if v := f.Versions[0].ID; unknown[v] != nil {
			unknown[v][0] = len(kept)
			kept = append(kept, f)
		}
	}
	entry := 0
	for e := range x.told.entries {
		m := x.toldMarks[entry]
		entry++
		for i, f := range e.Event.Files {
			for _, n := range unknown[f.Version] {
				kept[n].Marks |= m
				kept[n].Proof = append(kept[n].Proof, e.Index)
				if i < len(e.Paths) && e.Paths[i] != "" && !slices.Contains(kept[n].Paths, e.Paths[i]) {
					kept[n].Paths = append(kept[n].Paths, e.Paths[i])
				}
			}
		}
	}
	return kept
}
