package alert

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/seal"
)

// Times and bounds of a Desk.
const (
	gather   = 2 * time.Second  // what comes within it from one party is one alert
	pause    = time.Minute      // between two alerts about what one party has held
	patience = 30 * time.Second // for one try
	first    = 15 * time.Second // from one try to the next; it doubles, up to
	longest  = 15 * time.Minute
	goodbye  = 5 * time.Second // for what waits when the house closes; what is left comes after the next start
	waiting  = 256             // alerts that wait; of more nobody is told one by one
	longText = 256             // letters of what others have chosen, such as the name of a device

	// GiveUp is how long is tried. It is longer than a weekend with a Monday off.
	GiveUp = 96 * time.Hour
	again  = time.Hour // and at least so long after a start
)

// Config is what a Desk needs.
type Config struct {
	House string
	Ways  []Way // without any it does nothing
	Now   func() time.Time
	Log   *slog.Logger
	Lost  func(a Alert, way string) // hears of what was given up; nil: the log alone

	FS   durable.FS // where what waits is kept; nil: it is not
	File string
	Key  seal.Key // alerts name people: on disk they are sealed
}

// letter is an alert on its way. Once a first try was made its alert stays as it is, so that one ID means one text.
type letter struct {
	Alert Alert     `json:"alert"`
	Left  []string  `json:"left"`  // the ways that have not taken it
	Since time.Time `json:"since"` // when it was told

	until  time.Time // when it is given up
	key    string    // kind and party; what comes of the same is put into it until it is closed
	ready  time.Time // it is not sent before
	closed bool
	next   map[string]time.Time     // of a way: when it is tried again
	wait   map[string]time.Duration // and how long was waited last
}

// Desk takes alerts and sends them on, each at least once over each way: what waits is on disk, and outlives a restart. A freeze or a deadline is there
// when Tell returns; of what is only held the last moment before a kill may be missing.
type Desk struct {
	cfg Config

	mu      sync.Mutex
	letters []*letter            // guarded by mu, in the order in which they were told
	told    map[string]time.Time // guarded by mu: when a party's holds were last told of
	changes int64                // guarded by mu: counts what would have to be written
	written int64                // guarded by mu: how far that is on disk

	disk sync.Mutex // held while the file is written; taken before mu
	wake map[string]chan struct{}
	save chan struct{}
	stop context.CancelFunc
	all  sync.WaitGroup
}

// NewDesk opens a desk, and goes on with what waited when it was closed.
func NewDesk(cfg Config) *Desk {
	ctx, stop := context.WithCancel(context.Background())
	d := &Desk{cfg: cfg, told: make(map[string]time.Time), wake: make(map[string]chan struct{}), save: make(chan struct{}, 1), stop: stop}
	if len(cfg.Ways) == 0 {
		return d
	}
	d.load()
	for _, w := range cfg.Ways {
		d.wake[w.Name()] = make(chan struct{}, 1)
	}
	for _, w := range cfg.Ways {
		d.all.Go(func() { d.run(ctx, w) })
	}
	d.all.Go(func() { d.write(ctx) })
	return d
}

// write brings changes to disk until the desk is closed; what a disk did not take before, too.
func (d *Desk) write(ctx context.Context) {
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-d.save:
		}
		d.keep()
	}
}

// Tell takes an alert. It waits for no mail server; of a freeze or a deadline it returns when it is on disk. One that has an ID and waits already is not
// taken twice.
func (d *Desk) Tell(a Alert) {
	if len(d.cfg.Ways) == 0 {
		return
	}
	a.Count, a.House = max(1, a.Count), d.cfg.House
	for _, s := range []*string{&a.Who, &a.Device, &a.Share, &a.By, &a.Reason} {
		*s = clip(*s)
	}
	if !d.add(a) {
		return
	}
	for _, c := range d.wake {
		poke(c)
	}
	if a.Kind == Frozen || a.Kind == Near || a.Kind == Refused || a.chore() { // who tells of it notes that it was told
		d.keep()
	} else {
		poke(d.save)
	}
}

// add puts an alert to those that wait, or into one of the same party that nobody has been sent yet.
func (d *Desk) add(a Alert) bool {
	key := string(a.Kind) + "\x00" + a.Who + "\x00" + a.Device
	if a.Kind != Held && a.Kind != Frozen { // of which each is something else
		key += "\x00" + a.Sign + "\x00" + a.Address
	}
	if a.Kind == Near || a.chore() {
		key += "\x00" + a.ID
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.ID != "" && slices.ContainsFunc(d.letters, func(l *letter) bool { return l.Alert.ID == a.ID }) {
		return false // it waits already
	}
	if i := slices.IndexFunc(d.letters, func(l *letter) bool { return l.key == key && !l.closed }); i >= 0 {
		old := &d.letters[i].Alert
		old.Count += a.Count
		for _, k := range a.Frozen {
			if !slices.Contains(old.Frozen, k) {
				old.Frozen = append(old.Frozen, k)
			}
		}
		d.changes++
		return true
	}
	if len(d.letters) >= waiting && !d.makeRoom(a) {
		return false
	}
	now := d.cfg.Now()
	if a.ID == "" {
		a.ID = newID()
	}
	l := &letter{Alert: a, Since: now, until: now.Add(GiveUp), key: key, ready: now.Add(gather)}
	if next := d.told[key].Add(pause); a.Kind == Held && l.ready.Before(next) {
		l.ready = next
	}
	for _, w := range d.cfg.Ways {
		l.Left = append(l.Left, w.Name())
	}
	d.letters = append(d.letters, l)
	d.changes++
	return true
}

// makeRoom drops the oldest alert that tells of no freeze in favour of one that does; d.mu is held.
func (d *Desk) makeRoom(a Alert) bool {
	i := slices.IndexFunc(d.letters, func(l *letter) bool { return l.Alert.Kind != Frozen })
	if a.Kind != Frozen || i < 0 {
		d.cfg.Log.Warn("too many alerts wait; this one is in the log alone", "kind", a.Kind, "who", a.Who, "sign", a.Sign)
		return false
	}
	old := &d.letters[i].Alert
	d.cfg.Log.Warn("too many alerts wait; another one makes room for a freeze", "who", old.Who, "sign", old.Sign)
	d.letters = slices.Delete(d.letters, i, i+1)
	return true
}

// newID returns an identifier that no other alert has.
func newID() string { return strings.ToLower(rand.Text()) }

// clip cuts what others have chosen.
func clip(s string) string {
	if r := []rune(s); len(r) > longText {
		return string(r[:longText])
	}
	return s
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Test sends an alert that says that it is one, over all ways, and tells how it went: an error is a lang.Said.
func (d *Desk) Test(ctx context.Context, who, link string) error {
	if len(d.cfg.Ways) == 0 {
		return errors.New("there is no way to send alerts")
	}
	var bad failures
	a := Alert{ID: newID(), Kind: Test, When: d.cfg.Now(), Who: who, Count: 1, Link: link, House: d.cfg.House}
	for _, w := range d.cfg.Ways {
		ctx, cancel := context.WithTimeout(ctx, patience)
		if err := w.Send(ctx, a); err != nil {
			bad = append(bad, failed(w.Name(), err))
		}
		cancel()
	}
	if bad == nil {
		return nil
	}
	return bad
}

// Close tries once more what waits, for a moment, and ends. What is left comes after the next start.
func (d *Desk) Close() {
	d.stop()
	d.all.Wait()
	d.keep()
}
