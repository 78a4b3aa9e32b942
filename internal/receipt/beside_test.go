package receipt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// troubled is a month with freezes, with cases of which one concerns the first share, and with a line of the register.
func troubled(t *testing.T) func([2]id.Share) []event.Event {
	m := november(t)
	return func(s [2]id.Share) []event.Event {
		sato, mori := id.NewAccount(), id.NewAccount()
		at := func(h int) time.Time { return m.From.Add(time.Duration(h) * time.Hour) }
		who := func(a id.Account, from, to string) string {
			return fmt.Sprintf("account %s (Sato, K.), %s to %s; why", a, from, to)
		}
		return []event.Event{
			{Kind: event.RegisterSet, When: at(-100), Share: s[0], Note: "第一小学校; 写真, 氏名; 児童; 卒業アルバム; 営業部; 2027-03-31; 電話 03; 2026"},
			{Kind: event.RegisterSet, When: at(-99), Share: s[0], Note: "schools: 2", Digest: [32]byte{1}},
			{Kind: event.RegisterSet, When: at(-98), Share: s[1], Note: "another"},
			{Kind: event.Released, When: at(1), Account: sato, Actor: "sato", Share: s[0], Purpose: account.Open, Files: make([]event.File, 2)},
			{Kind: event.Released, When: at(2), Account: mori, Actor: "mori", Share: s[1], Purpose: account.Open, Files: make([]event.File, 2)},
			{Kind: event.Frozen, When: at(3), Note: "share " + s[0].String() + "; why"},
			{Kind: event.Frozen, When: at(4), Note: "share " + s[1].String() + "; why"},
			{Kind: event.Frozen, When: at(5), Note: "all ; why"},
			{Kind: event.CaseOpened, When: at(6), Target: "2026-1", Note: "why"},
			{Kind: event.CaseChanged, When: at(6), Target: "2026-1", Note: who(sato, at(0).UTC().Format(time.RFC3339), "now")},
			{Kind: event.CaseOpened, When: at(6), Target: "2026-2", Note: "why"},
			{Kind: event.CaseChanged, When: at(6), Target: "2026-2", Note: who(mori, at(0).UTC().Format(time.RFC3339), "now")},
			{Kind: event.CaseOpened, When: at(6), Target: "2026-3", Note: "why"},
			{Kind: event.CaseChanged, When: at(6), Target: "2026-3", Note: who(sato, at(0).UTC().Format(time.RFC3339), "now")},
			{Kind: event.CaseChanged, When: at(7), Target: "2026-3", Note: "removed: " + who(sato, at(0).UTC().Format(time.RFC3339), "now")},
			{Kind: event.CaseOpened, When: at(8), Target: "2026-4", Note: "why"},
			{Kind: event.CaseChanged, When: at(8), Target: "2026-4", Note: who(sato, at(2).UTC().Format(time.RFC3339), at(9).UTC().Format(time.RFC3339))},
			{Kind: event.CaseClosed, When: at(9), Target: "2026-1", Note: "over"},
		}
	}
}

// TestBeside: what a receipt says beside its entries is held against the ledger where that tells of it; the rest is named as what the firm says.
func TestBeside(t *testing.T) {
	h, m := newHouse(t, troubled(t)), november(t)
	at := func(hours int) time.Time { return m.From.Add(time.Duration(hours) * time.Hour) }
	fresh := func() *Receipt {
		x := h.records[0]
		x.Register = account.Register{Client: "第一小学校", Year: 2026, Data: []string{"写真", "氏名"}, Purpose: "卒業アルバム", Retention: "2027-03-31"}
		x.Freezes, x.Cases = []time.Time{at(3), at(5)}, []account.ShareCase{{ID: "2026-1", Opened: at(6), Closed: at(9)}}
		return New(x, m)
	}
	full := Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}
	r := verified(t, full, fresh())
	if !r.OK() || !r.Complete || strings.Join(r.Unproven, " ") != "firm made readers writers" {
		t.Errorf("%+v", r)
	}
	if r := verified(t, Verify{PublicKey: h.public}, fresh()); !r.OK() || strings.Join(r.Unproven, " ") != "firm client year data purpose retention made readers writers freezes cases unread silence" {
		t.Errorf("without a copy: %+v", r)
	}
	empty := fresh()
	empty.Retention = ""
	if r := verified(t, full, empty); !r.OK() || slices.Contains(r.Unproven, "client") || !slices.Contains(r.Unproven, "retention") {
		t.Errorf("without a retention: %+v", r)
	}
	for name, c := range map[string]struct {
		change func(*Receipt)
		want   string
	}{
		"no case":         {func(x *Receipt) { x.Cases = nil }, "the case 2026-1 is missing"},
		"another case":    {func(x *Receipt) { x.Cases[0].ID = "2026-9" }, "of the case 2026-9 in another way"},
		"a case's time":   {func(x *Receipt) { x.Cases[0].Opened = at(1) }, "of the case 2026-1 in another way"},
		"a case goes on":  {func(x *Receipt) { x.Cases[0].Closed = time.Time{} }, "of the case 2026-1 in another way"},
		"no freeze":       {func(x *Receipt) { x.Freezes = nil }, "the ledger has 2 freezes"},
		"another freeze":  {func(x *Receipt) { x.Freezes[0] = at(4) }, "the ledger has 2 freezes"},
		"a silence":       {func(x *Receipt) { x.Silence = 60 }, "the longest silence"},
		"unread":          {func(x *Receipt) { x.Unread = 1 }, "0 entries of the time do not open"},
		"a retention":     {func(x *Receipt) { x.Retention = "永久" }, `another retention than "永久"`},
		"a client":        {func(x *Receipt) { x.Client = "第二小学校" }, "another client"},
		"kinds of data":   {func(x *Receipt) { x.Data = x.Data[:1] }, "another data"},
		"another's words": {func(x *Receipt) { x.Purpose = "another" }, "another purpose"},
		"a year":          {func(x *Receipt) { x.Year = 2025 }, "another year"},
	} {
		x := fresh()
		c.change(x)
		if r := verified(t, full, x); r.OK() || r.Complete || !strings.Contains(strings.Join(r.Wrong, "\n"), c.want) {
			t.Errorf("%s: %q", name, r.Wrong)
		}
	}
}

// TestMadeSlowly: a receipt of a month that goes on is sound however long it took to make.
func TestMadeSlowly(t *testing.T) {
	h := newHouse(t, month(t))
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, tokyo)
	m, err := ParseMonth("2026-11", now)
	if err != nil {
		t.Fatal(err)
	}
	x := h.records[0]
	x.Made, x.Records = now.Add(5*time.Minute), nil
	if r := verified(t, Verify{PublicKey: h.public}, New(x, m)); !r.OK() {
		t.Errorf("%q", r.Wrong)
	}
}
