package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// errStopping is the cause of refusals after Close.
var errStopping = errors.New("the keeper is stopping")

// enter keeps Close waiting until leave is called: nothing is at work with the keys when they are overwritten,
// and nothing stands in the ledger behind the keeper's stop.
func (l *Local) enter(op string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, problem.New(problem.Unavailable, op, "", errStopping)
	}
	l.busy.Add(1)
	return l.busy.Done, nil
}

// now is the keeper's clock, as precise as the ledger is.
func (l *Local) now() time.Time { return l.cfg.Now().UTC().Truncate(time.Millisecond) }

// append makes events durable: all of them, or an error. What depends on them must not happen before. Each entry
// tells the moment of its recording in clear; an event without a time has that moment's.
func (l *Local) append(ctx context.Context, events ...event.Event) error {
	_, err := l.record(ctx, events...)
	return err
}

// appendWitnessed is append for what hands out keys: where witnesses are required, it waits for them, too.
func (l *Local) appendWitnessed(ctx context.Context, events ...event.Event) error {
	size, err := l.record(ctx, events...)
	if err != nil {
		return err
	}
	return l.witnessed(ctx, size)
}

// record is append; it returns how many entries the ledger has with them.
func (l *Local) record(ctx context.Context, events ...event.Event) (size int64, err error) {
	now := l.now()
	var entries [][]byte
	for _, e := range events {
		if e.When.IsZero() {
			e.When = now
		}
		parts, err := e.Split()
		if err != nil {
			return 0, problem.New(problem.TooLarge, "record", "", err)
		}
		for _, p := range parts {
			b, err := p.Marshal()
			if err != nil {
				return 0, problem.New(problem.Invalid, "record", "", err)
			}
			entry, err := l.sealer.Seal(now, b)
			if err != nil {
				return 0, problem.New(problem.Internal, "record", "", err)
			}
			entries = append(entries, entry)
		}
	}
	if len(entries) == 0 {
		return 0, nil
	}
	first, err := l.log.Append(ctx, entries...)
	if err != nil {
		hint := "hint.ledger-unavailable"
		if e, ok := errors.AsType[*problem.Error](err); ok && e.Hint != "" {
			hint = e.Hint
		}
		return 0, &problem.Error{Kind: problem.Unavailable, Op: "record", Hint: hint, Err: err}
	}
	return first + int64(len(entries)), nil
}

// Record implements Recorder. A storehouse records what it did with files and packs, nothing else: what the
// keeper vouches for, it records itself.
func (l *Local) Record(ctx context.Context, events ...event.Event) error {
	leave, err := l.enter("record")
	if err != nil {
		return err
	}
	defer leave()
	for _, e := range events {
		switch e.Kind {
		case event.Saved, event.Changed, event.PackSealed, event.PackRewritten, event.Verified, event.Settled, event.AlertLost:
		default:
			return problem.New(problem.Denied, "record", string(e.Kind), fmt.Errorf("a storehouse does not record %q", e.Kind))
		}
	}
	return l.append(ctx, events...)
}

// acting returns an event with who acts filled in.
func acting(kind event.Kind, s account.Session) event.Event {
	return event.Event{Kind: kind, Session: s.ID, Account: s.Account, Actor: s.Name, Device: s.Device, Address: s.Address, Door: s.Door}
}
