package keeper

import (
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

func TestTraps(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	if err := h.l.SetSharePersons(c, h.root, "albums", "{class}/{number}_*.jpg"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.AddTrap(c, h.reader, "/albums/old/all.zip", ""); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff sets a trap: %v", err)
	}
	for _, x := range [][2]string{{"/albums/old", ""}, {"/albums", "9z/99"}} {
		if _, err := h.l.AddTrap(c, h.officer, x[0], x[1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.l.AddTrap(c, h.officer, "/albums/OLD/", ""); problem.KindOf(err) != problem.Exists {
		t.Errorf("the same again: %v", err)
	}
	if _, err := h.l.AddTrap(c, h.officer, "/albums", ""); hint(err) != "hint.trap" {
		t.Errorf("a whole share: %v", err)
	}
	if _, err := h.l.Traps(c, h.reader); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff sees the traps: %v", err)
	}
	if got, err := h.l.Traps(c, h.officer); err != nil || len(got) != 2 || got[0].Path != "old" || got[1].Person != "9z/99" {
		t.Errorf("traps %+v, %v", got, err)
	}
	if err := h.ask(h.root, account.Open, h.files("old/all.zip")...); err != nil {
		t.Errorf("the console: %v", err)
	}
	if err := h.ask(h.chief, account.Verify, h.files("old/all.zip")...); err != nil {
		t.Errorf("verification: %v", err)
	}
	if err := h.open(h.files("older/all.zip", "9z/9_a.jpg", "all.zip", "9z/all.jpg")...); err != nil {
		t.Errorf("beside the traps: %v", err)
	}
	// whoever asks for a person who is a trap among others
	if err := h.open(h.files("9z/1_a.jpg", "9Z/99_b.JPG")...); problem.KindOf(err) != problem.Frozen {
		t.Errorf("a trap: %v", err)
	}
	if err := h.open(h.files("9z/1_a.jpg")...); problem.KindOf(err) != problem.Frozen {
		t.Errorf("after the trap: %v", err)
	}
	if _, err := h.l.Login(c, h.drive); problem.KindOf(err) != problem.Frozen {
		t.Errorf("the device after the trap: %v", err)
	}
	if err := h.ask(h.reader, account.Preview, h.files("old/deep/down.jpg")...); problem.KindOf(err) != problem.Frozen { // the person's other session was free
		t.Errorf("the other trap: %v", err)
	}
	if err := h.ask(h.chief, account.Verify, h.files("old/x.jpg")...); err != nil {
		t.Errorf("verification by who may care: %v", err)
	}
	stops, err := h.l.Stops(c, h.root)
	if err != nil || len(stops) != 3 || stops[0].Kind != account.StopSession || stops[1].Kind != account.StopDevice || stops[2].Kind != account.StopSession || stops[0].Reason != "trapped" || stops[0].Owner != "sato" {
		t.Errorf("frozen: %+v, %v", stops, err)
	}
	if got := h.kinds(); !slices.Equal(got, []AlarmKind{AlarmTrapped, AlarmTrapped}) || len(h.alarms[0].Stops) != 2 || h.alarms[0].Share != "albums" {
		t.Errorf("alarms %+v", h.alarms)
	}
	if got := entries(t, h.l, event.Refused); len(got) != 3 || len(got[0].Files) != 1 || got[0].Note != "frozen" {
		t.Errorf("refused %+v", got)
	}
	for _, e := range entries(t, h.l, event.Released) {
		if e.Actor == "sato" && len(e.Files) != 4 {
			t.Errorf("released %+v", e)
		}
	}
	if !h.l.Trapped(h.share, "/albums/old/x") || h.l.Trapped(h.share, "/albums/older/x") || h.l.Trapped(id.NewShare(), "/albums/old/x") {
		t.Error("the storehouse is told something else about the traps")
	}
	for folder, want := range map[string]bool{"/albums/9z": true, "/albums/9Z": true, "/albums/3b": false, "/albums/9z/deep": false, "/albums": false, "/albums/old": false, "/albums/older": false} {
		if got := h.l.TrapBelow(h.share, folder); got != want {
			t.Errorf("a trap below %s: %v", folder, got)
		}
	}
}

// TestRemoveTrap takes two people.
func TestRemoveTrap(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	x, err := h.l.AddTrap(c, h.chief, "/albums/old", "")
	if err != nil {
		t.Fatal(err)
	}
	o, err := h.l.RemoveTrap(c, h.chief, x.ID)
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if err := h.l.Confirm(c, h.chief, o.Proposal.ID); hint(err) != "hint.two-people" {
		t.Errorf("one person: %v", err)
	}
	h.confirm(*o.Proposal)
	if got, err := h.l.Traps(c, h.root); err != nil || len(got) != 0 {
		t.Errorf("traps %+v, %v", got, err)
	}
	if err := h.open(h.files("old/a")...); err != nil {
		t.Errorf("what was a trap: %v", err)
	}
	if a, b := entries(t, h.l, event.TrapSet), entries(t, h.l, event.TrapRemoved); len(a) != 1 || len(b) != 1 || a[0].Target != "old" {
		t.Errorf("the ledger has %+v, %+v", a, b)
	}
}
