package keeper

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

func TestBudget(t *testing.T) {
	h := newLending(t, nil)
	first := h.some(4)
	if err := h.open(first...); err != nil {
		t.Fatal(err)
	}
	if err := h.open(h.some(4)...); err != nil {
		t.Fatal(err)
	}
	if err := h.open(h.some(1)...); problem.KindOf(err) != problem.Spent || hint(err) != "hint.read-slower" {
		t.Errorf("the ninth file in a minute: %v", err)
	}
	if err := h.open(first...); err != nil {
		t.Errorf("what was read before: %v", err)
	}
	h.wait(time.Minute)
	if err := h.open(h.some(8)...); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	if err := h.ask(h.reader, account.Open, h.some(5)...); hint(err) != "hint.read-more" {
		t.Errorf("five of four that are left, in another session: %v", err)
	}
	if err := h.open(h.some(4)...); problem.KindOf(err) != problem.Spent {
		t.Error("the minute's budget counts twice")
	}
	if err := h.ask(h.s.ID, account.Preview, h.some(50)...); err != nil {
		t.Errorf("previews have a budget of their own: %v", err)
	}
	if err := h.ask(h.chief, account.Open, h.some(8)...); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := h.ask(h.root, account.Open, h.some(100)...); err != nil {
		t.Errorf("the console: %v", err)
	}
	if got := h.waiting(actReadMore); len(got) != 1 || got[0].Target != "sato" || got[0].By != "sato" {
		t.Fatalf("proposals %+v", got)
	}
	if got := h.kinds(); !slices.Equal(got, []AlarmKind{AlarmOver}) {
		t.Errorf("alarms %v", got)
	}
	if got := entries(t, h.l, event.Noticed); len(got) != 1 || got[0].Note != overBudget || got[0].Target != "sato" {
		t.Errorf("noticed %+v", got)
	}
	if got := entries(t, h.l, event.Refused); len(got) != 3 || got[0].Note != "spent" || got[0].Actor != "sato" {
		t.Errorf("refused %+v", got)
	}
	h.confirm(h.waiting(actReadMore)[0])
	if err := h.open(h.some(8)...); err != nil {
		t.Errorf("after a second person's yes: %v", err)
	}
	h.wait(15 * time.Hour) // midnight
	h.morning()
	if err := h.open(h.some(8)...); err != nil {
		t.Errorf("the next day: %v", err)
	}
	if err := h.open(h.some(1)...); hint(err) != "hint.read-slower" {
		t.Errorf("the next day has the budget of two: %v", err)
	}
}

