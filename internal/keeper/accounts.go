package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of the books, which are in memory and are written as a whole with each change.
const (
	maxAccounts    = 10_000
	maxDevices     = 50
	maxShares      = 20_000
	maxAccountName = 64 // code points
)

// MakeAccount makes an account. Without a password it waits for an invitation.
func (l *Local) MakeAccount(ctx context.Context, s id.Session, n account.NewAccount) error {
	const op = "make account"
	if err := checkAccountName(n.Name); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: n.Name, Hint: "hint.account-name", Err: err}
	}
	if !n.Role.Valid() {
		return problem.New(problem.Invalid, op, n.Name, fmt.Errorf("unknown role %q", string(n.Role)))
	}
	if err := l.power(s, account.ManageAccounts, op); err != nil { // before a hash is spent on it
		return err
	}
	hash, err := l.newPassword(ctx, op, n.Name, n.Password, true)
	if err != nil {
		return err
	}
	return l.change(ctx, s, op, n.Name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		switch old := b.accounts[accountKey(n.Name)]; {
		case !b.may(by, account.ManageAccounts):
			return event.Event{}, notAllowed(op)
		case old != nil && !old.Removed.IsZero(): // or its history would seem to be somebody else's
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, On: n.Name, Hint: "hint.name-of-removed"}
		case old != nil:
			return event.Event{}, problem.New(problem.Exists, op, n.Name, nil)
		case len(d.Accounts) >= maxAccounts:
			return event.Event{}, problem.New(problem.TooLarge, op, n.Name, errors.New("too many accounts"))
		case n.Role.May(account.Confirm) && b.anotherConfirms(proposalState{By: by.Account}):
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: n.Name, Hint: "hint.appoint"}
		}
		if err := l.fresh(by, op); err != nil { // it could be another way in
			return event.Event{}, err
		}
		a := &accountState{ID: id.NewAccount(), Name: n.Name, Role: n.Role, Created: l.now(), Password: hash}
		d.Accounts = append(d.Accounts, a)
		return event.Event{Kind: event.AccountMade, Target: n.Name, Note: string(n.Role)}, d.join(op, a, n.Groups)
	})
}

// checkAccountName tells why a name cannot be an account's or a group's, or nil. What pathname refuses cannot be typed
// or shown everywhere either; a colon would end the name in HTTP's basic authentication, a backslash a domain.
func checkAccountName(name string) error {
	if n := utf8.RuneCountInString(name); n > maxAccountName {
		return fmt.Errorf("the name has %d characters, at most %d", n, maxAccountName)
	}
	return pathname.Check(name)
}

func notAllowed(op string) error {
	return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.not-your-role"}
}

func lastAdministrator(op, name string) error {
	return &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.last-administrator"}
}

// power returns nil for a live session that has a power.
func (l *Local) power(s id.Session, p account.Power, op string) error {
	x, err := l.live(s)
	if err == nil && !l.books.Load().may(x, p) {
		err = notAllowed(op)
	}
	return err
}

// May returns nil if a session has a power.
func (l *Local) May(_ context.Context, s id.Session, p account.Power, op string) error {
	return l.power(s, p, op)
}

// newPassword checks and hashes a password; nil for none. It is alone if no second factor goes with it.
func (l *Local) newPassword(ctx context.Context, op, name, secret string, alone bool) (*hashed, error) {
	if secret == "" {
		return nil, nil
	}
	if err := l.passwords(name, alone).Check(secret); err != nil {
		return nil, refused(op, name, err)
	}
	select {
	case l.indoors <- struct{}{}:
		defer func() { <-l.indoors }()
	case <-ctx.Done():
		return nil, problem.New(problem.Unavailable, op, name, ctx.Err())
	}
	h, err := newHashed(l.cfg.cost(), secret)
	if err != nil {
		return nil, problem.New(problem.Internal, op, name, err)
	}
	return h, nil
}

