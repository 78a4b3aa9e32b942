package keeper

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

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
		{"the end of a share by a token", second(l.EraseShare(ctx, write.ID, "albums", account.NewErasure{Reason: "x"}, account.Holdings{})), false},
		{"a rule by a token", l.SetRetention(ctx, write.ID, "albums", account.Retention{Versions: 1}), false},
		{"papers by a token", second(l.MakePapers(ctx, write.ID, 2, 3)), false},
		{"a card by a token", second(l.MakeCard(ctx, write.ID, "x")), false},
		{"witnesses by a token", second(l.SetWitnesses(ctx, write.ID, account.Witnessing{Mode: account.WitnessOff})), false},
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
