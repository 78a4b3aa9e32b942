package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// policyState is what holds for everybody. Its zero value is the strictest.
type policyState struct {
	Firm                string              `json:"firm,omitempty"`
	WithoutSecondFactor bool                `json:"without_second_factor,omitempty"`
	DayLength           time.Duration       `json:"day_length,omitempty"` // 0 means 12 hours
	Opening             string              `json:"opening,omitempty"`    // "07:00"
	Closing             string              `json:"closing,omitempty"`    // "19:00"
	Zone                string              `json:"zone,omitempty"`       // of both; empty is the machine's
	Networks            map[string][]string `json:"networks,omitempty"`
	Reading             account.Budgets     `json:"reading,omitzero"` // 0 means defaultBudgets
	AnyPlace            bool                `json:"any_place,omitempty"`
}

const (
	defaultDay = 12 * time.Hour
	maxDay     = 24 * time.Hour
	minDay     = 10 * time.Minute
	maxFirm    = 200 // bytes
	clockTime  = "15:04"
	maxLists   = 100
	maxPrefix  = 20_000 // of one list: a country's networks are some thousands
)

func (p policyState) length() time.Duration {
	if p.DayLength == 0 {
		return defaultDay
	}
	return p.DayLength
}

// end is when a day that is opened now ends: after its length, at most the policy's, or when the house closes.
func (p policyState) end(now time.Time, length time.Duration) time.Time {
	if length <= 0 || length > p.length() {
		length = p.length()
	}
	end := now.Add(length)
	if at, ok := p.closing(now); ok && at.Before(end) {
		return at
	}
	return end
}

// closing is the next moment at which the house closes.
func (p policyState) closing(now time.Time) (time.Time, bool) {
	zone, err := p.zone()
	at, bad := time.Parse(clockTime, p.Closing)
	if p.Closing == "" || err != nil || bad != nil {
		return time.Time{}, false
	}
	y, m, d := now.In(zone).Date()
	for ; ; d++ {
		if t := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, zone); t.After(now) {
			return t.UTC(), true
		}
	}
}

func (p policyState) zone() (*time.Location, error) {
	if p.Zone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(p.Zone)
}

// show returns the policy as people see it.
func (p policyState) show() account.Policy {
	return account.Policy{Firm: p.Firm, SecondFactor: !p.WithoutSecondFactor, DayLength: p.length().String(), Opening: p.Opening, Closing: p.Closing, Zone: p.Zone,
		Networks: p.Networks, Reading: showBudgets(p.budgets()), AnyPlace: p.AnyPlace}
}

// parsePolicy reads what people have written.
func parsePolicy(op string, q account.Policy) (policyState, error) {
	p := policyState{Firm: strings.TrimSpace(q.Firm), WithoutSecondFactor: !q.SecondFactor, Opening: q.Opening, Closing: q.Closing, Zone: q.Zone,
		Networks: q.Networks, Reading: q.Reading, AnyPlace: q.AnyPlace}
	if len(p.Firm) > maxFirm {
		return p, unfit(op, p.Firm, "hint.firm-long")
	}
	if q.DayLength != "" {
		length, err := time.ParseDuration(q.DayLength)
		if err != nil || length < minDay || length > maxDay {
			return p, unfit(op, q.DayLength, "hint.day-length")
		}
		p.DayLength = length
	}
	for _, at := range []*string{&p.Opening, &p.Closing} {
		t, err := time.Parse(clockTime, *at)
		if *at == "" {
			continue
		}
		if err != nil {
			return p, unfit(op, *at, "hint.closing")
		}
		*at = t.Format(clockTime)
	}
	if p.Opening != "" && p.Opening == p.Closing {
		return p, unfit(op, p.Opening, "hint.opening")
	}
	if err := checkBudgets(op, p.Reading); err != nil {
		return p, err
	}
	if _, err := p.zone(); err != nil {
		return p, unfit(op, p.Zone, "hint.zone")
	}
	if len(p.Networks) > maxLists {
		return p, unfit(op, fmt.Sprintf("%d > %d", len(p.Networks), maxLists), "hint.networks-many")
	}
	for name, list := range p.Networks {
		if _, isPrefix := prefix(name); name == "" || isPrefix {
			return p, unfit(op, name, "hint.network-list")
		}
		if len(list) > maxPrefix {
			return p, unfit(op, fmt.Sprintf("%s: %d > %d", name, len(list), maxPrefix), "hint.networks-many")
		}
		for _, x := range list {
			if _, ok := prefix(x); !ok {
				return p, unfit(op, name+": "+x, "hint.network-form")
			}
		}
	}
	return p, nil
}

