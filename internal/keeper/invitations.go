package keeper

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/problem"
)

// invitationState lets somebody without a password in, once.
type invitationState struct {
	Hash  []byte    `json:"hash"`
	Until time.Time `json:"until"`
	By    string    `json:"by"`
}

const invitationTime = 7 * 24 * time.Hour

// Invite makes the link by which the person of an account without a password comes in. A link that was made before
// is useless.
func (l *Local) Invite(ctx context.Context, s id.Session, name string) (account.Invitation, error) {
	const op = "invite"
	secret, hash := newSecret()
	var out account.Invitation
	err := l.change(ctx, s, op, name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.ManageAccounts) {
			return event.Event{}, notAllowed(op)
		}
		a := d.account(name)
		switch {
		case a == nil:
			return event.Event{}, noAccount(op, name)
		case a.Disabled:
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.account-disabled"}
		case a.hasWayIn():
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, On: name, Hint: "hint.has-password"}
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		a.Invitation = &invitationState{hash[:], l.now().Add(invitationTime), by.Name}
		out = account.Invitation{Account: a.Name, Role: a.Role, Firm: b.Policy.Firm, By: by.Name, Token: secret, Until: a.Invitation.Until}
		return event.Event{Kind: event.Invited, Target: a.Name, Until: a.Invitation.Until}, nil
	})
	if err != nil {
		return account.Invitation{}, err
	}
	return out, nil
}

// invited returns the account that an invitation is for, or nil.
func (b *books) invited(token string, now time.Time) (found *accountState) {
	hash := secretHash(token)
	for _, a := range b.Accounts { // all of them, whichever it is
		if i := a.Invitation; i != nil && a.mayEnter() && now.Before(i.Until) && subtle.ConstantTimeCompare(i.Hash, hash[:]) == 1 {
			found = a
		}
	}
	return found
}

func noInvitation(op string) error {
	return &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.invitation"}
}

// Invited tells about an invitation to whoever holds it.
func (l *Local) Invited(_ context.Context, token string) (account.Invitation, error) {
	b := l.books.Load()
	a := b.invited(token, l.now())
	if a == nil {
		return account.Invitation{}, noInvitation("accept invitation")
	}
	return account.Invitation{Account: a.Name, Role: a.Role, Firm: b.Policy.Firm, By: a.Invitation.By, Until: a.Invitation.Until}, nil
}

// Accept accepts an invitation with a password. It comes into force together with the second factor that is set up
// next: until then the invitation is still good, and the account has neither.
func (l *Local) Accept(ctx context.Context, from account.Caller, token, secret string) (account.Step, string, error) {
	const op = "accept invitation"
	leave, err := l.enter(op)
	if err != nil {
		return account.Step{}, "", err
	}
	defer leave()
	b := l.books.Load()
	a := b.invited(token, l.now())
	if a == nil {
		l.refuse(ctx, credentials(from, ""), nil, whyInvited, "") // for the ledger: a link may have been found that was used
		return account.Step{}, "", noInvitation(op)
	}
	if !b.Policy.admits(a.Networks, from.Address) {
		return account.Step{}, "", l.refuse(ctx, credentials(from, a.Name), a, whyNetwork, "hint.network")
	}
	h, err := l.newPassword(ctx, op, a.Name, secret, b.Policy.WithoutSecondFactor)
	switch {
	case err != nil:
		return account.Step{}, "", err
	case h == nil:
		return account.Step{}, "", refused(op, a.Name, password.Short)
	}
	t := &ticket{account: a.ID, from: from.Address, door: from.Door, software: cut(from.Software, maxSoftware),
		password: h, invitation: a.Invitation.Hash}
	return l.advance(ctx, t, l.tickets.add(t, l.now()), from.Origin, nil)
}

// hasWayIn reports whether somebody could come in without an invitation.
func (a *accountState) hasWayIn() bool {
	return a.Password != nil || a.Identity != nil || a.hasFactor()
}

// accepted puts what was accepted into force: the invitation is used up. t.mu is held.
func (a *accountState) accepted(t *ticket) error {
	if a.Invitation == nil || !slices.Equal(a.Invitation.Hash, t.invitation) {
		return errors.New("the invitation was taken back or used")
	}
	a.Invitation, a.Password, a.Identity, a.Renew = nil, t.password, t.identity, false
	return nil
}

// Fresh reports whether nobody has come in yet.
func (l *Local) Fresh() bool {
	return !slices.ContainsFunc(l.books.Load().Accounts, func(a *accountState) bool { return a.hasWayIn() || !a.Used.IsZero() })
}
