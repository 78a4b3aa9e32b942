package keeper

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/ledger"
)

// recall counts again what the ledger says was read today, and in the jobs that are open: or a restart would give everybody another
// budget. What cannot be read of the ledger is in the log; the keeper starts all the same. Where the ledger lies on a medium yet, nobody waits: what is
// read meanwhile counts from the beginning of the day as far as that is known.
func (l *Local) recall(ctx context.Context) {
	w, err := l.beginRecall(ctx)
	if err == nil && l.cfg.LedgerAway {
		l.busy.Go(func() {
			ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
			defer stop()
			go func() {
				select {
				case <-l.leaving:
					stop()
				case <-ctx.Done():
				}
			}()
			if err := w.run(ctx); ctx.Err() == nil {
				l.unrecalled(ctx, err)
			}
		})
		return
	}
	if err == nil {
		err = w.run(ctx)
	}
	l.unrecalled(ctx, err)
}

func (l *Local) unrecalled(ctx context.Context, err error) {
	if err != nil {
		l.cfg.Log.ErrorContext(ctx, "what was read today could not be counted again; budgets are as at the day's beginning", "err", err)
	}
}

// recalling is a walk through what the ledger had when the keeper was opened.
type recalling struct {
	l     *Local
	r     *ledger.Reader
	k     *ReadingKey
	b     *books
	now   time.Time
	since time.Time // what is older does not count
}

func (l *Local) beginRecall(ctx context.Context) (*recalling, error) {
	w := &recalling{l: l, b: l.books.Load(), now: l.now()}
	w.since = w.b.midnight(w.now).AddDate(0, 0, -1)
	for _, j := range w.b.Jobs {
		if j.open(w.now) && j.Begun.Before(w.since) {
			w.since = j.Begun
		}
	}
	if _, err := l.log.Publish(ctx); err != nil {
		return nil, err
	}
	var err error
	if w.r, err = ledger.NewReader(l.log.Files(), l.keys.LedgerPublicKey()); err != nil {
		return nil, err
	}
	w.k, err = l.readingKey()
	return w, err
}

func (w *recalling) run(ctx context.Context) error {
	defer w.k.Zero()
	l := w.l
	l.reading.Lock()
	l.turnDay(w.b, w.now)
	l.reading.Unlock()
	old := 0                                 // in a row: a clock that was wrong for a while makes single ones
	for part, err := range ahead(ctx, w.r) { // the order is none for sums
		if err != nil {
			return err
		}
		opened := openRead(w.k, part, w.since)
		l.reading.Lock()
		for i, x := range slices.Backward(part) {
			if when, ok := ledger.EntryTime(x.Data); ok && when.Before(w.since) {
				old++
				continue
			}
			old = 0
			l.recount(w.b, w.k, &opened[i], w.now)
		}
		l.reading.Unlock()
		if old > enoughOld {
			return nil
		}
	}
	return nil
}

// ahead yields the entries of a ledger in stretches, the last first; the next is read while somebody is at work with one.
func ahead(ctx context.Context, r *ledger.Reader) iter.Seq2[[]ledger.Entry, error] {
	return func(yield func([]ledger.Entry, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		type read struct {
			part []ledger.Entry
			err  error
		}
		parts := make(chan read, 1)
		var reader sync.WaitGroup
		defer reader.Wait()
		defer stop()
		reader.Go(func() {
			defer close(parts)
			for to := r.Head().Size; to > 0; to -= stretch {
				x := read{part: make([]ledger.Entry, 0, stretch)}
				for e, err := range r.Entries(ctx, max(to-stretch, 0), to) {
					if err != nil {
						x.err = err
						break
					}
					x.part = append(x.part, e)
				}
				select {
				case parts <- x:
				case <-ctx.Done():
					return
				}
				if x.err != nil {
					return
				}
			}
		})
		for x := range parts {
			if !yield(x.part, x.err) {
				return
			}
		}
	}
}

// openRead opens what recount counts of some entries since a time, side by side; the others stay closed: most of a ledger are saves.
func openRead(k *ReadingKey, part []ledger.Entry, since time.Time) []Entry {
	out := make([]Entry, len(part))
	each := (len(part) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for from := 0; from < len(part); from += max(each, 1) {
		all.Go(func() {
			for i := from; i < min(from+each, len(part)); i++ {
				if when, ok := ledger.EntryTime(part[i].Data); ok && when.Before(since) {
					continue
				}
				out[i] = openEntry(k, part[i].Index, part[i].Data, event.Noticed, event.Proposed, event.Released)
			}
		})
	}
	all.Wait()
	return out
}

// enoughOld is how many entries of before the day end the walk.
const enoughOld = 10_000

// recount counts an entry of the ledger again; reading is locked.
func (l *Local) recount(b *books, k *ReadingKey, e *Entry, now time.Time) {
	// A time that is still to come is of before the clock was set back: the same day goes on.
	today := e.Closed == "" && b.date(e.Event.When) >= b.date(now)
	x, r := &e.Event, l.diary
	switch {
	case e.Closed != "" || x.Account.IsZero():
	case x.Kind == event.Noticed && today:
		r.of(x.Account).told[x.Note] = true
	case x.Kind == event.Proposed && today && strings.HasPrefix(x.Note, actReadMore+";"):
		r.of(x.Account).asked++
	case x.Kind == event.Released:
		c, second := classOf(x.Purpose), int64(r.watch.read(now)/time.Second)
		second -= min(int64(max(0, now.Sub(x.When))/time.Second), 60)
		if n := jobIn(x.Note); n != "" {
			for _, j := range b.Jobs {
				for _, f := range x.Files {
					if j.ID == n {
						r.run(n, j.Files, r.fileKey(c, x.Share, f.Version))
					}
				}
			}
			return
		}
		if !today {
			return
		}
		var files, people []uint64
		if b.persons[x.Share] != nil {
			e.openPaths(k)
		}
		for i, f := range x.Files {
			files = append(files, r.fileKey(c, x.Share, f.Version))
			if e.Paths == nil {
				continue
			}
			if who := b.persons[x.Share].Person(within(e.Paths[i])); who != "" {
				people = append(people, r.personKey(x.Share, who))
			}
		}
		r.count(r.of(x.Account), c, files, people, second)
	}
}

// count counts what was read at some second, whatever the budget.
func (r *diary) count(x *reader, c class, files, people []uint64, second int64) {
	for i, c := range [2]class{c, persons} {
		n := len(r.remember(x.seen, [2][]uint64{files, people}[i]))
		x.tallies[c].today += n
		x.tallies[c].minute.add(second, n)
	}
}
