package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// prefix reads a network, or one address.
func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// knows reports whether each rule is a network or the name of a list.
func (p policyState) knows(op string, rules []string) error {
	for _, r := range rules {
		if _, ok := prefix(r); !ok && p.Networks[r] == nil {
			return unfit(op, r, "hint.network-rule")
		}
	}
	return nil
}

// admits reports whether rules let an address in; without rules every address is. An address that is not known, as
// of the console, is nowhere.
func (p policyState) admits(rules []string, from netip.Addr) bool {
	if len(rules) == 0 {
		return true
	}
	from = from.Unmap().WithZone("")
	in := func(s string) bool {
		n, ok := prefix(s)
		return ok && n.Contains(from)
	}
	return slices.ContainsFunc(rules, func(r string) bool { return in(r) || slices.ContainsFunc(p.Networks[r], in) })
}

// span is all addresses from one to another.
type span struct{ first, last netip.Addr }

func spanOf(p netip.Prefix) span {
	last := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(last); i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	end, _ := netip.AddrFromSlice(last)
	return span{p.Addr(), end}
}

// spans are the addresses of rules in order, those that touch as one. Lists are looked up, one below the other no more.
func (p policyState) spans(rules []string) (out []span) {
	for _, r := range rules {
		list := p.Networks[r]
		if _, ok := prefix(r); ok {
			list = []string{r}
		}
		for _, x := range list {
			if n, ok := prefix(x); ok {
				out = append(out, spanOf(n))
			}
		}
	}
	slices.SortFunc(out, func(a, b span) int { return a.first.Compare(b.first) })
	merged := out[:0]
	for _, s := range out {
		if n := len(merged) - 1; n >= 0 && (s.first.Compare(merged[n].last) <= 0 || merged[n].last.Next() == s.first) {
			if s.last.Compare(merged[n].last) > 0 {
				merged[n].last = s.last
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// within reports whether rules admit no address that others do not; none admit every address.
func (p policyState) within(rules, others []string) bool {
	if len(others) == 0 || len(rules) == 0 {
		return len(others) == 0
	}
	return covered(p.spans(rules), p.spans(others))
}

// covered reports whether all spans lie in those of others, both in order.
func covered(list, others []span) bool {
	for _, s := range list {
		for len(others) > 0 && others[0].last.Less(s.first) {
			others = others[1:]
		}
		if len(others) == 0 || s.first.Less(others[0].first) || others[0].last.Less(s.last) {
			return false
		}
	}
	return true
}

const maxRules = 100

// checkRules tells why a list of rules cannot be taken, or nil.
func (d *draft) checkRules(op string, rules []string) error {
	if len(rules) > maxRules {
		return unfit(op, fmt.Sprintf("%d > %d", len(rules), maxRules), "hint.networks-many")
	}
	return d.Policy.knows(op, rules)
}

// SetAccountNetworks says from where an account may be used; sessions from elsewhere end. To let it be used from more takes two.
func (l *Local) SetAccountNetworks(ctx context.Context, s id.Session, name string, rules []string) (account.Outcome, error) {
	const op = "set networks"
	if b := l.books.Load(); b.known(name) != nil && len(rules) <= maxRules && b.Policy.knows(op, rules) == nil && !b.Policy.within(rules, b.known(name).Networks) {
		a := b.known(name)
		args, err := json.Marshal(rules)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, name, err)
		}
		was, err := json.Marshal(a.Networks)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, name, err)
		}
		return l.propose(ctx, s, op, proposalState{Act: actLoosenNetworks, On: a.ID, Target: a.Name, Args: args, Was: was}, account.ManageAccounts)
	}
	var on id.Account
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.ManageAccounts) {
			return event.Event{}, notAllowed(op)
		}
		a := d.account(name)
		if a == nil {
			return event.Event{}, noAccount(op, name)
		}
		if err := d.checkRules(op, rules); err != nil {
			return event.Event{}, err
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if !d.Policy.within(rules, a.Networks) { // somebody has made it stricter meanwhile
			return event.Event{}, problem.New(problem.Condition, op, name, nil)
		}
		on = a.ID
		return a.restrict(rules), nil
	})
	if err != nil {
		return account.Outcome{}, err
	}
	return account.Outcome{}, l.endOutside(ctx, on)
}

// restrict sets the rules of an account of the draft.
func (a *accountState) restrict(rules []string) event.Event {
	a.Networks = rules
	return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "networks: " + strings.Join(rules, " ")}
}

// loosenNetworks carries out what two people want, unless the rules are others by now.
func (d *draft) loosenNetworks(p proposalState) ([]event.Event, error) {
	const op = "confirm"
	a := d.byID(p.On)
	if a == nil {
		return nil, noAccount(op, p.Target)
	}
	var rules []string
	if err := json.Unmarshal(p.Args, &rules); err != nil {
		return nil, err
	}
	if is, err := json.Marshal(a.Networks); err != nil || !bytes.Equal(is, p.Was) {
		return nil, &problem.Error{Kind: problem.Condition, Op: op, On: p.Target, Hint: "hint.rules-changed"}
	}
	if err := d.checkRules(op, rules); err != nil {
		return nil, err
	}
	return []event.Event{a.restrict(rules)}, nil
}

// endOutside ends the sessions of an account that are from where it may not be used.
func (l *Local) endOutside(ctx context.Context, on id.Account) error {
	b := l.books.Load()
	return l.endWhere(ctx, func(x account.Session) bool {
		return x.Account == on && !b.Policy.admits(b.byID[on].Networks, x.Address)
	}, "not from this network")
}

// SetShareNetworks says from where a share may be used.
func (l *Local) SetShareNetworks(ctx context.Context, s id.Session, share string, rules []string) error {
	const op = "set networks"
	return l.change(ctx, s, op, share, func(b *books, d *draft, by account.Session) (event.Event, error) {
		x := d.share(share)
		switch {
		case x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayGrant(by, x.ID):
			return event.Event{}, notAllowed(op)
		case x == nil:
			return event.Event{}, noShare(op, share)
		}
		if err := d.checkRules(op, rules); err != nil {
			return event.Event{}, err
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		x.Networks = rules
		return event.Event{Kind: event.RightsChanged, Share: x.ID, Note: "networks: " + strings.Join(rules, " ")}, nil
	})
}
