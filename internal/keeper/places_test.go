package keeper

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestNewPlaces: the first address and the first device are known, each other one is told once and leaves a tenth, until somebody vouches
// for it or a day has passed.
func TestNewPlaces(t *testing.T) {
	h := newLending(t, func(p *account.Policy) { p.Networks = map[string][]string{"factory": {"198.51.100.0/24"}} })
	if err := h.open(h.some(2)...); err != nil {
		t.Fatal(err)
	}
	from := func(a string) account.Session {
		c := h.drive
		c.Address = netip.MustParseAddr(a)
		return enter(t, h.l, c)
	}
	near, factory, far := from("192.0.2.200"), from("198.51.100.9"), from("203.0.113.5")
	for _, s := range []account.Session{near, factory} {
		if err := h.ask(s.ID, account.Open, h.some(1)...); err != nil {
			t.Errorf("from %v: %v", s.Address, err)
		}
	}
	if got := h.kinds(); len(got) != 0 {
		t.Errorf("alarms %v", got)
	}
	o, err := h.l.AskJob(t.Context(), h.reader, account.NewJob{Path: "/albums", Purpose: account.Open, Files: 100, Until: h.clock.Add(24 * time.Hour), Reason: "x"})
	if err != nil {
		t.Fatal(err)
	}
	h.confirm(*o.Proposal)
	for range 3 { // four are read, of a tenth of 20; and a job is not for a place that nobody knows
		if err := h.ask(far.ID, account.Open, h.some(1)...); problem.KindOf(err) != problem.Spent {
			t.Errorf("from far away: %v", err)
		}
	}
	if err := h.open(h.some(50)...); err != nil {
		t.Errorf("the job at home: %v", err)
	}
	if got := h.kinds(); !slices.Equal(got, []AlarmKind{AlarmOdd, AlarmOver}) || h.alarms[0].Sign != newAddress {
		t.Errorf("alarms %+v", h.alarms)
	}
	if got := entries(t, h.l, event.Noticed); len(got) != 2 || got[0].Note != newAddress || got[0].Address != far.Address {
		t.Errorf("noticed %+v", got)
	}
	if got, err := h.l.Readings(t.Context(), h.reader); err != nil || !slices.Equal(got[0].Odd, []string{newAddress}) || got[0].Open.Of != 2 {
		t.Errorf("readings %+v, %v", got, err)
	}
	h.confirm(h.waiting(actReadMore)[0])
	if err := h.ask(far.ID, account.Open, h.some(3)...); err != nil {
		t.Errorf("after somebody has vouched for it: %v", err)
	}
	h.wait(23 * time.Hour)
	h.morning()
	later := from("203.0.113.6")
	if err := h.ask(later.ID, account.Open, h.some(8)...); err != nil {
		t.Errorf("from there on the next day: %v", err)
	}
}

// TestNewPlaceGrowsOld: after a day a place is like any other.
func TestNewPlaceGrowsOld(t *testing.T) {
	h := newLending(t, nil)
	if err := h.open(h.some(1)...); err != nil {
		t.Fatal(err)
	}
	c := h.drive
	c.Address = netip.MustParseAddr("2001:db8::1")
	if err := h.ask(enter(t, h.l, c).ID, account.Open, h.some(1)...); err != nil {
		t.Fatal(err)
	}
	if err := h.ask(enter(t, h.l, c).ID, account.Open, h.some(1)...); problem.KindOf(err) != problem.Spent {
		t.Errorf("a tenth of 20: %v", err)
	}
	h.wait(23*time.Hour + 59*time.Minute)
	h.morning()
	if err := h.ask(enter(t, h.l, c).ID, account.Open, h.some(3)...); problem.KindOf(err) != problem.Spent {
		t.Errorf("after almost a day: %v", err)
	}
	h.wait(time.Minute)
	if err := h.ask(enter(t, h.l, c).ID, account.Open, h.some(3)...); err != nil {
		t.Errorf("after a day: %v", err)
	}
}

func TestNewDevice(t *testing.T) {
	for name, wait := range map[string]time.Duration{"of this moment": 0, "made two days ago": 48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			h := newLending(t, nil)
			if err := h.open(h.some(1)...); err != nil {
				t.Fatal(err)
			}
			secret, err := h.l.MakeDevice(t.Context(), h.root, "sato", "another")
			if err != nil {
				t.Fatal(err)
			}
			h.wait(wait)
			if _, err := h.l.OpenDayOf(t.Context(), console(t, h.l), "sato", 0); err != nil {
				t.Fatal(err)
			}
			c := h.drive
			c.Secret = secret
			err = h.ask(enter(t, h.l, c).ID, account.Open, h.some(3)...)
			if odd := problem.KindOf(err) == problem.Spent; odd != (wait == 0) || err != nil && !odd {
				t.Errorf("its first reading: %v", err)
			}
			if len(entries(t, h.l, event.Noticed)) > 0 != (wait == 0) {
				t.Errorf("noticed %+v", entries(t, h.l, event.Noticed))
			}
		})
	}
}
