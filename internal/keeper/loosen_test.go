package keeper

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestLoosenHours: to keep the house open for longer takes two people, for shorter one.
func TestLoosenHours(t *testing.T) {
	for _, c := range []struct {
		name     string
		was, now policyState
		wider    bool
	}{
		{"the first hours", policyState{}, policyState{Opening: "07:00", Closing: "19:00", Zone: "Asia/Tokyo"}, false},
		{"the first closing time", policyState{Zone: "Asia/Tokyo"}, policyState{Closing: "23:59"}, false},
		{"no hours any more", policyState{Opening: "07:00", Closing: "19:00"}, policyState{}, true},
		{"no closing time any more", policyState{Closing: "19:00"}, policyState{Opening: "07:00"}, true},
		{"no opening time any more", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Closing: "19:00"}, true},
		{"earlier", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Opening: "06:59", Closing: "19:00"}, true},
		{"later", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Opening: "07:00", Closing: "19:01"}, true},
		{"shorter", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Opening: "08:00", Closing: "18:00"}, false},
		{"shorter and later", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Opening: "18:00", Closing: "20:00"}, true},
		{"over midnight", policyState{Opening: "07:00", Closing: "19:00"}, policyState{Opening: "19:00", Closing: "07:00"}, true},
		{"shorter over midnight", policyState{Opening: "20:00", Closing: "04:00"}, policyState{Opening: "21:00", Closing: "03:00"}, false},
		{"longer over midnight", policyState{Opening: "20:00", Closing: "04:00"}, policyState{Opening: "20:00", Closing: "04:30"}, true},
		{"a later closing time alone", policyState{Closing: "18:00"}, policyState{Closing: "18:30"}, true},
		{"an earlier closing time alone", policyState{Closing: "18:00"}, policyState{Closing: "17:30"}, false},
		{"another zone", policyState{Closing: "18:00", Zone: "Asia/Tokyo"}, policyState{Closing: "18:00", Zone: "Asia/Taipei"}, true},
		{"an opening time, which alone says nothing", policyState{Opening: "07:00"}, policyState{}, false},
		{"a longer day", policyState{DayLength: defaultDay}, policyState{DayLength: defaultDay + 1}, true},
		{"the day that is the default", policyState{DayLength: defaultDay}, policyState{}, false},
		{"a shorter day", policyState{}, policyState{DayLength: minDay}, false},
	} {
		b := &books{state: state{Policy: c.was}}
		if got := b.looser(c.now); got != c.wider {
			t.Errorf("%s: looser %v, want %v", c.name, got, c.wider)
		}
	}
}

// TestWithin compares with the addresses themselves.
func TestWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("192.0.2.%d/%d", rapid.IntRange(0, 31).Draw(t, "address"), rapid.IntRange(27, 32).Draw(t, "bits"))
		}), 0, 6)
		a, b := rules.Draw(t, "a"), rules.Draw(t, "b")
		p := policyState{Networks: map[string][]string{"list": b}}
		if rapid.Bool().Draw(t, "by name") && len(b) > 0 {
			b = []string{"list"}
		}
		want := true
		for i := range 40 {
			from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			if p.admits(a, from) && !p.admits(b, from) {
				want = false
			}
		}
		if got := p.within(a, b); got != want {
			t.Fatalf("%v within %v (%v): %v, want %v", a, b, p.Networks, got, want)
		}
	})
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{[]string{"2001:db8:1::/48"}, []string{"2001:db8::/32"}, true}, {[]string{"2001:db8::/32"}, []string{"2001:db8:1::/48"}, false},
		{[]string{"0.0.0.0/0"}, []string{"0.0.0.0/1", "128.0.0.0/1"}, true}, {[]string{"::/0"}, []string{"0.0.0.0/0"}, false}, {[]string{"0.0.0.0/0"}, []string{"::/0"}, false},
	} {
		if got := (policyState{}).within(c.a, c.b); got != c.want {
			t.Errorf("%v within %v: %v", c.a, c.b, got)
		}
	}
}

