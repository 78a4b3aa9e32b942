package api

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/lang"
)

// DrilledSet is a set of media, and when its restore was rehearsed. A medium without a set is one by itself.
type DrilledSet struct {
	Set   string    `json:"set,omitempty"`
	Media []string  `json:"media"`           // labels
	Last  *Drill    `json:"last,omitempty"`  // whether it went well or not; absent: there was none
	Good  time.Time `json:"good,omitzero"`   // when one went well last
	Proof DrillKeys `json:"proof,omitempty"` // with which keys that was
	Due   time.Time `json:"due,omitzero"`    // when the next is due; absent if nobody is reminded
	State string    `json:"state"`           // "good"; "never"; "due"; "failed": the last one, and none went well since
	Level string    `json:"level"`           // as in Copies
	Text  string    `json:"text"`
}

// DrillKeys says which keys have opened a medium.
type DrillKeys = account.DrillKeys

// Name is what people call a set.
func (d *DrilledSet) Name() string { return cmp.Or(d.Set, strings.Join(d.Media, ", ")) }

// DrillsOf tells of each set of media that hold something when it was rehearsed, and when it is due. drills has the latest first.
func DrillsOf(media []Medium, drills []Drill, days int, now time.Time) (out []DrilledSet) {
	first := make(map[string]time.Time) // since when a set holds something, as far as is known
	at := make(map[string]int)
	for _, m := range media {
		if !m.Retired.IsZero() || m.State == 0 {
			continue
		}
		key := setKey(m.Set, m.Label)
		if _, ok := at[key]; !ok {
			at[key] = len(out)
			out = append(out, DrilledSet{Set: m.Set})
			first[key] = m.Made
		}
		d := &out[at[key]]
		d.Media = append(d.Media, m.Label)
		if m.Made.Before(first[key]) {
			first[key] = m.Made
		}
	}
	for i := range drills {
		x := &drills[i]
		n, ok := at[setKey(x.Set, x.Label)]
		if !ok || x.Ended.IsZero() && now.Sub(x.Begun) < drillLong { // one that is at work has not said anything yet
			continue
		}
		d := &out[n]
		if d.Last == nil {
			d.Last = x
		}
		if x.Good() && d.Good.IsZero() {
			d.Good, d.Proof = x.Ended, x.Keys
		}
	}
	for i := range out {
		out[i].settle(first[setKey(out[i].Set, out[i].Media[0])], days, now)
	}
	slices.SortStableFunc(out, func(a, b DrilledSet) int { return cmp.Compare(a.Name(), b.Name()) })
	return out
}

// drillLong is how long a drill may be at work before it counts as killed.
const drillLong = 7 * 24 * time.Hour

// drillLate is how long after it was due a drill that was not held is bad.
const drillLate = 30 * 24 * time.Hour

func setKey(set, label string) string {
	if set != "" {
		return "set " + set
	}
	return "medium " + label
}

func (d *DrilledSet) settle(first time.Time, days int, now time.Time) {
	d.State, d.Level = "good", "good"
	if days > 0 {
		since := first
		if !d.Good.IsZero() {
			since = d.Good
		}
		d.Due = since.AddDate(0, 0, days)
	}
	late := !d.Due.IsZero() && now.After(d.Due)
	switch {
	case d.Last != nil && !d.Last.Good():
		d.State, d.Level = "failed", "bad"
	case late:
		d.State, d.Level = "due", "look"
		if now.Sub(d.Due) > drillLate {
			d.Level = "bad"
		}
	case d.Good.IsZero():
		d.State = "never"
	}
}

// say puts a set into words.
func (d *DrilledSet) say(now time.Time, l lang.Lang) {
	day := func(t time.Time) string { return t.Local().Format("2006-01-02") }
	switch d.State {
	case "failed":
		key := "say.drilled-failed"
		if d.Last.Outcome != account.DrillFailed {
			key = "say.drilled-broken"
		}
		d.Text = l.Text(key, d.Name(), d.Last.Number, day(d.Last.Begun))
	case "due":
		d.Text = l.Text("say.drilled-due", d.Name(), day(d.Due), max(0, int(now.Sub(d.Due)/(24*time.Hour))))
	case "never":
		d.Text = l.Text("say.drilled-never", d.Name())
		if !d.Due.IsZero() {
			d.Text = l.Text("say.drilled-never-due", d.Name(), day(d.Due))
		}
	default:
		d.Text = l.Text("say.drilled-good", d.Name(), day(d.Good))
		if !d.Due.IsZero() {
			d.Text = l.Text("say.drilled-good-due", d.Name(), day(d.Good), day(d.Due))
		}
		if d.Proof == account.DrillKeeper {
			d.Text += " " + l.Text("say.drilled-without-papers")
		}
	}
}
