package keeper

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// proposalState is an act that takes two people: one has asked for it, and another must confirm.
type proposalState struct {
	ID     string          `json:"id"`
	Act    string          `json:"act"`
	On     id.Account      `json:"on,omitzero"`
	Target string          `json:"target,omitempty"`
	Args   json.RawMessage `json:"args,omitempty"`
	Was    json.RawMessage `json:"was,omitempty"` // what a policy was when it was asked for: another one would be lost
	Reason string          `json:"reason,omitempty"`
	By     id.Account      `json:"by,omitzero"` // zero: the console
	ByName string          `json:"by_name"`
	Asked  time.Time       `json:"asked"`
	Until  time.Time       `json:"until"`

	second string // who says yes, when it is carried out
}

// The acts that take two people.
const (
	actRemove         = "remove"
	actDisable        = "disable"
	actDemote         = "demote"
	actResetFactors   = "reset-factors"
	actWeakenPolicy   = "weaken-policy"
	actLoosenNetworks = "loosen-networks" // of an account
	actThaw           = "thaw"
	actReadMore       = "read-more"
	actJob            = "job"
	actRemoveTrap     = "remove-trap"
	actLaterClock     = "later-clock"
	actHold           = "hold-less"
	actDecide         = "decide"
	actLookup         = "lookup"
	actRenewPapers    = "renew-papers"
	actWitnesses      = "witnesses"
	actEndIsolation   = "end-isolation"
	actCollecting     = "collecting"
	actErase          = "erase-share"
	actExpire         = "remove-by-rule"
	actAppoint        = "appoint" // give somebody a role that may confirm: or one person could make the second
)

// actedAlone is what the ledger says of an act that the console has carried out by itself.
const actedAlone = "alone: nobody else could confirm"

const (
	proposalTime = 72 * time.Hour
	maxProposals = 100
	maxAsked     = 10  // of one person
	maxReason    = 500 // bytes
)

// carry carries an act out in the draft, once two people want it.
func (l *Local) carry(d *draft, p proposalState) ([]event.Event, error) {
	switch p.Act {
	case actWeakenPolicy:
		return d.weaken(p, l.now())
	case actThaw:
		return d.thaw(p.Args, l.now())
	case actReadMore:
		return d.moreFor(p.On, l.books.Load().date(l.now()))
	case actJob:
		return d.begin(p.Args, l.now())
	case actRemoveTrap:
		return d.untrap(p.Args)
	case actLoosenNetworks:
		return d.loosenNetworks(p)
	case actLaterClock:
		return d.laterClock(p, l.now())
	case actHold:
		return d.holdLess(p, l.now())
	case actDecide:
		return d.decide(p, l.now())
	case actLookup:
		return d.openLookup(p, l.now())
	case actRenewPapers:
		return d.grant(p, l.now()), nil
	case actWitnesses:
		return d.changeWitnesses(p)
	case actCollecting:
		return d.changeCollecting(p)
	case actEndIsolation:
		return d.rejoin(), nil
	case actErase:
		return d.endShare(p, l.now())
	case actExpire:
		return d.agreeRemoval(p, l.now())
	}
	return d.carryOn(p, l.now())
}

// weaken puts rules into force that let people do more, unless others have been set since they were proposed.
func (d *draft) weaken(p proposalState, now time.Time) ([]event.Event, error) {
	var next policyState
	if err := json.Unmarshal(p.Args, &next); err != nil {
		return nil, err
	}
	if is, err := json.Marshal(d.Policy); p.Was != nil && (err != nil || !bytes.Equal(is, p.Was)) {
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: p.Target, Hint: "hint.rules-changed"}
	}
	note := differ(d.Policy, next)
	if err := d.setPolicy("confirm", next); err != nil {
		return nil, err
	}
	d.shorten(now) // some of it may be stricter
	return []event.Event{{Kind: event.PolicyChanged, Note: strings.Join(note, ", ")}}, nil
}

