package vault

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Act is what Undo does to one path.
type Act string

// The acts of Undo.
const (
	Restored    Act = "restored"     // an earlier version is the content again
	BroughtBack Act = "brought-back" // what was removed is shown again
	Renamed     Act = "renamed"      // it stands again where it stood
	Made        Act = "made"         // a directory that has moved out of the tree is made anew
	Kept        Act = "kept"         // it is newer, and stays
	Failed      Act = "failed"
)

// Undone tells of one path.
type Undone struct {
	Path    pathname.Path // where it stands now; for what is not shown, where it will stand
	To      pathname.Path // Renamed: where it will stand
	Act     Act
	Version Info  // Restored: the version, by its Number, Saved and Version
	Err     error // Failed
}

// undoTries is how often Undo looks at a tree while others change it, before it makes them wait.
const undoTries = 3

// errMoved means that a tree has changed since it was looked at.
var errMoved = errors.New("the tree has changed")

// Undo takes a directory back to what it held at a time: each path gets the content that it had then, as one
// more version; what was removed comes back with its history; what moved within the directory moves back; what
// moved out of it stays there, and comes back beside it as a new file. What is newer stays. So nothing is
// lost, a save that is made meanwhile neither, and it can be undone too.
//
// All becomes visible in one commit; of a tree for which one record is too small (some 65,000 operations, 12 MiB)
// in as few as there must be, directories before what is in them. When it breaks off between two of
// them, calling it again goes on. With dry it only tells what it would do.
func (v *Vault) Undo(ctx context.Context, s account.Session, dir pathname.Path, at time.Time, dry bool, tell func(Undone) error) error {
	const op = "restore"
	w := &view{v: v, s: s}
	sh, a, err := w.enter(ctx, op, dir, !dry)
	if err != nil {
		return err
	}
	look := func(view catalogue.View) (*undo, error) {
		u := &undo{planner: planner{View: view, ctx: ctx, v: v, sh: sh}, w: w, at: at}
		return u, u.plan(dir, a.Name)
	}
	told := func(turns []turn) error {
		for _, t := range turns {
			if err := tell(t.Undone); err != nil {
				return err
			}
		}
		return nil
	}
	for try := 1; ; {
		u, err := look(v.cfg.Catalogue.View(sh.id, sh.meta))
		if err != nil {
			return err
		}
		if dry {
			return told(u.turns)
		}
		part, whole, err := u.part()
		if err != nil {
			return err
		}
		if len(part.ops) > 0 {
			err = w.act(ctx, sh, op, dir, func(p *planner) ([]commit.Op, error) {
				if try > undoTries {
					if u, err = look(p.View); err != nil {
						return nil, err
					}
					if part, whole, err = u.part(); err != nil {
						return nil, err
					}
				}
				return part.plan(p, w)
			})
		}
		switch {
		case err == errMoved:
			try++
		case err != nil:
			return err
		case whole:
			return told(u.turns)
		default:
			if err := told(part.turns); err != nil {
				return err
			}
		}
	}
}

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

// turn is one path: what it relies on, and the operations that restore it.
type turn struct {
	Undone
	ops   []commit.Op
	to    target
	moved catalogue.Node // what moves, or comes back
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

func (t turn) sortKey() pathname.Path {
	if t.To != "" {
		return t.To
	}
	return t.Path
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

// allowed asks the locks.
func (st turn) allowed(p *planner, w *view) error {
	if err := p.mayWrite("restore", w, st.to); err != nil || st.Act != Renamed {
		return err
	}
	from := target{name: st.Path, dir: st.moved.Parent, chain: []id.File{{}}, node: st.moved, exists: true}
	for at := st.moved.Parent; !at.IsZero(); {
		from.chain = append(from.chain, at)
		n, err := p.Node(p.ctx, at)
		if err != nil {
			return err
		}
		at = n.Parent
	}
	return p.mayRemove("restore", w, from)
}

// part is what one commit record holds.
type part struct {
	sheet
	turns []turn
}

// part takes as many turns as one commit record holds, and tells whether these are all.
func (u *undo) part() (p part, whole bool, err error) {
	for _, st := range u.turns {
		if len(st.ops) == 0 {
			continue
		}
		if ok, err := p.add(st.ops...); err != nil || !ok {
			return p, false, err
		}
		p.turns = append(p.turns, st)
	}
	return p, true, nil
}

// plan is the plan of the act that carries the part out.
func (t part) plan(p *planner, w *view) ([]commit.Op, error) {
	if err := t.holds(p, w); err != nil {
		return nil, err
	}
	for _, st := range t.turns {
		if st.Act == Renamed {
			p.endLocks(st.moved)
		}
	}
	return t.ops, nil
}

// holds checks that all is still as it was looked at.
func (t part) holds(p *planner, w *view) error {
	for _, st := range t.turns {
		now, err := p.Child(p.ctx, st.to.dir, st.to.path.Base())
		if err != nil && !errors.Is(err, catalogue.ErrNone) {
			return err
		}
		if now.File != st.to.node.File || now.Head.Version != st.to.node.Head.Version {
			return errMoved
		}
		if m := st.moved; !m.File.IsZero() {
			n, err := p.Node(p.ctx, m.File)
			if err != nil {
				return err
			}
			if n.Parent != m.Parent || n.Name != m.Name || !n.Removed.Equal(m.Removed) || n.Head.Version != m.Head.Version {
				return errMoved
			}
		}
		if st.allowed(p, w) != nil {
			return errMoved
		}
	}
	return nil
}
