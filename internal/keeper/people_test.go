package keeper

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// device gives somebody a device and returns what it logs in with.
func (p *someone) device(s id.Session, name string) account.Credentials {
	p.t.Helper()
	secret, err := p.l.MakeDevice(p.t.Context(), s, p.name, name)
	if err != nil {
		p.t.Fatal(err)
	}
	return account.Credentials{Name: p.name, Secret: secret, Factor: account.DevicePassword, Address: home, Door: "webdav"}
}

// TestNothingAfterTheDay: once the day is over, neither a password nor a key of a device is let in, and the ledger says who was refused.
func TestNothingAfterTheDay(t *testing.T) {
	l, clock := newHouse(t)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	_, line := sshKey(t)
	if err := l.AddDeviceKey(t.Context(), s, p.name, "mac", line); err != nil {
		t.Fatal(err)
	}
	key := account.Credentials{Name: p.name, Secret: line, Factor: account.DeviceKey, Address: home, Door: "sftp"}
	drives := map[string]account.Credentials{"a password": p.device(s, "laptop"), "a key": key}
	d, err := l.OpenDay(t.Context(), s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	*clock = d.Until.Add(-time.Second)
	for what, c := range drives {
		if _, err := l.Login(t.Context(), c); err != nil {
			t.Errorf("%s before the end of the day: %v", what, err)
		}
	}
	*clock = d.Until
	for what, c := range drives {
		if x, err := l.Login(t.Context(), c); hint(err) != "hint.day-closed" || !x.ID.IsZero() {
			t.Errorf("%s after the end of the day is let in, or not refused for it: session %v, %v", what, x.ID, err)
		}
	}
	refused := 0
	for _, e := range entries(t, l, event.LoginFailed) {
		if e.Note == whyDay && e.Address == home && !e.Device.IsZero() {
			refused++
		}
	}
	if refused != len(drives) {
		t.Errorf("the ledger says of %d that the day was not open, want %d", refused, len(drives))
	}
}

// TestDayClosedDuringALogin: whose day is closed while the login of a drive is being recorded has no session of it. It is closed at
// each look at the clock.
func TestDayClosedDuringALogin(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	idle := func() {}
	looked := idle
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { looked(); return now }
	l := start(t, cfg)
	p, s := arrived(t, l, &now, "sato", account.Staff)
	drive := p.device(s, "laptop")
	looks := 0
	looked = func() { looks++ }
	x, err := l.Login(t.Context(), drive)
	if looked = idle; err != nil || l.End(t.Context(), x.ID, "") != nil || looks < 3 {
		t.Fatalf("%d looks at the clock, %v", looks, err)
	}
	for last := 1; last <= looks; last++ {
		if _, err := l.OpenDay(t.Context(), s, time.Hour); err != nil {
			t.Fatal(err)
		}
		n := 0
		looked = func() {
			if n++; n == last {
				looked = idle
				if err := l.CloseDay(t.Context(), s, p.name); err != nil {
					t.Error(err)
				}
			}
		}
		_, err := l.Login(t.Context(), drive)
		if looked = idle; err != nil && problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("closed at look %d of %d: %v", last, looks, err)
		}
		if list := l.sessions.list(now, func(x account.Session) bool { return x.Factor == account.DevicePassword }); len(list) > 0 {
			t.Errorf("closed at look %d of %d: a session of the drive lives after it (%v)", last, looks, err)
		}
	}
}

// sshKey returns a public key, as a device shows it.
func sshKey(t *testing.T) (ssh.PublicKey, string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key, keyText(key)
}

