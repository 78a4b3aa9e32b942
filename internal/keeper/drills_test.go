package keeper

import (
	"fmt"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestDrills: a drill is entered before and after, once; what does not add up is refused, and what was killed is never good.
func TestDrills(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	_, staff := arrived(t, l, clock, "sato", account.Staff)
	m, err := l.MakeMedium(ctx, root, account.Medium{ID: id.NewMedium(), Label: "disk 1", Set: "A"})
	if err != nil {
		t.Fatal(err)
	}
	plan := account.Drill{Medium: m.ID, State: 3, Keys: account.DrillPapers, Card: "1 safe", Papers: 2, Asked: 200, Seed: 7}
	x, err := l.BeginDrill(ctx, root, plan)
	if err != nil || x.Number != 1 || x.Label != "disk 1" || x.Set != "A" || x.Begun.IsZero() || x.Good() {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := l.BeginDrill(ctx, staff, plan); problem.KindOf(err) != problem.Denied {
		t.Error("by staff:", err)
	}
	if _, err := l.Drills(ctx, staff); problem.KindOf(err) != problem.Denied {
		t.Error("shown to staff:", err)
	}
	other := plan
	if other.Medium = id.NewMedium(); problem.KindOf(second(l.BeginDrill(ctx, root, other))) != problem.NotFound {
		t.Error("a medium that nobody knows")
	}
	good := account.DrillResult{Outcome: account.DrillWhole, Tried: 2, Whole: 2}
	for name, r := range map[string]account.DrillResult{
		"nothing tried": {Outcome: account.DrillWhole}, "failed": {Outcome: account.DrillWhole, Tried: 2, Whole: 2, Failed: 1}, "fewer": {Outcome: account.DrillWhole, Tried: 2, Whole: 1}, "none": {Tried: 2, Whole: 2},
	} {
		if err := second(l.EndDrill(ctx, root, 1, r)); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second(l.EndDrill(ctx, staff, 1, good)); problem.KindOf(err) != problem.Denied {
		t.Error("ended by staff:", err)
	}
	if err := second(l.EndDrill(ctx, root, 9, good)); problem.KindOf(err) != problem.NotFound {
		t.Error("one that was not begun:", err)
	}
	bad := account.DrillResult{Outcome: account.DrillFailed, Tried: 100, Whole: 1, Failed: 99}
	for range 99 {
		bad.Failures = append(bad.Failures, account.DrillFailure{Path: "/s/a", Reason: "unreadable"})
	}
	if x, err = l.EndDrill(ctx, root, 1, bad); err != nil || x.Good() || x.Ended.IsZero() || len(x.Failures) != account.MaxDrillFailures || x.Seed != 7 {
		t.Errorf("%+v, %v", x, err)
	}
	if err := second(l.EndDrill(ctx, root, 1, good)); problem.KindOf(err) != problem.Exists {
		t.Error("ended twice:", err)
	}
	for range maxDrills {
		if x, err = l.BeginDrill(ctx, root, plan); err != nil {
			t.Fatal(err)
		}
	}
	list, err := l.Drills(ctx, root)
	if err != nil || len(list) != maxDrills || list[0].Number != maxDrills+1 || list[0].Good() || x.Number != maxDrills+1 {
		t.Errorf("%d drills, the latest %d, %v", len(list), x.Number, err)
	}
	var notes []string
	for e, err := range l.Events(ctx, root, Filter{Kinds: []event.Kind{event.DrillBegun, event.DrillEnded}, Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		notes = append(notes, e.Event.Target+": "+e.Event.Note)
	}
	if want := "[disk 1: papers; state 3; card 1 safe; papers 2; sample 200; seed 7 disk 1: drill-failed; drill 1; files 1/100]"; fmt.Sprint(notes) != want {
		t.Error(notes)
	}
}
