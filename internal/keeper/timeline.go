package keeper

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// Bounds of timelines.
const (
	usualSlots = 96
	maxSlots   = 400
	lateEntry  = 48 * time.Hour // what a storehouse could not record at once, it has recorded by then
	margin     = time.Hour      // before and behind the case's own window
)

// Timeline counts what the ledger tells of the time of a case, in slots, for who may see cases. It holds no more than the slots.
func (l *Local) Timeline(ctx context.Context, s id.Session, n string, q account.TimelineQuery) (account.Timeline, error) {
	const op = "read ledger"
	by, err := l.live(s)
	if err != nil {
		return account.Timeline{}, err
	}
	b, now := l.books.Load(), l.now()
	if !b.seesCases(by) {
		return account.Timeline{}, notAllowed(op)
	}
	c := b.caseOf(n)
	if c == nil {
		return account.Timeline{}, absent(op, n, "hint.no-such-case")
	}
	first, last := c.window(now)
	from, to := first, last
	if !q.From.IsZero() {
		from = q.From
	}
	if !q.To.IsZero() {
		to = q.To
	}
	if q.Slots == 0 {
		q.Slots = usualSlots
	}
	if q.Slots < 1 || q.Slots > maxSlots || !from.Before(to) || to.Sub(from) < time.Duration(q.Slots)*time.Millisecond {
		return account.Timeline{}, unfit(op, n, "hint.case-window")
	}
	out := account.Timeline{First: first.UTC(), Last: last.UTC(), From: from.UTC(), To: to.UTC(), Slot: to.Sub(from).Seconds() / float64(q.Slots), Slots: make([]account.Slot, q.Slots), Suspects: make([]account.Slot, q.Slots)}
	theirs := suspicious(c.Suspects)
	for e, err := range l.told(ctx, from, to) {
		if err != nil {
			return account.Timeline{}, err
		}
		if e.When.Before(from) || !e.When.Before(to) {
			continue
		}
		i := min(int(float64(e.When.Sub(from))/float64(to.Sub(from))*float64(q.Slots)), q.Slots-1)
		count(&out.Slots[i], e)
		count(&out.All, e)
		if theirs(e) {
			count(&out.Suspects[i], e)
			count(&out.SuspectAll, e)
		}
	}
	return out, nil
}

// window is the time that a case is about: from a little before the first that is suspected to a little behind the last, or to now.
func (c *caseState) window(now time.Time) (from, to time.Time) {
	from, to = c.Opened, now
	if !c.Closed.IsZero() {
		to = c.Closed
	}
	for _, s := range c.Suspects {
		if s.From.Before(from) {
			from = s.From
		}
	}
	if to = to.Add(margin); to.After(now) {
		to = now
	}
	if from = from.Add(-margin); !from.Before(to) {
		from = to.Add(-margin)
	}
	return from, to
}

// count counts an event.
func count(s *account.Slot, e *event.Event) {
	switch e.Kind {
	case event.Released:
		s.Readings += int64(len(e.Files))
	case event.Saved:
		s.Saves += int64(max(len(e.Files), 1))
	case event.Changed:
		s.Saves++
	case event.Login:
		s.Logins++
	case event.LoginFailed, event.Refused:
		s.Refused += max(e.Size, 1)
	case event.Frozen:
		s.Freezes++
	case event.ApplianceEvent:
		s.Appliances += max(e.Size, 1)
	}
}

// suspicious picks what suspects did while they are distrusted, and freezes.
func suspicious(list []account.Suspect) func(*event.Event) bool {
	return func(e *event.Event) bool {
		return e.Kind == event.Frozen || slices.ContainsFunc(list, func(s account.Suspect) bool {
			if e.When.Before(s.From) || !s.To.IsZero() && e.When.After(s.To) {
				return false
			}
			switch s.Kind {
			case account.StopSession:
				return !e.Session.IsZero() && s.Subject == e.Session.String()
			case account.StopDevice:
				return !e.Device.IsZero() && s.Subject == e.Device.String()
			case account.StopAccount:
				return !e.Account.IsZero() && s.Subject == e.Account.String()
			case account.StopAddress:
				return sameNetwork(s.Subject, e.Address)
			}
			return false
		})
	}
}

// told yields the events of a time and some around it.
func (l *Local) told(ctx context.Context, from, to time.Time) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		leave, err := l.enter("read ledger")
		if err != nil {
			yield(nil, err)
			return
		}
		r, k, late, err := l.openEvents(ctx)
		leave()
		if err = errors.Join(err, late); err != nil { // without the newest entries it would look as if nothing had happened
			yield(nil, err)
			return
		}
		defer k.Zero()
		for x, err := range l.times.between(ctx, r, from, to.Add(lateEntry)) {
			if err != nil {
				yield(nil, err)
				return
			}
			e := openEntry(k, x.Index, x.Data)
			if e.Closed == "" && !yield(&e.Event, nil) {
				return
			}
		}
	}
}

