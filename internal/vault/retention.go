package vault

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/retention"
)

const opRetention = "remove by rule"

// judging by the rule of a share, with what was found out about its folders.
type byRule struct {
	retention.Judge
	cat    catalogue.View
	hidden map[id.File]int64 // of folders: since which change they or one above them are not shown; 0: they are
}

func newByRule(ctx context.Context, cat catalogue.View, rule account.Retention, aging *account.Aging) (*byRule, error) {
	marks, err := cat.Marks(ctx)
	return &byRule{Judge: retention.Judge{Rule: rule, Aging: aging, Marks: marks}, cat: cat, hidden: make(map[id.File]int64)}, err
}

// above tells since which change a folder is hidden.
func (j *byRule) above(ctx context.Context, dir id.File) (since int64, err error) {
	if dir.IsZero() {
		return 0, nil
	}
	if known, ok := j.hidden[dir]; ok {
		return known, nil
	}
	j.hidden[dir] = 0 // a folder may stand in itself only in damaged packs
	n, err := j.cat.Node(ctx, dir)
	if err != nil {
		return 0, err
	}
	if !n.Removed.IsZero() {
		stories, err := j.cat.Stories(ctx, []catalogue.Ref{{Num: n.Num, Dir: true}}, time.Time{})
		if err != nil {
			return 0, err
		}
		since = retention.Hidden(&stories[0])
	}
	up, err := j.above(ctx, n.Parent)
	j.hidden[dir] = retention.Earlier(since, up)
	return j.hidden[dir], err
}

// of judges the versions of files, file by file.
func (j *byRule) of(ctx context.Context, refs []catalogue.Ref, each func(s *catalogue.Story, of []retention.Verdict) error) error {
	stories, err := j.cat.Stories(ctx, refs, time.Time{})
	if err != nil {
		return err
	}
	for i := range stories {
		s := &stories[i]
		if s.Node.File.IsZero() || s.Node.Dir {
			continue
		}
		above, err := j.above(ctx, s.Node.Parent)
		if err != nil {
			return err
		}
		if err := each(s, j.Of(s, above)); err != nil {
			return err
		}
	}
	return nil
}

