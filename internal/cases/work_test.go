package cases

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// slowHouse has one share, whose damage takes long to find.
type slowHouse struct {
	House
	rosters, harms atomic.Int32
	refuses        atomic.Pointer[id.Session]
	mends          atomic.Int64
}

func (h *slowHouse) Mends() int64 { return h.mends.Load() }

func (h *slowHouse) Roster(context.Context, account.Session, pathname.Path, int64) ([]byte, vault.Info, error) {
	h.rosters.Add(1)
	return nil, vault.Info{}, problem.New(problem.NotFound, "read roster", "s", nil)
}

func (h *slowHouse) Harm(ctx context.Context, s account.Session, _ pathname.Path, _ vault.Suspects, _ func(vault.Harm) error) (vault.Extent, error) {
	h.harms.Add(1)
	select {
	case <-time.After(time.Minute):
		if gone := h.refuses.Load(); gone != nil && *gone == s.ID {
			return vault.Extent{}, problem.New(problem.Denied, "list", "s", nil)
		}
		return vault.Extent{Files: 7}, nil
	case <-ctx.Done():
		return vault.Extent{}, ctx.Err()
	}
}

func (h *slowHouse) Objects(context.Context, account.Session, pathname.Path) iter.Seq2[vault.Object, error] {
	return func(func(vault.Object, error) bool) {}
}

// oneCase is a keeper with a case and an empty ledger.
type oneCase struct {
	quietBooks
	suspect account.Suspect
	share   account.Share
}

func (b *oneCase) Cases(context.Context, id.Session) ([]account.Case, error) {
	return []account.Case{{ID: "2026-1", Suspects: []account.Suspect{b.suspect}}}, nil
}

func (b *oneCase) Duties() account.Duties {
	return account.Duties{Register: make([]account.RegisterLine, 1)}
}

func (b *oneCase) Concerned(context.Context, id.Session) ([]account.Share, error) {
	return []account.Share{b.share}, nil
}

func (b *oneCase) Parties(context.Context, id.Session, string) ([]account.Suspect, error) {
	return []account.Suspect{b.suspect}, nil
}

func (b *oneCase) Audit(context.Context, id.Session) (keeper.Audit, error) {
	return keeper.Audit{}, nil
}

func (b *oneCase) Events(context.Context, id.Session, keeper.Filter) iter.Seq2[keeper.Entry, error] {
	return func(func(keeper.Entry, error) bool) {}
}

func (b *oneCase) Register(context.Context, id.Session) ([]account.RegisterLine, error) {
	return nil, nil
}

func slowDesk() (*Desk, *slowHouse) {
	h := &slowHouse{}
	return &Desk{House: h, Now: time.Now, Books: &oneCase{suspect: account.Suspect{Kind: account.StopSession, Subject: id.NewSession().String(), From: time.Now()},
		share: account.Share{ID: id.NewShare(), Name: "s"}}}, h
}

// TestComputedOnce: whoever goes away leaves the work going on, everybody who sees the same waits for the same, and each of them has read the
// rosters as the ledger tells it.
func TestComputedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, h := slowDesk()
		defer d.Close()
		officer := account.Session{ID: id.NewSession(), Factor: account.Console}
		other := account.Session{ID: id.NewSession(), Factor: account.SecondFactor, Role: account.PrivacyOfficer}
		less := account.Session{ID: id.NewSession(), Factor: account.ByToken, Role: account.Administrator}
		p, err := d.Progress(t.Context(), officer, "2026-1")
		if err != nil || p.Ready || p.Step != "damage" || p.Of != 1 || p.Part != 15 {
			t.Fatalf("%+v, %v", p, err)
		}
		impatient, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := d.Current(impatient, officer, "2026-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who goes away is told %v", err)
		}
		if p, err := d.Progress(t.Context(), other, "2026-1"); err != nil || p.Ready || h.harms.Load() != 1 {
			t.Errorf("another viewer: %+v, %v; computed %d times", p, err, h.harms.Load())
		}
		a, err := d.Current(t.Context(), officer, "2026-1")
		if err != nil || a.Damage.OfFiles != 7 {
			t.Fatalf("%+v, %v", a, err)
		}
		b, err := d.Current(t.Context(), other, "2026-1")
		if err != nil || a != b || h.harms.Load() != 1 || h.rosters.Load() != 2 {
			t.Errorf("%v; computed %d times, %d rosters were read", err, h.harms.Load(), h.rosters.Load())
		}
		if p, err := d.Progress(t.Context(), officer, "2026-1"); err != nil || !p.Ready {
			t.Errorf("who comes back finds %+v, %v", p, err)
		}
		if c, err := d.Current(t.Context(), less, "2026-1"); err != nil || c == a {
			t.Errorf("a program that may see less gets what others see: %v", err)
		}
	})
}

// TestBeginnerGone: who waits for what somebody else has begun, and may not go on with, is not told of that one's troubles.
func TestBeginnerGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, h := slowDesk()
		defer d.Close()
		gone := account.Session{ID: id.NewSession(), Factor: account.Console}
		officer := account.Session{ID: id.NewSession(), Factor: account.Console}
		h.refuses.Store(&gone.ID)
		if p, err := d.Progress(t.Context(), gone, "2026-1"); err != nil || p.Ready {
			t.Fatalf("%+v, %v", p, err)
		}
		if f, err := d.Current(t.Context(), officer, "2026-1"); err != nil || f.Damage.OfFiles != 7 || h.harms.Load() != 2 {
			t.Errorf("%v; computed %d times", err, h.harms.Load())
		}
		if _, err := d.Current(t.Context(), gone, "2026-1"); err != nil { // and has what there is, as far as it still may
			t.Error(err)
		}
	})
}

// TestCloseEndsWork: a storehouse that stops does not wait for findings, and begins none.
func TestCloseEndsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := slowDesk()
		officer := account.Session{ID: id.NewSession(), Factor: account.Console}
		start := time.Now()
		if p, err := d.Progress(t.Context(), officer, "2026-1"); err != nil || p.Ready {
			t.Fatalf("%+v, %v", p, err)
		}
		if d.Close(); time.Since(start) > 5*time.Second {
			t.Errorf("it took %v", time.Since(start))
		}
		if _, err := d.Progress(t.Context(), officer, "2026-1"); problem.KindOf(err) != problem.Unavailable {
			t.Errorf("afterwards: %v", err)
		}
	})
}
