package keeper

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
)

// TestParties: who and what can be distrusted, for how long, and what wants a reason.
func TestParties(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	from := h.now().Add(-time.Hour)
	add := func(reason string, list ...account.Suspect) error {
		return second(h.OpenCase(ctx, h.officer, account.Case{ID: h.n, Reason: reason, Suspects: list}))
	}
	h.must(add("", account.Suspect{Subject: "sato", From: from}, account.Suspect{Kind: account.PartyStorehouse, From: from}, account.Suspect{Kind: account.PartyKeeper, From: from},
		account.Suspect{Kind: account.PartyMedium, Subject: "青いディスク 3", From: from}, account.Suspect{Subject: "::ffff:203.0.113.9", From: from}))
	c := h.see()
	var kinds []string
	for _, s := range c.Suspects {
		kinds = append(kinds, strings.TrimSpace(string(s.Kind)+" "+s.Name+s.Subject))
	}
	if got := fmt.Sprint(kinds[1:]); got != "[storehouse keeper medium 青いディスク 3 address 203.0.113.9]" || !strings.HasPrefix(kinds[0], "account sato") {
		t.Errorf("parties: %q", kinds)
	}
	for name, s := range map[string]account.Suspect{"no name": {Kind: account.PartyMedium, From: from}, "two lines": {Kind: account.PartyMedium, Subject: "a\nb", From: from},
		"no address": {Kind: account.StopAddress, Subject: "here", From: from}, "no time": {Kind: account.PartyStorehouse}, "a share": {Kind: account.StopShare, Subject: "x", From: from}} {
		if add("", s) == nil {
			t.Errorf("%s is distrusted", name)
		}
	}
	sato := account.Suspect{Subject: "sato", From: from.Add(-time.Hour)}
	h.must(add("", sato)) // longer
	sato.To = h.now()
	if err := add("", sato); hint(err) != "hint.case-reason" {
		t.Errorf("less time without a reason: %v", err)
	}
	h.must(add("was on holiday", sato))
	sato.From = from
	if err := add(" ", sato); hint(err) != "hint.case-reason" {
		t.Errorf("a later beginning without a reason: %v", err)
	}
	for name, err := range map[string]error{"no reason": h.Trust(ctx, h.officer, h.n, account.Suspect{Kind: account.PartyKeeper}, " "), "nobody": h.Trust(ctx, h.officer, h.n, account.Suspect{Subject: "mori"}, "x")} {
		if err == nil {
			t.Errorf("%s: taken out", name)
		}
	}
	h.must(h.Trust(ctx, h.officer, h.n, account.Suspect{Kind: account.PartyKeeper}, "it was switched off"))
	h.must(h.Trust(ctx, h.officer, h.n, account.Suspect{Subject: "sato"}, "was on holiday"))
	if c := h.see(); len(c.Suspects) != 3 {
		t.Errorf("left: %+v", c.Suspects)
	}
	notes := entries(t, h.Local, event.CaseChanged)
	if n := notes[len(notes)-2].Note; !strings.HasPrefix(n, "removed: keeper, ") || !strings.HasSuffix(n, "; it was switched off") {
		t.Errorf("the ledger tells %q", n)
	}
	if len(notes) != 9 {
		t.Errorf("%d entries of parties", len(notes))
	}
}

// TestAddressIsItsSessions: an address becomes the sessions that began there and lived in its time; storehouse, keeper and media are
// left out.
func TestAddressIsItsSessions(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	if _, err := h.MakeShare(ctx, h.admin, "albums"); err != nil {
		t.Fatal(err)
	}
	p, mori := arrived(t, h.Local, h.clock, "mori", account.Staff)
	laptop := p.device(mori, "laptop")
	x, err := h.Login(ctx, laptop)
	h.must(err)
	*h.clock = h.clock.Add(30 * time.Minute)
	from := h.now()
	h.must(second(h.OpenCase(ctx, h.officer, account.Case{ID: h.n, Suspects: []account.Suspect{{Subject: home.String(), From: from}, {Kind: account.PartyStorehouse, From: from}, {Subject: "sato", From: from}}})))
	list, err := h.Parties(ctx, h.auditor, h.n)
	h.must(err)
	i := slices.IndexFunc(list, func(s account.Suspect) bool { return s.Subject == x.ID.String() })
	if i < 0 || list[i].Kind != account.StopSession || list[i].Owner != "mori" || !list[i].From.Equal(from) {
		t.Errorf("the session of before is not in it: %+v", list)
	}
	if j := slices.IndexFunc(list, func(s account.Suspect) bool { return s.Kind == account.StopAccount }); j != len(list)-1 {
		t.Errorf("the order, or the account: %+v", list)
	}
	for _, s := range list {
		if s.Kind != account.StopSession && s.Kind != account.StopAccount {
			t.Errorf("%+v saves nothing of its own", s)
		}
	}
	// Long after, those sessions are over.
	*h.clock = h.clock.Add(48 * time.Hour)
	_, officer := arrived(t, h.Local, h.clock, "officer2", account.PrivacyOfficer)
	late, err := h.OpenCase(ctx, officer, account.Case{Suspects: []account.Suspect{{Subject: home.String(), From: h.now()}}})
	h.must(err)
	list, err = h.Parties(ctx, officer, late.ID)
	if err != nil || slices.ContainsFunc(list, func(s account.Suspect) bool { return s.Subject == x.ID.String() }) {
		t.Errorf("a session that was over: %+v, %v", list, err)
	}
}

// TestSameNetwork: of IPv4 it is the address, of IPv6 the network of /64.
func TestSameNetwork(t *testing.T) {
	for _, x := range []struct {
		subject, from string
		same          bool
	}{
		{"203.0.113.9", "203.0.113.9", true}, {"203.0.113.9", "::ffff:203.0.113.9", true}, {"203.0.113.9", "203.0.113.10", false}, {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false}, {"203.0.113.9", "2001:db8::1", false}, {"here", "203.0.113.9", false},
	} {
		if got := sameNetwork(x.subject, netip.MustParseAddr(x.from)); got != x.same {
			t.Errorf("%s and %s: %v", x.subject, x.from, got)
		}
	}
	if sameNetwork("203.0.113.9", netip.Addr{}) {
		t.Error("the console is at no address")
	}
}
