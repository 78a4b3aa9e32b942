package vault

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// undo finds out what has to be done.
type undo struct {
	planner
	w     *view
	at    time.Time
	root  target                     // the directory
	then  id.File                    // what it was
	tree  tree                       // what stood in it
	now   []base                     // the directories of that time, in order: before what is in them
	dirs  map[id.File]catalogue.Node // the directories that are there now, and those above
	taken map[id.File]bool           // what stands at a path of that time already
	left  map[id.File]bool           // what is to leave where it stands
	turns []turn
}

// base is a directory to restore into.
type base struct {
	then  id.File
	now   id.File
	path  pathname.Path
	chain []id.File // from the root of the share to now, both included
	bad   error     // nothing can be restored into it
}

// plan looks at the tree.
func (u *undo) plan(dir pathname.Path, share string) (err error) {
	const op = "restore"
	if u.root, err = follow(u.ctx, u.View, nil, op, dir, share); err != nil {
		return err
	}
	if u.root.exists && !u.root.node.Dir {
		return problem.New(problem.Conflict, op, string(dir), errors.New("a file has this name now"))
	}
	ok, err := u.remember(dir)
	if err == nil && !ok {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: string(dir), Hint: "hint.history"}
	}
	if err == nil {
		err = u.restore()
	}
	if err != nil {
		return problem.New(problem.Internal, op, string(dir), err)
	}
	slices.SortStableFunc(u.turns, func(a, b turn) int { return strings.Compare(string(a.sortKey()), string(b.sortKey())) })
	return nil
}

// remember finds what the directory was and what stood in it; not ok if there was none.
func (u *undo) remember(dir pathname.Path) (ok bool, err error) {
	past, err := lookBack(u.ctx, u.View, u.at)
	if err != nil {
		return false, err
	}
	u.then, ok, err = past.find(dir.Names()[1:])
	if err == nil && !ok && u.root.exists { // it had another name
		_, ok, err = past.was(u.root.node.File)
		u.then = u.root.node.File
	}
	if err == nil && ok {
		u.tree, err = past.below(u.then)
	}
	return ok, err
}

// restore plans what is below the directory.
func (u *undo) restore() error {
	u.dirs, u.taken, u.left = make(map[id.File]catalogue.Node), make(map[id.File]bool), make(map[id.File]bool)
	for _, above := range u.root.chain[1:] {
		n, err := u.Node(u.ctx, above)
		if err != nil {
			return err
		}
		u.dirs[above] = n
	}
	top, err := u.dir(u.root, u.then)
	if err != nil {
		return err
	}
	for todo := []base{top}; len(todo) > 0; todo = todo[1:] {
		up := todo[0]
		if up.bad != nil {
			continue // as is everything below it
		}
		u.now = append(u.now, up)
		for _, w := range u.held(up, true) {
			t, err := u.look(up, w.name)
			if err != nil {
				return err
			}
			b, err := u.dir(t, w.node.File)
			if err != nil {
				return err
			}
			todo = append(todo, b)
		}
	}
	for _, b := range u.now {
		for _, w := range u.held(b, false) {
			if err := u.file(b, w); err != nil {
				return err
			}
		}
	}
	return u.newer()
}

// held returns the directories or the files that a directory held, by name.
func (u *undo) held(b base, dirs bool) (out []was) {
	for _, w := range u.tree[b.then] {
		if w.node.Dir == dirs {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b was) int { return strings.Compare(a.name, b.name) })
	return out
}

// look tells what stands in a directory now.
func (u *undo) look(b base, name string) (target, error) {
	t := target{path: b.path.Join(name), dir: b.now, chain: b.chain}
	n, err := u.Child(u.ctx, b.now, name)
	if err == nil {
		if t.node = n; !u.left[n.File] {
			t.exists, t.path = true, b.path.Join(n.Name)
		}
	} else if errors.Is(err, catalogue.ErrNone) {
		err = nil
	}
	t.name = t.path
	return t, err
}

// newer tells of what has come into the directory since.
func (u *undo) newer() error {
	for _, b := range u.now {
		for n, err := range u.List(u.ctx, b.now, false) {
			if err != nil {
				return err
			}
			if n.Created.After(u.at) && !u.taken[n.File] {
				u.turns = append(u.turns, turn{Undone: Undone{Path: b.path.Join(n.Name), Act: Kept}})
			}
		}
	}
	return nil
}
