package keeper

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/passkey/passkeytest"
	"github.com/azekura/azekura/internal/problem"
)

const origin = "https://azekura.example:8443"

var browser = account.Caller{Address: home, Door: "web", Software: "Mozilla/5.0", Origin: origin}

// someone is a person of a test: what they know and have.
type someone struct {
	t        testing.TB
	l        *Local
	clock    *time.Time
	name     string
	password string
	app      *app
	recovery []string
	passkey  *passkeytest.Device
}

// house is a keeper with a clock that the test moves.
func newHouse(t testing.TB) (*Local, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	return start(t, cfg), &now
}

// invited makes an account and returns its person and the invitation's token.
func invited(t testing.TB, l *Local, clock *time.Time, name string, role account.Role) (*someone, string) {
	t.Helper()
	root := console(t, l)
	if err := l.MakeAccount(t.Context(), root, account.NewAccount{Name: name, Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	err := l.amend(t.Context(), "set role", name, func(_ *books, d *draft) ([]event.Event, error) { // without asking a second person
		d.account(name).Role = role
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := l.Invite(t.Context(), root, name)
	if err != nil {
		t.Fatal(err)
	}
	return &someone{t: t, l: l, clock: clock, name: name, password: "kumo to sakana " + name}, i.Token
}

// arrived is somebody who has accepted an invitation and set up an app, and the session that this began.
func arrived(t testing.TB, l *Local, clock *time.Time, name string, role account.Role) (*someone, id.Session) {
	t.Helper()
	p, token := invited(t, l, clock, name, role)
	step, secret, err := l.Accept(t.Context(), browser, token, p.password)
	if err != nil || secret != "" || !slices.Equal(step.Wants, []account.Want{account.WantFactor}) {
		t.Fatalf("accept: %+v, %q, %v", step, secret, err)
	}
	return p, p.setUp(step)
}

// setUp sets up an app, as a login wants it.
func (p *someone) setUp(step account.Step) id.Session {
	p.t.Helper()
	e, err := p.l.SignInFactor(p.t.Context(), browser, step.Ticket, account.App)
	if err != nil || !strings.HasPrefix(e.QR, "data:image/png;base64,") || !strings.Contains(e.URI, e.Secret) {
		p.t.Fatalf("set up: %+v, %v", e, err)
	}
	p.app = p.l.tickets.get(step.Ticket, home, *p.clock).app
	done, secret, err := p.l.SignInNewFactor(p.t.Context(), browser, account.NewFactor{Ticket: e.Ticket, Code: p.code()})
	if err != nil || secret == "" || len(done.Wants) > 0 || len(done.Recovery) != recoveryCodes {
		p.t.Fatalf("set up: %+v, %v", done, err)
	}
	p.recovery = done.Recovery
	return p.resume(secret)
}

// code returns what the app shows, and a moment that it has not shown before.
func (p *someone) code() string {
	*p.clock = p.clock.Add(codeTime * time.Second)
	return p.app.code(p.clock.Unix() / codeTime)
}

func (p *someone) resume(secret string) id.Session {
	p.t.Helper()
	s, err := p.l.Resume(p.t.Context(), secret, browser)
	if err != nil || s.Factor != account.SecondFactor || s.Name != p.name {
		p.t.Fatalf("session %+v, %v", s, err)
	}
	return s.ID
}

// begin shows the password.
func (p *someone) begin() account.Step {
	p.t.Helper()
	step, secret, err := p.l.SignIn(p.t.Context(), browser, p.name, p.password)
	if err != nil || secret != "" {
		p.t.Fatalf("password of %s: %+v, %q, %v", p.name, step, secret, err)
	}
	return step
}

// in logs in with password and app.
func (p *someone) in() id.Session {
	p.t.Helper()
	step, secret, err := p.l.SignInCode(p.t.Context(), browser, p.begin().Ticket, p.code())
	if err != nil || len(step.Wants) > 0 {
		p.t.Fatalf("code of %s: %+v, %v", p.name, step, err)
	}
	return p.resume(secret)
}

func hint(err error) string {
	if e, ok := err.(*problem.Error); ok {
		return e.Hint
	}
	return ""
}
