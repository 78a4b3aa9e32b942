package keeper

import (
	"cmp"
	"crypto/subtle"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Bounds of sessions. A right password is needed for each, so that what they bound is a client that logs in anew
// for each request from ever new addresses.
const (
	maxSessions   = 20_000
	maxOfAccount  = 200
	sessionIdle   = "idle"
	sessionOver   = "expired"
	sessionPushed = "too many sessions"
)

// session is a live session.
type session struct {
	account.Session
	begun  time.Duration // by the watch of sessions
	used   time.Duration // the same
	key    reuse
	proof  seal.Key      // of the secret that was shown, or that the browser keeps; never stored
	idle   time.Duration // how long it lives without being used; 0: as long as others
	fresh  time.Duration // when its person last proved the second factor, by the watch
	proven bool          // they have
}

// reuse finds the session that somebody has already, so that each request of a file door may log in.
type reuse struct {
	account id.Account
	device  id.Device // zero for a memorised password
	address netip.Addr
	door    string
}

// sessions is who is at work. It is in memory only: after a restart everybody logs in again.
type sessions struct {
	idle time.Duration

	mu     sync.Mutex
	watch  watch                   // guarded by mu
	proofs map[seal.Key]id.Session // guarded by mu: of web sessions
	all    map[id.Session]*session // guarded by mu
	reuses map[reuse]id.Session    // guarded by mu
	uses   map[id.Device]time.Time // guarded by mu: the last login of devices since the start
	coming map[reuse]chan struct{} // guarded by mu: logins that are being recorded; closed when they are done
}

func newSessions(idle time.Duration) *sessions {
	return &sessions{idle: idle, all: make(map[id.Session]*session), reuses: make(map[reuse]id.Session), proofs: make(map[seal.Key]id.Session),
		uses: make(map[id.Device]time.Time), coming: make(map[reuse]chan struct{})}
}

// watch counts the time that passes, by a clock that somebody may set back: then it goes on from there, so that nobody's
// session gets longer by it.
type watch struct {
	passed time.Duration
	last   time.Time
}

// setBack is how much earlier than another a moment must be to show that the clock was set back, and not that two
// callers came at once.
const setBack = time.Second

func (w *watch) read(now time.Time) time.Duration {
	switch d := now.Sub(w.last); {
	case w.last.IsZero() || d < -setBack:
		w.last = now
	case d > 0:
		w.passed, w.last = w.passed+d, now
	}
	return w.passed
}

// over tells why a session does not count any more, or ""; t.mu is held.
func (t *sessions) over(s *session, now time.Time) string {
	passed := t.watch.read(now)
	switch {
	case !now.Before(s.Expires) || passed-s.begun >= s.Expires.Sub(s.Started):
		return sessionOver
	case passed-s.used >= cmp.Or(s.idle, t.idle):
		return sessionIdle
	}
	return ""
}

// get returns a live session and notes its use.
func (t *sessions) get(s id.Session, now time.Time) (account.Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[s]
	if x == nil || t.over(x, now) != "" {
		return account.Session{}, false
	}
	x.used = t.watch.read(now)
	return x.Session, true
}

// find returns the live session that was begun with the same secret, device, address and door, and notes its use.
func (t *sessions) find(k reuse, proof seal.Key, now time.Time) (account.Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[t.reuses[k]]
	if x == nil || t.over(x, now) != "" || subtle.ConstantTimeCompare(x.proof[:], proof[:]) != 1 {
		return account.Session{}, false
	}
	x.used = t.watch.read(now)
	t.note(k.device, now)
	return x.Session, true
}

// claim makes the caller the one who logs k in, until it calls done. Somebody who came second gets a channel to wait
// on instead: clients open with several connections at once, and that is one login.
func (t *sessions) claim(k reuse) (done func(), wait <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.coming[k]; ok {
		return nil, c
	}
	c := make(chan struct{})
	t.coming[k] = c
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.coming, k)
		close(c)
	}, nil
}

// note remembers the use of a device; t.mu is held.
func (t *sessions) note(d id.Device, now time.Time) {
	if !d.IsZero() {
		t.uses[d] = now
	}
}

// lastUse returns when a device or token was last used, which the books know as used.
func (t *sessions) lastUse(d id.Device, used time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u := t.uses[d]; u.After(used) {
		return u
	}
	return used
}

// Web sessions end when nobody has used them for an hour, and acts that could give somebody a way in want a second
// factor that was proven in the last quarter of one: NIST SP 800-63B-4 sections 2.2.3 and 4.1.
const (
	webIdle   = time.Hour
	freshTime = 15 * time.Minute
)

// bySecret returns the live web session of a secret's proof, and notes its use.
func (t *sessions) bySecret(proof seal.Key, now time.Time) (account.Session, bool) {
	t.mu.Lock()
	n, ok := t.proofs[proof]
	t.mu.Unlock()
	if !ok {
		return account.Session{}, false
	}
	return t.get(n, now)
}

// prove notes that a session's person has proven the second factor.
func (t *sessions) prove(n id.Session, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.all[n]; x != nil {
		x.fresh, x.proven = t.watch.read(now), true
	}
}

// fresh reports whether that was a short time ago.
func (t *sessions) fresh(n id.Session, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[n]
	return x != nil && x.proven && t.watch.read(now)-x.fresh < freshTime
}

// add begins a session. It returns the sessions that had to make room, and false if there is none.
func (t *sessions) add(x *session, now time.Time) (pushed []account.Session, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var oldest *session
	n := 0
	for _, y := range t.all {
		if y.key.account != x.Account || x.Account.IsZero() {
			continue
		}
		n++
		if oldest == nil || y.used < oldest.used {
			oldest = y
		}
	}
	if n >= maxOfAccount {
		t.drop(oldest)
		pushed = append(pushed, oldest.Session)
	}
	if len(t.all) >= maxSessions {
		return pushed, false
	}
	x.begun = t.watch.read(now)
	x.used = x.begun
	t.all[x.ID] = x
	switch {
	case x.idle != 0: // found by the secret that the browser keeps; each browser has its own
		t.proofs[x.proof] = x.ID
	case !x.Account.IsZero():
		t.reuses[x.key] = x.ID
		t.note(x.Device, now)
	}
	return pushed, true
}

// drop forgets a session; t.mu is held.
func (t *sessions) drop(x *session) {
	if t.reuses[x.key] == x.ID {
		delete(t.reuses, x.key)
	}
	if t.proofs[x.proof] == x.ID {
		delete(t.proofs, x.proof)
	}
	x.proof.Zero()
	delete(t.all, x.ID)
}

// end ends the sessions for which why returns a reason, and returns them with it.
func (t *sessions) end(why func(*session) string) (ended []account.Session, whys []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.all {
		if w := why(x); w != "" {
			t.drop(x)
			ended, whys = append(ended, x.Session), append(whys, w)
		}
	}
	return ended, whys
}

// peek returns a live session without noting a use.
func (t *sessions) peek(n id.Session, now time.Time) (account.Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[n]
	if x == nil || t.over(x, now) != "" {
		return account.Session{}, false
	}
	return x.Session, true
}

// list returns the live sessions for which pick says yes.
func (t *sessions) list(now time.Time, pick func(account.Session) bool) (out []account.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.all {
		if t.over(x, now) == "" && pick(x.Session) {
			out = append(out, x.Session)
		}
	}
	return out
}

// count returns how many sessions are live.
func (t *sessions) count(now time.Time) int {
	return len(t.list(now, func(account.Session) bool { return true }))
}
