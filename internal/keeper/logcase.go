package keeper

import (
	"context"
	"net/netip"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/appliance"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// maxCaseEvents is how many events of appliances a case shows; theirs come before others.
const maxCaseEvents = 2000

// ApplianceEvents returns what appliances have told in the time of a case, to who may see cases: who came over the VPN and tried to, what was changed, of
// what people were told. Those at an address or with a name of the case's suspects are marked.
func (l *Local) ApplianceEvents(ctx context.Context, s id.Session, n string) (account.ApplianceEvents, error) {
	const op = "read ledger"
	out := account.ApplianceEvents{Events: []account.ApplianceEvent{}}
	by, err := l.live(s)
	if err != nil {
		return out, err
	}
	b := l.books.Load()
	if !b.seesCases(by) {
		return out, notAllowed(op)
	}
	c := b.caseOf(n)
	if c == nil {
		return out, absent(op, n, "hint.no-such-case")
	}
	out.From, out.To = c.window(l.now())
	w := newWho(b, c.Suspects)
	var theirs, others []account.ApplianceEvent
	for pass := range 2 { // an address of a suspect's may be told of only after the appliance has told of it
		for e, err := range l.told(ctx, out.From, out.To) {
			if err != nil {
				return out, err
			}
			if e.When.Before(out.From) || e.When.After(out.To) {
				continue
			}
			if pass == 0 {
				w.learn(e)
				continue
			}
			x, ok := applianceEvent(e)
			switch {
			case !ok:
			case w.is(x.Address, x.Account):
				if x.Theirs = true; len(theirs) < maxCaseEvents {
					theirs = append(theirs, x)
				} else {
					out.More++
				}
			case len(others) < maxCaseEvents:
				others = append(others, x)
			default:
				out.More++
			}
		}
	}
	if room := maxCaseEvents - len(theirs); len(others) > room {
		out.More += int64(len(others) - room)
		others = others[:room]
	}
	out.Events = append(append(out.Events, theirs...), others...)
	slices.SortStableFunc(out.Events, func(a, b account.ApplianceEvent) int { return a.When.Compare(b.When) })
	return out, nil
}

// applianceEvent reads an entry about an appliance.
func applianceEvent(e *event.Event) (x account.ApplianceEvent, ok bool) {
	n := parseLogNote(e.Note)
	x = account.ApplianceEvent{When: e.When, Device: e.Target, Address: e.Address, Account: n.account, Count: e.Size}
	switch e.Kind {
	case event.ApplianceEvent:
		x.Kind, x.Maker, x.Stated = n.kind, n.maker, n.stated
	case event.ApplianceAlert:
		x.Alert = n.kind
	default:
		return x, false
	}
	return x, true
}

// who is the addresses and the names of a case's suspects.
type who struct {
	theirs    func(*event.Event) bool
	addresses map[netip.Addr]bool
	networks  []string
	names     map[string]bool
}

// maxTheirs bounds the addresses of suspects.
const maxTheirs = 10_000

func newWho(b *books, list []account.Suspect) *who {
	w := &who{theirs: suspicious(list), addresses: make(map[netip.Addr]bool), names: make(map[string]bool)}
	for _, s := range list {
		switch s.Kind {
		case account.StopAddress:
			w.networks = append(w.networks, s.Subject)
		case account.StopAccount, account.StopDevice, account.StopSession:
			if s.Owner != "" {
				w.names[accountKey(s.Owner)] = true
			}
			for _, a := range b.Accounts {
				if a.ID.String() == s.Subject {
					w.names[accountKey(a.Name)] = true
				}
			}
		}
	}
	return w
}

// learn notes from where a suspect did something, here or at an appliance.
func (w *who) learn(e *event.Event) {
	if e.Kind == event.ApplianceEvent {
		if n := parseLogNote(e.Note); e.Address.IsValid() && n.account != "" && w.names[accountKey(n.account)] && appliance.Kind(n.kind).Login() && len(w.addresses) < maxTheirs {
			w.addresses[plainAddress(e.Address)] = true
		}
		return
	}
	if e.Kind != event.Frozen && e.Address.IsValid() && !e.Address.IsLoopback() && len(w.addresses) < maxTheirs && w.theirs(e) {
		w.addresses[plainAddress(e.Address)] = true
	}
}

func (w *who) is(at netip.Addr, name string) bool {
	if name != "" && w.names[accountKey(name)] {
		return true
	}
	return at.IsValid() && (w.addresses[plainAddress(at)] || slices.ContainsFunc(w.networks, func(s string) bool { return sameNetwork(s, at) }))
}
