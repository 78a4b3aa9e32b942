package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// inCase is a house with an open case, and people of each role.
type inCase struct {
	*Local
	t     *testing.T
	clock *time.Time
	n     string

	officer, admin, auditor, manager, staff id.Session
}

func newCase(t *testing.T) *inCase {
	t.Helper()
	l, clock := newHouse(t)
	h := &inCase{Local: l, t: t, clock: clock}
	_, h.officer = arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, h.admin = arrived(t, l, clock, "tanaka", account.Administrator)
	_, h.auditor = arrived(t, l, clock, "auditor", account.Auditor)
	_, h.manager = arrived(t, l, clock, "manager", account.ShareManager)
	_, h.staff = arrived(t, l, clock, "sato", account.Staff)
	c, err := l.OpenCase(t.Context(), h.officer, account.Case{Reason: "odd"})
	if err != nil {
		t.Fatal(err)
	}
	h.n = c.ID
	return h
}

func (h *inCase) see() account.Case {
	h.t.Helper()
	c, err := h.Case(h.t.Context(), h.auditor, h.n)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *inCase) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestClock: the law counts from the first time at which any department knew. Earlier is immediate, later takes a reason and two people.
func TestClock(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	tokyo := time.FixedZone("", 9*3600)
	at := h.now().Add(-10 * time.Hour).In(tokyo)
	set := func(k account.NewKnowing) (account.Outcome, error) { return h.SetKnowing(ctx, h.officer, h.n, k) }
	if c := h.see(); !c.Knew.IsZero() || len(c.Knowing) != 0 {
		t.Fatalf("at the beginning somebody knew: %+v", c)
	}
	if at, proposed := h.see().Clock(); !proposed || !at.Equal(h.see().Opened) {
		t.Errorf("proposed is %v, %v", at, proposed)
	}
	for name, k := range map[string]account.NewKnowing{
		"no department": {When: at}, "no time": {Department: "sales"}, "the future": {Department: "sales", When: h.now().Add(time.Minute)},
		"the last century": {Department: "sales", When: at.AddDate(-100, 0, 0)}, "a long name": {Department: strings.Repeat("部", maxName+1), When: at},
		"two lines": {Department: "sales\nshipping", When: at}, "a long story": {Department: "sales", When: at, How: strings.Repeat("x", maxHow+1)},
		"a change of nothing": {ID: 7, Department: "sales", When: at}, "a removal of nothing": {Remove: true, Reason: "x"},
	} {
		if _, err := set(k); err == nil {
			t.Errorf("%s is entered", name)
		}
	}
	for _, k := range []account.NewKnowing{
		{Department: "営業部", Person: "加藤", When: at, How: "学校からの電話"}, {Department: "shipping", When: at.Add(time.Hour)}, {Department: "telephone", When: at.Add(-time.Hour)},
	} {
		if o, err := set(k); err != nil || o.Proposal != nil {
			t.Fatalf("%+v: %+v, %v", k, o, err)
		}
	}
	c := h.see()
	if !c.Knew.Equal(at.Add(-time.Hour)) || c.Knowing[0].Department != "telephone" || c.Knowing[0].By != "officer" {
		t.Fatalf("the clock begins at %v: %+v", c.Knew, c.Knowing)
	}
	if _, off := c.Knew.Zone(); off != 9*3600 {
		t.Errorf("the zone in which it was told is gone: %v", c.Knew)
	}
	first, second := c.Knowing[0], c.Knowing[1]

	// Neither makes the clock later.
	if o, err := set(account.NewKnowing{ID: second.ID, Department: "sales", When: at.Add(30 * time.Minute)}); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	if o, err := set(account.NewKnowing{ID: first.ID, Department: "telephone", When: at.Add(-2 * time.Hour)}); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	// Both do.
	later := account.NewKnowing{ID: first.ID, Department: "telephone", When: at}
	gone := account.NewKnowing{ID: first.ID, Remove: true}
	for _, k := range []account.NewKnowing{later, gone} {
		if _, err := set(k); hint(err) != "hint.case-reason" {
			t.Errorf("later without a reason: %v", err)
		}
	}
	later.Reason, gone.Reason = "the clock of the telephone was wrong", "it was about another matter"
	before := h.see().Knew
	o, err := set(gone)
	if err != nil || o.Proposal == nil {
		t.Fatalf("the first is removed by one: %+v, %v", o, err)
	}
	o2, err := set(later)
	if err != nil || o2.Proposal == nil {
		t.Fatalf("the clock is set later by one: %+v, %v", o2, err)
	}
	if c := h.see(); !c.Knew.Equal(before) || len(c.Waiting) != 2 || c.Waiting[0].Mine {
		t.Errorf("while it waits: %v, %+v", c.Knew, c.Waiting)
	}
	if err := h.Confirm(ctx, h.officer, o2.Proposal.ID); hint(err) != "hint.two-people" {
		t.Errorf("who asked confirms: %v", err)
	}
	h.must(h.Confirm(ctx, h.admin, o2.Proposal.ID))
	if c := h.see(); !c.Knew.Equal(at) {
		t.Errorf("after the second yes the clock begins at %v", c.Knew)
	}
	if err := h.Confirm(ctx, h.admin, o.Proposal.ID); hint(err) != "hint.case-changed" {
		t.Errorf("what was asked for of another entry is done: %v", err)
	}
	o, err = set(account.NewKnowing{ID: first.ID, Remove: true, Reason: "after all"})
	h.must(err)
	h.must(h.Confirm(ctx, h.admin, o.Proposal.ID))
	if c := h.see(); len(c.Knowing) != 2 || !c.Knew.Equal(at.Add(30*time.Minute)) {
		t.Errorf("after the removal: %v, %+v", c.Knew, c.Knowing)
	}
	// Of what is not the first a removal wants a reason alone.
	o, err = set(account.NewKnowing{ID: h.see().Knowing[1].ID, Remove: true, Reason: "twice"})
	if err != nil || o.Proposal != nil || len(h.see().Knowing) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	notes := entries(t, h.Local, event.CaseWritten)
	for _, want := range []string{"knew: 営業部 / 加藤, ", "knew, changed: telephone", "knew, removed: telephone", "the clock of the telephone was wrong"} {
		if !slices.ContainsFunc(notes, func(e event.Event) bool { return strings.Contains(e.Note, want) && e.Target == h.n }) {
			t.Errorf("the ledger does not tell %q", want)
		}
	}
}

