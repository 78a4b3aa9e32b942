package keeper

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/oidc"
	"github.com/azekura/azekura/internal/problem"
)

// Provider is the identity provider of the firm; package oidc has one. What it says stands for a password and for nothing else: the
// second factor is always ours, so that whoever rules the provider is not in.
type Provider interface {
	Ask(ctx context.Context, redirect string) (*oidc.Asked, error)
	Answer(ctx context.Context, a *oidc.Asked, state, code string) (oidc.Identity, error)
}

// maxAnswers is how many answers of one network are looked at at a time: each makes us ask the provider, and nobody has to be in for it.
const maxAnswers = 8

// maxSaid bounds what of a provider's error goes into the log, in bytes.
const maxSaid = 500

// answers counts the answers that are being looked at.
type answers struct {
	mu sync.Mutex
	of map[netip.Addr]int // by network; guarded by mu
}

// begin counts one more, if its network has not too many.
func (a *answers) begin(from netip.Addr) (done func(), ok bool) {
	n := network(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of[n] >= maxAnswers {
		return nil, false
	}
	if a.of == nil {
		a.of = make(map[netip.Addr]int)
	}
	a.of[n]++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.of[n]--; a.of[n] == 0 {
			delete(a.of, n)
		}
	}, true
}

// identityState is who an account is to the provider. It is tied by its owner, never by a name or an address that the provider tells:
// these can be given to somebody else.
type identityState struct {
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Since   time.Time `json:"since"`
}

func (s *identityState) is(x oidc.Identity) bool {
	return s != nil && s.Issuer == x.Issuer && s.Subject == x.Subject
}

// ProviderPath is where the provider sends browsers back to.
const ProviderPath = "/login/provider/back"

// SignInWithProvider begins a login at the firm's identity provider; with an invitation's token, its acceptance by one.
func (l *Local) SignInWithProvider(ctx context.Context, from account.Caller, token string) (account.Step, error) {
	t := &ticket{from: from.Address, door: from.Door, software: cut(from.Software, maxSoftware)}
	if token != "" {
		const op = "accept invitation"
		b := l.books.Load()
		a := b.invited(token, l.now())
		if a == nil {
			l.refuse(ctx, credentials(from, ""), nil, whyInvited, "") // for the ledger
			return account.Step{}, noInvitation(op)
		}
		if !b.Policy.admits(a.Networks, from.Address) {
			return account.Step{}, l.refuse(ctx, credentials(from, a.Name), a, whyNetwork, "hint.network")
		}
		t.invited, t.invitation = a.ID, a.Invitation.Hash
	}
	return l.ask(ctx, "log in", t, from.Origin)
}

// BeginIdentity begins to tie the caller's account to an identity at the provider.
func (l *Local) BeginIdentity(ctx context.Context, s id.Session, from account.Caller) (account.Step, error) {
	const op = "tie identity"
	by, err := l.live(s)
	if err != nil {
		return account.Step{}, err
	}
	a, err := l.own(l.books.Load().draft(), by, op)
	if err != nil {
		return account.Step{}, err
	}
	return l.ask(ctx, op, &ticket{account: a.ID, session: s, from: by.Address}, from.Origin)
}

// ask sends a ticket's browser to the provider.
func (l *Local) ask(ctx context.Context, op string, t *ticket, origin string) (account.Step, error) {
	if l.cfg.Provider == nil {
		return account.Step{}, &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.no-provider"}
	}
	if err := l.apart(op); err != nil {
		return account.Step{}, err
	}
	asked, err := l.cfg.Provider.Ask(ctx, origin+ProviderPath)
	if err != nil {
		return account.Step{}, away(op, err)
	}
	t.asked = asked
	return account.Step{Ticket: l.tickets.add(t, l.now()), Redirect: asked.URL}, nil
}

// away is what a person is told when the provider does not answer as it should.
func away(op string, err error) error {
	if errors.Is(err, oidc.ErrRefused) {
		return &problem.Error{Kind: problem.Unauthenticated, Op: op, Hint: "hint.provider-refused", Err: err}
	}
	return &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.provider-away", Err: err}
}