func TestOpenDay(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	p, s := arrived(t, l, clock, "sato", account.Staff)
	drive := p.device(s, "laptop")
	works := func(want bool, when string) {
		t.Helper()
		_, err := l.Login(ctx, drive)
		if want && err != nil || !want && hint(err) != "hint.day-closed" {
			t.Errorf("the drive %s: %v", when, err)
		}
	}
	works(true, "after a login at the web")
	live, err := l.Login(ctx, drive)
	if err != nil {
		t.Fatal(err)
	}
	other := p.in() // another browser
	if err := l.Logout(ctx, other); err != nil {
		t.Fatal(err)
	}
	works(true, "while one of two browsers is logged in")
	if err := l.Logout(ctx, s); err != nil {
		t.Fatal(err)
	}
	works(false, "after the logout")
	if err := l.Check(ctx, live.ID, id.Share{}, false); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the drive's session after the logout: %v", err)
	}
	s = p.in()
	works(true, "after the next login")
	if err := l.CloseDay(ctx, s, p.name); err != nil {
		t.Fatal(err)
	}
	works(false, "after the day was closed")
	if d, err := l.OpenDay(ctx, s, time.Hour); err != nil || !d.Until.Equal(clock.Add(time.Hour)) {
		t.Errorf("a day of an hour: %+v, %v", d, err)
	}
	works(true, "in a day that was opened again")
	live, err = l.Login(ctx, drive)
	if err != nil || live.Expires.After(clock.Add(time.Hour)) {
		t.Errorf("the drive's session lives until %v, %v", live.Expires, err)
	}
	*clock = clock.Add(time.Hour)
	works(false, "after the day's end")
	if _, err := l.OpenDay(ctx, live.ID, 0); problem.KindOf(err) == 0 {
		t.Error("a device opens its own day")
	}
	if _, err := l.OpenDayOf(ctx, p.in(), p.name, 0); hint(err) != "hint.day-needs-login" {
		t.Errorf("a day of somebody else: %v", err)
	}
	var whys []string
	for _, e := range entries(t, l, event.DayClosed) {
		if e.Target != p.name || e.Actor != p.name || e.Address != home {
			t.Errorf("the ledger has %+v", e)
		}
		whys = append(whys, e.Note)
	}
	if !slices.Equal(whys, []string{"logged out", ""}) {
		t.Errorf("days closed: %q", whys)
	}
}

func TestDayOutlivesARestart(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	l := start(t, cfg)
	p, s := arrived(t, l, &now, "sato", account.Staff)
	drive := p.device(s, "laptop")
	if err := l.Close(ctx(t)); err != nil {
		t.Fatal(err)
	}
	l = reopen(t, cfg)
	if _, err := l.Login(t.Context(), drive); err != nil {
		t.Errorf("the drive after a restart: %v", err)
	}
	if _, err := l.Me(t.Context(), s); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the browser's session after a restart: %v", err)
	}
}

func ctx(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

func TestClosingTime(t *testing.T) {
	tokyo := func(s string) time.Time {
		t.Helper()
		v, err := time.Parse("2006-01-02 15:04 -0700", s+" +0900")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	p := policyState{Closing: "19:00", Zone: "Asia/Tokyo", DayLength: 12 * time.Hour}
	for _, c := range []struct {
		now    string
		length time.Duration
		want   string
	}{
		{"2026-11-24 08:30", 0, "2026-11-24 19:00"},
		{"2026-11-24 08:30", 2 * time.Hour, "2026-11-24 10:30"},
		{"2026-11-24 08:30", 99 * time.Hour, "2026-11-24 19:00"},
		{"2026-11-24 06:00", 0, "2026-11-24 18:00"},
		{"2026-11-24 18:59", 0, "2026-11-24 19:00"},
		{"2026-11-24 19:00", 0, "2026-11-25 07:00"},
		{"2026-12-31 23:00", 0, "2027-01-01 11:00"},
	} {
		if got, want := p.end(tokyo(c.now), c.length), tokyo(c.want); !got.Equal(want) {
			t.Errorf("a day of %v from %s ends at %v, want %v", c.length, c.now, got.In(want.Location()), want)
		}
	}
}

func TestDeviceKey(t *testing.T) {
	l, clock := newHouse(t)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	key, line := sshKey(t)
	line += " sato@mac"
	if err := l.AddDeviceKey(t.Context(), s, p.name, "mac", line); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "not a key", line + "\n" + line} {
		if err := l.AddDeviceKey(t.Context(), s, p.name, "bad", bad); hint(err) != "hint.device-key" {
			t.Errorf("the key %.20q: %v", bad, err)
		}
	}
	c := account.Credentials{Name: p.name, Secret: keyText(key), Factor: account.DeviceKey, Address: home, Door: "sftp"}
	if x, err := l.Login(t.Context(), c); err != nil || x.Factor != account.DeviceKey || x.DeviceName != "mac" {
		t.Errorf("session %+v, %v", x, err)
	}
	for _, bad := range []string{"", strings.ToUpper(c.Secret), "ssh-rsa AAAA"} {
		c.Secret = bad
		if _, err := l.Login(t.Context(), c); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("the key %.20q: %v", bad, err)
		}
	}
	c.Secret, c.Factor = "", account.DevicePassword // a device with a key has no password, not an empty one
	if _, err := l.Login(t.Context(), c); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("no password: %v", err)
	}
}

