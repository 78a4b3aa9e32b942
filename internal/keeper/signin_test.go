package keeper

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/passkey/passkeytest"
	"github.com/azekura/azekura/internal/problem"
)

func TestInvitation(t *testing.T) {
	l, clock := newHouse(t)
	p, token := invited(t, l, clock, "佐藤", account.Staff)
	ctx := t.Context()
	if i, err := l.Invited(ctx, token); err != nil || i.Account != "佐藤" || i.Token != "" {
		t.Errorf("the invitation tells %+v, %v", i, err)
	}
	for _, bad := range []string{"", "x", token + "x"} {
		if _, _, err := l.Accept(ctx, browser, bad, p.password); hint(err) != "hint.invitation" {
			t.Errorf("the token %q: %v", bad, err)
		}
	}
	if _, _, err := l.Accept(ctx, browser, token, "secret"); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a poor password: %v", err)
	}
	if _, _, err := l.SignIn(ctx, browser, p.name, p.password); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("before the invitation is accepted: %v", err)
	}
	step, _, err := l.Accept(ctx, browser, token, p.password)
	if err != nil {
		t.Fatal(err)
	}
	// The password alone is not in force yet: whoever saw it typed has nothing.
	if _, _, err := l.SignIn(ctx, browser, p.name, p.password); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("before the second factor is set up: %v", err)
	}
	other, _, err := l.Accept(ctx, browser, token, "another password altogether")
	if err != nil {
		t.Fatal(err)
	}
	s := p.setUp(step)
	if _, err := l.Me(ctx, s); err != nil {
		t.Error(err)
	}
	if _, _, err := l.Accept(ctx, browser, token, p.password); hint(err) != "hint.invitation" {
		t.Errorf("a used invitation: %v", err)
	}
	e, err := l.SignInFactor(ctx, browser, other.Ticket, account.App)
	if err == nil { // it was accepted twice at the same time; the first who set up a factor has it
		a := l.tickets.get(other.Ticket, home, *clock).app
		_, secret, err := l.SignInNewFactor(ctx, browser, account.NewFactor{Ticket: e.Ticket, Code: a.code(clock.Unix() / codeTime)})
		if err == nil || secret != "" {
			t.Error("an invitation lets two people in")
		}
	}
	if _, err := l.Invite(ctx, console(t, l), "佐藤"); hint(err) != "hint.has-password" {
		t.Errorf("an invitation for somebody who is in: %v", err)
	}
	for kind, n := range map[event.Kind]int{event.Invited: 1, event.FactorMade: 1, event.Login: 1, event.DayOpened: 1} {
		got := entries(t, l, kind)
		got = slices.DeleteFunc(got, func(e event.Event) bool { return e.Door == "console" && kind == event.Login })
		if len(got) != n {
			t.Errorf("%d entries of %s: %+v", len(got), kind, got)
		}
	}
	if e := entries(t, l, event.FactorMade)[0]; e.Actor != "佐藤" || e.Target != "佐藤" || e.Address != home || e.Note != "app" {
		t.Errorf("the ledger has %+v", e)
	}
}

func TestInvitationRunsOut(t *testing.T) {
	l, clock := newHouse(t)
	p, token := invited(t, l, clock, "sato", account.Staff)
	_, second := func() (account.Invitation, string) {
		i, err := l.Invite(t.Context(), console(t, l), "sato")
		if err != nil {
			t.Fatal(err)
		}
		return i, i.Token
	}()
	if _, _, err := l.Accept(t.Context(), browser, token, p.password); hint(err) != "hint.invitation" {
		t.Errorf("a replaced invitation: %v", err)
	}
	*clock = clock.Add(invitationTime)
	if _, _, err := l.Accept(t.Context(), browser, second, p.password); hint(err) != "hint.invitation" {
		t.Errorf("an old invitation: %v", err)
	}
}

