package vault

import (
	"context"
	"iter"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// author is whose held saves belong together: a person at a device, so that a client that logs in anew still finds what it has saved.
type author struct {
	account id.Account
	device  id.Device
	session id.Session // of the console, where nobody has an account
}

func authorOf(a id.Account, d id.Device, s id.Session) author {
	if a.IsZero() {
		return author{session: s}
	}
	return author{account: a, device: d}
}

func writing(s account.Session) author { return authorOf(s.Account, s.Device, s.ID) }

// by tells whose a hold is.
func by(h catalogue.Held) author { return authorOf(h.Account, h.Version.Device, h.Session) }

// authored is a share as an author sees it: with what the guard holds back of theirs, as if it were done. To others nothing has changed.
type authored struct {
	catalogue.View
	by  author
	hid catalogue.Node // what the last Child would have found, if its author had not removed it
}

func (a *authored) own(ctx context.Context, n catalogue.Node) (_ catalogue.Node, shown bool, err error) {
	if n.Held == 0 {
		return n, true, nil
	}
	shown = true
	for h, err := range a.View.Held(ctx, n.File) {
		switch {
		case err != nil:
			return n, shown, err
		case by(h) != a.by:
		case h.Kind == commit.HoldRemove:
			shown = false
		default:
			n.Head, n.Modified = h.Version, h.Version.Modified
		}
	}
	return n, shown, nil
}

// Child implements catalogue.View.
func (a *authored) Child(ctx context.Context, dir id.File, name string) (catalogue.Node, error) {
	a.hid = catalogue.Node{}
	n, err := a.View.Child(ctx, dir, name)
	if err != nil {
		return n, err
	}
	n, shown, err := a.own(ctx, n)
	if err == nil && !shown {
		a.hid, err = n, catalogue.ErrNone
	}
	return n, err
}

// Node implements catalogue.View.
func (a *authored) Node(ctx context.Context, file id.File) (catalogue.Node, error) {
	n, err := a.View.Node(ctx, file)
	if err != nil {
		return n, err
	}
	n, _, err = a.own(ctx, n)
	return n, err
}

// List implements catalogue.View.
func (a *authored) List(ctx context.Context, dir id.File, removed bool) iter.Seq2[catalogue.Node, error] {
	return func(yield func(catalogue.Node, error) bool) {
		for n, err := range a.View.List(ctx, dir, removed) {
			shown := true
			if err == nil {
				n, shown, err = a.own(ctx, n)
			}
			if shown && !yield(n, err) {
				return
			}
		}
	}
}

// view returns a share as the session sees it.
func (w *view) view(sh *share) *authored {
	return &authored{View: w.v.cfg.Catalogue.View(sh.id, sh.meta), by: writing(w.s)}
}
