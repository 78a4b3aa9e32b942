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
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Actor is who acted.
type Actor = catalogue.Actor

// Suspects are the parties and the time whose acts are asked for.
type Suspects struct {
	From, To time.Time // To zero: until now
	Pick     func(Actor) bool
	// During reports whether an actor that Pick has picked was suspect at a time; nil: all the time.
	During func(Actor, time.Time) bool
}

// Hurt is a word for what was done to a file.
type Hurt string

// The words. A file can have several.
const (
	Encrypted Hurt = "encrypted" // its content is not what its kind is any more
	Altered   Hurt = "altered"   // it has another content
	Emptied   Hurt = "emptied"   // it has no content any more
	Gone      Hurt = "removed"   // it is not shown any more
	Retitled  Hurt = "renamed"   // it stands elsewhere, or under another name
	New       Hurt = "new"       // it was not there before
	Note      Hurt = "note"      // it was not there before, nor was the same content in other folders
	HeldBack  Hurt = "held"      // it would have been hurt: the guard has held that back
)

// Harm is what suspects have done to one file.
type Harm struct {
	Path   pathname.Path // where it stood before; of what is new, where it was made
	Now    pathname.Path // where it stands; empty: it is not shown
	Hurts  []Hurt
	Sign   guard.Sign // the first that the guard saw
	When   time.Time  // the first act
	By     string
	Dir    bool
	Was    Info // the version before, which is there as it was; no version: it had no content, or is new
	Head   Info // what is shown now
	Later  bool // somebody else has changed it since
	node   catalogue.Node
	before was
	stood  bool // there was something before
	holds  []catalogue.Held
}

// hurt reports whether something is not as it was.
func (h *Harm) hurt(of Hurt) bool { return slices.Contains(h.Hurts, of) }

// Extent is how much of a share was hurt.
type Extent struct {
	Files, Bytes int64 // of the share now, and what was removed
}

// Harm tells what suspects have done in a share, by path. It is a query on what was recorded at the saves.
func (v *Vault) Harm(ctx context.Context, s account.Session, share pathname.Path, by Suspects) ([]Harm, Extent, error) {
	const op = "list"
	w := &view{v: v, s: s}
	sh, a, err := w.enter(ctx, op, share, false)
	if err != nil {
		return nil, Extent{}, err
	}
	cat := v.cfg.Catalogue.View(sh.id, sh.meta)
	list, err := harms(ctx, cat, sh.id, a.Name, by)
	if err != nil {
		return nil, Extent{}, problem.New(problem.Internal, op, string(share), err)
	}
	t, err := cat.Totals(ctx)
	if err != nil {
		return nil, Extent{}, problem.New(problem.Internal, op, string(share), err)
	}
	e := Extent{Files: t.Files, Bytes: t.Bytes}
	for _, h := range list {
		if h.hurt(Gone) {
			e.Files, e.Bytes = e.Files+1, e.Bytes+h.Was.Size
		}
	}
	return list, e, nil
}

// touched is what suspects did to a file, from the acts alone.
type touched struct {
	first, last time.Time
	sign        string
	by          string
	holds       bool
	acts        bool // other than holds
}

