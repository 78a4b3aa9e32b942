package storehouse

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/seal"
)

// TestChores: over half a year with a restart each night, people are told of a drill on the day after it was due and each week, of papers each 30 days,
// of the head each month after the first, at nine in Japan; and of nothing that was done.
func TestChores(t *testing.T) {
	made := time.Date(2026, 1, 1, 10, 0, 0, 0, tokyo)
	disk := durabletest.New(t)
	var said []string
	ids := make(map[string]bool)
	var drills []api.Drill
	reserve := account.Reserve{Papers: &account.PaperSet{Code: "AB", Made: made}, Lacks: []string{"untested"}}
	medium := account.Medium{ID: id.NewMedium(), Label: "disk 1", Set: "A 1", Made: made, State: 1}
	look := func(_ context.Context, now time.Time) (out []chore) {
		for _, d := range api.DrillsOf([]account.Medium{medium}, drills, 90, now) {
			if x, ok := drillChore(d, 90, now); ok {
				out = append(out, x)
			}
		}
		if x, ok := papersChore(reserve, now); ok {
			out = append(out, x)
		}
		if x, ok := headChore(made, now, "4711-3ad9", 4711); ok {
			out = append(out, x)
		}
		return out
	}
	house := func(now time.Time) *chores {
		return &chores{look: look, page: func(p string) string { return "https://azekura.example" + p }, now: func() time.Time { return now }, id: "house",
			told: memo{fs: disk, file: "chores", key: seal.Key{1}, log: slog.New(slog.DiscardHandler)}, tell: func(a alert.Alert) {
				if ids[a.ID] || a.ID == "" {
					t.Errorf("%s: %q was there before", a.Kind, a.ID)
				}
				ids[a.ID] = true
				if d := now.In(tokyo); d.Hour() < 9 {
					t.Errorf("told at %s", d)
				}
				for _, l := range []lang.Lang{lang.Japanese, lang.English} {
					if text := a.Text(); !strings.Contains(text, l.Text("todo."+string(a.Kind))) || !strings.Contains(text, a.Link) {
						t.Errorf("%s: %s", a.Kind, text)
					}
				}
				said = append(said, now.Sub(made).Truncate(24*time.Hour).String()+" "+string(a.Kind)+" "+a.Who)
			}}
	}
	days := func(from, to int) (out []string) {
		said = nil
		for d := from; d < to; d++ {
			c := house(made.AddDate(0, 0, d))
			for _, at := range []time.Duration{-9 * time.Hour, 0, 5 * time.Minute, 5 * time.Hour} { // it begins at ten
				now := made.AddDate(0, 0, d).Add(at)
				c.now = func() time.Time { return now }
				c.once(t.Context())
			}
			disk = disk.Crash(uint64(d))
		}
		for _, s := range said {
			if !strings.Contains(s, "head") {
				h, rest, _ := strings.Cut(s, "h")
				_, rest, _ = strings.Cut(rest, " ")
				n, _ := time.ParseDuration(h + "h")
				out = append(out, strings.TrimSpace(string(rune('0'+int(n.Hours()/24)/100))+string(rune('0'+int(n.Hours()/24)/10%10))+string(rune('0'+int(n.Hours()/24)%10))+" "+rest))
			}
		}
		return out
	}
	got := days(0, 105)
	if want := []string{"007 papers", "030 papers", "060 papers", "090 papers", "090 drill A 1", "097 drill A 1", "104 drill A 1"}; !slices.Equal(got, want) {
		t.Errorf("told: %q, want %q", got, want)
	}
	heads := 0
	for _, s := range said {
		if strings.Contains(s, " head") {
			heads++
		}
	}
	if heads != 3 { // February to April: in January there is not a month yet to keep
		t.Errorf("the head was told of %d times", heads)
	}
	at := made.AddDate(0, 0, 105)
	x := api.Drill{Number: 1, Medium: medium.ID, Label: medium.Label, Set: medium.Set, Begun: at, Ended: at}
	x.Outcome, x.Failed = account.DrillFailed, 3
	drills, reserve.Papers.Tested, reserve.Lacks = []api.Drill{x}, at, nil
	if got, want := days(105, 120), []string{"105 drill-failed A 1", "112 drill-failed A 1", "119 drill-failed A 1"}; !slices.Equal(got, want) {
		t.Errorf("after one that failed: %q, want %q", got, want)
	}
	y := x
	y.Number, y.Begun, y.Ended = 2, made.AddDate(0, 0, 120), made.AddDate(0, 0, 120)
	y.Outcome, y.Failed = account.DrillWhole, 0
	drills = []api.Drill{y, x}
	if got := days(120, 180); len(got) > 0 {
		t.Errorf("after one that went well: %q", got)
	}
}

