package exposure

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

type seeded struct{ *rand.Rand }

func (s seeded) below(n int) int { return s.IntN(n) }

type drawn struct{ *rapid.T }

func (d drawn) below(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "n") }

// intrusion is a house with a party in it, and what the ledger is like when somebody looks.
type intrusion struct {
	*house
	Party
	tampered string
	ledger   Ledger
	from, to int64 // real
	catalog  []*File
}

func seq[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// intrude plays a house for some hours.
func intrude(d dice, ordinary bool) *intrusion {
	x := &intrusion{house: newHouse(d), Party: Party{Kind: Kind(1 + d.below(6)), Apart: true}}
	if ordinary {
		x.Kind = Session
	}
	odd := !ordinary && d.below(2) == 0
	for range d.below(25) {
		x.act(odd, x.Apart)
	}
	s := x.someone()
	x.from = x.real
	if ordinary || d.below(3) == 0 { // since its login
		s = x.login()
		x.from = x.real
	}
	if x.Kind == Storehouse || x.Kind == Keeper {
		x.enter()
	}
	for range 5 + d.below(25) {
		x.act(odd, x.Apart)
		if ordinary && !s.ended && d.below(2) == 0 {
			x.open(s, "open")
		}
	}
	x.to = x.real
	x.hacked, x.cleaned = false, true
	for range d.below(15) {
		x.act(odd, x.Apart)
	}
	x.pass(minute)
	x.Session, x.Account, x.Device, x.Address = s.id, s.account, s.device, s.address
	x.From, x.To = at(x.from), at(x.to)
	x.catalog = x.files
	for _, f := range x.files {
		for i := range f.Versions {
			f.Versions[i].Previews = x.pictures[f.Versions[i].Key]
		}
	}
	x.ledger = Ledger{Verified: int64(len(x.entries)), Read: at(x.real)}
	if !ordinary {
		x.tamper()
	}
	x.ledger.Entries = seq(x.entries)
	return x
}

// tamper does something to the ledger, as somebody could, and tells the engine what somebody who looks would know.
func (x *intrusion) tamper() {
	n := len(x.entries)
	i := x.below(n)
	l := &x.ledger
	switch x.below(14) {
	case 0:
		x.tampered, x.entries, l.Verified = "cut, and known to be", x.entries[:i], int64(i)
		l.Seen = []int64{int64(n)}
	case 1:
		x.tampered, x.entries, l.Verified = "cut", x.entries[:i], int64(i)
	case 2:
		x.tampered = "hole"
		x.entries = slices.Delete(slices.Clone(x.entries), i, min(n, i+1+x.below(20)))
	case 3:
		x.tampered = "closed"
		x.entries = slices.Clone(x.entries)
		for j := i; j < min(n, i+20); j++ {
			x.entries[j].Closed, x.entries[j].Event, x.entries[j].Paths = true, event.Event{}, nil
		}
	case 4: // written anew from some entry on, without what was read
		x.tampered, l.Verified = "forged", int64(i)
		kept := slices.Clone(x.entries[:i])
		for _, e := range x.entries[i:] {
			if e.Event.Kind != event.Released {
				e.Index = int64(len(kept))
				kept = append(kept, e)
			}
		}
		x.entries = kept
	case 5:
		x.tampered, x.entries, l.Verified = "gone", nil, 0
	case 6: // another one was begun
		x.tampered = "young"
		kept := slices.Clone(x.entries[i:])
		kept[0].Event = event.Event{Kind: event.Started}
		for j := range kept {
			kept[j].Index = int64(j)
		}
		x.entries, l.Verified = kept, int64(len(kept))
	}
	if x.below(6) == 0 { // the catalogue has lost some files
		x.catalog = nil
		for _, f := range x.files {
			if x.below(4) > 0 {
				x.catalog = append(x.catalog, f)
			}
		}
	}
}

// unseen reports whether a ledger was changed in a way that nobody could see: replaced by one that is as young as everything in the house,
// or cut by less than three minutes, with no size known from elsewhere.
func (x *intrusion) unseen() bool {
	if n := len(x.entries); x.tampered == "cut" && n > 0 && milli(x.ledger.Read)-milli(x.entries[n-1].Recorded) <= silence {
		return true
	}
	return x.tampered == "young" && !slices.ContainsFunc(x.catalog, func(f *File) bool {
		return slices.ContainsFunc(f.Versions, func(v Version) bool { return milli(v.Saved) < milli(x.entries[0].Recorded)-edge })
	})
}

// known returns what the party has really come to know: versions, by their keys.
func (x *intrusion) known() map[id.Version]bool {
	out := make(map[id.Version]bool)
	for _, r := range x.reads {
		if r.real < x.from || r.real > x.to {
			continue
		}
		mine := false
		switch s := r.s; x.Kind {
		case Session:
			mine = s != nil && s.id == x.Session
		case Account:
			mine = s != nil && s.account == x.Account
		case Device:
			mine = s != nil && s.device == x.Device
		case Address:
			mine = s != nil && network(s.address) == network(x.Address)
		case Storehouse:
			mine = true
		}
		if mine {
			out[r.version] = true
		}
	}
	if x.Kind == Keeper {
		for _, f := range x.files {
			for _, v := range f.Versions {
				if !x.after[v.Key] {
					out[v.Key] = true
				}
			}
		}
	}
	return out
}

// holders returns the files that have a content.
func (x *intrusion) holders(key id.Version) (out []*File) {
	for _, f := range x.files {
		if slices.ContainsFunc(f.Versions, func(v Version) bool { return v.Key == key }) {
			out = append(out, f)
		}
	}
	return out
}

// check compares what was reported with what is true, and returns how many files are in either.
func (x *intrusion) check() (truth, bound int, hits bool, err error) {
	answer, err := Ask(Question{Parties: []Party{x.Party}, Ledger: x.ledger, Files: seq(x.catalog), Persons: persons{x.shares}})
	if err != nil {
		return 0, 0, false, err
	}
	hits = slices.ContainsFunc(answer.Gaps, func(g Flawed) bool { return g.Hits })
	known := x.known()
	reported := make(map[id.File]bool)
	for _, c := range []Class{Confirmed, Possible} {
		list := answer.List(Filter{Class: c})
		for _, f := range list {
			reported[f.File] = true
			if c == Confirmed && len(f.Proof) == 0 || f.Marks&Gap != 0 && len(f.Gaps) == 0 {
				return 0, 0, false, fmt.Errorf("%v counts without a proof", f)
			}
		}
	}
	if n := answer.Files.Files; n.Confirmed+n.Possible != int64(len(reported)) {
		return 0, 0, false, fmt.Errorf("%d files listed, the numbers are %v", len(reported), n)
	}
	counted := make(map[int]bool)
	for _, c := range []Class{Confirmed, Possible} {
		for p := range answer.People(Filter{Class: c}) {
			counted[p] = true
		}
	}
	if err := x.told(answer, len(counted)); err != nil {
		return 0, 0, false, err
	}
	for _, f := range x.catalog {
		for _, v := range f.Versions {
			if known[v.Key] && !reported[f.ID] {
				return 0, 0, false, fmt.Errorf("version %v of %v was read, and is not reported", v.Key, f.Paths)
			}
		}
	}
	lost := make(map[id.Version]bool) // nobody knows that it is there, or not under the name that tells whom it shows
	for _, f := range x.files {
		for _, v := range f.Versions {
			if !slices.Contains(x.catalog, f) && (hits || x.host() || len(x.holders(v.Key)) > 1) {
				lost[v.Key] = true
			}
		}
	}
	mine := make(map[id.File]bool)
	for _, f := range x.files {
		for _, v := range f.Versions {
			if !known[v.Key] {
				continue
			}
			mine[f.ID] = true
			if lost[v.Key] {
				continue
			}
			for _, p := range x.truth[v.Key] {
				if !counted[p] {
					return 0, 0, false, fmt.Errorf("person %d is in version %v of %v, and is not counted", p, v.Key, f.Paths)
				}
			}
		}
	}
	return len(mine), len(reported), hits, nil
}

// told compares the rows with who counts: the schools of all shares have one name, and each has its own row.
func (x *intrusion) told(answer *Exposure, counted int) error {
	sum := int64(0)
	for _, r := range answer.Rows {
		if sum += r.Persons.Confirmed + r.Persons.Possible; r.Persons.Confirmed+r.Persons.Possible > perShare {
			return fmt.Errorf("row %+v is of more than one school", r)
		}
	}
	if n := answer.Persons.Persons; sum != int64(counted) || n.Confirmed+n.Possible != sum {
		return fmt.Errorf("%d persons count, the rows say %d and the sum %+v", counted, sum, n)
	}
	return nil
}

// parties yields the party of a house and, if it rules no machine, others that could have been distrusted in it.
func (x *intrusion) parties(yield func() bool) {
	if !yield() || x.host() {
		return
	}
	for range 2 {
		s := x.sessions[x.below(len(x.sessions))]
		x.Kind = Kind(1 + x.below(int(Address)))
		x.Session, x.Account, x.Device, x.Address = s.id, s.account, s.device, s.address
		x.from = houseOpened + int64(x.below(int(x.real-houseOpened)))
		x.to = x.from + int64(x.below(int(x.real-x.from)))
		x.From, x.To = at(x.from), at(x.to)
		if !yield() {
			return
		}
	}
}

// TestBound: what was really read lies within what is reported, whatever becomes of the clock, the keeper and the ledger.
func TestBound(t *testing.T) {
	const houses, parts, intrusions = 4_600, 4, 10_000
	var wg sync.WaitGroup
	var all atomic.Int64
	for part := range parts {
		wg.Go(func() {
			for n := part; n < houses; n += parts {
				x := intrude(seeded{rand.New(rand.NewPCG(1, uint64(n)))}, false)
				for range x.parties {
					all.Add(1)
					if _, _, _, err := x.check(); err != nil && !x.unseen() {
						t.Errorf("house %d (kind %d, %v to %v, ledger %q): %v", n, x.Kind, x.From, x.To, x.tampered, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if n := all.Load(); n < intrusions && !t.Failed() {
		t.Errorf("only %d intrusions", n)
	}
}

// TestBoundDrawn is TestBound with rapid, which makes a house that fails small.
func TestBoundDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := intrude(drawn{t}, false)
		for range x.parties {
			if _, _, _, err := x.check(); err != nil && !x.unseen() {
				t.Fatalf("kind %d, ledger %q: %v", x.Kind, x.tampered, err)
			}
		}
	})
}

// TestTight: in ordinary work, the bound for a session is what it has read, and hardly more.
func TestTight(t *testing.T) {
	truth, bound := 0, 0
	for n := range 1_000 {
		x := intrude(seeded{rand.New(rand.NewPCG(2, uint64(n)))}, true)
		a, b, hits, err := x.check()
		if err != nil || hits {
			t.Fatalf("intrusion %d: %v, gap %v", n, err, hits)
		}
		truth, bound = truth+a, bound+b
	}
	t.Logf("%d files were read, %d reported: %.3f", truth, bound, float64(bound)/float64(truth))
	if truth < 1_000 || bound < truth || float64(bound) > 1.1*float64(truth) {
		t.Errorf("%d files were read, %d are reported", truth, bound)
	}
}
