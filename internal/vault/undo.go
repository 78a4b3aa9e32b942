package vault

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
)

// Act is what Undo does to one path.
type Act string

// The acts of Undo.
const (
	Restored    Act = "restored"     // an earlier version is the content again
	BroughtBack Act = "brought-back" // what was removed is shown again
	Renamed     Act = "renamed"      // it stands again where it stood
	Made        Act = "made"         // a directory that has moved out of the tree is made anew
	Kept        Act = "kept"         // it is newer, and stays
	Failed      Act = "failed"
)

// Undone tells of one path.
type Undone struct {
	Path    pathname.Path // where it stands now; for what is not shown, where it will stand
	To      pathname.Path // Renamed: where it will stand
	Act     Act
	Version Info  // Restored: the version, by its Number, Saved and Version
	Err     error // Failed
}

// undoTries is how often Undo looks at a tree while others change it, before it makes them wait.
const undoTries = 3

// errMoved means that a tree has changed since it was looked at.
var errMoved = errors.New("the tree has changed")

// Undo takes a directory back to what it held at a time: each path gets the content that it had then, as one
// more version; what was removed comes back with its history; what moved within the directory moves back; what
// moved out of it stays there, and comes back beside it as a new file. What is newer stays. So nothing is
// lost, a save that is made meanwhile neither, and it can be undone too.
//
// All becomes visible in one commit; of a tree for which one record is too small (some 65,000 operations, 12 MiB)
// in as few as there must be, directories before what is in them. When it breaks off between two of
// them, calling it again goes on. With dry it only tells what it would do.
func (v *Vault) Undo(ctx context.Context, s account.Session, dir pathname.Path, at time.Time, dry bool, tell func(Undone) error) error {
	const op = "restore"
	w := &view{v: v, s: s}
	sh, a, err := w.enter(ctx, op, dir, !dry)
	if err != nil {
		return err
	}
	var u *undo
	var p part
	look := func(view catalogue.View) (err error) {
		u = &undo{planner: planner{View: view, ctx: ctx, v: v, sh: sh}, w: w, at: at}
		if err = u.plan(dir, a.Name); err == nil {
			p, err = u.part()
		}
		return err
	}
	for try := 1; ; {
		othersWait := try > undoTries
		if !othersWait {
			if err := look(v.cfg.Catalogue.View(sh.id, sh.meta)); err != nil {
				return err
			}
		}
		if dry || !othersWait && len(p.ops) == 0 {
			return told(u.turns, tell)
		}
		err := w.act(ctx, sh, op, dir, func(now *planner) ([]commit.Op, error) {
			if othersWait {
				if err := look(now.View); err != nil {
					return nil, err
				}
			}
			return p.plan(now, w)
		})
		switch {
		case err == errMoved:
			try++
			continue
		case err == nil && p.whole:
			return told(u.turns, tell)
		case err == nil:
			err = told(p.turns, tell)
		}
		if err != nil {
			return err
		}
	}
}

// told tells of turns.
func told(turns []turn, tell func(Undone) error) error {
	for _, t := range turns {
		if err := tell(t.Undone); err != nil {
			return err
		}
	}
	return nil
}