// passwords is what an account's password must be like.
func (l *Local) passwords(name string, alone bool) password.Policy {
	b := l.books.Load()
	p := password.Policy{Min: password.MinBeside, Names: []string{name, b.Policy.Firm}}
	if alone {
		p.Min = password.MinAlone
	}
	if x := l.breached.Load(); x != nil {
		p.Breached = x.list
	}
	for _, x := range b.Shares {
		p.Names = append(p.Names, x.Name)
	}
	return p
}

// Strength tells how strong a password would be: of the person of a live session, of a login under way, or of an
// invitation.
func (l *Local) Strength(_ context.Context, from account.Caller, s id.Session, ticket, token, secret string) (account.Strength, error) {
	const op = "set password"
	b := l.books.Load()
	var a *accountState
	if x, err := l.live(s); err == nil {
		a = b.byID[x.Account]
	} else if t := l.tickets.get(ticket, from.Address, l.now()); t != nil {
		t.mu.Lock()
		a = b.byID[t.account]
		t.mu.Unlock()
	} else {
		a = b.invited(token, l.now())
	}
	if a == nil {
		return account.Strength{}, &problem.Error{Kind: problem.Unauthenticated, Op: op, Hint: "hint.log-in-anew"}
	}
	p := l.passwords(a.Name, b.Policy.WithoutSecondFactor && !a.hasFactor())
	x := password.Estimate(cut(secret, 4*password.Max), p.Names...)
	out := account.Strength{Score: x.Score, Why: string(x.Why)}
	for _, r := range x.Advice {
		out.Advice = append(out.Advice, string(r))
	}
	err := p.Check(secret)
	out.OK = err == nil
	if r, ok := err.(password.Reason); ok {
		out.Why = string(r)
	}
	return out, nil
}

// target returns the account that a session acts on: those with the power to manage accounts on any, others on their
// own, with a session that proved who they are.
func target(b *books, d *draft, by account.Session, op, name string) (*accountState, error) {
	a := d.account(name)
	mine := a != nil && a.ID == by.Account && (by.Factor == account.SecondFactor || by.Factor == account.Password)
	switch {
	case !mine && !b.may(by, account.ManageAccounts):
		return nil, notAllowed(op) // and does not tell whether there is such an account
	case a == nil:
		return nil, noAccount(op, name)
	}
	return a, nil
}

// SetPassword gives an account another memorised password and ends its other sessions. People change their own; for
// others an administrator makes an invitation, but for the console, where whoever speaks could read the keeper's own
// files.
func (l *Local) SetPassword(ctx context.Context, s id.Session, name, secret string) error {
	const op = "set password"
	by, err := l.live(s)
	if err != nil {
		return err
	}
	if name == "" {
		name = by.Name
	}
	a := l.books.Load().known(name)
	hash, err := l.newPassword(ctx, op, withoutDomain(name), secret, a == nil || !a.hasFactor())
	if err != nil {
		return err
	}
	if hash == nil {
		return refused(op, name, password.Short)
	}
	var on id.Account
	err = l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := target(b, d, by, op, name)
		switch {
		case err != nil:
			return event.Event{}, err
		case a.ID != by.Account && by.Factor != account.Console:
			return event.Event{}, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		a.Password, a.Renew, a.Invitation, on = hash, false, nil, a.ID
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "password"}, nil
	})
	if err != nil {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == on && x.ID != s }, "password changed")
}

// SetDisabled closes an account, which ends its sessions, or opens it again. Its history stays. To close that
// of somebody who may confirm takes two people.
func (l *Local) SetDisabled(ctx context.Context, s id.Session, name string, disabled bool) (account.Outcome, error) {
	const op = "disable account"
	if a := l.books.Load().known(name); a != nil && disabled && a.Role.May(account.Confirm) && !a.Disabled {
		return l.remove(ctx, s, op, proposalState{Act: actDisable, On: a.ID, Target: a.Name})
	}
	var on id.Account
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := managed(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		on = a.ID
		if disabled {
			a.disable()
			return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "disabled"}, nil
		}
		a.Disabled = false
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "enabled"}, nil
	})
	if err != nil || !disabled {
		return account.Outcome{}, err
	}
	return account.Outcome{}, l.endWhere(ctx, func(x account.Session) bool { return x.Account == on }, "account disabled")
}

