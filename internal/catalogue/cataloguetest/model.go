package cataloguetest

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
)

// model is a View of one share that is too simple to be wrong: maps, and loops over all of them.
type model struct {
	applied  pack.Position
	nodes    map[id.File]*catalogue.Node
	changes  map[id.File][]catalogue.Change     // earliest first
	log      []logged                           // all of them, in their order
	versions map[id.Version]catalogue.Version   // the first of each id
	linked   map[id.Version][]catalogue.Version // by the version whose key opens them
	removals map[id.File]int                    // order of making, for what was removed at one time
	chunks   map[id.Chunk]pack.Place
	expired  map[id.Version]id.Version // their keys
	stray    map[id.Version]bool       // keys that a version has whose id came again
	epochs   map[id.Epoch][]byte
	previews map[id.Version]catalogue.Preview
	held     []catalogue.Held
	actor    catalogue.Actor // of the record that is being applied
	pack     uint64          // in which it stands
}

// logged is a change, as far as Changed, Touched and Since tell it.
type logged struct {
	file   id.File
	when   time.Time
	actor  catalogue.Actor
	change catalogue.Change
	pack   uint64
}

var _ catalogue.View = (*model)(nil)

func newModel() *model {
	return &model{nodes: make(map[id.File]*catalogue.Node), changes: make(map[id.File][]catalogue.Change),
		versions: make(map[id.Version]catalogue.Version), linked: make(map[id.Version][]catalogue.Version),
		removals: make(map[id.File]int), chunks: make(map[id.Chunk]pack.Place), epochs: make(map[id.Epoch][]byte), previews: make(map[id.Version]catalogue.Preview),
		expired: make(map[id.Version]id.Version), stray: make(map[id.Version]bool)}
}

// clone returns a copy, for what a transaction that rolls back leaves behind.
func (m *model) clone() *model {
	c := *m
	c.nodes = make(map[id.File]*catalogue.Node, len(m.nodes))
	for f, n := range m.nodes {
		copied := *n
		c.nodes[f] = &copied
	}
	c.log = slices.Clip(m.log)
	c.changes, c.versions, c.linked = maps.Clone(m.changes), maps.Clone(m.versions), maps.Clone(m.linked)
	c.removals, c.chunks, c.epochs = maps.Clone(m.removals), maps.Clone(m.chunks), maps.Clone(m.epochs)
	c.expired, c.stray = maps.Clone(m.expired), maps.Clone(m.stray)
	c.previews, c.held = maps.Clone(m.previews), slices.Clone(m.held)
	return &c
}

func (m *model) apply(b catalogue.Batch) {
	if !m.applied.Before(b.UpTo) {
		return
	}
	for _, c := range b.Chunks {
		if !c.Place.Before(m.applied) {
			m.chunks[c.ID] = c.Place
		}
	}
	for _, g := range b.Gone {
		for _, c := range g.Chunks {
			if at, ok := m.chunks[c]; ok && at.Position.Before(g.Place) && !g.Place.Before(m.applied) {
				delete(m.chunks, c)
			}
		}
	}
	for _, e := range b.Epochs {
		if _, ok := m.epochs[e.ID]; !ok {
			m.epochs[e.ID] = e.Enc
		}
	}
	for _, c := range b.Commits {
		if c.Place.Before(m.applied) {
			continue
		}
		m.actor = catalogue.Actor{Session: c.Session, Account: c.Account, Device: c.Device, Author: c.Author, Door: c.Door}
		m.pack = c.Place.Pack
		for _, op := range c.Ops {
			m.op(c, op)
		}
	}
	m.applied = b.UpTo
}

