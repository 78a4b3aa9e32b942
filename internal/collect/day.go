package collect

import "time"

// day is what was kept on a day of the house. Logins and changes have as much room again as all the rest.
type day struct {
	date         string
	kept, always quota
	told         map[string]bool // devices of which people were told that they have sent too much
}

// quota is bytes. Half of what a day may keep is for whoever comes first, the other half in equal shares for each source: so a flood from one address takes
// nothing from the others' share.
type quota struct {
	common int64
	own    map[string]int64 // of each device
}

// take reports whether there is room for some bytes of a device, of sources so many.
func (q *quota) take(device string, size, limit int64, sources int) bool {
	switch {
	case q.own[device]+size <= limit/2/int64(max(sources, 1)):
		q.own[device] += size
	case q.common+size <= limit/2:
		q.common += size
	default:
		return false
	}
	return true
}

// overhead is what a line takes besides its bytes, roughly.
const overhead = 64

// fitsToday reports whether a line of a device may still be kept today.
func (c *Collector) fitsToday(device string, at time.Time, size int, always bool) bool {
	if date := at.In(c.cfg.Zone()).Format(time.DateOnly); date != c.today.date {
		c.today = day{date: date, kept: quota{own: make(map[string]int64)}, always: quota{own: make(map[string]int64)}, told: make(map[string]bool)}
	}
	c.set.Lock()
	limit, sources := int64(c.last.DailyMiB)<<20, len(c.sources)
	c.set.Unlock()
	q := &c.today.kept
	if always {
		q = &c.today.always
	}
	if q.take(device, int64(size)+overhead, limit, sources) {
		return true
	}
	if !c.today.told[device] {
		c.today.told[device] = true
		c.tell(Alarm{Kind: Beyond, When: at, Device: device})
	}
	return false
}
