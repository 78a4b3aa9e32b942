package vault

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

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
	c := &copying{w: w, sh: sh, source: src, to: to, replace: replace, deep: deep, root: id.NewFile()}
	if src.Dir && deep {
		return c.tree(ctx)
	}
	return c.flush(ctx)
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
	if dst.shown() && !replace {
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

// copied is what an act takes a copy of.
type copied struct {
	node catalogue.Node
	deep bool    // with what is in it
	as   id.File // what it becomes
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

// copying is a copy within a share under way.
type copying struct {
	w       *view
	sh      *share
	source  Info
	to      pathname.Path
	replace bool
	deep    bool
	root    id.File // what a copied directory becomes
	sheet   sheet   // what is in it, and not yet committed
	begun   bool    // what was named itself has been committed
}

// flush commits what has been gathered, the first time with the named thing itself.
func (c *copying) flush(ctx context.Context) error {
	ops := c.sheet.ops
	c.sheet = sheet{}
	if c.begun && len(ops) == 0 {
		return nil
	}
	err := c.w.act(ctx, c.sh, "copy", c.to, func(p *planner) ([]commit.Op, error) {
		if c.begun {
			return ops, nil
		}
		now, err := p.mustExist("copy", c.source.Path, c.w)
		if err != nil {
			return nil, err
		}
		if now.node.File != c.source.File {
			return nil, problem.New(problem.Conflict, "copy", string(c.source.Path), errors.New("something else has this name now"))
		}
		top, file, err := p.copyTop(c.w, c.source.Path, c.to, c.replace, c.root)
		p.req.copied = &copied{now.node, c.deep, file}
		return append(top, ops...), err
	})
	if err == nil && !c.begun {
		c.w.v.live.below(c.to, "") // what a program left there gives way
	}
	c.begun = true
	return err
}

// tree copies a directory with what is in it: in one commit if one record holds it, or else level by level
// in as few as there must be. A copy that breaks off between two of them leaves what it has copied.
func (c *copying) tree(ctx context.Context) error {
	type pair struct{ from, to id.File }
	cat := c.w.view(c.sh)
	for todo := []pair{{c.source.File, c.root}}; len(todo) > 0; todo = todo[1:] {
		for n, err := range cat.List(ctx, todo[0].from, false) {
			if err != nil {
				return problem.New(problem.Internal, "copy", string(c.to), err)
			}
			file := id.NewFile()
			if err := c.add(ctx, copyNode(n, file, todo[0].to, n.Name)...); err != nil {
				return err
			}
			if n.Dir {
				todo = append(todo, pair{n.File, file})
			}
		}
	}
	return c.flush(ctx)
}

// add gathers operations that belong together, and commits those before them when there is no more room.
func (c *copying) add(ctx context.Context, ops ...commit.Op) error {
	ok, err := c.sheet.add(ops...)
	if err != nil || ok {
		return err
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	_, err = c.sheet.add(ops...)
	return err
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
	dst, err := w.Stat(ctx, to)
	if err == nil && !replace {
		return problem.New(problem.Exists, "copy", string(to), nil)
	}
	files, err := w.Open(ctx, account.Copy, src)
	if err != nil {
		return err
	}
	defer files[0].Close()
	if dst.Dir { // now, as the source may be in it
		if err := w.Remove(ctx, to); err != nil {
			return err
		}
	}
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
