package keeper

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestInquiries: what was asked is kept, and can be changed, by those who investigate; nothing of it is in the ledger, and a case that was
// closed goes on being asked about.
func TestInquiries(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	_, auditor := arrived(t, h.l, h.clock, "auditor", account.Auditor)
	good := account.Inquiry{Way: account.ByCall, Who: " 佐藤さんの保護者 ", School: "第一小", Question: "写真は含まれますか"}
	first, err := h.l.NoteInquiry(ctx, h.officer, h.made.ID, good)
	if err != nil || first.ID != 1 || first.Who != "佐藤さんの保護者" || first.Status != account.InquiryOpen || first.By != "officer" || !first.At.Equal(h.l.now()) {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := h.l.NoteInquiry(ctx, auditor, h.made.ID, good); problem.KindOf(err) != problem.Denied {
		t.Errorf("an auditor writes: %v", err)
	}
	if _, err := h.l.Inquiries(ctx, auditor, h.made.ID); problem.KindOf(err) != problem.Denied {
		t.Errorf("an auditor reads who has called: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*account.Inquiry)
		want   string
	}{
		"nobody":           {func(q *account.Inquiry) { q.Who = " " }, "hint.inquiry"},
		"no question":      {func(q *account.Inquiry) { q.Question = "" }, "hint.inquiry"},
		"no way":           {func(q *account.Inquiry) { q.Way = "pigeon" }, "hint.inquiry"},
		"no status":        {func(q *account.Inquiry) { q.Status = "done" }, "hint.inquiry"},
		"too long":         {func(q *account.Inquiry) { q.Question = strings.Repeat("あ", maxInquiryText+1) }, "hint.inquiry"},
		"no text":          {func(q *account.Inquiry) { q.Answer = "\xff" }, "hint.inquiry"},
		"tomorrow":         {func(q *account.Inquiry) { q.At = h.l.now().Add(24 * time.Hour) }, "hint.inquiry"},
		"answered nothing": {func(q *account.Inquiry) { q.Status = account.InquiryAnswered }, "hint.inquiry-answer"},
		"another number":   {func(q *account.Inquiry) { q.ID = 2 }, "hint.no-inquiry"},
	} {
		q := good
		c.change(&q)
		if _, err := h.l.NoteInquiry(ctx, h.officer, h.made.ID, q); hint(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.l.NoteInquiry(ctx, h.officer, "2001-1", good); hint(err) != "hint.no-case" {
		t.Errorf("of no case: %v", err)
	}
	if err := h.l.CloseCase(ctx, h.officer, h.made.ID, "looked at"); err != nil {
		t.Fatal(err)
	}
	*h.clock = h.clock.Add(time.Minute)
	first.Status, first.Answer = account.InquiryAnswered, "可能性があるとお伝えした"
	if _, err := h.l.NoteInquiry(ctx, h.admin, h.made.ID, first); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.NoteInquiry(ctx, h.admin, h.made.ID, good); err != nil {
		t.Fatal(err)
	}
	list, err := h.l.Inquiries(ctx, h.officer, h.made.ID)
	if err != nil || len(list) != 2 || list[0].ID != 2 || list[1].Answer == "" || list[1].By != "officer" || !list[1].Changed.Equal(h.l.now()) {
		t.Errorf("%+v, %v", list, err)
	}
	n := 0
	for e, err := range h.l.Events(ctx, h.officer, Filter{Kinds: []event.Kind{event.InquiryNoted}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; strings.Contains(e.Event.Note, "佐藤") || strings.Contains(e.Event.Note, "写真") || e.Event.Target != h.made.ID {
			t.Errorf("the ledger says %+v", e.Event)
		}
	}
	if n != 3 {
		t.Errorf("the ledger tells of %d", n)
	}
	told := 0
	for e, err := range h.l.Events(ctx, h.officer, Filter{Kinds: []event.Kind{event.InquiriesRead}}) {
		if err != nil {
			t.Fatal(err)
		}
		if told++; e.Event.Target != h.made.ID || e.Event.Actor != "officer" || e.Event.Size != 2 || e.Event.Note != "" {
			t.Errorf("the ledger says %+v", e.Event)
		}
	}
	if told != 1 { // the auditor was refused
		t.Errorf("the ledger tells of %d readings", told)
	}
	if other, err := h.l.OpenCase(ctx, h.officer, account.Case{Reason: "another"}); err != nil {
		t.Fatal(err)
	} else if list, err := h.l.Inquiries(ctx, h.officer, other.ID); err != nil || len(list) > 0 {
		t.Errorf("another case has %+v, %v", list, err)
	}
}
