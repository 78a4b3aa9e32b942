package keeper

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/oidc"
	"github.com/azekura/azekura/internal/passkey/passkeytest"
	"github.com/azekura/azekura/internal/problem"
)

// saying is a provider whose answers are who the code says.
type saying struct{ err error }

func (p *saying) Ask(context.Context, string) (*oidc.Asked, error) {
	return &oidc.Asked{URL: "https://id.example/authorize"}, p.err
}

func (p *saying) Answer(_ context.Context, _ *oidc.Asked, _, code string) (oidc.Identity, error) {
	return oidc.Identity{Issuer: "https://id.example", Subject: code}, p.err
}

func TestIdentity(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	if _, err := l.SignInWithProvider(ctx, browser, ""); hint(err) != "hint.no-provider" {
		t.Errorf("without a provider: %v", err)
	}
	p := &saying{}
	l.cfg.Provider = p
	answer := func(step account.Step, who string) (account.Step, string, error) {
		return l.SignInProvider(ctx, browser, step.Ticket, "state", who)
	}
	begin := func() account.Step {
		t.Helper()
		s, err := l.SignInWithProvider(ctx, browser, "")
		if err != nil || s.Redirect == "" || s.Ticket == "" {
			t.Fatalf("begin: %+v, %v", s, err)
		}
		return s
	}

	// An invitation is accepted by it; before the answer the ticket is good for nothing.
	hanako, token := invited(t, l, clock, "hanako", account.Staff)
	step, err := l.SignInWithProvider(ctx, browser, token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.SignInFactor(ctx, browser, step.Ticket, account.App); hint(err) != "hint.log-in-anew" {
		t.Errorf("a factor before the answer: %v", err)
	}
	step, session, err := answer(step, "hanako@id")
	if err != nil || session != "" || len(step.Wants) != 1 || step.Wants[0] != account.WantFactor {
		t.Fatalf("accepted: %+v, %q, %v", step, session, err)
	}
	if _, _, err := answer(step, "hanako@id"); hint(err) != "hint.log-in-anew" {
		t.Errorf("the same answer again: %v", err)
	}
	s := hanako.setUp(step)
	if b := l.books.Load(); b.accounts["hanako"].Password != nil || b.invited(token, l.now()) != nil {
		t.Error("the invitation is still good, or made a password")
	}
	if _, err := l.Invite(ctx, console(t, l), "hanako"); hint(err) != "hint.has-password" {
		t.Errorf("invited again: %v", err)
	}

	// Two who accept by one identity at the same time: the first who sets up a second factor has it.
	both := make([]account.Step, 2)
	names := []string{"saburo", "shiro"}
	someones := make([]*someone, 2)
	for n, name := range names {
		p, token := invited(t, l, clock, name, account.Staff)
		step, err := l.SignInWithProvider(ctx, browser, token)
		if err != nil {
			t.Fatal(err)
		}
		if both[n], _, err = answer(step, "one@id"); err != nil {
			t.Fatal(err)
		}
		someones[n] = p
	}
	someones[0].setUp(both[0])
	e, err := l.SignInFactor(ctx, browser, both[1].Ticket, account.App)
	if err != nil {
		t.Fatal(err)
	}
	someones[1].app = l.tickets.get(both[1].Ticket, home, *clock).app
	if _, _, err := l.SignInNewFactor(ctx, browser, account.NewFactor{Ticket: e.Ticket, Code: someones[1].code()}); hint(err) != "hint.provider-taken" {
		t.Errorf("one identity for two: %v", err)
	}
	if l.books.Load().accounts["shiro"].hasWayIn() {
		t.Error("the second has a way in")
	}

	// The provider's word leads to the second factor and no further.
	step, session, err = answer(begin(), "hanako@id")
	if err != nil || session != "" || step.Account != "hanako" || step.Wants[0] != account.WantCode {
		t.Errorf("log in: %+v, %q, %v", step, session, err)
	}
	if _, secret, err := l.SignInCode(ctx, browser, step.Ticket, hanako.code()); err != nil || secret == "" {
		t.Errorf("with the code: %v", err)
	}
	if err := l.RemoveIdentity(ctx, s); hint(err) != "hint.provider-last" {
		t.Errorf("the only way in removed: %v", err)
	}

	// Nobody, somebody who is closed, and somebody who is elsewhere.
	if _, _, err := answer(begin(), "stranger"); hint(err) != "hint.provider-unknown" || problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a stranger: %v", err)
	}
	taro, st := arrived(t, l, clock, "taro", account.Staff)
	tie := func(who string) error {
		t.Helper()
		step, err := l.BeginIdentity(ctx, st, browser)
		if err != nil {
			t.Fatal(err)
		}
		_, session, err := answer(step, who)
		if session != "" {
			t.Error("tying an identity begins a session")
		}
		return err
	}
	if err := tie("hanako@id"); hint(err) != "hint.provider-taken" {
		t.Errorf("somebody else's identity: %v", err)
	}
	if err := tie("taro@id"); err != nil {
		t.Fatal(err)
	}
	_, other := invited(t, l, clock, "jiro", account.Staff)
	if step, err := l.SignInWithProvider(ctx, browser, other); err != nil {
		t.Error(err)
	} else if _, _, err := answer(step, "taro@id"); hint(err) != "hint.provider-taken" {
		t.Errorf("an invitation accepted with somebody else's identity: %v", err)
	}
	if _, err := l.SetAccountNetworks(ctx, console(t, l), "taro", []string{"10.99.0.0/16"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := answer(begin(), "taro@id"); hint(err) != "hint.network" {
		t.Errorf("from elsewhere: %v", err)
	}
	if _, err := l.SetAccountNetworks(ctx, console(t, l), "taro", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetDisabled(ctx, console(t, l), "taro", true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := answer(begin(), "taro@id"); hint(err) != "hint.provider-unknown" {
		t.Errorf("%s, who is closed: %v", taro.name, err)
	}

	// A provider that is away, or says what nobody asked.
	step = begin()
	p.err = oidc.ErrUnreachable
	if _, _, err := answer(step, "hanako@id"); hint(err) != "hint.provider-away" || problem.KindOf(err) != problem.Unavailable {
		t.Errorf("away: %v", err)
	}
	if _, err := l.SignInWithProvider(ctx, browser, ""); hint(err) != "hint.provider-away" {
		t.Errorf("away: %v", err)
	}
	p.err = nil
	step = begin()
	p.err = errors.Join(errors.New("another state"), oidc.ErrRefused)
	if _, _, err := answer(step, "hanako@id"); hint(err) != "hint.provider-refused" {
		t.Errorf("refused: %v", err)
	}

	// Reset by two people, it is gone with the rest.
	p.err = nil
	if _, err := l.ResetFactors(ctx, console(t, l), "hanako", "lost"); err != nil {
		t.Fatal(err)
	}
	if l.books.Load().accounts["hanako"].hasWayIn() {
		t.Error("a way in is left")
	}
}

// TestProofOfAnother: a second factor counts for the account that has shown it, and the identity provider does not make it somebody else's.
func TestProofOfAnother(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	l.cfg.Provider = &saying{}
	mallory, s := arrived(t, l, clock, "mallory", account.Staff)
	mallory.passkey = passkeytest.New(t, origin)
	e, err := l.BeginFactor(ctx, s, account.Passkey, "", origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.EndFactor(ctx, s, account.NewFactor{Ticket: e.Ticket, Name: "k", Credential: mallory.passkey.Create(t, e.Passkey)}, origin); err != nil {
		t.Fatal(err)
	}
	_, victim := arrived(t, l, clock, "victim", account.Staff)
	tied, err := l.BeginIdentity(ctx, victim, browser)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.SignInProvider(ctx, browser, tied.Ticket, "state", "victim@id"); err != nil {
		t.Fatal(err)
	}
	if err := l.RenewAll(ctx, console(t, l), "incident"); err != nil { // so that mallory's login wants a password after the passkey
		t.Fatal(err)
	}
	*clock = clock.Add(time.Minute)

	at, err := l.SignInWithProvider(ctx, browser, "")
	if err != nil {
		t.Fatal(err)
	}
	if step, err := l.SignInStep(ctx, browser, at.Ticket); err == nil {
		t.Errorf("a login by the provider wants %v", step.Wants)
	}
	begun, err := l.SignInWithPasskey(ctx, browser)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.SignInPasskey(ctx, browser, at.Ticket, mallory.passkey.Get(t, begun.Passkey)); err == nil {
		t.Error("a login by the provider takes a passkey before the provider has spoken")
	}
	begun, err = l.SignInWithPasskey(ctx, browser)
	if err != nil {
		t.Fatal(err)
	}
	step, _, err := l.SignInPasskey(ctx, browser, begun.Ticket, mallory.passkey.Get(t, begun.Passkey))
	if err != nil || !slices.Equal(step.Wants, []account.Want{account.WantPassword}) {
		t.Fatalf("mallory's own login: %v, %v", step, err)
	}
	if step, secret, err := l.SignInProvider(ctx, browser, begun.Ticket, "state", "victim@id"); err == nil || secret != "" {
		t.Errorf("a login by a passkey goes on with the provider: %v", step)
	}
	// Whatever a ticket is led to: the proof stays mallory's.
	tk := l.tickets.get(begun.Ticket, browser.Address, l.now())
	if tk == nil {
		t.Fatal("the login ended")
	}
	if err := l.identify(ctx, browser, tk, oidc.Identity{Issuer: "https://id.example", Subject: "victim@id"}); err == nil {
		t.Error("the login of mallory became that of another")
	}
	tk.mu.Lock()
	defer tk.mu.Unlock()
	if got := l.wants(tk, l.books.Load().known("victim"), origin); !slices.Contains(got, account.WantCode) {
		t.Errorf("with mallory's proof, the victim's login wants %v", got)
	}
}

// TestAnswersOfOneNetwork: one network cannot take all the questions to the provider.
func TestAnswersOfOneNetwork(t *testing.T) {
	var a answers
	var all []func()
	for range maxAnswers {
		done, ok := a.begin(browser.Address)
		if !ok {
			t.Fatal("too few")
		}
		all = append(all, done)
	}
	if _, ok := a.begin(browser.Address); ok {
		t.Error("too many")
	}
	done, ok := a.begin(netip.MustParseAddr("203.0.113.9"))
	if !ok {
		t.Fatal("another network waits for this one")
	}
	done()
	for _, done := range all {
		done()
	}
	if len(a.of) != 0 {
		t.Errorf("%v are left", a.of)
	}
}
