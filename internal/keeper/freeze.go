package keeper

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// stopState is a freeze that is in force. It outlives a restart.
type stopState struct {
	account.Stop
	On id.Account `json:"on,omitzero"` // whom it is about, and who therefore cannot lift it
}

// maxStops bounds what can be frozen at once: beyond it, all has to be.
const maxStops = 1000

// stopped returns the freeze that a session falls under, or nil. Of a share none counts but in that share.
func (b *books) stopped(s account.Session, share id.Share) *stopState {
	for _, f := range b.Stops {
		if f.covers(s, share) {
			return f
		}
	}
	return nil
}

func (f *stopState) covers(s account.Session, share id.Share) bool {
	if s.Factor == account.Console { // whoever speaks there has the keys anyway, and is the last way out
		return false
	}
	switch f.Kind {
	case account.StopSession:
		return f.Subject == s.ID.String()
	case account.StopAccount:
		return !s.Account.IsZero() && f.Subject == s.Account.String()
	case account.StopDevice:
		return !s.Device.IsZero() && f.Subject == s.Device.String()
	case account.StopAddress:
		a, err := netip.ParseAddr(f.Subject)
		return err == nil && a == plainAddress(s.Address)
	case account.StopShare:
		return !share.IsZero() && f.Subject == share.String()
	case account.StopAll:
		return true
	}
	return false
}

// personal reports whether a freeze is about who acts: then powers are frozen with it. Whoever shares an address with them, or
// works in a house that is frozen, must be able to look and to thaw.
func (f *stopState) personal() bool {
	return f.Kind == account.StopSession || f.Kind == account.StopAccount || f.Kind == account.StopDevice
}

