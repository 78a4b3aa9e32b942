package vault

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Held is something that the guard doubts, and that nobody has decided yet.
type Held struct {
	Hold    id.Version
	Path    pathname.Path // where the file stands for others
	Removal bool          // it would be removed; else Now would be its content
	Sign    guard.Sign
	When    time.Time
	Author  string
	Account id.Account
	Mine    bool // the session's person has done it, and may decide
	Now     Info // what was saved; zero for a removal
	Head    Info // what others see
}

// Held yields what is held in a share that the session may read, in the order in which it came.
func (v *Vault) Held(ctx context.Context, s account.Session, share pathname.Path) iter.Seq2[Held, error] {
	const op = "list"
	w := &view{v: v, s: s}
	return func(yield func(Held, error) bool) {
		sh, a, err := w.enter(ctx, op, share, false)
		if err != nil {
			yield(Held{}, err)
			return
		}
		cat := w.v.cfg.Catalogue.View(sh.id, sh.meta)
		for h, err := range cat.Held(ctx, id.File{}) {
			var out Held
			if err == nil {
				out, err = heldOf(ctx, cat, a, h)
			}
			if err != nil {
				yield(Held{}, problem.New(problem.Internal, op, string(share), err))
				return
			}
			out.Mine = !h.Account.IsZero() && h.Account == w.s.Account // from whatever device: they decide in a browser
			if !yield(out, nil) {
				return
			}
		}
	}
}

func heldOf(ctx context.Context, cat catalogue.View, a account.Share, h catalogue.Held) (out Held, err error) {
	n, err := cat.Node(ctx, h.File)
	if err != nil {
		return out, err
	}
	out = Held{Hold: h.Version.Version, Removal: h.Kind == commit.HoldRemove, Sign: guard.Sign(h.Sign), When: h.When, Author: h.Author, Account: h.Account}
	if out.Path, err = placeOf(ctx, cat, a.Name, n); err != nil {
		return out, err
	}
	out.Head = info(out.Path, a.ID, n)
	if !out.Removal {
		out.Now = Info{Path: out.Path, Share: a.ID, File: n.File, Created: n.Created}
		out.Now.version(h.Version)
	}
	return out, nil
}

// placeOf follows a node up to the root of its share.
func placeOf(ctx context.Context, cat catalogue.View, share string, n catalogue.Node) (pathname.Path, error) {
	names := []string{n.Name}
	for !n.Parent.IsZero() {
		var err error
		if n, err = cat.Node(ctx, n.Parent); err != nil {
			return "", err
		}
		names = append(names, n.Name)
	}
	p := pathname.Root.Join(share)
	for _, name := range slices.Backward(names) {
		p = p.Join(name)
	}
	return p, nil
}

// Settle accepts what is held, or discards it. The keeper says who may.
func (v *Vault) Settle(ctx context.Context, s account.Session, share pathname.Path, hold id.Version, accept bool) error {
	const op = "settle"
	w := &view{v: v, s: s}
	sh, _, err := w.enter(ctx, op, share, false)
	if err != nil {
		return err
	}
	h, err := w.v.findHeld(ctx, sh, hold)
	if err != nil {
		return err
	}
	if err := w.v.cfg.Keeper.MaySettle(ctx, w.s.ID, sh.id, h.Account); err != nil {
		return err
	}
	return w.v.settle(ctx, sh, w.s, h, accept, nil)
}

// findHeld looks a hold up.
func (v *Vault) findHeld(ctx context.Context, sh *share, hold id.Version) (catalogue.Held, error) {
	for h, err := range v.cfg.Catalogue.View(sh.id, sh.meta).Held(ctx, id.File{}) {
		if err != nil {
			return h, problem.New(problem.Internal, "settle", "", err)
		}
		if h.Version.Version == hold {
			return h, nil
		}
	}
	return catalogue.Held{}, &problem.Error{Kind: problem.NotFound, Op: "settle", Hint: "hint.not-held"}
}

// errSettled means that somebody else was faster.
var errSettled = errors.New("it is decided already")

// settle decides about a hold as the act of a session. still, unless nil, is asked when the act's turn has come, while others wait.
func (v *Vault) settle(ctx context.Context, sh *share, s account.Session, h catalogue.Held, accept bool, still func(catalogue.View) error) error {
	r := &request{share: sh, sess: s, kind: event.Settled, note: "discarded: " + h.Sign, settles: true}
	if accept {
		r.note = "accepted: " + h.Sign
	}
	r.plan = func(p *planner) ([]commit.Op, error) {
		raw := p.mine.View
		if still != nil {
			if err := still(raw); err != nil {
				return nil, err
			}
		}
		n, err := raw.Node(p.ctx, h.File)
		if err != nil {
			return nil, err
		}
		ops, found := []commit.Op(nil), false
		for o, err := range raw.Held(p.ctx, h.File) {
			if err != nil {
				return nil, err
			}
			if found = found || o.Version.Version == h.Version.Version; o.Version.Version == h.Version.Version || accept && h.Kind == commit.HoldRemove {
				ops = append(ops, settling(o))
			}
		}
		if !found {
			return nil, problem.New(problem.NotFound, "settle", "", errSettled)
		}
		r.files = []event.File{{Version: h.Version.Version, Path: p.sh.meta.SealPath(n.Name)}}
		if name, err := placeOf(p.ctx, raw, "", n); err == nil {
			r.files[0].Path = p.sh.meta.SealPath(string(name))
		}
		switch {
		case !accept:
		case h.Kind == commit.HoldRemove && n.Removed.IsZero():
			p.endLocks(n)
			ops = append([]commit.Op{{Kind: commit.Remove, File: n.File, Sign: h.Sign}}, ops...)
		case h.Kind == commit.Hold:
			ops = append([]commit.Op{link(n.File, n.Parent, n.Name, h.Version)}, ops...)
		}
		return ops, nil
	}
	if err := v.submit(ctx, r); err != nil {
		return err
	}
	if accept && v.cfg.Guard != nil {
		v.cfg.Guard.Settle(h.Version.Version)
	}
	return nil
}
