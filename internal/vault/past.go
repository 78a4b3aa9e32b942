package vault

import (
	"context"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// past is what a share's directories held at a time. A file is found wherever it stands now, because what it
// is called today says nothing of where it was. It takes one walk over the share for the directories and one
// for the files; only what stood in the directory that is asked for is kept.
type past struct {
	ctx  context.Context
	view catalogue.View
	at   time.Time
	dirs map[spot]dirThen // by where they stood
}

type dirThen struct {
	file id.File
	name string
}

// place is where a node stood at a time, and with what content.
type place struct {
	parent  id.File
	name    string
	version catalogue.Version // zero for a directory or a placeholder
}

// lookBack finds the directories of a share as they were.
func lookBack(ctx context.Context, view catalogue.View, at time.Time) (*past, error) {
	b := &past{ctx: ctx, view: view, at: at, dirs: make(map[spot]dirThen)}
	for n, err := range b.nodes() {
		if err != nil {
			return nil, err
		}
		if !n.Dir {
			continue
		}
		was, ok, err := b.place(n)
		if err != nil {
			return nil, err
		}
		if ok {
			b.dirs[spot{was.parent, pathname.Key(was.name)}] = dirThen{n.File, was.name}
		}
	}
	return b, nil
}

// nodes yields all nodes of the share, removed ones too.
func (b *past) nodes() iter.Seq2[catalogue.Node, error] {
	return func(yield func(catalogue.Node, error) bool) {
		for todo := []id.File{{}}; len(todo) > 0; {
			dir := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, removed := range []bool{false, true} {
				for n, err := range b.view.List(b.ctx, dir, removed) {
					if !yield(n, err) || err != nil {
						return
					}
					if n.Dir {
						todo = append(todo, n.File)
					}
				}
			}
		}
	}
}

// place tells where a node stood; not ok if it was not there.
func (b *past) place(n catalogue.Node) (p place, ok bool, err error) {
	if n.Created.After(b.at) {
		return p, false, nil
	}
	for c, err := range b.view.History(b.ctx, n.File) {
		if err != nil {
			return p, false, err
		}
		switch {
		case c.When.After(b.at), c.Kind == commit.SetProp:
			continue
		case c.Kind == commit.Remove && !ok:
			return p, false, nil
		case c.Kind == commit.Remove:
			continue
		case !ok:
			p.parent, p.name, ok = c.Parent, c.Name, true
		}
		if n.Dir {
			break
		}
		if c.Kind == commit.Save || c.Kind == commit.Link {
			p.version = c.Version
			break
		}
	}
	return p, ok, nil
}

// find follows a path of that time, from a directory on.
func (b *past) find(dir id.File, names []string) (id.File, bool) {
	for _, n := range names {
		d, ok := b.dirs[spot{dir, pathname.Key(n)}]
		if !ok {
			return dir, false
		}
		dir = d.file
	}
	return dir, true
}
