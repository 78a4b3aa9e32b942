package keeper

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

const goodPassword = "some words that nobody guesses"

// withPassword makes an account with a memorised password, in a house where nobody needs a second factor.
func withPassword(t testing.TB, l *Local, name string, role account.Role) account.Credentials {
	t.Helper()
	if o, err := l.SetPolicy(t.Context(), console(t, l), account.Policy{}); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	if err := l.MakeAccount(t.Context(), console(t, l), account.NewAccount{Name: name, Role: role, Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	return account.Credentials{Name: name, Secret: goodPassword, Factor: account.Password, Address: home, Door: "web"}
}

func TestNamesAsPeopleTypeThem(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	c := person(t, l, console(t, l), "Yamada ガク", "", account.NoRights)
	for _, name := range []string{"Yamada ガク", "yamada ガク", "YAMADA ガク", `KOJO\Yamada ガク`, `KOJO\x\yamada ガク`, "Yamada ガク", "Ｙａｍａｄａ ｶﾞｸ"} {
		c.Name = name
		if s, err := l.Login(t.Context(), c); err != nil || s.Name != "Yamada ガク" {
			t.Errorf("%q: %q, %v", name, s.Name, err)
		}
	}
	secret := c.Secret
	for _, s := range []string{strings.ToUpper(secret), strings.ReplaceAll(secret, "-", ""), strings.ReplaceAll(secret, "-", " "), " " + secret + "\n"} {
		c.Secret = s
		if _, err := l.Login(t.Context(), c); err != nil {
			t.Errorf("a device password as it is typed from paper: %v", err)
		}
	}
	for _, name := range []string{"a:b", `a\b`, "", "..", "a\nb", strings.Repeat("あ", 65), "yamada ｶﾞｸ"} {
		if err := l.MakeAccount(t.Context(), console(t, l), account.NewAccount{Name: name, Role: account.Staff}); err == nil {
			t.Errorf("an account of the name %q", name)
		}
	}
}

func TestMemorisedPassword(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	c := withPassword(t, l, "yamada", account.Administrator)
	s := enter(t, l, c)
	if s.Factor != account.Password || s.Role != account.Administrator || !s.Device.IsZero() {
		t.Errorf("session %+v", s)
	}
	if again := enter(t, l, c); again.ID != s.ID {
		t.Error("the same password at the same door and address begins another session")
	}
	wrong := c
	wrong.Secret += "?"
	if _, err := l.Login(t.Context(), wrong); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("a wrong password beside a live session: %v", err)
	}
	if _, err := l.MakeShare(t.Context(), s.ID, "albums"); err != nil {
		t.Errorf("an administrator: %v", err)
	}
	device := c
	device.Factor = account.DevicePassword
	_, err := l.Login(t.Context(), device)
	if e, ok := err.(*problem.Error); !ok || e.Kind != problem.Unauthenticated || e.Hint != "hint.device-password" {
		t.Errorf("a memorised password at a file door: %v", err)
	}
	if err := l.SetPassword(t.Context(), s.ID, "yamada", goodPassword+" at all"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Login(t.Context(), device); err == nil {
		t.Error("the old password still works")
	}
	c.Secret += " at all"
	if again := enter(t, l, c); again.ID == s.ID {
		t.Error("a live session has taken another password")
	}
	withPassword(t, l, "another", account.Administrator)
	if _, err := l.SetDisabled(t.Context(), console(t, l), "yamada", true); err != nil {
		t.Fatal(err)
	}
	_, err = l.Login(t.Context(), c)
	if e, ok := err.(*problem.Error); !ok || e.Hint != "hint.account-disabled" {
		t.Errorf("a disabled account: %v", err)
	}
}

// TestUnknownNamesTakeAsLong takes away the room for hashing: who is answered all the same was not hashed, and would be
// told from the others by a clock.
func TestUnknownNamesTakeAsLong(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	c := withPassword(t, l, "yamada", account.Staff)
	if err := l.MakeAccount(t.Context(), console(t, l), account.NewAccount{Name: "suzuki", Role: account.Staff}); err != nil { // no password at all
		t.Fatal(err)
	}
	if got, want := l.decoy.Hashing, l.books.Load().accounts["yamada"].Password.Hashing; got != want {
		t.Errorf("unknown names cost %+v, known ones %+v", got, want)
	}
	c.Secret = "not the password of anybody"
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for range hashings {
		l.hashing <- struct{}{}
	}
	for _, name := range []string{"yamada", "suzuki", "nobody"} {
		c.Name = name
		if _, err := l.Login(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("%s is answered without a hash: %v", name, err)
		}
	}
	for range hashings {
		<-l.hashing
	}
	for _, name := range []string{"yamada", "suzuki", "nobody"} {
		c.Name = name
		if _, err := l.Login(t.Context(), c); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGuessingIsSlowedDown guesses from everywhere, and looks who is still let in.
func TestGuessingIsSlowedDown(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	l := start(t, cfg)
	yamada, suzuki := withPassword(t, l, "yamada", account.Staff), withPassword(t, l, "suzuki", account.Staff)
	laptop := person(t, l, console(t, l), "tanaka", "", account.NoRights)
	enter(t, l, yamada) // from the firm, so that the firm's address is known to the account
	if err := l.EndAccountSessions(t.Context(), console(t, l), "yamada"); err != nil {
		t.Fatal(err)
	}
	guess := func(c account.Credentials, from string, n int) (looked int) {
		t.Helper()
		c.Secret, c.Address = "a guess, and then another", netip.MustParseAddr(from)
		for range n {
			if _, err := l.Login(t.Context(), c); problem.KindOf(err) == problem.Unauthenticated {
				looked++
			} else if problem.KindOf(err) != problem.Unavailable {
				t.Fatal(err)
			}
			c.Address = c.Address.Next()
		}
		return looked
	}
	if n := guess(yamada, "198.51.100.1", 200); n != 10 {
		t.Errorf("%d guesses at one account from 200 addresses were looked at, want 10", n)
	}
	day := 0
	for range 24 {
		now = now.Add(time.Hour)
		day += guess(yamada, "203.0.113.1", 20)
	}
	if day > 100 {
		t.Errorf("%d guesses in a day", day)
	}
	if _, err := l.Login(t.Context(), yamada); err != nil {
		t.Errorf("the owner, from where he always is: %v", err)
	}
	inside := laptop
	inside.Secret = "azk-wrong-wrong-wrong"
	for range 300 { // a client at the firm with an old password, again and again
		if _, err := l.Login(t.Context(), inside); problem.KindOf(err) != problem.Unauthenticated {
			t.Fatal(err)
		}
	}
	if _, err := l.OpenDayOf(t.Context(), console(t, l), "tanaka", 0); err != nil { // the next morning
		t.Fatal(err)
	}
	for _, c := range []account.Credentials{laptop, suzuki} {
		if _, err := l.Login(t.Context(), c); err != nil {
			t.Errorf("%s, at the firm, is locked out by others: %v", c.Name, err)
		}
	}
	if n := guess(account.Credentials{Name: "nobody", Factor: account.Password, Door: "web"}, "198.51.100.1", 50); n != 10 {
		t.Errorf("%d guesses at a name that nobody has were looked at, want as many as for others", n)
	}
}

// TestStrangersDoNotStandInTheWay fills all room in which the passwords of strangers are looked at.
func TestStrangersDoNotStandInTheWay(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	c := withPassword(t, l, "yamada", account.Staff)
	enter(t, l, c)
	if err := l.EndAccountSessions(t.Context(), console(t, l), "yamada"); err != nil {
		t.Fatal(err)
	}
	for range hashings {
		l.hashing <- struct{}{}
		defer func() { <-l.hashing }()
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	stranger := c
	stranger.Address = netip.MustParseAddr("203.0.113.7")
	if _, err := l.Login(ctx, stranger); !errors.Is(err, context.Canceled) {
		t.Fatalf("a stranger does not wait: %v", err)
	}
	patient, enough := context.WithTimeout(t.Context(), time.Minute) // in vain, if they stand in the way
	defer enough()
	if _, err := l.Login(patient, c); err != nil {
		t.Errorf("from where the account has logged in before: %v", err)
	}
	if err := l.SetPassword(patient, console(t, l), "yamada", goodPassword+" at all"); err != nil {
		t.Errorf("the administrator: %v", err)
	}
}

// TestFloodsDoNotFillTheLedger fails 5,000 logins and looks how many entries that makes.
func TestFloodsDoNotFillTheLedger(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	l := start(t, cfg)
	c := account.Credentials{Name: "the password, typed into the wrong field", Secret: "azk", Factor: account.DevicePassword, Address: home, Door: "webdav"}
	for i := range 5000 {
		if i%2 == 0 {
			c.Address = netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
		} else {
			c.Address = home
		}
		if _, err := l.Login(t.Context(), c); problem.KindOf(err) != problem.Unauthenticated {
			t.Fatal(err)
		}
	}
	if err := l.heartbeat(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	got := entries(t, l, event.LoginFailed)
	total, sums := 0, 0
	for _, e := range got {
		if e.Size > 0 {
			total, sums = total+int(e.Size), sums+1
		} else {
			total++
		}
		if e.Actor != "" || strings.Contains(e.Note, "password, typed") {
			t.Errorf("what a stranger typed is in the ledger: %+v", e)
		}
	}
	if total != 5000 || len(got) > 150 || sums > maxFloods+1 {
		t.Errorf("%d failures in %d entries, %d of them sums", total, len(got), sums)
	}
	if err := l.heartbeat(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if n := len(entries(t, l, event.LoginFailed)); n != len(got) {
		t.Errorf("the next heartbeat sums up again: %d entries, then %d", len(got), n)
	}
}

// TestAtOnce logs in, releases, changes rights and ends sessions from many sides; the race detector looks on.
func TestAtOnce(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	admin := console(t, l)
	share, err := l.MakeShare(t.Context(), admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, l, admin, share.ID)
	people := make([]account.Credentials, 4)
	for i := range people {
		people[i] = person(t, l, admin, fmt.Sprintf("person %d", i), "albums", account.CanRead)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all, others sync.WaitGroup
	for i, c := range people {
		all.Go(func() {
			for n := range 30 {
				s, err := l.Login(ctx, c)
				if err != nil {
					t.Errorf("%s: %v", c.Name, err)
					return
				}
				f, key := w.version(t, fmt.Sprintf("/albums/%d/%d", i, n))
				leases, err := l.Release(ctx, Request{Session: s.ID, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}})
				if k := problem.KindOf(err); err != nil && k != problem.Denied && k != problem.Unauthenticated {
					t.Errorf("release: %v", err)
				} else if err == nil && leases[0].Key != key {
					t.Error("another key")
				}
			}
		})
		others.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				r := []account.Rights{account.NoRights, account.CanRead, account.CanWrite}[n%3]
				if err := l.SetRights(t.Context(), admin, account.Right{Account: c.Name, Share: "albums", Rights: r}); err != nil {
					t.Error(err)
				}
				if err := l.EndAccountSessions(t.Context(), admin, c.Name); err != nil {
					t.Error(err)
				}
				l.Status()
				if _, err := l.Accounts(t.Context(), admin); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	cancel()
	others.Wait()
}
