package vault

import (
	"context"
	"iter"
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
	From, To time.Time // after From, not after To; To zero: until now
	Pick     func(Actor) bool
	// During reports whether an actor that Pick has picked was suspect at a time; nil: all the time.
	During func(Actor, time.Time) bool
	// Back asks also for what was hurt and is as it was again; a rollback does not look at it.
	Back bool
}

// Did reports whether an act of somebody at a time is one of those that are asked for.
func (x *Suspects) Did(a Actor, t time.Time) bool {
	return t.After(x.From) && (x.To.IsZero() || !t.After(x.To)) && x.Pick != nil && x.Pick(a) && (x.During == nil || x.During(a, t))
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
	File  id.File
	Path  pathname.Path // where it stood before; of what is new, where it stands, in the directories as they were before
	Now   pathname.Path // where it stands; empty: it is not shown
	Hurts []Hurt
	Sign  guard.Sign // the first that the guard saw
	When  time.Time  // the first act
	By    Actor      // who did that
	Dir   bool
	Was   Info            // the version before, which is there as it was; no version: it had no content, or is new
	Head  Info            // what is shown now
	Later bool            // somebody else has changed it since
	Back  time.Time       // when it was put back: Hurts are what had been done by then; zero: it is hurt
	Below catalogue.Below // what went with it, of a directory that was removed
	Names []string        // that they have put it under
	Sunk  bool            // it went with such a directory, and is counted there
	Up    bool            // that directory was put back, which need not put back what else was done to this
	*tale
}

// hurt reports whether something is not as it was.
func (h *Harm) hurt(of Hurt) bool { return slices.Contains(h.Hurts, of) }

// small reports whether it is new, and small enough for a note.
func (h *Harm) small() bool {
	const most = 64 << 10
	return h.hurt(New) && !h.Dir && h.Head.Size > 0 && h.Head.Size <= most
}

// Extent is how much of a share was hurt.
type Extent struct {
	Files, Bytes int64 // of the share now, without its roster, and what was removed
}

// Bounds of a damage query. Lists up to mostSorted are told by path; longer ones in the order in which the files were made, so that memory
// does not grow with what is told.
var (
	mostSorted = 100_000
	batch      = 512 // files that are looked at together
)

// Harm tells what suspects have done in a share: up to 100,000 files by path, more in the order in which they were made. It is a query
// on what was recorded at the saves.
func (v *Vault) Harm(ctx context.Context, s account.Session, share pathname.Path, by Suspects, tell func(Harm) error) (Extent, error) {
	const op = "list"
	w := &view{v: v, s: s}
	sh, a, err := w.inquire(ctx, op, share)
	if err != nil {
		return Extent{}, err
	}
	q := newHarmed(ctx, v.cfg.Catalogue.View(sh.id, sh.meta), sh.id, a.Name, by)
	var e Extent
	told := func(h Harm) error {
		if h.hurt(Gone) && !h.Dir && h.Back.IsZero() {
			e.Files, e.Bytes = e.Files+1, e.Bytes+h.Was.Size
		}
		return tell(h)
	}
	failed := func(err error) error { return problem.New(problem.Internal, op, string(share), err) }
	refs, err := q.refs()
	if err != nil {
		return e, failed(err)
	}
	if err := q.tell(refs, told); err != nil {
		return e, failed(err)
	}
	t, err := q.cat.Totals(ctx)
	if err != nil {
		return e, failed(err)
	}
	e.Files, e.Bytes = e.Files+t.Files, e.Bytes+t.Bytes
	if n, err := q.cat.Child(ctx, id.File{}, rosterName); err == nil && !n.Head.Version.IsZero() { // it is no file of people's, here as in the coverage
		e.Files, e.Bytes = e.Files-1, e.Bytes-n.Head.Size
	}
	return e, nil
}

// tell tells of all harm. Small new files come last, or are sorted in: only then is it known which of them are notes.
func (q *harmed) tell(refs []catalogue.Ref, tell func(Harm) error) error {
	var list []*Harm
	sorted := len(refs) <= mostSorted
	take := func(h Harm) error {
		if h.tale = nil; !sorted {
			return tell(h)
		}
		list = append(list, &h)
		return nil
	}
	var small []catalogue.Ref
	notes := make(leaflets)
	for h, err := range q.each(refs) {
		switch {
		case err != nil:
			return err
		case h.small():
			small = append(small, h.ref)
			notes.add(&h)
		default:
			if err := take(h); err != nil {
				return err
			}
		}
	}
	for h, err := range q.each(small) {
		if err == nil {
			notes.name(&h)
			err = take(h)
		}
		if err != nil {
			return err
		}
	}
	if !sorted {
		return nil
	}
	slices.SortFunc(list, func(a, b *Harm) int { return strings.Compare(string(a.Path), string(b.Path)) })
	for _, h := range list {
		if err := tell(*h); err != nil {
			return err
		}
	}
	return nil
}

