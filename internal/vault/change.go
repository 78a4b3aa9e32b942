package vault

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// change runs a plan on the share of a path.
func (w *view) change(ctx context.Context, op string, name pathname.Path, plan func(p *planner) ([]commit.Op, error)) error {
	sh, _, err := w.enter(ctx, op, name, true)
	if err != nil {
		return err
	}
	return w.act(ctx, sh, op, name, plan)
}

// act submits a plan on a share that has been entered.
func (w *view) act(ctx context.Context, sh *share, op string, name pathname.Path, plan func(p *planner) ([]commit.Op, error)) error {
	r := w.request(sh, event.Changed, name)
	r.plan, r.note, r.mends = plan, op, op == "restore"
	return w.v.submit(ctx, r)
}

// Mkdir implements Writer.
func (w *view) Mkdir(ctx context.Context, dir pathname.Path) error {
	const op = "make directory"
	err := w.change(ctx, op, dir, func(p *planner) ([]commit.Op, error) {
		t, err := p.target(op, dir, w)
		if err != nil {
			return nil, err
		}
		if t.shown() || t.hidden && !t.node.Dir {
			return nil, problem.New(problem.Exists, op, string(dir), nil)
		}
		if err := p.mayWrite(op, w, t); err != nil {
			return nil, err
		}
		if t.hidden { // it was not removed for others: it is there again
			return p.showAgain(t.node)
		}
		return []commit.Op{{Kind: commit.Mkdir, File: id.NewFile(), Parent: t.dir, Name: dir.Base()}}, nil
	})
	if err == nil {
		w.v.live.remove(w, dir) // what a program left there gives way
	}
	return err
}

// Remove implements Writer.
func (w *view) Remove(ctx context.Context, name pathname.Path) error {
	const op = "remove"
	if w.v.live.remove(w, name) {
		return nil
	}
	err := w.change(ctx, op, name, func(p *planner) ([]commit.Op, error) {
		t, err := p.mustExist(op, name, w)
		if err != nil {
			return nil, err
		}
		if err := p.mayRemove(op, w, t); err != nil {
			return nil, err
		}
		p.leave(t.node, w.s)
		p.endLocks(t.node)
		return []commit.Op{{Kind: commit.Remove, File: t.node.File}}, nil
	})
	if err == nil {
		w.v.live.below(name, "")
	}
	return err
}

// Rename implements Writer.
func (w *view) Rename(ctx context.Context, from, to pathname.Path, replace bool) error {
	const op = "rename"
	if done, err := w.renameLive(ctx, from, to, replace); done {
		return err
	}
	if pathname.Key(from.Share()) != pathname.Key(to.Share()) {
		last := w
		if seen := w.expect.Load(); seen != nil {
			last = w.Expecting(*seen...).(*view)
		}
		if err := w.change(ctx, op, from, func(p *planner) ([]commit.Op, error) { // or the copy would stay when the removal is refused
			src, err := p.mustExist(op, from, w)
			if err == nil {
				err = p.mayRemove(op, w, src)
			}
			return nil, err
		}); err != nil {
			return err
		}
		if err := w.Copy(ctx, from, to, replace, true); err != nil {
			return err
		}
		return last.Remove(ctx, from) // what was saved meanwhile stays where it is
	}
	err := w.change(ctx, op, from, func(p *planner) ([]commit.Op, error) {
		src, err := p.mustExist(op, from, w)
		if err != nil {
			return nil, err
		}
		dst, err := p.target(op, to, w)
		if err != nil {
			return nil, err
		}
		for _, dir := range dst.chain {
			if dir == src.node.File {
				return nil, problem.New(problem.Denied, op, string(to), errors.New("a directory cannot move into itself"))
			}
		}
		if err := errors.Join(p.mayRemove(op, w, src), p.mayWrite(op, w, dst)); err != nil {
			return nil, err
		}
		if dst.exists && dst.node.File == src.node.File { // another spelling of its own name
			return []commit.Op{{Kind: commit.Move, File: src.node.File, Parent: dst.dir, Name: to.Base()}}, nil
		}
		if dst.shown() && !replace {
			return nil, problem.New(problem.Exists, op, string(to), nil)
		}
		return p.rename(w, src, dst)
	})
	if err == nil {
		if liveKey(from) != liveKey(to) {
			w.v.live.below(to, "") // what a program left there gives way
		}
		w.v.live.below(from, to)
	}
	return err
}

