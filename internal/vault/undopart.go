package vault

import (
	"errors"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// turn is one path: what it relies on, and the operations that restore it.
type turn struct {
	Undone
	ops   []commit.Op
	to    target
	moved catalogue.Node // what moves, or comes back
}

func (t turn) sortKey() pathname.Path {
	if t.To != "" {
		return t.To
	}
	return t.Path
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
	dirs  map[id.File]catalogue.Node // in which they are, as they were looked at
	whole bool                       // it holds all that has to be done
}

// part takes as many turns as one commit record holds.
func (u *undo) part() (p part, err error) {
	p.dirs = u.dirs
	for _, st := range u.turns {
		if len(st.ops) == 0 {
			continue
		}
		if ok, err := p.add(st.ops...); err != nil || !ok {
			return p, err
		}
		p.turns = append(p.turns, st)
	}
	p.whole = true
	return p, nil
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
	checked := make(map[id.File]bool)
	for _, st := range t.turns {
		now, err := p.Child(p.ctx, st.to.dir, st.to.path.Base())
		if err != nil && !errors.Is(err, catalogue.ErrNone) {
			return err
		}
		if now.File != st.to.node.File || now.Head.Version != st.to.node.Head.Version {
			return errMoved
		}
		if err := p.stays(st.moved); err != nil {
			return err
		}
		for _, dir := range st.to.chain {
			if checked[dir] {
				continue
			}
			checked[dir] = true
			if err := p.stays(t.dirs[dir]); err != nil {
				return err
			}
		}
		if st.allowed(p, w) != nil {
			return errMoved
		}
	}
	return nil
}

// stays returns errMoved unless a node is as it was. No node, and the root of a share, always are.
func (p *planner) stays(was catalogue.Node) error {
	if was.File.IsZero() {
		return nil
	}
	n, err := p.Node(p.ctx, was.File)
	if err == nil && (n.Parent != was.Parent || n.Name != was.Name || !n.Removed.Equal(was.Removed) || n.Head.Version != was.Head.Version) {
		err = errMoved
	}
	return err
}