func (m *model) op(c catalogue.Committed, op commit.Op) {
	if op.Kind == commit.Preview {
		m.previews[op.Key] = catalogue.Preview{Shows: op.Key, Version: op.Version, Epoch: op.Epoch, Size: op.Size, Manifest: c.Manifests[op.Version]}
		return
	}
	places := op.Kind <= commit.SetProp && op.Kind != commit.Remove && op.Kind != commit.SetProp
	n, known := m.nodes[op.File]
	if op.File.IsZero() || !known && !places {
		return
	}
	when := stored(c.When)
	if !known {
		n = &catalogue.Node{File: op.File, Created: when, Dir: op.Kind == commit.Mkdir || op.Kind == commit.Move}
		m.nodes[op.File] = n
		m.removals[op.File] = len(m.removals)
	}
	change := catalogue.Change{Kind: op.Kind, When: when, Author: c.Author, Account: c.Account, Session: c.Session, Device: c.Device, Door: c.Door, Parent: op.Parent, Name: op.Name, Sign: op.Sign}
	if places {
		n.Parent, n.Name, n.Removed = op.Parent, op.Name, time.Time{}
		m.giveWay(n, catalogue.Change{Kind: commit.Remove, When: when, Author: c.Author, Account: c.Account, Session: c.Session,
			Device: c.Device, Door: c.Door})
	}
	switch op.Kind {
	case commit.Mkdir, commit.Touch:
		if !op.Modified.IsZero() {
			n.Modified = stored(op.Modified)
		}
	case commit.Save, commit.Link:
		change.Version = m.version(c, op)
		n.Dir, n.Head, n.Modified = false, change.Version, time.Time{}
	case commit.Hold:
		change.Version = m.version(c, op)
	case commit.HoldRemove, commit.Settle, commit.Expire:
		change.Version = catalogue.Version{Content: commit.Content{Version: op.Version}, Author: c.Author,
			Account: c.Account, Session: c.Session, Device: c.Device, Door: c.Door}
	case commit.Remove:
		n.Removed = when
	case commit.SetProp:
		n.Props, n.Modified = op.Props, stored(op.Modified)
	}
	m.change(op.File, change)
	m.doubt(op, change)
	if v, ok := m.versions[op.Version]; ok && op.Kind == commit.Expire {
		m.expired[op.Version] = v.Key
	}
}

func (m *model) doubt(op commit.Op, change catalogue.Change) {
	i := slices.IndexFunc(m.held, func(h catalogue.Held) bool { return h.Version.Version == op.Version })
	switch {
	case (op.Kind == commit.Hold || op.Kind == commit.HoldRemove) && i < 0:
		m.held = append(m.held, catalogue.Held{File: op.File, Change: change})
		m.nodes[op.File].Held++
	case op.Kind == commit.Settle && i >= 0 && m.held[i].File == op.File:
		m.held = slices.Delete(m.held, i, i+1)
		m.nodes[op.File].Held--
	}
}

// Held implements catalogue.View.
func (m *model) Held(_ context.Context, file id.File) iter.Seq2[catalogue.Held, error] {
	return func(yield func(catalogue.Held, error) bool) {
		for _, h := range m.held {
			if (file.IsZero() || h.File == file) && !yield(h, nil) {
				return
			}
		}
	}
}

func (m *model) change(file id.File, c catalogue.Change) {
	m.changes[file] = append(m.changes[file], c)
	m.log = append(m.log, logged{file, c.When, m.actor, c, m.pack})
}

func (m *model) giveWay(n *catalogue.Node, removal catalogue.Change) {
	for _, other := range m.nodes {
		if other.File != n.File && other.Removed.IsZero() && other.Parent == n.Parent && pathname.Key(other.Name) == pathname.Key(n.Name) {
			other.Removed = removal.When
			m.change(other.File, removal)
		}
	}
}

func (m *model) version(c catalogue.Committed, op commit.Op) catalogue.Version {
	v := catalogue.Version{Content: op.Content, File: op.File, Number: 1, Saved: stored(c.When), Author: c.Author,
		Account: c.Account, Session: c.Session, Device: c.Device, Door: c.Door}
	v.Modified = stored(v.Modified)
	for _, before := range m.changes[op.File] {
		if before.Kind.HasContent() {
			v.Number++
		}
	}
	v.Manifest = c.Manifests[op.Version]
	if at, ok := c.Manifests[op.Key]; ok {
		v.Manifest = at
	} else if _, ok := c.Manifests[op.Version]; !ok && op.Key != op.Version {
		if saved, ok := m.versions[op.Key]; ok {
			v.Manifest = saved.Manifest
		} else if others := m.linked[op.Key]; len(others) > 0 {
			v.Manifest = others[0].Manifest
		}
	}
	if _, ok := m.versions[v.Version]; !ok {
		m.versions[v.Version] = v
	}
	if is := m.versions[v.Version]; v.Key != v.Version && (is.File != v.File || is.Number != v.Number) {
		m.stray[v.Key] = true
	}
	if v.Key != v.Version {
		m.linked[v.Key] = append(m.linked[v.Key], v)
	}
	return v
}

