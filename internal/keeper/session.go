package keeper

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// session is a live session.
type session struct {
	account.Session
	used time.Time
	key  loginKey
}

// loginKey finds the session that a device has already, so that each request of a file door can log in.
type loginKey struct {
	device  id.Device
	address netip.Addr
	door    string
}

const maxSessions = 20_000

// refuse is the answer to every login that fails, whatever the reason.
func refuse(name string) error {
	return &problem.Error{Kind: problem.Unauthenticated, Op: "log in", On: name, Hint: "hint.log-in-again"}
}

// Login implements Gate.
func (l *Local) Login(ctx context.Context, c account.Credentials) (account.Session, error) {
	c.Name = clean(c.Name)
	if len(c.Name) > 1024 || len(c.Secret) > 4096 {
		return account.Session{}, refuse("")
	}
	switch c.Factor {
	case account.Console:
		return l.loginConsole(ctx, c)
	case account.DevicePassword:
		return l.loginDevice(ctx, c)
	case account.Password:
		return l.loginPassword(ctx, c)
	}
	return account.Session{}, refuse(c.Name)
}

// loginConsole starts the session of a local command.
func (l *Local) loginConsole(ctx context.Context, c account.Credentials) (account.Session, error) {
	if !l.cfg.Console || c.Door != "console" {
		return account.Session{}, l.failed(ctx, c, "console is not open")
	}
	return l.begin(ctx, account.Session{Name: "console:" + c.Name, Role: account.Administrator, Factor: account.Console, Door: c.Door}, loginKey{}, c.Software)
}

// loginDevice returns the device's session at this address and door, or starts it.
func (l *Local) loginDevice(ctx context.Context, c account.Credentials) (account.Session, error) {
	hash := sha256.Sum256([]byte(normalDevice(c.Secret)))
	l.mu.Lock()
	a := l.account(c.Name)
	var found *deviceState
	if a != nil && !a.Disabled {
		for _, d := range a.Devices {
			if subtle.ConstantTimeCompare(d.Hash, hash[:]) == 1 {
				found = d
			}
		}
	}
	if found == nil {
		l.mu.Unlock()
		if err := l.throttle.check(c.Address, "", l.cfg.Now()); err != nil {
			return account.Session{}, err
		}
		l.throttle.miss(c.Address, "", l.cfg.Now())
		return account.Session{}, l.failed(ctx, c, "unknown name or device password")
	}
	key := loginKey{found.ID, c.Address, c.Door}
	now := l.cfg.Now()
	found.used = now
	if s := l.sessions[l.logins[key]]; s != nil && l.alive(s, now) {
		s.used = now
		l.mu.Unlock()
		return s.Session, nil
	}
	s := account.Session{Account: a.ID, Name: a.Name, Role: a.Role, Factor: account.DevicePassword, Device: found.ID,
		DeviceName: found.Name, Address: c.Address, Door: c.Door}
	l.mu.Unlock()
	return l.begin(ctx, s, key, c.Software)
}

// loginPassword starts a session with a memorised password.
func (l *Local) loginPassword(ctx context.Context, c account.Credentials) (account.Session, error) {
	now := l.cfg.Now()
	if err := l.throttle.check(c.Address, c.Name, now); err != nil {
		return account.Session{}, err
	}
	l.mu.Lock()
	a := l.account(c.Name)
	against, ok := l.decoy, false
	var s account.Session
	if a != nil && !a.Disabled && a.Password != nil {
		against, ok = *a.Password, true
		s = account.Session{Account: a.ID, Name: a.Name, Role: a.Role, Factor: account.Password, Address: c.Address, Door: c.Door}
	}
	l.mu.Unlock()
	select {
	case l.hashing <- struct{}{}:
	case <-ctx.Done():
		return account.Session{}, ctx.Err()
	}
	right := against.matches(c.Secret)
	<-l.hashing
	if !right || !ok {
		l.throttle.miss(c.Address, c.Name, now)
		return account.Session{}, l.failed(ctx, c, "unknown name or password")
	}
	return l.begin(ctx, s, loginKey{}, c.Software)
}

// failed records a failed login and returns the refusal. A flood is summed up in the heartbeat, so that
// nobody can fill the ledger from outside.
func (l *Local) failed(ctx context.Context, c account.Credentials, why string) error {
	if l.throttle.mayRecord(l.cfg.Now()) {
		name := c.Name
		if len(name) > 256 {
			name = strings.ToValidUTF8(name[:256], "")
		}
		err := l.append(ctx, event.Event{Kind: event.LoginFailed, Actor: strings.ToValidUTF8(name, "?"), Address: c.Address, Door: c.Door, Note: why})
		if err != nil {
			l.cfg.Log.ErrorContext(ctx, "a failed login is not in the ledger", "err", err)
		}
	}
	return refuse(c.Name)
}