func TestTwoPeople(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, tanaka := arrived(t, l, clock, "tanaka", account.Administrator)
	sato, satos := arrived(t, l, clock, "sato", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, staff := arrived(t, l, clock, "staff", account.Staff)

	o, err := l.RemoveAccount(ctx, tanaka, "sato")
	if err != nil || o.Proposal == nil || !o.Proposal.Mine {
		t.Fatalf("to remove an administrator: %+v, %v", o, err)
	}
	if _, err := l.Me(ctx, satos); err != nil {
		t.Fatalf("one person has removed an administrator: %v", err)
	}
	if _, err := l.RemoveAccount(ctx, tanaka, "sato"); hint(err) != "hint.proposal-waits" {
		t.Errorf("the same again: %v", err)
	}
	for who, s := range map[string]id.Session{"who asked": tanaka, "whom it is about": satos} {
		if err := l.Confirm(ctx, s, o.Proposal.ID); hint(err) != "hint.two-people" {
			t.Errorf("confirmed by %s: %v", who, err)
		}
	}
	if err := l.Confirm(ctx, staff, o.Proposal.ID); problem.KindOf(err) != problem.Denied {
		t.Errorf("confirmed by staff: %v", err)
	}
	if list, err := l.Proposals(ctx, staff); err != nil || len(list) != 0 {
		t.Errorf("staff sees %+v, %v", list, err)
	}
	if me, err := l.Me(ctx, officer); err != nil || me.Waiting != 1 {
		t.Errorf("waiting for the officer: %d, %v", me.Waiting, err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Me(ctx, satos); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the session of who was removed: %v", err)
	}
	if _, _, err := l.SignIn(ctx, browser, sato.name, sato.password); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a login of who was removed: %v", err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); problem.KindOf(err) != problem.NotFound {
		t.Errorf("confirmed twice: %v", err)
	}
	if err := l.MakeAccount(ctx, tanaka, account.NewAccount{Name: "SATO", Role: account.Staff}); hint(err) != "hint.name-of-removed" {
		t.Errorf("the name of somebody who was removed: %v", err)
	}

	// The last administrator stays, whoever asks.
	if _, err := l.SetRole(ctx, tanaka, "tanaka", account.Staff); hint(err) != "hint.last-administrator" {
		t.Errorf("the last administrator: %v", err)
	}
	// Refused, and too late.
	o, err = l.ResetFactors(ctx, tanaka, "staff", "telephone lost")
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if err := l.Withdraw(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); problem.KindOf(err) != problem.NotFound {
		t.Errorf("confirmed after it was refused: %v", err)
	}
	o, err = l.ResetFactors(ctx, tanaka, "staff", "telephone lost")
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(proposalTime)
	if err := l.Confirm(ctx, console(t, l), o.Proposal.ID); problem.KindOf(err) != problem.NotFound {
		t.Errorf("confirmed after its time: %v", err)
	}
	var said []string
	for _, e := range entries(t, l, event.Proposed, event.Confirmed, event.Withdrawn) {
		said = append(said, string(e.Kind)+" "+e.Actor+" "+e.Target)
	}
	want := []string{"proposed tanaka sato", "confirmed officer sato", "proposed tanaka staff", "withdrawn officer staff", "proposed tanaka staff"}
	if !slices.Equal(said, want) {
		t.Errorf("the ledger has\n%q, want\n%q", said, want)
	}
}

// TestAppointing: one person cannot make the second.
func TestAppointing(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, admin := arrived(t, l, clock, "tanaka", account.Administrator)
	// Alone, an administrator has to.
	if err := l.MakeAccount(ctx, admin, account.NewAccount{Name: "first", Role: account.PrivacyOfficer}); err != nil {
		t.Errorf("the first to confirm: %v", err)
	}
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	if err := l.MakeAccount(ctx, admin, account.NewAccount{Name: "puppet", Role: account.Administrator}); hint(err) != "hint.appoint" {
		t.Errorf("one more to confirm, by one person: %v", err)
	}
	if err := l.MakeAccount(ctx, admin, account.NewAccount{Name: "puppet", Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	o, err := l.SetRole(ctx, admin, "puppet", account.Administrator)
	if err != nil || o.Proposal == nil {
		t.Fatalf("one more to confirm, by a change of role: %+v, %v", o, err)
	}
	if l.books.Load().known("puppet").Role != account.Staff {
		t.Error("the role has changed without a second person")
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if l.books.Load().known("puppet").Role != account.Administrator {
		t.Error("the role has not changed with a second person")
	}
	if o, err := l.SetRole(ctx, admin, "officer", account.Staff); err != nil || o.Proposal == nil {
		t.Errorf("the second person's role is taken by the first: %+v, %v", o, err)
	}
	if o, err := l.SetDisabled(ctx, admin, "officer", true); err != nil || o.Proposal == nil {
		t.Errorf("the second person's account is closed by the first: %+v, %v", o, err)
	}
	if o, err := l.RemoveAccount(ctx, admin, "officer"); err != nil || o.Proposal == nil {
		t.Errorf("the second person is removed by the first: %+v, %v", o, err)
	}
	if err := second(l.MakeDevice(ctx, admin, "officer", "mine")); problem.KindOf(err) != problem.Denied {
		t.Errorf("a device in somebody else's name: %v", err)
	}
}

// TestManyTickets: whoever begins many logins ends none of others.
func TestManyTickets(t *testing.T) {
	l, clock := newHouse(t)
	p, _ := arrived(t, l, clock, "sato", account.Staff)
	step := p.begin()
	stranger := browser
	stranger.Address = netip.MustParseAddr("198.51.100.1")
	for range 2 * maxTicketsOf {
		if _, err := l.SignInWithPasskey(t.Context(), stranger); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.tickets.all); n > maxTicketsOf+1 {
		t.Errorf("%d tickets of one address", n)
	}
	if _, _, err := l.SignInCode(t.Context(), browser, step.Ticket, p.code()); err != nil {
		t.Errorf("a login that was under way: %v", err)
	}
}

func TestLostFactor(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, admin := arrived(t, l, clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	o, err := l.ResetFactors(ctx, admin, "sato", "telephone lost")
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Me(ctx, s); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session after the reset: %v", err)
	}
	if _, _, err := l.SignIn(ctx, browser, p.name, p.password); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the old password after the reset: %v", err)
	}
	i, err := l.Invite(ctx, admin, "sato")
	if err != nil {
		t.Fatal(err)
	}
	step, _, err := l.Accept(ctx, browser, i.Token, p.password)
	if err != nil {
		t.Fatal(err)
	}
	p.setUp(step)
}

// TestConsoleAlone is about a house where nobody could be the second person.
func TestConsoleAlone(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	if o, err := l.ResetFactors(ctx, s, "tanaka", "new telephone"); err != nil || o.Proposal == nil {
		t.Errorf("an administrator alone: %+v, %v", o, err)
	}
	root := console(t, l)
	if list, err := l.Proposals(ctx, root); err != nil || len(list) != 1 {
		t.Fatalf("waiting: %+v, %v", list, err)
	} else if err := l.Confirm(ctx, root, list[0].ID); err != nil {
		t.Errorf("the console as the second person: %v", err)
	}
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	if o, err := l.SetPolicy(ctx, root, account.Policy{}); err != nil || o.Proposal == nil {
		t.Errorf("the console where somebody could confirm: %+v, %v", o, err)
	} else if err := l.Confirm(ctx, root, o.Proposal.ID); hint(err) != "hint.two-people" {
		t.Errorf("the console confirms what it asked for: %v", err)
	} else if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Error(err)
	}
	if p, err := l.Policy(ctx, root); err != nil || p.SecondFactor {
		t.Errorf("policy %+v, %v", p, err)
	}
}

func TestRenewal(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	sato, s := arrived(t, l, clock, "sato", account.Staff)
	drive := sato.device(s, "laptop")
	if _, err := l.Login(ctx, drive); err != nil {
		t.Fatal(err)
	}
	token, err := l.MakeToken(ctx, s, account.NewToken{Name: "script", Scopes: []account.Scope{account.FilesRead}, Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	pending := sato.begin()
	if err := l.RenewAll(ctx, s, "because"); problem.KindOf(err) != problem.Denied {
		t.Errorf("a renewal by staff: %v", err)
	}
	if err := l.RenewAll(ctx, officer, ""); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a renewal without a reason: %v", err)
	}
	if err := l.RenewAll(ctx, officer, "the VPN was broken into"); err != nil {
		t.Fatal(err)
	}
	for who, x := range map[string]id.Session{"staff": s, "who asked": officer} {
		if _, err := l.Me(ctx, x); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("the session of %s: %v", who, err)
		}
	}
	if _, err := l.Login(ctx, drive); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the device password: %v", err)
	}
	if _, err := l.Login(ctx, account.Credentials{Secret: token.Secret, Factor: account.ByToken, Address: home, Door: "api"}); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("the token: %v", err)
	}
	if _, _, err := l.SignInCode(ctx, browser, pending.Ticket, sato.code()); hint(err) != "hint.log-in-anew" {
		t.Errorf("a login that was under way: %v", err)
	}
	// The next login sets a new password, after the second factor and not before.
	step := sato.begin()
	if _, _, err := l.SignInPassword(ctx, browser, step.Ticket, "atarashii kasa wo kau"); hint(err) != "hint.log-in-anew" {
		t.Errorf("a new password before the second factor: %v", err)
	}
	step, secret, err := l.SignInCode(ctx, browser, sato.begin().Ticket, sato.code())
	if err != nil || secret != "" || !slices.Equal(step.Wants, []account.Want{account.WantPassword}) {
		t.Fatalf("a login wants %+v, %q, %v", step, secret, err)
	}
	if _, _, err := l.SignInPassword(ctx, browser, step.Ticket, sato.password); hint(err) != "hint.password-same" {
		t.Errorf("the old password again: %v", err)
	}
	if _, _, err := l.SignInPassword(ctx, browser, step.Ticket, "secret"); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a poor password: %v", err)
	}
	sato.password = "atarashii kasa wo kau"
	if _, secret, err = l.SignInPassword(ctx, browser, step.Ticket, sato.password); err != nil || secret == "" {
		t.Fatal(err)
	}
	sato.resume(secret)
	r, err := l.Renewal(ctx, console(t, l))
	if err != nil || r.Done != 1 || r.Of != 2 || !slices.Equal(r.Waiting, []string{"officer"}) || r.By != "officer" {
		t.Errorf("the renewal stands at %+v, %v", r, err)
	}
	sato.in()
	if got := entries(t, l, event.RenewalBegun); len(got) != 1 || got[0].Size != 2 || got[0].Note != "the VPN was broken into" || got[0].Actor != "officer" {
		t.Errorf("the ledger has %+v", got)
	}
}