// stored is a time as it comes back: UTC, microseconds.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (m *model) find(what func(*catalogue.Node) bool) (out []catalogue.Node) {
	for _, f := range slices.SortedFunc(maps.Keys(m.nodes), func(a, b id.File) int { return bytes.Compare(a[:], b[:]) }) {
		if what(m.nodes[f]) {
			out = append(out, *m.nodes[f])
		}
	}
	return out
}

func called(dir id.File, name string) func(*catalogue.Node) bool {
	return func(n *catalogue.Node) bool { return n.Parent == dir && pathname.Key(n.Name) == pathname.Key(name) }
}

func (m *model) Child(_ context.Context, dir id.File, name string) (catalogue.Node, error) {
	is := called(dir, name)
	for _, n := range m.find(func(n *catalogue.Node) bool { return n.Removed.IsZero() && is(n) }) {
		return n, nil
	}
	return catalogue.Node{}, catalogue.ErrNone
}

func (m *model) Former(_ context.Context, dir id.File, name string) ([]catalogue.Node, error) {
	is := called(dir, name)
	out := m.find(func(n *catalogue.Node) bool { return !n.Removed.IsZero() && is(n) })
	slices.SortFunc(out, func(a, b catalogue.Node) int {
		return cmp.Or(b.Removed.Compare(a.Removed), m.removals[b.File]-m.removals[a.File])
	})
	return out, nil
}

func (m *model) Node(_ context.Context, file id.File) (catalogue.Node, error) {
	if n, ok := m.nodes[file]; ok {
		return *n, nil
	}
	return catalogue.Node{}, catalogue.ErrNone
}

func (m *model) List(_ context.Context, dir id.File, removed bool) iter.Seq2[catalogue.Node, error] {
	return func(yield func(catalogue.Node, error) bool) {
		for _, n := range m.find(func(n *catalogue.Node) bool { return n.Parent == dir && n.Removed.IsZero() != removed }) {
			if !yield(n, nil) {
				return
			}
		}
	}
}

// Changed implements catalogue.View.
func (m *model) Changed(_ context.Context, since time.Time) iter.Seq2[catalogue.Changed, error] {
	return func(yield func(catalogue.Changed, error) bool) {
		for _, l := range slices.Backward(m.log) {
			if !l.when.After(since) || !yield(catalogue.Changed{File: l.file, Change: l.change}, nil) {
				return
			}
		}
	}
}

// Touched implements catalogue.View. Nodes are numbered in the order in which they were made.
func (m *model) Touched(_ context.Context, since time.Time, pick func(catalogue.Actor) bool) (out []catalogue.Ref, _ error) {
	for _, l := range slices.Backward(m.log) {
		if !l.when.After(since) {
			break
		}
		if pick(l.actor) {
			out = append(out, catalogue.Ref{Num: int64(m.removals[l.file]), Dir: m.nodes[l.file].Dir})
		}
	}
	slices.SortFunc(out, func(a, b catalogue.Ref) int { return cmp.Compare(a.Num, b.Num) })
	return slices.Compact(out), nil
}

// Nodes implements catalogue.View.
func (m *model) Nodes(context.Context) (*catalogue.Refs, error) {
	out := new(catalogue.Refs)
	for file, num := range m.removals {
		out.Add(catalogue.Ref{Num: int64(num), Dir: m.nodes[file].Dir})
	}
	return out, nil
}

// Stories implements catalogue.View.
func (m *model) Stories(_ context.Context, refs []catalogue.Ref, at time.Time) ([]catalogue.Story, error) {
	out := make([]catalogue.Story, len(refs))
	for i, r := range refs {
		for file, num := range m.removals {
			if int64(num) == r.Num {
				out[i] = m.story(file, at)
			}
		}
	}
	return out, nil
}

func (m *model) story(file id.File, at time.Time) (s catalogue.Story) {
	s.Node = *m.nodes[file]
	s.Node.Props = nil
	for _, c := range slices.Backward(m.changes[file]) {
		s.Changes = append(s.Changes, c)
		enough := c.Kind == commit.Save || c.Kind == commit.Link
		if s.Node.Dir {
			enough = enough || c.Kind == commit.Mkdir || c.Kind == commit.Touch || c.Kind == commit.Move
		}
		if enough && !c.When.After(at) {
			break
		}
	}
	return s
}

