package vault

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// past is what a share's directories held at a time. What has not changed since stands where it stood. Only the
// rest is asked for its history: a file is found wherever it stands now, because what it is called today says
// nothing of where it was. So the cost goes with the directory that is asked for and with what has changed since.
type past struct {
	ctx     context.Context
	view    catalogue.View
	at      time.Time
	changed map[id.File]bool               // since then
	stood   map[id.File]map[string]id.File // what has changed since, by where it stood: the directory, and the key of the name
}

// was is a node, and where it stood at a time with what content.
type was struct {
	node    catalogue.Node
	parent  id.File
	name    string
	version catalogue.Version // zero for a directory or a placeholder
}

// lookBack finds out what has changed in a share, and where it stood.
func lookBack(ctx context.Context, view catalogue.View, at time.Time) (*past, error) {
	b := &past{ctx: ctx, view: view, at: at, changed: make(map[id.File]bool), stood: make(map[id.File]map[string]id.File)}
	for c, err := range view.Changed(ctx, at) {
		if err != nil {
			return nil, err
		}
		file := c.File
		if b.changed[file] {
			continue
		}
		b.changed[file] = true
		w, ok, err := b.was(file)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if b.stood[w.parent] == nil {
			b.stood[w.parent] = make(map[string]id.File)
		}
		b.stood[w.parent][pathname.Key(w.name)] = file
	}
	return b, nil
}

// was tells where a file stood; not ok if it was not there.
func (b *past) was(file id.File) (w was, ok bool, err error) {
	if w.node, err = b.view.Node(b.ctx, file); err != nil || w.node.Created.After(b.at) {
		return w, false, err
	}
	for c, err := range b.view.History(b.ctx, file) {
		if err != nil {
			return w, false, err
		}
		switch {
		case c.When.After(b.at), c.Kind == commit.SetProp, c.Kind >= commit.Hold:
			continue
		case c.Kind == commit.Remove && !ok:
			return w, false, nil
		case c.Kind == commit.Remove:
			continue
		case !ok:
			w.parent, w.name, ok = c.Parent, c.Name, true
		}
		if w.node.Dir {
			break
		}
		if c.Kind == commit.Save || c.Kind == commit.Link {
			w.version = c.Version
			break
		}
	}
	return w, ok, nil
}

// child finds what stood in a directory under a name.
func (b *past) child(dir id.File, name string) (w was, ok bool, err error) {
	if file, ok := b.stood[dir][pathname.Key(name)]; ok {
		return b.was(file)
	}
	n, err := b.view.Child(b.ctx, dir, name)
	if errors.Is(err, catalogue.ErrNone) || err == nil && b.changed[n.File] {
		return w, false, nil
	}
	return unchanged(n), err == nil, err
}

// find follows a path of that time, from the root of the share, to a directory.
func (b *past) find(names []string) (dir id.File, ok bool, err error) {
	for _, n := range names {
		w, ok, err := b.child(dir, n)
		if err != nil || !ok || !w.node.Dir {
			return dir, false, err
		}
		dir = w.node.File
	}
	return dir, true, nil
}

// tree is what stood below a directory: by directory, and then by the key of the name.
type tree map[id.File]map[string]was

// below reads what stood below a directory.
func (b *past) below(dir id.File) (tree, error) {
	t := make(tree)
	for todo := []id.File{dir}; len(todo) > 0; todo = todo[1:] {
		if t[todo[0]] != nil {
			continue
		}
		held, err := b.held(todo[0])
		if err != nil {
			return nil, err
		}
		t[todo[0]] = held
		for _, w := range held {
			if w.node.Dir {
				todo = append(todo, w.node.File)
			}
		}
	}
	return t, nil
}

// held reads what stood in a directory.
func (b *past) held(dir id.File) (map[string]was, error) {
	held := make(map[string]was)
	for n, err := range b.view.List(b.ctx, dir, false) {
		if err != nil {
			return nil, err
		}
		if !b.changed[n.File] {
			held[pathname.Key(n.Name)] = unchanged(n)
		}
	}
	for key, file := range b.stood[dir] {
		w, ok, err := b.was(file)
		if err != nil {
			return nil, err
		}
		if ok {
			held[key] = w
		}
	}
	return held, nil
}

// unchanged is a node that stands where it stood.
func unchanged(n catalogue.Node) was { return was{n, n.Parent, n.Name, n.Head} }

// find follows names down from a directory of the tree, and tells whether something stood there.
func (t tree) find(dir id.File, names []string) bool {
	for _, n := range names {
		w, ok := t[dir][pathname.Key(n)]
		if !ok {
			return false
		}
		dir = w.node.File
	}
	return true
}
