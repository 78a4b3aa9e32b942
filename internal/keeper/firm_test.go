package keeper

import (
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestFirm: who investigates or settles says who the firm is, in any width; what cannot be is refused; it is in the ledger and outlives a restart.
func TestFirm(t *testing.T) {
	disk := durabletest.New(t)
	cfg := testConfig(disk, "/data")
	if err := Init(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, root := t.Context(), console(t, l)
	if _, err := l.SetPolicy(ctx, root, account.Policy{SecondFactor: true, Firm: "校倉印刷"}); err != nil {
		t.Fatal(err)
	}
	want := account.Firm{Name: "校倉印刷", Number: "7000012050002", Business: "印刷業", Address: "東京都千代田区1-1", Title: "代表取締役", Representative: "田中 一郎", Department: "総務部",
		Person: "加藤", Telephone: "03-0000-0000", Mail: "privacy@example.jp", Hours: "平日9時〜17時", Mark: "10820001(05)"}
	typed := want
	typed.Number, typed.Telephone, typed.Mark, typed.Business = " ７０００-0120-5000-2 ", "０３-００００-００００", "１０８２０００１（０５）", " 印刷業 "
	if err := l.SetFirm(ctx, root, typed); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []func(f *account.Firm){
		func(f *account.Firm) { f.Number = "7000012050003" }, func(f *account.Firm) { f.Number = "T1" }, func(f *account.Firm) { f.Mail = "somebody" },
		func(f *account.Firm) { f.Mail = "A <a@example.jp>" }, func(f *account.Firm) { f.Mark = "12" }, func(f *account.Firm) { f.Name = "他社" },
		func(f *account.Firm) { f.Address = "two\nlines" }, func(f *account.Firm) { f.Business = strings.Repeat("業", maxFirmField+1) },
	} {
		f := want
		bad(&f)
		if err := l.SetFirm(ctx, root, f); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
	told := 0
	for e, err := range l.Events(ctx, root, Filter{Kinds: []event.Kind{event.FirmSet}}) {
		if err != nil {
			t.Fatal(err)
		}
		if told++; !strings.Contains(e.Event.Note, "7000012050002") {
			t.Errorf("the ledger says %q", e.Event.Note)
		}
	}
	if told != 1 {
		t.Errorf("the ledger tells of %d changes", told)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	l = reopen(t, cfg)
	if got, err := l.FirmFacts(ctx, console(t, l)); err != nil || got != want {
		t.Errorf("after a restart it is %+v, %v", got, err)
	}
}

// TestFirmIsNotForAll: staff and share managers neither see nor set it, auditors see it.
func TestFirmIsNotForAll(t *testing.T) {
	h := newCase(t)
	for _, x := range []struct {
		who        string
		s          id.Session
		sees, sets bool
	}{{"officer", h.officer, true, true}, {"admin", h.admin, true, true}, {"auditor", h.auditor, true, false}, {"manager", h.manager, false, false}, {"staff", h.staff, false, false}} {
		_, err := h.FirmFacts(t.Context(), x.s)
		if (err == nil) != x.sees {
			t.Errorf("%s sees it: %v", x.who, err)
		}
		if err := h.SetFirm(t.Context(), x.s, account.Firm{Business: "印刷業"}); (err == nil) != x.sets {
			t.Errorf("%s sets it: %v", x.who, err)
		}
	}
}
