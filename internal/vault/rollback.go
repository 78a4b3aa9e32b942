package vault

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Mended tells what a rollback does to one file.
type Mended struct {
	Harm
	Act    Act           // Restored, BroughtBack, Renamed, Kept; "removed" of what is new, "discarded" of what is held
	Beside pathname.Path // Kept: where the content from before stands now, too
}

// More acts, of Rollback.
const (
	TakenAway Act = "removed"   // it was not there before
	Dropped   Act = "discarded" // what was held is not taken
)

// Rollback undoes what suspects have done in a share: contents, names and removals are as they were before their first act, what they made
// is removed, what is held of theirs is discarded. It only adds: what it takes away can be brought back, and it can be undone like every
// act. What somebody else has changed since stays as it is, and the content from before comes beside it. only picks paths;
// nil: all. All becomes visible in one commit, or in as few as there must be; when it breaks off in between, calling it again goes on.
func (v *Vault) Rollback(ctx context.Context, s account.Session, share pathname.Path, by Suspects, only func(pathname.Path) bool, dry bool, tell func(Mended) error) error {
	const op = "restore"
	w := &view{v: v, s: s}
	sh, a, err := w.enter(ctx, op, share, !dry)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		r := &rollback{ctx: ctx, cat: v.cfg.Catalogue.View(sh.id, sh.meta), taken: make(map[spot]bool), leaves: make(map[id.File]bool)}
		list, err := harms(ctx, r.cat, sh.id, a.Name, by)
		if err != nil {
			return err
		}
		if only != nil {
			list = slices.DeleteFunc(list, func(h Harm) bool { return !only(h.Path) })
		}
		if err := r.plan(list); err != nil {
			return err
		}
		if !dry {
			err = r.carry(w, sh, share)
		}
		switch {
		case errors.Is(err, errMoved) && try < undoTries:
			continue
		case err != nil:
			return err
		}
		for _, m := range r.mended {
			if err := tell(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// rollback is what has to be done.
type rollback struct {
	ctx    context.Context
	cat    catalogue.View
	taken  map[spot]bool
	leaves map[id.File]bool // what goes, or moves away
	mended []Mended
	steps  []mending
}

// mending is what is done to one file, all of it in one record.
type mending struct {
	node catalogue.Node
	ops  []commit.Op
}

// plan decides about each file: first what goes, so that names are free, then folders from the top down, then files.
func (r *rollback) plan(list []Harm) error {
	slices.SortStableFunc(list, func(a, b Harm) int { return r.rank(&a) - r.rank(&b) })
	for i := range list {
		if h := &list[i]; !h.Later && (h.hurt(New) || h.hurt(Note)) && !h.Dir || h.hurt(Retitled) && !h.Later {
			r.leaves[h.node.File] = true
		}
	}
	for i := range list {
		if err := r.file(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *rollback) rank(h *Harm) int {
	switch {
	case h.hurt(New) || h.hurt(Note):
		return 0
	case h.Dir:
		return 1 + len(h.Path.Names())
	}
	return 1 << 20
}

// file decides about one file.
func (r *rollback) file(h *Harm) error {
	m := Mended{Harm: *h}
	var ops []commit.Op
	for _, x := range h.holds {
		ops = append(ops, settling(x))
		m.Act = Dropped
	}
	n := &h.node
	place := func() (commit.Op, error) {
		name, err := r.free(h.before.parent, h.before.name, n.File)
		return commit.Op{Kind: commit.Move, File: n.File, Parent: h.before.parent, Name: name}, err
	}
	content := h.hurt(Encrypted) || h.hurt(Altered) || h.hurt(Emptied)
	switch {
	case h.Later && content && !h.before.version.Version.IsZero():
		name, err := r.free(n.Parent, beside(h.before.name), id.File{})
		if err != nil {
			return err
		}
		m.Act, m.Beside = Kept, h.Now.Dir().Join(name)
		ops = append(ops, link(id.NewFile(), n.Parent, name, h.before.version))
	case h.Later:
		m.Act = Kept
	case h.hurt(New) || h.hurt(Note):
		if h.Dir {
			return nil // others may have put something into it; an empty one does no harm
		}
		m.Act = TakenAway
		ops = append(ops, commit.Op{Kind: commit.Remove, File: n.File})
	case content && !h.before.version.Version.IsZero():
		to, err := place()
		if err != nil {
			return err
		}
		m.Act = Restored
		ops = append(ops, link(n.File, to.Parent, to.Name, h.before.version))
	case h.hurt(Gone), h.hurt(Retitled):
		to, err := place()
		if err != nil {
			return err
		}
		if m.Act = Renamed; h.hurt(Gone) {
			m.Act = BroughtBack
		}
		ops = append(ops, to)
	}
	if m.Act == "" {
		return nil
	}
	r.mended = append(r.mended, m)
	if len(ops) > 0 {
		r.steps = append(r.steps, mending{*n, ops})
	}
	return nil
}

// free returns a name that nothing else has, or will have, in a directory: the one that is asked for if it can be.
func (r *rollback) free(dir id.File, name string, file id.File) (string, error) {
	for {
		at := spot{dir, pathname.Key(name)}
		n, err := r.cat.Child(r.ctx, dir, name)
		switch {
		case err != nil && !errors.Is(err, catalogue.ErrNone):
			return "", err
		case !r.taken[at] && (err != nil || n.File == file || r.leaves[n.File]):
			r.taken[at] = true
			return name, nil
		}
		name = beside(name)
	}
}

// beside is the name under which a content stands beside another.
func beside(name string) string {
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "(前)" + ext
}

// carry does what was planned, in as few commits as there must be.
func (r *rollback) carry(w *view, sh *share, share pathname.Path) error {
	for rest := r.steps; len(rest) > 0; {
		var page sheet
		n := 0
		for n < len(rest) {
			ok, err := page.add(rest[n].ops...)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			n++
		}
		part := rest[:n]
		rest = rest[n:]
		req := w.request(sh, event.Changed, share)
		req.note, req.settles = "roll back", true
		req.plan = func(p *planner) ([]commit.Op, error) {
			for i := range part {
				if err := stillAs(p, &part[i].node); err != nil {
					return nil, err
				}
			}
			return page.ops, nil
		}
		if err := w.v.submit(r.ctx, req); err != nil {
			return err
		}
	}
	return nil
}

// stillAs returns errMoved unless a file is as it was looked at.
func stillAs(p *planner, was *catalogue.Node) error {
	n, err := p.mine.View.Node(p.ctx, was.File)
	if err == nil && (n.Parent != was.Parent || n.Name != was.Name || !n.Removed.Equal(was.Removed) || n.Head.Version != was.Head.Version) {
		err = errMoved
	}
	return err
}
