package vault

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// mostTied bounds how many files are decided about before their turn, one for the sake of the other, and so stand in one record.
const mostTied = 1000

// turn decides about the file whose turn it is.
func (r *rollback) turn(s *catalogue.Story, at int) error {
	h, ok, err := r.q.harm(s)
	if err != nil || !ok || r.done[s.Node.File] {
		return err
	}
	first, last := at < r.dirs, at >= len(r.refs)-r.dirs
	if first && !h.goal.shown || last && h.goal.shown || r.only != nil && !r.only(h.Path) {
		return nil
	}
	return r.file(&h)
}

// file decides about one file. What it needs for that is decided first, so that it stands before it in the record.
func (r *rollback) file(h *Harm) error {
	file := h.node.File
	r.busy[file] = true
	defer delete(r.busy, file)
	m := Mended{Path: h.Path, Hurts: h.Hurts}
	var ops []commit.Op
	for _, x := range h.holds {
		ops = append(ops, settling(x))
		m.Act = Dropped
	}
	var more []commit.Op
	var err error
	if h.goal.shown {
		more, err = r.put(h, &m)
	} else {
		more, err = r.takeAway(h, &m)
	}
	if err != nil || m.Act == "" {
		return err
	}
	r.mended = append(r.mended, m)
	if ops = append(ops, more...); len(ops) == 0 {
		return nil
	}
	n := &h.node
	if !r.dry {
		r.seen[file] = seen{n.Parent, n.Name, n.Removed, n.Head.Version}
	}
	_, err = r.ops.add(ops...) // there is room: full is asked in between
	return err
}

// takeAway plans for what would not be there.
func (r *rollback) takeAway(h *Harm, m *Mended) (ops []commit.Op, err error) {
	n := &h.node
	if !n.Removed.IsZero() {
		return nil, nil
	}
	if n.Dir {
		stays, err := r.stays(n.File)
		if err != nil || stays {
			m.Act = Kept
			return nil, err
		}
		r.gone[n.File] = true
	}
	m.Act, r.left[n.File] = TakenAway, true
	if h.altered() && !h.goal.head.Version.IsZero() { // who brings it back finds what was in it
		ops = append(ops, r.link(n.File, n.Parent, n.Name, h.goal.head))
	}
	return append(ops, commit.Op{Kind: commit.Remove, File: n.File}), nil
}

// put plans for what would be there: the content, the name and the place that it would have.
func (r *rollback) put(h *Harm, m *Mended) (ops []commit.Op, err error) {
	n, goal := &h.node, &h.goal
	shown := n.Removed.IsZero()
	parent, name := n.Parent, n.Name
	moves, err := r.moves(h)
	if err != nil {
		return nil, err
	}
	if moves {
		r.left[n.File] = shown
		parent = goal.parent
		if name, _, err = r.free(parent, goal.name, n.File, nil); err != nil {
			return nil, err
		}
		if n.Dir {
			r.up[n.File] = parent
		}
		if t := r.q.tales[parent]; t != nil && !t.goal.shown && h.came().After(t.first) {
			r.into[parent] = true
		}
		if name != goal.name {
			m.Beside = m.Path.Dir().Join(name)
		}
	}
	here := spot{parent, pathname.Key(name)}
	switch {
	case h.altered() && !goal.head.Version.IsZero():
		if m.Act = Restored; moves {
			r.taken[here] = n.File
		}
		ops = append(ops, r.link(n.File, parent, name, goal.head))
	case h.altered() && h.before.shown && !h.Later: // it had no content yet, and a file that had one never is without again
		empty := commit.Op{Kind: commit.Touch, File: id.NewFile(), Parent: parent, Name: name, Content: commit.Content{Modified: n.Created}}
		m.Act, r.taken[here], r.left[n.File], r.into[parent] = Restored, empty.File, true, true
		ops = append(ops, commit.Op{Kind: commit.Remove, File: n.File}, empty)
	case moves:
		if m.Act = Renamed; !shown {
			m.Act = BroughtBack
		}
		r.taken[here] = n.File
		ops = append(ops, commit.Op{Kind: commit.Move, File: n.File, Parent: parent, Name: name})
	case h.Later && !h.hurt(HeldBack):
		m.Act = Kept
	}
	if was := h.before.head; h.conflict && !was.Version.IsZero() && was.Equal != goal.head.Equal {
		name, there, err := r.free(parent, beside(name, 1), id.File{}, &was)
		if err != nil {
			return nil, err
		}
		m.Act, m.Beside = Kept, m.Path.Dir().Join(name)
		if !there {
			file := id.NewFile()
			r.taken[spot{parent, pathname.Key(name)}], r.into[parent] = file, true
			ops = append(ops, r.link(file, parent, name, was))
		}
	}
	return ops, nil
}

