package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// MakeShare makes a share with keys of its own. Whoever makes it may write to it; nobody else sees it yet.
func (l *Local) MakeShare(ctx context.Context, s id.Session, name string) (account.Share, error) {
	const op = "make share"
	if err := pathname.Check(name); err != nil {
		return account.Share{}, &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.name", Err: err}
	}
	sh := &shareState{ID: id.NewShare(), Name: name, Created: l.now()}
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		switch {
		case !b.may(by, account.ManageShares):
			return event.Event{}, notAllowed(op)
		case d.share(name) != nil:
			return event.Event{}, problem.New(problem.Exists, op, name, nil)
		case len(d.Shares) >= maxShares:
			return event.Event{}, problem.New(problem.TooLarge, op, name, errors.New("too many shares"))
		}
		if err := l.keys.MakeShare(sh.ID); err != nil { // keys without a share harm nobody; a share without keys would
			return event.Event{}, err
		}
		d.Shares = append(d.Shares, sh)
		if a := d.byID(by.Account); a != nil {
			a.grant(sh.ID, account.CanWrite)
		}
		return event.Event{Kind: event.ShareMade, Share: sh.ID, Note: name}, nil
	})
	if err != nil {
		return account.Share{}, err
	}
	return account.Share{ID: sh.ID, Name: name, Write: true}, nil
}

// grant gives an account of a draft rights, or takes them.
func (a *accountState) grant(share id.Share, r account.Rights) {
	a.Rights = granted(a.Rights, share, r)
}

// granted returns rights, which are a draft's, with one more, or one less.
func granted(m map[id.Share]account.Rights, share id.Share, r account.Rights) map[id.Share]account.Rights {
	if r == account.NoRights {
		delete(m, share)
		return m
	}
	if m == nil {
		m = make(map[id.Share]account.Rights)
	}
	m[share] = r
	return m
}

// mayGrant reports whether a session may give rights in a share.
func (b *books) mayGrant(s account.Session, share id.Share) bool {
	return b.may(s, account.GrantAll) || b.may(s, account.GrantOwn) && b.rights(s, share) == account.CanWrite
}

// SetRights says what an account or a group may do in a share.
func (l *Local) SetRights(ctx context.Context, s id.Session, r account.Right) error {
	const op = "set rights"
	on := r.Account + r.Group
	switch {
	case r.Rights != account.NoRights && r.Rights != account.CanRead && r.Rights != account.CanWrite:
		return problem.New(problem.Invalid, op, on, fmt.Errorf("unknown right %q", string(r.Rights)))
	case (r.Account == "") == (r.Group == ""):
		return problem.New(problem.Invalid, op, on, errors.New("rights are an account's or a group's"))
	}
	return l.change(ctx, s, op, on, func(b *books, d *draft, by account.Session) (event.Event, error) {
		sh := d.share(r.Share)
		switch {
		case sh == nil && !b.may(by, account.GrantAll), sh != nil && !b.mayGrant(by, sh.ID):
			return event.Event{}, notAllowed(op)
		case sh == nil:
			return event.Event{}, noShare(op, r.Share)
		case sh.End != nil && r.Rights != account.NoRights: // to nothing that there still is
			return event.Event{}, erased(op, sh)
		}
		e := event.Event{Kind: event.RightsChanged, Target: on, Share: sh.ID, Note: string(r.Rights)}
		if r.Group != "" {
			g := d.group(r.Group)
			if g == nil {
				return e, noGroup(op, r.Group)
			}
			if r.Rights != account.NoRights && slices.Contains(g.Members, by.Account) {
				if err := l.fresh(by, op); err != nil {
					return e, err
				}
			}
			g.Rights = granted(g.Rights, sh.ID, r.Rights)
			e.Target = g.Name
			return e, nil
		}
		a := d.account(r.Account)
		if a == nil {
			return e, noAccount(op, r.Account)
		}
		if !a.Role.MayHold() && r.Rights != account.NoRights {
			return e, &problem.Error{Kind: problem.Denied, Op: op, On: a.Name, Hint: "hint.auditor-holds-nothing"}
		}
		if r.Rights != account.NoRights && a.ID == by.Account { // who gives something to themselves is asked who they are
			if err := l.fresh(by, op); err != nil {
				return e, err
			}
		}
		a.grant(sh.ID, r.Rights)
		e.Target = a.Name
		return e, nil
	})
}

// shareOf finds a share for somebody who may know about its rights.
func (l *Local) shareOf(s id.Session, share string) (*books, *shareState, error) {
	const op = "list rights"
	by, err := l.live(s)
	if err != nil {
		return nil, nil, err
	}
	b := l.books.Load()
	sh := b.names[pathname.Key(share)]
	switch {
	case !b.may(by, account.SeePeople) && (sh == nil || !b.mayGrant(by, sh.ID)):
		return nil, nil, notAllowed(op)
	case sh == nil:
		return nil, nil, noShare(op, share)
	}
	return b, sh, nil
}

// ShareNetworks tells from where a share may be used; from everywhere if there is no rule.
func (l *Local) ShareNetworks(_ context.Context, s id.Session, share string) ([]string, error) {
	_, sh, err := l.shareOf(s, share)
	if err != nil {
		return nil, err
	}
	return slices.Clone(sh.Networks), nil
}

// ShareRights lists who may do what in a share, to those who give rights there and those who see people.
func (l *Local) ShareRights(_ context.Context, s id.Session, share string) (out []account.Right, err error) {
	b, sh, err := l.shareOf(s, share)
	if err != nil {
		return nil, err
	}
	return b.rightsIn(sh), nil
}

// rightsIn lists who may do what in a share.
func (b *books) rightsIn(sh *shareState) (out []account.Right) {
	for _, g := range b.Groups {
		if r := g.Rights[sh.ID]; r != "" {
			out = append(out, account.Right{Group: g.Name, Share: sh.Name, Rights: r})
		}
	}
	for _, a := range b.Accounts {
		if r := a.Rights[sh.ID]; r != "" && a.Removed.IsZero() {
			out = append(out, account.Right{Account: a.Name, Share: sh.Name, Rights: r})
		}
	}
	slices.SortFunc(out, func(a, b account.Right) int { return compareNames(a.Group+a.Account, b.Group+b.Account) })
	return out
}

// showRights lists rights by the names of the shares.
func (b *books) showRights(m map[id.Share]account.Rights) (out []account.Right) {
	for n, r := range m {
		if sh := b.shares[n]; sh != nil {
			out = append(out, account.Right{Share: sh.Name, Rights: r})
		}
	}
	slices.SortFunc(out, func(a, b account.Right) int { return compareNames(a.Share, b.Share) })
	return out
}
