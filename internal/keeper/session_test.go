package keeper

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// bubble runs a test in a bubble of false time, with a keeper on a disk in memory.
func bubble(t *testing.T, test func(t *testing.T, l *Local, admin id.Session)) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(durabletest.New(t), "/data")
		cfg.Now = time.Now
		if err := Init(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		l, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("close: %v", err)
			}
		}()
		test(t, l, console(t, l))
	})
}

// entries returns what the ledger has of some kinds.
func entries(t testing.TB, l *Local, kinds ...event.Kind) (out []event.Event) {
	t.Helper()
	for e, err := range l.Events(t.Context(), console(t, l), Filter{Kinds: kinds}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Event)
	}
	return out
}

var home = netip.MustParseAddr("192.0.2.7")

// person makes an account with a device password and returns what it logs in with.
func person(t testing.TB, l *Local, admin id.Session, name string, share string, r account.Rights) account.Credentials {
	t.Helper()
	if err := l.MakeAccount(t.Context(), admin, account.NewAccount{Name: name, Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	if share != "" {
		if err := l.SetRights(t.Context(), admin, account.Right{Account: name, Share: share, Rights: r}); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := l.MakeDevice(t.Context(), admin, name, "laptop")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.OpenDayOf(t.Context(), admin, name, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	return account.Credentials{Name: name, Secret: secret, Factor: account.DevicePassword, Address: home, Door: "webdav", Software: "rclone/1.60"}
}

func enter(t testing.TB, l *Local, c account.Credentials) account.Session {
	t.Helper()
	s, err := l.Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSessionsEndByThemselves(t *testing.T) {
	bubble(t, func(t *testing.T, l *Local, admin id.Session) {
		share, err := l.MakeShare(t.Context(), admin, "albums")
		if err != nil {
			t.Fatal(err)
		}
		c := person(t, l, admin, "yamada", "albums", account.CanRead)
		idle := enter(t, l, c)
		c.Door = "sftp"
		busy := enter(t, l, c)
		for d := time.Duration(0); d < 12*time.Hour-time.Minute; d += 30 * time.Minute {
			if err := l.Check(t.Context(), busy.ID, share.ID, false); err != nil {
				t.Fatalf("after %v at work: %v", d, err)
			}
			if d == 90*time.Minute {
				if err := l.Check(t.Context(), idle.ID, share.ID, false); err != nil {
					t.Errorf("after %v: %v", d, err)
				}
			}
			time.Sleep(30 * time.Minute)
		}
		for _, s := range []account.Session{idle, busy} {
			if err := l.Check(t.Context(), s.ID, share.ID, false); problem.KindOf(err) != problem.Unauthenticated {
				t.Errorf("the session at %s still counts: %v", s.Door, err)
			}
		}
		time.Sleep(2 * time.Minute)
		whys := make(map[id.Session]string)
		for _, e := range entries(t, l, event.Logout) {
			whys[e.Session] = e.Note
		}
		if whys[idle.ID] != sessionIdle || whys[busy.ID] != sessionOver {
			t.Errorf("the ledger has %v", whys)
		}
	})
}

func TestLeasesEndWithTheSession(t *testing.T) {
	bubble(t, func(t *testing.T, l *Local, admin id.Session) {
		share, err := l.MakeShare(t.Context(), admin, "albums")
		if err != nil {
			t.Fatal(err)
		}
		w := newWriter(t, l, admin, share.ID)
		release := func(s account.Session) Lease {
			f, _ := w.version(t, "/albums/a")
			leases, err := l.Release(t.Context(), Request{Session: s.ID, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}})
			if err != nil {
				t.Fatal(err)
			}
			return leases[0]
		}
		s := enter(t, l, person(t, l, admin, "yamada", "albums", account.CanRead))
		if got, want := release(s).Until.Sub(l.now()), 5*time.Minute; got != want {
			t.Errorf("a lease of %v, want %v", got, want)
		}
		for l.now().Before(s.Expires.Add(-2 * time.Minute)) {
			if err := l.Check(t.Context(), s.ID, share.ID, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if got := release(s).Until; !got.Equal(s.Expires) {
			t.Errorf("a lease until %v in a session until %v", got, s.Expires)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	bubble(t, func(t *testing.T, l *Local, admin id.Session) {
		time.Sleep(10*time.Minute + time.Second)
		beats := entries(t, l, event.Heartbeat)
		if len(beats) != 10 {
			t.Errorf("%d heartbeats in ten minutes", len(beats))
		}
		if got := l.Status().Heartbeat; l.now().Sub(got) != time.Second {
			t.Errorf("the last heartbeat was at %v, it is %v", got, l.now())
		}
		if all := entries(t, l); all[0].Kind != event.Started || all[0].Note != "test" {
			t.Errorf("the ledger begins with %+v", all[0])
		}
	})
}

// A clock that is set back ends no session, and makes none longer.
func TestClockSetBack(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	l := start(t, cfg)
	admin := console(t, l)
	share, err := l.MakeShare(t.Context(), admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	c := person(t, l, admin, "yamada", "albums", account.CanRead)
	live := func(s account.Session, want bool) {
		t.Helper()
		err := l.Check(t.Context(), s.ID, share.ID, false)
		if want && err != nil || !want && problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("at %v: %v, want a live session: %v", now, err, want)
		}
	}
	s := enter(t, l, c)
	now = now.Add(-6 * time.Hour)
	live(s, true)
	now = s.Expires
	live(s, false)

	if _, err := l.OpenDayOf(t.Context(), console(t, l), "yamada", 0); err != nil {
		t.Fatal(err)
	}
	s = enter(t, l, c)
	for at := time.Duration(0); at < cfg.withDefaults().SessionTTL; at += time.Hour { // set back by an hour in each hour
		live(s, true)
		now = now.Add(time.Hour)
		live(s, at+time.Hour < cfg.withDefaults().SessionTTL)
		now = now.Add(-time.Hour)
	}

	s = enter(t, l, c)
	now = now.Add(-24 * time.Hour)
	if list, err := l.Sessions(t.Context(), console(t, l)); err != nil || len(list) != 2 { // whoever looks sees that it was set back
		t.Errorf("%d sessions, %v; want 2", len(list), err)
	}
	now = now.Add(cfg.withDefaults().IdleTTL)
	live(s, false)
}

// Those who come at once read the clock in another order than they are served: no time passes by that.
func TestDisorderMakesNoTime(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var w watch
	for range 1000 {
		w.read(now)
		w.read(now.Add(-time.Millisecond))
	}
	if got := w.read(now.Add(time.Second)); got != time.Second {
		t.Errorf("%v have passed, want a second", got)
	}
}

func TestSessionsEndWithTheirReason(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(t *testing.T, l *Local, admin id.Session) error
		why  string
	}{
		{"account disabled", func(t *testing.T, l *Local, admin id.Session) error {
			return second(l.SetDisabled(t.Context(), admin, "yamada", true))
		}, "account disabled"},
		{"device removed", func(t *testing.T, l *Local, admin id.Session) error {
			return l.RemoveDevice(t.Context(), admin, "yamada", "laptop")
		}, "device removed"},
		{"password set", func(t *testing.T, l *Local, admin id.Session) error {
			return l.SetPassword(t.Context(), admin, "yamada", "some words that nobody guesses")
		}, "password changed"},
		{"sessions ended", func(t *testing.T, l *Local, admin id.Session) error {
			return l.EndAccountSessions(t.Context(), admin, "yamada")
		}, "ended by console:root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := start(t, testConfig(durabletest.New(t), "/data"))
			admin := console(t, l)
			share, err := l.MakeShare(t.Context(), admin, "albums")
			if err != nil {
				t.Fatal(err)
			}
			s := enter(t, l, person(t, l, admin, "yamada", "albums", account.CanRead))
			other := enter(t, l, person(t, l, admin, "suzuki", "albums", account.CanRead))
			if err := c.act(t, l, admin); err != nil {
				t.Fatal(err)
			}
			if err := l.Check(t.Context(), s.ID, share.ID, false); problem.KindOf(err) != problem.Unauthenticated {
				t.Errorf("the session still counts: %v", err)
			}
			if err := l.Check(t.Context(), other.ID, share.ID, false); err != nil {
				t.Errorf("somebody else's session ended: %v", err)
			}
			out := entries(t, l, event.Logout)
			if i := slices.IndexFunc(out, func(e event.Event) bool { return e.Session == s.ID }); i < 0 || out[i].Note != c.why {
				t.Errorf("the ledger has %+v", out)
			}
		})
	}
}

// TestSessionsAreBounded logs one person in from ever new addresses.
func TestSessionsAreBounded(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time { return now }
	l := start(t, cfg)
	admin := console(t, l)
	c := person(t, l, admin, "yamada", "", account.NoRights)
	first := enter(t, l, c)
	for range maxOfAccount + 5 {
		c.Address, now = c.Address.Next(), now.Add(time.Second)
		enter(t, l, c)
	}
	list, err := l.Sessions(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range list {
		if s.Account == first.Account {
			n++
		}
		if s.ID == first.ID {
			t.Error("the oldest session is still there")
		}
	}
	if n != maxOfAccount {
		t.Errorf("%d sessions of one account, want %d", n, maxOfAccount)
	}
	out := entries(t, l, event.Logout)
	if len(out) != 6 || out[0].Session != first.ID || out[0].Note != sessionPushed {
		t.Errorf("%d ends in the ledger: %+v", len(out), out[0])
	}
}

// TestNoKeyForASessionThatEndsMeanwhile ends the session each time that the keeper looks at its clock, which it does
// before each check and before it records.
func TestNoKeyForASessionThatEndsMeanwhile(t *testing.T) {
	var mu sync.Mutex
	var looked func() // guarded by mu
	cfg := testConfig(durabletest.New(t), "/data")
	cfg.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if looked != nil {
			looked()
		}
		return time.Now()
	}
	watch := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		looked = f
	}
	l := start(t, cfg)
	admin := console(t, l)
	share, err := l.MakeShare(t.Context(), admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	f, _ := newWriter(t, l, admin, share.ID).version(t, "/albums/a")
	for name, ask := range map[string]func(s id.Session) (bool, error){
		"release": func(s id.Session) (bool, error) {
			leases, err := l.Release(t.Context(), Request{Session: s, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}})
			return len(leases) > 0, err
		},
		"unlock": func(s id.Session) (bool, error) {
			u, err := l.Unlock(t.Context(), s, share.ID)
			return u.Metadata != seal.Key{}, err
		},
		"reading key": func(s id.Session) (bool, error) {
			k, err := l.ReadingKey(t.Context(), s)
			return len(k) > 0, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			looks := 0
			watch(func() { looks++ })
			if got, err := ask(admin); err != nil || !got {
				t.Fatalf("a live session: %v, %v", got, err)
			}
			if watch(nil); looks < 3 {
				t.Fatalf("only %d looks at the clock: there is no moment between check and record", looks)
			}
			for last := 1; last <= looks; last++ {
				s, n := console(t, l), 0
				watch(func() {
					if n++; n == last {
						l.sessions.end(func(x *session) string {
							if x.ID == s {
								return "meanwhile"
							}
							return ""
						})
					}
				})
				got, err := ask(s)
				watch(nil)
				if got || problem.KindOf(err) != problem.Unauthenticated {
					t.Errorf("ended at look %d of %d: got a key: %v, %v", last, looks, got, err)
				}
			}
		})
	}
}