// moves reports whether a file is to stand elsewhere: it is not shown where it would be, and people would find it there, or could not find
// it before either. A directory does not move into itself.
func (r *rollback) moves(h *Harm) (bool, error) {
	n := &h.node
	if n.Removed.IsZero() {
		if n.Parent == h.goal.parent && n.Name == h.goal.name {
			return false, nil
		}
		if lost, err := r.lost(h); err != nil || lost {
			return false, err
		}
	}
	if !n.Dir {
		return true, nil
	}
	within, err := r.within(h.goal.parent, n.File)
	return !within, err
}

// link gives a file the content of a version. The new versions of a rollback begin alike: so they stand side by side in the index of a large
// share, of which each would change a page elsewhere.
func (r *rollback) link(file, parent id.File, name string, of catalogue.Version) commit.Op {
	if !r.dry {
		r.known[of.Key] = of.Manifest
	}
	op := link(file, parent, name, of)
	copy(op.Version[:8], r.family[:])
	return op
}

// mostUp bounds walks upwards.
const mostUp = 10_000

// level is a directory on a way up.
type level struct {
	up    id.File
	gone  time.Time // since when it is not, or will not be, shown; zero: it is
	tale  *tale     // if the suspects have touched it
	there bool
}

// lost reports whether people would not find a file where it would be, although they could when the suspects came to it.
func (r *rollback) lost(h *Harm) (bool, error) {
	lost := false
	for at, n := h.goal.parent, 0; !at.IsZero() && n < mostUp; n++ {
		l, err := r.level(at)
		if err != nil {
			return false, err
		}
		switch t := l.tale; {
		case !l.there:
			lost = true
		case t != nil && t.goal.shown:
		case t != nil && t.before.known && !t.before.shown && !h.came().After(t.first): // it went out of sight together with the directory
			return false, nil
		case t != nil && l.gone.IsZero(): // one that others have removed goes again; one that was not there before stays for what they have put there
			lost = lost || t.before.shown
		case !l.gone.IsZero() && !l.gone.After(h.When):
			return false, nil
		case !l.gone.IsZero():
			lost = true
		}
		at = l.up
	}
	return lost, nil
}

func (r *rollback) level(dir id.File) (level, error) {
	if l, ok := r.levels[dir]; ok {
		return l, nil
	}
	n, err := r.cat.Node(r.q.ctx, dir)
	if err != nil && !errors.Is(err, catalogue.ErrNone) {
		return level{}, err
	}
	l := level{up: n.Parent, gone: n.Removed, tale: r.q.tales[dir], there: err == nil}
	if l.tale != nil && l.tale.goal.known {
		l.up = l.tale.goal.parent
	}
	r.levels[dir] = l
	return l, nil
}

// within reports whether a directory stands in another one, or is it.
func (r *rollback) within(dir, top id.File) (bool, error) {
	for n := 0; !dir.IsZero() && n < mostUp; n++ {
		if dir == top {
			return true, nil
		}
		up, moved := r.up[dir]
		if !moved {
			n, err := r.cat.Node(r.q.ctx, dir)
			if err != nil && !errors.Is(err, catalogue.ErrNone) {
				return false, err
			}
			up = n.Parent
		}
		dir = up
	}
	return !dir.IsZero(), nil
}

// free returns a name that nothing else has, or will have, in a directory: the one that is asked for if it can be. there reports that a file
// with that content has it already.
func (r *rollback) free(dir id.File, name string, file id.File, same *catalogue.Version) (as string, there bool, err error) {
	asked := name
	for n := 1; ; n, name = n+1, beside(asked, n) {
		here := spot{dir, pathname.Key(name)}
		if _, taken := r.taken[here]; taken {
			continue
		}
		n, err := r.cat.Child(r.q.ctx, dir, name)
		if errors.Is(err, catalogue.ErrNone) || err == nil && n.File == file {
			return name, false, nil
		}
		if err != nil {
			return "", false, err
		}
		leaves, err := r.leaves(n)
		_, taken := r.taken[here] // by what comes in its place
		if err != nil || leaves && !taken {
			return name, false, err
		}
		if taken {
			continue
		}
		if same != nil && n.Head.Equal == same.Equal {
			return name, true, nil
		}
	}
}

