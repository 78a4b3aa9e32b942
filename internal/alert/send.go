package alert

import (
	"context"
	"slices"
	"time"
)

// Of how often a clock that was set is looked at, and when a way counts as closed for a while.
const (
	look    = time.Minute
	tooMany = 3 // failures in a row
)

// run sends over one way, one alert after the other, until the desk is closed.
func (d *Desk) run(ctx context.Context, w Way) {
	failed := 0
	for {
		l, wait := d.due(w.Name())
		if failed >= tooMany { // nobody is there: the others would wait in vain, too
			l, wait, failed = nil, first, 0
		}
		if l == nil {
			if !d.rest(ctx, w.Name(), wait) {
				d.farewell(w)
				return
			}
			continue
		}
		if d.try(context.WithoutCancel(ctx), w, l) {
			failed = 0
		} else {
			failed++
		}
	}
}

// rest waits until there may be something to send over a way, and reports false once the desk is closed.
func (d *Desk) rest(ctx context.Context, way string, wait time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	t := time.NewTimer(min(wait, look))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-d.wake[way]:
	case <-t.C:
	}
	return true
}

// due returns what is to be sent over a way now, freezes first; or nil and how long that may take.
func (d *Desk) due(way string) (best *letter, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.cfg.Now()
	wait = look
	for key, at := range d.told {
		if now.Sub(at) > 2*pause {
			delete(d.told, key)
		}
	}
	for _, l := range d.letters {
		if !slices.Contains(l.Left, way) {
			continue
		}
		at := l.ready
		if t := l.next[way]; t.After(at) {
			at = t
		}
		switch left := at.Sub(now); {
		case left > 0:
			wait = min(wait, left)
		case best == nil, l.Alert.Kind == Frozen && best.Alert.Kind != Frozen:
			best = l
		}
	}
	if best != nil && !best.closed {
		best.closed = true
		d.told[best.key] = now
	}
	return best, wait
}

// farewell tries once, for a moment, what was not tried yet.
func (d *Desk) farewell(w Way) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	d.mu.Lock()
	var last []*letter
	for _, l := range d.letters {
		if slices.Contains(l.Left, w.Name()) && l.next[w.Name()].IsZero() {
			l.closed = true
			last = append(last, l)
		}
	}
	d.mu.Unlock()
	for _, l := range last {
		if ctx.Err() != nil || !d.try(ctx, w, l) {
			return
		}
	}
}

// try sends an alert over a way, and notes how that went.
func (d *Desk) try(ctx context.Context, w Way, l *letter) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := l.Alert // closed: nobody changes it
	err := w.Send(ctx, a)
	lost := false
	d.mu.Lock()
	switch now := d.cfg.Now(); {
	case err == nil:
		d.done(l, w.Name())
	case !now.Before(l.until):
		d.done(l, w.Name())
		lost = true
	default:
		if l.next == nil {
			l.next, l.wait = make(map[string]time.Time), make(map[string]time.Duration)
		}
		l.wait[w.Name()] = min(max(first, 2*l.wait[w.Name()]), longest)
		l.next[w.Name()] = now.Add(l.wait[w.Name()])
	}
	d.mu.Unlock()
	switch {
	case lost:
		d.cfg.Log.Error("an alert was given up: nobody has been told", "way", w.Name(), "id", a.ID, "kind", a.Kind, "who", a.Who, "sign", a.Sign, "since", l.Since, "err", err)
		if d.cfg.Lost != nil {
			d.cfg.Lost(a, w.Name())
		}
	case err != nil:
		d.cfg.Log.Warn("an alert could not be sent; it waits", "way", w.Name(), "id", a.ID, "kind", a.Kind, "who", a.Who, "err", err)
	}
	if err == nil || lost {
		d.keep()
	}
	return err == nil
}

// done notes that a way has an alert, or will not get it; d.mu is held.
func (d *Desk) done(l *letter, way string) {
	l.Left = slices.DeleteFunc(slices.Clone(l.Left), func(s string) bool { return s == way })
	if len(l.Left) == 0 {
		d.letters = slices.DeleteFunc(d.letters, func(x *letter) bool { return x == l })
	}
	d.changes++
}
