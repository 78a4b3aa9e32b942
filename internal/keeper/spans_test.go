package keeper

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// TestSpansHideNothing: whatever clocks do, every entry of a time stands in the stretches that are told for it, each once and in order, and so
// do roles; and where clocks go on evenly there is little else.
func TestSpansHideNothing(t *testing.T) {
	begin := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var x spans
		var all []Entry
		at, even := begin, rapid.Bool().Draw(t, "even")
		by := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range rapid.IntRange(0, 8*spanWidth).Draw(t, "entries") {
			at = at.Add(time.Minute)
			e := Entry{Index: int64(i), Recorded: at, Event: event.Event{Kind: event.Heartbeat, When: at}}
			switch roll := by.IntN(100); {
			case roll == 0 && !even:
				at = at.Add(time.Duration(by.IntN(10_000)-5000) * time.Minute)
			case roll == 1:
				e.Event = event.Event{Kind: event.AccountChanged, When: at, Target: []string{"sato", "Tanaka"}[by.IntN(2)], Note: []string{"role: staff", "role: auditor", "closed"}[by.IntN(3)]}
			case roll == 2:
				e.Closed = "key"
			case roll == 3 && !even: // a save that was recorded late
				e.Event.When = at.Add(-time.Duration(by.IntN(5000)) * time.Minute)
			}
			all = append(all, e)
			x.add(&e)
		}
		from := begin.Add(time.Duration(rapid.IntRange(-100, 2500).Draw(t, "from")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "for")) * time.Minute)
		size := int64(rapid.IntRange(0, len(all)).Draw(t, "size"))
		seen, last, want := make(map[int64]bool), int64(0), 0
		for a, b := range x.within(from, to, size) {
			if a < last || b <= a || b > size {
				t.Fatalf("%d to %d behind %d, of %d", a, b, last, size)
			}
			told, truth := NewRoles(), NewRoles()
			x.rolesBefore(told, a)
			for _, e := range all[:a] {
				truth.Learn(&e)
			}
			if len(told.of) != len(truth.of) || told.of["sato"] != truth.of["sato"] || told.of["tanaka"] != truth.of["tanaka"] {
				t.Fatalf("before %d: %v, not %v", a, told.of, truth.of)
			}
			for i := a; i < b; i++ {
				seen[i] = true
			}
			last = b
		}
		for _, e := range all[:size] {
			if when := whenOf(&e); !when.Before(from) && when.Before(to) {
				if want++; !seen[e.Index] {
					t.Fatalf("entry %d of %v is hidden", e.Index, when)
				}
			}
		}
		if even && len(seen) > want+2*spanWidth {
			t.Fatalf("%d entries for %d", len(seen), want)
		}
	})
}

// TestReceiptReadsItsMonth: a receipt of a month in a long ledger looks at its month's part, and says what it said when it read everything;
// roles are those of the time, though they were given before it.
func TestReceiptReadsItsMonth(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	share, err := h.l.MakeShare(ctx, h.admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	june := h.l.now()
	release := func(n int) {
		var list []event.Event
		for range n {
			list = append(list, event.Event{Kind: event.Released, When: h.l.now(), Account: id.NewAccount(), Actor: "officer", Share: share.ID, Purpose: account.Open, Files: []event.File{{}}})
		}
		if err := h.l.append(ctx, list...); err != nil {
			t.Fatal(err)
		}
	}
	beats := func(n int) {
		var list []event.Event
		for range n {
			list = append(list, event.Event{Kind: event.Heartbeat, When: h.l.now()})
			*h.clock = h.clock.Add(time.Minute)
		}
		if err := h.l.append(ctx, list...); err != nil {
			t.Fatal(err)
		}
	}
	role := func(text account.Role) {
		if err := h.l.append(ctx, event.Event{Kind: event.AccountChanged, Target: "Officer", Note: "role: " + string(text)}); err != nil {
			t.Fatal(err)
		}
	}
	release(1)
	role(account.ShareManager)
	beats(3000)
	july := h.l.now()
	release(2)
	beats(600)
	role(account.Administrator)
	august := h.l.now()
	beats(3000)
	release(4)
	h.officer = h.who.in()
	got, err := h.l.ShareRecords(ctx, h.officer, account.ReceiptOf{Share: "albums"}, july, august)
	if err != nil || len(got.Records) != 2 || got.Records[0].Role != string(account.ShareManager) {
		t.Fatalf("%d records, %v", len(got.Records), err)
	}
	r, k, _, err := h.l.openEvents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Zero()
	for _, c := range []struct {
		from, to time.Time
		records  int
		most     int64
	}{{june, july, 1, 3000 + 2*spanWidth}, {july, august, 2, 602 + 2*spanWidth}, {august, h.l.now().Add(time.Hour), 4, 3004 + 3*spanWidth}, {june.AddDate(-1, 0, 0), june.AddDate(0, -6, 0), 0, 0}} {
		w := &recordWalk{ShareRecords: &account.ShareRecords{}, share: share.ID, from: c.from, to: c.to, roles: NewRoles(), books: h.l.books.Load(), hit: make(map[string]bool), spans: &h.l.spans}
		if err := w.walk(ctx, r, k); err != nil || len(w.Records) != c.records || w.looked > c.most {
			t.Errorf("from %v: %d records of %d entries, %v; want %d of at most %d of %d", c.from, len(w.Records), w.looked, err, c.records, c.most, r.Head().Size)
		}
	}
	root := console(t, h.l)
	for _, beside := range []bool{true, false} { // a medium on the disk of the house is no copy that is kept apart
		m, err := h.l.MakeMedium(ctx, root, account.Medium{ID: id.NewMedium(), Label: fmt.Sprint("beside: ", beside)})
		if err == nil {
			err = h.l.SyncedMedium(ctx, root, m.ID, account.MediumState{Number: 1, Time: h.l.now(), SameDisk: beside})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.l.ShareRecords(ctx, h.officer, account.ReceiptOf{Share: "albums"}, july, august); err != nil || got.Copies != 1 {
		t.Errorf("%d copies, %v", got.Copies, err)
	}
}
