package keeper

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/logbook"
)

// unsaid is entries about lines that are stored, which the ledger could not take: nobody knows which of them it has all the same.
type unsaid struct {
	events []event.Event
	from   int64 // how many entries the ledger had before it was given the first
}

// say tells the ledger of something, behind what it could not take before. What it cannot take it is told with the next call; l.logs.mu is held.
func (l *Local) say(ctx context.Context, events []event.Event) error {
	u := &l.logs.unsaid
	rest := events
	if len(u.events) == 0 {
		u.from = l.log.Size()
	} else {
		u.events = append(u.events, events...)
		missed, err := l.missed(ctx, u)
		if err != nil {
			return err
		}
		rest = missed
	}
	if err := l.append(ctx, rest...); err != nil {
		if len(u.events) == 0 {
			u.events = events
		}
		return err
	}
	*u = unsaid{}
	return nil
}

// missed returns what of u is not in the ledger. What the ledger holds back of an earlier try it shows behind the next entry that it takes.
func (l *Local) missed(ctx context.Context, u *unsaid) ([]event.Event, error) {
	if err := l.append(ctx, event.Event{Kind: event.Heartbeat}); err != nil {
		return nil, err
	}
	r, k, late, err := l.openEvents(ctx)
	if err = errors.Join(err, late); err != nil {
		return nil, err
	}
	defer k.Zero()
	there := make(map[string]int)
	for x, err := range r.Entries(ctx, u.from, r.Head().Size) {
		if err != nil {
			return nil, err
		}
		if e := openEntry(k, x.Index, x.Data); e.Closed == "" {
			b, err := e.Event.Marshal()
			if err != nil {
				return nil, err
			}
			there[string(b)]++
		}
	}
	var out []event.Event
	for _, e := range u.events {
		b, err := e.Marshal()
		if err != nil {
			return nil, err
		}
		if there[string(b)]--; there[string(b)] < 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// sayMissed tells the ledger of the batches behind one: a crash came before it could be told. Who came in them is told, too; l.logs.mu is held.
func (l *Local) sayMissed(ctx context.Context, book *logbook.Book, known uint64) error {
	var batches [][]event.Event
	for p, err := range book.Newest(ctx, time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), true) {
		if err != nil {
			return err
		}
		if p.Number <= known {
			break
		}
		if p.Err == nil {
			batches = append(batches, append([]event.Event{keptOf(p.Batch)}, l.reported(p.Content)...))
		}
	}
	for _, events := range slices.Backward(batches) {
		if err := l.append(ctx, events...); err != nil {
			return err
		}
	}
	return nil
}
