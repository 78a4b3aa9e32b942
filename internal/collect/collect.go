// Package collect takes the lines of appliances from the door, understands them, looks out for what people must hear of, and has the keeper store
// them in batches. What is waiting has a bound: then a stream waits, and a datagram is lost and counted.
package collect

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/appliance"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/syslog"
)

// Bounds.
const (
	mostWaiting = 16 << 20         // bytes that wait to be looked at
	mostLines   = 5000             // of a batch
	mostBytes   = 1 << 20          // likewise
	soon        = time.Second      // after a line that tells of somebody a batch is written
	later       = 5 * time.Second  // after any
	patience    = 30 * time.Second // at most, between two tries to store
	unstored    = 5 * time.Minute  // after so long people are told
	goodbye     = 5 * time.Second  // for what waits at the end
	countEach   = 10 * time.Minute // what was counted goes into the ledger
	mostRefused = 64               // addresses that may not send and are counted one by one
	perSecond   = 5000             // datagrams of one source
)

// ErrRefused means that nobody has said that an address may send.
var ErrRefused = errors.New("an address that is no source")

// Config is what a Collector needs.
type Config struct {
	Keep     func(ctx context.Context, lines []logbook.Line, notes ...keeper.LogNote) error
	Settings func() account.Collecting
	Tell     func(Alarm)
	Country  func(netip.Addr) string // empty: unknown; nil: there is no file
	Zone     func() *time.Location   // the house's
	Now      func() time.Time
	Log      *slog.Logger

	FS   durable.FS // where what was learnt is kept
	File string
	Key  seal.Key
}

// item is a line on its way.
type item struct {
	from     netip.Addr
	source   *source
	received time.Time
	raw      []byte
	cut      bool
}

// source is a source of the settings, ready for use.
type source struct {
	account.LogSource
	network netip.Prefix
	zone    *time.Location
}

// Collector collects. Safe for concurrent use.
type Collector struct {
	cfg   Config
	watch *watch

	mu      sync.Mutex
	queue   []item        // guarded by mu
	bytes   int           // guarded by mu: of queue
	room    chan struct{} // guarded by mu: closed when there is room again
	some    chan struct{} // has something in it when queue has
	counts  counts        // guarded by mu
	trouble string        // guarded by mu

	set     sync.Mutex
	last    account.Collecting // guarded by set: of which sources was made
	sources []*source          // guarded by set
	ended   time.Time          // guarded by set: since when there is no VPN; zero: there is one

	batch   batch                            // of Run alone
	today   day                              // likewise
	befores map[netip.Addr]*appliance.Memory // likewise: of each address
	alarms  map[[2]string]*allowance         // likewise: of each device and kind
	untold  map[string]untold                // likewise: of each device
}

// batch is the lines that are written next.
type batch struct {
	lines []logbook.Line
	notes []keeper.LogNote
	bytes int
	due   time.Time // zero: there are none
	owed  bool      // the ledger is to be told of lines that are stored

	counted time.Time
}

// New makes a collector, which knows what was learnt before.
func New(cfg Config) *Collector {
	c := &Collector{cfg: cfg, room: make(chan struct{}), some: make(chan struct{}, 1), counts: newCounts(), alarms: make(map[[2]string]*allowance), untold: make(map[string]untold)}
	c.watch = newWatch(cfg)
	c.batch.counted = cfg.Now()
	return c
}

// resolve returns the source that an address is, or nil.
func (c *Collector) resolve(from netip.Addr) *source {
	c.set.Lock()
	defer c.set.Unlock()
	c.refresh()
	var best *source
	for _, s := range c.sources { // the narrowest
		if s.network.Contains(from) && (best == nil || s.network.Bits() > best.network.Bits()) {
			best = s
		}
	}
	return best
}

// refresh makes the sources of the settings, if these are others than before; set is held.
func (c *Collector) refresh() {
	now := c.cfg.Settings()
	if c.sources != nil && slices.Equal(now.Sources, c.last.Sources) && now.VPNEnded == c.last.VPNEnded {
		c.last = now
		return
	}
	c.last, c.sources, c.ended = now, []*source{}, time.Time{}
	for _, x := range now.Sources {
		s := &source{LogSource: x, zone: c.cfg.Zone()}
		if a, err := netip.ParseAddr(x.Address); err == nil {
			s.network = netip.PrefixFrom(a, a.BitLen())
		} else if s.network, err = netip.ParsePrefix(x.Address); err != nil {
			continue // the keeper lets none through
		}
		if z, err := time.LoadLocation(x.Zone); err == nil && x.Zone != "" {
			s.zone = z
		}
		c.sources = append(c.sources, s)
	}
	if t, err := time.ParseInLocation(time.DateOnly, now.VPNEnded, c.cfg.Zone()); err == nil {
		c.ended = t
	}
}

