package exposure

import (
	"slices"

	"github.com/azekura/azekura/internal/id"
)

// Exposure is the answer to a question. It is read only.
type Exposure struct {
	q       Question
	time    *timeline
	watches []*watch
	named   []id.Share // shares, by their numbers
	numbers map[id.Share]uint32

	released keys              // P
	reach    keys              // K, by their leases
	epochs   map[id.Epoch]bool // that a storehouse may have held
	dated    map[id.Epoch]bool // in which something was saved: nobody knows when another was begun
	equalP   equals
	equalK   equals

	asked   map[id.Share]map[asked]bool // paths that the ledger names
	strange map[id.Share]map[Class]bool // shares that have strange versions, and in which classes these are
	tally   *tally
	table   *table // all files; once they are counted, those with marks

	told      *tape  // entries that concern a party
	toldMarks []Mark // with which mark each of them does
	Report
}

// Ask answers a question. An error is one of reading; nothing in what is read is an error.
func Ask(q Question) (*Exposure, error) {
	x := &Exposure{q: q, numbers: make(map[id.Share]uint32), epochs: make(map[id.Epoch]bool), dated: make(map[id.Epoch]bool),
		asked: make(map[id.Share]map[asked]bool), strange: make(map[id.Share]map[Class]bool), tally: newTally(q.Persons), table: new(table), told: &tape{whole: true}}
	if x.q.Damage == nil {
		x.q.Damage = func(id.File) (bool, bool) { return false, false }
	}
	x.q.Ledger.Entries = (&tape{source: q.Ledger.Entries, most: mostTape}).entries
	var err error
	if x.time, err = readTimes(x.q.Ledger); err != nil {
		return nil, err
	}
	for _, p := range q.Parties {
		x.watches = append(x.watches, newWatch(p, x.time, q.Ledger))
	}
	if err := x.readReleases(); err != nil {
		return nil, err
	}
	if err := x.readContents(); err != nil {
		return nil, err
	}
	x.readGaps()
	x.count()
	x.q.Files, x.q.Ledger.Entries = nil, nil
	return x, nil
}

// readReleases goes through the ledger for the second time. The paths under which files were asked for count beside those of the
// catalogue: it may not know a file any more, or never have known the name.
func (x *Exposure) readReleases() error {
	err := x.walk(func(_ *watch, m Mark, e *Entry) {
		x.told.add(e)
		x.toldMarks = append(x.toldMarks, m)
		set, class := &x.released, Confirmed
		if m == Reach {
			set, class = &x.reach, Possible
		}
		for i, f := range e.Event.Files {
			set.add(key{f.Version, x.number(e.Event.Share)})
			if i < len(e.Paths) && e.Paths[i] != "" {
				if x.asked[e.Event.Share] == nil {
					x.asked[e.Event.Share] = make(map[asked]bool)
				}
				x.asked[e.Event.Share][asked{class, e.Paths[i]}] = true
			}
		}
	})
	for _, w := range x.watches {
		w.settled = true
		w.clean.close()
	}
	x.released.close()
	x.reach.close()
	return err
}

// number returns the number of a share.
func (x *Exposure) number(s id.Share) uint32 {
	n, ok := x.numbers[s]
	if !ok {
		n = uint32(len(x.named))
		x.numbers[s], x.named = n, append(x.named, s)
	}
	return n
}

// readContents goes through the files. It finds the write epochs that a storehouse may have held, and what has the same content as something that was released: who
// has read the one knows the other. It also finds the oldest save, which no ledger may be younger than.
func (x *Exposure) readContents() error {
	oldest, hosted := int64(never), x.hosted()
	ring := make(map[id.Version]bool)
	for _, w := range x.watches {
		for _, list := range w.ring {
			for _, v := range list {
				ring[v] = true
			}
		}
	}
	for f, err := range x.q.Files {
		if err != nil {
			return err
		}
		for i := range f.Versions {
			v := &f.Versions[i]
			if !v.Saved.IsZero() {
				oldest = min(oldest, milli(v.Saved))
			}
			if ring[v.Key] {
				x.epochs[v.Epoch] = true
			}
			if hosted {
				x.dated[v.Epoch] = true
			}
		}
		x.table.add(f)
	}
	if x.time.count > 0 && oldest < x.time.first-edge {
		x.time.gap(Flawed{Flaw: Cut, First: 0, Last: 0, from: ever, to: x.time.first})
	}
	for f := range x.table.all {
		for i := range f.Versions {
			x.readContent(&f.Versions[i])
		}
	}
	x.equalP.settle()
	x.equalK.settle()
	return nil
}

