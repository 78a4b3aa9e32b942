package vault

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// rosterName is where the roster of a share stands in its root: a file like any other, sealed, in packs and media, with a history. No
// door can say the name, because pathname.Check refuses its first letter, and no list shows it.
const rosterName = ":roster"

// ofHouse reports whether a name is of something that the house keeps for itself.
func ofHouse(name string) bool { return strings.HasPrefix(name, ":") }

// SaveRoster makes content the roster of a share, for a session that may write there. What it shares with a version that is damaged is mended.
func (v *Vault) SaveRoster(ctx context.Context, s account.Session, share pathname.Path, content []byte) (Info, error) {
	w := &view{v: v, s: s}
	d, err := w.Create(ctx, share.Join(rosterName))
	if err != nil {
		return Info{}, err
	}
	defer d.Discard()
	if x, ok := d.(*draft); ok {
		x.sure = true
	}
	if _, err := d.Write(content); err != nil {
		return Info{}, err
	}
	return d.Commit(ctx, Save{})
}

// Roster reads the roster of a share, for whoever the keeper thinks is concerned with it. The reading is a release like that of any
// file. Without a roster the error is of kind problem.NotFound; one that is larger than most is problem.TooLarge. Of one that is damaged
// (problem.Damaged) it returns what stands before the damage.
func (v *Vault) Roster(ctx context.Context, s account.Session, share pathname.Path, most int64) ([]byte, Info, error) {
	const op = "read roster"
	w := &view{v: v, s: s}
	sh, a, err := w.inquire(ctx, op, share)
	if err != nil {
		return nil, Info{}, err
	}
	n, err := v.cfg.Catalogue.View(sh.id, sh.meta).Child(ctx, id.File{}, rosterName)
	if err != nil || n.Head.Version.IsZero() {
		return nil, Info{}, &problem.Error{Kind: problem.NotFound, Op: op, On: a.Name, Hint: "hint.no-roster", Err: err}
	}
	i := info(share.Join(rosterName), sh.id, n)
	if i.Size > most {
		return nil, i, problem.New(problem.TooLarge, op, a.Name, nil)
	}
	b, err := w.whole(ctx, i)
	return b, i, err
}

// whole reads a version of a roster, or what stands before the first damage.
func (w *view) whole(ctx context.Context, i Info) ([]byte, error) {
	files, err := w.Open(ctx, account.Roster, i)
	if err != nil {
		return nil, err
	}
	defer files[0].Close()
	var out bytes.Buffer
	out.Grow(int(i.Size))
	_, err = io.Copy(&out, files[0])
	return out.Bytes(), err
}

// mostRosters is how many earlier versions of a roster are looked through.
const mostRosters = 20

// FormerRosters yields the versions of a share's roster before the present one, the latest first, as far as each can be read, for a session
// that may write there. Each is a release.
func (v *Vault) FormerRosters(ctx context.Context, s account.Session, share pathname.Path, most int64) iter.Seq2[[]byte, error] {
	const op = "read roster"
	return func(yield func([]byte, error) bool) {
		w := &view{v: v, s: s}
		sh, a, err := w.enter(ctx, op, share, true)
		if err != nil {
			yield(nil, err)
			return
		}
		cat := v.cfg.Catalogue.View(sh.id, sh.meta)
		n, err := cat.Child(ctx, id.File{}, rosterName)
		if err != nil {
			yield(nil, &problem.Error{Kind: problem.NotFound, Op: op, On: a.Name, Hint: "hint.no-roster", Err: err})
			return
		}
		seen := 0
		for c, err := range cat.History(ctx, n.File) {
			if err != nil {
				yield(nil, problem.New(problem.Internal, op, a.Name, err))
				return
			}
			old := change(share.Join(rosterName), sh.id, n, c).Info
			if old.Version.IsZero() || old.Version == n.Head.Version || old.Size > most {
				continue
			}
			if seen++; seen > mostRosters || !yield(w.whole(ctx, old)) {
				return
			}
		}
	}
}

// inquire is enter for whoever is concerned with a share, which is more than may read there: names, damage and roster, no content.
func (w *view) inquire(ctx context.Context, op string, name pathname.Path) (*share, account.Share, error) {
	list, err := w.v.cfg.Keeper.Concerned(ctx, w.s.ID)
	if err != nil {
		return nil, account.Share{}, err
	}
	key := pathname.Key(name.Share())
	for _, a := range list {
		if pathname.Key(a.Name) != key {
			continue
		}
		if err := w.v.cfg.Keeper.CheckConcern(ctx, w.s.ID, a.ID); err != nil {
			return nil, account.Share{}, err
		}
		sh, err := w.v.open(ctx, w.s.ID, a.ID)
		return sh, a, err
	}
	if err := w.v.cfg.Keeper.Ended(ctx, w.s.ID, name.Share()); err != nil {
		return nil, account.Share{}, err
	}
	return nil, account.Share{}, problem.New(problem.NotFound, op, string(name), nil)
}

// mayRead returns nil if the session may read in the share what it reads for a purpose.
func (w *view) mayRead(ctx context.Context, why account.Purpose, share id.Share) error {
	if why == account.Roster {
		return w.v.cfg.Keeper.CheckConcern(ctx, w.s.ID, share)
	}
	return w.v.cfg.Keeper.Check(ctx, w.s.ID, share, false)
}
