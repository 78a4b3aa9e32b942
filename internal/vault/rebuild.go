package vault

import (
	"context"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// RebuildReport says what a rebuild made.
type RebuildReport struct {
	Frames   int64            `json:"frames"`
	Findings int              `json:"findings"` // what could not be read
	Equal    bool             `json:"equal"`    // the new books say exactly what the old ones said
	Totals   catalogue.Totals `json:"totals"`
}

// rebuild is a catch-up from nothing, which gets past damage.
type rebuild struct {
	progress func(frames int64)
	found    func(Finding)
	report   RebuildReport
	err      error
}

// Rebuild makes a share's catalogue anew from its packs alone. What is damaged in them is told of and left out:
// a version whose manifest is lost is listed and does not open, an act whose commit record is lost has
// not happened. Which files miss content, Verify with Keys tells.
func (v *Vault) Rebuild(ctx context.Context, s account.Session, name string, progress func(frames int64), found func(Finding)) (RebuildReport, error) {
	sh, err := v.rebuildable(ctx, s, name)
	if err != nil {
		return RebuildReport{}, err
	}
	report, err := v.learn(ctx, s, sh, progress, found)
	if err != nil {
		return report, err
	}
	v.note(event.Event{Kind: event.Changed, When: v.cfg.Now(), Session: s.ID, Account: s.Account, Actor: s.Name, Door: s.Door, Share: sh.id, Note: "rebuild"})
	return report, nil
}

// learn makes a share's books anew. The share is open after it.
func (v *Vault) learn(ctx context.Context, s account.Session, sh *share, progress func(frames int64), found func(Finding)) (RebuildReport, error) {
	sh.once.Lock()
	defer sh.once.Unlock()
	if err := v.unlock(ctx, s.ID, sh); err != nil {
		return RebuildReport{}, err
	}
	r := &rebuild{progress: progress, found: found}
	sh.anew.Store(r)
	err := v.submit(ctx, &request{share: sh, sess: s, alone: func(catalogue.Tx) error { return r.err }})
	sh.anew.CompareAndSwap(r, nil)
	if err != nil {
		return r.report, err
	}
	sh.ready = true
	return r.report, nil
}

// rebuildable finds a share by its name. It is not opened: that would need the books.
func (v *Vault) rebuildable(ctx context.Context, s account.Session, name string) (*share, error) {
	list, err := v.cfg.Keeper.Shares(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(a account.Share) bool { return pathname.Key(a.Name) == pathname.Key(name) })
	if i < 0 {
		return nil, problem.New(problem.NotFound, "rebuild", name, nil)
	}
	if err := v.cfg.Keeper.Check(ctx, s.ID, list[i].ID, true); err != nil {
		return nil, err
	}
	return v.share(list[i].ID), nil
}

// run carries out the rebuild in the committer's transaction.
func (r *rebuild) run(ctx context.Context, again replay) error {
	r.err = r.all(ctx, again)
	return r.err
}

func (r *rebuild) all(ctx context.Context, again replay) error {
	before, err := again.tx.View(again.share, again.keys).Digest(ctx)
	if err != nil {
		before = [32]byte{} // books that cannot be read are why one rebuilds
	}
	if err := again.tx.Forget(ctx, again.share); err != nil {
		return err
	}
	again.progress = func() {
		r.report.Frames++
		r.progress(r.report.Frames)
	}
	again.found = func(f Finding) {
		r.report.Findings++
		r.found(f)
	}
	if err := again.from(ctx, pack.Position{}); err != nil {
		return err
	}
	after := again.tx.View(again.share, again.keys)
	digest, err := after.Digest(ctx)
	if err != nil {
		return err
	}
	r.report.Equal = before == digest
	r.report.Totals, err = after.Totals(ctx)
	return err
}
