package medium

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// begun enters until when what is there before this sync is locked.
func (s *syncer) begun(ctx context.Context) error {
	l, ok := s.t.(*layers)
	if !ok {
		return nil
	}
	until, err := l.until(ctx, descriptorName)
	s.fresh = l.Until()
	s.until = s.fresh
	s.lockedLess(until)
	return err
}

// lockedLess enters until when what an earlier record names is locked.
func (s *syncer) lockedLess(until time.Time) {
	if until.Before(s.until) {
		s.until = until
	}
}

// compare compares what was put with what was read from the vault. A target that locks has computed its digest from what came, and is asked for
// that: to have all sent back would double the time, and is often paid for. Verify reads it.
func (l *layers) compare(ctx context.Context, j job, fresh time.Time) error {
	size, sum, until, err := l.Stored(ctx, j.name(j.share), "")
	switch {
	case err != nil:
		return err
	case size != j.length:
		return fmt.Errorf("%w: %d bytes, want %d", errLength, size, j.length)
	case sum != j.sum:
		return errDigest
	case until.Before(fresh):
		return fmt.Errorf("%w: until %v, want %v", errUnlocked, until, fresh)
	}
	return nil
}

// until is until when one of the things under a name is locked, whichever is for longest.
func (l *layers) until(ctx context.Context, name string) (longest time.Time, err error) {
	list, err := l.Versions(ctx, name)
	for _, v := range list {
		_, _, until, err := l.Stored(ctx, name, v.ID)
		if err != nil {
			return longest, err
		}
		if until.After(longest) {
			longest = until
		}
	}
	return longest, err
}

// overs returns the tiles under whose names there is more than what was put: of those, what counts must be said. Whoever holds the credentials
// of a bucket can guess the names of tiles that are still to come.
func (s *syncer) overs(ctx context.Context, p *putter) (map[string]sum, error) {
	l, ok := s.t.(*layers)
	if !ok {
		return nil, nil
	}
	over := make(map[string]sum)
	if s.prev != nil {
		for name, x := range s.prev.Over {
			over[name] = x
		}
	}
	several := make(map[string]bool)
	for e, err := range l.List(ctx, ledgerDir) {
		if err != nil {
			return nil, err
		}
		if e.Several {
			several[e.Name] = true
		}
	}
	for _, w := range p.done {
		if several[w.name] {
			over[w.name] = w.sum
			s.finding(Finding{Object: w.name, Reason: Foreign})
		}
	}
	return over, nil
}

// renew locks everything that the states need for longer, once less than half of the time is left.
func (s *syncer) renew(ctx context.Context) error {
	l, ok := s.t.(*layers)
	half := time.Duration(s.desc.Lock) * 24 * time.Hour / 2
	if !ok || s.fresh.Sub(s.until) < half {
		return nil
	}
	h, err := history(ctx, s.t, s.v, s.desc)
	if err != nil {
		return err
	}
	needed := make(map[string]bool)
	for i, n := range h.numbers {
		if s.opt.Keep > 0 && len(h.numbers)-i > s.opt.Keep {
			continue
		}
		needed[recordName(n)] = true
		if err := s.need(ctx, n, needed); away(err) || ctx.Err() != nil {
			return err
		}
	}
	for share, list := range s.shares {
		for _, x := range list {
			needed[x.name(share)] = true
		}
	}
	for _, b := range s.shelved {
		needed[sumName(booksDir, b.Sum)] = true
	}
	err = l.Renew(ctx, s.fresh, func(name string) bool {
		return name == descriptorName || needed[name] || s.known[name] || strings.HasPrefix(name, ledgerDir+"/")
	})
	if err == nil {
		s.until = s.fresh
	}
	return err
}

// passed are the objects of parts, which stay until all was read back, or their lock ends: nobody has to wonder what they are.
func (w *verifier) passed(ctx context.Context) (map[string]bool, error) {
	out := make(map[string]bool)
	for e, err := range w.t.List(ctx, recordDir) {
		if err != nil {
			return nil, err
		}
		if _, part, ok := numberOf(e.Name); !ok || part < 0 {
			continue
		}
		s, err := load(ctx, w.t, w.v, w.desc, e.Name)
		if away(err) || ctx.Err() != nil {
			return nil, err
		}
		if err == nil {
			s.objects(func(name string, _ int64, _ [32]byte) { out[name] = true })
		}
	}
	return out, nil
}

// LedgerCopy is a ledger on a target that is no medium, for package ledger.
type LedgerCopy struct {
	fs.FS
	t Target
}

// OpenLedger shows the ledger that lies in the folder "ledger" of a target, as of a checkpoint of a size. over says of tiles, by the names of their
// objects, which SHA-256 they have, where somebody had put something under the name before.
func OpenLedger(t Target, checkpoint []byte, size int64, over map[string][32]byte) LedgerCopy {
	t = layered(t)
	if l, ok := t.(*layers); ok {
		l.over = make(map[string]sum)
		for name, x := range over {
			l.over[name] = x
		}
	}
	return LedgerCopy{WithCheckpoint(objects{t, size}, checkpoint), t}
}

// ReadDir implements fs.ReadDirFS.
func (c LedgerCopy) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.FS, name) }

// Covered lists the tiles over which somebody has put something, as far as they were read.
func (c LedgerCopy) Covered() []string { return (&State{t: c.t}).Covered() }

// PutSmall puts a small object.
func PutSmall(ctx context.Context, t Target, name string, data []byte) error {
	return put(ctx, t, name, data)
}