// PreviewRemoval finds out what the rule of a share lets go, and keeps the list: two people agree on that, and nothing else is ever removed.
// What nobody has sealed yet is sealed, so that the ledger can tell its age from now on. brokenOff: a removal was, and nobody may go on by its list any
// more; what it has left on the disk is in the preview then.
func (v *Vault) PreviewRemoval(ctx context.Context, s account.Session, name string, rule account.Retention, aging *account.Aging, brokenOff bool, progress func(done, of int64)) (account.Removal, error) {
	sh, a, err := v.removable(ctx, s, name)
	if err != nil {
		return account.Removal{}, err
	}
	if !v.sweeping.TryLock() { // it goes by the list that would be replaced
		return account.Removal{}, &problem.Error{Kind: problem.Locked, Op: opRetention, On: a.Name, Hint: "hint.removal-runs"}
	}
	defer v.sweeping.Unlock()
	r := account.Removal{Share: a.Name, Rule: rule, Made: v.cfg.Now().UTC().Truncate(time.Millisecond), Present: aging.Present(), Witness: aging.Witness,
		Gaps: aging.Gaps, Kept: map[string]int64{}}
	list := &expiringList{v: v, share: sh.id}
	defer list.close()
	if err := v.gather(ctx, sh, &r, aging, list, progress); err != nil {
		return r, err
	}
	if _, err := v.cfg.Packs.Seal(ctx, sh.id); err != nil {
		return r, v.broken("write to disk", err)
	}
	gone, err := v.cfg.Catalogue.View(sh.id, sh.meta).AllForsaken(ctx)
	if err != nil {
		return r, v.broken("read the catalogue", err)
	}
	if r.Gone = int64(len(gone)); brokenOff {
		r.Left = r.Gone
	}
	if !r.Nothing() {
		if r.Unlisted, err = v.unlisted(ctx, sh, gone); err != nil {
			return r, v.broken("read the packs", err)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Nothing() { // the list before stays: a removal that was broken off may go on by it
		v.nothing[sh.id] = r
		return r, nil
	}
	delete(v.nothing, sh.id)
	return r, list.finish(&r)
}

// unlisted counts the contents that have told no chunks and are still somebody's.
func (v *Vault) unlisted(ctx context.Context, sh *share, forsaken []id.Version) (int64, error) {
	all, err := retention.Unlisted(ctx, v.cfg.Packs, sh.id, sh.meta)
	if _, damaged := errors.AsType[*pack.DamageError](err); damaged { // the removal says so
		return 0, nil
	}
	for _, k := range forsaken {
		delete(all, k)
	}
	return int64(len(all)), err
}

// removable finds a share from which something may be removed: not while its packs are still on their way here, and its books may be on loan.
func (v *Vault) removable(ctx context.Context, s account.Session, name string) (*share, account.Share, error) {
	sh, a, err := (&view{v: v, s: s}).inquire(ctx, opRetention, pathname.Root.Join(name))
	if err == nil && v.still() {
		err = &problem.Error{Kind: problem.Unavailable, Op: opRetention, On: a.Name, Hint: "hint.restoring"}
	}
	return sh, a, err
}

// gather judges all versions of a share.
func (v *Vault) gather(ctx context.Context, sh *share, r *account.Removal, aging *account.Aging, list *expiringList, progress func(done, of int64)) error {
	cat := v.cfg.Catalogue.View(sh.id, sh.meta)
	j, err := newByRule(ctx, cat, r.Rule, aging)
	if err != nil {
		return v.broken("read the catalogue", err)
	}
	refs, err := cat.Nodes(ctx)
	if err != nil {
		return v.broken("read the catalogue", err)
	}
	may := v.untilClosed(func(context.Context) error { return nil })
	done := int64(0)
	for part := range refs.Lists(batch, func(catalogue.Ref) bool { return true }) {
		if err := may(ctx); err != nil {
			return err
		}
		err := j.of(ctx, part, func(s *catalogue.Story, of []retention.Verdict) error {
			before := r.Versions
			for _, x := range of {
				if x.Why == "" && r.Versions >= mostListed {
					x.Why = retention.Next
				}
				if retention.Count(r, x); x.Why == "" {
					list.add(s.Node.File, x.Version.Version)
				}
			}
			if r.Versions > before {
				r.Files++
				if r.Versions-before == int64(len(of)) {
					r.Deleted++
				}
			}
			return nil
		})
		if err != nil {
			return v.broken("read the catalogue", err)
		}
		done += int64(len(part))
		progress(done, int64(refs.Len()))
	}
	return nil
}

// Sealing ends the open pack of a share, so that the ledger tells from now on how old is what stands in it.
func (v *Vault) Sealing(ctx context.Context, share id.Share) error {
	_, err := v.cfg.Packs.Seal(ctx, share)
	return err
}

// PreviewedRemoval returns the preview that was kept last.
func (v *Vault) PreviewedRemoval(ctx context.Context, s account.Session, name string) (account.Removal, error) {
	sh, a, err := (&view{v: v, s: s}).inquire(ctx, opRetention, pathname.Root.Join(name))
	if err != nil {
		return account.Removal{}, err
	}
	v.mu.Lock()
	r, none := v.nothing[sh.id]
	v.mu.Unlock()
	if none {
		return r, nil
	}
	l, err := v.openList(sh.id)
	if err != nil {
		return account.Removal{}, &problem.Error{Kind: problem.NotFound, Op: opRetention, On: a.Name, Hint: "hint.no-preview", Err: err}
	}
	defer l.close()
	return l.about, nil
}

// Expiring is a version in a preview.
type Expiring struct {
	Path    pathname.Path `json:"path"`
	Number  int           `json:"number"`
	Size    int64         `json:"size"`
	Saved   time.Time     `json:"saved"`
	Author  string        `json:"author"`
	Removed bool          `json:"removed,omitempty"` // the file is not shown any more
	Version id.Version    `json:"version"`
}

// Expiring tells the versions of the preview that was kept last, by their present paths.
func (v *Vault) Expiring(ctx context.Context, s account.Session, name string, each func(Expiring) error) error {
	sh, a, err := (&view{v: v, s: s}).inquire(ctx, opRetention, pathname.Root.Join(name))
	if err != nil {
		return err
	}
	v.mu.Lock()
	_, none := v.nothing[sh.id]
	v.mu.Unlock()
	if none {
		return nil
	}
	l, err := v.openList(sh.id)
	if err != nil {
		return &problem.Error{Kind: problem.NotFound, Op: opRetention, On: a.Name, Hint: "hint.no-preview", Err: err}
	}
	defer l.close()
	cat := v.cfg.Catalogue.View(sh.id, sh.meta)
	return l.each(func(file id.File, version id.Version) error {
		x, err := cat.Version(ctx, version)
		if err != nil {
			return v.broken("read the catalogue", err)
		}
		n, err := cat.Node(ctx, file)
		if err != nil {
			return v.broken("read the catalogue", err)
		}
		path := pathOf(ctx, cat, a.Name, commit.Op{Parent: n.Parent, Name: n.Name})
		return each(Expiring{path, x.Number, x.Size, x.Saved, x.Author, !n.Removed.IsZero(), version})
	})
}
