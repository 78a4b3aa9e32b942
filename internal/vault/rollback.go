package vault

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Mended tells what a rollback does to one file.
type Mended struct {
	Path   pathname.Path // where it stood before the suspects' acts
	Hurts  []Hurt
	Act    Act           // Restored, BroughtBack, Renamed, Kept; TakenAway, Dropped
	Beside pathname.Path // where it stands, or the content from before, too, because something else has the name
}

// More acts, of Rollback.
const (
	TakenAway Act = "removed"   // it was not there before
	Dropped   Act = "discarded" // what was held is not taken
)

// looked is called between look and commit, while others can act. Tests do that.
var looked = func() {}

// Rolled says in which records a rollback stands: it is an act of the session like others, between First and Last.
type Rolled struct {
	First, Last time.Time
	Records     int
}

// pageOps bounds the operations of one record of a rollback, as its size does; the files that change places with each other come on top.
var pageOps = commit.MaxOps - 1<<13

// Rollback undoes what suspects have done in a share: each file gets the content, name and place that it would have without their acts,
// what they made is removed, what is held of theirs is discarded. It only adds: what it takes away can be brought back, and it can be undone
// as the act of its session. It takes the right to decide about what is held; people may take back their own acts. What others have done stays; where they have saved over content of the suspects, the content from before
// comes beside theirs. only picks paths; nil: all.
//
// What stands in one commit record becomes visible at once or not at all: some 40,000 files. More take several records, one behind the other,
// because a record must fit into memory wherever a vault is read. Each file, and all files that change places with each other, are in one
// record, so that after every record each file is either as it was found or as it will be: when a rollback breaks off, calling it again
// does the rest. What has changed between looking and committing is looked at again.
func (v *Vault) Rollback(ctx context.Context, s account.Session, share pathname.Path, by Suspects, only func(pathname.Path) bool, dry bool,
	tell func(Mended) error) (out Rolled, err error) {
	const op = "restore"
	w := &view{v: v, s: s}
	sh, a, err := w.enter(ctx, op, share, !dry)
	if err != nil {
		return out, err
	}
	cat := v.cfg.Catalogue.View(sh.id, sh.meta)
	r := &rollback{q: newHarmed(ctx, cat, sh.id, a.Name, by), only: only, dry: dry, family: id.NewVersion(), done: make(map[id.File]bool)}
	if err := r.order(); err != nil {
		return out, problem.New(problem.Internal, op, string(share), err)
	}
	if !dry && len(r.refs) > 0 {
		if err := r.allowed(w, sh, share); err != nil {
			return out, err
		}
	}
	for r.next < len(r.refs) {
		if err := r.step(w, sh, share, &out); err != nil {
			return out, err
		}
		for _, m := range r.mended {
			if err := tell(m); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// allowed asks the keeper. A rollback may take away much at once, and the guard does not judge it: so it takes what deciding about held
// versions takes, which authors may do about their own.
func (r *rollback) allowed(w *view, sh *share, share pathname.Path) error {
	own := func(a Actor) bool { return !a.Account.IsZero() && a.Account == w.s.Account }
	author := w.s.Account
	for a, picked := range r.q.picked {
		if picked && !own(a) {
			author = id.Account{}
		}
	}
	if !author.IsZero() { // whoever else acts from now on is not asked about any more
		pick := r.q.by.Pick
		r.q.by.Pick = func(a Actor) bool { return own(a) && pick(a) }
	}
	err := w.v.cfg.Keeper.MaySettle(r.q.ctx, w.s.ID, sh.id, author)
	e, ok := errors.AsType[*problem.Error](err)
	if !ok || e.Kind != problem.Denied {
		return err
	}
	hint := e.Hint
	if hint == "hint.not-your-role" {
		hint = "hint.rollback"
	}
	return &problem.Error{Kind: problem.Denied, Op: "restore", On: string(share), Hint: hint}
}

// rollback is what has to be done, a page at a time.
type rollback struct {
	q      *harmed
	cat    catalogue.View
	only   func(pathname.Path) bool
	dry    bool
	refs   []catalogue.Ref  // directories, files, directories again
	family id.Version       // with half of which its new versions begin
	dirs   int              // how many directories
	rank   map[int64]int    // of a directory: where in refs it stands first
	next   int              // of refs: all before it is done
	done   map[id.File]bool // before their turn
	page
}

// page is what becomes one record.
type page struct {
	at      int   // of refs: up to there
	mark    int64 // of the books, before they were looked at
	ops     sheet
	mended  []Mended
	known   map[id.Version]pack.Place // of what is linked to
	seen    map[id.File]seen          // what is changed, as it was looked at
	taken   map[spot]id.File          // names that something will have
	left    map[id.File]bool          // what goes, or moves away
	into    map[id.File]bool          // directories that get something that was not there
	up      map[id.File]id.File       // the directories of directories that move
	gone    map[id.File]bool          // directories that go
	busy    map[id.File]bool          // what is being decided
	pulled  []id.File                 // what was decided before its turn
	changed map[id.File]bool          // since the suspects began, by anybody; nil: not asked yet
	levels  map[id.File]level         // directories on the way up
}

// seen is a file as it was looked at.
type seen struct {
	parent  id.File
	name    string
	removed time.Time
	head    id.Version
}

// order lays down in which order files are looked at: directories first, from the top down, so that what comes back has a place; then files;
// last, from below, what is no longer needed of the directories that were not there before.
func (r *rollback) order() error {
	refs, err := r.q.refs()
	if err != nil {
		return err
	}
	depth := make(map[int64]int, len(r.q.dirs))
	for num, file := range r.q.dirs {
		p, err := r.q.path(file, r.q.then, r.q.moved)
		if err != nil {
			return err
		}
		depth[num] = len(p.Names())
	}
	r.dirs = len(depth)
	dirs := slices.Clone(refs[:r.dirs])
	slices.SortStableFunc(dirs, func(a, b catalogue.Ref) int { return depth[a.Num] - depth[b.Num] })
	copy(refs, dirs)
	r.rank = make(map[int64]int, r.dirs)
	for i, d := range dirs {
		r.rank[d.Num] = i
	}
	slices.Reverse(dirs)
	r.refs = append(refs, dirs...)
	return nil
}

// step commits the next page.
func (r *rollback) step(w *view, sh *share, share pathname.Path, out *Rolled) error {
	committed := w.v.cfg.Catalogue.View(sh.id, sh.meta)
	for try := 1; ; try++ {
		othersWait := try > undoTries
		if !othersWait {
			if err := r.look(committed, r.dry); err != nil { // a rehearsal is told of a list at a time
				return problem.New(problem.Internal, "restore", string(share), err)
			}
			if r.dry || len(r.ops.ops) == 0 {
				r.next, r.pulled = r.at, nil
				return nil
			}
		}
		if !othersWait {
			looked()
		}
		req := w.request(sh, event.Changed, share)
		req.note, req.settles = "roll back", true
		req.plan = func(p *planner) ([]commit.Op, error) {
			var err error
			if othersWait {
				err = r.look(p.mine.View, true)
			} else {
				err = r.still(p.mine.View)
			}
			req.known = r.known
			return r.ops.ops, err
		}
		switch err := w.v.submit(r.q.ctx, req); {
		case err == errMoved:
			continue
		case err != nil:
			return err
		}
		if req.planned {
			out.Records++
			if out.Last = req.when; out.First.IsZero() {
				out.First = req.when
			}
		}
		r.next, r.pulled = r.at, nil
		return nil
	}
}

// look fills a page from a view of the books; of that of a transaction, single. A rehearsal has one page for all, so that it knows which
// names are given away.
func (r *rollback) look(cat catalogue.View, single bool) (err error) {
	for _, f := range r.pulled {
		delete(r.done, f)
	}
	if r.taken == nil || !r.dry {
		r.page = page{known: make(map[id.Version]pack.Place), seen: make(map[id.File]seen), taken: make(map[spot]id.File), left: make(map[id.File]bool), into: make(map[id.File]bool), up: make(map[id.File]id.File),
			gone: make(map[id.File]bool), busy: make(map[id.File]bool), levels: make(map[id.File]level)}
	}
	r.cat, r.q.cat, r.q.single = cat, cat, single
	clear(r.q.now)
	r.pulled, r.mended, r.ops = nil, nil, sheet{}
	if r.mark, err = cat.Mark(r.q.ctx); err != nil {
		return err
	}
	for r.at = r.next; r.at < len(r.refs) && !r.full(); {
		for s, err := range r.q.stories(r.refs[r.at:r.end()]) {
			if err == nil && r.full() {
				break
			}
			if err == nil {
				err = r.turn(s, r.at)
			}
			if err != nil {
				return err
			}
			r.at++
		}
	}
	return nil
}

// end is where a list of files to look at together ends at the latest: what follows are directories that it may hold already.
func (r *rollback) end() int {
	if again := len(r.refs) - r.dirs; r.at < again {
		return again
	}
	return len(r.refs)
}

func (r *rollback) full() bool {
	return len(r.ops.ops) >= pageOps || r.ops.size > commit.MaxRecord-recordRoom || r.dry && len(r.mended) >= batch
}
