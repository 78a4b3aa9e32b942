package vault

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// copyBatch bounds the operations of one commit record of a copied directory.
const copyBatch = 2000

// Copy implements Writer. Within a share it writes links: the same sealed content under another name.
func (w *view) Copy(ctx context.Context, from, to pathname.Path, replace, deep bool) error {
	const op = "copy"
	src, err := w.Stat(ctx, from)
	if err != nil {
		return err
	}
	if live, _ := Live(to.Base()); src.Live || live && !src.Dir {
		return w.copyContent(ctx, src, to, replace)
	}
	if len(from.Names()) < 2 || src.Dir && to.In(from) {
		return problem.New(problem.Denied, op, string(to), errors.New("a directory cannot be copied into itself"))
	}
	if pathname.Key(from.Share()) != pathname.Key(to.Share()) {
		return w.copyAcross(ctx, src, to, replace, deep)
	}
	sh, _, err := w.enter(ctx, op, to, true)
	if err != nil {
		return err
	}
	root := id.NewFile()
	err = w.act(ctx, sh, op, to, func(p *planner) (ops []commit.Op, err error) {
		ops, root, err = p.copyTop(w, from, to, replace, root)
		return ops, err
	})
	if err == nil {
		w.v.live.remove(w, to)
	}
	if err != nil || !src.Dir || !deep {
		return err
	}
	return w.copyBelow(ctx, sh, to, src.File, root)
}

// act submits a plan on a share that has been entered.
func (w *view) act(ctx context.Context, sh *share, op string, name pathname.Path, plan func(p *planner) ([]commit.Op, error)) error {
	return w.v.submit(ctx, &request{share: sh, sess: w.s, plan: plan, kind: event.Changed, note: op,
		files: []event.File{{Path: sh.meta.SealPath(string(name))}}})
}

// copyTop plans the copy of the named thing itself and returns the file that it becomes.
func (p *planner) copyTop(w *view, from, to pathname.Path, replace bool, file id.File) ([]commit.Op, id.File, error) {
	const op = "copy"
	src, err := p.mustExist(op, from, w)
	if err != nil {
		return nil, file, err
	}
	dst, err := p.target(op, to, w)
	if err != nil {
		return nil, file, err
	}
	if dst.exists && dst.node.File == src.node.File {
		return nil, file, problem.New(problem.Denied, op, string(to), errors.New("source and destination are the same"))
	}
	if err := p.mayWrite(op, w, dst); err != nil {
		return nil, file, err
	}
	if dst.exists && !replace {
		return nil, file, problem.New(problem.Exists, op, string(to), nil)
	}
	var ops, after []commit.Op
	name := to.Base()
	switch {
	case dst.exists && (dst.node.Dir || src.node.Dir):
		if err := p.mayRemove(op, w, dst); err != nil {
			return nil, file, err
		}
		p.endLocks(dst.node)
		ops = append(ops, commit.Op{Kind: commit.Remove, File: dst.node.File})
	case dst.exists:
		file, name = dst.node.File, dst.node.Name
	case !src.node.Dir:
		if former, standIn, ok := p.predecessor(dst, w.s, false); ok {
			file, after = former, standIn
		}
	}
	if src.node.Dir {
		return append(ops, copyNode(src.node, file, dst.dir, name)...), file, nil
	}
	made, err := p.placeAs(file, dst.dir, name, src.node)
	return slices.Concat(ops, withProps(made, src.node), after), file, err
}

// copyNode makes file a copy of a node, with its properties.
func copyNode(n catalogue.Node, file, parent id.File, name string) []commit.Op {
	op := commit.Op{Kind: commit.Mkdir, File: file, Parent: parent, Name: name}
	if !n.Dir {
		op = freshAs(file, parent, name, n)
	}
	return withProps(op, n)
}

// withProps adds the properties of the copied node to the operation that makes its copy.
func withProps(op commit.Op, n catalogue.Node) []commit.Op {
	if len(n.Props) == 0 {
		return []commit.Op{op}
	}
	return []commit.Op{op, {Kind: commit.SetProp, File: op.File, Props: n.Props, Content: commit.Content{Modified: n.Modified}}}
}

// copyBelow copies what is in a directory, level by level in bounded steps. Each step is atomic; a copy
// that breaks off leaves what it has copied, like every copy of a directory.
func (w *view) copyBelow(ctx context.Context, sh *share, name pathname.Path, from, to id.File) error {
	var ops []commit.Op
	flush := func() error {
		step := ops
		ops = nil
		if len(step) == 0 {
			return nil
		}
		return w.act(ctx, sh, "copy", name, func(*planner) ([]commit.Op, error) { return step, nil })
	}
	cat := w.v.cfg.Catalogue.View(sh.id, sh.meta)
	type pair struct{ from, to id.File }
	for todo := []pair{{from, to}}; len(todo) > 0; todo = todo[1:] {
		for n, err := range cat.List(ctx, todo[0].from, false) {
			if err != nil {
				return problem.New(problem.Internal, "copy", string(name), err)
			}
			file := id.NewFile()
			ops = append(ops, copyNode(n, file, todo[0].to, n.Name)...)
			if n.Dir {
				todo = append(todo, pair{n.File, file})
			}
			if len(ops) >= copyBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// copyAcross copies between shares: their keys differ, so content is opened and sealed anew.
func (w *view) copyAcross(ctx context.Context, src Info, to pathname.Path, replace, deep bool) error {
	if !src.Dir {
		return w.copyContent(ctx, src, to, replace)
	}
	if _, err := w.Stat(ctx, to); err == nil {
		if !replace {
			return problem.New(problem.Exists, "copy", string(to), nil)
		}
		if err := w.Remove(ctx, to); err != nil {
			return err
		}
	}
	if err := w.Mkdir(ctx, to); err != nil || !deep {
		return err
	}
	for i, err := range w.List(ctx, src.Path) {
		if err != nil {
			return err
		}
		if err := w.copyAcross(ctx, i, to.Join(i.Path.Base()), false, true); err != nil {
			return err
		}
	}
	return nil
}

func (w *view) copyContent(ctx context.Context, src Info, to pathname.Path, replace bool) error {
	if i, err := w.Stat(ctx, to); err == nil {
		if !replace {
			return problem.New(problem.Exists, "copy", string(to), nil)
		}
		if i.Dir {
			if err := w.Remove(ctx, to); err != nil {
				return err
			}
		}
	}
	files, err := w.Open(ctx, account.Copy, src)
	if err != nil {
		return err
	}
	defer files[0].Close()
	d, err := w.Create(ctx, to)
	if err != nil {
		return err
	}
	defer d.Discard()
	if _, err := files[0].WriteTo(struct{ io.Writer }{d}); err != nil {
		return err
	}
	if _, err := d.Commit(ctx, Save{Modified: src.Modified, Sums: src.Sums}); err != nil {
		return err
	}
	if len(src.Props) == 0 {
		return nil
	}
	return w.SetProps(ctx, to, src.Props, src.Modified)
}
