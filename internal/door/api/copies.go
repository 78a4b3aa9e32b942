package api

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/lang"
)

// judge says how well the house is copied, from what is known of its media.
func (c *Copies) judge(now time.Time, l lang.Lang, drills []Drill) {
	var live, apart []Medium // apart: but those on the disk of the house
	var disks time.Time      // the time of the latest state on any disk that is not the house's
	c.Attached, c.TooLong = []string{}, []string{}
	if c.Media == nil {
		c.Media = []Medium{}
	}
	for _, m := range c.Media {
		if !m.Retired.IsZero() {
			continue
		}
		live = append(live, m)
		if m.Time.After(c.Newest) {
			c.Newest = m.Time
		}
		if !m.SameDisk {
			apart = append(apart, m)
		}
		if m.Lock == 0 && !m.SameDisk && m.Time.After(disks) {
			disks = m.Time
		}
		if !m.Attached.IsZero() {
			c.Attached = append(c.Attached, m.Label)
			if now.Sub(m.Attached) > time.Duration(c.Hours)*time.Hour {
				c.TooLong = append(c.TooLong, m.Label)
			}
		}
	}
	for i, f := range c.Failed {
		c.Failed[i].Text = l.Problem(f.Problem.Op, f.Problem.On, f.Problem.Kind.String(), f.Problem.Hint)
	}
	c.fresh(now, disks, live, l)
	c.next(disks, slices.DeleteFunc(apart, func(m Medium) bool { return m.Lock > 0 }), l) // nobody brings a bucket
	c.Drills = DrillsOf(c.Media, drills, c.DrillDays, now)
	for i := range c.Drills {
		c.Drills[i].say(now, l)
	}
	if c.Drills == nil {
		c.Drills = []DrilledSet{}
	}
	if len(drills) > 0 {
		c.LastDrill = &drills[0]
	}
	c.rules(now, live, l, drills)
}

// most is how old the latest copy may become.
func (c *Copies) most() time.Duration { return time.Duration(c.Days) * 24 * time.Hour }

// fresh judges how old the copies are. A bucket that is copied to each day does not make up for disks that do not come, nor the other way round.
func (c *Copies) fresh(now, disks time.Time, live []Medium, l lang.Lang) {
	newest, late := disks, Medium{}
	for _, m := range live {
		of := m.Time
		if m.State == 0 {
			of = m.Made
		}
		if m.Lock > 0 && now.Sub(of) > c.most() && (late.Lock == 0 || of.Before(cmp.Or(late.Time, late.Made))) {
			late = m
		}
		if m.Lock > 0 && m.State > 0 && (newest.IsZero() || m.Time.Before(newest)) {
			newest = m.Time
		}
	}
	days := int(now.Sub(newest) / (24 * time.Hour))
	beside := slices.ContainsFunc(live, func(m Medium) bool { return m.SameDisk })
	switch {
	case late.Lock > 0 && late.State == 0:
		c.Level, c.Text = "bad", l.Text("say.copies-bucket-never", late.Label, int(now.Sub(late.Made)/(24*time.Hour)), c.Days)
	case late.Lock > 0 && (disks.IsZero() || now.Sub(disks) <= c.most()):
		c.Level, c.Text = "bad", l.Text("say.copies-bucket-old", late.Label, int(now.Sub(late.Time)/(24*time.Hour)), c.Days)
	case newest.IsZero() && beside:
		c.Level, c.Text = "look", l.Text("say.copies-beside")
	case newest.IsZero() && len(live) > 0:
		c.Level, c.Text = "look", l.Text("say.copies-waiting")
	case newest.IsZero():
		c.Level, c.Text = "look", l.Text("say.copies-none")
	case now.Sub(newest) > c.most():
		c.Level, c.Text = "bad", l.Text("say.copies-old", days, c.Days)
	case len(c.TooLong) > 0:
		c.Level, c.Text = "bad", l.Text("say.copies-connected", strings.Join(c.TooLong, ", "), c.Hours)
	case days == 0:
		c.Level, c.Text = "good", l.Text("say.copies-today")
	default:
		c.Level, c.Text = "good", l.Text("say.copies-fresh", days)
	}
}

var weekdays = [...]string{"say.weekday-sunday", "say.weekday-monday", "say.weekday-tuesday", "say.weekday-wednesday", "say.weekday-thursday", "say.weekday-friday", "say.weekday-saturday"}

// next is the medium that waits longest, of those that a copy was made on, or of those that wait for their first.
func (c *Copies) next(newest time.Time, live []Medium, l lang.Lang) {
	if len(live) == 0 {
		return
	}
	m := slices.MinFunc(live, func(a, b Medium) int { return a.Time.Compare(b.Time) })
	c.Next = &NextCopy{Set: m.Set, Label: m.Label, By: newest.Add(c.most())}
	name := m.Label
	if m.Set != "" {
		name += " (" + m.Set + ")"
	}
	if newest.IsZero() {
		c.Next.By = time.Time{}
		c.Next.Text = l.Text("say.copies-bring-now", name)
		return
	}
	day := c.Next.By.Local()
	c.Next.Text = l.Text("say.copies-bring", name, l.Text(weekdays[day.Weekday()]), day.Format("2006-01-02"))
}