// TestMoreIsToday: a second person gives one more budget, on that day.
func TestMoreIsToday(t *testing.T) {
	h := newLending(t, nil)
	h.day(20)
	if err := h.open(h.some(1)...); hint(err) != "hint.read-more" {
		t.Fatal(err)
	}
	h.confirm(h.waiting(actReadMore)[0])
	h.day(20)
	if err := h.open(h.some(1)...); hint(err) != "hint.read-more" {
		t.Errorf("after another budget: %v", err)
	}
	p := h.waiting(actReadMore)
	if len(p) != 1 || p[0].Until.After(time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)) {
		t.Fatalf("proposals %+v", p)
	}
	if err := h.l.Withdraw(t.Context(), h.officer, p[0].ID); err != nil {
		t.Fatal(err)
	}
	for range 5 { // asking goes on for a while, and no longer
		h.open(h.some(1)...)
		for _, p := range h.waiting(actReadMore) {
			if err := h.l.Withdraw(t.Context(), h.officer, p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(entries(t, h.l, event.Proposed)); n != maxAsks {
		t.Errorf("asked %d times, want %d", n, maxAsks)
	}
}

// TestRestartDoesNotRefill: what the ledger says was read today is read, also after the power went, and where nobody waits for the ledger.
func TestRestartDoesNotRefill(t *testing.T) {
	for name, end := range map[string]func(h *lending) *durabletest.Platter{
		"close": func(h *lending) *durabletest.Platter { h.l.Close(ctx(t)); return h.disk },
		"crash": func(h *lending) *durabletest.Platter { return h.disk.Crash(3) },
		"away":  func(h *lending) *durabletest.Platter { h.l.Close(ctx(t)); return h.disk },
	} {
		t.Run(name, func(t *testing.T) {
			h := newLending(t, nil)
			if err := h.l.SetSharePersons(t.Context(), h.root, "albums", "{class}/{number}_*.jpg"); err != nil {
				t.Fatal(err)
			}
			h.day(12)
			last := h.files("3a/1_x.jpg", "3a/2_x.jpg", "3a/3_x.jpg", "3a/3_y.jpg")
			if err := h.open(last...); err != nil {
				t.Fatal(err)
			}
			cfg := h.config(end(h))
			cfg.LedgerAway = name == "away"
			h.l = reopen(t, cfg)
			h.l.busy.Wait()
			h.enter()
			if err := h.open(last...); err != nil {
				t.Errorf("what was read before: %v", err)
			}
			got, err := h.l.Readings(t.Context(), h.s.ID)
			if err != nil || len(got) != 1 || got[0].Open != (account.Spent{Today: 16, Of: 20, Minute: 4}) || got[0].Persons.Today != 3 {
				t.Errorf("counted again: %+v, %v", got, err)
			}
			if err := h.open(h.some(5)...); hint(err) != "hint.read-more" {
				t.Errorf("the restart refilled: %v", err)
			}
			if err := h.open(h.some(4)...); err != nil {
				t.Errorf("what is left: %v", err)
			}
			h.l.Close(ctx(t))
			h.wait(24 * time.Hour)
			h.l = reopen(t, h.config(h.disk))
		})
	}
}

// TestBudgetAfterClockSetBack gives nobody anything: neither the minute nor the day begins anew.
func TestBudgetAfterClockSetBack(t *testing.T) {
	h := newLending(t, nil)
	if err := h.open(h.some(8)...); err != nil {
		t.Fatal(err)
	}
	h.wait(-20 * time.Minute) // the day that is open does not begin in the future by more
	h.wait(20 * time.Minute)
	for _, back := range []time.Duration{time.Second, time.Minute, 90 * time.Minute} {
		h.wait(-back)
		if err := h.ask(h.reader, account.Open, h.some(1)...); problem.KindOf(err) != problem.Spent {
			t.Errorf("the clock set back by %v: %v", back, err)
		}
	}
}

// TestNobodyPassesTheBudget asks from many sides at once: no more is handed out than there is.
func TestNobodyPassesTheBudget(t *testing.T) {
	h := newLending(t, func(p *account.Policy) { p.Reading.Open = account.Budget{Minute: 1000, Day: 150} })
	var given atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		var asks [][]Sealed
		for i := range 20 {
			asks = append(asks, h.some(1+i%3))
		}
		all.Go(func() {
			for _, files := range asks {
				if h.open(files...) == nil {
					given.Add(int64(len(files)))
				}
			}
		})
	}
	all.Wait()
	if n := given.Load(); n < 148 || n > 150 {
		t.Errorf("%d keys of a budget of 150", n)
	}
	if n := len(h.waiting(actReadMore)); n != 1 {
		t.Errorf("%d proposals", n)
	}
}

func TestPersonBudget(t *testing.T) {
	h := newLending(t, nil)
	if err := h.l.SetSharePersons(t.Context(), h.chief, "albums", "{class}/{number"); hint(err) != "hint.persons" {
		t.Errorf("a broken template: %v", err)
	}
	if err := h.l.SetSharePersons(t.Context(), h.reader, "albums", "{class}/{number}_*.jpg"); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff says who is a person: %v", err)
	}
	if err := h.l.SetSharePersons(t.Context(), h.chief, "albums", "{class}/{number}_*.jpg"); err != nil {
		t.Fatal(err)
	}
	if err := h.ask(h.s.ID, account.Preview, h.files("a/1_x.jpg", "a/1_y.jpg", "a/1_z.jpg", "a/2_x.jpg", "a/2_y.jpg", "a/all.jpg", "a/3_x.jpg", "a/4_x.jpg")...); err != nil {
		t.Errorf("eight files of four persons: %v", err)
	}
	if err := h.open(h.files("a/1_w.jpg", "a/5_x.jpg", "a/6_x.jpg")...); err != nil {
		t.Errorf("the same person for another purpose, and two: %v", err)
	}
	if err := h.open(h.files("a/7_x.jpg")...); hint(err) != "hint.read-slower" {
		t.Errorf("the seventh person: %v", err)
	}
	if err := h.open(h.files("a/2_z.jpg", "a/all2.jpg")...); err != nil {
		t.Errorf("a person who was seen, and a group: %v", err)
	}
	if err := h.open(h.from("a/7_x.jpg", "tmp/1.jpg")); hint(err) != "hint.read-slower" {
		t.Errorf("the seventh person, by a copy: %v", err)
	}
	if err := h.open(h.from("a/8_x.jpg", "a/1_y.jpg")); hint(err) != "hint.read-slower" {
		t.Errorf("the same, under the name of another: %v", err)
	}
	if err := h.open(h.from("a/2_x.jpg", "tmp/2.jpg")); err != nil {
		t.Errorf("a copy of a person's who was seen: %v", err)
	}
}

