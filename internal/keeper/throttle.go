package keeper

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// throttle slows down guessing. It counts misses per address, and per address and account: a lockout that
// counted per account alone would let anybody outside lock out the whole firm.
type throttle struct {
	mu         sync.Mutex
	misses     map[attempt]*misses
	minute     time.Time
	recorded   int
	unrecorded int
}

type attempt struct {
	address netip.Addr
	name    string // "" counts for the whole address
}

type misses struct {
	n     int
	until time.Time // no further attempt before
	last  time.Time
}

const (
	freeMisses     = 8   // of one name from one address
	freeAddress    = 100 // of one address: behind it may be a whole factory
	forgetMisses   = 15 * time.Minute
	maxWait        = 5 * time.Minute
	maxAttempts    = 50_000
	recordedMinute = 60 // failed logins and refused releases that one minute of the ledger takes
)

func newThrottle() *throttle { return &throttle{misses: make(map[attempt]*misses)} }

// subnet is what counts as one address: an IPv6 host has a whole /64 to itself.
func subnet(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a.Unmap()
}

// check returns an error while attempts of a name from an address have to wait.
func (t *throttle) check(a netip.Addr, name string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys(a, name) {
		if m := t.misses[k]; m != nil && now.Before(m.until) {
			return &problem.Error{Kind: problem.Unavailable, Op: "log in", Hint: "hint.wait-after-misses", Err: errors.New("too many failed logins")}
		}
	}
	return nil
}

func keys(a netip.Addr, name string) []attempt {
	a = subnet(a)
	if name == "" {
		return []attempt{{a, ""}}
	}
	return []attempt{{a, ""}, {a, name}}
}

// miss counts a failed attempt.
func (t *throttle) miss(a netip.Addr, name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.misses) >= maxAttempts {
		for k, m := range t.misses {
			if now.Sub(m.last) > forgetMisses || len(t.misses) >= maxAttempts {
				delete(t.misses, k)
			}
		}
	}
	for _, k := range keys(a, name) {
		m := t.misses[k]
		if m == nil || now.Sub(m.last) > forgetMisses {
			m = &misses{}
			t.misses[k] = m
		}
		m.n, m.last = m.n+1, now
		free := freeMisses
		if k.name == "" {
			free = freeAddress
		}
		if over := m.n - free; over > 0 {
			m.until = now.Add(min(time.Second<<min(over, 20), maxWait))
		}
	}
}

// mayRecord reports whether one more failure may go into the ledger in this minute; the others are counted.
func (t *throttle) mayRecord(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(t.minute) {
		t.minute, t.recorded = minute, 0
	}
	if t.recorded >= recordedMinute {
		t.unrecorded++
		return false
	}
	t.recorded++
	return true
}

func (t *throttle) takeUnrecorded() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.unrecorded
	t.unrecorded = 0
	return n
}
