package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// caseState is a case. Once it is in the books nothing of it changes; a change makes another one.
type caseState struct {
	account.Case
	Last time.Time `json:"last"` // when somebody was last added: what comes soon after belongs to it
}

// Bounds of cases.
const (
	maxCases    = 10_000
	maxSuspects = maxStops       // in one case
	together    = 24 * time.Hour // a freeze within that time of the last one belongs to the same case
	leadTime    = time.Minute    // before the first act that the guard counts: notes are left before the first file is touched
	lookBack    = time.Hour      // where nobody knows of a first act: who presses the button has just seen something
)

// suspectsOf says whom a freeze makes distrusted, and from when on.
func (l *Local) suspectsOf(s account.Stop) (out []account.Suspect) {
	from := s.Since.Add(-lookBack)
	if !s.First.IsZero() {
		from = s.First.Add(-leadTime)
	}
	switch s.Kind {
	case account.StopSession:
		if x, ok := l.sessions.peek(idOf(s.Subject), l.now()); ok && s.First.IsZero() {
			from = x.Started
		}
		fallthrough
	case account.StopDevice, account.StopAccount:
		return []account.Suspect{{Kind: s.Kind, Subject: s.Subject, Name: s.Name, Owner: s.Owner, From: from, Stop: s.ID}}
	case account.StopAddress:
		for _, x := range l.sessions.list(l.now(), func(x account.Session) bool { return plainAddress(x.Address).String() == s.Subject }) {
			out = append(out, account.Suspect{Kind: account.StopSession, Subject: x.ID.String(), Owner: x.Name, From: x.Started, Stop: s.ID})
		}
	}
	return out
}

// caseOf puts whom a freeze is about into the case that is open, or opens one.
func (d *draft) caseOf(s account.Stop, list []account.Suspect) []event.Event {
	i := slices.IndexFunc(d.Cases, func(c *caseState) bool { return c.Closed.IsZero() && s.Since.Sub(c.Last) < together })
	if i >= 0 {
		for j := range list { // what was found before is not forgotten
			for _, old := range d.Cases[i].Suspects {
				if old.Kind == list[j].Kind && old.Subject == list[j].Subject && old.From.Before(list[j].From) {
					list[j].From = old.From
				}
			}
		}
		return d.amendCase(i, s.Since, list)
	}
	return d.openCase(account.Case{Opened: s.Since, By: s.By, Reason: s.Reason, Suspects: list})
}

// openCase opens a case under the next number of the year.
func (d *draft) openCase(c account.Case) []event.Event {
	if len(d.Cases) >= maxCases {
		return nil
	}
	zone, err := d.Policy.zone()
	if err != nil {
		zone = time.UTC
	}
	year, n := fmt.Sprintf("%d-", c.Opened.In(zone).Year()), 1
	for _, x := range d.Cases {
		if strings.HasPrefix(x.ID, year) {
			n++
		}
	}
	c.ID = fmt.Sprint(year, n)
	d.Cases = append(d.Cases, &caseState{c, c.Opened})
	events := []event.Event{{Kind: event.CaseOpened, Target: c.ID, Note: c.Reason}}
	for _, s := range c.Suspects {
		events = append(events, distrusted(c.ID, s))
	}
	return events
}

// amendCase adds suspects to a case, or changes their times.
func (d *draft) amendCase(i int, now time.Time, list []account.Suspect) (events []event.Event) {
	c := *d.Cases[i]
	c.Suspects, c.Last = slices.Clone(c.Suspects), now
	for _, s := range list {
		at := slices.IndexFunc(c.Suspects, func(x account.Suspect) bool { return x.Kind == s.Kind && x.Subject == s.Subject })
		switch {
		case at >= 0:
			c.Suspects[at] = s
		case len(c.Suspects) >= maxSuspects:
			continue
		default:
			c.Suspects = append(c.Suspects, s)
		}
		events = append(events, distrusted(c.ID, s))
	}
	d.Cases[i] = &c
	return events
}

// distrusted says for the ledger who is distrusted, and in which time.
func distrusted(n string, s account.Suspect) event.Event {
	to := "now"
	if !s.To.IsZero() {
		to = s.To.UTC().Format(time.RFC3339)
	}
	who := nameOf(account.Stop{Kind: s.Kind, Subject: s.Subject, Name: s.Name, Owner: s.Owner})
	return event.Event{Kind: event.CaseChanged, Target: n, Note: fmt.Sprintf("%s %s (%s), %s to %s", s.Kind, s.Subject, who, s.From.UTC().Format(time.RFC3339), to)}
}

// trusted ends the time of those whom a freeze was about: what they do from now on is their own work again.
func (d *draft) trusted(stop string, now time.Time) {
	for i, c := range d.Cases {
		if !c.Closed.IsZero() || !slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return s.Stop == stop }) {
			continue
		}
		next := *c
		next.Suspects = slices.Clone(c.Suspects)
		for j := range next.Suspects {
			if s := &next.Suspects[j]; s.Stop == stop && s.To.IsZero() {
				s.To = now
			}
		}
		d.Cases[i] = &next
	}
}

