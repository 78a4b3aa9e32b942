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
	Last   time.Time      `json:"last"`             // when somebody was last added: what comes soon after belongs to it
	Serial int            `json:"serial,omitempty"` // the last number that something at its desk got
	Blobs  map[int]string `json:"blobs,omitempty"`  // of attachments: the names under which custody keeps them
	Papers *papersState   `json:"papers,omitempty"` // never changed: a change makes another one
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
		events := d.amendCase(i, s.Since, list)
		if c := d.Cases[i]; s.By == "" && c.Alarm.IsZero() { // a copy that amendCase has made
			c.Alarm = s.Since
		}
		return events
	}
	c := account.Case{Opened: s.Since, By: s.By, Reason: s.Reason, Suspects: list}
	if s.By == "" {
		c.Alarm = s.Since
	}
	return d.openCase(c)
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
	d.Cases = append(d.Cases, &caseState{Case: c, Last: c.Opened})
	events := []event.Event{{Kind: event.CaseOpened, Target: c.ID, Note: c.Reason}}
	for _, s := range c.Suspects {
		events = append(events, distrusted(c.ID, s))
	}
	return events
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

// OpenCase opens a case by hand, or, with a number, changes who is distrusted in it and when; to distrust somebody for less time wants
// a reason. Who is named is not frozen by it.
func (l *Local) OpenCase(ctx context.Context, s id.Session, c account.Case) (account.Case, error) {
	const op = "case"
	n, who := c.ID, account.Session{}
	err := l.changes(ctx, s, op, c.ID, func(b *books, d *draft, by account.Session) (events []event.Event, err error) {
		if who = by; !b.may(by, account.Freeze) {
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
		c.Reason = cut(c.Reason, maxReason)
		if c.ID != "" {
			return l.suspect(op, d, c)
		}
		events = d.openCase(account.Case{Opened: l.now(), By: by.Name, Reason: c.Reason, Suspects: c.Suspects})
		if len(events) == 0 {
			return nil, problem.New(problem.TooLarge, op, "", nil)
		}
		n = d.Cases[len(d.Cases)-1].ID
		return events, nil
	})
	if err != nil {
		return account.Case{}, err
	}
	return l.books.Load().showCase(n, who, l.now())
}

// openedCase finds an open case by its number.
func (d *draft) openedCase(op, n string) (int, error) {
	i := slices.IndexFunc(d.Cases, func(c *caseState) bool { return c.ID == n && c.Closed.IsZero() })
	if i < 0 {
		return i, &problem.Error{Kind: problem.NotFound, Op: op, On: n, Hint: "hint.no-case"}
	}
	return i, nil
}

// CloseCase closes a case, with what was found. Who is still frozen stays so, and is not suspected for what comes later.
func (l *Local) CloseCase(ctx context.Context, s id.Session, n, note string) error {
	const op = "case"
	defer func() { // the page that is open to everybody ends with the case; whatever comes between, the next heartbeat does it
		if err := l.tidyLookups(ctx); err != nil {
			l.cfg.Log.ErrorContext(ctx, "what the look-up page of a closed case answers from is still there", "err", err)
		}
	}()
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