// Allowed reports whether an address may send. One that may not is counted.
func (c *Collector) Allowed(from netip.Addr) bool {
	if c.resolve(from) != nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.refuse(from, c.cfg.Now())
	return false
}

// Take takes a line of a stream. It waits for room, so that the sender waits.
func (c *Collector) Take(ctx context.Context, from netip.Addr, raw []byte, cut bool) error {
	s := c.resolve(from)
	if s == nil {
		c.Allowed(from)
		return ErrRefused
	}
	for {
		c.mu.Lock()
		room, ok := c.room, c.put(from, s, raw, cut)
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Offer takes a datagram, if there is room for it.
func (c *Collector) Offer(from netip.Addr, raw []byte, cut bool) {
	s := c.resolve(from)
	if s == nil {
		c.Allowed(from)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.counts.seen(s.Name).room(c.cfg.Now()):
		c.counts.limited++
		c.counts.seen(s.Name).counted["limited"]++
	case !c.put(from, s, raw, cut):
		c.counts.full++
		c.counts.seen(s.Name).counted["full"]++
	}
}

// Dropped counts datagrams that the machine has dropped before anybody could read them.
func (c *Collector) Dropped(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.kernel += n
	c.counts.unsaidKernel += n
}

// put puts a line into the queue; mu is held.
func (c *Collector) put(from netip.Addr, s *source, raw []byte, cut bool) bool {
	const around = 128 // what an item takes besides
	if c.bytes > 0 && c.bytes+len(raw)+around > mostWaiting {
		return false
	}
	c.bytes += len(raw) + around
	c.queue = append(c.queue, item{from, s, c.cfg.Now(), slices.Clone(raw), cut})
	select {
	case c.some <- struct{}{}:
	default:
	}
	return true
}

// drain takes what waits.
func (c *Collector) drain() []item {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.queue
	c.queue, c.bytes = nil, 0
	close(c.room)
	c.room = make(chan struct{})
	return out
}

// Run collects until ctx ends; then it stores what waits.
func (c *Collector) Run(ctx context.Context) {
	minute := c.cfg.Now()
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	for {
		wait := time.Minute
		if due := c.batch.due; !due.IsZero() {
			wait = min(max(due.Sub(c.cfg.Now()), 0), wait)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			c.end()
			return
		case <-timer.C:
		case <-c.some:
		}
		now := c.cfg.Now()
		if now.Sub(minute).Abs() >= time.Minute {
			minute = now
			c.eachMinute(now)
		}
		for _, x := range c.drain() {
			c.read(x)
			if len(c.batch.lines) >= mostLines || c.batch.bytes >= mostBytes {
				c.store(ctx)
			}
		}
		if !c.batch.due.IsZero() && !c.cfg.Now().Before(c.batch.due) {
			c.store(ctx)
		}
	}
}

// eachMinute looks who is silent, and writes down what was learnt and counted.
func (c *Collector) eachMinute(now time.Time) {
	c.set.Lock()
	c.refresh()
	sources := c.sources
	c.set.Unlock()
	for _, s := range sources {
		c.tell(c.watch.silence(s, now)...)
	}
	c.tellSums(now, false)
	c.watch.save()
	if now.Sub(c.batch.counted).Abs() >= countEach {
		c.count(now)
	}
}

// count has the ledger told of what was not stored.
func (c *Collector) count(now time.Time) {
	c.batch.counted = now
	c.mu.Lock()
	notes := c.counts.unsaid()
	c.mu.Unlock()
	if len(notes) > 0 {
		c.batch.notes = append(c.batch.notes, notes...)
		c.wake(0)
	}
}

// wake sees to it that the batch is stored within a time.
func (c *Collector) wake(in time.Duration) {
	if at := c.cfg.Now().Add(in); c.batch.due.IsZero() || at.Before(c.batch.due) {
		c.batch.due = at
	}
}

// read looks at a line, and puts it into the batch unless it is only counted.
func (c *Collector) read(x item) {
	m := syslog.Parse(x.raw, x.received, x.source.zone)
	e := appliance.Read(&m, x.source.Maker, x.source.zone, c.before(x.from))
	c.set.Lock()
	ended, settings := c.ended, c.last
	c.set.Unlock()
	c.tell(c.watch.see(x.source, x.received, &e, ended)...)
	always := e.Kind.Security()
	why := ""
	switch {
	case slices.Contains(settings.Count, string(e.Kind)):
		why = string(e.Kind)
	case !c.fitsToday(x.source.Name, x.received, len(x.raw), always):
		why = "beyond"
	}
	c.mu.Lock()
	seen := c.counts.seen(x.source.Name)
	seen.lines++
	seen.last = x.received
	if e.Maker != "" {
		seen.maker = e.Maker
	}
	seen.kinds[string(e.Kind)]++
	if x.cut {
		c.counts.cut++
		seen.counted["cut"]++
	}
	if why == "beyond" {
		c.counts.beyond++
	}
	if why != "" {
		seen.counted[why]++
	}
	if always && e.Kind == appliance.VPNLogin && !ended.IsZero() && !x.received.Before(ended) {
		c.counts.vpnUsed++
	}
	c.mu.Unlock()
	if why != "" {
		return
	}
	c.batch.lines = append(c.batch.lines, logbook.Line{Received: x.received, Stated: stated(e.Stated), Source: x.from, Device: x.source.Name, Maker: e.Maker, Kind: string(e.Kind), Account: e.Account, Address: e.Address, Raw: x.raw})
	c.batch.bytes += len(x.raw) + overhead
	if always {
		c.wake(soon)
	} else {
		c.wake(later)
	}
}

// mostBefores bounds how many appliances are remembered one by one.
const mostBefores = 1024

// before is what the lines of an appliance have said before.
func (c *Collector) before(from netip.Addr) *appliance.Memory {
	if m := c.befores[from]; m != nil {
		return m
	}
	if c.befores == nil || len(c.befores) >= mostBefores {
		c.befores = make(map[netip.Addr]*appliance.Memory)
	}
	m := &appliance.Memory{}
	c.befores[from] = m
	return m
}

// stated leaves times out that no calendar has: an appliance whose clock was never set may say anything.
func stated(t time.Time) time.Time {
	if y := t.Year(); y < 1970 || y > 9999 {
		return time.Time{}
	}
	return t
}

// store has the batch stored, and tries until it is or ctx ends. Meanwhile what comes waits, and a sender of a stream with it.
func (c *Collector) store(ctx context.Context) {
	lines, notes := c.batch.lines, c.batch.notes
	c.batch.lines, c.batch.notes, c.batch.bytes, c.batch.due = nil, nil, 0, time.Time{}
	waited := time.Duration(0)
	for wait := time.Second; ; wait = min(2*wait, patience) {
		err := c.cfg.Keep(ctx, lines, notes...)
		if err == nil {
			c.batch.owed = false
			c.say("")
			return
		}
		if errors.Is(err, keeper.ErrUnrecorded) {
			lines, notes, c.batch.owed = nil, nil, true
		}
		c.say(err.Error())
		c.cfg.Log.ErrorContext(ctx, "lines of appliances cannot be stored; what comes waits, and of datagrams what finds no room is lost", "lines", len(lines), "err", err)
		if waited < unstored && waited+wait >= unstored {
			c.announce(Alarm{Kind: Unstored, When: c.cfg.Now()}) // its note waits with all the others
		}
		waited += wait
		select {
		case <-ctx.Done():
			c.batch.lines, c.batch.notes = lines, append(notes, c.batch.notes...)
			return
		case <-time.After(wait):
		}
	}
}

func (c *Collector) say(trouble string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble = trouble
}

// end stores what is left.
func (c *Collector) end() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	for _, x := range c.drain() {
		c.read(x)
		if len(c.batch.lines) >= mostLines || c.batch.bytes >= mostBytes {
			c.store(ctx)
		}
	}
	c.tellSums(c.cfg.Now(), true)
	c.count(c.cfg.Now())
	if len(c.batch.lines)+len(c.batch.notes) > 0 || c.batch.owed {
		c.store(ctx)
	}
	c.watch.save()
}

// same is the form in which names are compared.
func same(name string) string { return strings.ToLower(norm.NFKC.String(name)) }
