package keeper

import (
	"errors"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// errThrottled means that an attempt was not even looked at.
var errThrottled = errors.New("too many attempts")

// bucket is a token bucket: it holds burst tokens, and one comes back in each interval. The zero value is full.
type bucket struct {
	spent float64
	at    time.Time
}

// limit is the size of buckets of a kind.
type limit struct {
	burst    float64
	interval time.Duration
}

func (b *bucket) take(l limit, now time.Time) bool {
	if passed := now.Sub(b.at); passed > 0 { // a clock that was set back gives nothing
		b.spent = max(0, b.spent-float64(passed)/float64(l.interval))
	}
	b.at = now
	if b.spent+1 > l.burst {
		return false
	}
	b.spent++
	return true
}

func (b *bucket) give() { b.spent = max(0, b.spent-1) }

// Limits of attempts with memorised passwords. A right password gives its tokens back, so they count failures. From
// places where nobody has ever logged in to the account, about a hundred guesses a day remain: what NIST SP 800-63B-4
// 3.2.2 allows in all.
var passwordLimits = limits{
	known:   limit{10, 30 * time.Second},
	account: limit{10, 15 * time.Minute},
	address: limit{100, 10 * time.Second},
}

// codeLimits are those of codes: whoever tries them has the password already, and of a million codes three are right at
// a time.
var codeLimits = limits{
	known:   limit{10, 5 * time.Minute},
	account: limit{5, 30 * time.Minute},
	address: limit{100, 10 * time.Second},
}

type limits struct {
	known   limit // of an account from an address where it has logged in
	account limit // of an account from all other addresses together
	address limit // of an address, which may be a whole factory, for all accounts that do not know it
}

const (
	slots       = 4096
	maxKnown    = 16 // addresses that an account knows
	maxKnownAll = 20_000
)

// throttle slows down the guessing of memorised passwords. It remembers, since the start, from which addresses each
// account has logged in: there, somebody else's guessing elsewhere does not touch it. What it remembers of
// strangers stands in tables of fixed size under hashes that nobody can foresee, so that it cannot be flooded. A
// device password is never slowed down.
type throttle struct {
	limits
	seed maphash.Seed

	mu        sync.Mutex
	accounts  [slots]bucket               // guarded by mu
	addresses [slots]bucket               // guarded by mu
	knows     map[place]*bucket           // guarded by mu
	places    map[id.Account][]netip.Addr // guarded by mu: of knows, last used last
}

// place is an account at an address.
type place struct {
	account id.Account
	address netip.Addr
}

func newThrottle(l limits) *throttle {
	return &throttle{limits: l, seed: maphash.MakeSeed(), knows: make(map[place]*bucket), places: make(map[id.Account][]netip.Addr)}
}

// network is what counts as one address: an IPv6 host has a whole /64 to itself.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// try lets check look at a password if there is a token for it, and gives the token back if the password is right. check
// is told whether the account has logged in from there. name is in its compared form; account is zero if nobody has it.
func (t *throttle) try(name string, account id.Account, from netip.Addr, now time.Time, check func(known bool) (bool, error)) (bool, error) {
	from = network(from)
	buckets, known, ok := t.take(name, place{account, from}, now)
	if !ok {
		return false, errThrottled
	}
	right, err := check(known)
	t.mu.Lock()
	defer t.mu.Unlock()
	if right || err != nil {
		for _, b := range buckets {
			b.give()
		}
	}
	if right {
		t.learn(place{account, from})
	}
	return right, err
}

// take takes a token from each bucket that counts here, or from none, and tells whether the account knows the place.
func (t *throttle) take(name string, p place, now time.Time) (buckets []*bucket, known, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.knows[p]; b != nil && !p.account.IsZero() {
		return []*bucket{b}, true, b.take(t.limits.known, now)
	}
	account := &t.accounts[maphash.String(t.seed, name)%slots]
	address := &t.addresses[maphash.Comparable(t.seed, p.address)%slots]
	if !address.take(t.limits.address, now) {
		return nil, false, false
	}
	if !account.take(t.limits.account, now) {
		return nil, false, false // the address has paid: it is guessing
	}
	return []*bucket{account, address}, false, true
}

// welcome remembers that an account has logged in from an address.
func (t *throttle) welcome(account id.Account, from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.learn(place{account, network(from)})
}

// learn remembers that an account has logged in from an address; t.mu is held.
func (t *throttle) learn(p place) {
	if t.knows[p] != nil {
		return
	}
	list := t.places[p.account]
	if len(list) >= maxKnown {
		delete(t.knows, place{p.account, list[0]})
		list = list[1:]
	}
	if len(t.knows) >= maxKnownAll {
		return
	}
	t.knows[p] = new(bucket)
	t.places[p.account] = append(list, p.address)
}
