package keeper

import (
	"context"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// live returns a session that counts, and notes its use.
func (l *Local) live(s id.Session) (account.Session, error) {
	x, ok := l.sessions.get(s, l.now())
	if !ok {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "check session", Hint: "hint.log-in-again"}
	}
	return x, nil
}

// mayBegin reports whether what a session stands on is still there: its account, its device with an open day, its
// token.
func (b *books) mayBegin(s account.Session, now time.Time) bool {
	a := b.byID[s.Account]
	switch {
	case !a.mayEnter():
		return false
	case byDevice(s.Factor):
		return a.Day.open(now) && slices.ContainsFunc(a.Devices, func(d deviceState) bool { return d.ID == s.Device })
	case s.Factor == account.ByToken:
		return a.token(s.Device) != nil
	}
	return !a.Renew
}

// allowed returns the session if it is live and may read (or write) a share.
func (l *Local) allowed(s id.Session, share id.Share, write bool) (account.Session, error) {
	x, err := l.live(s)
	if err != nil {
		return x, err
	}
	b := l.books.Load()
	if sh := b.shares[share]; sh != nil && sh.End != nil {
		if b.given(x, share) == account.NoRights && !b.may(x, account.SeePeople) {
			return x, &problem.Error{Kind: problem.Denied, Op: "check rights", Hint: "hint.ask-for-rights"}
		}
		return x, erased("check rights", sh)
	}
	if f := b.stopped(x, share); f != nil {
		return x, frozen("check rights", f.Name)
	}
	if sh := b.shares[share]; sh != nil && x.Factor != account.Console && !b.Policy.admits(sh.Networks, x.Address) {
		return x, &problem.Error{Kind: problem.Denied, Op: "check rights", On: sh.Name, Hint: "hint.network"}
	}
	switch r := b.rights(x, share); {
	case r == account.CanWrite, r == account.CanRead && !write:
		return x, nil
	case r == account.CanRead:
		return x, &problem.Error{Kind: problem.Denied, Op: "check rights", Hint: "hint.read-only"}
	}
	return x, &problem.Error{Kind: problem.Denied, Op: "check rights", Hint: "hint.ask-for-rights"}
}

// Check implements Gate.
func (l *Local) Check(_ context.Context, s id.Session, share id.Share, write bool) error {
	_, err := l.allowed(s, share, write)
	return err
}

// Shares implements Gate.
func (l *Local) Shares(_ context.Context, s id.Session) ([]account.Share, error) {
	x, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	var out []account.Share
	for _, sh := range b.Shares {
		if r := b.rights(x, sh.ID); r != account.NoRights {
			out = append(out, account.Share{ID: sh.ID, Name: sh.Name, Write: r == account.CanWrite})
		}
	}
	slices.SortFunc(out, func(a, b account.Share) int { return compareNames(a.Name, b.Name) })
	return out, nil
}

// End implements Gate. The session does not count any more even if the ledger fails; a session that is not live is
// no error.
func (l *Local) End(ctx context.Context, s id.Session, why string) error {
	leave, err := l.enter("end session")
	if err != nil {
		return err
	}
	defer leave()
	return l.endWhere(ctx, func(x account.Session) bool { return x.ID == s }, cut(why, 256))
}

// endWhere ends sessions and records their ends.
func (l *Local) endWhere(ctx context.Context, which func(account.Session) bool, why string) error {
	if why == "" {
		why = "ended"
	}
	ended, _ := l.sessions.end(func(x *session) string {
		if which(x.Session) {
			return why
		}
		return ""
	})
	return l.recordEnds(ctx, ended, why)
}

func (l *Local) recordEnds(ctx context.Context, ended []account.Session, why string) error {
	var events []event.Event
	for _, s := range ended {
		e := acting(event.Logout, s)
		e.Note = why
		events = append(events, e)
	}
	err := l.append(ctx, events...)
	if err != nil {
		l.cfg.Log.ErrorContext(ctx, "the end of sessions is not in the ledger", "sessions", len(ended), "err", err)
	}
	return err
}

// sweep ends the sessions that have run out.
func (l *Local) sweep(ctx context.Context) error {
	now := l.now()
	ended, whys := l.sessions.end(func(x *session) string { return l.sessions.over(x, now) })
	var events []event.Event
	for i, s := range ended {
		e := acting(event.Logout, s)
		e.Note = whys[i]
		events = append(events, e)
	}
	return l.append(ctx, events...)
}

// Sessions lists the live sessions; people who may not see all see their own.
func (l *Local) Sessions(_ context.Context, s id.Session) ([]account.Session, error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	all := l.books.Load().may(by, account.SeePeople)
	out := l.sessions.list(l.now(), func(x account.Session) bool { return all || x.Account == by.Account })
	slices.SortFunc(out, func(a, b account.Session) int { return a.Started.Compare(b.Started) })
	return out, nil
}
