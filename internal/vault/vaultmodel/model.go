// Package vaultmodel is vault.Files in memory, without disk, keys or ledger: what the property tests hold
// the vault against, and what doors are tested over. It is written to be read: one lock, plain trees,
// no batches. Where it and the vault differ, one of them is wrong.
package vaultmodel

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard/structure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Model is a vault in memory. Safe for concurrent use.
type Model struct {
	now func() time.Time

	mu     sync.Mutex // guards all below, and everything reached from it
	shares []*share
	live   map[pathname.Path]*liveFile // by NFC path
	frozen map[pathname.Path]bool      // shares that nobody may write to, by NFC path
	ended  map[id.Session]bool
	free   int64
	fault  func(op string, name pathname.Path) error
	opened int
}

// New returns a model without shares.
func New(now func() time.Time) *Model {
	return &Model{now: now, live: make(map[pathname.Path]*liveFile), frozen: make(map[pathname.Path]bool),
		ended: make(map[id.Session]bool), free: 1 << 40}
}

// Restart forgets what a vault keeps in memory only: which file had a name a moment ago.
func (m *Model) Restart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, sh := range m.shares {
		clear(sh.vacated)
	}
}

// AddShare makes a share that every session may read and write.
func (m *Model) AddShare(name string) id.Share {
	m.mu.Lock()
	defer m.mu.Unlock()
	sh := &share{id: id.NewShare(), name: name, root: newDir(), versions: make(map[id.Version]*version), vacated: make(map[spot]departure)}
	m.shares = append(m.shares, sh)
	return sh.id
}

// SetReadOnly lets nobody write to a share, or everybody again.
func (m *Model) SetReadOnly(share string, yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen[keyPath(pathname.Root.Join(share))] = yes
}

// SetFree sets how many bytes Space says are free.
func (m *Model) SetFree(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = n
}

// SetFault lets every call ask f first, with the model locked; what f returns is returned instead. Writes to a
// draft ask as "write", reads of a file as "read". nil ends it.
func (m *Model) SetFault(f func(op string, name pathname.Path) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// Opened counts the versions that Open has handed out: each is a release of a key in the real vault.
func (m *Model) Opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opened
}

// As returns what a session may do, with the lock tokens that it presents.
func (m *Model) As(s account.Session, tokens ...string) vault.Files {
	return &view{m: m, s: s, tokens: tokens}
}

// view is one session's vault.Files.
type view struct {
	m      *Model
	s      account.Session
	tokens []string
	expect []vault.Info // by the next act
}

// Expecting implements vault.Files.
func (w *view) Expecting(seen ...vault.Info) vault.Files {
	return &view{m: w.m, s: w.s, tokens: w.tokens, expect: seen}
}

// share is a tree.
type share struct {
	id       id.Share
	name     string
	root     *node
	versions map[id.Version]*version
	vacated  map[spot]departure
	held     []*held // locks, in the order in which they were taken
}

// node is a file or directory.
type node struct {
	file     id.File
	parent   *node
	name     string
	dir      bool
	created  time.Time
	modified time.Time // as a client set it since the last version
	removed  time.Time
	props    []commit.Prop
	head     *version // nil: never had content
	number   int
	changes  []vault.Change // oldest first

	kids map[string]*node // shown, by key
	gone []*node          // removed, latest last
}

func newDir() *node { return &node{dir: true, kids: make(map[string]*node)} }

// version is an immutable content.
type version struct {
	vault.Info
	data []byte
}

// stamp is the time of an act, as precise as records keep it.
func (m *Model) stamp() time.Time { return m.now().UTC().Truncate(time.Microsecond) }

func keyPath(name pathname.Path) pathname.Path { return pathname.Path(pathname.Key(string(name))) }

// enter finds the share of a path. Every method begins here, with the model locked.
func (w *view) enter(op string, name pathname.Path, write bool) (*share, error) {
	if w.m.ended[w.s.ID] {
		return nil, &problem.Error{Kind: problem.Unauthenticated, Op: op, Hint: "hint.log-in-again"}
	}
	if w.m.fault != nil {
		if err := w.m.fault(op, name); err != nil {
			return nil, err
		}
	}
	key := pathname.Key(name.Share())
	for _, sh := range w.m.shares {
		if pathname.Key(sh.name) != key {
			continue
		}
		if write && w.m.readOnly(sh) {
			return nil, problem.New(problem.Denied, op, string(name), nil)
		}
		return sh, nil
	}
	switch {
	case write && len(name.Names()) == 1:
		return nil, &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.share-by-administrator"}
	case write:
		return nil, problem.New(problem.Conflict, op, string(name), nil)
	}
	return nil, problem.New(problem.NotFound, op, string(name), nil)
}

func (m *Model) readOnly(sh *share) bool { return m.frozen[keyPath(pathname.Root.Join(sh.name))] }

// target is a path followed as far as it goes.
type target struct {
	sh   *share
	name pathname.Path
	path pathname.Path // with the names as they were given
	dir  *node         // the directory; nil for the root of the share
	node *node         // what stands there, or nil
}

