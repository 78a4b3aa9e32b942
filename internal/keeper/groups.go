package keeper

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// groupState is a set of accounts that rights are given to.
type groupState struct {
	Name    string                      `json:"name"`
	Members []id.Account                `json:"members,omitempty"`
	Rights  map[id.Share]account.Rights `json:"rights,omitempty"`
}

const maxGroups = 1000

// group returns a copy of a group to change, which is in the draft already, or nil.
func (d *draft) group(name string) *groupState {
	for i, g := range d.Groups {
		if accountKey(g.Name) == accountKey(name) {
			c := *g
			c.Members, c.Rights = slices.Clone(g.Members), maps.Clone(g.Rights)
			d.Groups[i] = &c
			return &c
		}
	}
	return nil
}

// SetGroup makes a group, or gives it other members.
func (l *Local) SetGroup(ctx context.Context, s id.Session, name string, members []string) error {
	const op = "set group"
	if err := checkAccountName(name); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.account-name", Err: err}
	}
	return l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.ManageAccounts) {
			return event.Event{}, notAllowed(op)
		}
		g := d.group(name)
		if g == nil {
			if len(d.Groups) >= maxGroups {
				return event.Event{}, problem.New(problem.TooLarge, op, name, errors.New("too many groups"))
			}
			g = &groupState{Name: name}
			d.Groups = append(d.Groups, g)
		}
		ids, err := d.members(op, members)
		if err != nil {
			return event.Event{}, err
		}
		if slices.Contains(ids, by.Account) && !slices.Contains(g.Members, by.Account) { // with the rights that it has
			if err := l.fresh(by, op); err != nil {
				return event.Event{}, err
			}
		}
		g.Members = ids
		return event.Event{Kind: event.GroupChanged, Target: g.Name, Note: "members: " + cut(strings.Join(members, ", "), 4096)}, nil
	})
}

// members returns the accounts of names, each once.
func (d *draft) members(op string, names []string) (out []id.Account, err error) {
	for _, n := range names {
		a := d.account(n)
		if a == nil {
			return nil, noAccount(op, n)
		}
		if !slices.Contains(out, a.ID) {
			out = append(out, a.ID)
		}
	}
	return out, nil
}

// join puts an account into groups.
func (d *draft) join(op string, a *accountState, groups []string) error {
	for _, n := range groups {
		g := d.group(n)
		if g == nil {
			return noGroup(op, n)
		}
		if !slices.Contains(g.Members, a.ID) {
			g.Members = append(g.Members, a.ID)
		}
	}
	return nil
}

// RemoveGroup removes a group and the rights it gave.
func (l *Local) RemoveGroup(ctx context.Context, s id.Session, name string) error {
	const op = "remove group"
	return l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.ManageAccounts) {
			return event.Event{}, notAllowed(op)
		}
		i := slices.IndexFunc(d.Groups, func(g *groupState) bool { return accountKey(g.Name) == accountKey(name) })
		if i < 0 {
			return event.Event{}, noGroup(op, name)
		}
		e := event.Event{Kind: event.GroupChanged, Target: d.Groups[i].Name, Note: "removed"}
		d.Groups = slices.Delete(d.Groups, i, i+1)
		return e, nil
	})
}

// Groups lists the groups by name: all to those who see people or give rights, to others their own.
func (l *Local) Groups(_ context.Context, s id.Session) (out []account.Group, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	all := b.may(by, account.SeePeople) || b.may(by, account.GrantOwn)
	for _, g := range b.Groups {
		if all || slices.Contains(g.Members, by.Account) {
			out = append(out, b.showGroup(g))
		}
	}
	slices.SortFunc(out, func(a, b account.Group) int { return compareNames(a.Name, b.Name) })
	return out, nil
}

func (b *books) showGroup(g *groupState) account.Group {
	out := account.Group{Name: g.Name, Rights: b.showRights(g.Rights)}
	for _, m := range g.Members {
		if a := b.byID[m]; a != nil && a.Removed.IsZero() {
			out.Members = append(out.Members, a.Name)
		}
	}
	return out
}
