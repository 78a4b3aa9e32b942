package keeper

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/event"
)

// Limits of how much the failures of strangers may fill the ledger. What is beyond them is counted and summed up
// with the next heartbeat.
var (
	failuresOfAddress = limit{10, time.Minute}
	failuresOfAll     = limit{120, 2 * time.Second}
)

// maxFloods bounds how many addresses are summed up one by one in a minute; the others are in one sum.
const maxFloods = 16

// failures decides which failed logins and refused releases are recorded one by one.
type failures struct {
	kind event.Kind // of the sums
	seed maphash.Seed

	mu        sync.Mutex
	all       bucket             // guarded by mu
	addresses [slots]bucket      // guarded by mu
	floods    map[netip.Addr]int // guarded by mu: what was not recorded since the last sum
	others    int                // guarded by mu: the same, of more addresses than floods holds
}

func newFailures(kind event.Kind) *failures {
	return &failures{kind: kind, seed: maphash.MakeSeed(), floods: make(map[netip.Addr]int)}
}

// room reports whether a failure is to be recorded; otherwise it is counted.
func (f *failures) room(from netip.Addr, now time.Time) bool {
	from = network(from)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.addresses[maphash.Comparable(f.seed, from)%slots].take(failuresOfAddress, now) && f.all.take(failuresOfAll, now) {
		return true
	}
	if _, ok := f.floods[from]; ok || len(f.floods) < maxFloods {
		f.floods[from]++
	} else {
		f.others++
	}
	return false
}

// sums returns the events that sum up what was not recorded, and begins anew.
func (f *failures) sums() (out []event.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for a, n := range f.floods {
		out = append(out, event.Event{Kind: f.kind, Address: a, Size: int64(n), Note: "more from there"})
	}
	if f.others > 0 {
		out = append(out, event.Event{Kind: f.kind, Size: int64(f.others), Note: "more from other addresses"})
	}
	clear(f.floods)
	f.others = 0
	return out
}

// again counts sums that could not be recorded once more.
func (f *failures) again(sums []event.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range sums {
		f.others += int(e.Size)
	}
}