func TestRoles(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	albums, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[account.Role]id.Session)
	for _, r := range account.Roles {
		_, of[r] = arrived(t, l, clock, string(r), r)
	}
	// No role reads what was not given to it.
	for r, s := range of {
		if err := l.Check(ctx, s, albums.ID, false); problem.KindOf(err) != problem.Denied {
			t.Errorf("%s reads a share that was not given: %v", r, err)
		}
	}
	if err := l.SetRights(ctx, root, account.Right{Account: "auditor", Share: "albums", Rights: account.CanRead}); hint(err) != "hint.auditor-holds-nothing" {
		t.Errorf("rights for an auditor: %v", err)
	}
	acts := map[account.Power]func(s id.Session) error{
		account.ManageAccounts: func(s id.Session) error { return second(l.SetRole(ctx, s, "staff", account.Staff)) },
		account.ManageShares:   func(s id.Session) error { return second(l.MakeShare(ctx, s, id.NewShare().String())) },
		account.GrantAll: func(s id.Session) error {
			return l.SetRights(ctx, s, account.Right{Account: "staff", Share: "albums", Rights: account.CanRead})
		},
		account.EndSessions: func(s id.Session) error { return l.EndAccountSessions(ctx, s, "nobody is here") },
		account.Confirm:     func(s id.Session) error { return l.Confirm(ctx, s, "x") },
		account.Settle:      func(s id.Session) error { return second(l.SetPolicy(ctx, s, account.Policy{SecondFactor: true})) },
		account.Care:        func(s id.Session) error { return l.May(ctx, s, account.Care, "verify") },
		account.SeePeople: func(s id.Session) error {
			if list, err := l.Accounts(ctx, s); err != nil || len(list) < 2 {
				return notAllowed("see people")
			}
			return nil
		},
		account.ReadLedger: func(s id.Session) error { return second(l.ReadingKey(ctx, s)) },
		account.Renew:      func(s id.Session) error { return l.RenewAll(ctx, s, "") },
	}
	for r, s := range of {
		for p, act := range acts {
			allowed := problem.KindOf(act(s)) != problem.Denied
			if allowed != r.May(p) {
				t.Errorf("%s, %s: allowed %v, want %v", r, p, allowed, r.May(p))
			}
		}
	}
	// A share manager gives rights where they may write, and nowhere else.
	manager := of[account.ShareManager]
	own, err := l.MakeShare(ctx, manager, "own")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.SetRights(ctx, manager, account.Right{Account: "staff", Share: "own", Rights: account.CanRead}); err != nil {
		t.Error(err)
	}
	if err := l.Check(ctx, of[account.Staff], own.ID, false); err != nil {
		t.Error(err)
	}
	if err := l.Check(ctx, of[account.Staff], own.ID, true); problem.KindOf(err) != problem.Denied {
		t.Errorf("a reader writes: %v", err)
	}
	if list, err := l.ShareRights(ctx, manager, "own"); err != nil || len(list) != 2 {
		t.Errorf("rights in one's own share: %+v, %v", list, err)
	}
	if err := second(l.ShareRights(ctx, of[account.Staff], "own")); problem.KindOf(err) != problem.Denied {
		t.Errorf("rights seen by staff: %v", err)
	}
}

