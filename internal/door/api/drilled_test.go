package api

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
)

// TestDrillsOf: a set counts by the last drill of any of its media; none yet, due, long overdue, failed and killed are told apart, in both languages.
func TestDrillsOf(t *testing.T) {
	made := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return made.AddDate(0, 0, n) }
	media := []Medium{{ID: id.NewMedium(), Label: "disk 1", Set: "A", Made: made, State: 1}, {ID: id.NewMedium(), Label: "disk 2", Set: "A", Made: day(5), State: 2},
		{ID: id.NewMedium(), Label: "lone", Made: made, State: 1}, {ID: id.NewMedium(), Label: "empty", Set: "C", Made: made}, {ID: id.NewMedium(), Label: "old", Set: "D", Made: made, State: 1, Retired: day(1)}}
	drill := func(n, at int, of Medium, o account.DrillOutcome) Drill {
		x := Drill{Number: n, Medium: of.ID, Label: of.Label, Set: of.Set, Begun: day(at), Ended: day(at), Keys: account.DrillPapers}
		if x.Outcome = o; o == "" {
			x.Ended = time.Time{}
		}
		return x
	}
	good, failed := account.DrillWhole, account.DrillFailed
	for name, x := range map[string]struct {
		days, now int
		drills    []Drill
		state     string // of set A
		level     string
		due       int // day; -1: none
	}{
		"none yet":              {90, 10, nil, "never", "good", 90},
		"due":                   {90, 100, nil, "due", "look", 90},
		"long due":              {90, 130, nil, "due", "bad", 90},
		"nobody is reminded":    {0, 1000, nil, "never", "good", -1},
		"held":                  {90, 60, []Drill{drill(1, 50, media[1], good)}, "good", "good", 140},
		"of another set":        {90, 60, []Drill{drill(1, 50, media[2], good)}, "never", "good", 90},
		"failed":                {90, 60, []Drill{drill(2, 55, media[0], failed), drill(1, 50, media[1], good)}, "failed", "bad", 140},
		"failed, and good":      {90, 60, []Drill{drill(3, 58, media[0], good), drill(2, 55, media[0], failed)}, "good", "good", 148},
		"broken off":            {90, 60, []Drill{drill(2, 55, media[0], account.DrillBroken)}, "failed", "bad", 90},
		"at work":               {90, 56, []Drill{drill(2, 55, media[0], ""), drill(1, 50, media[1], good)}, "good", "good", 140},
		"killed":                {90, 70, []Drill{drill(2, 55, media[0], ""), drill(1, 50, media[1], good)}, "failed", "bad", 140},
		"failed, none reminded": {0, 60, []Drill{drill(2, 55, media[0], failed)}, "failed", "bad", -1},
	} {
		list := DrillsOf(media, x.drills, x.days, day(x.now))
		if len(list) != 2 || list[0].Set != "A" || len(list[0].Media) != 2 || list[1].Name() != "lone" {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		d := list[0]
		if due := x.due >= 0; d.State != x.state || d.Level != x.level || d.Due.IsZero() == due || due && !d.Due.Equal(day(x.due)) {
			t.Errorf("%s: %+v, due %s", name, d, d.Due)
		}
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			if d.say(day(x.now), l); !strings.Contains(d.Text, "A") || strings.Contains(d.Text, "%") {
				t.Errorf("%s: %q", name, d.Text)
			}
		}
	}
}

// TestRuleOfDrills: a drill of everything stands for a verification, a sample does not, and one that failed is an error until the medium was verified.
func TestRuleOfDrills(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	m := Medium{ID: id.NewMedium(), Label: "disk 1", Made: now.AddDate(-1, 0, 0), State: 1, Synced: now, Time: now}
	checked := m
	checked.Checked = now.Add(-time.Hour)
	unread := m
	unread.Unread = 1
	drill := func(all bool, o account.DrillOutcome, hours int) []Drill {
		at := now.Add(-time.Duration(hours) * time.Hour)
		x := Drill{Number: 1, Medium: m.ID, Label: m.Label, Begun: at, Ended: at, All: all}
		x.Outcome, x.Whole = o, 7
		return []Drill{x}
	}
	for name, x := range map[string]struct {
		m      Medium
		drills []Drill
		level  string
		says   string
	}{
		"nothing":              {m, nil, "look", "No restore drill has gone well yet"},
		"verified":             {checked, nil, "good", "No restore drill"},
		"a sample":             {m, drill(false, account.DrillWhole, 2), "look", "7 files"},
		"everything":           {m, drill(true, account.DrillWhole, 2), "good", "7 files"},
		"not read back":        {unread, drill(true, account.DrillWhole, 2), "look", "still has to be read back"},
		"read in a drill":      {unread, drill(true, account.DrillWhole, -1), "good", "7 files"},
		"failed":               {m, drill(true, account.DrillFailed, 2), "bad", "disk 1"},
		"failed after a check": {checked, drill(true, account.DrillFailed, 0), "bad", "disk 1"},
		"checked since":        {checked, drill(true, account.DrillFailed, 2), "good", "No restore drill"},
		"broken off":           {checked, drill(true, account.DrillBroken, 0), "good", "No restore drill"},
	} {
		c := Copies{Media: []Medium{x.m}, Days: 8, Hours: 24, DrillDays: 90}
		c.judge(now, lang.English, x.drills)
		for _, r := range c.Rules {
			if r.Rule == "errors" && (r.Level != x.level || !strings.Contains(r.Text, x.says)) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}
