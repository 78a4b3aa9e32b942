package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/oidc"
	"github.com/azekura/azekura/internal/passkey"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/problem"
)

// A login at the web has steps, and its ticket says how far it is: a password or a passkey, a second factor, a new
// password if one must be chosen. Each step returns what the next one is; the last returns the secret of a session.

// SignIn begins a login with a password.
func (l *Local) SignIn(ctx context.Context, from account.Caller, name, secret string) (account.Step, string, error) {
	leave, err := l.enter("log in")
	if err != nil {
		return account.Step{}, "", err
	}
	defer leave()
	c := credentials(from, withoutDomain(name))
	c.Secret, c.Software = secret, cut(from.Software, maxSoftware)
	if len(c.Name) > maxLoginName || len(c.Secret) > maxLoginWord {
		c.Name = ""
		return account.Step{}, "", l.refuse(ctx, c, nil, whyMalformed, "hint.log-in-again")
	}
	a, err := l.checkPassword(ctx, c)
	if err != nil {
		return account.Step{}, "", err
	}
	t := &ticket{account: a.ID, from: c.Address, door: c.Door, software: c.Software}
	return l.advance(ctx, t, l.tickets.add(t, l.now()), from.Origin, nil)
}

// SignInWithPasskey begins a login with a passkey alone: it knows who it is of, and has verified its owner.
func (l *Local) SignInWithPasskey(_ context.Context, from account.Caller) (account.Step, error) {
	t := &ticket{from: from.Address, door: from.Door, software: cut(from.Software, maxSoftware), passkey: true, challenge: newChallenge()}
	secret := l.tickets.add(t, l.now())
	return account.Step{Ticket: secret, Wants: []account.Want{account.WantPasskey}, Passkey: l.site(from.Origin).Get(t.challenge, nil)}, nil
}

// Prove begins to prove the second factor of a session anew.
func (l *Local) Prove(_ context.Context, s id.Session, from account.Caller) (account.Step, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Step{}, err
	}
	a := l.books.Load().byID[by.Account]
	if a == nil || by.Factor != account.SecondFactor {
		return account.Step{}, notAllowed("prove second factor")
	}
	t := &ticket{account: a.ID, session: s, from: from.Address}
	secret := l.tickets.add(t, l.now())
	t.mu.Lock()
	defer t.mu.Unlock()
	return l.step(t, secret, a, l.wants(t, a, from.Origin), from.Origin), nil
}

