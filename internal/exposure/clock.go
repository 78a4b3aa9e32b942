package exposure

import (
	"cmp"
	"math"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// Times of the ledger, in milliseconds.
const (
	ever  = math.MinInt64 / 4 // before everything
	never = math.MaxInt64 / 4 // behind everything

	beat     = int64(time.Minute / time.Millisecond)
	silence  = 3 * beat // longer is a gap
	disorder = int64(time.Second / time.Millisecond)
	// edge is how far a clock may have been off without being seen: less than what heartbeats that are missing show.
	edge = silence + 5*disorder
	// leastLease is how long a lease that nobody knows of may have lived at least.
	leastLease = 5 * beat
	// afterglow is how long a storehouse may hold keys that it needs no more: of what waits for its preview, a quarter of an hour.
	afterglow = 16 * beat
)

const (
	maxGaps = 10_000 // beyond it they become one
	maxBack = 1_000  // beyond it no time can be trusted
)

// Flaw says why the ledger does not tell what happened.
type Flaw string

// The flaws.
const (
	Empty      Flaw = "empty"      // it has no entries
	Silence    Flaw = "silence"    // no heartbeat, and no stop in good order
	Hole       Flaw = "hole"       // entries are missing
	Closed     Flaw = "closed"     // entries do not open, or a newer program wrote them
	Cut        Flaw = "cut"        // it was longer, or begins later than the house
	Unverified Flaw = "unverified" // the chain does not verify from here on
	Clock      Flaw = "clock"      // the clock was set back or stood still
	Many       Flaw = "many"       // so many gaps that they are told as one
)

// Flawed is a stretch of the ledger that does not tell what happened.
type Flawed struct {
	Flaw  Flaw      `json:"flaw"`
	First int64     `json:"first"` // the indexes that it lies between, or the first and the last that are concerned
	Last  int64     `json:"last"`
	From  time.Time `json:"from,omitzero"` // zero: from the beginning
	To    time.Time `json:"to,omitzero"`   // zero: to the end
	Hits  bool      `json:"hits"`          // it lies in the time of a party: what could have been read then is possibly exposed

	from, to int64
}

// segment is a stretch of entries whose times do not go back.
type segment struct {
	from  int64 // the time of its first entry
	mixed bool  // there were too many: they do
}

// step is a place where the times jump.
type step struct {
	index    int64
	from, to int64
}

func (s step) size() int64 { return s.to - s.from }

// timeline is what the times of the ledger tell, without looking at what was read.
type timeline struct {
	count    int64 // entries
	segments []segment
	gaps     []Flawed
	back     []step // where the clock lost time
	forth    []step // where it went on by more than can go unseen
	drift    int64  // by how much the clock may have been off at any time, beside edge: whatever it lost, and whatever silence may hide
	lease    int64  // the longest lease
	first    int64  // the time of the first entry
	last     int64  // the latest since the clock was last set back
	index    int64  // of the last entry
	down     bool   // the keeper has stopped in good order
	ticks    int64  // heartbeats since it was started
	ahead    int64  // how far the clock was ahead of them at most
	verified int64  // the time of the last entry that is verified
	shares   map[id.Share]bool
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return ever
	}
	return t.UnixMilli()
}

// moment undoes milli; what has no bound is the zero time.
func moment(t int64) time.Time {
	if t <= ever/2 || t >= never/2 {
		return time.Time{}
	}
	return time.UnixMilli(t).UTC()
}

// readTimes goes through the ledger for the first time.
func readTimes(l Ledger) (*timeline, error) {
	t := &timeline{lease: leastLease, verified: ever, ahead: ever, shares: make(map[id.Share]bool)}
	for e, err := range l.Entries {
		if err != nil {
			return nil, err
		}
		t.take(&e)
		if e.Index < l.Verified {
			t.verified = t.last
		}
	}
	t.end(l)
	return t, nil
}

// take follows one entry.
func (t *timeline) take(e *Entry) {
	now := t.last
	if !e.Recorded.IsZero() {
		now = e.Recorded.UnixMilli()
	}
	if t.count == 0 {
		t.begin(e, now)
	} else {
		t.follow(e, now)
	}
	if e.Closed || e.Recorded.IsZero() {
		t.closed(e.Index, now)
	}
	switch {
	case e.Closed:
		t.down = false
	case e.Event.Kind == event.Stopped:
		t.down = true
	case e.Event.Kind == event.Started:
		t.down, t.ticks, t.ahead = false, 0, now
	case e.Event.Kind == event.RollbackAccepted || e.Event.Kind == event.VaultRestored:
		t.gap(Flawed{Flaw: Cut, First: t.index, Last: e.Index, from: min(t.last, now), to: now})
	case e.Event.Kind == event.Heartbeat:
		t.tick(e.Index, now)
		t.down = false
	case e.Event.Kind == event.Released:
		t.lease = max(t.lease, milli(e.Event.Until)-now)
		t.down = false
	default:
		t.down = false
	}
	if !e.Event.Share.IsZero() {
		t.shares[e.Event.Share] = true
	}
	t.last, t.index, t.count = max(t.last, now), e.Index, t.count+1
}

func (t *timeline) begin(e *Entry, now int64) {
	t.first, t.last, t.index = now, now, e.Index
	t.segments = []segment{{from: now}}
	if e.Index != 0 || e.Closed || e.Event.Kind != event.Started {
		t.gap(Flawed{Flaw: Cut, First: 0, Last: e.Index, from: ever, to: now})
	}
}