// tally is what is known of the media that count.
type tally struct {
	copies, off                          int
	beside                               []string // on the disk of the house: what takes the one takes the other, so they are no copies more
	away, locked, bad, unread, unchecked []string
}

func tallyOf(now time.Time, live []Medium, l lang.Lang, drills []Drill) tally {
	t := tally{copies: 1}
	for _, m := range live {
		if m.State == 0 {
			continue
		}
		t.look(m, drills)
		if m.SameDisk {
			t.beside = append(t.beside, m.Label)
			continue
		}
		t.copies++
		if m.Place != "" {
			t.away = append(t.away, m.Label+" ("+m.Place+")")
		}
		switch {
		case m.Lock > 0 && m.Until.After(now):
			t.locked = append(t.locked, l.Text("say.copies-locked", m.Label, m.Until.Local().Format("2006-01-02")))
		case m.Lock == 0 && m.Attached.IsZero():
			t.off++
		}
	}
	return t
}

// look notes what is known of errors on a medium.
func (t *tally) look(m Medium, drills []Drill) {
	good, failed := drillOf(m, drills)
	if m.Findings > 0 || failed {
		t.bad = append(t.bad, m.Label)
	} else if m.Unread > 0 && good.Before(m.Synced) {
		t.unread = append(t.unread, m.Label)
	} else if old := m.Synced.Add(-90 * 24 * time.Hour); m.Checked.Before(old) && good.Before(old) {
		t.unchecked = append(t.unchecked, m.Label)
	}
}

// rules tells of 3-2-1-1-0 what can be known, and says what only people know.
func (c *Copies) rules(now time.Time, live []Medium, l lang.Lang, drills []Drill) {
	t := tallyOf(now, live, l, drills)
	say := func(rule string, good bool, level, key string, args ...any) {
		if good {
			level = "good"
		}
		c.Rules = append(c.Rules, CopyRule{rule, level, l.Text(key, args...)})
	}
	say("copies", t.copies >= 3, "look", "say.copies-rule-copies", t.copies)
	if len(t.beside) > 0 {
		c.Rules[0].Text += " " + l.Text("say.copies-rule-beside", strings.Join(t.beside, ", "))
	}
	say("kinds", t.copies > 1, "look", map[bool]string{true: "say.copies-rule-kinds", false: "say.copies-rule-one-kind"}[t.copies > 1])
	if len(t.away) > 0 {
		say("elsewhere", true, "", "say.copies-rule-elsewhere", strings.Join(t.away, ", "))
	} else {
		say("elsewhere", false, "look", "say.copies-rule-nowhere")
	}
	switch {
	case t.off > 0 && len(t.locked) > 0:
		say("offline", true, "", "say.copies-rule-offline-locked", t.off, strings.Join(t.locked, ", "))
	case t.off > 0:
		say("offline", true, "", "say.copies-rule-offline", t.off)
	case len(t.locked) > 0:
		say("offline", true, "", "say.copies-rule-locked", strings.Join(t.locked, ", "))
	default:
		say("offline", false, "bad", "say.copies-rule-none-offline")
	}
	switch {
	case len(t.bad) > 0:
		say("errors", false, "bad", "say.copies-rule-errors", strings.Join(t.bad, ", "))
	case len(t.unread) > 0:
		say("errors", false, "look", "say.copies-rule-unread", strings.Join(t.unread, ", "))
	case t.copies+len(t.beside) == 1:
		say("errors", false, "look", "say.copies-rule-nothing")
	case len(t.unchecked) > 0:
		say("errors", false, "look", "say.copies-rule-unchecked", strings.Join(t.unchecked, ", "))
	default:
		say("errors", true, "", "say.copies-rule-checked")
	}
	rule := &c.Rules[len(c.Rules)-1]
	if i := slices.IndexFunc(drills, func(x Drill) bool { return x.Good() }); i >= 0 {
		rule.Text += " " + l.Text("say.copies-rule-drilled", drills[i].Label, drills[i].Ended.Local().Format("2006-01-02"), drills[i].Whole)
	} else if t.copies+len(t.beside) > 1 {
		rule.Text += " " + l.Text("say.copies-rule-undrilled")
	}
}

// drillOf tells when everything of a medium went well in a drill, and whether its last one failed. One that was only a sample, and went well, says
// nothing of what it has not read.
func drillOf(m Medium, drills []Drill) (whole time.Time, failed bool) {
	last := true
	for i := range drills {
		x := &drills[i]
		if x.Medium != m.ID || x.Ended.IsZero() || x.Outcome == account.DrillBroken {
			continue
		}
		if last && !x.Good() && x.Ended.After(m.Checked) {
			failed = true
		}
		if last = false; x.Good() && x.All && whole.IsZero() {
			whole = x.Ended
		}
	}
	return whole, failed
}
