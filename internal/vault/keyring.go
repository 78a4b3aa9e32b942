package vault

import (
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/seal"
)

// keyring keeps leased keys until their lease ends, so that a client that reads a file in ranges
// makes one entry in the ledger, not a thousand. A key serves only the session and the purpose that
// it was released for: both stand in the entry.
type keyring struct {
	now func() time.Time

	mu     sync.Mutex
	leases map[lease]*leased
}

type lease struct {
	session id.Session
	version id.Version
	why     account.Purpose
}

type leased struct {
	key         seal.Key
	from, until time.Time
}

// setBack is how much earlier than a lease's beginning it must be to show that the clock was set back, and not that
// two callers came at once.
const setBack = time.Second

// over reports whether the lease has ended. A clock that was set back ends it too, or it would last longer than it says.
func (e *leased) over(now time.Time) bool {
	return !now.Before(e.until) || now.Before(e.from.Add(-setBack))
}

func newKeyring(now func() time.Time) *keyring {
	return &keyring{now: now, leases: make(map[lease]*leased)}
}

// get returns a key whose lease has not ended.
func (r *keyring) get(l lease) (k seal.Key, until time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.leases[l]
	if e == nil || e.over(r.now()) {
		return seal.Key{}, time.Time{}, false
	}
	return e.key, e.until, true
}

func (r *keyring) put(s id.Session, why account.Purpose, leases []keeper.Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range leases {
		r.leases[lease{s, l.Version, why}] = &leased{l.Key, r.now(), l.Until}
	}
}

// expire overwrites and forgets the keys whose lease has ended.
func (r *keyring) expire() {
	now := r.now()
	r.forget(func(_ lease, e *leased) bool { return e.over(now) })
}

// drop forgets the keys of a session.
func (r *keyring) drop(s id.Session) {
	r.forget(func(l lease, _ *leased) bool { return l.session == s })
}

func (r *keyring) clear() { r.forget(func(lease, *leased) bool { return true }) }

func (r *keyring) forget(which func(lease, *leased) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l, e := range r.leases {
		if which(l, e) {
			e.key.Zero()
			delete(r.leases, l)
		}
	}
}