// begin starts a session, after it stands in the ledger.
func (l *Local) begin(ctx context.Context, s account.Session, key loginKey, software string) (account.Session, error) {
	now := l.cfg.Now().UTC()
	s.ID, s.Started, s.Expires = id.NewSession(), now, now.Add(l.cfg.SessionTTL)
	note := s.DeviceName
	if software != "" {
		note = strings.TrimSpace(note + " (" + strings.ToValidUTF8(software, "?") + ")")
	}
	err := l.Record(ctx, event.Event{Kind: event.Login, Session: s.ID, Account: s.Account, Actor: s.Name, Device: s.Device,
		Address: s.Address, Door: s.Door, Until: s.Expires, Note: note})
	if err != nil {
		return account.Session{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.sessions) >= maxSessions {
		return account.Session{}, problem.New(problem.Unavailable, "log in", s.Name, errors.New("too many sessions, or the keeper is stopping"))
	}
	if key.device != (id.Device{}) {
		// Two requests of one device may have come at once: the session that was first is the one.
		if old := l.sessions[l.logins[key]]; old != nil && l.alive(old, now) {
			return old.Session, nil
		}
		l.logins[key] = s.ID
	}
	l.sessions[s.ID] = &session{Session: s, used: now, key: key}
	return s, nil
}

// alive reports whether a session still counts; mu is held.
func (l *Local) alive(s *session, now time.Time) bool {
	return now.Before(s.Expires) && now.Sub(s.used) < l.cfg.IdleTTL
}

// live returns a session that still counts, and notes its use; mu is held.
func (l *Local) live(s id.Session) (*session, error) {
	now := l.cfg.Now()
	x := l.sessions[s]
	if x == nil || !l.alive(x, now) {
		return nil, &problem.Error{Kind: problem.Unauthenticated, Op: "check session", Hint: "hint.log-in-again"}
	}
	x.used = now
	return x, nil
}

// rights returns what a session may do in a share; mu is held.
func (l *Local) rights(s *session, share id.Share) Rights {
	if l.share(share) == nil {
		return None
	}
	if s.Role == account.Administrator {
		return Write
	}
	if r := l.state.Rights[s.Account][share]; r == Read || r == Write {
		return r
	}
	return None
}

// Check implements Gate.
func (l *Local) Check(_ context.Context, s id.Session, share id.Share, write bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, err := l.live(s)
	if err != nil {
		return err
	}
	if r := l.rights(x, share); r == None || write && r != Write {
		return &problem.Error{Kind: problem.Denied, Op: "check rights", Hint: "hint.ask-for-rights"}
	}
	return nil
}

// Shares implements Gate.
func (l *Local) Shares(_ context.Context, s id.Session) ([]account.Share, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, err := l.live(s)
	if err != nil {
		return nil, err
	}
	var out []account.Share
	for _, sh := range l.state.Shares {
		if r := l.rights(x, sh.ID); r != None {
			out = append(out, account.Share{ID: sh.ID, Name: sh.Name, Write: r == Write})
		}
	}
	return out, nil
}

// End implements Gate.
func (l *Local) End(ctx context.Context, s id.Session, why string) error {
	l.mu.Lock()
	x := l.sessions[s]
	l.drop(s)
	l.mu.Unlock()
	if x == nil {
		return nil
	}
	return l.Record(ctx, logout(x, why))
}

func logout(s *session, why string) event.Event {
	return event.Event{Kind: event.Logout, Session: s.ID, Account: s.Account, Actor: s.Name, Device: s.Device, Address: s.Address, Door: s.Door, Note: why}
}

// drop forgets a session; mu is held.
func (l *Local) drop(s id.Session) {
	if x := l.sessions[s]; x != nil {
		if l.logins[x.key] == s {
			delete(l.logins, x.key)
		}
		delete(l.sessions, s)
	}
}

// sweep ends the sessions that have run out.
func (l *Local) sweep() {
	now := l.cfg.Now()
	var ended []event.Event
	l.mu.Lock()
	for n, s := range l.sessions {
		if !l.alive(s, now) {
			why := "idle"
			if !now.Before(s.Expires) {
				why = "expired"
			}
			ended = append(ended, logout(s, why))
			l.drop(n)
		}
	}
	l.mu.Unlock()
	if len(ended) > 0 {
		if err := l.append(context.Background(), ended...); err != nil {
			l.cfg.Log.Error("the end of sessions is not in the ledger", "err", err)
		}
	}
}

// Sessions lists the live sessions.
func (l *Local) Sessions(_ context.Context, s id.Session) ([]account.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, err := l.live(s)
	if err != nil {
		return nil, err
	}
	now := l.cfg.Now()
	var out []account.Session
	for _, y := range l.sessions {
		if l.alive(y, now) && (x.Role == account.Administrator || y.Account == x.Account) {
			out = append(out, y.Session)
		}
	}
	return out, nil
}

// account finds an account by name, in any Unicode form; mu is held.
func (l *Local) account(name string) *accountState {
	key := pathname.Key(name)
	for _, a := range l.state.Accounts {
		if pathname.Key(a.Name) == key {
			return a
		}
	}
	return nil
}

// share finds a share; mu is held.
func (l *Local) share(n id.Share) *shareState {
	for _, s := range l.state.Shares {
		if s.ID == n {
			return s
		}
	}
	return nil
}