// rename decides which file a renamed one is from now on.
func (p *planner) rename(w *view, src, dst target) ([]commit.Op, error) {
	move := commit.Op{Kind: commit.Move, File: src.node.File, Parent: dst.dir, Name: dst.name.Base()}
	replaced := dst.exists && (dst.node.Dir || src.node.Dir)
	if replaced {
		if err := p.mayRemove("rename", w, dst); err != nil {
			return nil, err
		}
	}
	p.endLocks(src.node)
	switch {
	case replaced:
		p.leave(src.node, w.s)
		p.endLocks(dst.node)
		return []commit.Op{{Kind: commit.Remove, File: dst.node.File}, move}, nil
	case dst.exists: // a save by rename: one more version of the file that has the name
		p.leave(src.node, w.s)
		op, err := p.placeAs(dst.node.File, dst.dir, dst.node.Name, src.node)
		return append(withProps(op, src.node), commit.Op{Kind: commit.Remove, File: src.node.File}), err
	case src.node.Dir:
		return []commit.Op{move}, nil
	}
	file, after, ok := p.predecessor(dst, w.s, true)
	p.leave(src.node, w.s)
	if !ok || file == src.node.File {
		return []commit.Op{move}, nil
	}
	op, err := p.placeAs(file, dst.dir, dst.name.Base(), src.node)
	ops := append(withProps(op, src.node), commit.Op{Kind: commit.Remove, File: src.node.File})
	return append(ops, after...), err
}

// SetProps implements Writer.
func (w *view) SetProps(ctx context.Context, name pathname.Path, props []commit.Prop, modified time.Time) error {
	const op = "set properties"
	if w.v.live.has(w, name) {
		return nil
	}
	return w.change(ctx, op, name, func(p *planner) ([]commit.Op, error) {
		t, err := p.mustExist(op, name, w)
		if err != nil {
			return nil, err
		}
		if err := p.mayWrite(op, w, t); err != nil {
			return nil, err
		}
		if modified.IsZero() {
			modified = t.node.Modified
		}
		return []commit.Op{{Kind: commit.SetProp, File: t.node.File, Props: props, Content: commit.Content{Modified: modified.UTC().Truncate(time.Microsecond)}}}, nil
	})
}

// Restore implements Writer.
func (w *view) Restore(ctx context.Context, name pathname.Path, version id.Version) error {
	const op = "restore"
	return w.change(ctx, op, name, func(p *planner) ([]commit.Op, error) {
		t, err := p.target(op, name, w)
		if err != nil {
			return nil, err
		}
		if err := p.mayWrite(op, w, t); err != nil {
			return nil, err
		}
		if version.IsZero() {
			if t.hidden {
				return p.showAgain(t.node)
			}
			if t.exists {
				return nil, problem.New(problem.Exists, op, string(name), nil)
			}
			former, err := p.Former(p.ctx, t.dir, name.Base())
			if err != nil || len(former) == 0 {
				return nil, problem.New(problem.NotFound, op, string(name), err)
			}
			return []commit.Op{{Kind: commit.Move, File: former[0].File, Parent: t.dir, Name: former[0].Name}}, nil
		}
		v, err := p.Version(p.ctx, version)
		if err != nil {
			return nil, problem.New(problem.NotFound, op, string(name), err)
		}
		file, as := v.File, name.Base()
		if t.exists {
			if t.node.Dir {
				return nil, problem.New(problem.Conflict, op, string(name), errors.New("a directory has this name"))
			}
			file, as = t.node.File, t.node.Name
		} else if n, err := p.Node(p.ctx, v.File); err == nil && n.Removed.IsZero() {
			file = id.NewFile() // the file lives on elsewhere: its old state comes back beside it
		}
		if n, err := p.Node(p.ctx, v.File); err == nil && n.File != file {
			p.req.copied = &copied{node: n, as: file}
		}
		return []commit.Op{link(file, t.dir, as, v)}, nil
	})
}

// empty decides what a save without content means: for a file that never had any it is a placeholder,
// which programs make before they write; for others it is a version like every other.
func (d *draft) empty(p *planner, t target, op commit.Op) []commit.Op {
	if t.exists && !t.node.Head.Version.IsZero() {
		if op.Modified.IsZero() {
			op.Modified = p.when
		}
		d.saved(p, t, op, t.node.Head.Number+1)
		return []commit.Op{op}
	}
	p.req.kind, p.req.note, p.req.files[0].Version = event.Changed, "save", id.Version{} // it is no version
	switch {
	case !t.exists:
		op.Kind, op.File, op.Content = commit.Touch, id.NewFile(), commit.Content{Modified: op.Modified}
	case op.Modified.IsZero():
		return nil
	default:
		op = commit.Op{Kind: commit.SetProp, File: op.File, Props: t.node.Props, Content: commit.Content{Modified: op.Modified}}
	}
	return []commit.Op{op}
}
