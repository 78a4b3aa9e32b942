package keeper

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// BenchmarkEvents is the ledger's page for somebody who may see nearly nothing of it.
func BenchmarkEvents(b *testing.B) {
	l, clock := newHouse(b)
	_, s := arrived(b, l, clock, "sato", account.Staff)
	const entries = 20_000
	for range entries {
		if err := l.append(b.Context(), event.Event{Kind: event.Heartbeat, When: *clock}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		for _, err := range l.Events(b.Context(), s, Filter{Newest: true, Limit: 50}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n == 0 {
			b.Fatal("nothing is shown")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}

// TestLook: a search that looks at no more than it may says where it stopped, and going on from there finds all.
func TestLook(t *testing.T) {
	l, clock := newHouse(t)
	s := console(t, l)
	for n := range 3000 {
		e := event.Event{Kind: event.Heartbeat, When: *clock}
		if n%1000 == 0 {
			e = event.Event{Kind: event.LoginFailed, When: *clock, Actor: "somebody"}
		}
		if err := l.append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	found, pages, before := 0, 0, int64(0)
	for again := true; again; pages++ {
		again = false
		last := int64(1 << 62)
		for e, err := range l.Events(t.Context(), s, Filter{Newest: true, Look: 700, Before: before, Kinds: []event.Kind{event.LoginFailed}}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Index >= last {
				t.Errorf("entry %d after %d", e.Index, last)
			}
			if last = e.Index; e.Rest {
				before, again = e.Index, true
			} else {
				found++
			}
		}
	}
	if found != 3 || pages != 5 {
		t.Errorf("%d of 3 found on %d pages of 5", found, pages)
	}
	for _, err := range l.Events(t.Context(), s, Filter{Look: 5}) {
		if problem.KindOf(err) != problem.Invalid {
			t.Errorf("the first ones, looking at 5: %v", err)
		}
	}
}