func TestSecondFactor(t *testing.T) {
	l, clock := newHouse(t)
	p, first := arrived(t, l, clock, "sato", account.Staff)
	ctx := t.Context()
	if err := l.Logout(ctx, first); err != nil {
		t.Fatal(err)
	}
	step := p.begin()
	if !slices.Equal(step.Wants, []account.Want{account.WantCode, account.WantRecovery}) {
		t.Errorf("a login wants %q", step.Wants)
	}
	code := p.code()
	if _, _, err := l.SignInCode(ctx, browser, step.Ticket, "000000"); problem.KindOf(err) != problem.Invalid || hint(err) != "hint.code" {
		t.Errorf("a wrong code: %v", err)
	}
	done, secret, err := l.SignInCode(ctx, browser, step.Ticket, code)
	if err != nil || secret == "" {
		t.Fatal(done, err)
	}
	if _, _, err := l.SignInCode(ctx, browser, step.Ticket, code); hint(err) != "hint.log-in-anew" {
		t.Errorf("a ticket that was used: %v", err)
	}
	if _, _, err := l.SignInCode(ctx, browser, p.begin().Ticket, code); hint(err) != "hint.code" {
		t.Errorf("a code that was used: %v", err)
	}
	if _, err := l.SignInFactor(ctx, browser, p.begin().Ticket, account.App); hint(err) != "hint.log-in-anew" {
		t.Errorf("another factor in place of the one there is: %v", err)
	}
	if _, _, err := l.SignInNewFactor(ctx, browser, account.NewFactor{Ticket: p.begin().Ticket, Code: p.code()}); hint(err) != "hint.log-in-anew" {
		t.Errorf("the same without beginning: %v", err)
	}
	elsewhere := browser
	elsewhere.Address = netip.MustParseAddr("198.51.100.9")
	if _, _, err := l.SignInCode(ctx, elsewhere, p.begin().Ticket, p.code()); hint(err) != "hint.log-in-anew" {
		t.Errorf("a ticket at another address: %v", err)
	}
	late := p.begin()
	*clock = clock.Add(ticketTime)
	if _, _, err := l.SignInCode(ctx, browser, late.Ticket, p.code()); hint(err) != "hint.log-in-anew" {
		t.Errorf("a ticket after its time: %v", err)
	}
	// A session lives where it began.
	if _, err := l.Resume(ctx, secret, browser); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Resume(ctx, secret, elsewhere); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session at another address: %v", err)
	}
	if _, err := l.Resume(ctx, secret, browser); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session that was seen elsewhere: %v", err)
	}
	for _, bad := range []string{"", "x", secret + "x"} {
		if _, err := l.Resume(ctx, bad, browser); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("the secret %q: %v", bad, err)
		}
	}
}

func TestRecoveryCodes(t *testing.T) {
	l, clock := newHouse(t)
	p, _ := arrived(t, l, clock, "sato", account.Staff)
	ctx := t.Context()
	_, secret, err := l.SignInCode(ctx, browser, p.begin().Ticket, strings.ToUpper(strings.ReplaceAll(p.recovery[3], "-", " ")))
	if err != nil {
		t.Fatal(err)
	}
	s := p.resume(secret)
	if _, _, err := l.SignInCode(ctx, browser, p.begin().Ticket, p.recovery[3]); hint(err) != "hint.code" {
		t.Errorf("a recovery code that was used: %v", err)
	}
	codes, err := l.NewRecoveries(ctx, s)
	if err != nil || len(codes) != recoveryCodes {
		t.Fatal(codes, err)
	}
	if _, _, err := l.SignInCode(ctx, browser, p.begin().Ticket, p.recovery[0]); hint(err) != "hint.code" {
		t.Errorf("a recovery code of the sheet before: %v", err)
	}
	if _, _, err := l.SignInCode(ctx, browser, p.begin().Ticket, codes[0]); err != nil {
		t.Errorf("a recovery code of the new sheet: %v", err)
	}
}

func TestCodesAreNotGuessed(t *testing.T) {
	l, clock := newHouse(t)
	p, _ := arrived(t, l, clock, "sato", account.Staff)
	ctx := t.Context()
	step := p.begin()
	for range ticketTries {
		if _, _, err := l.SignInCode(ctx, browser, step.Ticket, "000000"); hint(err) != "hint.code" {
			t.Fatal(err)
		}
	}
	if _, _, err := l.SignInCode(ctx, browser, step.Ticket, p.code()); hint(err) != "hint.log-in-anew" {
		t.Errorf("the right code after %d wrong ones: %v", ticketTries, err)
	}
	// Whoever has the password begins anew, from everywhere.
	looked := 0
	stranger := browser
	stranger.Address = netip.MustParseAddr("198.51.100.1")
	for range 200 {
		stranger.Address = stranger.Address.Next()
		s, _, err := l.SignIn(ctx, stranger, p.name, p.password)
		if err != nil {
			t.Fatal(err)
		}
		switch _, _, err := l.SignInCode(ctx, stranger, s.Ticket, "000000"); {
		case hint(err) == "hint.code":
			looked++
		case problem.KindOf(err) != problem.Unavailable:
			t.Fatal(err)
		}
	}
	if looked != int(codeLimits.account.burst) {
		t.Errorf("%d codes from 200 addresses were looked at, want %v", looked, codeLimits.account.burst)
	}
	p.in() // from where the person always is
}