// SignInStep tells again where a login stands, with a new challenge for a passkey.
func (l *Local) SignInStep(_ context.Context, from account.Caller, secret string) (account.Step, error) {
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil {
		return account.Step{}, ticketOver("log in")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.account.IsZero() && t.passkey {
		t.challenge = newChallenge()
		return account.Step{Ticket: secret, Wants: []account.Want{account.WantPasskey}, Passkey: l.site(from.Origin).Get(t.challenge, nil)}, nil
	}
	a := l.books.Load().byID[t.account]
	if a == nil {
		return account.Step{}, ticketOver("log in")
	}
	return l.step(t, secret, a, l.wants(t, a, from.Origin), from.Origin), nil
}

func ticketOver(op string) error {
	return &problem.Error{Kind: problem.Unauthenticated, Op: op, Hint: "hint.log-in-anew"}
}

// wrongCode is what a person is told whose code or passkey was not taken.
func wrongCode(op string, err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok || err == nil {
		return err
	}
	hint := "hint.passkey"
	if err == errCode {
		hint = "hint.code"
	}
	return &problem.Error{Kind: problem.Invalid, Op: op, Hint: hint, Err: err}
}

// goOn goes on with a ticket: what a step changes is done by do, in the draft in which the login may end.
func (l *Local) goOn(ctx context.Context, secret string, from account.Caller, do func(t *ticket, a *accountState) ([]event.Event, error)) (account.Step, string, error) {
	leave, err := l.enter("log in")
	if err != nil {
		return account.Step{}, "", err
	}
	defer leave()
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil {
		return account.Step{}, "", ticketOver("log in")
	}
	return l.advance(ctx, t, secret, from.Origin, do)
}

// SignInCode goes on with a code: of the authenticator app, or a recovery code.
func (l *Local) SignInCode(ctx context.Context, from account.Caller, secret, code string) (account.Step, string, error) {
	return l.guess(ctx, from, secret, func(t *ticket, a *accountState) error {
		kind, ok := a.takeCode(code, l.now())
		if !ok {
			return errCode
		}
		t.prove(kind, a)
		return nil
	})
}

// SignInPasskey goes on with what the browser says about a passkey.
func (l *Local) SignInPasskey(ctx context.Context, from account.Caller, secret string, answer json.RawMessage) (account.Step, string, error) {
	if t := l.tickets.get(secret, from.Address, l.now()); t != nil {
		l.whose(t, answer)
	}
	return l.guess(ctx, from, secret, func(t *ticket, a *accountState) error {
		challenge := t.challenge
		t.challenge = nil // good for one answer
		if err := a.takePasskey(l.site(from.Origin), challenge, answer, l.now()); err != nil {
			return err
		}
		t.prove(account.Passkey, a)
		return nil
	})
}

// whose finds the account of a login that began with a passkey. Nothing is proven by that yet.
func (l *Local) whose(t *ticket, answer json.RawMessage) {
	named, _, err := passkey.Named(answer)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.account.IsZero() || !t.passkey {
		return
	}
	for _, a := range l.books.Load().Accounts {
		if slices.ContainsFunc(a.Passkeys, func(p passkeyState) bool { return string(p.Public.ID) == string(named) }) {
			t.account = a.ID
		}
	}
}

// guess goes on with something that could be guessed: as often as the throttle and the ticket let it.
func (l *Local) guess(ctx context.Context, from account.Caller, secret string, check func(t *ticket, a *accountState) error) (step account.Step, session string, err error) {
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil {
		return account.Step{}, "", ticketOver("log in")
	}
	t.mu.Lock()
	whom, door := t.account, t.door
	t.mu.Unlock()
	a := l.books.Load().byID[whom]
	if a == nil {
		l.tickets.drop(t)
		return account.Step{}, "", l.refuse(ctx, credentials(from, ""), nil, whyFactor, "hint.passkey")
	}
	c := credentials(from, a.Name)
	if door == "" { // a session proves anew: a mistake is no failed login
		c.Door = from.Door
	}
	_, tried := l.codes.try(accountKey(a.Name), a.ID, from.Address, l.cfg.Now(), func(bool) (bool, error) {
		step, session, err = l.goOn(ctx, secret, from, func(t *ticket, a *accountState) ([]event.Event, error) {
			if t.tries++; t.tries > ticketTries {
				l.tickets.drop(t)
				return nil, ticketOver("log in")
			}
			return nil, wrongCode("log in", check(t, a))
		})
		return err == nil, nil
	})
	if tried == errThrottled {
		l.refuse(ctx, c, a, whyThrottled, "") // for the ledger; the person is told to wait
		return account.Step{}, "", &problem.Error{Kind: problem.Unavailable, Op: "log in", On: a.Name, Hint: "hint.wait-and-log-in", Err: tried}
	}
	if problem.KindOf(err) == problem.Invalid {
		l.refuse(ctx, c, a, whyFactor, "")
	}
	return step, session, err
}

// SignInPassword goes on with the new password that must be chosen.
func (l *Local) SignInPassword(ctx context.Context, from account.Caller, secret, chosen string) (account.Step, string, error) {
	const op = "set password"
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil {
		return account.Step{}, "", ticketOver(op)
	}
	t.mu.Lock()
	whom := t.account
	t.mu.Unlock()
	a := l.books.Load().byID[whom]
	if a == nil {
		return account.Step{}, "", ticketOver(op)
	}
	if a.Password != nil {
		if same, err := verify(ctx, l.indoors, a.Password, chosen); err != nil || same {
			return account.Step{}, "", &problem.Error{Kind: problem.Invalid, Op: op, On: a.Name, Hint: "hint.password-same", Err: err}
		}
	}
	h, err := l.newPassword(ctx, op, a.Name, chosen, !a.hasFactor())
	switch {
	case err != nil:
		return account.Step{}, "", err
	case h == nil:
		return account.Step{}, "", refused(op, a.Name, password.Short)
	}
	return l.goOn(ctx, secret, from, func(t *ticket, a *accountState) ([]event.Event, error) {
		if !slices.Contains(l.wants(t, a, from.Origin), account.WantPassword) {
			return nil, ticketOver(op) // not before the second factor
		}
		a.Password, a.Renew = h, false
		return []event.Event{{Kind: event.AccountChanged, Target: a.Name, Note: "password"}}, nil
	})
}

// SignInFactor begins to set up the second factor that a login wants.
func (l *Local) SignInFactor(_ context.Context, from account.Caller, secret string, kind account.AuthenticatorKind) (account.Enrolment, error) {
	const op = "set up second factor"
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil {
		return account.Enrolment{}, ticketOver(op)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a := l.books.Load().byID[t.account]
	if a == nil || !slices.Contains(l.wants(t, a, from.Origin), account.WantFactor) {
		return account.Enrolment{}, ticketOver(op)
	}
	return l.setUp(t, a, kind, from.Origin, secret)
}

// SignInNewFactor ends the setting up of the second factor that a login wants.
func (l *Local) SignInNewFactor(ctx context.Context, from account.Caller, q account.NewFactor) (account.Step, string, error) {
	var codes []string
	step, session, err := l.goOn(ctx, q.Ticket, from, func(t *ticket, a *accountState) ([]event.Event, error) {
		if !slices.Contains(l.wants(t, a, from.Origin), account.WantFactor) {
			return nil, ticketOver("log in")
		}
		if t.tries++; t.tries > ticketTries*2 { // people mistype while they learn
			l.tickets.drop(t)
			return nil, ticketOver("log in")
		}
		e, made, err := l.add(t, a, q, from.Origin)
		if err != nil {
			return nil, wrongCode("set up second factor", err)
		}
		codes = made
		t.prove(t.setting, a)
		return []event.Event{e}, nil
	})
	step.Recovery = codes
	return step, session, err
}

// wants returns what a login wants next; t.mu is held. Nothing: it is done.
func (l *Local) wants(t *ticket, a *accountState, origin string) (out []account.Want) {
	switch {
	case t.proved != "" && t.prover == a.ID:
	case a.hasFactor():
		if a.App != nil {
			out = append(out, account.WantCode)
		}
		if len(a.passkeyIDs(l.site(origin).Host())) > 0 {
			out = append(out, account.WantPasskey)
		}
		if len(a.Recovery) > 0 {
			out = append(out, account.WantRecovery)
		}
		return out
	case !l.books.Load().Policy.WithoutSecondFactor:
		return []account.Want{account.WantFactor}
	}
	if a.Renew && t.session.IsZero() {
		return []account.Want{account.WantPassword}
	}
	return nil
}

// step describes where a login stands; t.mu is held.
func (l *Local) step(t *ticket, secret string, a *accountState, wants []account.Want, origin string) account.Step {
	out := account.Step{Ticket: secret, Account: a.Name, Wants: wants}
	if slices.Contains(wants, account.WantPasskey) {
		t.challenge = newChallenge()
		site := l.site(origin)
		out.Passkey = site.Get(t.challenge, a.passkeyIDs(site.Host()))
	}
	return out
}

// advance does what a step changes (nil: nothing) and goes on as far as the login can: to what it wants next, or into
// a session. What is done and the beginning of the session are one change of the books.
func (l *Local) advance(ctx context.Context, t *ticket, secret, origin string, do func(t *ticket, a *accountState) ([]event.Event, error)) (account.Step, string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !l.tickets.live(t) { // it ended while another step was at work with it
		return account.Step{}, "", ticketOver("log in")
	}
	if do == nil {
		a := l.books.Load().byID[t.account]
		if a == nil {
			return account.Step{}, "", ticketOver("log in")
		}
		if wants := l.wants(t, a, origin); len(wants) > 0 {
			return l.step(t, secret, a, wants, origin), "", nil
		}
	}
	var out account.Step
	var begun account.Session
	err := l.amend(ctx, "log in", "", func(_ *books, d *draft) (events []event.Event, err error) {
		a := d.byID(t.account)
		if !a.mayEnter() {
			return nil, ticketOver("log in")
		}
		if do != nil {
			if events, err = do(t, a); err != nil {
				return nil, err
			}
		}
		wants := l.wants(t, a, origin)
		out = l.step(t, secret, a, wants, origin)
		s := account.Session{Account: a.ID, Name: a.Name, Role: a.Role, Factor: account.SecondFactor, Address: t.from, Door: t.door}
		if len(wants) == 0 {
			more, err := l.arrive(t, a, d, &s)
			if err != nil {
				return nil, err
			}
			events = append(events, more...)
			begun = s
		}
		for i, e := range events {
			events[i] = acting(e.Kind, s)
			events[i].Target, events[i].Note, events[i].Until = e.Target, e.Note, e.Until
		}
		return events, nil
	})
	switch {
	case err != nil:
		if problem.KindOf(err) != problem.Invalid { // else what was tried was not taken, and may be tried again
			l.tickets.drop(t)
		}
		return account.Step{}, "", err
	case len(out.Wants) > 0:
		return out, "", nil
	}
	l.tickets.drop(t)
	out.Ticket = ""
	if !t.session.IsZero() {
		l.sessions.prove(t.session, l.now())
		return out, "", nil
	}
	out.Until = begun.Expires
	session, err := l.settle(ctx, begun)
	return out, session, err
}

// arrive is the last step of a login: an accepted invitation comes into force, and the day opens. For somebody who is in
// already it only says that the second factor was proven.
func (l *Local) arrive(t *ticket, a *accountState, d *draft, s *account.Session) ([]event.Event, error) {
	if !t.session.IsZero() {
		x, err := l.live(t.session)
		*s = x
		return []event.Event{{Kind: event.Proved, Note: string(t.proved)}}, err
	}
	if t.invitation != nil {
		if t.identity != nil && identified(d.Accounts, oidc.Identity{Issuer: t.identity.Issuer, Subject: t.identity.Subject}) != nil {
			return nil, taken("accept invitation") // somebody has tied it meanwhile
		}
		if err := a.accepted(t); err != nil {
			return nil, noInvitation("accept invitation")
		}
	}
	now := l.now()
	s.ID, s.Started, s.Expires = id.NewSession(), now, now.Add(l.cfg.SessionTTL)
	if t.proved == "" {
		s.Factor = account.Password
	}
	a.Used = now
	var events []event.Event
	if t.invitation != nil {
		events = append(events, event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "invitation accepted"})
	}
	events = append(events, event.Event{Kind: event.Login, Until: s.Expires, Note: noteOf(string(t.proved), t.software)})
	if a.Role.MayHold() {
		events = append(events, d.openDay(a, s.ID, now, 0))
	}
	return events, nil
}

// settle makes a session that stands in the ledger count, and returns its secret.
func (l *Local) settle(ctx context.Context, s account.Session) (string, error) {
	secret, _ := newSecret()
	now := l.now()
	x := &session{Session: s, proof: l.proof(secret), idle: webIdle}
	pushed, ok := l.sessions.add(x, now)
	if !ok {
		return "", &problem.Error{Kind: problem.Unavailable, Op: "log in", On: s.Name, Hint: "hint.too-many-sessions"}
	}
	l.sessions.prove(s.ID, now)
	for _, t := range []*throttle{l.throttle, l.codes} {
		t.welcome(s.Account, s.Address)
	}
	return secret, errors.Join(l.recordEnds(ctx, pushed, sessionPushed), l.stillMay(ctx, s))
}

// Resume returns the live session of a secret. A session lives at the address where it began: what the ledger says of
// it would not be true elsewhere.
func (l *Local) Resume(ctx context.Context, secret string, from account.Caller) (account.Session, error) {
	leave, err := l.enter("check session")
	if err != nil {
		return account.Session{}, err
	}
	defer leave()
	x, ok := l.sessions.bySecret(l.proof(secret), l.now())
	if !ok {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "check session", Hint: "hint.log-in-again"}
	}
	if network(from.Address) != network(x.Address) {
		err := l.endWhere(ctx, func(y account.Session) bool { return y.ID == x.ID }, "seen at another address")
		return account.Session{}, errors.Join(&problem.Error{Kind: problem.Unauthenticated, Op: "check session", Hint: "hint.address-changed"}, err)
	}
	return x, nil
}
