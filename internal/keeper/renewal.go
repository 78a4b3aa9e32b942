package keeper

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// renewalState is the last time that everybody had to set a new password.
type renewalState struct {
	Reason  string       `json:"reason"`
	By      string       `json:"by"`
	Started time.Time    `json:"started"`
	Of      []id.Account `json:"of"`
}

// RenewAll has everybody set a new password at the next login. Every session ends at once, the caller's too, every day
// closes, and every device password, device key, token and invitation is useless: what somebody else may have is of
// no use to them. The console, which needs no password, stays.
func (l *Local) RenewAll(ctx context.Context, s id.Session, reason string) error {
	const op = "renew passwords"
	reason = cut(reason, maxReason)
	if err := l.power(s, account.Renew, op); err != nil {
		return err
	}
	if reason == "" {
		return &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.renewal-reason", Err: errors.New("no reason")}
	}
	err := l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Renew) {
			return event.Event{}, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		r := &renewalState{Reason: reason, By: by.Name, Started: l.now()}
		for i, a := range d.Accounts {
			if !a.Removed.IsZero() {
				continue
			}
			a = a.clone()
			d.Accounts[i] = a
			a.Devices, a.Tokens, a.Day, a.Invitation = nil, nil, nil, nil
			if a.Password != nil {
				a.Renew = true
				r.Of = append(r.Of, a.ID)
			}
		}
		d.Renewal = r
		return event.Event{Kind: event.RenewalBegun, Note: reason, Size: int64(len(r.Of))}, nil
	})
	if err != nil {
		return err
	}
	l.tickets.clear()
	return l.endWhere(ctx, func(x account.Session) bool { return x.Factor != account.Console }, "renewal of all passwords")
}

// Renewal tells how far the last renewal is. Who is still missing is told to those who see people.
func (l *Local) Renewal(_ context.Context, s id.Session) (account.Renewal, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Renewal{}, err
	}
	b := l.books.Load()
	r := b.Renewal
	if r == nil {
		return account.Renewal{}, nil
	}
	out := account.Renewal{Reason: r.Reason, By: r.By, Started: r.Started}
	for _, n := range r.Of {
		a := b.byID[n]
		if !a.mayEnter() {
			continue
		}
		out.Of++
		switch {
		case !a.Renew:
			out.Done++
		case b.may(by, account.SeePeople):
			out.Waiting = append(out.Waiting, a.Name)
		}
	}
	return out, nil
}