// TestDrillBrokenOffIsNotHeld: who breaks a drill off sends nobody a mail that calls the medium bad; when one is due, it still is.
func TestDrillBrokenOffIsNotHeld(t *testing.T) {
	now := time.Date(2026, 4, 1, 10, 0, 0, 0, tokyo)
	for name, x := range map[string]struct {
		outcome account.DrillOutcome
		due     time.Time
		want    alert.Kind
	}{
		"broken off":          {account.DrillBroken, now.AddDate(0, 0, 9), ""},
		"killed":              {"", now.AddDate(0, 0, 9), ""},
		"broken off, and due": {account.DrillBroken, now.AddDate(0, 0, -9), alert.Drill},
		"failed":              {account.DrillFailed, now.AddDate(0, 0, 9), alert.DrillFailed},
	} {
		d := api.DrilledSet{Set: "A", State: "failed", Due: x.due, Last: &api.Drill{Number: 1, Begun: now}}
		d.Last.Outcome = x.outcome
		if got, ok := drillChore(d, 90, now); ok != (x.want != "") || got.Kind != x.want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// TestChoresOfAHouse: what a house with a medium and papers has to do, and that switched off it is nothing.
func TestChoresOfAHouse(t *testing.T) {
	d := newDrilled(t, 1)
	now := time.Now().AddDate(0, 0, 91)
	var kinds []alert.Kind
	for _, x := range d.h.choresDue(t.Context(), now) {
		if kinds = append(kinds, x.Kind); x.Kind == alert.Head && (x.Head == "" || x.Entries == 0) {
			t.Errorf("%+v", x)
		}
	}
	if !slices.Equal(kinds, []alert.Kind{alert.Drill, alert.Papers, alert.Head}) {
		t.Errorf("%q", kinds)
	}
	if x, err := d.asKeeper(api.DrillRequest{Path: d.at}); err != nil || !x.Good() {
		t.Fatalf("%+v, %v", x, err)
	}
	d.h.cfg.HeadReminder = "off"
	if list := d.h.choresDue(t.Context(), time.Now().AddDate(0, 0, 6)); len(list) > 0 {
		t.Errorf("after a drill, and papers that are new: %+v", list)
	}
	d.h.cfg.DrillDays = 0
	for _, x := range d.h.choresDue(t.Context(), now) {
		if x.Kind == alert.Drill {
			t.Errorf("nobody wants to be reminded: %+v", x)
		}
	}
}

// TestChoreArrives: a real house tells a webhook of the head of its ledger, which is that of its page, once a month and also not after a restart: not in the month
// in which it was made.
func TestChoreArrives(t *testing.T) {
	got := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}))
	defer hook.Close()
	now := time.Date(2026, 11, 2, 15, 30, 0, 0, tokyo)
	cfg, opt := Default(t.TempDir()), Options{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	cfg.AlertWebhook = hook.URL
	if _, err := Create(t.Context(), cfg, opt, First{Share: "albums", Account: "admin"}); err != nil {
		t.Fatal(err)
	}
	var texts []string
	var want string
	for _, day := range []int{2, 30, 31, 31} { // the last is the first of the next month
		now = time.Date(2026, 11, day, 15, 30, 0, 0, tokyo)
		h, err := Open(t.Context(), cfg, opt)
		if err != nil {
			t.Fatal(err)
		}
		if day > 30 && want == "" {
			want = h.keeper.local.Head().Text(h.keeper.local.Status().Origin)
		}
		h.chores.once(t.Context())
		if err := h.Close(context.WithoutCancel(t.Context())); err != nil { // what waits goes out
			t.Fatal(err)
		}
		for len(got) > 0 {
			texts = append(texts, <-got)
		}
	}
	if len(texts) != 1 || !strings.Contains(texts[0], `"kind":"head"`) || !strings.Contains(texts[0], want) || !strings.Contains(texts[0], "ledger head --qr") {
		t.Errorf("%q, want the head %s once", texts, want)
	}
}