// readContent remembers the content of a version, by what was released of it.
func (x *Exposure) readContent(v *Version) {
	for _, k := range v.keys() {
		if x.released.has(k) {
			x.equalP.add(v.Equal, k)
		}
	}
	own := x.hands(v)
	if (x.direct(v)|own)&(Reach|Handled) != 0 {
		x.equalK.add(v.Equal, v.Key)
	}
}

// hands returns whether a party has saved a version itself, and whether out of what was there: a link to it, or maybe a copy.
func (x *Exposure) hands(v *Version) (m Mark) {
	for _, w := range x.watches {
		switch {
		case w.keyless() || w.host() || !w.saved(v):
		case v.ID != v.Key || w.copies[v.Session]:
			m |= Handled
		default:
			m |= Own
		}
	}
	return m
}

// keys returns the versions whose keys open the content, or a picture of it.
func (v *Version) keys() []id.Version {
	out := []id.Version{v.Key}
	for _, p := range v.Previews {
		out = append(out, p.ID)
	}
	return out
}

// hosted reports whether a storehouse is among the parties. Of a keeper nothing more has to be looked for.
func (x *Exposure) hosted() bool {
	for _, w := range x.watches {
		if w.Kind == Storehouse {
			return true
		}
	}
	return false
}

// direct returns whether a version's key was released, or in reach: its own, or that of its picture.
func (x *Exposure) direct(v *Version) (m Mark) {
	if x.released.has(v.Key) {
		m |= Released
	}
	if x.reach.has(v.Key) || x.epochs[v.Epoch] {
		m |= Reach
	}
	for _, p := range v.Previews {
		if x.released.has(p.ID) {
			m |= Released
		}
		if x.reach.has(p.ID) || x.epochs[p.Epoch] || len(x.dated) > 0 && !x.dated[p.Epoch] {
			m |= Reach
		}
	}
	for _, w := range x.watches {
		if w.host() && !w.clean.has(v.Key) { // nothing shows that it was saved at another time
			m |= Reach
		}
	}
	return m
}

// version returns the marks of a version, all but those of its file.
func (x *Exposure) version(share id.Share, v *Version) Mark {
	m := x.direct(v) | x.hands(v)
	if len(x.equalP.of(v.Equal)) > 0 {
		m |= Released
	}
	if len(x.equalK.of(v.Equal)) > 0 {
		m |= Reach
	}
	now := milli(v.Saved)
	for _, w := range x.watches {
		if w.gap && (w.on(share) || w.host()) && !w.later(v) {
			m |= Gap
		}
		switch {
		case w.Kind == Copy:
			if w.on(share) && now <= w.wide.hi {
				m |= Cipher
			}
		case w.host():
			if now <= w.wide.hi {
				m |= Cipher
			}
		}
	}
	return m
}

// on reports whether a party could read a share, or has a copy of it.
func (p *Party) on(share id.Share) bool {
	return p.Shares == nil || slices.Contains(p.Shares, share)
}

// marks returns the marks of a file: of all its versions, and what became of it.
func (x *Exposure) marks(f *File) (m Mark) {
	for i := range f.Versions {
		m |= x.version(f.Share, &f.Versions[i])
	}
	altered, intact := x.q.Damage(f.ID)
	if altered {
		m |= Altered
	}
	if intact {
		m |= Intact
	}
	return m
}

// readGaps finds the gaps that lie in the time of a party. A release that stands in none of the entries may have been good for some time
// behind the gap.
func (x *Exposure) readGaps() {
	for i := range x.time.gaps {
		g := &x.time.gaps[i]
		g.From, g.To = moment(g.from), moment(g.to)
		for _, w := range x.watches {
			if !w.keyless() && w.wide.hit(g, x.time.lease) {
				g.Hits, w.gap = true, true
			}
		}
	}
	x.Gaps = x.time.gaps
}

// hit reports whether a gap lies in a time, by the clock or by its place.
func (s *span) hit(g *Flawed, lease int64) bool {
	if g.from <= s.hi && g.to+lease >= s.lo {
		return true
	}
	return s.from >= 0 && g.First <= s.to+1 && g.Last >= s.from-1
}

// later reports whether the ledger shows that a version was saved behind the time of a party. Of a storehouse it shows the same of what was
// saved before: that was there to be read.
func (w *watch) later(v *Version) bool {
	return w.Kind != Storehouse && w.clean.has(v.Key)
}
