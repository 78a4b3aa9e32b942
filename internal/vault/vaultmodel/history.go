package vaultmodel

import (
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// soon is how long after a name was vacated a file that comes there by rename counts as the same file.
const soon = 60 * time.Second

// spot is a name in a directory.
type spot struct {
	dir *node
	key string
}

// departure says which file moved away from a name, or was removed from it.
type departure struct {
	node *node
	by   id.Account
	when time.Time
}

// leave remembers that a file goes from where it stands.
func (w *view) leave(sh *share, n *node) {
	if !n.dir {
		sh.vacated[spot{n.parent, pathname.Key(n.name)}] = departure{n, w.s.Account, w.m.stamp()}
	}
}

// predecessor returns the file that had the target's name before and continues under it, or nil: the one that
// this account moved away a moment ago, else the one that was removed last. recent: only if that was a
// moment ago, too. If the file stands elsewhere now, a stand-in takes its place there, unless it is src, which moves.
func (w *view) predecessor(t target, src *node, recent bool) *node {
	at := spot{t.dir, pathname.Key(t.name.Base())}
	if d, ok := t.sh.vacated[at]; ok && d.by == w.s.Account && w.m.stamp().Sub(d.when) <= soon {
		delete(t.sh.vacated, at)
		if d.node == t.node || d.node == src { // it came back, or comes back
			return nil
		}
		if n := d.node; n.removed.IsZero() && n.parent != nil {
			w.standIn(t.sh, n)
		}
		return d.node
	}
	for _, n := range t.dir.former(t.name.Base()) {
		if !n.dir && (!recent || w.m.stamp().Sub(n.removed) <= soon) {
			return n
		}
	}
	return nil
}

// standIn puts a new file with the same content and properties where n stands.
func (w *view) standIn(sh *share, n *node) {
	dir, name := n.parent, n.name
	n.detach()
	n.parent = nil
	other := &node{file: id.NewFile()}
	w.place(other, dir, name)
	w.take(target{sh: sh, path: sh.path(other)}, other, n)
	w.endLocksTo(sh, n, other)
}

// path returns where a node stands.
func (sh *share) path(n *node) pathname.Path {
	if n.parent == nil {
		return pathname.Root.Join(sh.name)
	}
	return sh.path(n.parent).Join(n.name)
}

// take gives n the content of another file as one more version, and its properties if it has any.
func (w *view) take(t target, n, from *node) {
	switch modified := from.modified; {
	case from.head == nil && n.head == nil:
		n.modified = modified
		w.note(n, commit.Touch, vault.Info{})
	case from.head == nil:
		w.save(t, n, commit.Save, nil, w.orNow(modified), nil)
	default:
		if modified.IsZero() {
			modified = from.head.Modified
		}
		w.save(t, n, commit.Link, from.head.data, modified, from.head.Sums)
	}
	if len(from.props) > 0 {
		n.props = from.props
		w.note(n, commit.SetProp, vault.Info{})
	}
}

func (w *view) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return w.m.stamp()
	}
	return t
}
