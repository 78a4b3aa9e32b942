package storehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/deadline"
)

// reminders tell people of deadlines of open cases that come near: on the day from which to warn, the day before the last, and the last; each once,
// also when the house was closed in between. What is late is told each day, until somebody says that it was done, or why they want to hear no more of it. What was told is on disk, sealed: that there is a case is nobody's business.
type reminders struct {
	open func() ([]*cases.Due, error)
	tell func(alert.Alert)
	page func(path string) string
	now  func() time.Time
	log  *slog.Logger
	id   string // of the house, so that two do not tell with one ID

	told memo // case, duty, last day and step
}

const (
	remindEach = 5 * time.Minute
	remindAt   = 9 * time.Hour // in Japan: nobody prepares a report at midnight
)

// run looks until ctx ends.
func (r *reminders) run(ctx context.Context) {
	every(ctx, remindEach, func(context.Context) { r.look() })
}

// look tells of what is near and was not told yet: one alert for each case. It is taken over by who sends it before it is noted as told; after
// a crash in between it comes again under the same ID, by which it is known.
func (r *reminders) look() {
	now := r.now()
	if today := deadline.DayOf(now); deadline.DayOf(now.Add(-remindAt)) != today {
		return
	}
	list, err := r.open()
	if err != nil {
		r.log.Error("deadlines cannot be counted: look at the cases", "err", err)
		return
	}
	r.told.load()
	open := make(map[string]bool)
	for _, d := range list {
		open[d.Case] = true
		var near []alert.Deadline
		var keys []string
		for i := range d.Deadlines {
			x := &d.Deadlines[i]
			s := step(x, d.Today)
			key := strings.Join([]string{d.Case, x.Rule.ID, x.Due.String(), string(s)}, " ")
			if s == alert.Late {
				key += " " + d.Today.String()
			}
			if s == "" || r.told.has(key) || !x.Done.IsZero() {
				continue
			}
			keys = append(keys, key)
			near = append(near, alert.Deadline{Duty: x.Rule.ID, JA: x.Rule.Title.JA, EN: x.Rule.Title.EN, Last: x.Due.String(), Step: s, Left: x.Count.Left, Late: x.Count.Late, Assumed: x.Assumed()})
		}
		if len(near) == 0 {
			continue
		}
		sum := sha256.Sum256([]byte(r.id + "\x00" + strings.Join(keys, "\x00")))
		r.tell(alert.Alert{ID: hex.EncodeToString(sum[:16]), Kind: alert.Near, When: now, Case: d.Case, Due: near, Link: r.page("/cases/" + d.Case + "/deadlines")})
		r.told.add(keys...)
	}
	r.told.forget(func(n string) bool { return !open[n] }) // on disk with the next one
}

// step is how near a deadline is today, or nothing.
func step(x *cases.DueBy, today deadline.Day) alert.Step {
	switch {
	case x.Due == 0, today > x.Due && x.Muted != nil:
		return ""
	case today > x.Due:
		return alert.Late
	case today == x.Due:
		return alert.Last
	case today == x.Due-1:
		return alert.Eve
	case today >= x.Warn:
		return alert.Warn
	}
	return ""
}
