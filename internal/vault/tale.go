package vault

import (
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// stand is what a file is to people: whether it is shown, where, and what is in it.
type stand struct {
	known  bool // it was made
	shown  bool
	parent id.File
	name   string
	since  time.Time         // when it came there, or was removed
	head   catalogue.Version // zero: no content
}

// apply lets a change happen to it.
func (s *stand) apply(c *catalogue.Change) {
	switch c.Kind {
	case commit.Remove:
		s.shown, s.since = false, c.When
	case commit.Mkdir, commit.Touch, commit.Move, commit.Save, commit.Link:
		if !s.shown || s.parent != c.Parent {
			s.since = c.When
		}
		s.known, s.shown, s.parent, s.name = true, true, c.Parent, c.Name
		if c.Kind == commit.Save || c.Kind == commit.Link {
			s.head = c.Version
		}
	}
}

// at reports whether both stand in one place.
func (s *stand) at(other *stand) bool { return s.parent == other.parent && s.name == other.name }

// tale is the history of a file, told twice: as it went, and as it would have gone without the suspects. The latter is where a rollback
// goes to, so that it keeps what others have done, whenever they did it.
type tale struct {
	ref      catalogue.Ref
	node     catalogue.Node
	touched  bool // by the suspects
	first    time.Time
	before   stand // their first act
	now      stand
	after    stand // their last act
	goal     stand // without them
	content  bool  // they gave it another content
	moved    bool  // they put it elsewhere, or under another name
	removed  bool
	held     bool     // the guard held something of theirs back
	headed   bool     // the content that it has now is theirs
	names    []string // that they have put it under
	conflict bool     // somebody has saved something else over their content
	holds    []catalogue.Held
}

// came is when it came to where it would be, putting back left out.
func (t *tale) came() time.Time {
	if t.before.shown && t.goal.at(&t.before) {
		return t.before.since
	}
	return t.goal.since
}

// tale reads a history.
func (q *harmed) tale(s *catalogue.Story) *tale {
	t := &tale{node: s.Node}
	defer t.without(s)
	for i := range slices.Backward(s.Changes) {
		c := &s.Changes[i]
		switch c.Kind {
		case commit.SetProp, commit.Preview, commit.Settle, commit.Expire:
			continue
		}
		if q.theirs(c) {
			t.theirs(c)
			continue
		}
		if c.Kind == commit.Hold || c.Kind == commit.HoldRemove {
			continue
		}
		if c.Kind == commit.Save || c.Kind == commit.Link {
			t.conflict = t.conflict || t.content && c.Version.Equal != t.goal.head.Equal // else it was put back
			t.headed = false
		}
		t.goal.apply(c)
		t.now.apply(c)
	}
	return t
}

// without takes out of the tale what was removed by rule: nothing can be put back to it.
func (t *tale) without(s *catalogue.Story) {
	for i := range s.Changes {
		if c := &s.Changes[i]; c.Kind == commit.Expire && c.Version.Version == t.goal.head.Version {
			t.goal.head.Version = id.Version{}
		}
	}
}

// theirs takes an act of the suspects into the tale.
func (t *tale) theirs(c *catalogue.Change) {
	if !t.touched {
		t.touched, t.before, t.first = true, t.now, c.When
	}
	was := t.now
	t.now.apply(c)
	if t.after = t.now; puts(c.Kind) && !slices.Contains(t.names, c.Name) {
		t.names = append(t.names, c.Name)
	}
	switch c.Kind {
	case commit.Hold, commit.HoldRemove:
		t.held = true
	case commit.Remove:
		t.removed = true
	case commit.Save, commit.Link:
		t.content, t.headed = true, true
	}
	t.moved = t.moved || was.known && !t.now.at(&was)
}

// harm says what suspects have done to a file; not ok if that is nothing that one would want to take back.
func (q *harmed) harm(s *catalogue.Story) (h Harm, ok bool, err error) {
	h.tale = q.tale(s)
	if !h.touched {
		return h, false, nil
	}
	h.Dir = h.node.Dir
	seen := false // their first act
	var others time.Time
	for i := range slices.Backward(s.Changes) {
		c := &s.Changes[i]
		switch {
		case c.Kind == commit.SetProp, c.Kind == commit.Preview, c.Kind == commit.Settle, c.Kind == commit.Expire:
		case q.theirs(c):
			if !seen {
				h.When, h.By, seen = c.When, c.Actor(), true
			}
			if h.Sign == "" {
				h.Sign = guard.Sign(c.Sign)
			}
		case seen && c.Kind < commit.Preview:
			h.Later, others = true, c.When
		}
	}
	if h.words(); len(h.Hurts) == 0 {
		if !q.by.Back || others.IsZero() {
			return h, false, nil
		}
		if h.undone(); len(h.Hurts) == 0 {
			return h, false, nil
		}
		h.Back = others
	}
	h.Names = h.names
	return h, true, q.places(&h)
}

// gone reports whether it is not shown any more, which is their doing.
func (t *tale) gone() bool {
	return (t.before.shown || t.goal.shown) && !t.node.Removed.IsZero() && t.removed
}

// altered reports whether it has a content of theirs that it would not have without them.
func (t *tale) altered() bool { return t.headed && t.node.Head.Equal != t.goal.head.Equal }

// words names what was done.
func (h *Harm) words() {
	add := func(w Hurt) { h.Hurts = append(h.Hurts, w) }
	n := &h.node
	shown := n.Removed.IsZero()
	switch {
	case shown && (!h.before.shown || !h.goal.shown):
		add(New)
	case h.gone():
		add(Gone)
	case shown && h.moved && !(h.now.at(&h.before) && h.now.at(&h.goal)):
		add(Retitled)
	}
	was := &h.before.head
	again := h.goal.shown && !h.goal.head.Version.IsZero() && h.altered() // after somebody had saved it
	if h.before.shown && h.content && n.Head.Equal != was.Equal || again {
		add(h.turned(&n.Head, was))
	}
	if h.held && len(h.Hurts) == 0 {
		add(HeldBack)
	}
}

// turned is what a content was turned into.
func (h *Harm) turned(now, was *catalogue.Version) Hurt {
	switch f := now.Found; {
	case now.Size == 0:
		return Emptied
	case f.Damaged || h.Sign != "" && h.Sign != guard.Locked && h.Sign != guard.Noted && h.Sign != guard.Retitled || f.Kind != was.Found.Kind && f.Kind == "":
		return Encrypted
	}
	return Altered
}

// undone names what was done and is put right: how it stood behind the suspects' last act, against before their first.
func (h *Harm) undone() {
	was, then := &h.before, &h.after
	switch {
	case then.shown && !was.shown:
		h.Hurts = append(h.Hurts, New)
	case was.shown && !then.shown:
		h.Hurts = append(h.Hurts, Gone)
	case then.shown && !then.at(was):
		h.Hurts = append(h.Hurts, Retitled)
	}
	if was.shown && then.shown && then.head.Equal != was.head.Equal {
		h.Hurts = append(h.Hurts, h.turned(&then.head, &was.head))
	}
}

// places finds the paths and versions.
func (q *harmed) places(h *Harm) error {
	n := &h.node
	now, err := q.path(n.Parent, q.now, nil)
	if err != nil {
		return err
	}
	now = now.Join(n.Name)
	stood := h.before
	if !stood.shown {
		stood.parent, stood.name = n.Parent, n.Name
	}
	was, err := q.path(stood.parent, q.then, q.moved)
	if err != nil {
		return err
	}
	if h.Path = was.Join(stood.name); h.before.shown {
		h.Was = Info{Path: h.Path, Share: q.share, File: n.File, Created: n.Created, Dir: n.Dir}
		h.Was.version(h.before.head)
	}
	if n.Removed.IsZero() {
		h.Now = now
		h.Head = info(now, q.share, *n)
	}
	if !h.Back.IsZero() && h.after.shown { // what was there then, to tell notes by
		at, err := q.path(h.after.parent, q.now, nil)
		if err != nil {
			return err
		}
		h.Head = Info{Path: at.Join(h.after.name), Share: q.share, File: n.File, Created: n.Created, Dir: n.Dir}
		h.Head.version(h.after.head)
	}
	if h.Dir && (h.gone() || !h.Back.IsZero() && h.hurt(Gone)) {
		if h.Below, err = q.cat.Below(q.ctx, n.File); err != nil {
			return err
		}
	}
	if !h.Dir && n.Removed.IsZero() {
		d, err := q.sunken(n.Parent)
		if err != nil {
			return err
		}
		h.Sunk, h.Up = d != afloat, d == raised
	}
	if n.Held == 0 {
		return nil
	}
	for x, err := range q.cat.Held(q.ctx, n.File) {
		if err != nil {
			return err
		}
		if q.theirs(&x.Change) {
			h.holds = append(h.holds, x)
		}
	}
	return nil
}

// depth says what became of a directory with which files went.
type depth uint8

const (
	afloat depth = iota // it was not removed
	raised              // it was, and was put back
	under               // it is not shown
)

// depth is that of a directory that the suspects have touched. One that was put back counts only for who asks for what was.
func (q *harmed) depth(t *tale) depth {
	switch {
	case t.gone():
		return under
	case q.by.Back && t.before.shown && !t.after.shown && t.node.Removed.IsZero():
		return raised
	}
	return afloat
}

// sunken is whether a directory went with one that the suspects have removed.
func (q *harmed) sunken(dir id.File) (d depth, err error) {
	if q.sunk == nil || dir.IsZero() {
		return afloat, nil
	}
	if known, ok := q.sunk[dir]; ok {
		return known, nil
	}
	q.sunk[dir] = afloat // a directory may stand in itself only in damaged packs
	if t := q.tales[dir]; t != nil {
		d = q.depth(t)
	}
	if d == afloat {
		if n, e := q.cat.Node(q.ctx, dir); e == nil && n.Removed.IsZero() {
			d, err = q.sunken(n.Parent)
		} else if !errors.Is(e, catalogue.ErrNone) {
			err = e
		}
	}
	q.sunk[dir] = d
	return d, err
}

// path is where a directory stands now, or last stood; or where it stood before.
func (q *harmed) path(dir id.File, paths map[id.File]pathname.Path, moved map[id.File]stand) (pathname.Path, error) {
	if dir.IsZero() {
		return pathname.Root.Join(q.name), nil
	}
	if p, ok := paths[dir]; ok {
		return p, nil
	}
	n, err := q.cat.Node(q.ctx, dir)
	if errors.Is(err, catalogue.ErrNone) {
		return pathname.Root.Join(q.name), nil
	}
	if err != nil {
		return "", err
	}
	parent, name := n.Parent, n.Name
	if old, ok := moved[dir]; ok {
		parent, name = old.parent, old.name
	}
	paths[dir] = pathname.Root.Join(q.name).Join(name) // where what was and what is are mixed, one may stand in the other
	up, err := q.path(parent, paths, moved)
	if err == nil {
		paths[dir] = up.Join(name)
	}
	return up.Join(name), err
}