// follow compares an entry with those before it.
func (t *timeline) follow(e *Entry, now int64) {
	switch {
	case e.Index <= t.index: // it is no ledger any more
		t.gap(Flawed{Flaw: Hole, First: e.Index, Last: never, from: ever, to: never})
	case e.Index != t.index+1:
		t.gap(Flawed{Flaw: Hole, First: t.index + 1, Last: e.Index - 1, from: min(t.last, now), to: max(t.last, now)})
		t.drift += max(0, (e.Index-t.index)*beat+silence-(now-t.last)) // what is missing may have taken a minute each
		t.ticks, t.ahead = 0, now
	}
	d := now - t.last
	if d < -disorder {
		t.setBack(step{e.Index, t.last, now})
		if last := &t.segments[len(t.segments)-1]; len(t.segments) < maxGaps {
			t.segments = append(t.segments, segment{from: now})
		} else {
			last.from, last.mixed = min(last.from, now), true
		}
		t.ticks, t.ahead, t.last = 0, now, now
		d = 0
	}
	if d > edge && len(t.forth) < maxGaps {
		t.forth = append(t.forth, step{e.Index, t.last, now})
	}
	up := !e.Closed && (e.Event.Kind == event.Started || e.Event.Kind == event.RollbackAccepted || e.Event.Kind == event.VaultRestored)
	if up && !t.down || d > silence && (!up || !t.down) {
		t.gap(Flawed{Flaw: Silence, First: t.index, Last: e.Index, from: t.last, to: now})
		t.drift += d
	}
}

// setBack notes that the clock lost time.
func (t *timeline) setBack(s step) {
	if t.drift -= s.size(); len(t.back) < maxBack {
		t.back = append(t.back, s)
		return
	}
	t.gap(Flawed{Flaw: Clock, First: s.index, Last: never, from: ever, to: never})
}

// tick counts a heartbeat. There is one for each minute that passes, or fewer: a clock that shows less time than they say has been set
// back between them.
func (t *timeline) tick(index, now int64) {
	t.ticks++
	d := now - t.ticks*beat
	t.ahead = max(t.ahead, d)
	if lost := t.ahead - d; lost > silence {
		t.setBack(step{index, now + lost, now})
		t.ahead = d
	}
}

func (t *timeline) closed(index, now int64) {
	if n := len(t.gaps) - 1; n >= 0 && t.gaps[n].Flaw == Closed && t.gaps[n].Last+1 == index && now >= t.gaps[n].to {
		t.gaps[n].Last, t.gaps[n].to = index, now
		return
	}
	t.gap(Flawed{Flaw: Closed, First: index, Last: index, from: min(t.last, now), to: max(t.last, now)})
}

func (t *timeline) gap(g Flawed) {
	if len(t.gaps) >= maxGaps {
		last := &t.gaps[maxGaps-1]
		g = Flawed{Flaw: Many, First: min(last.First, g.First), Last: max(last.Last, g.Last), from: min(last.from, g.from), to: max(last.to, g.to)}
		t.gaps = t.gaps[:maxGaps-1]
	}
	t.gaps = append(t.gaps, g)
}

// end compares the ledger's end with what is known from elsewhere.
func (t *timeline) end(l Ledger) {
	if t.count == 0 {
		t.gap(Flawed{Flaw: Empty, First: 0, Last: never, from: ever, to: never})
		return
	}
	rest := Flawed{First: t.index + 1, Last: never, from: t.last, to: never}
	for _, n := range append([]int64{l.Verified}, l.Seen...) {
		if n > t.index+1 {
			rest.Flaw = Cut
		}
	}
	read := milli(l.Read)
	if read == ever || read-t.last > silence {
		rest.Flaw = cmp.Or(rest.Flaw, Silence)
	}
	if read != ever {
		t.drift += max(0, read-t.last-silence)
	}
	if rest.Flaw != "" {
		t.gap(rest)
	}
	if l.Verified <= t.index {
		t.gap(Flawed{Flaw: Unverified, First: l.Verified, Last: never, from: t.verified, to: never})
	}
	if read != ever && t.last-read > edge { // the clock is ahead now
		t.setBack(step{t.index + 1, t.last, read})
	}
	for _, s := range t.back {
		t.shifted(s)
	}
}

// shifted marks what a clock that was set back leaves unsure: the times that it showed twice, and the stretch up to where it went forth by
// as much, before or after. If it never did, all that follows.
func (t *timeline) shifted(s step) {
	size := -s.size()
	t.gap(Flawed{Flaw: Clock, First: s.index - 1, Last: s.index, from: s.to - size, to: s.from + size})
	if size <= edge {
		return
	}
	found := false
	for i := len(t.forth) - 1; i >= 0; i-- {
		if f := t.forth[i]; f.index < s.index && f.size() >= size-edge {
			t.gap(Flawed{Flaw: Clock, First: f.index, Last: s.index - 1, from: f.from, to: s.from})
			found = true
			break
		}
	}
	for _, f := range t.forth {
		if f.index > s.index && f.size() >= size-edge {
			t.gap(Flawed{Flaw: Clock, First: s.index, Last: f.index - 1, from: s.to, to: f.to})
			return
		}
	}
	if !found {
		t.gap(Flawed{Flaw: Clock, First: s.index, Last: never, from: s.to, to: never})
	}
}
