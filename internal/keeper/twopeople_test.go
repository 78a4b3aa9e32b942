package keeper

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

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
