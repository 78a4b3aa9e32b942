package keeper

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/oidc"
)

// ticket is a login under way, or a second factor that is being set up or proven anew. Its owner shows its secret with
// each step, from the same address. It is in memory only.
type ticket struct {
	key   [32]byte
	from  netip.Addr
	until time.Time

	mu         sync.Mutex
	account    id.Account // zero until a passkey or the identity provider tells who it is; never another one after that
	passkey    bool       // a passkey tells
	session    id.Session // set for those who are in: the ticket begins no session, it proves or sets up
	door       string
	software   string
	tries      int
	proved     account.AuthenticatorKind // the second factor that was shown
	prover     id.Account                // and whose it is
	challenge  []byte                    // for a passkey; good for one answer
	setting    account.AuthenticatorKind // what is being set up
	app        *app                      // which is being set up
	password   *hashed                   // chosen, and in force only at the end
	invitation []byte                    // hash of what was accepted
	invited    id.Account                // becomes account when the identity provider has said who accepts
	asked      *oidc.Asked               // with what the browser went to the identity provider; good for one answer
	identity   *identityState            // who it says that it is; in force only at the end
}

// prove notes that somebody has shown a second factor.
func (t *ticket) prove(kind account.AuthenticatorKind, of *accountState) {
	t.proved, t.prover = kind, of.ID
}

const (
	ticketTime   = 10 * time.Minute
	ticketTries  = 5
	maxTickets   = 8192
	maxTicketsOf = 512 // of one address, which may be a whole factory in the morning
)

// tickets are the logins under way.
type tickets struct {
	mu  sync.Mutex
	all map[[32]byte]*ticket // guarded by mu
}

func newTickets() *tickets { return &tickets{all: make(map[[32]byte]*ticket)} }

// newSecret returns 256 random bits as text, and what is kept of it.
func newSecret() (secret string, hash [32]byte) {
	b := make([]byte, 32)
	rand.Read(b)
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, secretHash(secret)
}

// secretHash is what is kept of a random secret: it is too long to be guessed, so a fast hash does.
func secretHash(secret string) [32]byte {
	return sha256.Sum256([]byte("azekura/v1 secret" + secret))
}

// add begins a ticket. When there are too many, the one that ends first gives way: of the same address, so that nobody ends the logins
// of others by beginning many.
func (t *tickets) add(x *ticket, now time.Time) (secret string) {
	secret, x.key = newSecret()
	x.until = now.Add(ticketTime)
	t.mu.Lock()
	defer t.mu.Unlock()
	var first, own *ticket
	of := 0
	for k, y := range t.all {
		if !now.Before(y.until) {
			delete(t.all, k)
			continue
		}
		if first == nil || y.until.Before(first.until) {
			first = y
		}
		if network(y.from) == network(x.from) {
			if of++; own == nil || y.until.Before(own.until) {
				own = y
			}
		}
	}
	switch {
	case of >= maxTicketsOf:
		delete(t.all, own.key)
	case len(t.all) >= maxTickets:
		delete(t.all, first.key)
	}
	t.all[x.key] = x
	return secret
}

// get returns a ticket that counts at an address, or nil.
func (t *tickets) get(secret string, from netip.Addr, now time.Time) *ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[secretHash(secret)]
	if x == nil || !now.Before(x.until) || network(x.from) != network(from) {
		return nil
	}
	return x
}

// drop ends a ticket. Whoever holds it finds it ended, too.
func (t *tickets) drop(x *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, x.key)
}

// live reports whether a ticket has not been dropped.
func (t *tickets) live(x *ticket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[x.key] == x
}

// clear ends all tickets.
func (t *tickets) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.all)
}