// carryOn carries out an act on an account.
func (d *draft) carryOn(p proposalState, now time.Time) ([]event.Event, error) {
	a := d.byID(p.On)
	if a == nil {
		return nil, problem.New(problem.NotFound, "confirm", p.Target, nil)
	}
	if p.Act == actResetFactors {
		a.Password, a.Identity, a.App, a.Passkeys, a.Recovery, a.Invitation, a.Day, a.Tokens, a.Renew = nil, nil, nil, nil, nil, nil, nil, nil, false
		return []event.Event{{Kind: event.FactorRemoved, Target: a.Name, Note: "all"}}, nil
	}
	if p.Act == actAppoint {
		return appoint(a, p.Args)
	}
	if a.Role == account.Administrator && !a.Disabled && d.administrators() == 1 {
		return nil, lastAdministrator("confirm", a.Name)
	}
	switch p.Act {
	case actRemove:
		return []event.Event{d.remove(a, now)}, nil
	case actDisable:
		a.disable()
		return []event.Event{{Kind: event.AccountChanged, Target: a.Name, Note: "disabled"}}, nil
	case actDemote:
		return appoint(a, p.Args)
	}
	return nil, fmt.Errorf("unknown act %q", p.Act)
}

// appoint gives an account of the draft the role that a proposal names.
func appoint(a *accountState, args json.RawMessage) ([]event.Event, error) {
	if err := json.Unmarshal(args, &a.Role); err != nil || !a.Role.Valid() {
		return nil, fmt.Errorf("role %q: %w", string(a.Role), err)
	}
	return []event.Event{{Kind: event.AccountChanged, Target: a.Name, Note: "role: " + string(a.Role)}}, nil
}

// after is what an act ends besides: the sessions of whom it was about.
func (l *Local) after(ctx context.Context, p proposalState) error {
	if p.Act == actThaw {
		l.thawed(p)
	}
	switch p.Act {
	case actThaw, actReadMore, actJob:
		return nil
	case actWeakenPolicy:
		return l.endUnfit(ctx)
	case actLoosenNetworks:
		return l.endOutside(ctx, p.On)
	case actErase:
		return l.endShares(ctx)
	}
	if p.On.IsZero() {
		return nil
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == p.On }, p.Act)
}

// propose asks for an act, with a power or, where that is "", without. Where nobody else could confirm, the console may do it alone, and the ledger says so: a
// house with one administrator who lost everything would stay closed for ever.
func (l *Local) propose(ctx context.Context, s id.Session, op string, p proposalState, power account.Power) (account.Outcome, error) {
	if p.Act != actDecide { // of which the reason is all that the second person sees
		p.Reason = cut(p.Reason, maxReason)
	}
	alone := false
	err := l.changes(ctx, s, op, p.Target, func(b *books, d *draft, by account.Session) ([]event.Event, error) {
		if power != "" && !b.may(by, power) {
			return nil, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return nil, err
		}
		p.ID, p.By, p.ByName, p.Asked = rand.Text(), by.Account, by.Name, l.now()
		p.Until = p.Asked.Add(proposalTime)
		if alone = by.Factor == account.Console && !b.anotherConfirms(p); alone {
			events, err := l.carry(d, p)
			return append([]event.Event{{Kind: event.Confirmed, Target: p.Target, Note: p.Act + ", " + actedAlone + "; " + p.Reason}}, events...), err
		}
		d.Proposals = slices.DeleteFunc(d.Proposals, func(q *proposalState) bool { return !p.Asked.Before(q.Until) })
		if !d.roomToAsk(p) {
			return nil, problem.New(problem.TooLarge, op, p.Target, errors.New("too many acts wait for a second person"))
		}
		if slices.ContainsFunc(d.Proposals, func(q *proposalState) bool { return q.Act == p.Act && q.On == p.On && bytes.Equal(q.Args, p.Args) }) {
			return nil, &problem.Error{Kind: problem.Exists, Op: op, On: p.Target, Hint: "hint.proposal-waits"}
		}
		d.Proposals = append(d.Proposals, &p)
		return []event.Event{{Kind: event.Proposed, Target: p.Target, Until: p.Until, Note: p.Act + "; " + p.Reason}}, nil
	})
	if err != nil {
		return account.Outcome{}, err
	}
	if alone {
		return account.Outcome{}, l.after(ctx, p)
	}
	shown := p.show(l.books.Load(), account.Session{})
	shown.Mine = true
	return account.Outcome{Proposal: &shown}, nil
}

