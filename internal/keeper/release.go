package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Bounds of a request.
const (
	MaxRelease    = 10_000                               // versions in one request
	maxSealedPath = pathname.MaxPath + seal.OnceOverhead // of each
	MaxFormer     = 16                                   // of each
	maxEnc        = 4 << 10                              // of each
	maxPaths      = 16 << 20                             // of all together
	maxRefused    = 100                                  // of a refused request, that its record names
)

// Release implements Releaser. The order of its steps is the product: check, take it out of the budget, record, and only once the record
// is durable, make the keys.
func (l *Local) Release(ctx context.Context, r Request) ([]Lease, error) {
	leave, err := l.enter("release")
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := l.mayRelease(r)
	if err != nil {
		l.refused(ctx, s, r, err)
		return nil, err
	}
	jobs, err := l.admit(ctx, s, r)
	if err != nil {
		return nil, err
	}
	e := about(event.Released, s, r)
	e.Until = l.now().Add(l.cfg.LeaseTTL)
	if e.Until.After(s.Expires) {
		e.Until = s.Expires
	}
	if err := l.appendWitnessed(ctx, parted(e, jobs)...); err != nil {
		return nil, err
	}
	// Recording takes as long as the disk takes: the session may have been ended, or lost its rights, in between.
	if _, err := l.mayAsk(r); err != nil {
		return nil, err
	}
	leases := make([]Lease, len(r.Files))
	for i, f := range r.Files {
		k, err := l.keys.FileKey(r.Share, f.Epoch, f.Enc, f.Version)
		if err != nil {
			zero(leases)
			return nil, err
		}
		leases[i] = Lease{f.Version, k, e.Until}
	}
	return leases, nil
}

// mayAsk returns the session if it may read in the share, or, for its roster, is concerned with it.
func (l *Local) mayAsk(r Request) (account.Session, error) {
	if r.Purpose == account.Roster {
		s, err := l.concerned(r.Session, r.Share)
		if b := l.books.Load(); err == nil && !b.may(s, account.Investigate) && !b.mayGrant(s, r.Share) {
			return s, notAllowed("read roster")
		}
		return s, err
	}
	return l.allowed(r.Session, r.Share, false)
}

func zero(leases []Lease) {
	for i := range leases {
		leases[i].Key.Zero()
	}
}

// mayRelease checks a request and returns its session, as far as there is one.
func (l *Local) mayRelease(r Request) (account.Session, error) {
	s, err := l.mayAsk(r)
	if err != nil {
		return s, err
	}
	if err := r.Purpose.Valid(); err != nil {
		return s, problem.New(problem.Invalid, "release", "", err)
	}
	if len(r.Files) == 0 {
		return s, problem.New(problem.Invalid, "release", "", errors.New("no versions"))
	}
	if len(r.Files) > MaxRelease {
		return s, problem.New(problem.TooLarge, "release", "", fmt.Errorf("%d versions in one request, at most %d", len(r.Files), MaxRelease))
	}
	total := 0
	for _, f := range r.Files {
		unfit := func(path []byte) bool { return len(path) > maxSealedPath }
		if f.Version.IsZero() || len(f.Enc) > maxEnc || unfit(f.Path) || len(f.Former) > MaxFormer || slices.ContainsFunc(f.Former, unfit) {
			return s, problem.New(problem.Invalid, "release", "", errors.New("no such version, encapsulation or path can be"))
		}
		total += len(f.Path)
		for _, p := range f.Former {
			total += len(p)
		}
	}
	if total > maxPaths {
		return s, problem.New(problem.TooLarge, "release", "", fmt.Errorf("paths of %d bytes in one request", total))
	}
	return s, nil
}

// about makes the event of a request.
func about(kind event.Kind, s account.Session, r Request) event.Event {
	e := acting(kind, s)
	e.Session, e.Share, e.Purpose = r.Session, r.Share, r.Purpose
	e.Files = make([]event.File, len(r.Files))
	for i, f := range r.Files {
		e.Files[i] = event.File{Version: f.Version, Path: f.Path}
	}
	return e
}

// refused records a request that was refused, as far as there is room: who asks for what he may not see is worth
// knowing, but not worth a full disk.
func (l *Local) refused(ctx context.Context, s account.Session, r Request, why error) {
	if !l.refusals.room(s.Address, l.cfg.Now()) {
		return
	}
	n := len(r.Files)
	r.Files = r.Files[:min(n, maxRefused)]
	for _, f := range r.Files {
		if len(f.Path) > maxSealedPath {
			r.Files = nil
			break
		}
	}
	e := about(event.Refused, s, r)
	e.Purpose = account.Purpose(cut(string(r.Purpose), 64))
	e.Size, e.Note = int64(n), problem.KindOf(why).String()
	if err := l.append(ctx, e); err != nil {
		l.cfg.Log.ErrorContext(ctx, "a refused release is not in the ledger", "err", err)
	}
}

// Unlock implements Unlocker. Each call is recorded: a storehouse asks once for each share from its start on.
func (l *Local) Unlock(ctx context.Context, s id.Session, share id.Share) (Unlocked, error) {
	leave, err := l.enter("unlock share")
	if err != nil {
		return Unlocked{}, err
	}
	defer leave()
	x, err := l.concerned(s, share)
	if err != nil {
		return Unlocked{}, err
	}
	e := acting(event.Unlocked, x)
	e.Share = share
	if err := l.appendWitnessed(ctx, e); err != nil {
		return Unlocked{}, err
	}
	if _, err := l.concerned(s, share); err != nil {
		return Unlocked{}, err
	}
	recipient, metadata, err := l.keys.Unlock(share)
	return Unlocked{recipient, metadata}, err
}