// plainAddress is the form in which addresses are compared.
func plainAddress(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func frozen(op, on string) error {
	return &problem.Error{Kind: problem.Frozen, Op: op, On: on, Hint: "hint.frozen"}
}

// Stop implements Stopper: the guard freezes by itself, and needs nobody's leave for it.
func (l *Local) Stop(ctx context.Context, stops ...account.Stop) error {
	const op = "freeze"
	var ended []id.Account
	var bad error // one that cannot be named keeps no other from being made
	err := l.amend(ctx, op, "", func(_ *books, d *draft) (events []event.Event, err error) {
		for _, s := range stops {
			if x, ok := l.sessions.peek(idOf(s.Subject), l.now()); s.Kind == account.StopSession && ok {
				s.Owner = x.Name
			}
			s.By = ""
			e, err := l.halt(op, d, s)
			if err != nil {
				bad = errors.Join(bad, err)
				continue
			}
			events = append(events, e...)
			ended = append(ended, d.closeFor(s)...)
		}
		return events, nil
	})
	for _, a := range ended {
		err = errors.Join(err, l.endDevices(ctx, a))
	}
	return errors.Join(err, bad)
}

// halt puts a freeze into the draft, and what it is about into a case. One that is there already is no error, and no event.
func (l *Local) halt(op string, d *draft, s account.Stop) ([]event.Event, error) {
	n, err := d.name(op, &s)
	if err != nil {
		return nil, err
	}
	if d.halted(s.Kind, s.Subject) {
		return nil, nil
	}
	if len(d.Stops) >= maxStops { // those of sessions that have ended stop nobody any more
		d.Stops = slices.DeleteFunc(d.Stops, func(f *stopState) bool {
			_, live := l.sessions.peek(idOf(f.Subject), l.now())
			return f.Kind == account.StopSession && !live
		})
	}
	if len(d.Stops) >= maxStops {
		if s.By != "" {
			return nil, &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.freeze-all"}
		}
		s.Kind, s.Subject, s.Name, s.Owner, n = account.StopAll, "", "", "", id.Account{}
	}
	s.ID, s.Since, s.Reason = rand.Text(), l.now(), cut(s.Reason, maxReason)
	d.Stops = append(d.Stops, &stopState{s, n})
	e := event.Event{Kind: event.Frozen, Target: nameOf(s), Note: string(s.Kind) + " " + s.Subject + "; " + s.Reason}
	return append([]event.Event{e}, d.caseOf(s, l.suspectsOf(s))...), nil
}

// name finds what a freeze names, so that people can read it, and whom it is about.
func (d *draft) name(op string, s *account.Stop) (on id.Account, err error) {
	unknown := &problem.Error{Kind: problem.NotFound, Op: op, On: s.Subject, Hint: "hint.freeze-what"}
	switch s.Kind {
	case account.StopAll:
		s.Subject = ""
	case account.StopAddress:
		a, err := netip.ParseAddr(s.Subject)
		if err != nil {
			return on, unfit(op, s.Subject, "hint.network-form")
		}
		s.Subject = plainAddress(a).String()
	case account.StopShare:
		x := d.share(s.Subject)
		if x == nil {
			x = d.shareByID(s.Subject)
		}
		if x == nil {
			return on, unknown
		}
		s.Subject, s.Name = x.ID.String(), x.Name
	case account.StopAccount:
		a := d.account(s.Subject)
		if a == nil {
			a = d.find(func(a *accountState) bool { return a.ID.String() == s.Subject })
		}
		if a == nil {
			return on, unknown
		}
		s.Subject, s.Name, on = a.ID.String(), a.Name, a.ID
	case account.StopDevice:
		for _, a := range d.Accounts {
			for _, x := range a.Devices {
				if x.ID.String() == s.Subject {
					s.Name, s.Owner = x.Name, a.Name
					return a.ID, nil
				}
			}
			for _, x := range a.Tokens { // which are the devices of programs
				if x.ID.String() == s.Subject {
					s.Name, s.Owner = x.Name, a.Name
					return a.ID, nil
				}
			}
		}
		return on, unknown
	case account.StopSession:
		if new(id.Session).UnmarshalText([]byte(s.Subject)) != nil {
			return on, unknown
		}
		if a := d.account(s.Owner); s.Owner != "" && a != nil {
			on = a.ID
		}
	default:
		return on, unfit(op, string(s.Kind), "hint.freeze-what")
	}
	return on, nil
}

func (d *draft) shareByID(n string) *shareState {
	for _, x := range d.Shares {
		if x.ID.String() == n {
			return x
		}
	}
	return nil
}

// closeFor closes the days that a freeze ends, and tells whose.
func (d *draft) closeFor(s account.Stop) (out []id.Account) {
	for _, a := range d.Accounts {
		if a.Day == nil || s.Kind != account.StopAll && (s.Kind != account.StopAccount || a.ID.String() != s.Subject) {
			continue
		}
		d.byID(a.ID).Day = nil
		out = append(out, a.ID)
	}
	return out
}

// Freeze freezes by hand. Everybody may freeze their own account, session and devices: who sees something odd on the screen
// should press the button first and ask afterwards.
func (l *Local) Freeze(ctx context.Context, s id.Session, what account.Stop) (account.Stop, error) {
	const op = "freeze"
	var ended []id.Account
	var made account.Stop
	err := l.changes(ctx, s, op, what.Subject, func(b *books, d *draft, by account.Session) ([]event.Event, error) {
		what.By = by.Name
		on, err := d.name(op, &what)
		if what.Kind == account.StopSession && err == nil {
			x, ok := l.sessions.peek(idOf(what.Subject), l.now())
			if !ok {
				return nil, &problem.Error{Kind: problem.NotFound, Op: op, On: what.Subject, Hint: "hint.freeze-what"}
			}
			what.Owner, on = x.Name, x.Account
		}
		own := !on.IsZero() && on == by.Account && inPerson(by)
		if !own && !b.may(by, account.Freeze) {
			return nil, notAllowed(op)
		}
		if err != nil {
			return nil, err
		}
		events, err := l.halt(op, d, what)
		if err != nil {
			return nil, err
		}
		if ended = d.closeFor(what); len(events) > 0 {
			made = d.Stops[len(d.Stops)-1].Stop
		}
		return events, nil
	})
	if err == nil && made.ID != "" && l.cfg.Froze != nil {
		l.cfg.Froze(made)
	}
	for _, a := range ended {
		err = errors.Join(err, l.endDevices(ctx, a))
	}
	return made, err
}

// idOf reads an id of a session; one that is none is the zero id.
func idOf(text string) (n id.Session) {
	if n.UnmarshalText([]byte(text)) != nil {
		return id.Session{}
	}
	return n
}

// Stops lists what is frozen: to those who may freeze, and to whom it is about.
func (l *Local) Stops(_ context.Context, s id.Session) (out []account.Stop, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	all := b.may(by, account.SeePeople) || b.may(by, account.Freeze)
	for _, f := range b.Stops {
		if all || f.covers(by, id.Share{}) || !f.On.IsZero() && f.On == by.Account {
			out = append(out, f.Stop)
		}
	}
	return out, nil
}

// frozenOf tells what of somebody's is frozen. A session that has ended has nothing left to stop.
func (l *Local) frozenOf(b *books, a *accountState) (out []account.StopKind) {
	for _, f := range b.Stops {
		if f.Kind != account.StopAll && f.On != a.ID || slices.Contains(out, f.Kind) {
			continue
		}
		if _, live := l.sessions.peek(idOf(f.Subject), l.now()); live || f.Kind != account.StopSession {
			out = append(out, f.Kind)
		}
	}
	return out
}

// halted reports whether there is a freeze of just this.
func (s *state) halted(kind account.StopKind, subject string) bool {
	return slices.ContainsFunc(s.Stops, func(f *stopState) bool { return f.Kind == kind && f.Subject == subject })
}

// Thaw asks to lift a freeze, which another person must confirm: neither of them may be whom it is about.
func (l *Local) Thaw(ctx context.Context, s id.Session, n, reason string) (account.Outcome, error) {
	b := l.books.Load()
	i := slices.IndexFunc(b.Stops, func(f *stopState) bool { return f.ID == n })
	if i < 0 {
		return account.Outcome{}, &problem.Error{Kind: problem.NotFound, Op: "thaw", On: n, Hint: "hint.no-freeze"}
	}
	f := b.Stops[i]
	if by, err := l.live(s); err == nil && !f.On.IsZero() && f.On == by.Account {
		return account.Outcome{}, &problem.Error{Kind: problem.Denied, Op: "thaw", On: f.target(), Hint: "hint.thaw-own"}
	}
	args, err := json.Marshal(f.Stop)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, "thaw", "", err)
	}
	return l.propose(ctx, s, "thaw", proposalState{Act: actThaw, On: f.On, Target: f.target(), Args: args, Reason: reason}, account.Confirm)
}