func TestPasskeys(t *testing.T) {
	l, clock := newHouse(t)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	ctx := t.Context()
	p.passkey = passkeytest.New(t, origin)
	enrol := func(d *passkeytest.Device, at string) error {
		e, err := l.BeginFactor(ctx, s, account.Passkey, "", origin)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.EndFactor(ctx, s, account.NewFactor{Ticket: e.Ticket, Name: "Touch ID", Credential: d.Create(t, e.Passkey)}, at)
		return err
	}
	for what, d := range map[string]*passkeytest.Device{"another site's": passkeytest.New(t, "https://azekura.example.evil:8443"), "another port's": passkeytest.New(t, "https://azekura.example")} {
		if err := enrol(d, origin); hint(err) != "hint.passkey" {
			t.Errorf("%s passkey is set up: %v", what, err)
		}
	}
	if err := enrol(p.passkey, origin); err != nil {
		t.Fatal(err)
	}
	// Beside the password.
	step := p.begin()
	if !slices.Contains(step.Wants, account.WantPasskey) {
		t.Fatalf("a login wants %q", step.Wants)
	}
	_, secret, err := l.SignInPasskey(ctx, browser, step.Ticket, p.passkey.Get(t, step.Passkey))
	if err != nil {
		t.Fatal(err)
	}
	p.resume(secret)
	// Alone.
	alone := func(spoil func(*passkeytest.Device)) (string, error) {
		t.Helper()
		step, err := l.SignInWithPasskey(ctx, browser)
		if err != nil {
			t.Fatal(err)
		}
		d := *p.passkey
		spoil(&d)
		raw := d.Get(t, step.Passkey)
		p.passkey.Count = d.Count
		_, secret, err := l.SignInPasskey(ctx, browser, step.Ticket, raw)
		if _, _, twice := l.SignInPasskey(ctx, browser, step.Ticket, raw); twice == nil {
			t.Error("an answer counts twice")
		}
		return secret, err
	}
	if secret, err := alone(func(*passkeytest.Device) {}); err != nil {
		t.Error(err)
	} else {
		p.resume(secret)
	}
	stranger := passkeytest.New(t, origin)
	for what, spoil := range map[string]func(*passkeytest.Device){
		"a page of another site":    func(d *passkeytest.Device) { d.Origin = "https://azekura.example.evil:8443" },
		"nobody verified":           func(d *passkeytest.Device) { d.Flags = passkeytest.Present },
		"another key":               func(d *passkeytest.Device) { d.Key = stranger.Key },
		"a passkey that nobody has": func(d *passkeytest.Device) { d.ID = stranger.ID },
		"an older copy":             func(d *passkeytest.Device) { d.Count = 0 },
	} {
		if secret, err := alone(spoil); err == nil || secret != "" {
			t.Errorf("%s lets in", what)
		}
	}
	// At a site of another name there is none.
	other := browser
	other.Origin = "https://192.0.2.1:8443"
	if step, _, err := l.SignIn(ctx, other, p.name, p.password); err != nil || slices.Contains(step.Wants, account.WantPasskey) {
		t.Errorf("at another name: %+v, %v", step, err)
	}
	// And it can go again, but not the last factor.
	me, err := l.Me(ctx, s)
	if err != nil || len(me.Factors) != 3 {
		t.Fatalf("factors %+v, %v", me.Factors, err)
	}
	if err := l.RemoveFactor(ctx, s, me.Factors[1].ID); err != nil {
		t.Fatal(err)
	}
	if err := l.RemoveFactor(ctx, s, appID); hint(err) != "hint.last-factor" {
		t.Errorf("the last factor: %v", err)
	}
	if secret, err := alone(func(*passkeytest.Device) {}); err == nil || secret != "" {
		t.Error("a removed passkey lets in")
	}
}