// TestAlarmIsProposed: the guard's first alarm is when the firm knew, until people say otherwise.
func TestAlarmIsProposed(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	*h.clock = h.clock.Add(10 * time.Minute)
	alarm := h.now()
	h.must(h.Stop(ctx, account.Stop{Kind: account.StopAccount, Subject: "sato", Reason: "broken", First: alarm.Add(-time.Minute)}))
	*h.clock = h.clock.Add(10 * time.Minute)
	h.must(h.Stop(ctx, account.Stop{Kind: account.StopAccount, Subject: "manager", Reason: "broken", First: alarm.Add(-time.Minute)}))
	c := h.see()
	if at, proposed := c.Clock(); !c.Alarm.Equal(alarm) || !at.Equal(alarm) || !proposed {
		t.Errorf("the first alarm is %v, proposed %v, want %v", c.Alarm, at, alarm)
	}
	if len(c.Frozen()) != 2 {
		t.Errorf("frozen: %+v", c.Frozen())
	}
}

// TestFacts: each fact takes what it may be, and nothing else; who has set it and when stays with it.
func TestFacts(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	for _, f := range account.FactFields {
		good, bad := "yes", []string{"maybe", "YES"}
		switch f.Type {
		case account.FactChoice:
			good = f.Choices[len(f.Choices)-1]
		case account.FactText:
			good, bad = strings.Repeat("漏", f.Most), []string{strings.Repeat("漏", f.Most+1), "a\x00b", "a\x1b[31m"}
		}
		for _, v := range bad {
			if err := h.SetFact(ctx, h.officer, h.n, f.Key, v); hint(err) != "hint.case-value" {
				t.Errorf("%s = %.20q: %v", f.Key, v, err)
			}
		}
		if err := h.SetFact(ctx, h.officer, h.n, f.Key, good); err != nil {
			t.Errorf("%s = %.20q: %v", f.Key, good, err)
		}
	}
	if err := h.SetFact(ctx, h.officer, h.n, "weather", "good"); hint(err) != "hint.case-fact" {
		t.Error(err)
	}
	h.must(h.SetFact(ctx, h.admin, h.n, "hostile", "unknown"))
	h.must(h.SetFact(ctx, h.admin, h.n, "cause", " one\r\ntwo "))
	h.must(h.SetFact(ctx, h.admin, h.n, "told", ""))
	c := h.see()
	if len(c.Facts) != len(account.FactFields)-1 || c.Facts[0].Key != "hostile" || c.Facts[0].Value != "unknown" || c.Facts[0].By != "tanaka" || !c.Facts[0].At.Equal(h.now()) {
		t.Errorf("facts: %d, %+v", len(c.Facts), c.Facts[0])
	}
	if i := slices.IndexFunc(c.Facts, func(f account.Fact) bool { return f.Key == "cause" }); i < 0 || c.Facts[i].Value != "one\ntwo" {
		t.Errorf("the cause is %+v", c.Facts)
	}
}

