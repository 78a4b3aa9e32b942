package keeper

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"rsc.io/qr"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/passkey"
	"github.com/azekura/azekura/internal/problem"
)

// passkeyState is a passkey of an account.
type passkeyState struct {
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Created time.Time          `json:"created"`
	Used    time.Time          `json:"used,omitzero"`
	Public  passkey.Credential `json:"public"`
}

const (
	maxPasskeys   = 20
	recoveryCodes = 10
	appID         = "app"      // an account has one
	recoveryID    = "recovery" // and one sheet of codes
	maxFactorName = 64         // bytes
)

// hasFactor reports whether the account has something to prove itself with besides a password. Recovery codes are
// for the day that it is lost.
func (a *accountState) hasFactor() bool { return a.App != nil || len(a.Passkeys) > 0 }

// passkeyIDs returns the credential ids of the account's passkeys for a site.
func (a *accountState) passkeyIDs(host string) (out [][]byte) {
	for _, p := range a.Passkeys {
		if p.Public.Host == host {
			out = append(out, p.Public.ID)
		}
	}
	return out
}

// newRecovery gives the account a new sheet of codes, 80 random bits each, and returns them.
func (a *accountState) newRecovery() (codes []string) {
	a.Recovery = nil
	for range recoveryCodes {
		c := groups(4)
		hash := recoveryHash(c)
		codes, a.Recovery = append(codes, c), append(a.Recovery, hash[:])
	}
	return codes
}

func recoveryHash(code string) [32]byte { return secretHash("recovery" + normalDevice(code)) }

// takeRecovery uses a recovery code up, if it is one.
func (a *accountState) takeRecovery(code string) bool {
	hash, at := recoveryHash(cut(code, 64)), -1
	for i, h := range a.Recovery { // all of them, whichever it is
		if subtle.ConstantTimeCompare(h, hash[:]) == 1 {
			at = i
		}
	}
	if at >= 0 {
		a.Recovery = slices.Delete(a.Recovery, at, at+1)
	}
	return at >= 0
}

// takeCode takes a code of the app, or else a recovery code, and tells which it was.
func (a *accountState) takeCode(code string, now time.Time) (account.AuthenticatorKind, bool) {
	if a.App != nil {
		if next, ok := a.App.take(code, now); ok {
			a.App = next
			return account.App, true
		}
	}
	return account.Recovery, a.takeRecovery(code)
}

// takePasskey takes a browser's answer about one of the account's passkeys.
func (a *accountState) takePasskey(site passkey.Site, challenge []byte, answer json.RawMessage, now time.Time) error {
	named, _, err := passkey.Named(answer)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(a.Passkeys, func(p passkeyState) bool { return bytes.Equal(p.Public.ID, named) })
	if i < 0 {
		return errors.New("a passkey that is not this account's")
	}
	next, err := site.Verify(challenge, a.Passkeys[i].Public, answer)
	if err != nil {
		return err
	}
	a.Passkeys[i].Public, a.Passkeys[i].Used = next, now
	return nil
}

// authenticators lists what the account has, for its owner.
func (a *accountState) authenticators() (out []account.Authenticator) {
	if a.App != nil {
		out = append(out, account.Authenticator{ID: appID, Kind: account.App, Created: a.App.Created, Used: a.App.Used})
	}
	for _, p := range a.Passkeys {
		out = append(out, account.Authenticator{ID: p.ID, Kind: account.Passkey, Name: p.Name, Created: p.Created, Used: p.Used})
	}
	if len(a.Recovery) > 0 {
		out = append(out, account.Authenticator{ID: recoveryID, Kind: account.Recovery, Left: len(a.Recovery)})
	}
	return out
}

// site is who asks for passkeys, at an origin that the storehouse vouches for.
func (l *Local) site(origin string) passkey.Site {
	name := l.Firm()
	if name == "" {
		name = "Azekura"
	}
	return passkey.Site{Origin: origin, Name: name}
}

// setUp begins to set up a second factor for an account with a ticket; t.mu is held.
func (l *Local) setUp(t *ticket, a *accountState, kind account.AuthenticatorKind, origin, secret string) (account.Enrolment, error) {
	const op = "set up second factor"
	e := account.Enrolment{Ticket: secret}
	switch kind {
	case account.App:
		if t.app == nil { // who mistyped a code has this one in the app already
			t.app = newApp(l.now())
		}
		site := l.site(origin)
		e.Secret, e.URI = t.app.text(), t.app.uri(site.Name, a.Name)
		code, err := qr.Encode(e.URI, qr.M)
		if err != nil {
			return e, problem.New(problem.Internal, op, a.Name, err)
		}
		e.QR = "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
	case account.Passkey:
		if len(a.Passkeys) >= maxPasskeys {
			return e, problem.New(problem.TooLarge, op, a.Name, errors.New("too many passkeys"))
		}
		t.challenge = newChallenge()
		e.Passkey = l.site(origin).Create(t.challenge, a.ID[:], a.Name, a.passkeyIDs(l.site(origin).Host()))
	default:
		return e, problem.New(problem.Invalid, op, string(kind), nil)
	}
	t.setting = kind
	return e, nil
}

