package keeper

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Bounds of what is shown at a door, in bytes.
const (
	maxLoginName = 1024
	maxLoginWord = 4 * password.Max
	maxSoftware  = 256
)

// Why a login failed, as the ledger says it. The person at the door is told only what cannot help a stranger.
const (
	whyUnknown   = "unknown name"
	whyPassword  = "wrong password"
	whyDevice    = "wrong device password"
	whyDisabled  = "account disabled"
	whyConsole   = "console not open"
	whyToken     = "no such token"
	whyInvited   = "no such invitation"
	whyNetwork   = "not from this network"
	whyDay       = "the day is not open"
	whyFactor    = "wrong second factor"
	whyNoFactor  = "no second factor"
	whyThrottled = "too many attempts"
	whyIdentity  = "nobody here"
	whyProvider  = "no answer of the identity provider"
	whyMalformed = "malformed"
)

// Login implements Gate. A live session of the same account, device, address and door is returned without an
// entry in the ledger; a new one is in the ledger before it is returned.
func (l *Local) Login(ctx context.Context, c account.Credentials) (account.Session, error) {
	leave, err := l.enter("log in")
	if err != nil {
		return account.Session{}, err
	}
	defer leave()
	c.Name = withoutDomain(c.Name)
	c.Software = cut(c.Software, maxSoftware)
	if len(c.Name) > maxLoginName || len(c.Secret) > maxLoginWord {
		c.Name = ""
		return account.Session{}, l.refuse(ctx, c, nil, whyMalformed, "hint.log-in-again")
	}
	switch c.Factor {
	case account.Console:
		return l.loginConsole(ctx, c)
	case account.DevicePassword, account.DeviceKey:
		return l.loginDevice(ctx, c)
	case account.ByToken:
		return l.loginToken(ctx, c)
	case account.Password:
		return l.loginPassword(ctx, c)
	}
	return account.Session{}, l.refuse(ctx, c, nil, whyMalformed, "hint.log-in-again")
}

// withoutDomain drops the domain that Windows puts before a name.
func withoutDomain(name string) string { return name[strings.LastIndexByte(name, '\\')+1:] }

// cut bounds what a client says of itself.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}

// loginConsole begins the session of a local command. Each has its own, so that the end of one is not that of others.
func (l *Local) loginConsole(ctx context.Context, c account.Credentials) (account.Session, error) {
	if !l.cfg.Console || c.Door != "console" {
		return account.Session{}, l.refuse(ctx, c, nil, whyConsole, "hint.log-in-again")
	}
	return l.begin(ctx, account.Session{Name: "console:" + cut(c.Name, 64), Role: account.Administrator, Factor: account.Console, Door: c.Door},
		seal.Key{}, c.Software)
}

// loginDevice takes a device password, or a key whose possession the door has verified, while the owner's day is open.
// Neither can be guessed, so wrong ones are never a reason to make the right one wait.
func (l *Local) loginDevice(ctx context.Context, c account.Credentials) (account.Session, error) {
	hash := deviceHash(c.Secret)
	b := l.books.Load()
	a := b.known(c.Name)
	if a == nil {
		return account.Session{}, l.refuse(ctx, c, nil, whyUnknown, hintOfDevice(c))
	}
	var device deviceState
	for _, d := range a.Devices { // all of them, whichever it is
		if c.Factor == account.DeviceKey && d.Key != "" && subtle.ConstantTimeCompare([]byte(d.Key), []byte(c.Secret)) == 1 ||
			c.Factor == account.DevicePassword && subtle.ConstantTimeCompare(d.Hash, hash[:]) == 1 {
			device = d
		}
	}
	switch {
	case device.ID.IsZero():
		return account.Session{}, l.refuse(ctx, c, a, whyDevice, hintOfDevice(c))
	case a.Disabled:
		return account.Session{}, l.refuseDevice(ctx, c, a, device.ID, whyDisabled, "hint.account-disabled")
	case !b.Policy.admits(a.Networks, c.Address):
		return account.Session{}, l.refuseDevice(ctx, c, a, device.ID, whyNetwork, "hint.network")
	case !a.Day.open(l.now()):
		return account.Session{}, l.refuseDevice(ctx, c, a, device.ID, whyDay, "hint.day-closed")
	}
	return l.join(ctx, account.Session{Account: a.ID, Name: a.Name, Role: a.Role, Factor: c.Factor, Device: device.ID,
		DeviceName: device.Name, Address: c.Address, Door: c.Door, Expires: a.Day.Until}, seal.Key(hash), c.Software)
}