// TestDesk: notes, tasks and decisions; who may; and nothing after the end.
func TestDesk(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	acts := func(s id.Session) map[string]error {
		return map[string]error{
			"knew":    second(h.SetKnowing(ctx, s, h.n, account.NewKnowing{Department: "sales", When: h.now()})),
			"fact":    h.SetFact(ctx, s, h.n, "hostile", "yes"),
			"note":    h.AddNote(ctx, s, h.n, "the police were here"),
			"task":    h.AddTask(ctx, s, h.n, account.NewTask{Text: "call the schools", For: "加藤", Due: h.now().Add(time.Hour)}),
			"done":    h.EndTask(ctx, s, h.n, 3),
			"attach":  second(h.Attach(ctx, s, h.n, "a.txt", []byte("x"))),
			"decide":  second(h.Decide(ctx, s, h.n, "we tell all schools")),
			"hold":    second(h.SetHold(ctx, s, h.n, account.NewHold{})),
			"suspect": second(h.OpenCase(ctx, s, account.Case{ID: h.n, Suspects: []account.Suspect{{Subject: "sato", From: h.now()}}})),
			"trust":   h.Trust(ctx, s, h.n, account.Suspect{Subject: "sato"}, "x"),
			"close":   h.CloseCase(ctx, s, h.n, "x"),
		}
	}
	for name, s := range map[string]id.Session{"auditor": h.auditor, "share manager": h.manager, "staff": h.staff} {
		for act, err := range acts(s) {
			if problem.KindOf(err) != problem.Denied {
				t.Errorf("%s of %s: %v", act, name, err)
			}
		}
	}
	for name, s := range map[string]id.Session{"share manager": h.manager, "staff": h.staff} {
		for what, err := range map[string]error{"case": second(h.Case(ctx, s, h.n)), "timeline": second(h.Timeline(ctx, s, h.n, account.TimelineQuery{})),
			"parties": second(h.Parties(ctx, s, h.n)), "list": second(h.Cases(ctx, s))} {
			if problem.KindOf(err) != problem.Denied {
				t.Errorf("%s sees the %s: %v", name, what, err)
			}
		}
		if _, _, err := h.Attachment(ctx, s, h.n, 1); problem.KindOf(err) != problem.Denied {
			t.Errorf("%s reads attachments: %v", name, err)
		}
	}
	h.must(h.AddNote(ctx, h.admin, h.n, "one\r\ntwo"))
	h.must(h.AddTask(ctx, h.officer, h.n, account.NewTask{Text: "call the schools", For: "加藤", Due: h.now().Add(time.Hour)}))
	for name, err := range map[string]error{
		"an empty note": h.AddNote(ctx, h.officer, h.n, " \n"), "a long note": h.AddNote(ctx, h.officer, h.n, strings.Repeat("x", maxNote+1)),
		"an empty task": h.AddTask(ctx, h.officer, h.n, account.NewTask{}), "a long task": h.AddTask(ctx, h.officer, h.n, account.NewTask{Text: strings.Repeat("x", maxTask+1)}),
		"an empty decision": second(h.Decide(ctx, h.officer, h.n, "")), "a long decision": second(h.Decide(ctx, h.officer, h.n, strings.Repeat("x", maxDecision+1))),
		"a note that turns round": h.AddNote(ctx, h.officer, h.n, "exe\u202egpj"), "a task that hides": h.AddTask(ctx, h.officer, h.n, account.NewTask{Text: "a\u200bb"}),
	} {
		if hint(err) != "hint.case-text" {
			t.Errorf("%s: %v", name, err)
		}
	}
	task := h.see().Tasks[0].ID
	*h.clock = h.clock.Add(time.Minute)
	h.must(h.EndTask(ctx, h.admin, h.n, task))
	if err := h.EndTask(ctx, h.admin, h.n, task); hint(err) != "hint.case-no-entry" {
		t.Errorf("done twice: %v", err)
	}
	text := strings.Repeat("決", maxDecision)
	o, err := h.Decide(ctx, h.officer, h.n, text)
	h.must(err)
	if o.Proposal.Reason != text {
		t.Errorf("the second person sees %d bytes of the decision", len(o.Proposal.Reason))
	}
	h.must(h.Confirm(ctx, h.admin, o.Proposal.ID))
	c := h.see()
	if len(c.Notes) != 1 || c.Notes[0].Text != "one\ntwo" || c.Notes[0].By != "tanaka" || c.Tasks[0].DoneBy != "tanaka" || c.Tasks[0].By != "officer" || c.Tasks[0].Done.Equal(c.Tasks[0].At) {
		t.Errorf("%+v", c)
	}
	if d := c.Decisions; len(d) != 1 || d[0].By != "officer" || d[0].Second != "tanaka" || d[0].Text != text {
		t.Errorf("decisions: %+v", d)
	}
	if list, err := h.Cases(ctx, h.auditor); err != nil || len(list[0].Notes)+len(list[0].Tasks)+len(list[0].Decisions) != 0 || !list[0].Hold.On {
		t.Errorf("the list has all of it: %+v, %v", list, err)
	}
	h.must(h.CloseCase(ctx, h.officer, h.n, "over"))
	for act, err := range acts(h.officer) {
		if act != "hold" && hint(err) != "hint.no-case" {
			t.Errorf("%s after the end: %v", act, err)
		}
	}
}

