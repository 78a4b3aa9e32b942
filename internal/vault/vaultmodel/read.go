package vaultmodel

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Stat implements vault.Reader.
func (w *view) Stat(_ context.Context, name pathname.Path) (vault.Info, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.stat(name)
}

func (w *view) stat(name pathname.Path) (vault.Info, error) {
	const op = "look up"
	if len(name.Names()) == 0 {
		return vault.Info{Path: pathname.Root, Dir: true, ReadOnly: true}, w.enterRoot(op)
	}
	sh, err := w.enter(op, name, false)
	if err != nil {
		return vault.Info{}, err
	}
	t, err := sh.follow(op, name)
	if f := w.m.live[keyPath(name)]; f != nil && err == nil && t.dir != nil {
		return f.Info, nil
	}
	if err != nil || t.node == nil {
		return vault.Info{}, problem.New(problem.NotFound, op, string(name), nil)
	}
	i := t.info()
	i.ReadOnly = w.m.readOnly(sh)
	return i, nil
}

// enterRoot is enter for the list of shares.
func (w *view) enterRoot(op string) error {
	if _, err := w.enter(op, pathname.Root, false); problem.KindOf(err) != problem.NotFound {
		return err
	}
	return nil
}

// List implements vault.Reader.
func (w *view) List(_ context.Context, dir pathname.Path) iter.Seq2[vault.Info, error] {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	all, err := w.list(dir)
	return sequence(all, err)
}

func (w *view) list(dir pathname.Path) (all []vault.Info, err error) {
	const op = "list"
	if len(dir.Names()) == 0 {
		for _, sh := range w.m.shares {
			all = append(all, vault.Info{Path: pathname.Root.Join(sh.name), Share: sh.id, Dir: true, ReadOnly: w.m.readOnly(sh)})
		}
		return all, w.enterRoot(op)
	}
	sh, t, err := w.directory(op, dir)
	if err != nil {
		return nil, err
	}
	for _, n := range t.node.kids {
		i := target{sh: sh, path: t.path.Join(n.name), node: n}.info()
		i.ReadOnly = w.m.readOnly(sh)
		if !i.Hidden {
			all = append(all, i)
		}
	}
	for k, f := range w.m.live {
		if k.Dir() == keyPath(dir) && !f.Hidden {
			all = append(all, f.Info)
		}
	}
	return all, nil
}

func (w *view) directory(op string, dir pathname.Path) (*share, target, error) {
	sh, err := w.enter(op, dir, false)
	if err != nil {
		return nil, target{}, err
	}
	t, err := sh.follow(op, dir)
	switch {
	case err != nil || t.node == nil:
		return nil, t, problem.New(problem.NotFound, op, string(dir), nil)
	case !t.node.dir:
		return nil, t, problem.New(problem.Conflict, op, string(dir), nil)
	}
	return sh, t, nil
}

// sequence yields what was gathered; a door that changes the directory between two steps does no harm.
func sequence[T any](all []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err != nil {
			yield(zero, err)
			return
		}
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// Removed implements vault.Reader.
func (w *view) Removed(_ context.Context, dir pathname.Path) iter.Seq2[vault.Info, error] {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	sh, t, err := w.directory("list", dir)
	if err != nil {
		return sequence[vault.Info](nil, err)
	}
	var all []vault.Info
	for _, n := range t.node.gone {
		all = append(all, target{sh: sh, path: t.path.Join(n.name), node: n}.info())
	}
	return sequence(all, nil)
}

// History implements vault.Reader.
func (w *view) History(_ context.Context, name pathname.Path) iter.Seq2[vault.Change, error] {
	const op = "history"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	sh, err := w.enter(op, name, false)
	if err != nil {
		return sequence[vault.Change](nil, err)
	}
	var all []vault.Change
	for _, n := range sh.candidates(name) {
		for _, c := range slices.Backward(n.changes) {
			if c.Kind == commit.Save || c.Kind == commit.Link {
				c.Info.Path = name
			}
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		err = problem.New(problem.NotFound, op, string(name), nil)
	}
	return sequence(all, err)
}

// candidates finds every node that stands or once stood at a path: what is shown first, then what was
// removed latest. Removed directories are looked into as well.
func (sh *share) candidates(name pathname.Path) []*node {
	found := []*node{sh.root}
	for _, n := range name.Names()[1:] {
		dirs := found
		found = nil
		for _, d := range dirs {
			if kid := d.kids[pathname.Key(n)]; kid != nil {
				found = append(found, kid)
			}
			found = append(found, d.former(n)...)
		}
		slices.SortStableFunc(found, func(a, b *node) int {
			switch {
			case a.removed.IsZero() == b.removed.IsZero():
				return b.removed.Compare(a.removed)
			case a.removed.IsZero():
				return -1
			}
			return 1
		})
	}
	return found
}

// former returns what was removed from a directory under a name, latest first.
func (n *node) former(name string) (all []*node) {
	for _, g := range slices.Backward(n.gone) {
		if pathname.Key(g.name) == pathname.Key(name) {
			all = append(all, g)
		}
	}
	return all
}

// Space implements vault.Reader.
func (w *view) Space(_ context.Context, dir pathname.Path) (used, free int64, err error) {
	const op = "measure space"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if len(dir.Names()) == 0 {
		return 0, w.m.free, w.enterRoot(op)
	}
	sh, err := w.enter(op, dir, false)
	if err != nil {
		return 0, 0, err
	}
	return sh.root.size(), w.m.free, nil
}

func (n *node) size() (sum int64) {
	if n.head != nil {
		sum = n.head.Size
	}
	for _, kid := range n.kids {
		sum += kid.size()
	}
	return sum
}

// Open implements vault.Reader.
func (w *view) Open(_ context.Context, why account.Purpose, files ...vault.Info) ([]vault.File, error) {
	const op = "open"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if err := why.Valid(); err != nil {
		return nil, problem.New(problem.Invalid, op, "", err)
	}
	var out []vault.File
	for _, i := range files {
		sh, err := w.enter(op, i.Path, false)
		if err != nil {
			return nil, err
		}
		var data []byte
		switch v, f := sh.versions[i.Version], w.m.live[keyPath(i.Path)]; {
		case i.Dir:
			return nil, problem.New(problem.Conflict, op, string(i.Path), nil)
		case i.Live && f != nil:
			data = f.data
		case v != nil:
			data = v.data
			w.m.opened++
		case i.Live || !i.Version.IsZero():
			return nil, problem.New(problem.NotFound, op, string(i.Path), nil)
		}
		out = append(out, &file{w: w, Reader: bytes.NewReader(data), info: i})
	}
	return out, nil
}

// file is an open version. It fails closed when its session has ended.
type file struct {
	*bytes.Reader
	w    *view
	info vault.Info
}

func (f *file) Info() vault.Info { return f.info }
func (f *file) Close() error     { return nil }

func (f *file) check() error {
	f.w.m.mu.Lock()
	defer f.w.m.mu.Unlock()
	_, err := f.w.enter("read", f.info.Path, false)
	return err
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	return f.Reader.Read(p)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	return f.Reader.ReadAt(p, off)
}

// WriteTo asks again after every piece, as the vault does after every chunk.
func (f *file) WriteTo(out io.Writer) (n int64, err error) {
	for b := make([]byte, 64<<10); ; {
		m, err := f.Read(b)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		m, err = out.Write(b[:m])
		if n += int64(m); err != nil {
			return n, err
		}
	}
}
