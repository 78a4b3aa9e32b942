package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
)

// TestCopies judges media in the states that they can be in.
func TestCopies(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) // a Monday
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	medium := func(label string, state uint64, age int) Medium {
		m := Medium{ID: id.NewMedium(), Label: label, State: state}
		if state > 0 {
			m.Time, m.Synced, m.Checked = ago(age), ago(age), ago(age)
		}
		return m
	}
	away := medium("B", 3, 9)
	away.Place = "bank"
	on := medium("A", 4, 2)
	on.Attached = now.Add(-30 * time.Hour)
	hurt := medium("A", 4, 2)
	hurt.Findings = 1
	unread := medium("A", 4, 2)
	unread.Unread = 1
	unchecked := medium("A", 4, 2)
	unchecked.Checked = ago(99)
	beside := medium("A", 1, 0)
	beside.SameDisk = true
	if got := beside.Now(now); got != "beside" {
		t.Errorf("it is %s", got)
	}
	wrong := beside
	wrong.Findings = 1
	gone := medium("C", 9, 0)
	gone.Retired = now
	cloud := medium("cloud", 7, 1)
	cloud.Lock, cloud.Until = 30, now.AddDate(0, 0, 20)
	late := cloud
	late.Time = ago(9)
	never := cloud
	never.State, never.Time, never.Until, never.Made = 0, time.Time{}, time.Time{}, ago(9)
	young := never
	young.Made = ago(1)
	lapsed := cloud
	lapsed.Until = ago(1)
	for _, c := range []struct {
		name  string
		media []Medium
		level string
		next  string
		by    time.Time
		rules string // first letters of the levels
	}{
		{"none", nil, "look", "", time.Time{}, "lllbl"},
		{"only retired", []Medium{gone}, "look", "", time.Time{}, "lllbl"},
		{"made, not copied to", []Medium{medium("A", 0, 0)}, "look", "A", time.Time{}, "lllbl"},
		{"one of today", []Medium{medium("A", 1, 0)}, "good", "A", now.AddDate(0, 0, 8), "lglgg"},
		{"one on the house's own disk", []Medium{beside}, "look", "", time.Time{}, "lllbg"},
		{"one on the house's own disk, and disks that do not come", []Medium{beside, away}, "bad", "B", now.AddDate(0, 0, -1), "lgggg"},
		{"one on the house's own disk that is damaged, and another", []Medium{wrong, medium("B", 1, 0)}, "good", "B", now.AddDate(0, 0, 8), "lglgb"},
		{"two that take turns", []Medium{medium("A", 4, 2), away}, "good", "B", now.AddDate(0, 0, 6), "ggggg"},
		{"old", []Medium{away}, "bad", "B", now.AddDate(0, 0, -1), "lgggg"},
		{"connected for too long", []Medium{on, away}, "bad", "B", now.AddDate(0, 0, 6), "ggggg"},
		{"the only one is connected", []Medium{on}, "bad", "A", now.AddDate(0, 0, 6), "lglbg"},
		{"a bucket alone", []Medium{cloud}, "good", "", time.Time{}, "lglgg"},
		{"a bucket whose locks have ended", []Medium{lapsed}, "good", "", time.Time{}, "lglbg"},
		{"a bucket and disks", []Medium{cloud, on, away}, "bad", "B", now.AddDate(0, 0, 6), "ggggg"},
		{"a bucket of yesterday, and disks that do not come", []Medium{cloud, away}, "bad", "B", now.AddDate(0, 0, -1), "ggggg"},
		{"a bucket to which no copy comes, and disks that do", []Medium{late, medium("A", 4, 2), away}, "bad", "B", now.AddDate(0, 0, 6), "ggggg"},
		{"a bucket to which none ever came", []Medium{never, medium("A", 4, 2), away}, "bad", "B", now.AddDate(0, 0, 6), "ggggg"},
		{"a bucket of yesterday that waits for its first", []Medium{young}, "look", "", time.Time{}, "lllbl"},
		{"not read back yet", []Medium{unread, away}, "good", "B", now.AddDate(0, 0, 6), "ggggl"},
		{"not read through for long", []Medium{unchecked, away}, "good", "B", now.AddDate(0, 0, 6), "ggggl"},
		{"damaged", []Medium{hurt, away}, "good", "B", now.AddDate(0, 0, 6), "ggggb"},
	} {
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			x := Copies{Media: c.media, Days: 8, Hours: 24}
			x.judge(now, l, nil)
			rules := ""
			for _, r := range x.Rules {
				rules += r.Level[:1]
				if r.Text == "" || lang.Has(r.Text) {
					t.Errorf("%s: %+v", c.name, r)
				}
			}
			if slices.ContainsFunc(c.media, func(m Medium) bool { return m.Checked.Equal(unchecked.Checked) && m.State > 0 }) && !strings.Contains(x.Rules[4].Text, "A") {
				t.Errorf("%s: which medium that is stands nowhere: %s", c.name, x.Rules[4].Text)
			}
			next, by := "", time.Time{}
			if x.Next != nil {
				next, by = x.Next.Label, x.Next.By
			}
			if x.Level != c.level || next != c.next || !by.Equal(c.by) || rules != c.rules || x.Text == "" {
				t.Errorf("%s: %s %q %v %s, want %s %q %v %s", c.name, x.Level, next, by, rules, c.level, c.next, c.by, c.rules)
			}
		}
	}
}
