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

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

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

func ctx(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

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
