package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/appliance"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of what is collected.
const (
	maxSources   = 200
	maxSourceTag = 60 // letters of a name
	usualDays    = 400
	usualDaily   = 1024 // MiB
	maxSilence   = 24 * 31
)

// usualCount is what an appliance tells of each connection: too much to keep, and nothing of who came in.
var usualCount = []string{string(appliance.Blocked), string(appliance.Traffic)}

// Collecting tells what is done with the logs of appliances. The storehouse, which collects them, needs no session for it.
func (l *Local) Collecting() account.Collecting { return showCollecting(l.books.Load().Collecting) }

// CollectingBy is Collecting for somebody who may read them, or change what is done with them.
func (l *Local) CollectingBy(_ context.Context, s id.Session) (account.Collecting, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Collecting{}, err
	}
	b := l.books.Load()
	if !b.may(by, account.ReadLedger) && !b.may(by, account.Settle) {
		return account.Collecting{}, notAllowed("read logs")
	}
	return showCollecting(b.Collecting), nil
}

// showCollecting fills in what nobody has set.
func showCollecting(c *account.Collecting) account.Collecting {
	if c == nil {
		return account.Collecting{Sources: []account.LogSource{}, Days: usualDays, DailyMiB: usualDaily, Count: slices.Clone(usualCount)}
	}
	out := *c
	out.Sources, out.Count = append([]account.LogSource{}, c.Sources...), append([]string{}, c.Count...)
	return out
}

// SetCollecting changes it. What would keep less, or hide that an appliance is silent or that somebody comes over a VPN that is gone, takes two.
func (l *Local) SetCollecting(ctx context.Context, s id.Session, c account.Collecting) (account.Outcome, error) {
	const op = "set collecting"
	c, err := fitCollecting(op, c)
	if err != nil {
		return account.Outcome{}, err
	}
	if was := l.books.Load().Collecting; was != nil && looserCollecting(*was, c) {
		args, err := json.Marshal(c)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		old, err := json.Marshal(was)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		return l.propose(ctx, s, op, proposalState{Act: actCollecting, Args: args, Was: old}, account.Settle)
	}
	return account.Outcome{}, l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Settle) {
			return event.Event{}, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if b.Collecting != nil && looserCollecting(*b.Collecting, c) { // somebody has made it stricter meanwhile
			return event.Event{}, problem.New(problem.Condition, op, "", nil)
		}
		return d.setCollecting(c), nil
	})
}

func (d *draft) setCollecting(c account.Collecting) event.Event {
	d.Collecting = &c
	return event.Event{Kind: event.PolicyChanged, Note: "appliance logs"}
}

// changeCollecting carries out what two people want, unless it is another by now.
func (d *draft) changeCollecting(p proposalState) ([]event.Event, error) {
	var c account.Collecting
	if err := json.Unmarshal(p.Args, &c); err != nil {
		return nil, err
	}
	if is, err := json.Marshal(d.Collecting); err != nil || !bytes.Equal(is, p.Was) {
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: p.Target, Hint: "hint.rules-changed"}
	}
	return []event.Event{d.setCollecting(c)}, nil
}

// fitCollecting checks what somebody has written, and brings it into one form.
func fitCollecting(op string, c account.Collecting) (account.Collecting, error) {
	if len(c.Sources) > maxSources {
		return c, unfit(op, strconv.Itoa(len(c.Sources)), "hint.log-source")
	}
	seen := make(map[string]bool)
	sources := []account.LogSource{}
	for _, x := range c.Sources {
		name, ok := line(x.Name, maxSourceTag)
		x.Name = name
		at, fits := prefix(strings.TrimSpace(x.Address))
		if !ok || !fits || seen[accountKey(x.Name)] || at.Bits() == 0 {
			return c, unfit(op, strings.TrimSpace(x.Name+" "+x.Address), "hint.log-source")
		}
		x.Address = at.Masked().String()
		if at.IsSingleIP() {
			x.Address = at.Addr().String()
		}
		if _, err := time.LoadLocation(x.Zone); err != nil {
			return c, unfit(op, x.Zone, "hint.log-zone")
		}
		if x.Maker != "" && !slices.Contains(appliance.Makers(), x.Maker) {
			return c, unfit(op, x.Maker+" ("+strings.Join(appliance.Makers(), ", ")+")", "hint.log-maker")
		}
		if x.Silence < -1 || x.Silence > maxSilence {
			return c, unfit(op, strconv.Itoa(x.Silence), "hint.log-silence")
		}
		seen[accountKey(x.Name)] = true
		sources = append(sources, x)
	}
	c.Sources = sources
	if _, err := time.Parse(time.DateOnly, c.VPNEnded); err != nil && c.VPNEnded != "" {
		return c, unfit(op, c.VPNEnded, "hint.log-date")
	}
	if c.Days < 1 || c.Days > 36500 || c.DailyMiB < 1 || c.DailyMiB > 1<<20 {
		return c, unfit(op, fmt.Sprintf("%d, %d", c.Days, c.DailyMiB), "hint.log-days")
	}
	c.Count = slices.Compact(slices.Sorted(slices.Values(c.Count)))
	for _, k := range c.Count {
		if kind := appliance.Kind(k); !slices.Contains(appliance.Kinds, kind) || !kind.Countable() {
			return c, unfit(op, k, "hint.log-kind")
		}
	}
	return c, nil
}