// TestFreshProof is about acts that could give somebody else a way in.
func TestFreshProof(t *testing.T) {
	l, clock := newHouse(t)
	p, s := arrived(t, l, clock, "sato", account.Administrator)
	ctx := t.Context()
	if _, err := l.MakeDevice(ctx, s, p.name, "laptop"); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root := console(t, l)
	must(second(l.MakeShare(ctx, root, "secret")))
	must(l.SetGroup(ctx, root, "office", nil))
	must(l.SetGroup(ctx, root, "mine", []string{p.name}))
	must(l.MakeAccount(ctx, root, account.NewAccount{Name: "tanaka", Role: account.Staff}))
	policy, err := l.Policy(ctx, root)
	must(err)
	*clock = clock.Add(freshTime)
	for _, name := range []string{"safe of the office", "bank"} {
		must(second(l.MakeCard(ctx, root, name)))
	}
	must(second(l.MakeShare(ctx, root, "over")))
	acts := map[string]func() error{
		"a device": func() error { return second(l.MakeDevice(ctx, s, p.name, "another")) },
		"a token": func() error {
			return second(l.MakeToken(ctx, s, account.NewToken{Name: "x", Scopes: []account.Scope{account.FilesRead}, Days: 1}))
		},
		"a passkey":      func() error { return second(l.BeginFactor(ctx, s, account.Passkey, "", origin)) },
		"recovery codes": func() error { return second(l.NewRecoveries(ctx, s)) },
		"a password":     func() error { return l.SetPassword(ctx, s, "", "kasa to ame no hi") },
		"a role":         func() error { return second(l.SetRole(ctx, s, p.name, account.Administrator)) },
		"a renewal":      func() error { return l.RenewAll(ctx, s, "why not") },
		"a reading key":  func() error { return second(l.ReadingKey(ctx, s)) },
		"an account":     func() error { return l.MakeAccount(ctx, s, account.NewAccount{Name: "other", Role: account.Staff}) },
		"rights for oneself": func() error {
			return l.SetRights(ctx, s, account.Right{Account: p.name, Share: "secret", Rights: account.CanRead})
		},
		"rights for one's own group": func() error {
			return l.SetRights(ctx, s, account.Right{Group: "mine", Share: "secret", Rights: account.CanRead})
		},
		"a group with oneself":     func() error { return l.SetGroup(ctx, s, "office", []string{p.name}) },
		"networks of an account":   func() error { return second(l.SetAccountNetworks(ctx, s, "tanaka", nil)) },
		"networks of a share":      func() error { return l.SetShareNetworks(ctx, s, "secret", nil) },
		"what holds for everybody": func() error { return second(l.SetPolicy(ctx, s, policy)) },
		"papers":                   func() error { return second(l.MakePapers(ctx, s, 2, 3)) },
		"a key card":               func() error { return second(l.MakeCard(ctx, s, "safe")) },
		"a key card anew":          func() error { return second(l.RefreshCard(ctx, s, 1, nil)) },
		"a key card that is gone":  func() error { return l.ForgetCard(ctx, s, 2, "lost", "why not") },
		"the end of a share": func() error {
			return second(l.EraseShare(ctx, s, "over", account.NewErasure{Reason: "why not"}, account.Holdings{}))
		},
	}
	must(l.SetRights(ctx, s, account.Right{Account: "tanaka", Share: "secret", Rights: account.CanRead})) // what is for others does not
	must(l.SetGroup(ctx, s, "office", []string{"tanaka"}))
	for what, act := range acts {
		if err := act(); hint(err) != "hint.prove-again" {
			t.Errorf("%s without a fresh proof: %v", what, err)
		}
	}
	step, err := l.Prove(ctx, s, browser)
	if err != nil || !slices.Contains(step.Wants, account.WantCode) {
		t.Fatal(step, err)
	}
	if done, secret, err := l.SignInCode(ctx, browser, step.Ticket, p.code()); err != nil || secret != "" || len(done.Wants) > 0 {
		t.Fatal(done, secret, err)
	}
	delete(acts, "a renewal")
	for what, act := range acts {
		if err := act(); err != nil {
			t.Errorf("%s after a fresh proof: %v", what, err)
		}
	}
	if got := entries(t, l, event.Proved); len(got) != 1 || got[0].Session != s || got[0].Note != "app" {
		t.Errorf("the ledger has %+v", got)
	}
}

