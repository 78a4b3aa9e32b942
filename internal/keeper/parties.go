package keeper

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// amendCase adds suspects to a case, or changes their times.
func (d *draft) amendCase(i int, now time.Time, list []account.Suspect) (events []event.Event) {
	c := *d.Cases[i]
	c.Suspects, c.Last = slices.Clone(c.Suspects), now
	for _, s := range list {
		at := slices.IndexFunc(c.Suspects, func(x account.Suspect) bool { return samePart(x, s) })
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

// suspect changes who is distrusted in an open case. To distrust somebody for less time takes from what is looked at, and wants a reason.
func (l *Local) suspect(op string, d *draft, c account.Case) ([]event.Event, error) {
	i, err := d.openedCase(op, c.ID)
	if err != nil {
		return nil, err
	}
	less := slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool {
		return slices.ContainsFunc(d.Cases[i].Suspects, func(old account.Suspect) bool { return samePart(s, old) && narrower(s, old) })
	})
	if less && strings.TrimSpace(c.Reason) == "" {
		return nil, unfit(op, c.ID, "hint.case-reason")
	}
	events := d.amendCase(i, l.now(), c.Suspects)
	if len(events) < len(c.Suspects) {
		return nil, &problem.Error{Kind: problem.TooLarge, Op: op, On: c.ID, Hint: "hint.case-full"}
	}
	for j := range events {
		events[j].Note = joinNote(events[j].Note, c.Reason)
	}
	return events, nil
}

// samePart reports whether two suspects are one party.
func samePart(a, b account.Suspect) bool { return a.Kind == b.Kind && a.Subject == b.Subject }

// narrower reports whether a party is distrusted for less time than before.
func narrower(now, before account.Suspect) bool {
	return now.From.After(before.From) || !now.To.IsZero() && (before.To.IsZero() || now.To.Before(before.To))
}

func joinNote(note, reason string) string {
	if reason == "" {
		return note
	}
	return note + "; " + reason
}

// Trust takes a party out of an open case, with a reason.
func (l *Local) Trust(ctx context.Context, s id.Session, n string, party account.Suspect, reason string) error {
	const op = "case"
	return l.write(ctx, s, n, func(d *draft, c *caseState, _ account.Session) (event.Event, error) {
		i := slices.IndexFunc(c.Suspects, func(x account.Suspect) bool {
			return (party.Kind == "" || party.Kind == x.Kind) && (party.Subject == x.Subject || party.Subject != "" && x.Kind == account.StopAccount && sameName(party.Subject, x.Name))
		})
		if i < 0 {
			return event.Event{}, absent(op, party.Subject, "hint.case-no-party")
		}
		if reason = strings.TrimSpace(cut(reason, maxReason)); reason == "" {
			return event.Event{}, unfit(op, n, "hint.case-reason")
		}
		e := distrusted(n, c.Suspects[i])
		e.Note = joinNote("removed: "+e.Note, reason)
		c.Suspects = slices.Delete(c.Suspects, i, i+1)
		return e, nil
	})
}

// distrusted says for the ledger who is distrusted, and in which time.
func distrusted(n string, s account.Suspect) event.Event {
	to := "now"
	if !s.To.IsZero() {
		to = s.To.UTC().Format(time.RFC3339)
	}
	what := strings.TrimSpace(string(s.Kind) + " " + s.Subject)
	if s.Name != "" || s.Owner != "" || !alone(s.Kind) {
		what += " (" + nameOf(account.Stop{Kind: s.Kind, Subject: s.Subject, Name: s.Name, Owner: s.Owner}) + ")"
	}
	return event.Event{Kind: event.CaseChanged, Target: n, Note: fmt.Sprintf("%s, %s to %s", what, s.From.UTC().Format(time.RFC3339), to)}
}

// alone reports whether a party has no name but its subject.
func alone(k account.StopKind) bool {
	return k == account.StopAddress || k == account.PartyStorehouse || k == account.PartyKeeper || k == account.PartyMedium
}

// distrust finds out whom somebody means, and checks the time.
func (l *Local) distrust(op string, d *draft, s *account.Suspect) error {
	stop := account.Stop{Kind: s.Kind, Subject: s.Subject}
	if stop.Kind == "" {
		stop.Kind = l.kindOf(d, s.Subject)
	}
	if err := l.nameParty(op, d, &stop); err != nil {
		return err
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

// maxMedium bounds what a medium is called, in letters.
const maxMedium = 120

// nameParty finds what a party is called.
func (l *Local) nameParty(op string, d *draft, stop *account.Stop) error {
	switch stop.Kind {
	case account.PartyStorehouse, account.PartyKeeper:
		stop.Subject = "" // there is one of each
		return nil
	case account.PartyMedium:
		text, ok := line(stop.Subject, maxMedium)
		if stop.Subject = text; !ok {
			return unfit(op, stop.Subject, "hint.case-medium")
		}
		return nil
	case account.StopSession:
		if x, ok := l.sessions.peek(idOf(stop.Subject), l.now()); ok {
			stop.Owner = x.Name
		}
	case account.StopDevice, account.StopAccount, account.StopAddress:
	default:
		return unfit(op, stop.Subject, "hint.case-whom")
	}
	if _, err := d.name(op, stop); err != nil {
		return absent(op, stop.Subject, "hint.case-whom")
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
	case isAddress(subject):
		return account.StopAddress
	}
	return account.StopSession
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
