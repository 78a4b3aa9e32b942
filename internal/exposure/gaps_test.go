package exposure

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
)

func TestGaps(t *testing.T) {
	from, to := clockAt(10, 0), clockAt(11, 0)
	drop := func(b *book, a, z time.Time) { // silence, and the indexes as if nothing had been
		b.list = slices.DeleteFunc(b.list, func(e Entry) bool { return e.Recorded.After(a) && e.Recorded.Before(z) })
		for i := range b.list {
			b.list[i].Index = int64(i)
		}
	}
	at := func(b *book, when time.Time) int {
		return slices.IndexFunc(b.list, func(e Entry) bool { return !e.Recorded.Before(when) })
	}
	shift := func(b *book, from, to int, by time.Duration) {
		for i := from; i < to; i++ {
			b.list[i].Recorded = b.list[i].Recorded.Add(by)
		}
	}
	for name, c := range map[string]struct {
		write func(b *book, l *Ledger)
		flaw  Flaw
		hits  bool
	}{
		"none":                                  {func(*book, *Ledger) {}, "", false},
		"silence of three minutes":              {func(b *book, _ *Ledger) { drop(b, clockAt(10, 10), clockAt(10, 13)) }, "", false},
		"silence of four":                       {func(b *book, _ *Ledger) { drop(b, clockAt(10, 10), clockAt(10, 14)) }, Silence, true},
		"silence before":                        {func(b *book, _ *Ledger) { drop(b, clockAt(9, 10), clockAt(9, 20)) }, Silence, false},
		"silence before, and a lease out of it": {func(b *book, _ *Ledger) { drop(b, clockAt(9, 45), clockAt(9, 50)) }, Silence, true},
		"silence before, and leases that are longer": {func(b *book, _ *Ledger) {
			drop(b, clockAt(9, 10), clockAt(9, 20))
			b.add(clockAt(9, 5), event.Event{Kind: event.Released, Until: clockAt(10, 5), Files: []event.File{{Version: version(70)}}})
		}, Silence, true},
		"stopped and started": {func(b *book, _ *Ledger) {
			drop(b, clockAt(10, 10), clockAt(10, 30))
			b.add(clockAt(10, 10).Add(time.Second), event.Event{Kind: event.Stopped})
			b.add(clockAt(10, 29), event.Event{Kind: event.Started})
		}, "", false},
		"started, and not stopped": {func(b *book, _ *Ledger) { b.add(clockAt(10, 10).Add(time.Second), event.Event{Kind: event.Started}) }, Silence, true},
		"stopped, and others came": {func(b *book, _ *Ledger) {
			drop(b, clockAt(10, 10), clockAt(10, 30))
			b.add(clockAt(10, 10).Add(time.Second), event.Event{Kind: event.Stopped})
		}, Silence, true},
		"a hole": {func(b *book, _ *Ledger) {
			i := at(b, clockAt(10, 10))
			b.list = slices.Delete(b.list, i, i+1)
		}, Hole, true},
		"an entry twice":              {func(b *book, _ *Ledger) { b.list[at(b, clockAt(9, 10))].Index = 3 }, Hole, true},
		"closed":                      {func(b *book, _ *Ledger) { b.list[at(b, clockAt(10, 10))].Closed = true }, Closed, true},
		"no time":                     {func(b *book, _ *Ledger) { b.list[at(b, clockAt(10, 10))].Recorded = time.Time{} }, Closed, true},
		"longer elsewhere":            {func(b *book, l *Ledger) { l.Seen = []int64{int64(len(b.list)) + 1} }, Cut, false},
		"longer when it was verified": {func(b *book, l *Ledger) { l.Verified++ }, Cut, false},
		"ends in the time":            {func(b *book, l *Ledger) { b.list = b.list[:at(b, clockAt(10, 30))]; l.Verified = int64(len(b.list)) }, Silence, true},
		"ends with a stop":            {func(b *book, l *Ledger) { stopAt(b, at(b, clockAt(10, 30))); l.Verified = int64(len(b.list)) }, Silence, true},
		"not verified from then":      {func(b *book, l *Ledger) { l.Verified = int64(at(b, clockAt(10, 30))) }, Unverified, true},
		"not verified behind":         {func(b *book, l *Ledger) { l.Verified = int64(at(b, clockAt(11, 30))) }, Unverified, false},
		"not at all":                  {func(_ *book, l *Ledger) { l.Verified = 0 }, Unverified, true},
		"no ledger":                   {func(b *book, _ *Ledger) { b.list = nil }, Empty, true},
		"begins with something else":  {func(b *book, _ *Ledger) { b.list[0].Event.Kind = event.Heartbeat }, Cut, false},
		"begins in the middle":        {func(b *book, _ *Ledger) { b.list = b.list[at(b, clockAt(10, 30)):] }, Cut, true},
		"younger than the house": {func(b *book, l *Ledger) {
			b.list = b.list[at(b, clockAt(10, 30)):]
			b.list[0].Event = event.Event{Kind: event.Started}
			for i := range b.list {
				b.list[i].Index = int64(i)
			}
			l.Verified = int64(len(b.list))
		}, Cut, true},
		"a rollback": {func(b *book, _ *Ledger) { b.add(clockAt(10, 10), event.Event{Kind: event.RollbackAccepted}) }, Cut, true},
		"set back":   {func(b *book, _ *Ledger) { shift(b, at(b, clockAt(10, 10)), at(b, clockAt(10, 50)), -time.Hour) }, Clock, true},
		"set back long before, and right again behind": {func(b *book, _ *Ledger) { shift(b, at(b, clockAt(9, 10)), at(b, clockAt(11, 50)), -30*time.Minute) }, Clock, true},
		"set forth": {func(b *book, _ *Ledger) { shift(b, at(b, clockAt(10, 10)), at(b, clockAt(10, 50)), time.Hour) }, Clock, true},
		"stands still between heartbeats": {func(b *book, _ *Ledger) {
			n := at(b, clockAt(10, 10))
			for i := n; i < len(b.list); i++ {
				b.list[i].Recorded = b.list[i].Recorded.Add(-time.Duration(min(i-n, 10)) * 30 * time.Second)
			}
		}, Clock, true},
		"ahead when it was read":        {func(_ *book, l *Ledger) { l.Read = clockAt(11, 0) }, Clock, true},
		"nobody knows when it was read": {func(_ *book, l *Ledger) { l.Read = time.Time{} }, Silence, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook()
			f := file(1, "/a/p1_x.jpg")
			b.saved(f)
			l := b.ledger()
			c.write(b, &l)
			if n := len(b.list); n > 0 && c.flaw != Cut { // what was dropped was never there
				l.Verified = min(l.Verified, b.list[n-1].Index+1)
			}
			l.Entries = seq(b.list)
			x := ask(t, Question{Parties: bySession(from, to), Ledger: l, Files: seq([]*File{f})})
			hits, found := false, c.flaw == "" && len(x.Gaps) == 0
			for _, g := range x.Gaps {
				hits = hits || g.Hits
				found = found || g.Flaw == c.flaw
			}
			if !found || hits != c.hits {
				t.Errorf("gaps %+v, want %q, in the time %v", x.Gaps, c.flaw, c.hits)
			}
			want := Three{}
			if hits {
				want.Possible = 1
			}
			if x.Files.Files != want || x.Persons.Persons != want {
				t.Errorf("files %+v, persons %+v, want %+v", x.Files.Files, x.Persons.Persons, want)
			}
		})
	}
}

