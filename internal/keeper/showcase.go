package keeper

import (
	"context"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// seesCases reports whether a session may see cases: who sees people, and who may freeze.
func (b *books) seesCases(by account.Session) bool {
	return b.may(by, account.SeePeople) || b.may(by, account.Freeze)
}

// caseOf returns the case of a number, or nil.
func (b *books) caseOf(n string) *caseState {
	i := slices.IndexFunc(b.Cases, func(c *caseState) bool { return c.ID == n })
	if i < 0 {
		return nil
	}
	return b.Cases[i]
}

// Cases lists the cases, the latest first: to those who see people. What stands at their desks is left out.
func (l *Local) Cases(_ context.Context, s id.Session) (out []account.Case, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.seesCases(by) {
		return nil, notAllowed("list")
	}
	for _, c := range slices.Backward(b.Cases) {
		x := b.shown(c)
		x.Knowing, x.Facts, x.Notes, x.Tasks, x.Attachments, x.Decisions = nil, nil, nil, nil, nil, nil
		out = append(out, x)
	}
	return out, nil
}

// Case returns a case with all that stands at its desk.
func (l *Local) Case(_ context.Context, s id.Session, n string) (account.Case, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Case{}, err
	}
	b := l.books.Load()
	if !b.seesCases(by) {
		return account.Case{}, notAllowed("case")
	}
	return b.showCase(n, by, l.now())
}

// showCase is a case as somebody sees it, with the acts that wait for a second person.
func (b *books) showCase(n string, by account.Session, now time.Time) (account.Case, error) {
	c := b.caseOf(n)
	if c == nil {
		return account.Case{}, absent("case", n, "hint.no-such-case")
	}
	out := b.shown(c)
	for _, p := range b.Proposals {
		if p.Target == n && slices.Contains(deskActs, p.Act) && now.Before(p.Until) {
			out.Waiting = append(out.Waiting, p.show(b, by))
		}
	}
	return out, nil
}

// deskActs are those about a case that take two people.
var deskActs = []string{actLaterClock, actHold, actDecide}

// shown is a case with what follows from what is in the books.
func (b *books) shown(c *caseState) account.Case {
	out := c.Case
	if out.Alarm.IsZero() && out.By == "" { // of a case that an earlier version of the program has opened
		out.Alarm = out.Opened
	}
	out.Knew, out.Hold.On, out.Hold.Shares = first(out.Knowing), out.Hold.Lifted.IsZero(), nil
	for _, n := range c.Hold.Shares {
		for _, x := range b.Shares {
			if x.ID.String() == n {
				out.Hold.Shares = append(out.Hold.Shares, x.Name)
			}
		}
	}
	out.Suspects = slices.Clone(out.Suspects)
	out.Knowing, out.Facts = slices.Clone(out.Knowing), slices.Clone(out.Facts)
	slices.SortStableFunc(out.Knowing, func(a, b account.Knowing) int { return a.When.Compare(b.When) })
	slices.SortStableFunc(out.Facts, func(a, b account.Fact) int { return factAt(a.Key) - factAt(b.Key) })
	return out
}

func factAt(key string) int {
	return slices.IndexFunc(account.FactFields, func(f account.FactField) bool { return f.Key == key })
}
