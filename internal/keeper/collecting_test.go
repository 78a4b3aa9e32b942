package keeper

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
)

// TestCollectingIsLoosenedByTwo: what keeps or tells less waits for a second person; what keeps or tells more does not; what cannot be meant is refused.
func TestCollectingIsLoosenedByTwo(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, admin := arrived(t, l, clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	gw := account.LogSource{Address: "192.0.2.1", Name: "gw", Silence: 2}
	base := account.Collecting{Sources: []account.LogSource{gw}, VPNEnded: "2026-08-01", Days: 400, DailyMiB: 100, Count: []string{"traffic"}}
	if o, err := l.SetCollecting(ctx, admin, base); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	with := func(do func(c *account.Collecting)) account.Collecting {
		c := showCollecting(l.books.Load().Collecting)
		do(&c)
		return c
	}
	for name, do := range map[string]func(c *account.Collecting){
		"another source": func(c *account.Collecting) {
			c.Sources = append(c.Sources, account.LogSource{Address: "10.0.0.0/8", Name: "branches"})
		},
		"another name":   func(c *account.Collecting) { c.Sources[0].Name = "gate" },
		"longer":         func(c *account.Collecting) { c.Days, c.DailyMiB = 800, 200 },
		"everything":     func(c *account.Collecting) { c.Count = nil },
		"an earlier end": func(c *account.Collecting) { c.VPNEnded = "2026-07-01" },
		"less patience":  func(c *account.Collecting) { c.Sources[0].Silence = 1 },
	} {
		if o, err := l.SetCollecting(ctx, admin, with(do)); err != nil || o.Proposal != nil {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	for name, do := range map[string]func(c *account.Collecting){
		"no source":      func(c *account.Collecting) { c.Sources = nil },
		"shorter":        func(c *account.Collecting) { c.Days = 1 },
		"less a day":     func(c *account.Collecting) { c.DailyMiB = 1 },
		"counted":        func(c *account.Collecting) { c.Count = []string{"system"} },
		"there is a VPN": func(c *account.Collecting) { c.VPNEnded = "" },
		"a later end":    func(c *account.Collecting) { c.VPNEnded = "2026-12-01" },
		"never silent":   func(c *account.Collecting) { c.Sources[0].Silence = -1 },
		"another maker":  func(c *account.Collecting) { c.Sources[0].Maker = "yamaha" },
		"a part, silent": func(c *account.Collecting) {
			c.Sources = append(c.Sources, account.LogSource{Address: "10.1.2.3", Name: "branch", Silence: -1})
		},
		"a part, another maker": func(c *account.Collecting) {
			c.Sources = append(c.Sources, account.LogSource{Address: "10.1.0.0/16", Name: "branch", Maker: "watchguard"})
		},
		"learnt silence": func(c *account.Collecting) { c.Sources[0].Silence = 0 },
	} {
		o, err := l.SetCollecting(ctx, admin, with(do))
		if err != nil || o.Proposal == nil || len(o.Proposal.Changes) == 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
			continue
		}
		if err := l.Withdraw(ctx, officer, o.Proposal.ID); err != nil {
			t.Error(err)
		}
	}
	o, err := l.SetCollecting(ctx, admin, with(func(c *account.Collecting) { c.Days = 30 }))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil || l.Collecting().Days != 30 {
		t.Errorf("%v; %d days", err, l.Collecting().Days)
	}
	for name, do := range map[string]func(c *account.Collecting){
		"everybody": func(c *account.Collecting) { c.Sources[0].Address = "0.0.0.0/0" },
		"a name twice": func(c *account.Collecting) {
			c.Sources = append(c.Sources, account.LogSource{Address: "192.0.2.9", Name: "GATE"})
		},
		"no such zone":      func(c *account.Collecting) { c.Sources[0].Zone = "Asia/Nowhere" },
		"no such maker":     func(c *account.Collecting) { c.Sources[0].Maker = "other" },
		"no such day":       func(c *account.Collecting) { c.VPNEnded = "soon" },
		"logins uncounted":  func(c *account.Collecting) { c.Count = []string{"vpn-login"} },
		"no days":           func(c *account.Collecting) { c.Days = 0 },
		"too much patience": func(c *account.Collecting) { c.Sources[0].Silence = 10_000 },
	} {
		if _, err := l.SetCollecting(ctx, admin, with(do)); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.SetCollecting(ctx, officer, with(func(c *account.Collecting) { c.Days = 900 })); problem.KindOf(err) != problem.Denied {
		t.Errorf("an officer changes settings: %v", err)
	}
}