func harms(ctx context.Context, cat catalogue.View, share id.Share, name string, by Suspects) ([]Harm, error) {
	files := make(map[id.File]*touched)
	sessions := make(map[id.Session]Actor)
	pick := func(a catalogue.Actor) bool {
		ok := by.Pick(a)
		if ok {
			sessions[a.Session] = a
		}
		return ok
	}
	for a, err := range cat.Acts(ctx, by.From, pick) {
		if err != nil {
			return nil, err
		}
		if !by.To.IsZero() && a.When.After(by.To) || by.During != nil && !by.During(sessions[a.Session], a.When) || a.Kind == commit.SetProp || a.Kind == commit.Settle {
			continue
		}
		t := files[a.File]
		if t == nil {
			t = &touched{last: a.When}
			files[a.File] = t
		}
		t.first, t.by = a.When, a.Author
		t.sign = cmp.Or(a.Sign, t.sign)
		if a.Kind == commit.Hold || a.Kind == commit.HoldRemove {
			t.holds = true
		} else {
			t.acts = true
		}
	}
	q := &harmed{ctx: ctx, cat: cat, share: share, name: name, sessions: sessions, now: make(map[id.File]pathname.Path), then: make(map[id.File]pathname.Path),
		moved: make(map[id.File]was)}
	out := make([]Harm, 0, len(files))
	for file, t := range files {
		h, ok, err := q.file(file, t)
		if err != nil {
			return nil, err
		}
		if h.Dir && h.stood {
			q.moved[file] = h.before
		}
		if ok {
			out = append(out, h)
		}
	}
	for i := range out {
		if err := q.places(&out[i]); err != nil {
			return nil, err
		}
	}
	notes(out)
	slices.SortFunc(out, func(a, b Harm) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return out, nil
}

// harmed finds out about one file after the other.
type harmed struct {
	ctx      context.Context
	cat      catalogue.View
	share    id.Share
	name     string
	sessions map[id.Session]Actor
	now      map[id.File]pathname.Path // of directories, as they are now
	then     map[id.File]pathname.Path // as they were
	moved    map[id.File]was           // directories that the suspects have touched, as they were
}

// theirs reports whether a session is of a suspect.
func (q *harmed) theirs(s id.Session) bool {
	_, ok := q.sessions[s]
	return ok
}

// path is where a directory stands now, or last stood; or where it stood before.
func (q *harmed) path(dir id.File, paths map[id.File]pathname.Path, moved map[id.File]was) (pathname.Path, error) {
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
	up, err := q.path(parent, paths, moved)
	if err == nil {
		paths[dir] = up.Join(name)
	}
	return up.Join(name), err
}

// file compares what a file was before the suspects' first act with what it is.
func (q *harmed) file(file id.File, t *touched) (h Harm, ok bool, err error) {
	n, err := q.cat.Node(q.ctx, file)
	if err != nil {
		return h, false, err
	}
	h = Harm{Sign: guard.Sign(t.sign), When: t.first, By: t.by, Dir: n.Dir, node: n}
	own := make(map[commit.Kind]bool)
	removed := false // at that time
	for c, err := range q.cat.History(q.ctx, file) {
		if err != nil {
			return h, false, err
		}
		theirs := q.theirs(c.Session) && !c.When.Before(t.first) && !c.When.After(t.last)
		switch {
		case theirs:
			own[c.Kind] = true
			continue
		case c.Kind == commit.SetProp || c.Kind >= commit.Preview:
			continue
		case !c.When.Before(t.first):
			h.Later = true
			continue
		case c.Kind == commit.Remove && !h.stood:
			removed = true
			h.stood = true
			continue
		case c.Kind == commit.Remove:
			continue
		}
		if h.before.name == "" {
			h.before.parent, h.before.name, h.stood = c.Parent, c.Name, true
		}
		if h.before.version.Version.IsZero() && c.Kind.HasContent() {
			h.before.version = c.Version
		}
		if n.Dir || !h.before.version.Version.IsZero() {
			break
		}
	}
	h.stood = h.stood && !removed && h.before.name != ""
	return h, q.words(&h, own, t), nil
}

// words names what was done.
func (q *harmed) words(h *Harm, own map[commit.Kind]bool, t *touched) bool {
	n := &h.node
	add := func(w Hurt) { h.Hurts = append(h.Hurts, w) }
	shown := n.Removed.IsZero()
	switch {
	case !h.stood && shown:
		add(New)
	case h.stood && !shown && own[commit.Remove]:
		add(Gone)
	case h.stood && shown && own[commit.Move] && (n.Parent != h.before.parent || n.Name != h.before.name):
		add(Retitled)
	}
	if content := own[commit.Save] || own[commit.Link]; h.stood && content && n.Head.Equal != h.before.version.Equal {
		switch f := n.Head.Found; {
		case n.Head.Size == 0:
			add(Emptied)
		case f.Damaged || h.Sign != "" && h.Sign != guard.Locked && h.Sign != guard.Noted && h.Sign != guard.Retitled || f.Kind != h.before.version.Found.Kind && f.Kind == "":
			add(Encrypted)
		default:
			add(Altered)
		}
	}
	if t.holds && len(h.Hurts) == 0 {
		add(HeldBack)
	}
	return len(h.Hurts) > 0 || n.Held > 0
}

// places finds the paths and versions.
func (q *harmed) places(h *Harm) error {
	n := &h.node
	now, err := q.path(n.Parent, q.now, nil)
	if err != nil {
		return err
	}
	now = now.Join(n.Name)
	h.Path = now
	if h.stood {
		was, err := q.path(h.before.parent, q.then, q.moved)
		if err != nil {
			return err
		}
		h.Path = was.Join(h.before.name)
		h.Was = Info{Path: h.Path, Share: q.share, File: n.File, Created: n.Created, Dir: n.Dir}
		h.Was.version(h.before.version)
	}
	if n.Removed.IsZero() {
		h.Now = now
		h.Head = info(now, q.share, *n)
	}
	if n.Held == 0 {
		return nil
	}
	for x, err := range q.cat.Held(q.ctx, n.File) {
		if err != nil {
			return err
		}
		if q.theirs(x.Session) {
			h.holds = append(h.holds, x)
		}
	}
	return nil
}

// notes finds the small files that came into several folders.
func notes(list []Harm) {
	const most = 64 << 10
	dirs := make(map[[32]byte]map[id.File]bool)
	small := func(h *Harm) bool { return h.hurt(New) && !h.Dir && h.Head.Size > 0 && h.Head.Size <= most }
	for i := range list {
		if h := &list[i]; small(h) {
			if dirs[h.Head.Equal] == nil {
				dirs[h.Head.Equal] = make(map[id.File]bool)
			}
			dirs[h.Head.Equal][h.node.Parent] = true
		}
	}
	for i := range list {
		if h := &list[i]; small(h) && (len(dirs[h.Head.Equal]) >= 3 || h.Sign == guard.Noted) {
			h.Hurts = []Hurt{Note}
		}
	}
}
