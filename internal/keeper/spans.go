package keeper

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/ledger"
)

// spanWidth is how many entries stand in one bundle of the ledger.
const spanWidth = 256

// spans remember, of all entries that were ever looked at, between which times those of each bundle lie, and who got which role where. So a
// receipt reads only the bundles of its month. The times are those that entries tell, one by one: a clock that jumps makes a reach wider, and
// hides nothing from it. The first receipt after a start looks at the whole ledger once. The zero value is ready.
type spans struct {
	mu     sync.Mutex
	upTo   int64       // entries that were looked at
	blocks []reach     // of spanWidth entries; the last may have fewer
	roles  []roleEntry // in the order of the ledger
}

// reach is the earliest and the latest time in a bundle, in milliseconds.
type reach struct{ first, last int64 }

// roleEntry is where somebody got a role.
type roleEntry struct {
	index      int64
	name, role string
}

// whenOf is the time by which receipts take an entry in: that of the event, or of one that does not open that of its recording.
func whenOf(e *Entry) time.Time {
	if e.Closed != "" {
		return e.Recorded
	}
	return e.Event.When
}

// extend looks at what has been appended since the last time. When it is stopped, it goes on there the next time.
func (x *spans) extend(ctx context.Context, r *ledger.Reader, k *ReadingKey) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for raw, err := range r.Entries(ctx, x.upTo, r.Head().Size) {
		if err != nil {
			return err
		}
		e := openEntry(k, raw.Index, raw.Data)
		x.add(&e)
	}
	return nil
}

// add takes in the next entry; mu is held.
func (x *spans) add(e *Entry) {
	at := whenOf(e).UnixMilli()
	if x.upTo%spanWidth == 0 {
		x.blocks = append(x.blocks, reach{at, at})
	}
	b := &x.blocks[len(x.blocks)-1]
	b.first, b.last = min(b.first, at), max(b.last, at)
	if name, role, ok := roleIn(e); ok {
		x.roles = append(x.roles, roleEntry{x.upTo, name, role})
	}
	x.upTo++
}

// within yields stretches of the ledger, in order, between them all entries below size whose time is from from on and before to.
func (x *spans) within(from, to time.Time, size int64) iter.Seq2[int64, int64] {
	return func(yield func(int64, int64) bool) {
		x.mu.Lock()
		blocks, last := slices.Clone(x.blocks), min(size, x.upTo)
		x.mu.Unlock()
		begin := int64(-1)
		for i, b := range blocks {
			hit := b.last >= from.UnixMilli() && b.first <= to.UnixMilli()
			if hit && begin < 0 {
				begin = int64(i) * spanWidth
			}
			if end := min(last, int64(i)*spanWidth); !hit && begin >= 0 && begin < end {
				if !yield(begin, end) {
					return
				}
			}
			if !hit {
				begin = -1
			}
		}
		if begin >= 0 && begin < last {
			yield(begin, last)
		}
	}
}

// rolesBefore tells a walk who had which role before an entry.
func (x *spans) rolesBefore(to *Roles, index int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, r := range x.roles {
		if r.index >= index {
			return
		}
		to.of[r.name] = r.role
	}
}
