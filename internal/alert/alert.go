// Package alert tells people outside of the house what the guard has done: what happened, who and where it was, what was done, and what to do
// now. By mail and by webhook; names of files are not in it, they are personal data.
package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// Alert is something that people must hear of.
type Alert struct {
	Kind    Kind      `json:"kind"`
	When    time.Time `json:"when"`
	Who     string    `json:"who"`
	Device  string    `json:"device,omitempty"`
	Address string    `json:"address,omitempty"`
	Door    string    `json:"door,omitempty"`
	Share   string    `json:"share,omitempty"`
	Sign    string    `json:"sign"`             // what the guard saw, docs/guard.md
	Frozen  []string  `json:"frozen,omitempty"` // kinds of what was frozen
	Count   int       `json:"count"`            // so many of the kind, by the same party
	Link    string    `json:"link,omitempty"`   // where to look
	House   string    `json:"house"`
}

// Kind says what happened.
type Kind string

// The kinds.
const (
	Held   Kind = "held"
	Frozen Kind = "frozen"
	Test   Kind = "test"
)

// Way brings an alert to people.
type Way interface {
	// Send returns when the alert has been taken over by whoever delivers it.
	Send(ctx context.Context, a Alert) error
	Name() string
}

// Times of a Desk.
const (
	gather   = 2 * time.Second  // what comes within it from one party is one alert
	pause    = time.Minute      // between two alerts about what one party has held
	patience = 30 * time.Second // for one try
	tries    = 8                // in a little over an hour: 15 s, 30 s, 1 min, …
	waiting  = 256              // parties that wait; of more nobody is told one by one
)

// Desk takes alerts and sends them on. It never keeps its callers waiting. What could not be sent by its end is in the log alone.
type Desk struct {
	ways  []Way
	house string
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	pending map[string]*Alert    // guarded by mu, by kind and party
	told    map[string]time.Time // guarded by mu: when a party's holds were last told of
	wake    chan struct{}
	stop    context.CancelFunc
	all     sync.WaitGroup
}

// NewDesk opens a desk. Without ways it does nothing.
func NewDesk(house string, now func() time.Time, log *slog.Logger, ways ...Way) *Desk {
	ctx, stop := context.WithCancel(context.Background())
	d := &Desk{ways: ways, house: house, now: now, log: log, pending: make(map[string]*Alert), told: make(map[string]time.Time), wake: make(chan struct{}, 1), stop: stop}
	if len(ways) > 0 {
		d.all.Go(func() { d.run(ctx) })
	}
	return d
}

// Tell takes an alert.
func (d *Desk) Tell(a Alert) {
	if len(d.ways) == 0 {
		return
	}
	a.Count, a.House = max(1, a.Count), d.house
	key := string(a.Kind) + "\x00" + a.Who + "\x00" + a.Device
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.pending[key]
	switch {
	case old != nil:
		old.Count += a.Count
		old.Frozen = append(old.Frozen, a.Frozen...)
		return
	case len(d.pending) >= waiting:
		d.log.Warn("too many alerts wait; this one is in the log alone", "kind", a.Kind, "who", a.Who, "sign", a.Sign)
		return
	}
	d.pending[key] = &a
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Test sends an alert that says that it is one, over all ways, and tells how it went.
func (d *Desk) Test(ctx context.Context, who, link string) error {
	if len(d.ways) == 0 {
		return errors.New("there is no way to send alerts")
	}
	var errs []error
	for _, w := range d.ways {
		ctx, cancel := context.WithTimeout(ctx, patience)
		if err := w.Send(ctx, Alert{Kind: Test, When: d.now(), Who: who, Count: 1, Link: link, House: d.house}); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", w.Name(), err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Close sends what waits, once, and ends.
func (d *Desk) Close() {
	d.stop()
	d.all.Wait()
}

func (d *Desk) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			d.flush(context.WithoutCancel(ctx), true)
			return
		case <-d.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(gather):
		}
		d.flush(ctx, false)
	}
}

// flush sends what waits: freezes at once, holds of one party not more often than once in a pause.
func (d *Desk) flush(ctx context.Context, last bool) {
	d.mu.Lock()
	var now []Alert
	later := time.Duration(0)
	for key, a := range d.pending {
		if left := pause - d.now().Sub(d.told[key]); a.Kind == Held && !last && left > 0 {
			later = cmp.Or(min(later, left), left)
			continue
		}
		now = append(now, *a)
		delete(d.pending, key)
		d.told[key] = d.now()
	}
	for key, at := range d.told {
		if d.now().Sub(at) > 2*pause {
			delete(d.told, key)
		}
	}
	d.mu.Unlock()
	if later > 0 {
		time.AfterFunc(later, func() {
			select {
			case d.wake <- struct{}{}:
			default:
			}
		})
	}
	for _, a := range now {
		for _, w := range d.ways {
			if last {
				d.try(ctx, w, a)
				continue
			}
			d.all.Go(func() { d.send(ctx, w, a) })
		}
	}
}

// try sends once.
func (d *Desk) try(ctx context.Context, w Way, a Alert) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := w.Send(ctx, a)
	if err != nil {
		d.log.Warn("an alert could not be sent", "way", w.Name(), "kind", a.Kind, "who", a.Who, "err", err)
	}
	return err == nil
}

// send tries until the alert is taken, or for a little over an hour.
func (d *Desk) send(ctx context.Context, w Way, a Alert) {
	wait := 15 * time.Second
	for range tries {
		if d.try(context.WithoutCancel(ctx), w, a) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait *= 2
	}
	d.log.Error("an alert was given up", "way", w.Name(), "kind", a.Kind, "who", a.Who, "sign", a.Sign)
}

// Subject is one line, in both languages.
func (a *Alert) Subject() string {
	return clean("[" + a.House + "] " + lang.Japanese.Text("alert."+string(a.Kind)) + " / " + lang.English.Text("alert."+string(a.Kind)))
}

// Text tells an alert in both languages.
func (a *Alert) Text() string {
	var b strings.Builder
	for i, l := range []lang.Lang{lang.Japanese, lang.English} {
		if i > 0 {
			b.WriteString("\n----\n\n")
		}
		line := func(key, value string) {
			if value != "" {
				b.WriteString(l.Text(key) + ": " + clean(value) + "\n")
			}
		}
		b.WriteString(l.Text("alert."+string(a.Kind)) + "\n\n")
		line("say.alert-when", a.When.Local().Format("2006-01-02 15:04:05 -0700"))
		line("say.alert-who", strings.Trim(a.Who+" / "+a.Device, " /"))
		line("say.alert-where", strings.Trim(strings.Join([]string{a.Share, a.Door, a.Address}, " "), " "))
		if lang.Has("sign." + a.Sign) {
			line("say.alert-sign", l.Text("sign."+a.Sign))
		}
		b.WriteString("\n" + l.Text("alerted."+string(a.Kind), a.Count) + "\n" + l.Text("todo."+string(a.Kind)) + "\n")
		if a.Link != "" {
			b.WriteString(a.Link + "\n")
		}
	}
	return b.String()
}

// clean makes one line of what others have chosen.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
