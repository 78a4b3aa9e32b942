package keeper

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
)

// looser reports whether a policy lets anything through that the one in force does not, and that two people must agree on: whoever has
// one administrator's session must not make room for the rest.
func (b *books) looser(p policyState) bool {
	old := b.Policy
	if p.WithoutSecondFactor && !old.WithoutSecondFactor || p.AnyPlace && !old.AnyPlace || p.length() > old.length() || p.opensWider(old) {
		return true
	}
	was := old.budgets()
	for c, x := range p.budgets() {
		if x.Minute > was[c].Minute || x.Day > was[c].Day {
			return true
		}
	}
	for name := range p.Networks {
		if rules := []string{name}; b.ruled(name) && !covered(p.spans(rules), old.spans(rules)) {
			return true
		}
	}
	return false
}

// opensWider reports whether a house is ever open, or a day goes on, when another's is not.
func (p policyState) opensWider(than policyState) bool {
	closes, closing := minuteOf(than.Closing)
	if !closing { // an opening time alone says nothing
		return false
	}
	at, ok := minuteOf(p.Closing)
	if !ok || p.Zone != than.Zone {
		return true
	}
	if than.Opening == "" {
		return at > closes
	}
	for m := range 24 * 60 {
		if p.openAt(m) && !than.openAt(m) {
			return true
		}
	}
	return false
}

// ruled reports whether somebody's rules, or a share's, name a list of networks.
func (b *books) ruled(list string) bool {
	return slices.ContainsFunc(b.Accounts, func(a *accountState) bool { return a.Removed.IsZero() && slices.Contains(a.Networks, list) }) ||
		slices.ContainsFunc(b.Shares, func(s *shareState) bool { return slices.Contains(s.Networks, list) })
}

// changes tells what a proposal would change, from what to what. What cannot be read is not told: nobody can confirm it either.
func (p *proposalState) changes(b *books) (out []account.RuleChange) {
	switch p.Act {
	case actWeakenPolicy:
		var was, next policyState
		if json.Unmarshal(p.Was, &was) != nil || json.Unmarshal(p.Args, &next) != nil {
			return nil
		}
		return was.changes(next)
	case actWitnesses:
		var was, next account.Witnessing
		if json.Unmarshal(p.Was, &was) != nil || json.Unmarshal(p.Args, &next) != nil {
			return nil
		}
		return changesOfWitnesses(was, next)
	case actCollecting:
		var was, next account.Collecting
		if json.Unmarshal(p.Was, &was) != nil || json.Unmarshal(p.Args, &next) != nil {
			return nil
		}
		return changesOfCollecting(was, next)
	case actLoosenNetworks:
		var was, next []string
		if json.Unmarshal(p.Was, &was) != nil || json.Unmarshal(p.Args, &next) != nil {
			return nil
		}
		return []account.RuleChange{listChange("networks", "", was, next)}
	case actExpire:
		return p.removalChanges()
	case actAppoint, actDemote:
		var role account.Role
		if a := b.byID[p.On]; a != nil && json.Unmarshal(p.Args, &role) == nil {
			return []account.RuleChange{{What: "role", From: string(a.Role), To: string(role)}}
		}
	}
	return nil
}

// changes tells what is not the same in another policy, in the order of the settings.
func (p policyState) changes(next policyState) (out []account.RuleChange) {
	add := func(what, from, to string) {
		if from != to {
			out = append(out, account.RuleChange{What: what, From: from, To: to})
		}
	}
	add("firm", p.Firm, next.Firm)
	add("second-factor", strconv.FormatBool(!p.WithoutSecondFactor), strconv.FormatBool(!next.WithoutSecondFactor))
	add("day-length", p.length().String(), next.length().String())
	add("opening", p.Opening, next.Opening)
	add("closing", p.Closing, next.Closing)
	add("zone", p.Zone, next.Zone)
	was, will := p.budgets(), next.budgets()
	for c, name := range [classes]string{"open", "preview", "export", "persons"} {
		add(name+"-minute", strconv.Itoa(was[c].Minute), strconv.Itoa(will[c].Minute))
		add(name+"-day", strconv.Itoa(was[c].Day), strconv.Itoa(will[c].Day))
	}
	add("any-place", strconv.FormatBool(p.AnyPlace), strconv.FormatBool(next.AnyPlace))
	names := maps.Clone(p.Networks)
	if names == nil {
		names = make(map[string][]string)
	}
	maps.Copy(names, next.Networks)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if from, to := p.Networks[name], next.Networks[name]; !slices.Equal(from, to) {
			out = append(out, listChange("network-list", name, from, to))
		}
	}
	return out
}

// maxShown is how many networks of a list people read.
const maxShown = 12

// listChange tells how a list of networks changes. Of a long one it tells what goes and what comes, the widest first, so that nothing wide
// hides behind the rest.
func listChange(what, on string, from, to []string) account.RuleChange {
	if max(len(from), len(to)) > maxShown {
		from, to = widest(from, to), widest(to, from)
	}
	return account.RuleChange{What: what, On: on, From: strings.Join(from, " "), To: strings.Join(to, " ")}
}

// widest returns what is in a list and not in another.
func widest(list, without []string) []string {
	there := make(map[string]bool)
	for _, x := range without {
		there[x] = true
	}
	list = slices.DeleteFunc(slices.Clone(list), func(x string) bool { return there[x] })
	slices.SortStableFunc(list, func(a, b string) int { return bitsOf(a) - bitsOf(b) })
	if n := len(list) - maxShown; n > 0 {
		list = append(list[:maxShown], fmt.Sprintf("… +%d", n))
	}
	return list
}

// bitsOf is how narrow a network is, IPv4's as those of IPv6 that stand for them; the name of a list is before all.
func bitsOf(s string) int {
	n, ok := prefix(s)
	if !ok {
		return -1
	}
	return n.Bits() + 128 - n.Addr().BitLen()
}
