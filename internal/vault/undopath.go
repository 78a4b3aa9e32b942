package vault

import (
	"errors"
	"slices"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// dir plans that a directory of that time stands at t.
func (u *undo) dir(t target, then id.File) (base, error) {
	b := base{then: then, now: t.node.File, path: t.path}
	if t.exists && !t.node.Dir {
		u.taken[t.node.File] = true
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
	if t.exists {
		u.dirs[b.now] = t.node
	}
	if b.chain = t.chain; !b.now.IsZero() {
		b.chain = append(slices.Clip(t.chain), b.now)
	}
	return b, nil
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
	if t.exists {
		u.taken[t.node.File] = true
	}
	switch {
	case t.exists && t.node.Dir:
		st.Act, st.Err = Failed, problem.New(problem.Exists, "restore", string(t.path), errors.New("a directory has this name now"))
	case t.exists && (f.version.Version == t.node.Head.Version || sameContent(t.node, f.version)):
		return nil
	case t.exists && f.version.Version.IsZero():
		st.Act = Kept
	case t.exists:
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
	return u.tree.find(u.then, at.Names()[len(u.root.path.Names()):])
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