// leaflets are small new contents, with up to three of the directories that they came into.
type leaflets map[[16]byte][]id.File

// notesFrom is in how many directories a small new content is a note.
const notesFrom = 3

func (l leaflets) add(h *Harm) {
	key := [16]byte(h.Head.Equal[:])
	if in := l[key]; len(in) < notesFrom && !slices.Contains(in, h.node.Parent) {
		l[key] = append(in, h.node.Parent)
	}
}

// name says of a small new file whether it is a note.
func (l leaflets) name(h *Harm) {
	if h.small() && (len(l[[16]byte(h.Head.Equal[:])]) >= notesFrom || h.Sign == guard.Noted) {
		h.Hurts = []Hurt{Note}
	}
}

// harmed finds out about files, many at once.
type harmed struct {
	ctx    context.Context
	cat    catalogue.View
	share  id.Share
	name   string
	by     Suspects
	picked map[Actor]bool
	now    map[id.File]pathname.Path // of directories, as they are now
	then   map[id.File]pathname.Path // as they were
	moved  map[id.File]stand         // directories that the suspects have touched, as they were
	tales  map[id.File]*tale         // and all that has become of them
	dirs   map[int64]id.File         // them, by catalogue.Ref.Num
	single bool                      // cat is read one list after the other
	sunk   map[id.File]depth         // directories that the suspects removed, and those in them; nil: there are none
}

func newHarmed(ctx context.Context, cat catalogue.View, share id.Share, name string, by Suspects) *harmed {
	return &harmed{ctx: ctx, cat: cat, share: share, name: name, by: by, picked: make(map[Actor]bool), now: make(map[id.File]pathname.Path),
		then: make(map[id.File]pathname.Path), moved: make(map[id.File]stand), tales: make(map[id.File]*tale), dirs: make(map[int64]id.File)}
}

// picks reports whether somebody is a suspect.
func (q *harmed) picks(a Actor) bool {
	mine, known := q.picked[a]
	if !known {
		mine = q.by.Pick(a)
		q.picked[a] = mine
	}
	return mine
}

// theirs reports whether a change is an act of the suspects.
func (q *harmed) theirs(c *catalogue.Change) bool {
	return c.When.After(q.by.From) && (q.by.To.IsZero() || !c.When.After(q.by.To)) && q.picks(c.Actor()) &&
		(q.by.During == nil || q.by.During(c.Actor(), c.When))
}

// refs finds out which files to look at, directories first: where they stood decides about the paths of what is in them.
func (q *harmed) refs() ([]catalogue.Ref, error) {
	refs, err := q.cat.Touched(q.ctx, q.by.From, q.picks)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(refs, func(a, b catalogue.Ref) int {
		switch {
		case a.Dir == b.Dir:
			return 0
		case a.Dir:
			return -1
		}
		return 1
	})
	dirs := refs[:slices.IndexFunc(append(refs, catalogue.Ref{}), func(r catalogue.Ref) bool { return !r.Dir })]
	for part := range slices.Chunk(dirs, batch) {
		stories, err := q.cat.Stories(q.ctx, part, q.by.From)
		if err != nil {
			return nil, err
		}
		for i := range stories {
			t := q.tale(&stories[i])
			q.dirs[part[i].Num] = t.node.File
			if t.touched {
				q.tales[t.node.File] = t
				if q.depth(t) != afloat && q.sunk == nil {
					q.sunk = make(map[id.File]depth)
				}
			}
			if t.touched && t.before.shown {
				q.moved[t.node.File] = t.before
			}
		}
	}
	return refs, nil
}

// each yields the harm of files.
func (q *harmed) each(refs []catalogue.Ref) iter.Seq2[Harm, error] {
	return func(yield func(Harm, error) bool) {
		at := 0
		for s, err := range q.stories(refs) {
			if err != nil {
				yield(Harm{}, err)
				return
			}
			h, ok, err := q.harm(s)
			h.ref, h.File, at = refs[at], s.Node.File, at+1
			if (ok || err != nil) && !yield(h, err) {
				return
			}
		}
	}
}

// one is the harm of a single file; not ok if there is none.
func (q *harmed) one(n catalogue.Node) (h Harm, ok bool, err error) {
	s := catalogue.Story{Node: n}
	for c, err := range q.cat.History(q.ctx, n.File) {
		if err != nil {
			return h, false, err
		}
		s.Changes = append(s.Changes, c)
		if !c.When.After(q.by.From) && (c.Kind == commit.Save || c.Kind == commit.Link || n.Dir && c.Kind == commit.Mkdir) {
			break
		}
	}
	return q.harm(&s)
}
