package collect

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
)

// counts is what came and what was not stored. The collector's mu guards it.
type counts struct {
	sources map[string]*seen
	refused map[netip.Addr]*refused
	others  int64 // refused, of more addresses than are counted one by one

	cut, full, kernel, limited, beyond, vpnUsed int64
	unsaidKernel, unsaidRefused                 int64
}

// seen is what came from a source.
type seen struct {
	lines   int64
	last    time.Time
	maker   string
	kinds   map[string]int64
	counted map[string]int64 // why not stored; since the start
	said    map[string]int64 // of it, what the ledger knows
	spent   float64          // of what may come in a second
	at      time.Time
}

type refused struct {
	lines int64
	last  time.Time
}

func newCounts() counts {
	return counts{sources: make(map[string]*seen), refused: make(map[netip.Addr]*refused)}
}

func (c *counts) seen(name string) *seen {
	s := c.sources[name]
	if s == nil {
		s = &seen{kinds: make(map[string]int64), counted: make(map[string]int64), said: make(map[string]int64)}
		c.sources[name] = s
	}
	return s
}

// room reports whether a source may send one more datagram at this moment.
func (s *seen) room(now time.Time) bool {
	if passed := now.Sub(s.at); passed > 0 {
		s.spent = max(0, s.spent-passed.Seconds()*perSecond)
	}
	s.at = now
	if s.spent+1 > 2*perSecond {
		return false
	}
	s.spent++
	return true
}

func (c *counts) refuse(from netip.Addr, now time.Time) {
	c.unsaidRefused++
	r := c.refused[from]
	if r == nil {
		if len(c.refused) >= mostRefused {
			c.others++
			return
		}
		r = &refused{}
		c.refused[from] = r
	}
	r.lines++
	r.last = now
}

// unsaid returns what the ledger does not know yet, and takes it as told.
func (c *counts) unsaid() (out []keeper.LogNote) {
	for _, name := range slices.Sorted(maps.Keys(c.sources)) {
		s := c.sources[name]
		var parts []string
		sum := int64(0)
		for _, why := range slices.Sorted(maps.Keys(s.counted)) {
			if n := s.counted[why] - s.said[why]; n > 0 {
				parts = append(parts, fmt.Sprint(why, " ", n))
				sum += n
				s.said[why] = s.counted[why]
			}
		}
		if len(parts) > 0 {
			out = append(out, keeper.LogNote{Kind: event.LogsCounted, Device: name, Note: strings.Join(parts, ", "), Size: sum})
		}
	}
	var parts []string
	for _, x := range []struct {
		why string
		n   *int64
	}{{"kernel", &c.unsaidKernel}, {"refused", &c.unsaidRefused}} {
		if *x.n > 0 {
			parts = append(parts, fmt.Sprint(x.why, " ", *x.n))
			*x.n = 0
		}
	}
	if len(parts) > 0 {
		out = append(out, keeper.LogNote{Kind: event.LogsCounted, Note: strings.Join(parts, ", ")})
	}
	return out
}

// State tells how it goes since the start.
func (c *Collector) State() account.LogState {
	settings := c.cfg.Settings()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := account.LogState{On: true, Waiting: len(c.queue), Cut: c.counts.cut, Full: c.counts.full, Kernel: c.counts.kernel, Limited: c.counts.limited, Beyond: c.counts.beyond, VPNUsed: c.counts.vpnUsed,
		Trouble: c.trouble, Country: c.cfg.Country != nil, Settings: settings, Sources: []account.LogSourceSeen{}}
	for _, x := range settings.Sources {
		line := account.LogSourceSeen{Name: x.Name, Maker: x.Maker, Counted: make(map[string]int64), Silent: c.watch.isSilent(x.Name), Last: c.watch.heard(x.Name)}
		if s := c.counts.sources[x.Name]; s != nil {
			line.Lines, line.Counted = s.lines, maps.Clone(s.kinds)
			if line.Maker == "" {
				line.Maker = s.maker
			}
			if s.last.After(line.Last) {
				line.Last = s.last
			}
		}
		out.Sources = append(out.Sources, line)
	}
	for _, a := range slices.SortedFunc(maps.Keys(c.counts.refused), netip.Addr.Compare) {
		r := c.counts.refused[a]
		out.Refused = append(out.Refused, account.LogRefused{Address: a, Lines: r.lines, Last: r.last})
	}
	return out
}
