package keeper

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// BenchmarkJudgedRelease is what the guard of readings costs: the console is not judged, a person is, and where paths name persons and
// traps each path is opened. Small releases are on the real disk.
func BenchmarkJudgedRelease(b *testing.B) {
	cfg := testConfig(durable.OS(), b.TempDir())
	cfg.ledgerFile = 0
	l := start(b, cfg)
	root := console(b, l)
	p, err := l.Policy(b.Context(), root)
	if err != nil {
		b.Fatal(err)
	}
	all := account.Budget{Minute: maxBudget, Day: maxBudget}
	p.Reading = account.Budgets{Open: all, Preview: all, Export: all, Persons: all}
	if _, err := l.SetPolicy(b.Context(), root, p); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 500, MaxRelease} {
		for _, who := range []string{"console", "person", "person, paths opened"} {
			b.Run(fmt.Sprintf("%d files, %s", n, who), func(b *testing.B) {
				name := fmt.Sprint("s", id.NewShare())
				share, err := l.MakeShare(b.Context(), root, name)
				if err != nil {
					b.Fatal(err)
				}
				s := root
				if who != "console" {
					s = enter(b, l, person(b, l, root, fmt.Sprint("p", id.NewShare()), name, account.CanRead)).ID
				}
				if who == "person, paths opened" {
					if err := l.SetSharePersons(b.Context(), root, name, "{class}/{number}_*.jpg"); err != nil {
						b.Fatal(err)
					}
					if _, err := l.AddTrap(b.Context(), root, name+"/old", ""); err != nil {
						b.Fatal(err)
					}
				}
				w := newWriter(b, l, root, share.ID)
				f, _ := w.version(b, "/"+name+"/3年2組/17_卒業.jpg")
				files := make([]Sealed, n)
				for b.Loop() {
					for i := range files {
						files[i] = f
						files[i].Version = id.NewVersion()
					}
					if _, err := l.Release(b.Context(), Request{Session: s, Purpose: account.Open, Share: share.ID, Files: files}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkRecall is what it costs to count a day's readings again at the start.
func BenchmarkRecall(b *testing.B) {
	cfg := testConfig(durable.OS(), b.TempDir())
	cfg.ledgerFile = 0
	l := start(b, cfg)
	root := console(b, l)
	share, err := l.MakeShare(b.Context(), root, "albums")
	if err != nil {
		b.Fatal(err)
	}
	w := newWriter(b, l, root, share.ID)
	s := enter(b, l, person(b, l, root, "sato", "albums", account.CanRead))
	const entries = 100_000
	for n := 0; n < entries; n += 1000 {
		var events []event.Event
		for range 1000 {
			f, _ := w.version(b, "/albums/3年2組/17_卒業.jpg")
			events = append(events, about(event.Released, s, Request{Session: s.ID, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}))
		}
		if err := l.append(b.Context(), events...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := l.log.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l.diary = newDiary()
		w, err := l.beginRecall(context.WithoutCancel(b.Context()))
		if err == nil {
			err = w.run(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(b.N)/(entries/100_000), "ms/100k-entries")
	if x := l.diary.readers[s.Account]; x == nil || x.tallies[opening].today != entries {
		b.Fatal("not all were counted")
	}
}