func (f *stopState) target() string { return nameOf(f.Stop) }

// nameOf names what is frozen for the ledger.
func nameOf(s account.Stop) string {
	switch {
	case s.Owner != "" && s.Name != "":
		return s.Owner + " / " + s.Name
	case s.Owner != "":
		return s.Owner
	case s.Name != "":
		return s.Name
	case s.Subject != "":
		return s.Subject
	}
	return string(s.Kind)
}

// thaw lifts the freeze that a proposal names.
func (d *draft) thaw(args json.RawMessage, now time.Time) ([]event.Event, error) {
	var s account.Stop
	if err := json.Unmarshal(args, &s); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Stops, func(f *stopState) bool { return f.ID == s.ID })
	if i < 0 { // somebody else was faster
		return nil, nil
	}
	d.Stops = slices.Delete(d.Stops, i, i+1)
	d.trusted(s.ID, now)
	return []event.Event{{Kind: event.Thawed, Target: nameOf(s), Note: string(s.Kind) + " " + s.Subject}}, nil
}

// thawed tells the guard of a freeze that was lifted.
func (l *Local) thawed(p proposalState) {
	var s account.Stop
	if l.cfg.Thawed != nil && json.Unmarshal(p.Args, &s) == nil {
		l.cfg.Thawed(s)
	}
}

// MaySettle returns the session if its person may decide what becomes of what somebody's save or removal left held in a share: people
// with the power to do so, and authors themselves, in person and with a factor proven a short time ago. A stolen device or
// cookie cannot wave its own doing through.
func (l *Local) MaySettle(_ context.Context, s id.Session, share id.Share, author id.Account) error {
	const op = "settle"
	x, err := l.allowed(s, share, false)
	if err != nil {
		return err
	}
	if !l.books.Load().may(x, account.Decide) && (x.Account.IsZero() || x.Account != author || !inPerson(x)) {
		return notAllowed(op)
	}
	return l.fresh(x, op)
}
