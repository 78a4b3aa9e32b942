package cases

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// quietBooks is a keeper with nothing in it.
type quietBooks struct{ Books }

func (quietBooks) Duties() account.Duties { return account.Duties{} }

// TestFindingsAreForgotten: what was computed is at hand for some minutes, so that a number and its list agree, and then gone, with the names
// of persons in it.
func TestFindingsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Desk{Now: time.Now, Books: quietBooks{}}
		key := viewer{id.NewSession(), "2026-1"}
		kept := func() int {
			synctest.Wait()
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.recent)
		}
		first, second := &Findings{At: d.Now(), source: &source{}}, &Findings{At: d.Now(), source: &source{}}
		d.mu.Lock()
		d.remember(key, first)
		d.mu.Unlock()
		time.Sleep(recentFor / 2)
		d.mu.Lock()
		d.remember(key, second)
		d.mu.Unlock()
		if time.Sleep(recentFor/2 + time.Second); kept() != 1 || d.recent[key] != second {
			t.Errorf("%d findings, want the later", kept())
		}
		if time.Sleep(recentFor / 2); kept() != 0 {
			t.Errorf("%d findings after their time", kept())
		}
	})
}

// TestLinesOfAll: the line that counts what parties did everywhere is for no client alone.
func TestLinesOfAll(t *testing.T) {
	from := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	timeline := account.Timeline{SuspectAll: account.Slot{Readings: 11, Saves: 2}}
	of := 0
	for _, l := range lines(account.Case{Suspects: []account.Suspect{{From: from}}}, nil, timeline) {
		if l.All {
			of++
		}
		if strings.Contains(l.What.EN, "11") != l.All {
			t.Errorf("%+v", l)
		}
	}
	if of != 1 {
		t.Errorf("%d lines of all clients", of)
	}
}