// TestDeskIsBounded: of nothing more than so many, and of all cases together not more than so much.
func TestDeskIsBounded(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	full := func(name string, fill func(c *caseState), do func() error) {
		t.Helper()
		was := h.books.Load()
		d := was.draft()
		fill(d.caseAt(d.anyCase(h.n)))
		b, err := newBooks(d.state)
		h.must(err)
		h.books.Store(b)
		if err := do(); problem.KindOf(err) != problem.TooLarge || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		h.books.Store(was)
	}
	note := func() error { return h.AddNote(ctx, h.officer, h.n, "one more") }
	full("notes", func(c *caseState) { c.Notes = make([]account.CaseNote, maxNotes) }, note)
	full("texts", func(c *caseState) { c.Notes = []account.CaseNote{{Text: strings.Repeat("x", maxDesk)}} }, note)
	full("tasks", func(c *caseState) { c.Tasks = make([]account.Task, maxTasks) }, func() error { return h.AddTask(ctx, h.officer, h.n, account.NewTask{Text: "x"}) })
	full("knowing", func(c *caseState) {
		for i := range maxKnowing {
			c.Knowing = append(c.Knowing, account.Knowing{ID: i + 1})
		}
	}, func() error {
		return second(h.SetKnowing(ctx, h.officer, h.n, account.NewKnowing{Department: "x", When: h.now()}))
	})
	full("attachments", func(c *caseState) { c.Attachments = make([]account.Attachment, maxAttachments) }, func() error { return second(h.Attach(ctx, h.officer, h.n, "a", nil)) })
	full("attached", func(c *caseState) { c.Attachments = []account.Attachment{{Size: maxAttached}} }, func() error { return second(h.Attach(ctx, h.officer, h.n, "a", []byte("x"))) })
	full("suspects", func(c *caseState) { c.Suspects = make([]account.Suspect, maxSuspects) }, func() error {
		return second(h.OpenCase(ctx, h.officer, account.Case{ID: h.n, Suspects: []account.Suspect{{Subject: "sato", From: h.now()}}}))
	})
	o, err := h.Decide(ctx, h.officer, h.n, "x")
	h.must(err)
	full("decisions", func(c *caseState) { c.Decisions = make([]account.Decision, maxDecisions) }, func() error { return h.Confirm(ctx, h.admin, o.Proposal.ID) })
	if _, err := h.Attach(ctx, h.officer, h.n, "a", make([]byte, MaxAttachment+1)); hint(err) != "hint.case-file-size" {
		t.Errorf("a large attachment: %v", err)
	}
	for _, name := range []string{"", "..", "a/b", `a\b`, "a\nb", strings.Repeat("x", maxAttachName+1), "photo\u202egpj.exe", "a\u2066b", "a\u200eb.txt", "a\u200bb", "a\u2028b", "CON", "a. "} {
		if _, err := h.Attach(ctx, h.officer, h.n, name, nil); hint(err) != "hint.case-file-name" {
			t.Errorf("an attachment called %.20q: %v", name, err)
		}
	}
}