func TestWebSessionEndsIdle(t *testing.T) {
	l, clock := newHouse(t)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	for range 5 {
		*clock = clock.Add(webIdle - time.Minute)
		if _, err := l.Me(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	*clock = clock.Add(webIdle)
	if _, err := l.Me(t.Context(), s); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session that nobody has used for an hour: %v", err)
	}
	if d := l.dayOf(p.name); !d.Open {
		t.Error("the day has ended with the browser's session")
	}
}

// TestSFTPWithCode is how a file door logs somebody in who types password and code.
func TestPasswordAndCodeAtAFileDoor(t *testing.T) {
	l, clock := newHouse(t)
	p, _ := arrived(t, l, clock, "sato", account.Staff)
	c := account.Credentials{Name: p.name, Secret: p.password, Factor: account.Password, Address: home, Door: "sftp"}
	if _, err := l.Login(t.Context(), c); hint(err) != "hint.device-password" {
		t.Errorf("a password alone: %v", err)
	}
	c.Code = "000000"
	if _, err := l.Login(t.Context(), c); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a wrong code: %v", err)
	}
	c.Code = p.code()
	s, err := l.Login(t.Context(), c)
	if err != nil || s.Factor != account.SecondFactor || s.Door != "sftp" {
		t.Errorf("session %+v, %v", s, err)
	}
	if _, err := l.Login(t.Context(), c); err == nil {
		t.Error("a code counts twice")
	}
}

func FuzzSignInPasskey(f *testing.F) {
	l, clock := newHouse(f)
	p, s := arrived(f, l, clock, "sato", account.Staff)
	d := passkeytest.New(f, origin)
	e, err := l.BeginFactor(f.Context(), s, account.Passkey, "", origin)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := l.EndFactor(f.Context(), s, account.NewFactor{Ticket: e.Ticket, Credential: d.Create(f, e.Passkey)}, origin); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(d.Get(f, p.begin().Passkey)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p.t = t
		*clock = clock.Add(time.Hour) // so that nothing is throttled
		if _, secret, err := l.SignInPasskey(t.Context(), browser, p.begin().Ticket, json.RawMessage(raw)); err == nil || secret != "" {
			t.Error("an answer to another challenge lets in")
		}
	})
}

// TestMistypedCode: who mistypes the first code of an app goes on with the same secret, which is in the app already.
func TestMistypedCode(t *testing.T) {
	l, clock := newHouse(t)
	p, token := invited(t, l, clock, "tanaka", account.Staff)
	step, _, err := l.Accept(t.Context(), browser, token, p.password)
	if err != nil {
		t.Fatal(err)
	}
	first, err := l.SignInFactor(t.Context(), browser, step.Ticket, account.App)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.SignInNewFactor(t.Context(), browser, account.NewFactor{Ticket: first.Ticket, Code: "12345"}); hint(err) == "" {
		t.Fatalf("a short code: %v", err)
	}
	again, err := l.SignInFactor(t.Context(), browser, step.Ticket, account.App)
	if err != nil || again.Secret != first.Secret {
		t.Errorf("another secret, %v", err)
	}
	s := p.setUp(step)
	mine, err := l.BeginFactor(t.Context(), s, account.App, "", origin)
	if err != nil {
		t.Fatal(err)
	}
	if mine.Secret == first.Secret {
		t.Error("a second set-up has the secret of the first")
	}
	if _, err := l.EndFactor(t.Context(), s, account.NewFactor{Ticket: mine.Ticket, Code: "12345"}, origin); hint(err) == "" {
		t.Fatalf("a short code: %v", err)
	}
	if again, err := l.BeginFactor(t.Context(), s, account.App, mine.Ticket, origin); err != nil || again.Secret != mine.Secret || again.Ticket != mine.Ticket {
		t.Errorf("in a session: another secret, %v", err)
	}
	other, so := arrived(t, l, clock, "suzuki", account.Staff)
	if again, err := l.BeginFactor(t.Context(), so, account.App, mine.Ticket, origin); err != nil || again.Secret == mine.Secret {
		t.Errorf("%s goes on with somebody else's secret: %v", other.name, err)
	}
}
