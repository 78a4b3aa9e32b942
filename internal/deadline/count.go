package deadline

// State is where a deadline stands on a day.
type State string

// The states.
const (
	Ahead   State = "ahead"    // the day is before the one of knowing
	Running State = "running"  // there is time
	Warning State = "warning"  // the day from which to warn has come
	LastDay State = "last-day" // it is due on this day
	Late    State = "late"
	Undated State = "undated" // no number of days is set: without delay
)

// Count is how a deadline stands on a day: “day 4 of 60”, “2 days left”, “late by 1 day”.
type Count struct {
	State State `json:"state"`
	Day   int   `json:"day"`            // the number of this day, as the rule counts
	Of    int   `json:"of,omitempty"`   // the number of the last day, without what it was moved by
	Left  int   `json:"left,omitempty"` // days after this one on which it can still be done
	Late  int   `json:"late,omitempty"` // days since the last one
}

// On counts the days on a day.
func (d *Deadline) On(today Day) Count {
	c := Count{State: Running, Day: int(today-d.Start) + d.Rule.First, Of: d.Rule.Last}
	if d.Due != 0 {
		c.Left, c.Late = int(max(0, d.Due-today)), int(max(0, today-d.Due))
	}
	switch {
	case today < d.Start:
		c.State = Ahead
	case d.Due == 0:
		c.State = Undated
	case c.Late > 0:
		c.State = Late
	case c.Left == 0:
		c.State = LastDay
	case today >= d.Warn:
		c.State = Warning
	}
	return c
}
