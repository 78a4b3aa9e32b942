package vault

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// undo finds out what has to be done.
type undo struct {
	planner
	w     *view
	at    time.Time
	past  *past
	root  target           // the directory
	then  id.File          // what it was
	into  map[id.File]base // directories of that time, and what they are now
	now   []base           // likewise, in order: directories before what is in them
	files map[spot]was
	taken map[id.File]bool // what stands at a path of that time already
	left  map[id.File]bool // what is to leave where it stands
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

type was struct {
	node catalogue.Node
	place
}

// plan looks at the tree.
func (u *undo) plan(dir pathname.Path, share string) (err error) {
	const op = "restore"
	if u.past, err = lookBack(u.ctx, u.View, u.at); err != nil {
		return problem.New(problem.Internal, op, string(dir), err)
	}
	if u.root, err = follow(u.ctx, u.View, nil, op, dir, share); err != nil {
		return err
	}
	if u.root.exists && !u.root.node.Dir {
		return problem.New(problem.Conflict, op, string(dir), errors.New("a file has this name now"))
	}
	ok := false
	if u.then, ok = u.past.find(id.File{}, dir.Names()[1:]); !ok && u.root.exists { // it had another name
		_, ok, err = u.past.place(u.root.node)
		u.then = u.root.node.File
	}
	if err != nil || !ok {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: string(dir), Hint: "hint.history", Err: err}
	}
	if err := u.tree(); err != nil {
		return problem.New(problem.Internal, op, string(dir), err)
	}
	slices.SortStableFunc(u.turns, func(a, b turn) int { return strings.Compare(string(a.sortKey()), string(b.sortKey())) })
	return nil
}

// tree plans what is below the directory.
func (u *undo) tree() error {
	u.into, u.files = make(map[id.File]base), make(map[spot]was)
	u.taken, u.left = make(map[id.File]bool), make(map[id.File]bool)
	below := make(map[id.File][]dirThen)
	for at, d := range u.past.dirs {
		below[at.dir] = append(below[at.dir], d)
	}
	if err := u.inside(below); err != nil {
		return err
	}
	start, err := u.dir(u.root, u.then)
	if err != nil {
		return err
	}
	for todo := []base{start}; len(todo) > 0; todo = todo[1:] {
		up := todo[0]
		u.into[up.then] = up
		if up.bad != nil {
			continue // as is everything below it
		}
		u.now = append(u.now, up)
		slices.SortFunc(below[up.then], func(a, b dirThen) int { return strings.Compare(a.name, b.name) })
		for _, d := range below[up.then] {
			t, err := u.look(up, d.name)
			if err != nil {
				return err
			}
			b, err := u.dir(t, d.file)
			if err != nil {
				return err
			}
			todo = append(todo, b)
		}
	}
	for _, f := range u.inOrder() {
		if err := u.file(u.into[f.parent], f); err != nil {
			return err
		}
	}
	return u.newer()
}

// inOrder returns the files of directories that are there.
func (u *undo) inOrder() (out []was) {
	for _, f := range u.files {
		if b, ok := u.into[f.parent]; ok && b.bad == nil {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b was) int {
		return cmp.Or(strings.Compare(string(u.into[a.parent].path), string(u.into[b.parent].path)), strings.Compare(a.name, b.name))
	})
	return out
}

