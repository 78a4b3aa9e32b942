package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// target is a path followed as far as it goes: its directory, and what stands there.
type target struct {
	name   pathname.Path
	path   pathname.Path // with the names as they were given
	dir    id.File       // the directory; zero for the root of the share
	chain  []id.File     // the directories from the root of the share to dir, both included
	node   catalogue.Node
	exists bool
	hidden bool // it exists for others: the session's person has removed it, and the removal is held
}

// shown reports whether the session's person sees something there.
func (t target) shown() bool { return t.exists && !t.hidden }

// follow walks a path of a share. A missing or non-directory parent is a Conflict. known may be nil.
func follow(ctx context.Context, v catalogue.View, known *dirs, op string, name pathname.Path, share string) (target, error) {
	t := target{name: name, path: pathname.Root.Join(share), chain: []id.File{{}}}
	names := name.Names()[1:]
	if len(names) == 0 {
		t.exists, t.node = true, catalogue.Node{Dir: true}
		return t, nil
	}
	if err := t.descend(ctx, v, known, op); err != nil {
		return t, err
	}
	last := names[len(names)-1]
	node, err := known.child(ctx, v, t.dir, last)
	switch {
	case errors.Is(err, catalogue.ErrNone):
		t.path = t.path.Join(last)
	case err != nil:
		return t, problem.New(problem.Internal, op, string(name), err)
	default:
		t.path, t.node, t.exists = t.path.Join(node.Name), node, true
	}
	return t, nil
}

// descend goes from the root of the share to the directory of the name.
func (t *target) descend(ctx context.Context, v catalogue.View, known *dirs, op string) error {
	for _, n := range t.name.Dir().Names()[1:] {
		if known != nil {
			if node, _, ok := known.get(t.dir, n); ok {
				t.enter(node)
				continue
			}
		}
		node, err := known.child(ctx, v, t.dir, n)
		switch {
		case errors.Is(err, catalogue.ErrNone):
			return problem.New(problem.Conflict, op, string(t.name), errors.New("the directory above does not exist"))
		case err != nil:
			return problem.New(problem.Internal, op, string(t.name), err)
		case !node.Dir:
			return problem.New(problem.Conflict, op, string(t.name), errors.New("a file stands where a directory should be"))
		}
		t.enter(node)
	}
	return nil
}

// enter goes on into a directory.
func (t *target) enter(dir catalogue.Node) {
	t.path, t.dir = t.path.Join(dir.Name), dir.File
	t.chain = append(t.chain, dir.File)
}

// child looks a name up and remembers it if it is a directory.
func (d *dirs) child(ctx context.Context, v catalogue.View, dir id.File, name string) (catalogue.Node, error) {
	if d == nil {
		return v.Child(ctx, dir, name)
	}
	_, age, _ := d.get(dir, name)
	n, err := v.Child(ctx, dir, name)
	if err == nil && n.Dir && n.Held == 0 { // what is held leads its author elsewhere than others
		d.put(dir, name, n, age)
	}
	return n, err
}

// isRoot reports whether the target is the root of its share, which nobody but the keeper changes.
func (t target) isRoot() bool { return t.exists && t.node.File.IsZero() }

// target follows a path inside a plan, for a change: the root of a share is refused.
func (p *planner) target(op string, name pathname.Path, w *view) (target, error) {
	known := &p.sh.dirs
	if p.req != nil && known.dirty { // by an act of this group that nobody sees yet
		known = nil
	}
	t, err := follow(p.ctx, p.View, known, op, name, name.Share())
	if err == nil && !t.exists && p.mine != nil && !p.mine.hid.File.IsZero() {
		t.node, t.exists, t.hidden = p.mine.hid, true, true
	}
	if err == nil && t.isRoot() {
		err = &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.share-by-administrator"}
	}
	return t, err
}

// mustExist is target for something that must be there.
func (p *planner) mustExist(op string, name pathname.Path, w *view) (target, error) {
	t, err := p.target(op, name, w)
	if problem.KindOf(err) == problem.Conflict || err == nil && !t.shown() {
		return t, problem.New(problem.NotFound, op, string(name), nil)
	}
	return t, err
}

