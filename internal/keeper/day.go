package keeper

import (
	"context"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// dayState is an open day: from a login with a second factor to Until, devices of the account may log in at the file
// doors. It outlives a restart, or an update at noon would take everybody's drive away.
type dayState struct {
	Opened  time.Time  `json:"opened"`
	Until   time.Time  `json:"until"`
	Session id.Session `json:"session"` // that opened it
}

// open reports whether a day is open. The clock counts in both directions: set back to before the opening, it closes.
func (d *dayState) open(now time.Time) bool {
	return d != nil && now.Before(d.Until) && !now.Before(d.Opened.Add(-setBack))
}

// openDay opens an account's day, or makes it longer, and returns the event that says so.
func (d *draft) openDay(a *accountState, s id.Session, now time.Time, length time.Duration) event.Event {
	until := d.Policy.end(now, length)
	if a.Day.open(now) {
		a.Day = &dayState{a.Day.Opened, until, s}
	} else {
		a.Day = &dayState{now, until, s}
	}
	return event.Event{Kind: event.DayOpened, Target: a.Name, Until: until}
}

// OpenDay opens the caller's day, for at most as long as the policy lets it.
func (l *Local) OpenDay(ctx context.Context, s id.Session, length time.Duration) (account.Day, error) {
	const op = "open day"
	var name string
	err := l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a := d.byID(by.Account)
		if a == nil || by.Factor != account.SecondFactor {
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.day-needs-login"}
		}
		name = a.Name
		return d.openDay(a, by.ID, l.now(), length), nil
	})
	return l.dayOf(name), err
}

// OpenDayOf opens somebody's day from the console, where whoever speaks could read the keeper's own files.
func (l *Local) OpenDayOf(ctx context.Context, s id.Session, name string, length time.Duration) (account.Day, error) {
	const op = "open day"
	err := l.change(ctx, s, op, name, func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a := d.account(name)
		switch {
		case by.Factor != account.Console:
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.day-needs-login"}
		case a == nil:
			return event.Event{}, noAccount(op, name)
		case !a.mayEnter():
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.account-disabled"}
		}
		e := d.openDay(a, by.ID, l.now(), length)
		e.Note = "from the console"
		return e, nil
	})
	return l.dayOf(name), err
}

// dayOf tells about the day of an account.
func (l *Local) dayOf(name string) account.Day {
	b := l.books.Load()
	out := account.Day{Length: b.Policy.length().String()}
	if a := b.known(name); a != nil && a.Day.open(l.now()) {
		out.Open, out.Opened, out.Until = true, a.Day.Opened, a.Day.Until
	}
	return out
}

// CloseDay closes somebody's day, which ends the sessions of their devices: people their own, others with the power to
// end sessions. A day that is not open is no error.
func (l *Local) CloseDay(ctx context.Context, s id.Session, name string) error {
	const op = "close day"
	var on id.Account
	err := l.changes(ctx, s, op, name, func(b *books, d *draft, by account.Session) ([]event.Event, error) {
		a := d.account(name)
		switch {
		case (a == nil || a.ID != by.Account || !inPerson(by)) && !b.may(by, account.EndSessions):
			return nil, notAllowed(op)
		case a == nil:
			return nil, noAccount(op, name)
		}
		on = a.ID
		if a.Day == nil {
			return nil, nil
		}
		a.Day = nil
		return []event.Event{{Kind: event.DayClosed, Target: a.Name}}, nil
	})
	if err != nil {
		return err
	}
	return l.endDevices(ctx, on)
}

// endDevices ends the sessions of an account's devices.
func (l *Local) endDevices(ctx context.Context, a id.Account) error {
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == a && byDevice(x.Factor) }, "the day was closed")
}

// inPerson reports whether somebody is there themselves, and not a device or a program of theirs.
func inPerson(s account.Session) bool { return !byDevice(s.Factor) && s.Factor != account.ByToken }

func byDevice(f account.Factor) bool { return f == account.DevicePassword || f == account.DeviceKey }

// Logout ends a session, and the day with it, unless its person is still logged in elsewhere.
func (l *Local) Logout(ctx context.Context, s id.Session) error {
	leave, err := l.enter("log out")
	if err != nil {
		return err
	}
	defer leave()
	x, err := l.live(s)
	if err != nil {
		return nil // it is over already
	}
	if err := l.endWhere(ctx, func(y account.Session) bool { return y.ID == s }, "logged out"); err != nil {
		return err
	}
	others := l.sessions.list(l.now(), func(y account.Session) bool { return y.Account == x.Account && y.Factor == account.SecondFactor })
	if x.Account.IsZero() || x.Factor != account.SecondFactor || len(others) > 0 {
		return nil
	}
	err = l.amend(ctx, "log out", x.Name, func(_ *books, d *draft) ([]event.Event, error) {
		a := d.byID(x.Account)
		if a == nil || a.Day == nil {
			return nil, nil
		}
		a.Day = nil
		e := acting(event.DayClosed, x)
		e.Target, e.Note = a.Name, "logged out"
		return []event.Event{e}, nil
	})
	if err != nil {
		return err
	}
	return l.endDevices(ctx, x.Account)
}