// looserCollecting reports whether less would be kept, or people be told less.
func looserCollecting(old, c account.Collecting) bool {
	if c.Days < old.Days || c.DailyMiB < old.DailyMiB || old.VPNEnded != "" && (c.VPNEnded == "" || c.VPNEnded > old.VPNEnded) {
		return true
	}
	if slices.ContainsFunc(c.Count, func(k string) bool { return !slices.Contains(old.Count, k) }) {
		return true
	}
	if slices.ContainsFunc(old.Sources, func(x account.LogSource) bool {
		return !slices.ContainsFunc(c.Sources, func(y account.LogSource) bool { return y.Address == x.Address })
	}) {
		return true
	}
	return slices.ContainsFunc(c.Sources, func(y account.LogSource) bool {
		x := sourceOf(old.Sources, y.Address)
		return x != nil && (patience(y) > patience(*x) || y.Maker != "" && y.Maker != x.Maker) // lines read as another maker's tell of nobody
	})
}

// sourceOf returns the source from which lines of an address, or a network, came so far: the narrowest.
func sourceOf(list []account.LogSource, address string) (best *account.LogSource) {
	at, _ := prefix(address) // is one: fitCollecting
	bits := -1
	for i := range list {
		if p, ok := prefix(list[i].Address); ok && p.Bits() <= at.Bits() && p.Contains(at.Addr()) && p.Bits() > bits {
			best, bits = &list[i], p.Bits()
		}
	}
	return best
}

// patience is how long a source may be silent; one that is learnt counts as a day.
func patience(x account.LogSource) int {
	switch x.Silence {
	case 0:
		return 24
	case -1:
		return maxSilence + 1
	}
	return x.Silence
}

// changesOfCollecting tells what a proposal would change.
func changesOfCollecting(was, next account.Collecting) (out []account.RuleChange) {
	add := func(what, on, from, to string) {
		if from != to {
			out = append(out, account.RuleChange{What: what, On: on, From: from, To: to})
		}
	}
	add("log-vpn-ended", "", was.VPNEnded, next.VPNEnded)
	add("log-days", "", strconv.Itoa(was.Days), strconv.Itoa(next.Days))
	add("log-daily", "", strconv.Itoa(was.DailyMiB), strconv.Itoa(next.DailyMiB))
	add("log-count", "", strings.Join(was.Count, ", "), strings.Join(next.Count, ", "))
	told := func(x account.LogSource) string {
		return strings.TrimSpace(fmt.Sprintf("%s %s %s %d", x.Address, x.Maker, x.Zone, x.Silence))
	}
	for _, x := range was.Sources {
		to := ""
		for _, y := range next.Sources {
			if y.Name == x.Name {
				to = told(y)
			}
		}
		add("log-source", x.Name, told(x), to)
	}
	for _, y := range next.Sources {
		if !slices.ContainsFunc(was.Sources, func(x account.LogSource) bool { return x.Name == y.Name }) {
			add("log-source", y.Name, "", told(y))
		}
	}
	return out
}

// Zone is the house's time zone.
func (l *Local) Zone() *time.Location { return l.books.Load().zone }
