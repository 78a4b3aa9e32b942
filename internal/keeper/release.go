package keeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of a request.
const (
	maxRelease = 10_000
	maxEnc     = 4096
	maxPath    = 20 << 10 // of a sealed path
)

// Release implements Releaser. The order of its steps is the product: check, record, and only when the
// record is durable, derive the keys.
func (l *Local) Release(ctx context.Context, r Request) ([]Lease, error) {
	s, err := l.mayRelease(r)
	if err != nil {
		l.refused(ctx, s, r, err)
		return nil, err
	}
	until := l.cfg.Now().UTC().Add(l.cfg.LeaseTTL)
	if until.After(s.Expires) {
		until = s.Expires
	}
	e := about(s, r)
	e.Kind, e.Until = event.Released, until
	if err := l.Record(ctx, e); err != nil {
		return nil, err
	}
	leases := make([]Lease, len(r.Files))
	for i, f := range r.Files {
		k, err := l.keys.FileKey(r.Share, f.Epoch, f.Enc, f.Version)
		if err != nil {
			zero(leases)
			return nil, &problem.Error{Kind: problem.Damaged, Op: "release", Hint: "hint.verify", Err: err}
		}
		leases[i] = Lease{f.Version, k, until}
	}
	return leases, nil
}

func zero(leases []Lease) {
	for i := range leases {
		leases[i].Key.Zero()
	}
}

// mayRelease checks a request against the session and its rights.
func (l *Local) mayRelease(r Request) (s account.Session, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, err := l.live(r.Session)
	if err != nil {
		return s, err
	}
	s = x.Session
	if l.rights(x, r.Share) == None {
		return s, &problem.Error{Kind: problem.Denied, Op: "release", Hint: "hint.ask-for-rights"}
	}
	if err := r.Purpose.Valid(); err != nil {
		return s, problem.New(problem.Invalid, "release", "", err)
	}
	if len(r.Files) == 0 || len(r.Files) > maxRelease {
		return s, problem.New(problem.Invalid, "release", "", fmt.Errorf("%d versions in one request", len(r.Files)))
	}
	for _, f := range r.Files {
		if len(f.Enc) > maxEnc || len(f.Path) > maxPath || f.Version.IsZero() {
			return s, problem.New(problem.Invalid, "release", "", errors.New("malformed"))
		}
	}
	return s, nil
}

// about makes the event of a request.
func about(s account.Session, r Request) event.Event {
	e := event.Event{Session: r.Session, Account: s.Account, Actor: s.Name, Device: s.Device, Address: s.Address, Door: s.Door,
		Share: r.Share, Purpose: r.Purpose, Files: make([]event.File, len(r.Files))}
	for i, f := range r.Files {
		e.Files[i] = event.File{Version: f.Version, Path: f.Path}
	}
	return e
}

// refused records a request that was refused. Of one that makes no sense only the fact is kept.
func (l *Local) refused(ctx context.Context, s account.Session, r Request, why error) {
	if !l.throttle.mayRecord(l.cfg.Now()) {
		return
	}
	e := event.Event{Session: r.Session}
	if problem.KindOf(why) != problem.Invalid {
		e = about(s, r)
	}
	e.Kind, e.Note = event.Refused, problem.KindOf(why).String()
	if err := l.append(ctx, e); err != nil {
		l.cfg.Log.ErrorContext(ctx, "a refused release is not in the ledger", "err", err)
	}
}

// Unlock implements Unlocker.
func (l *Local) Unlock(ctx context.Context, s id.Session, share id.Share) (Unlocked, error) {
	if err := l.Check(ctx, s, share, false); err != nil {
		return Unlocked{}, err
	}
	l.mu.Lock()
	x, err := l.live(s)
	if err != nil {
		l.mu.Unlock()
		return Unlocked{}, err
	}
	e := logout(x, "")
	l.mu.Unlock()
	e.Kind, e.Share = event.Unlocked, share
	if err := l.Record(ctx, e); err != nil {
		return Unlocked{}, err
	}
	var u Unlocked
	if u.Recipient, u.Metadata, err = l.keys.Unlock(share); err != nil {
		return Unlocked{}, problem.New(problem.NotFound, "unlock share", share.String(), err)
	}
	return u, nil
}