func TestGroups(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	sh, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	_, sato := arrived(t, l, clock, "sato", account.Staff)
	if err := l.SetGroup(ctx, root, "prepress", []string{"sato", "SATO"}); err != nil {
		t.Fatal(err)
	}
	if err := l.SetRights(ctx, root, account.Right{Group: "Prepress", Share: "albums", Rights: account.CanWrite}); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, sato, sh.ID, true); err != nil {
		t.Errorf("a member: %v", err)
	}
	if err := l.SetRights(ctx, root, account.Right{Account: "sato", Share: "albums", Rights: account.CanRead}); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, sato, sh.ID, true); err != nil {
		t.Errorf("a member with less of their own: %v", err)
	}
	if list, err := l.Groups(ctx, sato); err != nil || len(list) != 1 || !slices.Equal(list[0].Members, []string{"sato"}) {
		t.Errorf("groups %+v, %v", list, err)
	}
	if err := l.RemoveGroup(ctx, root, "PREPRESS"); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, sato, sh.ID, true); problem.KindOf(err) != problem.Denied {
		t.Errorf("a member of a group that is gone: %v", err)
	}
}

func TestNetworks(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	sh, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	p, s := arrived(t, l, clock, "sato", account.Staff)
	if err := l.SetRights(ctx, root, account.Right{Account: "sato", Share: "albums", Rights: account.CanWrite}); err != nil {
		t.Fatal(err)
	}
	drive := p.device(s, "laptop")
	policy := account.Policy{SecondFactor: true, Networks: map[string][]string{"factory": {"192.0.2.0/24", "2001:db8::/32"}, "office": {"198.51.100.7"}}}
	if _, err := l.SetPolicy(ctx, root, policy); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"nowhere", "192.0.2", "192.0.2.0/33"} {
		if _, err := l.SetAccountNetworks(ctx, root, "sato", []string{bad}); problem.KindOf(err) != problem.Invalid {
			t.Errorf("the network %q: %v", bad, err)
		}
	}
	if err := l.SetShareNetworks(ctx, root, "albums", []string{"office"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, s, sh.ID, false); hint(err) != "hint.network" {
		t.Errorf("a share from another network: %v", err)
	}
	if err := l.SetShareNetworks(ctx, root, "albums", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetAccountNetworks(ctx, root, "sato", []string{"factory", "203.0.113.5"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, s, sh.ID, false); err != nil {
		t.Errorf("from the factory: %v", err)
	}
	for from, want := range map[string]bool{"192.0.2.200": true, "::ffff:192.0.2.9": true, "2001:db8::7": true, "203.0.113.5": true, "203.0.113.6": false, "198.51.100.7": false, "2001:db9::1": false} {
		drive.Address = netip.MustParseAddr(from)
		if _, err := l.Login(ctx, drive); want && err != nil || !want && hint(err) != "hint.network" {
			t.Errorf("the drive from %s: %v", from, err)
		}
		at := browser
		at.Address = drive.Address
		if _, _, err := l.SignIn(ctx, at, p.name, p.password); want && err != nil || !want && hint(err) != "hint.network" {
			t.Errorf("the browser from %s: %v", from, err)
		}
	}
	if _, err := l.SetAccountNetworks(ctx, root, "sato", []string{"office"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Me(ctx, s); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session from a network that is not allowed any more: %v", err)
	}
	delete(policy.Networks, "office")
	if _, err := l.SetPolicy(ctx, root, policy); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a list that somebody's rule names is removed: %v", err)
	}
}

func TestTokens(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	sh, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	if err := l.SetRights(ctx, root, account.Right{Account: "tanaka", Share: "albums", Rights: account.CanWrite}); err != nil {
		t.Fatal(err)
	}
	login := func(scopes ...account.Scope) (account.Session, account.Token) {
		t.Helper()
		x, err := l.MakeToken(ctx, s, account.NewToken{Name: id.NewDevice().String(), Scopes: scopes, Days: 30})
		if err != nil || !strings.HasPrefix(x.Secret, tokenPrefix) {
			t.Fatal(x, err)
		}
		y, err := l.Login(ctx, account.Credentials{Secret: x.Secret, Factor: account.ByToken, Address: home, Door: "api"})
		if err != nil {
			t.Fatal(err)
		}
		return y, x
	}
	read, token := login(account.FilesRead)
	write, old := login(account.FilesWrite)
	ledger, _ := login(account.LedgerRead)
	for _, c := range []struct {
		what string
		err  error
		want bool
	}{
		{"reading with files:read", l.Check(ctx, read.ID, sh.ID, false), true},
		{"writing with files:read", l.Check(ctx, read.ID, sh.ID, true), false},
		{"writing with files:write", l.Check(ctx, write.ID, sh.ID, true), true},
		{"reading with ledger:read", l.Check(ctx, ledger.ID, sh.ID, false), false},
		{"a device by a token", second(l.MakeDevice(ctx, write.ID, "tanaka", "x")), false},
		{"a token by a token", second(l.MakeToken(ctx, write.ID, account.NewToken{Name: "y", Scopes: []account.Scope{account.FilesRead}, Days: 1})), false},
		{"a passkey by a token", second(l.BeginFactor(ctx, write.ID, account.Passkey, "", origin)), false},
		{"a password by a token", l.SetPassword(ctx, write.ID, "", "ame no hi no kasa"), false},
		{"an account by a token", l.MakeAccount(ctx, write.ID, account.NewAccount{Name: "x", Role: account.Staff}), false},
		{"a renewal by a token", l.RenewAll(ctx, write.ID, "because"), false},
		{"a reading key by a token", second(l.ReadingKey(ctx, ledger.ID)), false},
		{"the end of others' sessions by a token", l.EndAccountSessions(ctx, read.ID, "tanaka"), false},
		{"the end of the day by a token", l.CloseDay(ctx, read.ID, "tanaka"), false},
		{"a day by a token", second(l.OpenDay(ctx, write.ID, 0)), false},
		{"the policy by a token", second(l.SetPolicy(ctx, write.ID, account.Policy{SecondFactor: true})), false},
	} {
		if (c.err == nil) != c.want {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
	seen := func(s account.Session) (n int) {
		for _, err := range l.Events(ctx, s.ID, Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if seen(ledger) == 0 || seen(read) != 0 {
		t.Errorf("entries seen with ledger:read %d, with files:read %d", seen(ledger), seen(read))
	}
	if err := l.RemoveToken(ctx, s, token.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(ctx, read.ID, sh.ID, false); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a session of a token that is gone: %v", err)
	}
	*clock = clock.AddDate(0, 0, 31)
	if _, err := l.Login(ctx, account.Credentials{Secret: old.Secret, Factor: account.ByToken, Address: home, Door: "api"}); hint(err) != "hint.token" {
		t.Errorf("a token after its time: %v", err)
	}
	if failed := entries(t, l, event.LoginFailed); failed[len(failed)-1].Device != write.Device {
		t.Errorf("the ledger does not tell which token it was: %+v", failed[len(failed)-1])
	}
	for _, bad := range []account.NewToken{{Name: "a", Days: 1}, {Name: "a", Scopes: []account.Scope{"all"}, Days: 1}, {Name: "a", Scopes: []account.Scope{account.FilesRead}, Days: 400}} {
		if _, err := l.MakeToken(ctx, s, bad); err == nil {
			t.Errorf("a token %+v", bad)
		}
	}
}

// TestClosedAccount: what let programs in is not there again when an account is opened again.
func TestClosedAccount(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	_, s := arrived(t, l, clock, "sato", account.Staff)
	x, err := l.MakeToken(ctx, s, account.NewToken{Name: "script", Scopes: []account.Scope{account.FilesRead}, Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	enter := func() error {
		_, err := l.Login(ctx, account.Credentials{Secret: x.Secret, Factor: account.ByToken, Address: home, Door: "api"})
		return err
	}
	if err := enter(); err != nil {
		t.Fatal(err)
	}
	for _, off := range []bool{true, false} {
		if _, err := l.SetDisabled(ctx, root, "sato", off); err != nil {
			t.Fatal(err)
		}
		if err := enter(); hint(err) != "hint.token" {
			t.Errorf("its token, account closed: %v; %v", off, err)
		}
	}
}

// TestRulesThatChange: a closing time, and networks, hold for those who are in already.
func TestRulesThatChange(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	p, s := arrived(t, l, clock, "sato", account.Staff)
	secret, err := l.MakeDevice(ctx, s, p.name, "laptop")
	if err != nil {
		t.Fatal(err)
	}
	enter := func() account.Session {
		t.Helper()
		x, err := l.Login(ctx, account.Credentials{Name: p.name, Secret: secret, Factor: account.DevicePassword, Address: home, Door: "webdav"})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	device := enter()
	soon := clock.Add(time.Hour).UTC()
	policy, err := l.Policy(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	policy.Closing, policy.Zone = soon.Format(clockTime), "UTC"
	if _, err := l.SetPolicy(ctx, root, policy); err != nil {
		t.Fatal(err)
	}
	if _, err := l.live(device.ID); err == nil {
		t.Error("a device's session that would last beyond the closing time goes on")
	}
	device = enter()
	if want := soon.Truncate(time.Minute); !device.Expires.Equal(want) || !l.dayOf(p.name).Until.Equal(want) {
		t.Errorf("the device is in until %v, the day is open until %v, the house closes at %v", device.Expires, l.dayOf(p.name).Until, want)
	}
	if _, err := l.live(s); err != nil {
		t.Errorf("the login at the web has ended: %v", err)
	}
	policy.Networks = map[string][]string{"office": {"0.0.0.0/0", "::/0"}}
	if _, err := l.SetPolicy(ctx, root, policy); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetAccountNetworks(ctx, root, p.name, []string{"office"}); err != nil {
		t.Fatal(err)
	}
	policy.Networks = map[string][]string{"office": {"203.0.113.0/24"}}
	if _, err := l.SetPolicy(ctx, root, policy); err != nil {
		t.Fatal(err)
	}
	for _, x := range []id.Session{device.ID, s} {
		if _, err := l.live(x); err == nil {
			t.Error("a session from where nobody may be any more goes on")
		}
	}
}

// TestNewestFirst compares the ledger read backwards with the ledger read forwards, in pages.
func TestNewestFirst(t *testing.T) {
	l, _ := newHouse(t)
	root := console(t, l)
	for range 1500 {
		if err := l.append(t.Context(), event.Event{Kind: event.Heartbeat}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(f Filter) (out []int64) {
		t.Helper()
		for e, err := range l.Events(t.Context(), root, f) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e.Index)
		}
		return out
	}
	want := read(Filter{})
	slices.Reverse(want)
	if got := read(Filter{Newest: true}); !slices.Equal(got, want) {
		t.Errorf("%d entries backwards, %d forwards, or in another order", len(got), len(want))
	}
	var paged []int64
	for f := (Filter{Newest: true, Limit: 700}); ; {
		page := read(f)
		paged = append(paged, page...)
		if len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1]
	}
	if !slices.Equal(paged, want) {
		t.Errorf("%d entries in pages, want %d", len(paged), len(want))
	}
}

// TestWhoSeesWhatOfTheLedger is about those who may not read all of it.
func TestWhoSeesWhatOfTheLedger(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, manager := arrived(t, l, clock, "manager", account.ShareManager)
	_, staff := arrived(t, l, clock, "staff", account.Staff)
	own, err := l.MakeShare(ctx, manager, "own")
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.MakeShare(ctx, console(t, l), "other")
	if err != nil {
		t.Fatal(err)
	}
	for _, sh := range []id.Share{own.ID, other.ID} {
		if err := l.Record(ctx, event.Event{Kind: event.Saved, Share: sh, Actor: "somebody", Note: sh.String()}); err != nil {
			t.Fatal(err)
		}
	}
	saves := func(s id.Session) (out []string) {
		t.Helper()
		for e, err := range l.Events(ctx, s, Filter{Kinds: []event.Kind{event.Saved}}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e.Event.Note)
		}
		return out
	}
	if got := saves(manager); !slices.Equal(got, []string{own.ID.String()}) {
		t.Errorf("a share manager sees saves in %q", got)
	}
	if got := saves(staff); len(got) != 0 {
		t.Errorf("staff sees saves in %q", got)
	}
	if got := saves(console(t, l)); len(got) != 2 {
		t.Errorf("the console sees saves in %q", got)
	}
}

// TestAcceptedTwiceAtOnce lets several set up a factor for one invitation at the same time.
func TestAcceptedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(durabletest.New(t), "/data")
		cfg.Now = time.Now
		l := start(t, cfg)
		defer l.Close(ctx(t))
		clock := time.Now()
		_, token := invited(t, l, &clock, "sato", account.Staff)
		in := make(chan bool)
		for range 8 {
			go func() {
				step, _, err := l.Accept(t.Context(), browser, token, "kumo to sakana to mizu")
				if err != nil {
					in <- false
					return
				}
				if _, err := l.SignInFactor(t.Context(), browser, step.Ticket, account.App); err != nil {
					in <- false
					return
				}
				x := l.tickets.get(step.Ticket, home, time.Now())
				if x == nil {
					in <- false
					return
				}
				_, secret, _ := l.SignInNewFactor(t.Context(), browser, account.NewFactor{Ticket: step.Ticket, Code: x.app.code(time.Now().Unix() / codeTime)})
				in <- secret != ""
			}()
		}
		n := 0
		for range 8 {
			if <-in {
				n++
			}
		}
		if n != 1 {
			t.Errorf("one invitation has let %d people in", n)
		}
	})
}