// SignInProvider goes on with what the browser has brought back from the provider.
func (l *Local) SignInProvider(ctx context.Context, from account.Caller, secret, state, code string) (account.Step, string, error) {
	const op = "log in"
	t := l.tickets.get(secret, from.Address, l.now())
	if t == nil || l.cfg.Provider == nil {
		return account.Step{}, "", ticketOver(op)
	}
	if err := l.apart(op); err != nil {
		return account.Step{}, "", err
	}
	t.mu.Lock()
	asked, session := t.asked, t.session
	t.asked = nil
	t.mu.Unlock()
	if asked == nil {
		return account.Step{}, "", ticketOver(op)
	}
	done, ok := l.answers.begin(from.Address)
	if !ok {
		return account.Step{}, "", &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.wait-and-log-in", Err: errors.New("too many answers from one network")}
	}
	who, err := l.cfg.Provider.Answer(ctx, asked, state, code)
	done()
	if err != nil {
		l.tickets.drop(t)
		level := slog.LevelWarn
		if errors.Is(err, oidc.ErrRefused) { // anybody can cause these
			l.refuse(ctx, credentials(from, ""), nil, whyProvider, "")
			level = slog.LevelDebug
		}
		l.cfg.Log.Log(ctx, level, "the identity provider", "err", cut(err.Error(), maxSaid))
		return account.Step{}, "", away(op, err)
	}
	if !session.IsZero() {
		defer l.tickets.drop(t)
		return account.Step{}, "", l.tie(ctx, session, who)
	}
	if err := l.identify(ctx, from, t, who); err != nil {
		l.tickets.drop(t)
		return account.Step{}, "", err
	}
	leave, err := l.enter(op)
	if err != nil {
		return account.Step{}, "", err
	}
	defer leave()
	return l.advance(ctx, t, secret, from.Origin, nil)
}

// identify finds whose login a ticket is, or notes by which identity an invitation is accepted.
func (l *Local) identify(ctx context.Context, from account.Caller, t *ticket, who oidc.Identity) error {
	b := l.books.Load()
	a := identified(b.Accounts, who)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.account.IsZero() {
		return ticketOver("log in")
	}
	if t.invitation != nil {
		if a != nil {
			return taken("accept invitation")
		}
		t.account, t.identity = t.invited, &identityState{who.Issuer, who.Subject, l.now()}
		return nil
	}
	switch {
	case a == nil:
		return l.refuse(ctx, credentials(from, ""), nil, whyIdentity, "hint.provider-unknown")
	case !a.mayEnter():
		return l.refuse(ctx, credentials(from, a.Name), a, whyDisabled, "hint.provider-unknown")
	case !b.Policy.admits(a.Networks, from.Address):
		return l.refuse(ctx, credentials(from, a.Name), a, whyNetwork, "hint.network")
	}
	t.account = a.ID
	return nil
}

// identified returns the account that is tied to an identity, or nil.
func identified(accounts []*accountState, who oidc.Identity) *accountState {
	for _, a := range accounts {
		if a.Identity.is(who) && a.Removed.IsZero() {
			return a
		}
	}
	return nil
}

func taken(op string) error {
	return &problem.Error{Kind: problem.Exists, Op: op, Hint: "hint.provider-taken"}
}

// tie ties the account of a session to an identity.
func (l *Local) tie(ctx context.Context, s id.Session, who oidc.Identity) error {
	const op = "tie identity"
	return l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a, err := l.own(d, by, op)
		if err != nil {
			return event.Event{}, err
		}
		if other := identified(d.Accounts, who); other != nil && other.ID != a.ID {
			return event.Event{}, taken(op)
		}
		a.Identity = &identityState{who.Issuer, who.Subject, l.now()}
		return event.Event{Kind: event.FactorMade, Target: a.Name, Note: "identity"}, nil
	})
}

// RemoveIdentity unties the caller's account, if there is another way in.
func (l *Local) RemoveIdentity(ctx context.Context, s id.Session) error {
	const op = "untie identity"
	return l.change(ctx, s, op, "", func(_ *books, d *draft, by account.Session) (event.Event, error) {
		a, err := l.own(d, by, op)
		if err != nil {
			return event.Event{}, err
		}
		switch {
		case a.Identity == nil:
			return event.Event{}, problem.New(problem.NotFound, op, a.Name, nil)
		case a.Password == nil && len(a.Passkeys) == 0:
			return event.Event{}, &problem.Error{Kind: problem.Conflict, Op: op, On: a.Name, Hint: "hint.provider-last"}
		}
		a.Identity = nil
		return event.Event{Kind: event.FactorRemoved, Target: a.Name, Note: "identity"}, nil
	})
}