// credentials is what is known of somebody at a door besides their secret.
func credentials(from account.Caller, name string) account.Credentials {
	return account.Credentials{Name: name, Address: from.Address, Door: from.Door, Software: from.Software}
}

// hintOfDevice tells those apart who typed their memorised password: by its form, so that it says nothing about
// whether it is right.
func hintOfDevice(c account.Credentials) string {
	if !strings.HasPrefix(normalDevice(c.Secret), account.DevicePrefix) {
		return "hint.device-password"
	}
	return "hint.log-in-again"
}

// loginPassword takes a memorised password at a file door, with the code that goes with it. Where nobody may be without
// a second factor, a password alone is not even looked at.
func (l *Local) loginPassword(ctx context.Context, c account.Credentials) (account.Session, error) {
	b := l.books.Load()
	a := b.known(c.Name)
	if c.Code == "" && !b.Policy.WithoutSecondFactor {
		return account.Session{}, l.refuse(ctx, c, a, whyNoFactor, "hint.device-password")
	}
	if c.Code != "" {
		return l.loginCode(ctx, c)
	}
	proof := l.proof(c.Secret)
	if a != nil {
		s := account.Session{Account: a.ID, Address: c.Address, Door: c.Door}
		if live, ok := l.sessions.find(keyOf(s), proof, l.now()); ok {
			return live, nil
		}
	}
	a, err := l.checkPassword(ctx, c)
	switch {
	case err != nil:
		return account.Session{}, err
	case a.hasFactor() || a.Renew:
		return account.Session{}, l.refuse(ctx, c, a, whyNoFactor, "hint.device-password")
	}
	s, err := l.join(ctx, account.Session{Account: a.ID, Name: a.Name, Role: a.Role, Factor: account.Password, Address: c.Address, Door: c.Door},
		proof, c.Software)
	if err != nil {
		return account.Session{}, err
	}
	// Another password may have come into force, and ended all sessions, while this one was on its way.
	if now := l.books.Load().byID[a.ID]; now == nil || now.Password != a.Password {
		l.endWhere(ctx, func(x account.Session) bool { return x.ID == s.ID }, whyPassword)
		return account.Session{}, l.refuse(ctx, c, a, whyPassword, "hint.log-in-again")
	}
	return s, nil
}

// loginCode takes a password and a code at a file door, as a login at the web takes them in two steps.
func (l *Local) loginCode(ctx context.Context, c account.Credentials) (account.Session, error) {
	from := account.Caller{Address: c.Address, Door: c.Door, Software: c.Software}
	step, _, err := l.SignIn(ctx, from, c.Name, c.Secret)
	if err != nil {
		return account.Session{}, err
	}
	step, secret, err := l.SignInCode(ctx, from, step.Ticket, c.Code)
	if err != nil {
		return account.Session{}, err
	}
	if len(step.Wants) > 0 { // a new password, which is chosen at the web
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "log in", On: c.Name, Hint: "hint.log-in-at-web"}
	}
	return l.Resume(ctx, secret, from)
}

// checkPassword returns the account whose password was shown. Names that nobody has cost as much time as others.
func (l *Local) checkPassword(ctx context.Context, c account.Credentials) (*accountState, error) {
	b := l.books.Load()
	a := b.known(c.Name)
	var whom id.Account
	against, real := &l.decoy, false
	if a != nil {
		whom = a.ID
		if a.Password != nil {
			against, real = a.Password, true
		}
	}
	right, err := l.throttle.try(accountKey(c.Name), whom, c.Address, l.cfg.Now(), func(known bool) (bool, error) {
		room := l.hashing
		if known {
			room = l.indoors
		}
		ok, err := verify(ctx, room, against, c.Secret)
		return ok && real, err
	})
	switch {
	case err == errThrottled:
		l.refuse(ctx, c, a, whyThrottled, "") // for the ledger; the person is told to wait
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "log in", On: c.Name, Hint: "hint.wait-and-log-in", Err: err}
	case err != nil:
		return nil, problem.New(problem.Unavailable, "log in", c.Name, err)
	case !right && a == nil:
		return nil, l.refuse(ctx, c, nil, whyUnknown, "hint.log-in-again")
	case !right:
		return nil, l.refuse(ctx, c, a, whyPassword, "hint.log-in-again")
	case a.Disabled:
		return nil, l.refuse(ctx, c, a, whyDisabled, "hint.account-disabled")
	case !b.Policy.admits(a.Networks, c.Address):
		return nil, l.refuse(ctx, c, a, whyNetwork, "hint.network")
	}
	return a, nil
}

