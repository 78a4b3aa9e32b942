package collect

import (
	"maps"
	"slices"
	"time"
)

// Who can forge a sender's address can raise as many alarms as lines. More of one kind than these are a sum: of each of the others nobody could be told any
// more, and each is an entry of the ledger. Kinds do not share it, so that guesses hide no login.
const (
	alarmsAtOnce = 20              // of one kind at one device
	alarmsEach   = 5 * time.Minute // one more
	sumEach      = time.Hour       // how often the sum is told; the first within a minute
)

// allowance is how many alarms of one kind a device may still raise one by one.
type allowance struct {
	spent float64
	at    time.Time
}

// take reports whether there is one left.
func (a *allowance) take(now time.Time) bool {
	if passed := now.Sub(a.at); passed > 0 {
		a.spent = max(0, a.spent-float64(passed)/float64(alarmsEach))
	}
	if a.at = now; a.spent+1 > alarmsAtOnce {
		return false
	}
	a.spent++
	return true
}

// untold is alarms of a device that were not told one by one.
type untold struct {
	n     int
	since time.Time // the latest sum
}

// tell tells people, and the ledger that they were.
func (c *Collector) tell(list ...Alarm) {
	for _, a := range list {
		key := [2]string{a.Device, string(a.Kind)}
		left := c.alarms[key] // names of devices are those of the settings: there are few
		if left == nil {
			left = &allowance{at: a.When}
			c.alarms[key] = left
		}
		if !left.take(c.cfg.Now()) {
			u := c.untold[a.Device]
			u.n++
			c.untold[a.Device] = u
			continue
		}
		c.announce(a)
	}
}

// tellSums tells how many alarms were not told one by one; all: also those whose time has not come.
func (c *Collector) tellSums(now time.Time, all bool) {
	for _, device := range slices.Sorted(maps.Keys(c.untold)) {
		u := c.untold[device]
		switch {
		case u.n > 0 && (all || u.since.IsZero() || now.Sub(u.since) >= sumEach):
			c.announce(Alarm{Kind: Many, When: now, Device: device, Count: u.n})
			c.untold[device] = untold{since: now}
		case u.n == 0 && now.Sub(u.since) >= sumEach:
			delete(c.untold, device)
		}
	}
}

func (c *Collector) announce(a Alarm) {
	c.cfg.Tell(a)
	c.batch.notes = append(c.batch.notes, a.note())
	c.wake(soon)
}
