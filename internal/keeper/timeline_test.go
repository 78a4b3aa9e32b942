package keeper

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// TestTimeline: what stands in the ledger is counted once, in its slot, for all or for the suspects, over several stretches of the ledger.
func TestTimeline(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	*h.clock = h.clock.Add(2 * time.Second)
	from := h.now()
	sato := h.books.Load().known("sato").ID
	files := func(n int) (out []event.File) {
		for range n {
			out = append(out, event.File{Version: id.NewVersion()})
		}
		return out
	}
	add := func(list ...event.Event) {
		t.Helper()
		h.must(h.append(ctx, list...))
	}
	add(event.Event{Kind: event.Released, When: from.Add(-time.Second), Account: sato, Files: files(100)}) // before it
	for i := range 60 {
		*h.clock = h.clock.Add(time.Minute)
		add(event.Event{Kind: event.Released, Account: sato, Files: files(2)}, event.Event{Kind: event.Saved, Account: id.NewAccount(), Files: files(3)})
		if i == 30 {
			var beats []event.Event
			for range 2 * stretch {
				beats = append(beats, event.Event{Kind: event.Heartbeat})
			}
			add(beats...)
		}
	}
	add(event.Event{Kind: event.LoginFailed, Size: 7}, event.Event{Kind: event.Refused}, event.Event{Kind: event.Frozen}, event.Event{Kind: event.Changed, Account: sato})
	*h.clock = h.clock.Add(30 * time.Minute) // what was saved in that time is told late
	add(event.Event{Kind: event.Saved, When: from.Add(90 * time.Second), Account: sato, Files: files(5)})
	to := from.Add(61 * time.Minute)
	ask := func(q account.TimelineQuery) account.Timeline {
		t.Helper()
		line, err := h.Timeline(ctx, console(t, h.Local), h.n, q)
		h.must(err)
		return line
	}
	q := account.TimelineQuery{From: from, To: to, Slots: 61}
	for range 2 { // the second time, with what the first has learnt
		line := ask(q)
		if want := (account.Slot{Readings: 120, Saves: 186, Refused: 8, Freezes: 1}); line.All != want {
			t.Errorf("counted %+v, want %+v", line.All, want)
		}
		if len(line.Slots) != 61 || line.Slots[1].Saves != 8 || line.Slots[0].Readings != 0 || line.Slots[60].Readings != 2 || line.Slot != 60 {
			t.Errorf("slots: %d, %+v, %+v, %v", len(line.Slots), line.Slots[1], line.Slots[60], line.Slot)
		}
	}
	h.must(second(h.OpenCase(ctx, console(t, h.Local), account.Case{ID: h.n, Suspects: []account.Suspect{{Subject: "sato", From: from.Add(30 * time.Minute), To: h.now()}}})))
	if line := ask(q); line.SuspectAll != (account.Slot{Readings: 62, Saves: 1, Freezes: 1}) || line.Suspects[29].Readings != 0 || line.Suspects[30].Readings != 2 || line.Slots[29].Readings != 2 {
		t.Errorf("of the suspect: %+v, %+v", line.SuspectAll, line.Suspects[28:32])
	}
	own := ask(account.TimelineQuery{})
	if len(own.Slots) != usualSlots || !own.From.Equal(own.First) || !own.To.Equal(h.now()) || own.From.After(from.Add(-margin/2)) {
		t.Errorf("the case's own window: %v to %v, %d slots", own.From, own.To, len(own.Slots))
	}
	for name, q := range map[string]account.TimelineQuery{"backwards": {From: to, To: from}, "many slots": {Slots: maxSlots + 1}, "none": {Slots: -1}, "no time": {From: to, To: to}} {
		if _, err := h.Timeline(ctx, console(t, h.Local), h.n, q); hint(err) != "hint.case-window" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Timeline(ctx, console(t, h.Local), "1999-1", account.TimelineQuery{}); hint(err) != "hint.no-such-case" {
		t.Error(err)
	}
}

// TestTimesSkip: a question about a day opens the stretches of that day, also after the clock was set back.
func TestTimesSkip(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	beats := slices.Repeat([]event.Event{{Kind: event.Heartbeat}}, stretch)
	begin := h.now()
	for _, day := range []int{1, 30, 10, 40} { // the third by a clock that was set back
		*h.clock = begin.AddDate(0, 0, day)
		h.must(h.append(ctx, beats...))
	}
	h.must(h.heartbeat(ctx, 0))
	if n := len(h.times.periods); n < 4 { // before anybody has asked
		t.Errorf("with a heartbeat %d stretches are known", n)
	}
	_, root := arrived(t, h.Local, h.clock, "root2", account.Auditor)
	line, err := h.Timeline(ctx, root, h.n, account.TimelineQuery{From: begin.AddDate(0, 0, 9), To: begin.AddDate(0, 0, 11)})
	h.must(err)
	if len(line.Slots) == 0 || len(h.times.periods) != 4 {
		t.Fatalf("%d stretches are known", len(h.times.periods))
	}
	r, k, _, err := h.openEvents(ctx)
	h.must(err)
	k.Zero()
	n := 0
	for x, err := range h.times.between(ctx, r, begin.AddDate(0, 0, 9), begin.AddDate(0, 0, 11)) {
		h.must(err)
		if n++; x.Index < 2*stretch || x.Index > 3*stretch+1000 {
			t.Fatalf("entry %d is opened", x.Index)
		}
	}
	if n != stretch {
		t.Errorf("%d entries of the day, want %d", n, stretch)
	}
}