// inside finds the files that were below a directory.
func (u *undo) inside(below map[id.File][]dirThen) error {
	in := make(map[id.File]bool)
	for todo := []id.File{u.then}; len(todo) > 0; todo = todo[1:] {
		in[todo[0]] = true
		for _, d := range below[todo[0]] {
			todo = append(todo, d.file)
		}
	}
	for n, err := range u.past.nodes() {
		if err != nil {
			return err
		}
		if n.Dir {
			continue
		}
		p, ok, err := u.past.place(n)
		if err != nil {
			return err
		}
		if ok && in[p.parent] {
			u.files[spot{p.parent, pathname.Key(p.name)}] = was{n, p}
		}
	}
	return nil
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

// dir plans that a directory of that time stands at t.
func (u *undo) dir(t target, then id.File) (base, error) {
	b := base{then: then, now: t.node.File, path: t.path}
	if t.exists && !t.node.Dir {
		b.bad = problem.New(problem.Exists, "restore", string(t.path), errors.New("a file has this name now"))
		u.turns = append(u.turns, turn{Undone: Undone{Path: t.path, Act: Failed, Err: b.bad}})
		return b, nil
	}
	if !t.exists {
		n, err := u.Node(u.ctx, then)
		if err != nil {
			return b, err
		}
		st := turn{Undone: Undone{Path: t.path}, to: t}
		if ok, err := u.mayCome(&st, n); err != nil {
			return b, err
		} else if ok {
			st.ops = []commit.Op{{Kind: commit.Move, File: then, Parent: t.dir, Name: t.path.Base()}}
		} else {
			then = id.NewFile()
			st.Act, st.ops = Made, []commit.Op{{Kind: commit.Mkdir, File: then, Parent: t.dir, Name: t.path.Base()}}
		}
		if b.now, b.bad = then, u.add(st); b.bad != nil {
			return b, nil
		}
	}
	u.taken[b.now] = true
	if b.chain = t.chain; !b.now.IsZero() {
		b.chain = append(slices.Clip(t.chain), b.now)
	}
	return b, nil
}

// mayCome tells whether a node may leave where it is to stand at the turn's target again, and names that act.
func (u *undo) mayCome(st *turn, n catalogue.Node) (bool, error) {
	at, in, err := u.where(n)
	if err != nil {
		return false, err
	}
	st.moved = n
	if at == "" {
		st.Act = BroughtBack
		return true, nil
	}
	if !in || u.taken[n.File] || u.stood(at) {
		st.moved = catalogue.Node{}
		return false, nil
	}
	u.left[n.File] = true
	st.Act, st.Path, st.To = Renamed, at, st.to.path
	return true, nil
}

// stood tells whether a path in the directory was there at that time: what is shown there is restored, and does not leave.
func (u *undo) stood(at pathname.Path) bool {
	names := at.Names()[len(u.root.path.Names()):]
	dir, ok := u.past.find(u.then, names[:len(names)-1])
	if !ok {
		return false
	}
	last := spot{dir, pathname.Key(names[len(names)-1])}
	_, isDir := u.past.dirs[last]
	_, isFile := u.files[last]
	return isDir || isFile
}

// where tells the path of a node, "" if it is not shown, and whether it is in the directory.
func (u *undo) where(n catalogue.Node) (at pathname.Path, in bool, err error) {
	names := []string{n.Name}
	for n.Removed.IsZero() {
		if n.Parent == u.root.node.File && u.root.exists {
			in = true
		}
		if n.Parent.IsZero() {
			at = pathname.Root.Join(u.root.path.Share())
			for _, name := range slices.Backward(names) {
				at = at.Join(name)
			}
			return at, in, nil
		}
		if n, err = u.Node(u.ctx, n.Parent); err != nil {
			return "", false, err
		}
		names = append(names, n.Name)
	}
	return "", false, nil
}

// file plans that a file has the content of that time.
func (u *undo) file(b base, f was) error {
	t, err := u.look(b, f.name)
	if err != nil {
		return err
	}
	st := turn{Undone: Undone{Path: t.path}, to: t}
	st.Version = info(t.path, u.sh.id, f.node)
	st.Version.version(f.version)
	switch {
	case t.exists && t.node.Dir:
		st.Act, st.Err = Failed, problem.New(problem.Exists, "restore", string(t.path), errors.New("a directory has this name now"))
	case t.exists && (f.version.Version == t.node.Head.Version || sameContent(t.node, f.version)):
		u.taken[t.node.File] = true
		return nil
	case t.exists && f.version.Version.IsZero():
		st.Act = Kept
	case t.exists:
		u.taken[t.node.File] = true
		st.Act, st.ops = Restored, []commit.Op{link(t.node.File, t.dir, t.node.Name, f.version)}
	default:
		if err := u.returns(&st, f); err != nil {
			return err
		}
	}
	u.add(st)
	return nil
}

// returns plans that a file comes back to a free name.
func (u *undo) returns(st *turn, f was) error {
	ok, err := u.mayCome(st, f.node)
	switch {
	case err != nil:
		return err
	case !ok && f.version.Version.IsZero():
		st.Act, st.ops = BroughtBack, []commit.Op{{Kind: commit.Touch, File: id.NewFile(), Parent: st.to.dir, Name: f.name}}
	case !ok:
		st.Act, st.ops = Restored, []commit.Op{link(id.NewFile(), st.to.dir, f.name, f.version)}
	case f.version.Version.IsZero() || sameContent(f.node, f.version):
		st.ops = []commit.Op{{Kind: commit.Move, File: f.node.File, Parent: st.to.dir, Name: f.name}}
	default:
		if st.Act == BroughtBack {
			st.Act = Restored
		}
		st.ops = []commit.Op{link(f.node.File, st.to.dir, f.name, f.version)}
	}
	return nil
}

// sameContent reports whether a node has the content and time of a version: a restored file is a new version.
func sameContent(n catalogue.Node, v catalogue.Version) bool {
	now := n.Modified
	if now.IsZero() {
		now = n.Head.Modified
	}
	return n.Head.Version == v.Version || !n.Head.Version.IsZero() && n.Head.Equal == v.Equal && now.Equal(v.Modified)
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

// add adds a turn, or says why it cannot be done: somebody holds a lock.
func (u *undo) add(st turn) error {
	if st.Act != Failed && len(st.ops) > 0 {
		if st.Err = st.allowed(&u.planner, u.w); st.Err != nil {
			st.Act, st.ops = Failed, nil
		}
	}
	u.turns = append(u.turns, st)
	return st.Err
}
