package keeper

import (
	"context"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// parseTemplate reads a share's template for persons, which must name somebody.
func parseTemplate(text string) (*whose.Template, error) {
	t, err := whose.Parse(text)
	if err == nil && len(t.Fields()) == 0 {
		err = whose.ErrTemplate
	}
	return t, err
}

// HasPersons implements Attributor.
func (l *Local) HasPersons(share id.Share) bool { return l.books.Load().persons[share] != nil }

// SharePersons tells how a share's names tell persons.
func (l *Local) SharePersons(_ context.Context, s id.Session, share string) (string, error) {
	by, err := l.live(s)
	if err != nil {
		return "", err
	}
	b := l.books.Load()
	switch x := b.names[pathname.Key(share)]; {
	case x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayGrant(by, x.ID):
		return "", notAllowed("set persons")
	case x == nil:
		return "", noShare("set persons", share)
	default:
		return x.Persons, nil
	}
}

// SetSharePersons says how a share's names tell persons; "": they do not.
func (l *Local) SetSharePersons(ctx context.Context, s id.Session, share, text string) error {
	const op = "set persons"
	return l.change(ctx, s, op, share, func(b *books, d *draft, by account.Session) (event.Event, error) {
		x := d.share(share)
		switch {
		case x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayGrant(by, x.ID):
			return event.Event{}, notAllowed(op)
		case x == nil:
			return event.Event{}, noShare(op, share)
		}
		if _, err := parseTemplate(text); text != "" && err != nil {
			return event.Event{}, unfit(op, text, "hint.persons")
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if t := b.traps[x.ID]; text != x.Persons && t != nil && len(t.persons) > 0 { // it would lift them, which takes two people
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: share, Hint: "hint.persons-traps"}
		}
		x.Persons = text
		return event.Event{Kind: event.RightsChanged, Share: x.ID, Note: "persons: " + text}, nil
	})
}