// Cases lists the cases, the latest first: to those who see people.
func (l *Local) Cases(_ context.Context, s id.Session) (out []account.Case, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.may(by, account.SeePeople) && !b.may(by, account.Freeze) {
		return nil, notAllowed("list")
	}
	for _, c := range slices.Backward(b.Cases) {
		out = append(out, c.Case)
	}
	return out, nil
}

// OpenCase opens a case by hand, or, with a number, changes who is distrusted in it and when. Who is named is not frozen by it.
func (l *Local) OpenCase(ctx context.Context, s id.Session, c account.Case) (account.Case, error) {
	const op = "case"
	var made account.Case
	err := l.changes(ctx, s, op, c.ID, func(b *books, d *draft, by account.Session) (events []event.Event, err error) {
		if !b.may(by, account.Freeze) {
			return nil, notAllowed(op)
		}
		if c.ID != "" && len(c.Suspects) == 0 {
			return nil, unfit(op, c.ID, "hint.case-whom")
		}
		if len(c.Suspects) > maxSuspects {
			return nil, problem.New(problem.TooLarge, op, c.ID, nil)
		}
		for i := range c.Suspects {
			if err := l.distrust(op, d, &c.Suspects[i]); err != nil {
				return nil, err
			}
		}
		if c.ID == "" {
			c.Opened, c.By, c.Reason = l.now(), by.Name, cut(c.Reason, maxReason)
			if events = d.openCase(c); len(events) == 0 {
				return nil, problem.New(problem.TooLarge, op, "", nil)
			}
			made = d.Cases[len(d.Cases)-1].Case
			return events, nil
		}
		i, err := d.openedCase(op, c.ID)
		if err != nil {
			return nil, err
		}
		events = d.amendCase(i, l.now(), c.Suspects)
		made = d.Cases[i].Case
		return events, nil
	})
	return made, err
}

// openedCase finds an open case by its number.
func (d *draft) openedCase(op, n string) (int, error) {
	i := slices.IndexFunc(d.Cases, func(c *caseState) bool { return c.ID == n && c.Closed.IsZero() })
	if i < 0 {
		return i, &problem.Error{Kind: problem.NotFound, Op: op, On: n, Hint: "hint.no-case"}
	}
	return i, nil
}

// distrust finds out whom somebody means, and checks the time.
func (l *Local) distrust(op string, d *draft, s *account.Suspect) error {
	stop := account.Stop{Kind: s.Kind, Subject: s.Subject}
	if stop.Kind == "" {
		stop.Kind = l.kindOf(d, s.Subject)
	}
	if x, ok := l.sessions.peek(idOf(s.Subject), l.now()); ok && stop.Kind == account.StopSession {
		stop.Owner = x.Name
	}
	if stop.Kind != account.StopSession && stop.Kind != account.StopDevice && stop.Kind != account.StopAccount {
		return unfit(op, s.Subject, "hint.case-whom")
	}
	if _, err := d.name(op, &stop); err != nil {
		return absent(op, s.Subject, "hint.case-whom")
	}
	if s.From.IsZero() || !s.To.IsZero() && s.To.Before(s.From) || s.From.After(l.now()) {
		return unfit(op, s.Subject, "hint.case-when")
	}
	s.Kind, s.Subject, s.Name, s.Owner = stop.Kind, stop.Subject, stop.Name, stop.Owner
	s.Stop = ""
	if i := slices.IndexFunc(d.Stops, func(f *stopState) bool { return f.Kind == s.Kind && f.Subject == s.Subject }); i >= 0 && s.To.IsZero() {
		s.Stop = d.Stops[i].ID
	}
	return nil
}

// kindOf tells what a name or identifier is of.
func (l *Local) kindOf(d *draft, subject string) account.StopKind {
	switch {
	case d.account(subject) != nil || d.find(func(a *accountState) bool { return a.ID.String() == subject }) != nil:
		return account.StopAccount
	case slices.ContainsFunc(d.Accounts, func(a *accountState) bool {
		return slices.ContainsFunc(a.Devices, func(x deviceState) bool { return x.ID.String() == subject })
	}):
		return account.StopDevice
	}
	return account.StopSession
}

// CloseCase closes a case, with what was found. Who is still frozen stays so, and is not suspected for what comes later.
func (l *Local) CloseCase(ctx context.Context, s id.Session, n, note string) error {
	const op = "case"
	return l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Freeze) {
			return event.Event{}, notAllowed(op)
		}
		i, err := d.openedCase(op, n)
		if err != nil {
			return event.Event{}, err
		}
		if strings.TrimSpace(note) == "" {
			return event.Event{}, unfit(op, n, "hint.case-note")
		}
		c := *d.Cases[i]
		c.Closed, c.ClosedBy, c.Note = l.now(), by.Name, cut(note, maxReason)
		c.Suspects = slices.Clone(c.Suspects)
		for j := range c.Suspects {
			if c.Suspects[j].To.IsZero() {
				c.Suspects[j].To = c.Closed
			}
		}
		d.Cases[i] = &c
		return event.Event{Kind: event.CaseClosed, Target: n, Note: c.Note}, nil
	})
}