// disable closes an account. What lets somebody in without a second factor does not come back when it is opened again.
func (a *accountState) disable() {
	a.Disabled, a.Day, a.Tokens, a.Invitation = true, nil, nil, nil
}

// managed returns an account for those who manage accounts.
func managed(b *books, d *draft, by account.Session, op, name string) (*accountState, error) {
	if !b.may(by, account.ManageAccounts) {
		return nil, notAllowed(op)
	}
	a := d.account(name)
	if a == nil {
		return nil, noAccount(op, name)
	}
	return a, nil
}

// remove asks for an act that leaves a house with one less who may confirm.
func (l *Local) remove(ctx context.Context, s id.Session, op string, p proposalState) (account.Outcome, error) {
	if err := l.power(s, account.ManageAccounts, op); err != nil {
		return account.Outcome{}, err
	}
	a := l.books.Load().byID[p.On]
	if a.Role == account.Administrator && a.mayEnter() && l.books.Load().draft().administrators() == 1 { // told to the one who asks, not only to the second
		return account.Outcome{}, lastAdministrator(op, p.Target)
	}
	return l.propose(ctx, s, op, p, account.ManageAccounts)
}

// administrators returns how many accounts can administer.
func (d *draft) administrators() (n int) {
	for _, a := range d.Accounts {
		if a.Role == account.Administrator && a.mayEnter() {
			n++
		}
	}
	return n
}

// SetRole gives an account another role. To take one that may confirm takes two people, and so does to give one, where there is a
// second person already.
func (l *Local) SetRole(ctx context.Context, s id.Session, name string, role account.Role) (account.Outcome, error) {
	const op = "set role"
	if !role.Valid() {
		return account.Outcome{}, problem.New(problem.Invalid, op, name, fmt.Errorf("unknown role %q", string(role)))
	}
	b := l.books.Load()
	by, err := l.live(s)
	if err != nil {
		return account.Outcome{}, err
	}
	if a := b.known(name); a != nil && a.Role != role {
		args, err := json.Marshal(role)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, name, err)
		}
		p := proposalState{By: by.Account, On: a.ID, Target: a.Name, Args: args}
		switch {
		case a.Role.May(account.Confirm) && role != account.Administrator: // or one person could be left alone to decide
			p.Act = actDemote
			return l.remove(ctx, s, op, p)
		case role.May(account.Confirm) && !a.Role.May(account.Confirm) && b.anotherConfirms(p):
			p.Act = actAppoint
			return l.propose(ctx, s, op, p, account.ManageAccounts)
		}
	}
	return account.Outcome{}, l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := managed(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		a.Role = role
		return event.Event{Kind: event.AccountChanged, Target: a.Name, Note: "role: " + string(role)}, nil
	})
}

// RemoveAccount removes an account. What it did stays in histories and in the ledger, and its name stays taken. To
// remove somebody who may confirm takes two people.
func (l *Local) RemoveAccount(ctx context.Context, s id.Session, name string) (account.Outcome, error) {
	const op = "remove account"
	if a := l.books.Load().known(name); a != nil && a.Role.May(account.Confirm) {
		return l.remove(ctx, s, op, proposalState{Act: actRemove, On: a.ID, Target: a.Name})
	}
	var on id.Account
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		a, err := managed(b, d, by, op, name)
		if err != nil {
			return event.Event{}, err
		}
		on = a.ID
		return d.remove(a, l.now()), nil
	})
	if err != nil {
		return account.Outcome{}, err
	}
	return account.Outcome{}, l.endWhere(ctx, func(x account.Session) bool { return x.Account == on }, "account removed")
}