// roomToAsk reports whether one more act may wait: of each person a few, so that nobody keeps others from asking, and thawing always.
func (d *draft) roomToAsk(p proposalState) bool {
	mine := 0
	for _, q := range d.Proposals {
		if q.By == p.By {
			mine++
		}
	}
	return p.Act == actThaw || p.By.IsZero() || len(d.Proposals) < maxProposals && mine < maxAsked
}

// anotherConfirms reports whether there is somebody who could confirm: not who asked, and not whom it is about.
func (b *books) anotherConfirms(p proposalState) bool {
	return slices.ContainsFunc(b.Accounts, func(a *accountState) bool {
		return a.mayEnter() && a.Role.May(account.Confirm) && a.ID != p.By && a.ID != p.On && a.hasFactor()
	})
}

// asked reports whether a session is of the one who asked. The console is one person, whoever speaks there.
func (p *proposalState) asked(by account.Session) bool { return p.By == by.Account }

func (p *proposalState) show(b *books, by account.Session) account.Proposal {
	return account.Proposal{ID: p.ID, Act: p.Act, Target: p.Target, Changes: p.changes(b), Reason: p.Reason, By: p.ByName, Asked: p.Asked, Until: p.Until, Mine: p.asked(by)}
}

// Proposals lists the acts that wait for a second person: to those who can confirm, and to those who asked.
func (l *Local) Proposals(_ context.Context, s id.Session) (out []account.Proposal, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	for _, p := range b.Proposals {
		if l.now().Before(p.Until) && (b.may(by, account.Confirm) || p.asked(by)) {
			out = append(out, p.show(b, by))
		}
	}
	return out, nil
}

// take takes a proposal that still counts out of the draft.
func (d *draft) take(n string, now time.Time) *proposalState {
	i := slices.IndexFunc(d.Proposals, func(p *proposalState) bool { return p.ID == n && now.Before(p.Until) })
	if i < 0 {
		return nil
	}
	p := d.Proposals[i]
	d.Proposals = slices.Delete(d.Proposals, i, i+1)
	return p
}

// Confirm is the second person's yes: the act is carried out.
func (l *Local) Confirm(ctx context.Context, s id.Session, n string) error {
	const op = "confirm"
	var done proposalState
	err := l.changes(ctx, s, op, n, func(b *books, d *draft, by account.Session) ([]event.Event, error) {
		if !b.may(by, account.Confirm) {
			return nil, notAllowed(op)
		}
		p := d.take(n, l.now())
		switch {
		case p == nil:
			return nil, problem.New(problem.NotFound, op, "", nil)
		case p.asked(by) || !p.On.IsZero() && p.On == by.Account:
			return nil, &problem.Error{Kind: problem.Denied, Op: op, On: p.Target, Hint: "hint.two-people"}
		}
		if err := l.fresh(by, op); err != nil {
			return nil, err
		}
		done = *p
		done.second = by.Name
		events, err := l.carry(d, done)
		return append([]event.Event{{Kind: event.Confirmed, Target: p.Target, Note: fmt.Sprintf("%s, asked for by %s; %s", p.Act, p.ByName, p.Reason)}}, events...), err
	})
	if err != nil {
		return err
	}
	return l.after(ctx, done)
}

// Withdraw takes a proposal back, or refuses it.
func (l *Local) Withdraw(ctx context.Context, s id.Session, n string) error {
	const op = "withdraw"
	return l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		p := d.take(n, l.now())
		switch {
		case p == nil || !p.asked(by) && !b.may(by, account.Confirm):
			return event.Event{}, problem.New(problem.NotFound, op, "", nil)
		}
		d.Dropped = append(slices.Clone(d.Dropped), blobOf(p)...)
		return event.Event{Kind: event.Withdrawn, Target: p.Target, Note: fmt.Sprintf("%s, asked for by %s", p.Act, p.ByName)}, nil
	})
}