// TestCaseSurvives: after a restart everything is there; attachments are sealed on the disk, and one is read only once the ledger tells
// of it.
func TestCaseSurvives(t *testing.T) {
	disk := durabletest.New(t)
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	cfg := testConfig(disk, "/data")
	cfg.Now = func() time.Time { return now }
	if err := Init(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	s := console(t, l)
	c, err := l.OpenCase(ctx, s, account.Case{Reason: "odd"})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	content := []byte("a letter of the attacker, in clear")
	must(l.AddNote(ctx, s, c.ID, "記録"))
	a, err := l.Attach(ctx, s, c.ID, "手紙.txt", content)
	must(err)
	if _, err := l.Attach(ctx, s, "1999-1", "b.txt", []byte("x")); hint(err) != "hint.no-case" {
		t.Error(err)
	}
	must(second(l.SetKnowing(ctx, s, c.ID, account.NewKnowing{Department: "sales", When: now})))
	before, err := l.Case(ctx, s, c.ID)
	must(err)
	must(l.Close(context.WithoutCancel(ctx)))
	blobs := files(t, disk, "data/keeper/attachments")
	if len(blobs) != 1 {
		t.Errorf("blobs: %d", len(blobs))
	}
	for _, b := range blobs {
		if bytes.Contains(b, content) || bytes.Contains(b, []byte("手紙")) {
			t.Error("an attachment lies in clear on the disk")
		}
	}
	l = reopen(t, cfg)
	s = console(t, l)
	after, err := l.Case(ctx, s, c.ID)
	must(err)
	x, _ := json.Marshal(before)
	y, _ := json.Marshal(after)
	if !bytes.Equal(x, y) {
		t.Errorf("before %s\nafter  %s", x, y)
	}
	got, b, err := l.Attachment(ctx, s, c.ID, a.ID)
	if err != nil || got != a || !bytes.Equal(b, content) || a.SHA256 != fmt.Sprintf("%x", sha256.Sum256(content)) {
		t.Errorf("%+v, %q, %v", got, b, err)
	}
	if e := entries(t, l, event.CaseRead); len(e) != 1 || e[0].Target != c.ID || e[0].Note != "手紙.txt" || e[0].Actor == "" {
		t.Errorf("the ledger tells of the reading: %+v", e)
	}
	if _, _, err := l.Attachment(ctx, s, c.ID, a.ID+7); hint(err) != "hint.case-no-entry" {
		t.Error(err)
	}
}

// TestCaseOfBefore: a case as earlier versions of the program have written it.
func TestCaseOfBefore(t *testing.T) {
	l, _ := newHouse(t)
	s := console(t, l)
	d := l.books.Load().draft()
	var c caseState
	if err := json.Unmarshal([]byte(`{"id":"2026-1","opened":"2026-11-20T01:02:03Z","by":"","reason":"broken","suspects":[{"kind":"account","subject":"00","name":"sato","from":"2026-11-20T01:00:00Z"}],"last":"2026-11-20T01:02:03Z"}`), &c); err != nil {
		t.Fatal(err)
	}
	d.Cases = append(d.Cases, &c)
	b, err := newBooks(d.state)
	if err != nil {
		t.Fatal(err)
	}
	l.books.Store(b)
	got, err := l.Case(t.Context(), s, "2026-1")
	if at, proposed := got.Clock(); err != nil || !got.Hold.On || !at.Equal(c.Opened) || !proposed || !got.Alarm.Equal(c.Opened) {
		t.Errorf("%+v, %v", got, err)
	}
	if !l.Held(id.NewShare()) {
		t.Error("it holds nothing")
	}
	if err := l.AddNote(t.Context(), s, "2026-1", "found in the archive"); err != nil {
		t.Error(err)
	}
}
