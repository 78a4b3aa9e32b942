package keeper

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestCaseRemembers: somebody who is frozen again is distrusted since the first time.
func TestCaseRemembers(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, tanaka := arrived(t, l, clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	arrived(t, l, clock, "sato", account.Staff)
	first := l.now().Add(-20 * time.Hour)
	if err := l.Stop(ctx, account.Stop{Kind: account.StopAccount, Subject: "sato", First: first}); err != nil {
		t.Fatal(err)
	}
	stops, err := l.Stops(ctx, tanaka)
	if err != nil || len(stops) != 1 {
		t.Fatal(stops, err)
	}
	o, err := l.Thaw(ctx, tanaka, stops[0].ID, "looked at")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Freeze(ctx, tanaka, account.Stop{Kind: account.StopAccount, Subject: "sato"}); err != nil {
		t.Fatal(err)
	}
	list, err := l.Cases(ctx, officer)
	if err != nil || len(list) != 1 || len(list[0].Suspects) != 1 {
		t.Fatal(list, err)
	}
	if s := list[0].Suspects[0]; !s.From.Equal(first.Add(-leadTime)) || !s.To.IsZero() {
		t.Errorf("the suspect is %+v", s)
	}
	if _, err := l.OpenCase(ctx, tanaka, account.Case{ID: list[0].ID}); hint(err) != "hint.case-whom" {
		t.Errorf("a change of nothing: %v", err)
	}
}

// TestCases: a freeze opens a case, the next one soon after joins it, a thaw ends the time of whom it was about, and a case that is closed
// takes nobody in any more.
func TestCases(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, tanaka := arrived(t, l, clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	sato, satos := arrived(t, l, clock, "sato", account.Staff)
	drive := sato.device(satos, "laptop")
	x, err := l.Login(ctx, drive)
	if err != nil {
		t.Fatal(err)
	}
	cases := func() []account.Case {
		t.Helper()
		list, err := l.Cases(ctx, officer)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := l.now().Add(-time.Minute)
	if err := l.Stop(ctx, account.Stop{Kind: account.StopSession, Subject: x.ID.String(), Reason: "broken", First: first}); err != nil {
		t.Fatal(err)
	}
	list := cases()
	if len(list) != 1 || list[0].By != "" || list[0].Reason != "broken" || len(list[0].Suspects) != 1 {
		t.Fatalf("after a freeze: %+v", list)
	}
	if s := list[0].Suspects[0]; s.Owner != "sato" || s.Subject != x.ID.String() || !s.From.Equal(first.Add(-leadTime)) || !s.To.IsZero() {
		t.Errorf("the suspect is %+v", s)
	}
	if want := first.Format("2006") + "-1"; list[0].ID != want {
		t.Errorf("the case is called %s, want %s", list[0].ID, want)
	}

	// What comes soon after belongs to it, once.
	stop := account.Stop{Kind: account.StopDevice, Subject: x.Device.String(), Reason: "strange", First: first}
	if err := l.Stop(ctx, stop, stop); err != nil {
		t.Fatal(err)
	}
	if list = cases(); len(list) != 1 || len(list[0].Suspects) != 2 || list[0].Suspects[1].Name != "laptop" {
		t.Fatalf("after the second freeze: %+v", list)
	}

	// Who was thawed is distrusted for the time before only.
	stops, err := l.Stops(ctx, tanaka)
	if err != nil {
		t.Fatal(err)
	}
	o, err := l.Thaw(ctx, tanaka, stops[0].ID, "looked at")
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(time.Minute)
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if s := cases()[0].Suspects; !s[0].To.Equal(l.now()) || !s[1].To.IsZero() {
		t.Errorf("after the thaw of the first: %+v", s)
	}

	// By hand: who may, and what cannot be.
	from := l.now().Add(-time.Hour)
	if _, err := l.OpenCase(ctx, satos, account.Case{Reason: "mine"}); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff opens a case: %v", err)
	}
	if _, err := l.Cases(ctx, satos); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff sees the cases: %v", err)
	}
	for name, s := range map[string]account.Suspect{
		"nobody":      {Subject: "yamada", From: from},
		"no time":     {Subject: "sato"},
		"the future":  {Subject: "sato", From: l.now().Add(time.Hour)},
		"backwards":   {Subject: "sato", From: from, To: from.Add(-time.Hour)},
		"a share":     {Kind: account.StopShare, Subject: "albums", From: from},
		"all of them": {Kind: account.StopAll, From: from},
	} {
		if _, err := l.OpenCase(ctx, tanaka, account.Case{Suspects: []account.Suspect{s}}); err == nil {
			t.Errorf("%s is distrusted", name)
		}
	}
	made, err := l.OpenCase(ctx, tanaka, account.Case{Reason: "a stolen laptop", Suspects: []account.Suspect{{Subject: "sato", From: from}}})
	if err != nil || made.By != "tanaka" || made.Suspects[0].Kind != account.StopAccount || made.Suspects[0].Name != "sato" {
		t.Fatalf("by hand: %+v, %v", made, err)
	}
	if list := cases(); len(list) != 2 || list[0].ID != made.ID {
		t.Fatalf("the latest is not the first: %+v", list)
	}
	earlier := from.Add(-24 * time.Hour)
	if made, err = l.OpenCase(ctx, tanaka, account.Case{ID: made.ID, Suspects: []account.Suspect{{Subject: "sato", From: earlier}}}); err != nil || len(made.Suspects) != 1 || !made.Suspects[0].From.Equal(earlier) {
		t.Errorf("another time: %+v, %v", made, err)
	}

	// Closed is closed.
	if err := l.CloseCase(ctx, tanaka, made.ID, " "); hint(err) != "hint.case-note" {
		t.Errorf("closed without a word: %v", err)
	}
	for _, c := range cases() {
		if err := l.CloseCase(ctx, officer, c.ID, "nothing was lost"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.OpenCase(ctx, tanaka, made); hint(err) != "hint.no-case" {
		t.Errorf("a closed case is changed: %v", err)
	}
	if _, err := l.Freeze(ctx, tanaka, account.Stop{Kind: account.StopAccount, Subject: "sato"}); err != nil {
		t.Fatal(err)
	}
	list = cases()
	if len(list) != 3 || !list[0].Closed.IsZero() || list[0].By != "tanaka" {
		t.Errorf("after the next freeze: %+v", list)
	}
	for _, c := range list[1:] {
		if c.ClosedBy != "officer" || slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return s.To.IsZero() }) {
			t.Errorf("closed: %+v", c)
		}
	}
	if n := len(entries(t, l, event.CaseOpened, event.CaseClosed)); n != 5 {
		t.Errorf("%d entries of opening and closing, want 5", n)
	}
}