func TestJob(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	q := account.NewJob{Path: "/albums/2026", Purpose: account.Export, Files: 30, Until: h.clock.Add(48 * time.Hour), Reason: "print run"}
	for why, edit := range map[string]func(q *account.NewJob){
		"hint.job-files": func(q *account.NewJob) { q.Files = 0 }, "hint.job-until": func(q *account.NewJob) { q.Until = h.clock.Add(30 * 24 * time.Hour) },
		"hint.job-reason": func(q *account.NewJob) { q.Reason = " " }, "hint.job-purpose": func(q *account.NewJob) { q.Purpose = account.BreakGlass },
	} {
		bad := q
		edit(&bad)
		if _, err := h.l.AskJob(c, h.reader, bad); hint(err) != why {
			t.Errorf("%+v: %v, want %s", bad, err, why)
		}
	}
	if _, err := h.l.AskJob(c, h.s.ID, q); problem.KindOf(err) != problem.Denied {
		t.Errorf("a device asks: %v", err)
	}
	other := q
	other.Account = "tanaka"
	if _, err := h.l.AskJob(c, h.reader, other); problem.KindOf(err) != problem.Denied {
		t.Errorf("for somebody else: %v", err)
	}
	o, err := h.l.AskJob(c, h.reader, q)
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	in := func(n int) (out []Sealed) {
		for i := range n {
			out = append(out, h.files(fmt.Sprintf("2026/%d.tif", i))...)
		}
		return out
	}
	if err := h.ask(h.s.ID, account.Export, in(20)...); problem.KindOf(err) != problem.Spent {
		t.Errorf("before it is confirmed: %v", err)
	}
	h.confirm(*o.Proposal)
	run := in(25)
	if err := h.ask(h.s.ID, account.Export, append(slices.Clone(run), h.files("2025/a.tif", "20260/a.tif")...)...); err != nil {
		t.Fatalf("a print run: %v", err)
	}
	if err := h.ask(h.s.ID, account.Export, run...); err != nil {
		t.Errorf("the same again: %v", err)
	}
	check := func(when string) {
		t.Helper()
		list, err := h.l.Jobs(c, h.s.ID)
		if err != nil || len(list) != 1 || list[0].Used != 25 || list[0].Path != "/albums/2026" || list[0].By != "sato" {
			t.Errorf("%s: jobs %+v, %v", when, list, err)
		}
		got, err := h.l.Readings(c, h.s.ID)
		if err != nil || got[0].Export.Today != 2 {
			t.Errorf("%s: readings %+v, %v", when, got, err)
		}
	}
	check("after it")
	var notes []string
	for _, e := range entries(t, h.l, event.Released)[:2] {
		notes = append(notes, fmt.Sprint(len(e.Files), strings.HasPrefix(e.Note, "job "), strings.HasSuffix(e.Note, "; print run")))
	}
	if !slices.Equal(notes, []string{"25 true true", "2 false false"}) {
		t.Errorf("the ledger says %q", notes)
	}
	if err := h.l.Close(ctx(t)); err != nil {
		t.Fatal(err)
	}
	h.l = reopen(t, h.config(h.disk))
	h.enter()
	check("after a restart")
	for range 2 { // five more, and four of a budget of three in a minute: a refusal takes nothing
		if err := h.ask(h.s.ID, account.Export, in(9)...); problem.KindOf(err) != problem.Spent {
			t.Errorf("beyond the job: %v", err)
		}
		check("after a refusal")
	}
	if err := h.ask(h.s.ID, account.Export, in(5)...); err != nil {
		t.Errorf("what the job has left: %v", err)
	}
	for _, s := range []id.Session{h.s.ID} {
		if err := h.l.EndJob(c, s, "x"); hint(err) != "hint.no-job" {
			t.Errorf("no such job: %v", err)
		}
	}
	list, _ := h.l.Jobs(c, h.s.ID)
	if err := h.l.EndJob(c, h.s.ID, list[0].ID); hint(err) != "hint.no-job" {
		t.Errorf("a device ends it: %v", err)
	}
	if err := h.l.EndJob(c, console(t, h.l), list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := h.ask(h.s.ID, account.Export, in(6)...); problem.KindOf(err) != problem.Spent {
		t.Errorf("after its end: %v", err)
	}
	if a, b := entries(t, h.l, event.JobBegun), entries(t, h.l, event.JobEnded); len(a) != 1 || len(b) != 1 || a[0].Size != 30 || a[0].Target != "sato" || a[0].Share != h.share {
		t.Errorf("the ledger has %+v, %+v", a, b)
	}
}

func TestClosedHours(t *testing.T) {
	h := newLending(t, func(p *account.Policy) { p.Opening, p.Closing = "08:30", "19:00" })
	if err := h.open(h.some(8)...); err != nil {
		t.Fatal(err)
	}
	h.wait(10*time.Hour + 5*time.Minute) // five past seven in the evening
	h.root = console(t, h.l)
	h.morning()
	for range 2 {
		if err := h.open(h.some(1)...); hint(err) != "hint.read-more" {
			t.Errorf("in the evening: %v", err)
		}
	}
	if got := h.kinds(); !slices.Equal(got, []AlarmKind{AlarmOdd, AlarmOver}) || h.alarms[0].Sign != closedHours {
		t.Errorf("alarms %+v", h.alarms)
	}
	for _, c := range []struct {
		opening, closing, at string
		want                 bool
	}{
		{"08:30", "19:00", "08:29", true}, {"08:30", "19:00", "08:30", false}, {"08:30", "19:00", "18:59", false}, {"08:30", "19:00", "19:00", true},
		{"20:00", "05:00", "19:59", true}, {"20:00", "05:00", "20:00", false}, {"20:00", "05:00", "04:59", false}, {"20:00", "05:00", "05:00", true},
		{"", "19:00", "23:00", false}, {"08:30", "", "03:00", false},
	} {
		at, err := time.Parse("15:04", c.at)
		if err != nil {
			t.Fatal(err)
		}
		b := &books{state: state{Policy: policyState{Opening: c.opening, Closing: c.closing}}, zone: time.UTC}
		if got := b.closed(at); got != c.want {
			t.Errorf("from %q to %q, at %s: closed %v", c.opening, c.closing, c.at, got)
		}
	}
}

// TestLoosenBudgets takes two people, tightening them takes one.
func TestLoosenBudgets(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	p, err := h.l.Policy(c, h.chief)
	if err != nil || p.Reading.Open.Day != 20 {
		t.Fatal(p, err)
	}
	for name, edit := range map[string]func(p *account.Policy){
		"a day's":      func(p *account.Policy) { p.Reading.Open.Day = 21 },
		"a minute's":   func(p *account.Policy) { p.Reading.Persons.Minute = 7 },
		"the default":  func(p *account.Policy) { p.Reading.Export = account.Budget{} },
		"every place":  func(p *account.Policy) { p.AnyPlace = true },
		"one up, down": func(p *account.Policy) { p.Reading.Export.Day, p.Reading.Open.Day = 1000, 1 },
	} {
		q := p
		edit(&q)
		o, err := h.l.SetPolicy(c, h.chief, q)
		if err != nil || o.Proposal == nil || o.Proposal.Act != actWeakenPolicy || len(o.Proposal.Changes) == 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	p.Reading.Open.Day, p.Reading.Persons.Minute = 10, 1
	if o, err := h.l.SetPolicy(c, h.chief, p); err != nil || o.Proposal != nil {
		t.Errorf("tightened: %+v, %v", o, err)
	}
	if got := entries(t, h.l, event.PolicyChanged); len(got) == 0 || got[len(got)-1].Note != "reading budgets" {
		t.Errorf("the ledger has %+v", got)
	}
	p.Reading.Open.Day = -1
	if _, err := h.l.SetPolicy(c, h.chief, p); hint(err) != "hint.budget" {
		t.Errorf("a budget below nothing: %v", err)
	}
	p.Reading.Open.Day = 11
	o, err := h.l.SetPolicy(c, h.chief, p)
	if err != nil {
		t.Fatal(err)
	}
	h.confirm(*o.Proposal)
	if got, err := h.l.Policy(c, h.chief); err != nil || got.Reading.Open.Day != 11 {
		t.Errorf("after two people: %+v, %v", got.Reading, err)
	}
}
