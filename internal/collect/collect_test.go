package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/seal"
)

var (
	gate   = netip.MustParseAddr("192.0.2.1")
	office = netip.MustParseAddr("198.51.100.7")
	far    = netip.MustParseAddr("203.0.113.9")
)

// house is what a collector stands in: it notes what it is given.
type house struct {
	t        *testing.T
	mu       sync.Mutex
	settings account.Collecting
	lines    []logbook.Line
	notes    []keeper.LogNote
	alarms   []Alarm
	fail     error
	disk     *durabletest.Platter
	key      seal.Key
	c        *Collector
	stop     func()
}

func (h *house) Keep(_ context.Context, lines []logbook.Line, notes ...keeper.LogNote) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil && !errors.Is(h.fail, keeper.ErrUnrecorded) {
		return h.fail
	}
	h.lines, h.notes = append(h.lines, lines...), append(h.notes, notes...)
	return h.fail
}

// newHouse begins to collect. It is called in a bubble.
func newHouse(t *testing.T, silence int) *house {
	h := &house{t: t, disk: durabletest.New(t), key: seal.NewKey(), settings: account.Collecting{Sources: []account.LogSource{{Address: "192.0.2.1", Name: "gw", Zone: "Asia/Tokyo", Silence: silence}}, Days: 400, DailyMiB: 1, Count: []string{"blocked", "traffic"}}}
	h.begin()
	return h
}

func (h *house) begin() {
	h.c = New(Config{Keep: h.Keep, Settings: func() account.Collecting { h.mu.Lock(); defer h.mu.Unlock(); return h.settings }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Tell: func(a Alarm) { h.mu.Lock(); defer h.mu.Unlock(); h.alarms = append(h.alarms, a) }, Zone: func() *time.Location { return time.UTC },
		Country: func(a netip.Addr) string { return map[netip.Addr]string{office: "JP", far: "XX"}[a] }, FS: h.disk, File: "/collect", Key: h.key})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.c.Run(ctx); close(done) }()
	h.stop = func() { cancel(); <-done }
}

// forti sends what a FortiGate tells.
func (h *house) forti(id, kind string, who string, from netip.Addr) {
	h.c.Offer(gate, fmt.Appendf(nil, `<189>date=2026-11-30 time=10:00:00 devname="gw" devid="F" logid="%s" type="event" subtype="%s" vd="root" user="%s" remip=%s action="x"`, id, kind, who, from), false)
}

func (h *house) login(who string, from netip.Addr)  { h.forti("0101039424", "vpn", who, from) }
func (h *house) failed(who string, from netip.Addr) { h.forti("0101039426", "vpn", who, from) }

// told returns the alarms since the last time.
func (h *house) told() string {
	time.Sleep(2 * time.Second)
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, a := range h.alarms {
		out = append(out, strings.Trim(fmt.Sprint(a.Kind, " ", a.Account), " "))
	}
	h.alarms = nil
	return strings.Join(out, ", ")
}

func (h *house) want(want string) {
	h.t.Helper()
	if got := h.told(); got != want {
		h.t.Errorf("told of %q, want %q", got, want)
	}
}

// TestCollect: what tells of somebody is stored within two seconds, the rest within six; what is only counted is said; who is no source is refused.
func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.c.Offer(gate, []byte("<13>something"), true)
		h.c.Offer(gate, []byte(`<189>date=2026-11-30 time=10:00:00 devid="F" logid="0000000013" type="traffic" subtype="forward" vd="root" srcip=192.0.2.30 action="close"`), false)
		h.c.Offer(far, []byte("<13>a stranger"), false)
		if err := h.c.Take(t.Context(), far, []byte("x"), false); !errors.Is(err, ErrRefused) {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if len(h.lines) != 0 {
			t.Errorf("%d lines at once", len(h.lines))
		}
		h.login("sato", office)
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		h.mu.Lock()
		if len(h.lines) != 2 || h.lines[0].Kind != "raw" || h.lines[1].Kind != "vpn-login" || h.lines[1].Account != "sato" || h.lines[1].Stated.UTC().Hour() != 1 {
			t.Errorf("%+v", h.lines)
		}
		h.mu.Unlock()
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		s := h.c.State()
		if s.Cut != 1 || s.Sources[0].Lines != 3 || s.Sources[0].Counted["traffic"] != 1 || len(s.Refused) != 1 || s.Refused[0].Lines != 2 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		var said []string
		for _, n := range h.notes {
			said = append(said, string(n.Kind)+" "+n.Device+": "+n.Note)
		}
		if want := []string{"logs-counted gw: cut 1, traffic 1", "logs-counted : refused 2"}; !slices.Equal(said, want) {
			t.Errorf("%q", said)
		}
		h.stop()
	})
}