// Below implements catalogue.View.
func (m *model) Below(_ context.Context, dir id.File) (b catalogue.Below, _ error) {
	seen := map[id.File]bool{dir: true}
	for todo := []id.File{dir}; len(todo) > 0; todo = todo[1:] {
		for _, n := range m.nodes {
			switch {
			case n.Parent != todo[0] || !n.Removed.IsZero():
			case !n.Dir:
				b.Files++
				if b.Bytes += n.Head.Size; b.Bytes < 0 {
					b.Bytes = math.MaxInt64
				}
				if !n.Head.Version.IsZero() || n.Head.Number > 0 {
					b.Contents++
				}
			case !seen[n.File]:
				seen[n.File] = true
				todo = append(todo, n.File)
			}
		}
	}
	return b, nil
}

// Mark implements catalogue.View.
func (m *model) Mark(context.Context) (int64, error) { return int64(len(m.log)), nil }

// Since implements catalogue.View.
func (m *model) Since(_ context.Context, mark int64) (out []id.File, _ error) {
	for _, l := range m.log[mark:] {
		out = append(out, l.file)
	}
	return out, nil
}

func (m *model) History(_ context.Context, file id.File) iter.Seq2[catalogue.Change, error] {
	return func(yield func(catalogue.Change, error) bool) {
		if _, ok := m.nodes[file]; !ok {
			yield(catalogue.Change{}, catalogue.ErrNone)
		}
		for _, c := range slices.Backward(m.changes[file]) {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (m *model) Version(_ context.Context, v id.Version) (catalogue.Version, error) {
	if found, ok := m.versions[v]; ok {
		return found, nil
	}
	return catalogue.Version{}, catalogue.ErrNone
}

func (m *model) Chunks(_ context.Context, ids []id.Chunk) ([]pack.Place, error) {
	out := make([]pack.Place, len(ids))
	for i, c := range ids {
		out[i] = m.chunks[c]
	}
	return out, nil
}

func (m *model) Previews(_ context.Context, shows []id.Version) ([]catalogue.Preview, error) {
	out := make([]catalogue.Preview, len(shows))
	for i, s := range shows {
		out[i] = m.previews[s]
	}
	return out, nil
}

func (m *model) Epoch(_ context.Context, e id.Epoch) ([]byte, error) {
	if enc, ok := m.epochs[e]; ok {
		return enc, nil
	}
	return nil, catalogue.ErrNone
}

func (m *model) Totals(context.Context) (t catalogue.Totals, err error) {
	for _, n := range m.nodes {
		switch {
		case !n.Removed.IsZero():
			t.Removed++
		case n.Dir:
			t.Dirs++
		default:
			t.Files++
			t.Bytes += n.Head.Size
		}
		for _, c := range m.changes[n.File] {
			if c.Kind.HasContent() {
				t.Versions++
			}
		}
	}
	t.Chunks = int64(len(m.chunks))
	return t.Bounded(), nil
}

func (m *model) Digest(context.Context) ([32]byte, error) {
	h := catalogue.NewHasher()
	for v := range m.expired {
		h.Expired(v)
	}
	all := m.find(func(*catalogue.Node) bool { return true })
	for _, n := range all {
		h.Node(n)
	}
	for _, n := range all {
		for _, c := range m.changes[n.File] {
			h.Change(n.File, c)
		}
	}
	for _, c := range slices.SortedFunc(maps.Keys(m.chunks), func(a, b id.Chunk) int { return bytes.Compare(a[:], b[:]) }) {
		h.Chunk(catalogue.Located[id.Chunk]{ID: c, Place: m.chunks[c]})
	}
	for _, e := range slices.SortedFunc(maps.Keys(m.epochs), func(a, b id.Epoch) int { return bytes.Compare(a[:], b[:]) }) {
		h.Epoch(catalogue.Encapsulation{ID: e, Enc: m.epochs[e]})
	}
	for _, s := range slices.SortedFunc(maps.Keys(m.previews), func(a, b id.Version) int { return bytes.Compare(a[:], b[:]) }) {
		if !m.forsaken(s) {
			h.Preview(m.previews[s])
		}
	}
	return h.Sum(), nil
}