// TestWrongClock: what a clock that was set back puts elsewhere counts as possible, and between two entries in the time as read in it.
func TestWrongClock(t *testing.T) {
	back := func(from, to time.Time, by time.Duration, read time.Time) Mark {
		b := newBook()
		f := file(1, "/a/p1_x.jpg")
		b.saved(f)
		b.released(read, thief, version(1), account.Open)
		for i := range b.list {
			if e := &b.list[i]; !e.Recorded.Before(from) && e.Recorded.Before(to) {
				e.Recorded, e.Event.Until = e.Recorded.Add(-by), e.Event.Until.Add(-by)
			}
		}
		return ask(t, Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File{f})}).marks(f)
	}
	if m := back(clockAt(10, 10), clockAt(10, 30), 2*time.Hour, clockAt(10, 20)); m&Released == 0 {
		t.Errorf("in the middle of the time: %b", m)
	}
	if m := back(clockAt(9, 30), clockAt(11, 50), 40*time.Minute, clockAt(10, 20)); m&(Reach|Released) != Reach {
		t.Errorf("by a clock that was wrong before: %b", m)
	}
	if m := back(clockAt(9, 30), clockAt(11, 50), 40*time.Minute, clockAt(9, 40)); m&(Reach|Released) != Reach {
		t.Errorf("before, by a clock that may have been right: %b", m)
	}
}

// TestForgedSave: entries that do not verify show what was read, and do not show that something was saved too late to be.
func TestForgedSave(t *testing.T) {
	b, f := newBook(), file(1, "/a/p1_x.jpg")
	b.list[len(b.list)/2].Closed = true
	b.add(clockAt(11, 30), event.Event{Kind: event.Saved, Share: shareA, Files: []event.File{{Version: version(1)}}})
	q := Question{Parties: bySession(clockAt(10, 0), clockAt(11, 0)), Ledger: b.ledger(), Files: seq([]*File{f})}
	if m := ask(t, q).marks(f); m != 0 {
		t.Errorf("marks %b of what was saved behind", m)
	}
	q.Ledger.Verified = int64(len(b.list)) - 40
	if m := ask(t, q).marks(f); m != Gap {
		t.Errorf("marks %b of what was saved behind, it is said", m)
	}
}

func stopAt(b *book, n int) {
	b.list = b.list[:n]
	b.list[n-1].Event = event.Event{Kind: event.Stopped}
}

// TestManyGaps: what somebody who rules the clock can do to it costs neither memory nor truth.
func TestManyGaps(t *testing.T) {
	b := newBook()
	for i := range int64(3 * maxGaps) {
		b.list = append(b.list, Entry{Index: int64(len(b.list)), Recorded: clockAt(12, 0).Add(-time.Duration(i%2) * time.Hour), Event: event.Event{Kind: event.Heartbeat}})
	}
	b.list = append(b.list, Entry{Index: int64(len(b.list)), Recorded: clockAt(11, 30),
		Event: event.Event{Kind: event.Released, Session: thief, Share: shareA, Files: []event.File{{Version: version(1)}}}})
	x := ask(t, Question{Parties: bySession(clockAt(11, 0), clockAt(11, 40)), Ledger: b.ledger(), Files: seq([]*File{file(1, "/a/p1_x.jpg")})})
	if len(x.Gaps) > maxGaps || x.Files.Files.Confirmed != 1 {
		t.Errorf("%d gaps, %+v", len(x.Gaps), x.Files.Files)
	}
}