// TestTroubleWithTheDisk: while nothing can be stored a stream waits and a datagram is lost and counted; nothing that was taken is lost or comes twice.
func TestTroubleWithTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.fail, h.settings.DailyMiB = errors.New("no space"), 1000
		long := []byte("<13>" + strings.Repeat("x", 60<<10))
		var taken sync.WaitGroup
		const streams, each = 4, 160 // more than what is in hand and what waits together
		for range streams {
			taken.Go(func() {
				for range each {
					if err := h.c.Take(t.Context(), gate, long, false); err != nil {
						t.Error(err)
					}
				}
			})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s := h.c.State()
		if s.Trouble != "no space" || s.Waiting == 0 || s.Waiting*len(long) > mostWaiting {
			t.Errorf("%d wait, %q", s.Waiting, s.Trouble)
		}
		h.c.Offer(gate, long, false)
		if h.c.State().Full != 1 {
			t.Error("a datagram without room is not counted")
		}
		h.want("")
		time.Sleep(time.Hour)
		h.want("logs-unstored")
		h.mu.Lock()
		h.fail = nil
		h.mu.Unlock()
		taken.Wait()
		h.stop()
		if n := len(h.lines) + int(h.c.State().Beyond); n != streams*each || h.c.State().Trouble != "" {
			t.Errorf("%d of %d lines, %q", n, streams*each, h.c.State().Trouble)
		}
	})
}

// TestUnrecorded: lines that are stored are not given a second time because the ledger could not be told.
func TestUnrecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.fail = keeper.ErrUnrecorded
		h.login("sato", office)
		time.Sleep(time.Minute)
		synctest.Wait()
		h.mu.Lock()
		h.fail = nil
		h.mu.Unlock()
		h.stop()
		if len(h.lines) != 1 {
			t.Errorf("stored %d times", len(h.lines))
		}
	})
}

// TestTheDayIsBounded: beyond what a day may keep lines are counted, those that tell of somebody later than others, and people are told; who floods takes nothing
// from another's share.
func TestTheDayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.settings.Sources = append(h.settings.Sources, account.LogSource{Address: "192.0.2.2", Name: "other", Silence: -1})
		text := []byte("<13>" + strings.Repeat("x", 10<<10))
		for range 200 { // 512 KiB in common, 256 of its own
			h.c.Take(t.Context(), gate, text, false)
		}
		h.login("sato", office)
		h.want("logs-beyond")
		for range 20 {
			h.c.Take(t.Context(), netip.MustParseAddr("192.0.2.2"), text, false)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(h.lines); n != 50+25+1+20 || h.c.State().Beyond != 125 {
			t.Errorf("%d lines, %d beyond", n, h.c.State().Beyond)
		}
		time.Sleep(25 * time.Hour)
		h.c.Take(t.Context(), gate, text, false)
		h.want("")
		h.stop()
		if n := len(h.lines); n != 97 {
			t.Errorf("%d lines after a day", n)
		}
	})
}

// TestVPNEnded: a login over a VPN that is declared ended is told, each account and address once a day; that it still answers is, too.
func TestVPNEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // 2000-01-01
		h := newHouse(t, -1)
		h.login("sato", office)
		h.want("")
		h.mu.Lock()
		h.settings.VPNEnded = "2000-01-02"
		h.mu.Unlock()
		h.login("sato", office)
		h.want("")
		time.Sleep(24 * time.Hour)
		h.login("sato", office)
		h.login("sato", office)
		h.login("tanaka", office)
		h.want("vpn-used sato, vpn-used tanaka")
		h.failed("sato", office)
		h.failed("tanaka", office)
		h.want("vpn-tried sato")
		if h.c.State().VPNUsed != 3 {
			t.Errorf("%d logins are counted", h.c.State().VPNUsed)
		}
		time.Sleep(24 * time.Hour)
		h.login("sato", office)
		h.want("vpn-used sato")
		if n := h.notes[len(h.notes)-1]; n.Kind != event.ApplianceAlert || n.Device != "gw" || !strings.HasPrefix(n.Note, "vpn-used; JP; ; sato") {
			t.Errorf("the ledger is told %+v", n)
		}
		h.stop()
	})
}

