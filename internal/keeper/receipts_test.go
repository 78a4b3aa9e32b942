package keeper

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestReceiptLinks: a link opens one receipt for who has it, until its time is over or it is revoked; whoever opens it is in the ledger.
func TestReceiptLinks(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	if _, err := h.l.MakeShare(ctx, h.admin, "albums"); err != nil {
		t.Fatal(err)
	}
	give := func(text string, good time.Duration) account.ReceiptLink {
		t.Helper()
		x, err := h.l.GiveReceipt(ctx, h.officer, "albums", "", "2026-11", h.l.now().Add(good), []byte(text))
		if err != nil || len(x.Token) < 26 {
			t.Fatal(x, err)
		}
		return x
	}
	first, other := give("first", time.Hour), give("second", 48*time.Hour)
	if b, err := h.l.OpenReceipt(ctx, first.Token, far(1)); err != nil || string(b) != "first" {
		t.Errorf("%q, %v", b, err)
	}
	for _, wrong := range []string{"", first.ID, first.Token[:20], first.Token + "A", first.Token[:13] + other.Token[13:]} {
		if _, err := h.l.OpenReceipt(ctx, wrong, far(2)); problem.KindOf(err) != problem.NotFound {
			t.Errorf("with %q: %v", wrong, err)
		}
	}
	for range 2 { // the same address on the same day is told once
		if _, err := h.l.OpenReceipt(ctx, first.Token, far(1)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for e, err := range h.l.Events(ctx, h.officer, Filter{Kinds: []event.Kind{event.ReceiptOpened}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Event.Address != far(1) || e.ShareName != "albums" {
			t.Errorf("%+v", e)
		}
	}
	list, err := h.l.Receipts(ctx, h.officer)
	if n != 1 || err != nil || len(list) != 2 || list[0].ID != other.ID || list[1].Opened != 3 || list[1].Token != "" {
		t.Errorf("%d in the ledger, %+v, %v", n, list, err)
	}
	spent := false
	for range 20 {
		_, err := h.l.OpenReceipt(ctx, first.Token, far(1))
		spent = spent || problem.KindOf(err) == problem.Spent
	}
	if !spent {
		t.Error("a link can be opened without end")
	}
	*h.clock = h.clock.Add(time.Hour)
	if _, err := h.l.OpenReceipt(ctx, first.Token, far(3)); problem.KindOf(err) != problem.NotFound {
		t.Errorf("after its time: %v", err)
	}
	if err := h.l.heartbeat(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if left := h.blobs("receipt-"); len(left) != 1 {
		t.Errorf("after the time of one of two there are %v", left)
	}
	h.officer = h.who.in()
	if err := h.l.RevokeReceipt(ctx, h.officer, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.OpenReceipt(ctx, other.Token, far(4)); problem.KindOf(err) != problem.NotFound {
		t.Errorf("after it was revoked: %v", err)
	}
	if left := h.blobs("receipt-"); len(left) != 0 {
		t.Errorf("after both there are %v", left)
	}
	if err := h.l.RevokeReceipt(ctx, h.officer, other.ID); hint(err) != "hint.no-receipt" {
		t.Errorf("revoked twice: %v", err)
	}
}

// TestReceiptLinksAreRefused: to whom, and for how long.
func TestReceiptLinksAreRefused(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	_, auditor := arrived(t, h.l, h.clock, "auditor", account.Auditor)
	if _, err := h.l.MakeShare(ctx, h.admin, "albums"); err != nil {
		t.Fatal(err)
	}
	soon := h.l.now().Add(time.Hour)
	if _, err := h.l.GiveReceipt(ctx, auditor, "albums", "", "2026-11", soon, nil); problem.KindOf(err) != problem.Denied {
		t.Errorf("an auditor gives a link: %v", err)
	}
	if _, err := h.l.GiveReceipt(ctx, h.officer, "none", "", "2026-11", soon, nil); hint(err) != "hint.no-such-share" {
		t.Errorf("of no share: %v", err)
	}
	for _, until := range []time.Time{{}, h.l.now(), h.l.now().Add(2 * maxReceiptTime)} {
		if _, err := h.l.GiveReceipt(ctx, h.officer, "albums", "", "2026-11", until, nil); hint(err) != "hint.receipt-until" {
			t.Errorf("until %v: %v", until, err)
		}
	}
	if left := h.blobs("receipt-"); len(left) > 0 {
		t.Errorf("what was refused has left %v", left)
	}
}
