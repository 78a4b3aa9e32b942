package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// chart is what was recorded in a case's time, a lane of bars for each kind. The bars alone are a picture, which is stretched to
// the width that there is; names, numbers and times are text, and stay as large as text is.
type chart struct {
	First, Last time.Time // what the slider reaches over
	From, To    time.Time
	Lanes       []lane
	Ticks       []time.Time
	Rows        []row // of the slots in which something was recorded
}

// lane is one kind of event.
type lane struct {
	Name        string // key of a text
	All, Theirs int64
	Split       bool // the bars of the suspects stand before those of all
	Width       int
	Bars        []bar
}

// bar is the rectangle of a slot.
type bar struct {
	Class      string
	X, Y, W, H string
	Title      string
}

// row is a slot in figures.
type row struct {
	At     time.Time
	Counts []int64
}

// lanes are the kinds of events that a chart shows.
var lanes = []struct {
	name  string
	count func(account.Slot) int64
}{
	{"web.case-readings", func(s account.Slot) int64 { return s.Readings }},
	{"web.case-saves", func(s account.Slot) int64 { return s.Saves }},
	{"web.case-logins", func(s account.Slot) int64 { return s.Logins }},
	{"web.case-refused", func(s account.Slot) int64 { return s.Refused }},
	{"web.case-appliances", func(s account.Slot) int64 { return s.Appliances }},
	{"web.case-freezes", func(s account.Slot) int64 { return s.Freezes }},
}

// laneHeight is that of the picture of a lane, in its own units.
const laneHeight = 40

// chart asks what was recorded in the window that the page's address names, or in the case's own.
func (v *visit) chart(c api.Case) (*chart, error) {
	var q account.TimelineQuery
	for key, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		t, err := windowTime(v.r.URL.Query().Get(key))
		if err != nil {
			return nil, err
		}
		*at = t
	}
	all, err := v.api.Timeline(v.r.Context(), c.ID, q)
	if err != nil {
		return nil, err
	}
	out := &chart{From: all.From.Local(), To: all.To.Local(), First: all.First, Last: all.Last}
	if out.First.After(all.From) {
		out.First = all.From
	}
	if out.Last.Before(all.To) {
		out.Last = all.To
	}
	slot := func(i int) time.Time {
		return all.From.Add(time.Duration(float64(i) * all.Slot * float64(time.Second)))
	}
	for _, k := range lanes {
		l := lane{Name: k.name, Split: len(c.Suspects) > 0 && k.name != "web.case-freezes" && k.name != "web.case-appliances", All: k.count(all.All), Theirs: k.count(all.SuspectAll), Width: len(all.Slots)}
		most := int64(1)
		for _, s := range all.Slots {
			most = max(most, k.count(s))
		}
		for i, s := range all.Slots {
			n, of := k.count(s), k.count(all.Suspects[i])
			when := slot(i).Local().Format("01-02 15:04 -0700")
			if l.add("all", i, n, most, fmt.Sprint(when, ": ", n)); l.Split {
				l.add("theirs", i, of, most, fmt.Sprint(when, ": ", n, " (", of, ")"))
			}
		}
		out.Lanes = append(out.Lanes, l)
	}
	for i, s := range all.Slots {
		if s != (account.Slot{}) {
			r := row{At: slot(i)}
			for _, k := range lanes {
				r.Counts = append(r.Counts, k.count(s))
			}
			out.Rows = append(out.Rows, r)
		}
	}
	for i := range 4 {
		out.Ticks = append(out.Ticks, all.From.Add(all.To.Sub(all.From)*time.Duration(i)/3))
	}
	return out, nil
}

// add draws a slot. What is more than nothing can be seen.
func (l *lane) add(class string, i int, n, most int64, title string) {
	if n == 0 {
		return
	}
	h := max(float64(n)/float64(most)*(laneHeight-2), 3)
	number := func(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }
	l.Bars = append(l.Bars, bar{class, number(float64(i) + .1), number(laneHeight - h), ".8", number(h), title})
}

// windowTime reads a time of the window: as forms have it, in the house's zone, or as the slider has it.
func windowTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := formTime(text)
	if err != nil {
		return t, &problem.Error{Kind: problem.Invalid, Op: "read ledger", On: text, Hint: "hint.case-window"}
	}
	return t, nil
}