func newChallenge() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// add gives the account the second factor that was set up, and recovery codes if it has none; t.mu is held.
func (l *Local) add(t *ticket, a *accountState, q account.NewFactor, origin string) (e event.Event, codes []string, err error) {
	name := cut(q.Name, maxFactorName)
	switch t.setting {
	case account.App:
		next, ok := t.app.take(q.Code, l.now())
		if !ok {
			return e, nil, errCode
		}
		a.App = next
	case account.Passkey:
		challenge := t.challenge
		t.challenge = nil // good for one answer
		c, err := l.site(origin).Register(challenge, q.Credential)
		if err != nil {
			return e, nil, err
		}
		if slices.ContainsFunc(a.Passkeys, func(p passkeyState) bool { return bytes.Equal(p.Public.ID, c.ID) }) {
			return e, nil, errors.New("the passkey is set up already")
		}
		a.Passkeys = append(a.Passkeys, passkeyState{ID: rand.Text(), Name: name, Created: l.now(), Public: c})
	default:
		return e, nil, errors.New("nothing is being set up")
	}
	if len(a.Recovery) == 0 {
		codes = a.newRecovery()
	}
	return event.Event{Kind: event.FactorMade, Target: a.Name, Note: factorNote(t.setting, name)}, codes, nil
}

var errCode = errors.New("the code is not right, or was used before")

func factorNote(kind account.AuthenticatorKind, name string) string {
	if name == "" {
		return string(kind)
	}
	return string(kind) + ": " + name
}

// fresh returns nil if a session's person has proven the second factor lately: what could give somebody else a way
// in, or takes one away, wants that.
func (l *Local) fresh(by account.Session, op string) error {
	if by.Factor == account.SecondFactor && !l.sessions.fresh(by.ID, l.now()) {
		return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.prove-again"}
	}
	return nil
}

// own returns the caller's account in a draft, for acts that want a fresh proof.
func (l *Local) own(d *draft, by account.Session, op string) (*accountState, error) {
	a := d.byID(by.Account)
	if a == nil || by.Factor != account.SecondFactor && by.Factor != account.Password {
		return nil, notAllowed(op)
	}
	return a, l.fresh(by, op)
}

// BeginFactor begins to set up a second factor for the caller.
func (l *Local) BeginFactor(_ context.Context, s id.Session, kind account.AuthenticatorKind, earlier, origin string) (account.Enrolment, error) {
	const op = "set up second factor"
	by, err := l.live(s)
	if err != nil {
		return account.Enrolment{}, err
	}
	b := l.books.Load()
	a, err := l.own(b.draft(), by, op)
	if err != nil {
		return account.Enrolment{}, err
	}
	t := l.tickets.get(earlier, by.Address, l.now())
	if t == nil || t.session != s {
		t = &ticket{account: a.ID, session: s, from: by.Address}
		earlier = l.tickets.add(t, l.now())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return l.setUp(t, a, kind, origin, earlier)
}

// EndFactor ends the setting up of a second factor. With the first come recovery codes.
func (l *Local) EndFactor(ctx context.Context, s id.Session, q account.NewFactor, origin string) (codes []string, err error) {
	const op = "set up second factor"
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	t := l.tickets.get(q.Ticket, by.Address, l.now())
	if t == nil || t.session != s {
		return nil, ticketOver(op)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err = l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (e event.Event, err error) {
		a, err := l.own(d, by, op)
		if err != nil {
			return e, err
		}
		if e, codes, err = l.add(t, a, q, origin); err != nil {
			err = wrongCode(op, err)
		}
		return e, err
	})
	if err != nil {
		return nil, err
	}
	l.tickets.drop(t)
	return codes, nil
}

// RemoveFactor removes a second factor of the caller, but not the last while nobody may be without.
func (l *Local) RemoveFactor(ctx context.Context, s id.Session, n string) error {
	const op = "remove second factor"
	return l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := l.own(d, by, op)
		if err != nil {
			return event.Event{}, err
		}
		note := appID
		switch i := slices.IndexFunc(a.Passkeys, func(p passkeyState) bool { return p.ID == n }); {
		case i >= 0:
			note = factorNote(account.Passkey, a.Passkeys[i].Name)
			a.Passkeys = slices.Delete(a.Passkeys, i, i+1)
		case n == appID && a.App != nil:
			a.App = nil
		default:
			return event.Event{}, problem.New(problem.NotFound, op, "", nil)
		}
		if !a.hasFactor() && !b.Policy.WithoutSecondFactor {
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: note, Hint: "hint.last-factor"}
		}
		if !a.hasFactor() {
			a.Recovery = nil
		}
		return event.Event{Kind: event.FactorRemoved, Target: a.Name, Note: note}, nil
	})
}

// NewRecoveries makes new recovery codes for the caller; those before are useless.
func (l *Local) NewRecoveries(ctx context.Context, s id.Session) (codes []string, err error) {
	const op = "make recovery codes"
	err = l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a, err := l.own(d, by, op)
		if err != nil {
			return event.Event{}, err
		}
		codes = a.newRecovery()
		return event.Event{Kind: event.FactorMade, Target: a.Name, Note: string(account.Recovery)}, nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// ResetFactors asks for an account to lose its password and all second factors, which its owner cannot show any more.
// Once another person has confirmed, an invitation lets them in again.
func (l *Local) ResetFactors(ctx context.Context, s id.Session, name, reason string) (account.Outcome, error) {
	const op = "reset second factors"
	a := l.books.Load().known(name)
	if a == nil {
		if err := l.power(s, account.ManageAccounts, op); err != nil {
			return account.Outcome{}, err
		}
		return account.Outcome{}, noAccount(op, name)
	}
	return l.propose(ctx, s, op, proposalState{Act: actResetFactors, On: a.ID, Target: a.Name, Reason: reason}, account.ManageAccounts)
}
