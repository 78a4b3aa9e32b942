package keeper

import (
	"slices"
	"testing"
	"time"

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
