package vault

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// removalTime is how long a removal waits that shows no more than that much is being removed. Nothing is lost by it: then it takes effect.
const removalTime = 24 * time.Hour

// overdue lets removals take effect that nobody has objected to.
func (v *Vault) overdue(ctx context.Context) {
	v.mu.Lock()
	shares := make([]*share, 0, len(v.shares))
	for _, sh := range v.shares {
		shares = append(shares, sh)
	}
	v.mu.Unlock()
	for _, sh := range shares {
		if sh.once.TryLock() {
			ready := sh.ready
			sh.once.Unlock()
			if ready {
				v.overdueIn(ctx, sh)
			}
		}
	}
}

func (v *Vault) overdueIn(ctx context.Context, sh *share) {
	now, cat := v.cfg.Now(), v.cfg.Catalogue.View(sh.id, sh.meta)
	sh.mu.Lock()
	known, waits := sh.waits, make(map[id.Version]bool)
	sh.mu.Unlock()
	mark, err := cat.Mark(ctx)
	if err != nil {
		v.cfg.Log.Warn("the books cannot be read", "share", sh.id, "err", err)
		return
	}
	var due []catalogue.Held
	for h, err := range cat.Held(ctx, id.File{}) {
		if err != nil {
			v.cfg.Log.Warn("what is held cannot be read", "share", sh.id, "err", err)
			return
		}
		switch {
		case h.Kind != commit.HoldRemove || guard.Sign(h.Sign) != guard.Gone || now.Sub(h.When) < removalTime || v.frozen(sh, h):
		case known[h.Version.Version]:
			waits[h.Version.Version] = true
		default:
			due = append(due, h)
		}
	}
	if err := workedOn(ctx, cat, cat.Changed(ctx, earliest(due)), due, waits); err != nil {
		v.cfg.Log.Warn("what has changed since a removal was held cannot be read", "share", sh.id, "err", err)
		return
	}
	sh.mu.Lock()
	sh.waits = waits
	sh.mu.Unlock()
	for _, h := range due {
		if waits[h.Version.Version] {
			continue
		}
		looked()
		err := v.settle(ctx, sh, account.Session{Door: "guard"}, h, true, func(now catalogue.View) error { return v.stillDue(ctx, sh, now, h, mark) })
		if err != nil && err != errWaits && problem.KindOf(err) != problem.NotFound {
			v.cfg.Log.Warn("a held removal cannot take effect", "share", sh.id, "err", err)
			return
		}
	}
}

// frozen reports whether whoever has done what is held is stopped.
func (v *Vault) frozen(sh *share, h catalogue.Held) bool {
	return v.cfg.Guard.Frozen(guard.Party{Session: h.Session, Account: h.Account, Device: h.Version.Device, Share: sh.id})
}

// errWaits means that a removal does not take effect by itself any more.
var errWaits = errors.New("it waits for a person")

// stillDue returns errWaits if what has happened since a mark makes a removal wait.
func (v *Vault) stillDue(ctx context.Context, sh *share, now catalogue.View, h catalogue.Held, mark int64) error {
	waits := make(map[id.Version]bool)
	if err := workedOn(ctx, now, latest(ctx, now, mark), []catalogue.Held{h}, waits); err != nil {
		return err
	}
	if waits[h.Version.Version] || v.frozen(sh, h) {
		return errWaits
	}
	return nil
}

// latest yields what has changed after a mark, the last first.
func latest(ctx context.Context, cat catalogue.View, mark int64) iter.Seq2[catalogue.Changed, error] {
	return func(yield func(catalogue.Changed, error) bool) {
		files, err := cat.Since(ctx, mark)
		if err != nil {
			yield(catalogue.Changed{}, err)
			return
		}
		left := len(files)
		for c, err := range cat.Changed(ctx, time.Time{}) {
			if left--; left < 0 || !yield(c, err) {
				return
			}
		}
	}
}

// earliest is when the first of what is held came.
func earliest(due []catalogue.Held) (first time.Time) {
	for _, h := range due {
		if first.IsZero() || h.When.Before(first) {
			first = h.When
		}
	}
	return first
}

// workedOn adds to waits the held removals that would take with them what others have saved, moved or made there since: they have not seen it
// go, and a person must decide.
func workedOn(ctx context.Context, cat catalogue.View, changes iter.Seq2[catalogue.Changed, error], due []catalogue.Held, waits map[id.Version]bool) error {
	if len(due) == 0 {
		return nil
	}
	of := make(map[id.File][]catalogue.Held)
	for _, h := range due {
		of[h.File] = append(of[h.File], h)
	}
	for c, err := range changes {
		if err != nil {
			return err
		}
		switch c.Kind {
		case commit.Mkdir, commit.Touch, commit.Save, commit.Link, commit.Move, commit.Hold:
		default:
			continue
		}
		who := authorOf(c.Account, c.Device, c.Session)
		for at := c.File; !at.IsZero(); {
			for _, h := range of[at] {
				if who != by(h) && !c.When.Before(h.When) {
					waits[h.Version.Version] = true
				}
			}
			n, err := cat.Node(ctx, at)
			if errors.Is(err, catalogue.ErrNone) {
				break
			}
			if err != nil {
				return err
			}
			at = n.Parent
		}
	}
	return nil
}
