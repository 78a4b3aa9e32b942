package exposure

import (
	"net/netip"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// lastSaved is how many of a share's latest saves are looked at for the write epoch that a storehouse may still hold: more than can be under
// way at once, so that one of that epoch is among them.
const lastSaved = 64

// span is a time in the ledger: from the first entry that is late enough to the last that is early enough, wherever the clock was in
// between.
type span struct {
	lo, hi   int64 // by the ledger's clock
	last     int   // the last segment that begins before hi
	begun    bool  // an entry was late enough
	from, to int64 // indexes of the first and the last entry; -1: there is none
}

// reset begins a walk through the ledger.
func (s *span) reset(segments []segment) {
	s.begun, s.from, s.to = false, -1, -1
	s.last = -1
	for i, g := range segments {
		if g.from <= s.hi {
			s.last = i
		}
	}
}

// take reports whether an entry is in it.
func (s *span) take(index int64, at int, mixed bool, now int64) bool {
	s.begun = s.begun || now >= s.lo
	in := s.begun && (at < s.last || at == s.last && (now <= s.hi || mixed))
	if in {
		if s.from < 0 {
			s.from = index
		}
		s.to = index
	}
	return in
}

// watch follows one party through the ledger.
type watch struct {
	Party
	sure  span // its time
	wide  span // with what the clock may have been off
	isIn  bool // of the entry at hand: in sure
	maybe bool // in wide

	sessions map[id.Session]bool // that belong to it by their logins, or by another entry that says so
	copies   map[id.Session]bool // that have copied into other shares
	leads    []int64             // entries of ways in that it has made

	verified int64 // entries from here on prove nothing of what was saved when
	clean    keys  // versions that were saved behind its time; of a storehouse also those before
	settled  bool  // the walk that gathers is over
	gap      bool  // the records have a gap in its time

	// Of a storehouse or keeper alone.
	live  map[id.Session][]Entry    // releases to sessions that had not ended when its time began: they may hold them still
	ring  map[id.Share][]id.Version // the latest saves before
	names map[id.Share]bool         // shares whose names it could see
}

// host reports whether a party rules a machine.
func (p *Party) host() bool { return p.Kind == Storehouse || p.Kind == Keeper }

// keyless reports whether a party has ciphertext alone.
func (p *Party) keyless() bool { return p.Kind == Copy }

func newWatch(p Party, t *timeline, l Ledger) *watch {
	if p.Kind == Storehouse && !p.Apart {
		p.Kind = Keeper
	}
	w := &watch{Party: p, verified: l.Verified, sessions: make(map[id.Session]bool), copies: make(map[id.Session]bool)}
	lo, hi := milli(p.From), milli(p.To)
	if p.To.IsZero() {
		hi = milli(l.Read)
	}
	if hi == ever {
		hi = never
	}
	if p.host() {
		lo -= afterglow
		w.live, w.ring, w.names = make(map[id.Session][]Entry), make(map[id.Share][]id.Version), make(map[id.Share]bool)
	}
	w.sure = span{lo: lo - edge, hi: hi + edge}
	w.wide = span{lo: lo - edge - t.drift, hi: hi + edge + t.drift}
	return w
}

func (w *watch) reset(t *timeline) {
	w.sure.reset(t.segments)
	w.wide.reset(t.segments)
}

// network is what a session may move in without a new login: the prefix that IPv6 clients change their addresses in.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// did reports whether an entry tells of an act of the party.
func (w *watch) did(e *event.Event) bool {
	return w.is(e.Session, e.Account, e.Device) || w.Kind == Address && e.Address.IsValid() && network(e.Address) == network(w.Address)
}

// is reports whether the party is who acted in a session.
func (w *watch) is(s id.Session, a id.Account, d id.Device) bool {
	if !s.IsZero() && w.sessions[s] {
		return true
	}
	switch w.Kind {
	case Session:
		return s == w.Session && !s.IsZero()
	case Account:
		return a == w.Account && !a.IsZero()
	case Device:
		return d == w.Device && !d.IsZero()
	}
	return false
}

// saved reports whether the party has saved a version, in its time by the storehouse's clock.
func (w *watch) saved(v *Version) bool {
	if now := milli(v.Saved); now < w.wide.lo || now > w.wide.hi {
		return false
	}
	return w.is(v.Session, v.Account, v.Device)
}

// leads are kinds of events by which a party has made a way in for itself or others.
var leads = map[event.Kind]bool{event.DeviceMade: true, event.TokenMade: true, event.FactorMade: true, event.AccountMade: true, event.Invited: true,
	event.RightsChanged: true, event.DayOpened: true, event.ReadingKeyGiven: true, event.Proposed: true, event.Confirmed: true}

// walk goes through the ledger and tells which releases concern which party, and with which mark.
func (x *Exposure) walk(tell func(w *watch, mark Mark, e *Entry)) error {
	segment, last, n := 0, int64(0), int64(0)
	for _, w := range x.watches {
		w.reset(x.time)
	}
	for e, err := range x.q.Ledger.Entries {
		if err != nil {
			return err
		}
		if n++; n > x.time.count { // it has grown meanwhile
			break
		}
		now := last
		if !e.Recorded.IsZero() {
			now = e.Recorded.UnixMilli()
		}
		if n > 1 && now < last-disorder {
			segment, last = min(segment+1, len(x.time.segments)-1), now
		}
		last = max(last, now)
		for _, w := range x.watches {
			mixed := x.time.segments[segment].mixed
			w.isIn = w.sure.take(e.Index, segment, mixed, now)
			w.maybe = w.wide.take(e.Index, segment, mixed, now)
			w.take(&e, now, tell)
		}
	}
	return nil
}

// take follows one entry for a party.
func (w *watch) take(e *Entry, now int64, tell func(*watch, Mark, *Entry)) {
	v := &e.Event
	if e.Closed || w.keyless() {
		return
	}
	if v.Kind == event.Saved && !w.maybe && !w.settled && e.Index < w.verified {
		w.savedElsewhere(v)
	}
	if w.host() {
		w.takeHost(e, now, tell)
		return
	}
	mine := w.did(v)
	if !mine {
		return
	}
	if !v.Session.IsZero() {
		w.sessions[v.Session] = true
	}
	if w.maybe && leads[v.Kind] && !w.settled {
		w.leads = append(w.leads, e.Index)
	}
	if v.Kind == event.Saved && w.maybe && w.copies[v.Session] { // what it has copied from one share into another, or may have
		tell(w, Reach, e)
	}
	if v.Kind != event.Released {
		return
	}
	until, m := milli(v.Until), Mark(0)
	switch {
	case w.isIn, !w.sure.begun && until >= w.sure.lo:
		m = Released
	case w.maybe, !w.wide.begun && until >= w.wide.lo: // if the clock was off
		m = Reach
	default:
		return
	}
	if v.Purpose == account.Copy {
		w.copies[v.Session] = true
	}
	tell(w, m, e)
}

// takeHost is take for a party that rules a machine: whoever asked, the keys were there.
func (w *watch) takeHost(e *Entry, now int64, tell func(*watch, Mark, *Entry)) {
	v := &e.Event
	if w.wide.begun && len(w.live) > 0 { // its time begins: what readers that are open hold is in its reach
		for _, list := range w.live {
			for i := range list {
				tell(w, Reach, &list[i])
			}
		}
		clear(w.live)
	}
	switch v.Kind {
	case event.Unlocked:
		if w.maybe || !w.wide.begun && (w.Since.IsZero() || now >= milli(w.Since)-edge) {
			w.names[v.Share] = true
		}
	case event.Logout:
		delete(w.live, v.Session)
	case event.Started: // all sessions have ended
		clear(w.live)
	case event.Released:
		switch {
		case w.maybe, !w.wide.begun && milli(v.Until) >= w.wide.lo:
			tell(w, Reach, e)
		case !w.wide.begun:
			w.live[v.Session] = append(w.live[v.Session], *e)
		}
	}
}

// savedElsewhere notes versions that were saved before the time of a party, or behind it. That stands in the ledger: who rules a
// storehouse can give a version another date, but no other place there.
func (w *watch) savedElsewhere(v *event.Event) {
	if !w.wide.begun && w.Kind != Storehouse { // what was there before could be read
		return
	}
	for _, f := range v.Files {
		if f.Version.IsZero() {
			continue
		}
		w.clean.add(key{id: f.Version})
		if !w.wide.begun {
			r := append(w.ring[v.Share], f.Version)
			w.ring[v.Share] = r[max(0, len(r)-lastSaved):]
		}
	}
}
