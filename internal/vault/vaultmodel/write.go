package vaultmodel

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Mkdir implements vault.Writer.
func (w *view) Mkdir(_ context.Context, dir pathname.Path) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.mkdir(dir)
}

func (w *view) mkdir(dir pathname.Path) error {
	const op = "make directory"
	t, err := w.toChange(op, dir)
	if err != nil {
		return err
	}
	if t.node != nil {
		return problem.New(problem.Exists, op, string(dir), nil)
	}
	if err := w.mayWrite(op, t); err != nil {
		return err
	}
	w.newDirAt(t)
	return nil
}

func (w *view) newDirAt(t target) *node {
	n := newDir()
	n.file = id.NewFile()
	delete(w.m.live, keyPath(t.path))
	w.place(n, t.dir, t.name.Base())
	w.note(n, commit.Mkdir, vault.Info{})
	return n
}

// Remove implements vault.Writer.
func (w *view) Remove(_ context.Context, name pathname.Path) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.remove("remove", name)
}

func (w *view) remove(op string, name pathname.Path) error {
	if w.m.live[keyPath(name)] != nil {
		if _, err := w.enter(op, name, true); err != nil {
			return err
		}
		delete(w.m.live, keyPath(name))
		return nil
	}
	t, err := w.existing(op, name)
	if err != nil {
		return err
	}
	if err := w.mayRemove(op, t); err != nil {
		return err
	}
	w.drop(t)
	return nil
}

// drop removes what stands at a target, with its locks and the live files below.
func (w *view) drop(t target) {
	w.leave(t.sh, t.node)
	w.endLocks(t.sh, t.node)
	w.m.liveBelow(t.path, "")
	w.vanish(t.node)
}

// Rename implements vault.Writer.
func (w *view) Rename(_ context.Context, from, to pathname.Path, replace bool) error {
	const op = "rename"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if done, err := w.renameLive(from, to, replace); done {
		return err
	}
	if pathname.Key(from.Share()) != pathname.Key(to.Share()) {
		src, err := w.existing(op, from)
		if err == nil {
			err = w.mayRemove(op, src)
		}
		if err != nil {
			return err
		}
		if err := w.copy(from, to, replace, true); err != nil {
			return err
		}
		return w.remove(op, from)
	}
	src, err := w.existing(op, from)
	if err != nil {
		return err
	}
	dst, err := w.toChange(op, to)
	if err != nil {
		return err
	}
	if slices.Contains(dst.above(), src.node) {
		return problem.New(problem.Denied, op, string(to), errors.New("a directory cannot move into itself"))
	}
	if err := errors.Join(w.mayRemove(op, src), w.mayWrite(op, dst)); err != nil {
		return err
	}
	if dst.node == src.node { // another spelling of its own name
		w.place(src.node, dst.dir, to.Base())
		w.note(src.node, commit.Move, vault.Info{})
		return nil
	}
	if dst.node != nil && !replace {
		return problem.New(problem.Exists, op, string(to), nil)
	}
	return w.rename(op, src, dst)
}

// rename decides which file a renamed one is from now on.
func (w *view) rename(op string, src, dst target) error {
	switch {
	case dst.node != nil && (dst.node.dir || src.node.dir):
		if err := w.mayRemove(op, dst); err != nil {
			return err
		}
		w.drop(dst)
		w.move(src, dst)
	case dst.node != nil: // a save by rename: one more version of the file that has the name
		w.take(dst, dst.node, src.node)
		w.drop(src)
	case src.node.dir:
		w.move(src, dst)
	default:
		n := w.predecessor(dst, src.node, true)
		if n == nil || n == src.node {
			w.move(src, dst)
			return nil
		}
		w.place(n, dst.dir, dst.name.Base())
		w.take(dst, n, src.node)
		w.drop(src)
	}
	return nil
}

// move lets a node stand elsewhere, without its locks.
func (w *view) move(src, dst target) {
	w.leave(src.sh, src.node)
	w.endLocks(src.sh, src.node)
	w.place(src.node, dst.dir, dst.name.Base())
	w.note(src.node, commit.Move, vault.Info{})
	delete(w.m.live, keyPath(dst.path))
	w.m.liveBelow(src.path, dst.path)
}

// Copy implements vault.Writer.
func (w *view) Copy(_ context.Context, from, to pathname.Path, replace, deep bool) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.copy(from, to, replace, deep)
}

func (w *view) copy(from, to pathname.Path, replace, deep bool) error {
	const op = "copy"
	i, err := w.stat(from)
	if err != nil {
		return err
	}
	live, _ := vault.Live(to.Base())
	if i.Live || live && !i.Dir {
		return w.copyContent(i, to, replace)
	}
	if len(from.Names()) < 2 || i.Dir && to.In(from) {
		return problem.New(problem.Denied, op, string(to), errors.New("a directory cannot be copied into itself"))
	}
	sh, err := w.enter(op, from, false)
	if err != nil {
		return err
	}
	src, err := sh.follow(op, from)
	if err != nil {
		return err
	}
	dst, err := w.toChange(op, to)
	if err != nil {
		return err
	}
	if dst.node == src.node {
		return problem.New(problem.Denied, op, string(to), errors.New("source and destination are the same"))
	}
	if err := w.mayWrite(op, dst); err != nil {
		return err
	}
	if dst.node != nil && !replace {
		return problem.New(problem.Exists, op, string(to), nil)
	}
	return w.copyTo(op, src, dst, deep)
}