// proof is what a live session remembers of the secret that it was begun with: no more than this process can make.
func (l *Local) proof(secret string) seal.Key {
	m := hmac.New(sha256.New, l.proofKey[:])
	io.WriteString(m, secret)
	return seal.Key(m.Sum(nil))
}

// verify hashes a password when there is room for it: each takes 64 MiB.
func verify(ctx context.Context, room chan struct{}, h *hashed, password string) (bool, error) {
	select {
	case room <- struct{}{}:
		defer func() { <-room }()
		return h.matches(password), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// refuse records a failed login, as far as there is room for such, and returns what the person is told. The ledger
// has the name only if it is an account's: people type passwords there.
func (l *Local) refuse(ctx context.Context, c account.Credentials, a *accountState, why, hint string) error {
	return l.refuseDevice(ctx, c, a, id.Device{}, why, hint)
}

// refuseDevice is refuse for what is known to be a device's password or key, or a token: the ledger tells which was stolen.
func (l *Local) refuseDevice(ctx context.Context, c account.Credentials, a *accountState, device id.Device, why, hint string) error {
	e := event.Event{Kind: event.LoginFailed, Device: device, Address: c.Address, Door: cut(c.Door, 64), Note: noteOf(why, c.Software)}
	if a != nil {
		e.Account, e.Actor = a.ID, a.Name
	}
	if l.failures.room(c.Address, l.cfg.Now()) {
		if err := l.append(ctx, e); err != nil {
			l.cfg.Log.ErrorContext(ctx, "a failed login is not in the ledger", "err", err)
		}
	}
	return &problem.Error{Kind: problem.Unauthenticated, Op: "log in", On: c.Name, Hint: hint}
}

// noteOf is the note of a login: why it failed or which device it is, and what the client calls itself.
func noteOf(what, software string) string {
	if software == "" {
		return what
	}
	return strings.TrimSpace(what + " (" + software + ")")
}

func keyOf(s account.Session) reuse { return reuse{s.Account, s.Device, s.Address, s.Door} }

// join returns the live session that s would be, or begins it. Of several that come at once one begins it.
func (l *Local) join(ctx context.Context, s account.Session, proof seal.Key, software string) (account.Session, error) {
	if f := l.books.Load().stopped(s, id.Share{}); f != nil && (f.personal() || f.Kind == account.StopAddress) {
		return account.Session{}, frozen("log in", s.Name)
	}
	for {
		if live, ok := l.sessions.find(keyOf(s), proof, l.now()); ok {
			return live, nil
		}
		done, wait := l.sessions.claim(keyOf(s))
		if wait == nil {
			defer done()
			return l.begin(ctx, s, proof, software)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return account.Session{}, problem.New(problem.Unavailable, "log in", s.Name, ctx.Err())
		}
	}
}

// begin begins a session: it is recorded, and then it is live.
func (l *Local) begin(ctx context.Context, s account.Session, proof seal.Key, software string) (account.Session, error) {
	now := l.now()
	s.ID, s.Started = id.NewSession(), now
	if until := now.Add(l.cfg.SessionTTL); s.Expires.IsZero() || s.Expires.After(until) {
		s.Expires = until
	}
	e := acting(event.Login, s)
	e.Until, e.Note = s.Expires, noteOf(s.DeviceName, software)
	if err := l.append(ctx, e); err != nil {
		return account.Session{}, err
	}
	pushed, ok := l.sessions.add(&session{Session: s, key: keyOf(s), proof: proof}, now)
	if !ok {
		return account.Session{}, &problem.Error{Kind: problem.Unavailable, Op: "log in", On: s.Name, Hint: "hint.too-many-sessions"}
	}
	l.recordEnds(ctx, pushed, sessionPushed)
	if err := l.stillMay(ctx, s); err != nil {
		return account.Session{}, err
	}
	return s, nil
}

// stillMay ends a session that has just begun if its account was closed, its device removed or its day ended while
// the login was being recorded.
func (l *Local) stillMay(ctx context.Context, s account.Session) error {
	if s.Factor == account.Console || l.books.Load().mayBegin(s, l.now()) {
		return nil
	}
	l.endWhere(ctx, func(x account.Session) bool { return x.ID == s.ID }, whyDisabled)
	return &problem.Error{Kind: problem.Unauthenticated, Op: "log in", On: s.Name, Hint: "hint.log-in-again"}
}