// remove takes everything from an account of the draft but its name.
func (d *draft) remove(a *accountState, now time.Time) event.Event {
	*a = accountState{ID: a.ID, Name: a.Name, Role: a.Role, Created: a.Created, Used: a.Used, Removed: now}
	for i, g := range d.Groups {
		if slices.Contains(g.Members, a.ID) {
			c := *g
			c.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m id.Account) bool { return m == a.ID })
			d.Groups[i] = &c
		}
	}
	return event.Event{Kind: event.AccountRemoved, Target: a.Name}
}

// EndSession ends a session: one's own, or, with the power to, somebody's.
func (l *Local) EndSession(ctx context.Context, s, which id.Session) error {
	const op = "end session"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	x, ok := l.sessions.peek(which, l.now())
	mine := by.Account == x.Account && !by.Account.IsZero() && inPerson(by)
	if !ok || !mine && !l.books.Load().may(by, account.EndSessions) { // and does not tell whether there is such a session
		return problem.New(problem.NotFound, op, "", nil)
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.ID == which }, "ended by "+by.Name)
}

// EndAccountSessions ends all sessions of an account but the one that asks.
func (l *Local) EndAccountSessions(ctx context.Context, s id.Session, name string) error {
	const op = "end session"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	b := l.books.Load()
	a := b.known(name)
	mine := a != nil && a.ID == by.Account && inPerson(by)
	switch {
	case !mine && !b.may(by, account.EndSessions):
		return notAllowed(op)
	case a == nil:
		return noAccount(op, name)
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Account == a.ID && x.ID != s }, "ended by "+by.Name)
}

// Accounts lists the accounts by name: all to those who see people, to others their own.
func (l *Local) Accounts(_ context.Context, s id.Session) ([]account.Account, error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	var out []account.Account
	for _, a := range b.Accounts {
		if a.Removed.IsZero() && (a.ID == by.Account || b.may(by, account.SeePeople)) {
			out = append(out, l.showAccount(b, a))
		}
	}
	slices.SortFunc(out, func(a, b account.Account) int { return compareNames(a.Name, b.Name) })
	return out, nil
}

func (l *Local) showAccount(b *books, a *accountState) account.Account {
	x := account.Account{Name: a.Name, Role: a.Role, Disabled: a.Disabled, Renew: a.Renew, Created: a.Created, Used: a.Used,
		Networks: a.Networks, Devices: l.showDevices(b, a), Rights: b.showRights(a.Rights), Frozen: l.frozenOf(b, a)}
	now := l.now()
	if a.Invitation != nil && now.Before(a.Invitation.Until) {
		x.Invited = a.Invitation.Until
	}
	if a.Day.open(now) {
		x.Day = a.Day.Until
	}
	for _, f := range a.authenticators() {
		if !slices.Contains(x.Factors, f.Kind) {
			x.Factors = append(x.Factors, f.Kind)
		}
	}
	for _, d := range x.Devices {
		if d.Used.After(x.Used) {
			x.Used = d.Used
		}
	}
	for _, g := range b.memberOf[a.ID] {
		x.Groups = append(x.Groups, g.Name)
	}
	return x
}

// Me tells somebody about themselves.
func (l *Local) Me(_ context.Context, s id.Session) (account.Person, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Person{}, err
	}
	b := l.books.Load()
	p := account.Person{Firm: b.Policy.Firm, Account: account.Account{Name: by.Name, Role: by.Role}, Fresh: l.fresh(by, "") == nil,
		Frozen: b.stopped(by, id.Share{}) != nil}
	for _, x := range b.Proposals {
		if b.may(by, account.Confirm) && !x.asked(by) && x.On != by.Account && l.now().Before(x.Until) {
			p.Waiting++
		}
	}
	a := b.byID[by.Account]
	if a == nil {
		return p, nil
	}
	p.Account, p.Day, p.Factors = l.showAccount(b, a), l.dayOf(a.Name), a.authenticators()
	p.Tied = a.Identity != nil
	for _, t := range a.Tokens {
		p.Tokens = append(p.Tokens, l.showToken(t))
	}
	return p, nil
}

// compareNames orders names as people see them listed: by the form in which they are compared, case apart.
func compareNames(a, b string) int {
	switch a, b := accountKey(a), accountKey(b); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
