package keeper

import (
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
)

// TestHold: a case keeps everything from its beginning, whether it is closed or not, until two people say otherwise.
func TestHold(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	albums, err := h.MakeShare(ctx, h.admin, "albums")
	h.must(err)
	orders, err := h.MakeShare(ctx, h.admin, "orders")
	h.must(err)
	held := func(a, o bool) {
		t.Helper()
		if h.Held(albums.ID) != a || h.Held(orders.ID) != o {
			t.Errorf("held: albums %v, orders %v", h.Held(albums.ID), h.Held(orders.ID))
		}
	}
	held(true, true)
	set := func(q account.NewHold) (account.Outcome, error) { return h.SetHold(ctx, h.officer, h.n, q) }
	for name, c := range map[string]struct {
		q    account.NewHold
		hint string
	}{
		"while it is open": {account.NewHold{Lift: true, Reason: "x"}, "hint.case-hold-open"},
		"without a reason": {account.NewHold{Shares: []string{"albums"}}, "hint.case-reason"},
		"of no such share": {account.NewHold{Shares: []string{"none"}, Reason: "x"}, "hint.no-such-share"},
		"of two minds":     {account.NewHold{Shares: []string{"albums"}, Lift: true, Reason: "x"}, "hint.case-hold"},
	} {
		if _, err := set(c.q); hint(err) != c.hint {
			t.Errorf("%s: %v", name, err)
		}
	}
	less := func(q account.NewHold) {
		t.Helper()
		q.Reason = "nothing else was in reach"
		o, err := set(q)
		if err != nil || o.Proposal == nil {
			t.Fatalf("%+v, %v", o, err)
		}
		if err := h.Confirm(ctx, h.officer, o.Proposal.ID); hint(err) != "hint.two-people" {
			t.Errorf("by one: %v", err)
		}
		h.must(h.Confirm(ctx, h.admin, o.Proposal.ID))
	}
	less(account.NewHold{Shares: []string{"albums"}})
	held(true, false)
	if c := h.see(); !slices.Equal(c.Hold.Shares, []string{"albums"}) || !c.Hold.On {
		t.Errorf("%+v", c.Hold)
	}
	if o, err := set(account.NewHold{Shares: []string{"orders", "albums", "Orders"}}); err == nil && o.Proposal != nil {
		t.Errorf("more takes two: %+v", o)
	}
	o, err := set(account.NewHold{Shares: []string{"albums", "orders"}})
	if err != nil || o.Proposal != nil {
		t.Fatalf("more takes two: %+v, %v", o, err)
	}
	held(true, true)
	old, err := set(account.NewHold{Shares: []string{"orders"}, Reason: "x"})
	h.must(err)
	h.must(h.CloseCase(ctx, h.officer, h.n, "over"))
	held(true, true)
	less(account.NewHold{Lift: true})
	held(false, false)
	if err := h.Confirm(ctx, h.admin, old.Proposal.ID); hint(err) != "hint.case-changed" {
		t.Errorf("what was asked for before is done: %v", err)
	}
	if c := h.see(); c.Hold.On || c.Hold.LiftedBy != "officer" || c.Hold.Second != "tanaka" || c.Hold.Lifted.IsZero() {
		t.Errorf("%+v", c.Hold)
	}
	if _, err := set(account.NewHold{Lift: true, Reason: "x"}); hint(err) != "hint.case-hold-lifted" {
		t.Errorf("lifted twice: %v", err)
	}
	if o, err := set(account.NewHold{}); err != nil || o.Proposal != nil {
		t.Errorf("held again: %+v, %v", o, err)
	}
	held(true, true)
	if n := len(entries(t, h.Local, event.CaseWritten)); n != 4 {
		t.Errorf("%d entries", n)
	}
}

// TestHoldChangedMeanwhile: who says yes to holding less says it of what was held when it was asked for: what somebody has put under the hold since stays there.
func TestHoldChangedMeanwhile(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	albums, err := h.MakeShare(ctx, h.admin, "albums")
	h.must(err)
	_, err = h.MakeShare(ctx, h.admin, "orders")
	h.must(err)
	set := func(shares ...string) account.Outcome {
		t.Helper()
		o, err := h.SetHold(ctx, h.officer, h.n, account.NewHold{Shares: shares, Reason: "x"})
		h.must(err)
		return o
	}
	h.must(h.Confirm(ctx, h.admin, set("orders").Proposal.ID))
	asked := set("albums")
	if o := set("albums", "orders"); o.Proposal != nil || !h.Held(albums.ID) {
		t.Fatalf("%+v", o)
	}
	if err := h.Confirm(ctx, h.admin, asked.Proposal.ID); hint(err) != "hint.case-changed" {
		t.Error(err)
	}
	if c := h.see(); !slices.Equal(c.Hold.Shares, []string{"albums", "orders"}) {
		t.Errorf("%+v", c.Hold)
	}
}