// times knows between which times the entries of each stretch of the ledger were recorded, so that a question about a day does not open
// years. It goes by what stands in the entries, so that a clock that was set back hides nothing. Made when it is asked for.
type times struct {
	mu      sync.Mutex
	periods []period // guarded by mu: of whole stretches, which never change any more
}

// period is the earliest and the latest time in a stretch.
type period struct{ first, last time.Time }

// between yields the entries that were recorded from one time to another.
func (t *times) between(ctx context.Context, r *ledger.Reader, from, to time.Time) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		size := r.Head().Size
		if err := t.learn(ctx, r, size/stretch); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		t.mu.Lock()
		periods := t.periods // which only grow
		t.mu.Unlock()
		for i := int64(0); i*stretch < size; i++ {
			if i < int64(len(periods)) && (periods[i].last.Before(from) || periods[i].first.After(to)) {
				continue
			}
			for x, err := range r.Entries(ctx, i*stretch, min((i+1)*stretch, size)) {
				when, ok := ledger.EntryTime(x.Data)
				if err == nil && ok && (when.Before(from) || when.After(to)) {
					continue
				}
				if !yield(x, err) || err != nil {
					return
				}
			}
		}
	}
}

// perBeat is how many stretches are looked at with a heartbeat: less than a second's work.
const perBeat = 32

// learnTimes looks a little further with each heartbeat, so that the first timeline of a case does not wait for all of the ledger.
func (l *Local) learnTimes(ctx context.Context) error {
	r, err := ledger.NewReader(l.log.Files(), l.keys.LedgerPublicKey())
	if err != nil {
		return err
	}
	l.times.mu.Lock()
	known := int64(len(l.times.periods))
	l.times.mu.Unlock()
	return l.times.learn(ctx, r, min(r.Head().Size/stretch, known+perBeat))
}

// learn looks at the stretches that have become whole since the last time.
func (t *times) learn(ctx context.Context, r *ledger.Reader, whole int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := int64(len(t.periods)); i < whole; i++ {
		var s period
		for x, err := range r.Entries(ctx, i*stretch, (i+1)*stretch) {
			if err != nil {
				return err
			}
			when, ok := ledger.EntryTime(x.Data)
			if !ok { // of an entry that tells no time, it could be any
				s = period{time.UnixMilli(0), time.UnixMilli(1 << 62)}
				break
			}
			if s.first.IsZero() || when.Before(s.first) {
				s.first = when
			}
			if when.After(s.last) {
				s.last = when
			}
		}
		t.periods = append(t.periods, s)
	}
	return nil
}

// Parties returns the suspects of a case as the vault knows them, for who may see cases: sessions, devices and accounts. An address
// becomes the sessions that began there; storehouse, keeper and media have saved nothing of their own, and are left out.
func (l *Local) Parties(ctx context.Context, s id.Session, n string) (out []account.Suspect, err error) {
	const op = "case"
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.seesCases(by) {
		return nil, notAllowed(op)
	}
	c := b.caseOf(n)
	if c == nil {
		return nil, absent(op, n, "hint.no-such-case")
	}
	for _, x := range c.Suspects {
		switch x.Kind {
		case account.StopSession, account.StopDevice, account.StopAccount:
			out = append(out, x)
		case account.StopAddress:
			list, err := l.from(ctx, x)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	return out, nil
}

// from returns the sessions that began at an address and lived in the time in which it is distrusted.
func (l *Local) from(ctx context.Context, x account.Suspect) (out []account.Suspect, err error) {
	to := x.To
	if to.IsZero() {
		to = l.now()
	}
	add := func(n id.Session, owner string) {
		out = append(out, account.Suspect{Kind: account.StopSession, Subject: n.String(), Owner: owner, From: x.From, To: x.To})
	}
	seen := make(map[id.Session]bool)
	for e, err := range l.told(ctx, x.From.Add(-longestSession), to) {
		if err != nil {
			return nil, err
		}
		if e.Kind != event.Login || !sameNetwork(x.Subject, e.Address) || e.When.After(to) || !e.Until.IsZero() && e.Until.Before(x.From) || seen[e.Session] {
			continue
		}
		seen[e.Session] = true
		add(e.Session, e.Actor)
	}
	return out, nil
}

// sameNetwork reports whether somebody at an address may be who was distrusted at another: of IPv6 machines change theirs within a /64.
func sameNetwork(subject string, a netip.Addr) bool {
	b, err := netip.ParseAddr(subject)
	if err != nil || !a.IsValid() {
		return false
	}
	a, b = plainAddress(a), plainAddress(b)
	if a.Is6() && b.Is6() {
		p, err := b.Prefix(64)
		return err == nil && p.Contains(a)
	}
	return a == b
}

// longestSession is longer than the settings let any session live.
const longestSession = 8 * 24 * time.Hour