// leaves reports whether something that has a name will not have it, and if need be decides about it now.
func (r *rollback) leaves(n catalogue.Node) (bool, error) {
	if r.left[n.File] || r.busy[n.File] || r.done[n.File] || r.passed(&n) || len(r.busy) > mostTied {
		return r.left[n.File] || r.busy[n.File], nil
	}
	h, ok, err := r.q.one(n)
	if err != nil || !ok || r.only != nil && !r.only(h.Path) {
		return false, err
	}
	r.done[n.File] = true
	r.pulled = append(r.pulled, n.File)
	err = r.file(&h)
	return r.left[n.File], err
}

// passed reports whether the turn of a file has been, in this page or before: then it has been told of, and stands where it is to stand.
func (r *rollback) passed(n *catalogue.Node) bool {
	if i, ok := r.rank[n.Num]; ok {
		t := r.q.tales[n.File]
		return i < r.at && t != nil && t.goal.shown
	}
	files := r.refs[r.dirs : len(r.refs)-r.dirs]
	i, ok := slices.BinarySearchFunc(files, n.Num, func(f catalogue.Ref, num int64) int { return cmp.Compare(f.Num, num) })
	return ok && r.dirs+i < r.at
}

// stays reports whether a directory that would not be there has to stay: others have put something into it.
func (r *rollback) stays(dir id.File) (bool, error) {
	if r.changed == nil {
		r.changed = make(map[id.File]bool)
		for c, err := range r.cat.Changed(r.q.ctx, r.q.by.From) {
			if err != nil {
				return false, err
			}
			r.changed[c.File] = true
		}
	}
	for todo := []id.File{dir}; len(todo) > 0; todo = todo[1:] {
		if r.into[todo[0]] {
			return true, nil
		}
		for n, err := range r.cat.List(r.q.ctx, todo[0], false) {
			if err != nil {
				return false, err
			}
			if r.left[n.File] {
				continue
			}
			if n.Dir {
				todo = append(todo, n.File)
			}
			if !r.changed[n.File] { // it was there, and not shown either
				continue
			}
			if keeps, err := r.keeps(n, dir); err != nil || keeps {
				return keeps, err
			}
		}
	}
	return false, nil
}

// keeps reports whether something below such a directory must be shown there.
func (r *rollback) keeps(n catalogue.Node, top id.File) (bool, error) {
	h, ok, err := r.q.one(n)
	if err != nil || !h.touched {
		return true, err
	}
	if !ok || h.goal.parent == n.Parent { // what was put back there is no reason: it would not be shown either
		b, g := &h.before, &h.goal
		dir := r.q.tales[top]
		return g.shown && !(b.shown && g.at(b) && g.head.Equal == b.head.Equal && dir != nil && !b.since.After(dir.first)), nil
	}
	if !h.goal.shown {
		return r.only != nil && !r.only(h.Path), nil
	}
	lost, err := r.lost(&h)
	return lost || r.only != nil && !r.only(h.Path), err
}

// still returns errMoved if something has changed meanwhile that counts for what was planned.
func (r *rollback) still(cat catalogue.View) error {
	changed, err := cat.Since(r.q.ctx, r.mark)
	if err != nil {
		return err
	}
	told := make(map[id.File]bool)
	for _, f := range changed {
		if told[f] {
			continue
		}
		told[f] = true
		n, err := cat.Node(r.q.ctx, f)
		if err != nil {
			return err
		}
		was, ours := r.seen[f]
		owner, taken := r.taken[spot{n.Parent, pathname.Key(n.Name)}]
		switch {
		case ours && was != (seen{n.Parent, n.Name, n.Removed, n.Head.Version}),
			taken && n.Removed.IsZero() && owner != f,
			n.Dir && len(r.up)+len(r.gone) > 0:
			return errMoved
		}
		for up := n.Parent; len(r.gone) > 0 && !up.IsZero(); {
			if r.gone[up] {
				return errMoved
			}
			d, err := cat.Node(r.q.ctx, up)
			if err != nil {
				break
			}
			up = d.Parent
		}
	}
	return nil
}

// longestExt is how long what follows the last full stop can be and still say of which kind a file is.
const longestExt = 32

// beside is a name under which a content stands beside another: the first, or one of those to try after it. It is one that doors accept: of
// a long name the end is left out.
func beside(name string, no int) string {
	ext, mark := path.Ext(name), "(前)"
	if len(ext) > longestExt {
		ext = ""
	}
	if no > 1 {
		mark = fmt.Sprintf("(前 %d)", no)
	}
	stem := []rune(strings.TrimSuffix(name, ext))
	for len(stem) > 1 && pathname.Check(string(stem)+mark+ext) != nil {
		stem = stem[:len(stem)-1]
	}
	return string(stem) + mark + ext
}