// TestLoosenNetworks: where an account may be used from, one person can make narrower, and two wider: its own rules, and the lists that
// they name.
func TestLoosenNetworks(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	p, err := h.l.Policy(c, h.chief)
	if err != nil {
		t.Fatal(err)
	}
	list := func(waits bool, list ...string) account.Outcome {
		t.Helper()
		p.Networks = map[string][]string{"factory": list}
		o, err := h.l.SetPolicy(c, h.chief, p)
		if err != nil || (o.Proposal != nil) != waits {
			t.Fatalf("the list %q: %+v, %v; want that it waits: %v", list, o, err, waits)
		}
		return o
	}
	set := func(waits bool, rules ...string) account.Outcome {
		t.Helper()
		o, err := h.l.SetAccountNetworks(c, h.chief, "sato", rules)
		if err != nil || (o.Proposal != nil) != waits {
			t.Fatalf("networks %q: %+v, %v; want that it waits: %v", rules, o, err, waits)
		}
		return o
	}
	list(false, "192.0.2.0/24")
	list(false, "192.0.2.0/23") // nobody's rules name it
	set(false, "factory")
	set(false, "192.0.2.0/24")
	set(false, "192.0.2.0/25", "192.0.2.128/25") // the same in two halves
	set(false, "192.0.2.0/24")
	set(true, "192.0.2.0/24", "198.51.100.7")
	if _, err := h.l.SetAccountNetworks(c, h.chief, "sato", slices.Repeat([]string{"198.51.100.7"}, maxRules+1)); hint(err) != "hint.networks-many" {
		t.Errorf("too many: %v", err)
	}
	o := set(true)
	if got, want := o.Proposal.Changes, (account.RuleChange{What: "networks", From: "192.0.2.0/24"}); o.Proposal.Target != "sato" || len(got) != 1 || got[0] != want {
		t.Errorf("the proposal says %+v", o.Proposal)
	}
	if err := h.l.Confirm(c, h.chief, o.Proposal.ID); hint(err) != "hint.two-people" {
		t.Errorf("who asked confirms: %v", err)
	}
	set(false, "192.0.2.0/25")
	if err := h.l.Confirm(c, h.officer, o.Proposal.ID); hint(err) != "hint.rules-changed" {
		t.Errorf("what was asked for before: %v", err)
	}
	h.confirm(*set(true, "factory").Proposal)
	if got := entries(t, h.l, event.AccountChanged); got[len(got)-1].Note != "networks: factory" || got[len(got)-1].Target != "sato" {
		t.Errorf("the ledger has %+v", got[len(got)-1])
	}
	list(false, "192.0.2.0/24")
	o = list(true, "192.0.2.0/24", "198.51.100.0/24")
	if got, want := o.Proposal.Changes, (account.RuleChange{What: "network-list", On: "factory", From: "192.0.2.0/24", To: "192.0.2.0/24 198.51.100.0/24"}); len(got) != 1 || got[0] != want {
		t.Errorf("the proposal says %+v", got)
	}
	h.confirm(*o.Proposal)
	if q, err := h.l.Policy(c, h.chief); err != nil || len(q.Networks["factory"]) != 2 {
		t.Errorf("after two people: %v, %v", q.Networks, err)
	}
}

// TestStricterInALooserPolicy: what is stricter in rules that two people have loosened holds at once, too, also for who is in.
func TestStricterInALooserPolicy(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	p, err := h.l.Policy(c, h.chief)
	if err != nil {
		t.Fatal(err)
	}
	p.AnyPlace, p.Closing = true, "10:00"
	o, err := h.l.SetPolicy(c, h.chief, p)
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	h.confirm(*o.Proposal)
	if d := h.l.dayOf("sato"); !d.Open || !d.Until.Equal(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("the day is %+v, want that it ends at the closing time", d)
	}
	if err := h.l.Check(c, h.s.ID, h.share, false); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a drive that was in for longer: %v", err)
	}
}

// TestChanges tells what a policy would change, with the values that hold where none were set, and of a long list the widest first.
func TestChanges(t *testing.T) {
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprintf("203.0.113.%d", i))
	}
	was := policyState{Networks: map[string][]string{"long": many, "gone": {"192.0.2.1"}}, Opening: "07:00", Closing: "19:00"}
	next := policyState{Firm: "山田印刷", WithoutSecondFactor: true, DayLength: 10 * time.Hour, Opening: "07:00", Closing: "20:00", Zone: "Asia/Tokyo", AnyPlace: true,
		Reading: account.Budgets{Export: account.Budget{Day: 5000}}, Networks: map[string][]string{"long": append(slices.Clone(many[1:]), "2001:db8::/32", "0.0.0.0/0")}}
	want := []account.RuleChange{{What: "firm", To: "山田印刷"}, {What: "second-factor", From: "true", To: "false"}, {What: "day-length", From: "12h0m0s", To: "10h0m0s"},
		{What: "closing", From: "19:00", To: "20:00"}, {What: "zone", To: "Asia/Tokyo"}, {What: "export-day", From: "2000", To: "5000"}, {What: "any-place", From: "false", To: "true"},
		{What: "network-list", On: "gone", From: "192.0.2.1"}, {What: "network-list", On: "long", From: "203.0.113.0", To: "2001:db8::/32 0.0.0.0/0"}}
	if got := was.changes(next); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := listChange("networks", "", nil, many); !strings.HasSuffix(got.To, "203.0.113.11 … +18") {
		t.Errorf("a long list is shown as %q", got.To)
	}
}
