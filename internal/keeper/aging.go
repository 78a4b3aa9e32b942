package keeper

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// aging remembers what the ledger tells about how old things are: how long it has run, and since when packs are sealed. The first who asks after a
// start looks at the whole ledger once. The zero value is ready.
type aging struct {
	mu    sync.Mutex
	upTo  int64 // entries that were looked at
	now   account.Lived
	packs map[id.Share][]anchored // ascending
	gaps  []account.Gap
	timed bool          // a heartbeat has told how much time had passed
	beat  time.Duration // and so long the ledger had run then
}

// anchored is an anchor with the digest that it is of.
type anchored struct {
	account.Anchor
	digest [32]byte
}

const (
	// mostAhead is how far ahead of the packs that are known a pack may be. An entry about one that cannot be there yet would make what is saved in it
	// later older than it is.
	mostAhead = 64
	mostGaps  = 20
)

// extend looks at what has been appended since the last time.
func (x *aging) extend(ctx context.Context, r *ledger.Reader, k *ReadingKey) error {
	for raw, err := range r.Entries(ctx, x.upTo, r.Head().Size) {
		if err != nil {
			return err
		}
		if at, ok := ledger.EntryTime(raw.Data); ok {
			x.step(at)
		}
		switch e := openEntry(k, raw.Index, raw.Data); {
		case e.Closed != "":
		case e.Event.Kind == event.PackSealed:
			x.sealed(&e.Event)
		case e.Event.Kind == event.Heartbeat && e.Event.Size > 0:
			x.passed(time.Duration(e.Event.Size) * time.Millisecond)
		}
		x.upTo++
	}
	return nil
}

func (x *aging) step(at time.Time) {
	from := x.now.At
	if gap := x.now.Step(at); gap > account.MaxGap {
		x.gaps = append(x.gaps, account.Gap{From: from, To: at})
		x.gaps = x.gaps[max(0, len(x.gaps)-mostGaps):]
	}
}

// passed takes in how much time a heartbeat tells to have passed since the one before. The ledger has not run for longer, however many entries somebody
// has put between them whose times lie apart.
func (x *aging) passed(d time.Duration) {
	if x.timed {
		x.now.Ran = min(x.now.Ran, x.beat+d)
	}
	x.timed, x.beat = true, x.now.Ran
}

// lived is where the ledger is: behind the last heartbeat that told how much time had passed no more than one step counts.
func (x *aging) lived() account.Lived {
	out := x.now
	if x.timed {
		out.Ran = min(out.Ran, x.beat+account.LongestStep)
	}
	return out
}

// sealed takes in that a pack is sealed. Of two entries about one pack that are not alike the later counts.
func (x *aging) sealed(e *event.Event) {
	if x.packs == nil {
		x.packs = make(map[id.Share][]anchored)
	}
	list := x.packs[e.Share]
	last := uint64(0)
	if len(list) > 0 {
		last = list[len(list)-1].Pack
	}
	is := anchored{account.Anchor{Pack: e.Pack, Lived: x.lived()}, e.Digest}
	switch i, found := slices.BinarySearchFunc(list, e.Pack, func(a anchored, pack uint64) int {
		if a.Pack < pack {
			return -1
		}
		return min(1, int(a.Pack-pack))
	}); {
	case found && list[i].digest != e.Digest:
		list[i] = is
	case found, e.Pack > last+mostAhead:
	default:
		list = slices.Insert(list, i, is)
	}
	x.packs[e.Share] = list
}

// of is what is known for one share.
func (x *aging) of(share id.Share) *account.Aging {
	out := &account.Aging{Now: x.lived(), Gaps: slices.Clone(x.gaps)}
	for _, a := range x.packs[share] {
		out.Packs = append(out.Packs, a.Anchor)
	}
	return out
}

// Aging tells how old things in a share are by the ledger, to who may have them removed.
func (l *Local) Aging(ctx context.Context, s id.Session, share string) (*account.Aging, error) {
	leave, err := l.enter(opRetention)
	if err != nil {
		return nil, err
	}
	defer leave()
	_, x, err := l.mayRemove(s, share)
	if err != nil {
		return nil, err
	}
	if err := l.append(ctx, event.Event{Kind: event.Heartbeat}); err != nil { // now is the time of the last entry
		return nil, err
	}
	r, k, late, err := l.openEvents(ctx)
	if err == nil {
		err = late
	}
	if err != nil {
		return nil, err
	}
	defer k.Zero()
	l.aging.mu.Lock()
	defer l.aging.mu.Unlock()
	if err := l.aging.extend(ctx, r, k); err != nil {
		return nil, err
	}
	out := l.aging.of(x.ID)
	w := l.books.Load().Witnessing // also while the house works apart, and nobody answers
	if out.Witness = w.Mode != account.WitnessOff && len(w.Witnesses) > 0; out.Witness {
		out.Witnessed = witnessedTime(l.quorumState(), w.Need, out.Now.At)
	}
	return out, nil
}

// witnessedTime is how late it is by the clocks of witnesses: as many as are needed have vouched for it. It is no later than the ledger's own, so that a
// witness whose clock runs years ahead makes nothing due. Zero: not so many have answered since the start.
func witnessedTime(list []account.WitnessState, need int, own time.Time) time.Time {
	var times []time.Time
	for _, w := range list {
		if !w.Signed.IsZero() {
			times = append(times, w.Signed)
		}
	}
	if need < 1 || len(times) < need {
		return time.Time{}
	}
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	if own.Before(times[need-1]) {
		return own
	}
	return times[need-1]
}