// follow walks a path. A parent that is missing or no directory is a Conflict.
func (sh *share) follow(op string, name pathname.Path) (target, error) {
	t := target{sh: sh, name: name, path: pathname.Root.Join(sh.name), node: sh.root}
	for _, n := range name.Names()[1:] {
		if t.node == nil || !t.node.dir {
			return t, problem.New(problem.Conflict, op, string(name), nil)
		}
		t.dir, t.node = t.node, t.node.kids[pathname.Key(n)]
		if t.node != nil {
			n = t.node.name
		}
		t.path = t.path.Join(n)
	}
	return t, nil
}

// toChange is enter and follow for a change; the root of a share is refused.
func (w *view) toChange(op string, name pathname.Path) (target, error) {
	sh, err := w.enter(op, name, true)
	if err == nil {
		err = w.expected(name)
	}
	if err != nil {
		return target{}, err
	}
	t, err := sh.follow(op, name)
	if err == nil && t.node == sh.root {
		err = &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.share-by-administrator"}
	}
	return t, err
}

// expected fails unless the names in the share of an act still show what was seen there.
func (w *view) expected(act pathname.Path) error {
	seen := w.expect
	w.expect = nil
	for _, was := range seen {
		if was.Live || len(was.Path.Names()) < 2 || pathname.Key(was.Path.Share()) != pathname.Key(act.Share()) {
			continue
		}
		i, err := w.stat(was.Path)
		if err != nil && problem.KindOf(err) != problem.NotFound {
			return err
		}
		if i.File != was.File || i.Version != was.Version {
			return problem.New(problem.Condition, "check condition", string(was.Path), nil)
		}
	}
	return nil
}

// existing is toChange for something that must be there.
func (w *view) existing(op string, name pathname.Path) (target, error) {
	t, err := w.toChange(op, name)
	if problem.KindOf(err) == problem.Conflict || err == nil && t.node == nil {
		return t, problem.New(problem.NotFound, op, string(name), nil)
	}
	return t, err
}

// note writes a line of a node's history.
func (w *view) note(n *node, kind commit.Kind, i vault.Info) {
	n.changes = append(n.changes, vault.Change{Kind: kind, When: w.m.stamp(), Author: w.s.Name, Name: n.name, Info: i})
}

// place makes n stand at dir/name; what stood there is removed.
func (w *view) place(n, dir *node, name string) {
	n.detach()
	if other := dir.kids[pathname.Key(name)]; other != nil {
		w.vanish(other)
	}
	if n.created.IsZero() {
		n.created = w.m.stamp()
	}
	n.parent, n.name, n.removed = dir, name, time.Time{}
	dir.kids[pathname.Key(name)] = n
}

// detach takes n from where it stands or stood.
func (n *node) detach() {
	if n.parent == nil {
		return
	}
	if n.removed.IsZero() {
		delete(n.parent.kids, pathname.Key(n.name))
		return
	}
	n.parent.gone = slices.DeleteFunc(n.parent.gone, func(g *node) bool { return g == n })
}

// vanish removes n from what is shown.
func (w *view) vanish(n *node) {
	n.detach()
	n.removed = w.m.stamp()
	n.parent.gone = append(n.parent.gone, n)
	w.note(n, commit.Remove, vault.Info{})
}

// save gives n one more version.
func (w *view) save(t target, n *node, kind commit.Kind, data []byte, modified time.Time, sums []commit.Sum) {
	n.number++
	v := &version{data: data, Info: vault.Info{Path: t.path, Share: t.sh.id, File: n.file, Version: id.NewVersion(), Number: n.number,
		Size: int64(len(data)), Created: n.created, Modified: modified, Saved: w.m.stamp(), Author: w.s.Name, Door: w.s.Door, Sums: sums, Equal: sha256.Sum256(data), Found: vault.Found(structure.Bytes(data, false), false)}}
	t.sh.versions[v.Version] = v
	n.head, n.modified = v, time.Time{}
	w.note(n, kind, v.Info)
}

// info tells about a target.
func (t target) info() vault.Info {
	n := t.node
	i := vault.Info{Path: t.path, Share: t.sh.id, File: n.file, Dir: n.dir, Created: n.created, Modified: n.created, Removed: n.removed, Props: slices.Clone(n.props)}
	if n.head != nil {
		h := n.head.Info
		i.Version, i.Number, i.Size, i.Modified, i.Saved, i.Author, i.Door, i.Sums, i.Equal, i.Found =
			h.Version, h.Number, h.Size, h.Modified, h.Saved, h.Author, h.Door, slices.Clone(h.Sums), h.Equal, h.Found
	}
	if !n.modified.IsZero() {
		i.Modified = n.modified
	}
	if n.dir {
		_, i.Hidden = vault.Live(n.name)
	}
	return i
}

// above yields the directories over a target, the root of the share included.
func (t target) above() (all []*node) {
	for d := t.dir; d != nil; d = d.parent {
		all = append(all, d)
	}
	return all
}
