package exposure

import (
	"iter"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Part are the numbers of one share alone: what its client is told. A person whom other shares know, too, counts here by what is in this
// one.
type Part struct {
	Files   ShareCount
	Persons Row
	Rows    []Row
	tally   *tally
}

// asked is a path under which a key was handed out, or was in reach.
type asked struct {
	class Class
	path  pathname.Path
}

// Part counts the files of one share, and tells of each that has a mark. They are those that were counted, or, if files are given, these: for
// who has something to look at in every file.
func (x *Exposure) Part(share id.Share, files iter.Seq2[*File, error], each func(*File, Mark)) (*Part, error) {
	y := *x
	y.tally, y.Report = newTally(x.q.Persons), Report{}
	count := ShareCount{Share: share}
	for i := range x.Shares {
		if s := &x.Shares[i]; s.Share == share {
			count.Roster, count.Names, count.Strange = s.Roster, s.Names, s.Strange
		}
	}
	if files == nil {
		files = x.table.each
	}
	for f, err := range files {
		if err != nil {
			return nil, err
		}
		if f.Share != share {
			continue
		}
		m := y.marks(f)
		if m == 0 {
			continue
		}
		if y.file(&count, f.open(), m); each != nil {
			each(f, m)
		}
	}
	for a := range x.asked[share] {
		y.tally.path(a.class, share, a.path)
	}
	for c := range x.strange[share] {
		y.tally.unlinked(c, share)
	}
	y.tally.settle()
	y.rows()
	return &Part{Files: count, Persons: y.Persons, Rows: y.Rows, tally: y.tally}, nil
}

// People yields the persons that count in a class, and whether something but unlinked files puts them there.
func (p *Part) People(c Class) iter.Seq2[int, bool] {
	return func(yield func(int, bool) bool) {
		if c >= classes {
			return
		}
		for n := range p.tally.of[c].all {
			if !yield(n, p.tally.linked[c].has(n)) {
				return
			}
		}
	}
}

// Class returns the worst of the three classes that marks count in, and false if there is none.
func (m Mark) Class() (Class, bool) { return m.class() }

// Is reports whether a file with these marks counts in a class.
func (m Mark) Is(c Class) bool { return m.is(c) }