// expected fails unless the names of the share still show what was seen there.
func (p *planner) expected(seen []Info) error {
	for _, was := range seen {
		if was.Live || len(was.Path.Names()) < 2 || pathname.Key(was.Path.Share()) != pathname.Key(p.req.name.Share()) {
			continue
		}
		t, err := follow(p.ctx, p.View, nil, "check condition", was.Path, was.Path.Share())
		if err != nil && problem.KindOf(err) != problem.Conflict {
			return err
		}
		if t.node.File != was.File || t.node.Head.Version != was.Version {
			return problem.New(problem.Condition, "check condition", string(was.Path), errors.New("it has changed meanwhile"))
		}
	}
	return nil
}

// info tells about a target as the session sees it.
func (p *planner) info(w *view, t target) Info {
	if !t.shown() {
		return Info{}
	}
	return info(t.path, p.sh.id, t.node)
}

// info makes an Info of a node.
func info(path pathname.Path, share id.Share, n catalogue.Node) Info {
	i := Info{Path: path, Share: share, File: n.File, Dir: n.Dir, Created: n.Created, Removed: n.Removed, Props: n.Props, Modified: n.Created}
	if h := n.Head; !h.Version.IsZero() {
		i.version(h)
	}
	if !n.Modified.IsZero() {
		i.Modified = n.Modified
	}
	return i
}

func (i *Info) version(v catalogue.Version) {
	i.Version, i.Number, i.Size, i.Modified, i.Saved, i.Author, i.Door, i.Sums, i.Equal, i.Found =
		v.Version, v.Number, v.Size, v.Modified, v.Saved, v.Author, v.Door, v.Sums, v.Equal, v.Found
}

// candidates finds every node that stands or once stood at a path, what is shown first, then what was
// removed latest. It looks into removed directories too, so that the history of a path outlives them.
func candidates(ctx context.Context, v catalogue.View, names []string) ([]catalogue.Node, error) {
	const most = 64 // nodes at one step: a name that was removed and made anew again and again
	dirs := []id.File{{}}
	var found []catalogue.Node
	for i, n := range names {
		found = nil
		for _, dir := range dirs {
			if node, err := v.Child(ctx, dir, n); err == nil {
				found = append(found, node)
			} else if !errors.Is(err, catalogue.ErrNone) {
				return nil, err
			}
			former, err := v.Former(ctx, dir, n)
			if err != nil {
				return nil, err
			}
			found = append(found, former...)
		}
		slices.SortStableFunc(found, func(a, b catalogue.Node) int {
			if a.Removed.IsZero() != b.Removed.IsZero() {
				if a.Removed.IsZero() {
					return -1
				}
				return 1
			}
			return b.Removed.Compare(a.Removed)
		})
		found = found[:min(len(found), most)]
		if i == len(names)-1 {
			break
		}
		dirs = nil
		for _, f := range found {
			if f.Dir {
				dirs = append(dirs, f.File)
			}
		}
	}
	return found, nil
}

// link is a new version with the content of an older one.
func link(file, parent id.File, name string, of catalogue.Version) commit.Op {
	c := of.Content
	c.Version = id.NewVersion()
	return commit.Op{Kind: commit.Link, File: file, Parent: parent, Name: name, Content: c}
}

// freshAs makes a new file stand at parent/name with the content of node: a link, or a placeholder if node
// never had content.
func freshAs(file, parent id.File, name string, node catalogue.Node) commit.Op {
	if node.Head.Version.IsZero() {
		return commit.Op{Kind: commit.Touch, File: file, Parent: parent, Name: name, Content: commit.Content{Modified: node.Modified}}
	}
	op := link(file, parent, name, node.Head)
	if !node.Modified.IsZero() {
		op.Modified = node.Modified
	}
	return op
}

// placeAs is freshAs for a file that may have had content: then no content is a version, too.
func (p *planner) placeAs(file, parent id.File, name string, node catalogue.Node) (commit.Op, error) {
	old, err := p.Node(p.ctx, file)
	if errors.Is(err, catalogue.ErrNone) || err == nil && (old.Head.Version.IsZero() || !node.Head.Version.IsZero()) {
		return freshAs(file, parent, name, node), nil
	}
	if err != nil {
		return commit.Op{}, problem.New(problem.Internal, "save", name, err)
	}
	p.req.lost = p.sh.lost
	defer p.req.key.Zero()
	c, err := p.req.seal(p.v, commit.Manifest{}, p.sh.meta.Equal(emptySum[:]))
	if c.Modified = node.Modified; c.Modified.IsZero() {
		c.Modified = node.Created
	}
	return commit.Op{Kind: commit.Save, File: file, Parent: parent, Name: name, Content: c}, err
}

// emptySum is the SHA-256 of no content.
var emptySum = sha256.Sum256(nil)
