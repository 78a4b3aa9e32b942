package storehouse

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/seal"
)

var tokyo = time.FixedZone("JST", 9*60*60)

// dueIn are the deadlines of a case as they stand at a time.
func dueIn(t testing.TB, n string, known, now time.Time) *cases.Due {
	t.Helper()
	rules, err := deadline.At(known)
	if err != nil {
		t.Fatal(err)
	}
	list, err := rules.For(deadline.Facts{Hostile: deadline.Yes})
	if err != nil {
		t.Fatal(err)
	}
	d := &cases.Due{Case: n, Today: deadline.DayOf(now)}
	for _, x := range list {
		d.Deadlines = append(d.Deadlines, cases.DueBy{Deadline: x, Count: x.On(d.Today)})
	}
	return d
}

// TestReminders: over ten weeks with a restart each night people are told of each deadline three times, unless it was done, and each day once it is late, until somebody says why they need not be, on the right days at nine in Japan, in both languages, and
// never twice; not of a case that is closed.
func TestReminders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := time.Date(2026, 11, 2, 15, 30, 0, 0, tokyo)
		<-time.After(time.Until(known))
		disk := durabletest.New(t)
		var told []string
		seen := make(map[string]bool)
		house := func() *reminders {
			return &reminders{now: time.Now, log: slog.New(slog.DiscardHandler), id: "house", told: memo{fs: disk, file: "reminders", key: seal.Key{1}, log: slog.New(slog.DiscardHandler)}, page: func(p string) string { return "https://azekura.example" + p },
				open: func() ([]*cases.Due, error) {
					d := dueIn(t, "2026-1", known, time.Now())
					for i := range d.Deadlines {
						if d.Deadlines[i].Rule.ID == "ppc-first" && time.Now().After(known.AddDate(0, 0, 7)) {
							d.Deadlines[i].Muted = &account.Fact{Value: "the authority agreed", By: "sato"}
						}
						if d.Deadlines[i].Rule.ID == "ppc-final" && time.Now().After(known.AddDate(0, 0, 61)) {
							d.Deadlines[i].Done = time.Now()
						}
					}
					return []*cases.Due{d}, nil
				},
				tell: func(a alert.Alert) {
					if seen[a.ID] || a.Link != "https://azekura.example/cases/2026-1/deadlines" {
						t.Errorf("%+v", a)
					}
					seen[a.ID] = true
					for _, d := range a.Due {
						told = append(told, fmt.Sprint(time.Now().In(tokyo).Format("01-02 15h"), " ", d.Duty, " ", d.Step, " ", d.Last))
					}
				}}
		}
		for range 70 {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { house().run(ctx); close(done) }()
			<-time.After(24 * time.Hour)
			stop()
			<-done
		}
		want := []string{
			"11-04 09h ppc-first warn 2026-11-06", "11-05 09h ppc-first eve 2026-11-06", "11-06 09h ppc-first last 2026-11-06",
			"11-07 09h ppc-first late 2026-11-06", "11-08 09h ppc-first late 2026-11-06", "11-09 09h ppc-first late 2026-11-06", // and then it was muted
			"12-21 09h ppc-final warn 2027-01-04", // and then it was done
		}
		if !slices.Equal(told, want) {
			t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		if b, err := disk.ReadDir("."); err != nil || len(b) != 1 {
			t.Errorf("on the disk are %v, %v", b, err)
		}
	})
}

// TestRemindersAfterCrash: what was noted as told stays so; what was not comes again under the same ID; a file that cannot be read keeps nobody from being told.
func TestRemindersAfterCrash(t *testing.T) {
	known := time.Date(2026, 11, 2, 15, 30, 0, 0, tokyo)
	now := time.Date(2026, 11, 6, 10, 0, 0, 0, tokyo)
	var ids []string
	look := func(disk *durabletest.Platter) {
		r := &reminders{now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler), told: memo{fs: disk, file: "reminders", key: seal.Key{1}, log: slog.New(slog.DiscardHandler)}, page: func(string) string { return "" },
			open: func() ([]*cases.Due, error) { return []*cases.Due{dueIn(t, "2026-1", known, now)}, nil }, tell: func(a alert.Alert) { ids = append(ids, a.ID) }}
		r.look()
		r.look()
	}
	disk := durabletest.New(t)
	look(disk)
	if len(ids) != 1 {
		t.Fatalf("told %d times", len(ids))
	}
	look(disk.Crash(1))
	if len(ids) != 1 {
		t.Error("told again after a crash")
	}
	look(durabletest.New(t)) // as after a crash before it was noted
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("the IDs are %q", ids)
	}
	other := durabletest.New(t)
	f, err := other.OpenFile("reminders", 0o101, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("nonsense"), 0)
	f.Close()
	look(other)
	if len(ids) != 3 {
		t.Error("a broken file keeps people from being told")
	}
}

// TestReminderArrives: a real house, its clock on the last day, tells a webhook of an open case, once, also after a restart; not of a closed one.
func TestReminderArrives(t *testing.T) {
	got := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}))
	defer hook.Close()
	var clock atomic.Pointer[time.Time]
	set := func(now time.Time) { clock.Store(&now) }
	set(time.Date(2026, 11, 2, 15, 30, 0, 0, tokyo))
	cfg, opt := Default(t.TempDir()), Options{Now: func() time.Time { return *clock.Load() }, Log: slog.New(slog.DiscardHandler)}
	cfg.AlertWebhook = hook.URL
	if _, err := Create(t.Context(), cfg, opt, First{Share: "albums", Account: "admin"}); err != nil {
		t.Fatal(err)
	}
	in := func(do func(h *House, s account.Session)) {
		t.Helper()
		h, err := Open(t.Context(), cfg, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close(context.WithoutCancel(t.Context()))
		s, err := h.keeper.Keeper().Login(t.Context(), account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
		if err != nil {
			t.Fatal(err)
		}
		do(h, s)
	}
	in(func(h *House, s account.Session) {
		if _, err := h.keeper.local.OpenCase(t.Context(), s.ID, account.Case{Reason: "odd"}); err != nil {
			t.Fatal(err)
		}
		h.remind.look()
		set(time.Date(2026, 11, 5, 10, 30, 0, 0, tokyo))
		h.remind.look()
	})
	text := <-got // when the house closes, at the latest
	for _, want := range []string{`"kind":"due"`, `"case":"2026-1"`, `"duty":"ppc-first"`, `"step":"eve"`, "個人情報保護委員会"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	in(func(h *House, s account.Session) {
		h.remind.look()
		if err := h.keeper.local.CloseCase(t.Context(), s.ID, "2026-1", "over"); err != nil {
			t.Fatal(err)
		}
		set(time.Date(2026, 11, 6, 10, 30, 0, 0, tokyo))
		h.remind.look()
	})
	select {
	case more := <-got:
		t.Errorf("told again: %s", more)
	default:
	}
}
