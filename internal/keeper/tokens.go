package keeper

import (
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// tokenState is a token of an account: a program of its owner logs in with it, and may do what its scopes let it do
// of what the owner may.
type tokenState struct {
	ID      id.Device       `json:"id"` // as the ledger has it
	Name    string          `json:"name"`
	Scopes  []account.Scope `json:"scopes"`
	Created time.Time       `json:"created"`
	Expires time.Time       `json:"expires"`
	Used    time.Time       `json:"used,omitzero"`
	Hash    []byte          `json:"hash"`
}

const (
	maxTokens    = 50
	maxTokenDays = 366
	tokenPrefix  = "azkt_" // so that it is known for one when somebody finds it
)

// scopePowers is which powers a scope lets through.
var scopePowers = map[account.Scope][]account.Power{
	account.FilesRead: nil, account.FilesWrite: nil,
	account.LedgerRead: {account.ReadLedger},
	account.AdminRead:  {account.SeePeople},
}

// token returns the account's token of an id, or nil.
func (a *accountState) token(n id.Device) *tokenState {
	for i := range a.Tokens {
		if a.Tokens[i].ID == n {
			return &a.Tokens[i]
		}
	}
	return nil
}

// limit returns what is left of a right when it is used with the token.
func (t *tokenState) limit(r account.Rights) account.Rights {
	switch {
	case t == nil || !slices.Contains(t.Scopes, account.FilesRead) && !slices.Contains(t.Scopes, account.FilesWrite):
		return account.NoRights
	case r == account.CanWrite && !slices.Contains(t.Scopes, account.FilesWrite):
		return account.CanRead
	}
	return r
}

// lets reports whether the token lets a power of its owner through.
func (t *tokenState) lets(p account.Power) bool {
	return t != nil && slices.ContainsFunc(t.Scopes, func(s account.Scope) bool { return slices.Contains(scopePowers[s], p) })
}

// MakeToken makes a token of the caller and returns it with its secret, of which only the hash is kept.
func (l *Local) MakeToken(ctx context.Context, s id.Session, q account.NewToken) (account.Token, error) {
	const op = "make token"
	if err := pathname.Check(q.Name); err != nil {
		return account.Token{}, &problem.Error{Kind: problem.Invalid, Op: op, On: q.Name, Hint: "hint.name", Err: err}
	}
	if q.Days < 1 || q.Days > maxTokenDays {
		return account.Token{}, unfit(op, fmt.Sprintf("%d (1 – %d)", q.Days, maxTokenDays), "hint.token-days")
	}
	if len(q.Scopes) == 0 {
		return account.Token{}, unfit(op, q.Name, "hint.token-scopes")
	}
	for _, x := range q.Scopes {
		if _, ok := scopePowers[x]; !ok {
			return account.Token{}, unfit(op, string(x), "hint.token-scopes")
		}
	}
	text, _ := newSecret()
	secret := tokenPrefix + text
	hash := secretHash(secret)
	t := tokenState{ID: id.NewDevice(), Name: q.Name, Scopes: q.Scopes, Created: l.now(), Expires: l.now().AddDate(0, 0, q.Days), Hash: hash[:]}
	err := l.change(ctx, s, op, q.Name, func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a, err := l.own(d, by, op)
		switch {
		case err != nil:
			return event.Event{}, err
		case len(a.Tokens) >= maxTokens:
			return event.Event{}, &problem.Error{Kind: problem.TooLarge, Op: op, On: fmt.Sprintf("%d", maxTokens), Hint: "hint.tokens-many"}
		case slices.ContainsFunc(a.Tokens, func(t tokenState) bool { return pathname.Key(t.Name) == pathname.Key(q.Name) }):
			return event.Event{}, problem.New(problem.Exists, op, q.Name, nil)
		}
		a.Tokens = append(a.Tokens, t)
		return event.Event{Kind: event.TokenMade, Target: a.Name, Until: t.Expires, Note: t.Name + ": " + joinScopes(t.Scopes)}, nil
	})
	if err != nil {
		return account.Token{}, err
	}
	out := l.showToken(t)
	out.Secret = secret
	return out, nil
}

func joinScopes(list []account.Scope) string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return strings.Join(out, " ")
}

func (l *Local) showToken(t tokenState) account.Token {
	return account.Token{ID: t.ID.String(), Name: t.Name, Scopes: t.Scopes, Created: t.Created, Expires: t.Expires, Used: l.sessions.lastUse(t.ID, t.Used)}
}

// RemoveToken makes a token of the caller useless and ends its sessions.
func (l *Local) RemoveToken(ctx context.Context, s id.Session, n string) error {
	const op = "remove token"
	var gone id.Device
	err := l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a := d.byID(by.Account)
		if a == nil || by.Factor == account.ByToken {
			return event.Event{}, notAllowed(op)
		}
		i := slices.IndexFunc(a.Tokens, func(t tokenState) bool { return t.ID.String() == n })
		if i < 0 {
			return event.Event{}, problem.New(problem.NotFound, op, "", nil)
		}
		gone = a.Tokens[i].ID
		note := a.Tokens[i].Name
		a.Tokens = slices.Delete(a.Tokens, i, i+1)
		return event.Event{Kind: event.TokenRemoved, Target: a.Name, Note: note}, nil
	})
	if err != nil {
		return err
	}
	return l.endWhere(ctx, func(x account.Session) bool { return x.Device == gone }, "token removed")
}

// loginToken takes a token. It cannot be guessed, so wrong ones are never a reason to make the right one wait.
func (l *Local) loginToken(ctx context.Context, c account.Credentials) (account.Session, error) {
	hash := secretHash(c.Secret)
	b := l.books.Load()
	var of *accountState
	var t tokenState
	for _, a := range b.Accounts { // all of them, whichever it is
		for _, x := range a.Tokens {
			if subtle.ConstantTimeCompare(x.Hash, hash[:]) == 1 {
				of, t = a, x
			}
		}
	}
	switch {
	case of == nil:
		return account.Session{}, l.refuse(ctx, c, nil, whyToken, "hint.token")
	case !of.mayEnter():
		return account.Session{}, l.refuseDevice(ctx, c, of, t.ID, whyDisabled, "hint.account-disabled")
	case !l.now().Before(t.Expires):
		return account.Session{}, l.refuseDevice(ctx, c, of, t.ID, whyToken, "hint.token")
	case !b.Policy.admits(of.Networks, c.Address):
		return account.Session{}, l.refuseDevice(ctx, c, of, t.ID, whyNetwork, "hint.network")
	}
	return l.join(ctx, account.Session{Account: of.ID, Name: of.Name, Role: of.Role, Factor: account.ByToken, Device: t.ID, DeviceName: t.Name,
		Address: c.Address, Door: c.Door, Expires: t.Expires}, seal.Key(hash), c.Software)
}
