package keeper

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// naive is a diary that remembers every reading of one account and counts them all each time.
type naive struct {
	passed time.Duration // of a watch that nobody sets back
	last   time.Time
	date   int
	first  []naiveReading // of today
}

type naiveReading struct {
	class class
	key   uint64
	at    int64
}

func (n *naive) move(now time.Time, date int) {
	switch d := now.Sub(n.last); {
	case n.last.IsZero() || d < -time.Second:
		n.last = now
	case d > 0:
		n.passed, n.last = n.passed+d, now
	}
	switch {
	case date > n.date:
		n.first, n.date = nil, date
	case dateOf(n.date).Sub(dateOf(date)) > 48*time.Hour:
		n.date = date
	}
}

// counts returns what was read today and in the last minute of a class.
func (n *naive) counts(c class) (today, minute int) {
	for _, x := range n.first {
		if x.class == c {
			today++
			if x.at > int64(n.passed/time.Second)-60 {
				minute++
			}
		}
	}
	return today, minute
}

func (n *naive) fresh(c class, keys []uint64) (out []naiveReading) {
	for _, k := range keys {
		known := false
		for _, x := range append(n.first, out...) {
			known = known || x.class == c && x.key == k
		}
		if !known {
			out = append(out, naiveReading{c, k, int64(n.passed / time.Second)})
		}
	}
	return out
}

// TestDiaryAgainstModel reads at random, moves the clock on, over midnights and back, and compares each answer and each count with those
// of a model that remembers everything.
func TestDiaryAgainstModel(t *testing.T) {
	lim := [classes]account.Budget{{Minute: 6, Day: 20}, {Minute: 9, Day: 25}, {Minute: 4, Day: 9}, {Minute: 5, Day: 12}}
	a, share := id.NewAccount(), id.NewShare()
	var versions [40]id.Version
	for i := range versions {
		versions[i] = id.NewVersion()
	}
	b := &books{zone: time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		d, m := newDiary(), &naive{passed: time.Hour}
		now := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "clock") {
			case 0:
				now = now.Add(-time.Duration(rapid.IntRange(0, 40*3600).Draw(t, "back")) * time.Second)
			case 1:
				now = now.Add(time.Duration(rapid.IntRange(0, 30*3600).Draw(t, "far")) * time.Second)
			default:
				now = now.Add(time.Duration(rapid.IntRange(0, 30_000).Draw(t, "on")) * time.Millisecond)
			}
			m.move(now, b.date(now))
			d.turn(b.date(now), func(string) bool { return true })
			c := class(rapid.IntRange(0, int(exporting)).Draw(t, "class"))
			var files, people, modelFiles, modelPeople []uint64
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(versions)-1), 1, 5).Draw(t, "files") {
				files, modelFiles = append(files, d.fileKey(c, share, versions[n])), append(modelFiles, uint64(n))
				if n%3 > 0 { // three files of each person, and some that are nobody's
					people, modelPeople = append(people, d.personKey(share, string(rune('a'+n/3)))), append(modelPeople, uint64(n/3))
				}
			}
			ff, fp := m.fresh(c, modelFiles), m.fresh(persons, modelPeople)
			want := true
			for _, x := range []struct {
				c class
				n int
			}{{c, len(ff)}, {persons, len(fp)}} {
				today, minute := m.counts(x.c)
				want = want && (x.n == 0 || today+x.n <= lim[x.c].Day && minute+x.n <= lim[x.c].Minute)
			}
			over, got := d.take(a, c, files, people, lim, now)
			if got != want || got != (over.of == 0) {
				t.Fatalf("at %v: admitted %v (%+v), want %v", now, got, over, want)
			}
			if want {
				m.first = append(append(m.first, ff...), fp...)
			}
			x := d.of(a)
			for c := range classes {
				today, minute := m.counts(c)
				if x.tallies[c].today != today || x.tallies[c].minute.at(int64(m.passed/time.Second)) != minute {
					t.Fatalf("at %v: %s is %d and %d, want %d and %d", now, classNames[c], x.tallies[c].today, x.tallies[c].minute.sum, today, minute)
				}
			}
			if len(x.seen) != len(m.first) || d.held != len(m.first) {
				t.Fatalf("%d remembered, %d counted, want %d", len(x.seen), d.held, len(m.first))
			}
		}
	})
}

// TestDiaryDays: neither the way back nor the way forth again is a new day; a day after one that was far ahead is.
func TestDiaryDays(t *testing.T) {
	d, a := newDiary(), id.NewAccount()
	open := func(string) bool { return false }
	for _, c := range []struct {
		day   int
		fresh bool
	}{{20261130, true}, {20261129, false}, {20261130, false}, {20261201, true}, {20300101, true}, {20261202, false}, {20261203, true}} {
		d.turn(c.day, open)
		if fresh := len(d.readers) == 0; fresh != c.fresh {
			t.Errorf("%d: a new day %v, want %v", c.day, fresh, c.fresh)
		}
		d.of(a)
		d.run("job", 10, 7)
	}
	if d.turn(20261204, open); len(d.jobs) > 0 || d.held != 0 {
		t.Errorf("a job that has ended is remembered: %v, %d", d.jobs, d.held)
	}
}

// TestDiaryIsBounded: what is beyond its bound is not remembered, and so counts each time.
func TestDiaryIsBounded(t *testing.T) {
	d := newDiary()
	d.most = 100
	d.turn(20261124, func(string) bool { return true })
	lim := [classes]account.Budget{{Minute: 1000, Day: 150}, {}, {}, {Minute: 1, Day: 1}}
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	share, granted := id.NewShare(), 0
	for range 20 { // accounts
		a := id.NewAccount()
		for range 20 {
			if _, ok := d.take(a, opening, []uint64{d.fileKey(opening, share, id.NewVersion())}, nil, lim, now); ok {
				granted++
			}
		}
	}
	if d.held != 100 || granted != 400 {
		t.Errorf("%d remembered, %d granted", d.held, granted)
	}
	a, key := id.NewAccount(), []uint64{d.fileKey(opening, share, id.NewVersion())}
	for range 150 {
		if _, ok := d.take(a, opening, key, nil, lim, now); !ok {
			t.Fatal("refused within the budget")
		}
	}
	if _, ok := d.take(a, opening, key, nil, lim, now); ok {
		t.Error("what is not remembered is free")
	}
	d.turn(20261125, func(string) bool { return true })
	if d.held != 0 || len(d.readers) != 0 {
		t.Error("the next day remembers")
	}
}