// unfit refuses what somebody has written.
func unfit(op, on, hint string) error {
	return &problem.Error{Kind: problem.Invalid, Op: op, On: on, Hint: hint}
}

func noAccount(op, name string) error { return absent(op, name, "hint.no-account") }
func noGroup(op, name string) error   { return absent(op, name, "hint.no-group") }
func noShare(op, name string) error   { return absent(op, name, "hint.no-such-share") }

func absent(op, name, hint string) error {
	return &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: hint}
}

// Policy tells what holds for everybody.
func (l *Local) Policy(_ context.Context, s id.Session) (account.Policy, error) {
	if _, err := l.live(s); err != nil {
		return account.Policy{}, err
	}
	return l.books.Load().Policy.show(), nil
}

// Firm returns the firm's name, for those who are not in yet.
func (l *Local) Firm() string { return l.books.Load().Policy.Firm }

// SetPolicy changes what holds for everybody. To let people in without a second factor, for longer, from
// more networks, or to let them read more, takes two.
func (l *Local) SetPolicy(ctx context.Context, s id.Session, q account.Policy) (account.Outcome, error) {
	const op = "change policy"
	p, err := parsePolicy(op, q)
	if err != nil {
		return account.Outcome{}, err
	}
	if b := l.books.Load(); b.looser(p) {
		old := b.Policy
		args, err := json.Marshal(p)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		was, err := json.Marshal(old)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		return l.propose(ctx, s, op, proposalState{Act: actWeakenPolicy, Reason: strings.Join(differ(old, p), ", "), Args: args, Was: was}, account.Settle)
	}
	err = l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Settle) {
			return event.Event{}, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if b.looser(p) { // somebody has made it stricter meanwhile
			return event.Event{}, problem.New(problem.Condition, op, "", nil)
		}
		if err := d.setPolicy(op, p); err != nil {
			return event.Event{}, err
		}
		d.shorten(l.now())
		return event.Event{Kind: event.PolicyChanged, Note: strings.Join(differ(b.Policy, p), ", ")}, nil
	})
	if err != nil {
		return account.Outcome{}, err
	}
	return account.Outcome{}, l.endUnfit(ctx)
}

// endUnfit ends the sessions that the rules let in no more.
func (l *Local) endUnfit(ctx context.Context) error {
	b, now := l.books.Load(), l.now()
	return l.endWhere(ctx, func(x account.Session) bool {
		a := b.byID[x.Account]
		return a != nil && (!b.Policy.admits(a.Networks, x.Address) || byDevice(x.Factor) && (!a.Day.open(now) || x.Expires.After(a.Day.Until)))
	}, "the rules have changed") // a device that may comes in again by itself
}

// shorten ends open days by a closing time that has come to hold after they were opened.
func (d *draft) shorten(now time.Time) {
	for i, a := range d.Accounts {
		if at, ok := d.Policy.closing(now); ok && a.Day.open(now) && at.Before(a.Day.Until) {
			a = a.clone()
			a.Day = &dayState{a.Day.Opened, at, a.Day.Session}
			d.Accounts[i] = a
		}
	}
}

// setPolicy puts a policy in force. Lists of networks that somebody's rule names must stay.
func (d *draft) setPolicy(op string, p policyState) error {
	for _, x := range d.Accounts {
		if err := p.knows(op, x.Networks); err != nil && x.Removed.IsZero() {
			return unfit(op, x.Name, "hint.network-list-needed")
		}
	}
	for _, x := range d.Shares {
		if err := p.knows(op, x.Networks); err != nil {
			return unfit(op, x.Name, "hint.network-list-needed")
		}
	}
	d.Policy = p
	return nil
}

// differ names what is not the same in two policies, for the ledger.
func differ(a, b policyState) (out []string) {
	for name, same := range map[string]bool{
		"firm": a.Firm == b.Firm, "second factor": a.WithoutSecondFactor == b.WithoutSecondFactor, "length of the day": a.length() == b.length(),
		"closing time":    a.Closing == b.Closing && a.Opening == b.Opening && a.Zone == b.Zone,
		"reading budgets": a.budgets() == b.budgets(), "first readings from a place": a.AnyPlace == b.AnyPlace,
		"networks": maps.EqualFunc(a.Networks, b.Networks, slices.Equal[[]string]),
	} {
		if !same {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