// TestNewPlace: after a week of learning a new country and a new network are told, once; also after a restart what was learnt counts.
func TestNewPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.login("sato", office)
		h.login("tanaka", office)
		h.want("")
		time.Sleep(8 * 24 * time.Hour)
		h.login("sato", office)
		h.want("")
		h.stop()
		h.begin()
		h.login("ＳＡＴＯ", office) // the same person
		h.want("")
		h.login("sato", far)
		h.login("sato", far)
		h.want("new-country sato")
		h.login("sato", netip.MustParseAddr("203.0.113.200")) // the same network, of unknown country
		h.want("")
		h.login("sato", netip.MustParseAddr("100.64.0.1"))
		h.want("new-address sato")
		h.login("newcomer", office)
		h.want("new-country newcomer")
		h.stop()
	})
}

// TestFloodOfAlarms: forged lines of ever new people raise a few alarms and a sum, at once and then by the hour; they take no other kind's room.
func TestFloodOfAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		h.settings.VPNEnded, h.settings.DailyMiB = "1999-01-01", 1000
		said := func(k AlarmKind) (n, sum int) {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			h.mu.Lock()
			defer h.mu.Unlock()
			for _, a := range h.alarms {
				if a.Kind == k {
					n, sum = n+1, sum+a.Count
				}
			}
			return n, sum
		}
		for i := range 600 {
			h.login(fmt.Sprint("u", i), office)
		}
		if n, _ := said(VPNUsed); n != alarmsAtOnce {
			t.Errorf("%d alarms", n)
		}
		if n, sum := said(Many); n != 1 || sum != 600-alarmsAtOnce {
			t.Errorf("%d sums, of %d", n, sum)
		}
		h.failed("root", far)
		if n, _ := said(VPNTried); n != 1 {
			t.Error("a flood of one kind hides another")
		}
		for i := range 200 {
			h.login(fmt.Sprint("v", i), office)
		}
		if n, _ := said(Many); n != 1 {
			t.Errorf("%d sums within the hour", n)
		}
		h.stop()
		h.mu.Lock()
		defer h.mu.Unlock()
		total := 0
		for _, n := range h.notes {
			if n.Kind == event.ApplianceAlert && !strings.HasPrefix(n.Note, "vpn-tried") {
				total += int(n.Size)
			}
		}
		if total != 800 || len(h.notes) > 100 {
			t.Errorf("the ledger is told of %d in %d entries", total, len(h.notes))
		}
	})
}

// TestConfigurationChanged: one visit of an administrator is told once.
func TestConfigurationChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		for range 20 {
			h.forti("0100044547", "system", "admin", office)
		}
		h.forti("0100044547", "system", "other", office)
		h.want("config-changed admin, config-changed other")
		time.Sleep(2 * time.Hour)
		h.forti("0100044547", "system", "admin", office)
		h.want("config-changed admin")
		h.stop()
	})
}

// TestSilence: a source that is silent for longer than was said, or than it ever is, is told once, and once when it is back. That the house was closed
// is no silence.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		h.c.Offer(gate, []byte("<13>x"), false)
		time.Sleep(119 * time.Minute)
		h.want("")
		time.Sleep(3 * time.Minute)
		h.want("silent")
		if n := h.notes[len(h.notes)-1]; n.Size != 0 || !strings.HasPrefix(n.Note, "silent; ") {
			t.Errorf("the ledger is told %+v", n)
		}
		time.Sleep(100 * time.Hour)
		h.want("")
		h.c.Offer(gate, []byte("<13>x"), false)
		h.want("heard")
		h.stop()
		time.Sleep(50 * time.Hour)
		h.begin()
		time.Sleep(time.Hour)
		h.want("")
		time.Sleep(2 * time.Hour)
		h.want("silent")
		h.stop()
	})
	synctest.Test(t, func(t *testing.T) { // learnt: each hour for two days
		h := newHouse(t, 0)
		for range 48 {
			h.c.Offer(gate, []byte("<13>x"), false)
			time.Sleep(time.Hour)
		}
		h.want("")
		time.Sleep(2*time.Hour + 5*time.Minute)
		h.want("silent")
		h.stop()
	})
	synctest.Test(t, func(t *testing.T) { // never heard at all
		h := newHouse(t, 0)
		time.Sleep(25 * time.Hour)
		h.want("silent")
		h.stop()
	})
}

// TestFlood: a source that sends more datagrams than it may is held back, and what it lost is counted; what is remembered of guesses has a bound.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		for range 3 * perSecond {
			h.c.Offer(gate, []byte("<13>x"), false)
		}
		if n := h.c.State().Limited; n != perSecond {
			t.Errorf("%d were held back", n)
		}
		h.stop()
	})
	w := newWatch(Config{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	at := time.Now()
	for i := range 3 * mostScores {
		at = at.Add(time.Millisecond)
		w.fail(&Alarm{When: at, Device: "gw", Account: fmt.Sprint(i)})
	}
	if len(w.scores) > mostScores {
		t.Errorf("%d scores", len(w.scores))
	}
}
