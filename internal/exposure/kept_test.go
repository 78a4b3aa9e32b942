package exposure

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

// TestKept: files and entries come back from what keeps them as far as an answer asks of them, and the books are gone through once, the ledger
// once if it is not too long.
func TestKept(t *testing.T) {
	for n := range 50 {
		x := intrude(seeded{rand.New(rand.NewPCG(8, uint64(n)))}, false)
		kept := new(table)
		for _, f := range x.catalog {
			kept.add(f)
		}
		i := 0
		for f := range kept.all {
			want := x.catalog[i]
			i++
			if f.open(); f.ID != want.ID || f.Share != want.Share || !slices.Equal(f.Paths, want.Paths) || len(f.Versions) != len(want.Versions) {
				t.Fatalf("house %d: %+v, want %+v", n, f, want)
			}
			for j, v := range f.Versions {
				w := want.Versions[j]
				if clear(w.Equal[16:]); milli(v.Saved) != milli(w.Saved) {
					t.Errorf("house %d: saved %v, want %v", n, v.Saved, w.Saved)
				}
				if v.Saved, w.Saved = w.Saved, v.Saved; len(w.Previews) == 0 {
					v.Previews, w.Previews = nil, nil
				}
				w.Saved = v.Saved
				if !reflect.DeepEqual(v, w) {
					t.Errorf("house %d: %+v, want %+v", n, v, w)
				}
			}
		}
		if i != len(x.catalog) {
			t.Errorf("house %d: %d files of %d", n, i, len(x.catalog))
		}
		walks := 0
		short := &tape{most: mostTape, source: func(yield func(Entry, error) bool) {
			walks++
			x.ledger.Entries(yield)
		}}
		long := &tape{most: 10, source: short.source}
		answers := make([]*Exposure, 0, 3)
		for _, entries := range []func(func(Entry, error) bool){x.ledger.Entries, short.entries, long.entries} {
			l := x.ledger
			l.Entries = entries
			a := ask(t, Question{Parties: []Party{x.Party}, Ledger: l, Files: seq(x.catalog), Persons: persons{x.shares}})
			answers = append(answers, a)
		}
		for _, a := range answers[1:] {
			if !reflect.DeepEqual(a.Report, answers[0].Report) {
				t.Errorf("house %d: %+v, want %+v", n, a.Report, answers[0].Report)
			}
		}
	}
}

// TestReadOnce: a question goes through files and ledger once, and its lists through neither.
func TestReadOnce(t *testing.T) {
	x := intrude(seeded{rand.New(rand.NewPCG(8, 1))}, false)
	files, entries := 0, 0
	l := x.ledger
	l.Entries = func(yield func(Entry, error) bool) {
		entries++
		x.ledger.Entries(yield)
	}
	a := ask(t, Question{Parties: []Party{x.Party}, Ledger: l, Persons: persons{x.shares}, Files: func(yield func(*File, error) bool) {
		files++
		seq(x.catalog)(yield)
	}})
	for c := range classes {
		a.List(Filter{Class: c})
	}
	a.Strange()
	if _, err := a.Part(id.Share{}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if files != 1 || entries != 1 {
		t.Errorf("files were gone through %d times, the ledger %d times", files, entries)
	}
}

// TestTapeErrors: what could not be read to its end is asked for again, and never played as if it were all.
func TestTapeErrors(t *testing.T) {
	broken, calls := errors.New("broken"), 0
	p := &tape{most: mostTape, source: func(yield func(Entry, error) bool) {
		calls++
		_ = yield(Entry{Index: 0}, nil) && yield(Entry{}, broken)
	}}
	for range 2 {
		var last error
		n := 0
		for _, err := range p.entries {
			n, last = n+1, err
		}
		if n != 2 || !errors.Is(last, broken) {
			t.Errorf("%d, %v", n, last)
		}
	}
	if calls != 2 {
		t.Errorf("asked %d times", calls)
	}
}