// copyTo copies onto a target that may be written.
func (w *view) copyTo(op string, src, dst target, deep bool) error {
	if dst.node != nil && (dst.node.dir || src.node.dir) {
		if err := w.mayRemove(op, dst); err != nil {
			return err
		}
		w.drop(dst)
		dst.node = nil
		if !src.node.dir {
			w.copyFile(src.node, dst, &node{file: id.NewFile()})
			return nil
		}
	}
	switch n := dst.node; {
	case src.node.dir:
		w.copyDir(src.node, dst, deep)
	case n != nil:
		w.take(dst, n, src.node)
	default:
		if n = w.predecessor(dst, nil, false); n == nil {
			n = &node{file: id.NewFile()}
		}
		w.copyFile(src.node, dst, n)
	}
	return nil
}

func (w *view) copyFile(src *node, dst target, n *node) {
	w.place(n, dst.dir, dst.name.Base())
	w.take(dst, n, src)
}

func (w *view) copyDir(src *node, dst target, deep bool) {
	n := w.newDirAt(dst)
	n.props, n.modified = src.props, src.modified
	if !deep {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(src.kids)) {
		kid := src.kids[key]
		to := target{sh: dst.sh, name: dst.name.Join(kid.name), path: dst.path.Join(kid.name), dir: n}
		if kid.dir {
			w.copyDir(kid, to, true)
			continue
		}
		w.copyFile(kid, to, &node{file: id.NewFile()})
	}
}

// copyContent copies from or to a live name.
func (w *view) copyContent(src vault.Info, to pathname.Path, replace bool) error {
	data := []byte(nil)
	if f := w.m.live[keyPath(src.Path)]; f != nil {
		data = f.data
	} else if sh, err := w.enter("copy", src.Path, false); err != nil {
		return err
	} else if v := sh.versions[src.Version]; v != nil {
		data = v.data
	}
	if i, err := w.stat(to); err == nil {
		if !replace {
			return problem.New(problem.Exists, "copy", string(to), nil)
		}
		if i.Dir {
			if err := w.remove("copy", to); err != nil {
				return err
			}
		}
	}
	return w.put(to, data, vault.Save{Modified: src.Modified, Sums: src.Sums}, nil)
}

// Restore implements vault.Writer.
func (w *view) Restore(_ context.Context, name pathname.Path, of id.Version) error {
	const op = "restore"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	t, err := w.toChange(op, name)
	if err != nil {
		return err
	}
	if err := w.mayWrite(op, t); err != nil {
		return err
	}
	if of.IsZero() {
		return w.bringBack(op, t)
	}
	v := t.sh.versions[of]
	if v == nil {
		return problem.New(problem.NotFound, op, string(name), nil)
	}
	n := t.node
	switch {
	case n != nil && n.dir:
		return problem.New(problem.Conflict, op, string(name), errors.New("a directory has this name"))
	case n == nil:
		n = t.sh.root.find(v.File)
		if n == nil || n.removed.IsZero() { // the file lives on elsewhere: its old state comes back beside it
			n = &node{file: id.NewFile()}
		}
		w.place(n, t.dir, name.Base())
	}
	w.save(t, n, commit.Link, v.data, v.Modified, v.Sums)
	return nil
}

func (w *view) bringBack(op string, t target) error {
	if t.node != nil {
		return problem.New(problem.Exists, op, string(t.name), nil)
	}
	former := t.dir.former(t.name.Base())
	if len(former) == 0 {
		return problem.New(problem.NotFound, op, string(t.name), nil)
	}
	w.place(former[0], t.dir, former[0].name)
	w.note(former[0], commit.Move, vault.Info{})
	return nil
}

// find returns a node of the tree, shown or removed.
func (n *node) find(f id.File) *node {
	if n.file == f {
		return n
	}
	for _, kid := range n.kids {
		if got := kid.find(f); got != nil {
			return got
		}
	}
	for _, kid := range n.gone {
		if got := kid.find(f); got != nil {
			return got
		}
	}
	return nil
}

// SetProps implements vault.Writer.
func (w *view) SetProps(_ context.Context, name pathname.Path, props []commit.Prop, modified time.Time) error {
	const op = "set properties"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if f := w.m.live[keyPath(name)]; f != nil {
		if !modified.IsZero() {
			f.Modified = modified
		}
		_, err := w.enter(op, name, true)
		return err
	}
	t, err := w.existing(op, name)
	if err != nil {
		return err
	}
	if err := w.mayWrite(op, t); err != nil {
		return err
	}
	t.node.props = slices.Clone(props)
	if !modified.IsZero() {
		t.node.modified = modified.UTC().Truncate(time.Microsecond)
	}
	w.note(t.node, commit.SetProp, vault.Info{})
	return nil
}
