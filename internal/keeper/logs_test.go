package keeper

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/problem"
)

// logged is a keeper that keeps lines of appliances.
type loggedHouse struct {
	*Local
	t     *testing.T
	disk  *durabletest.Platter
	clock *time.Time
	root  id.Session
	cfg   Config
}

func newLogged(t *testing.T) *loggedHouse {
	t.Helper()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	h := &loggedHouse{t: t, disk: durabletest.New(t), clock: &now}
	h.cfg = testConfig(h.disk, "/data")
	h.cfg.Now = func() time.Time { return now }
	h.again()
	return h
}

// again starts the keeper anew.
func (h *loggedHouse) again() {
	h.t.Helper()
	if h.Local == nil {
		h.Local = start(h.t, h.cfg)
	} else {
		h.must(h.Close(h.t.Context()))
		h.Local = reopen(h.t, h.cfg)
	}
	h.root = console(h.t, h.Local)
}

func (h *loggedHouse) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// line is one that tells of somebody.
func (h *loggedHouse) line(kind, who, from, text string) logbook.Line {
	*h.clock = h.clock.Add(time.Second)
	x := logbook.Line{Received: *h.clock, Stated: h.clock.Add(-time.Second), Source: netip.MustParseAddr("192.0.2.1"), Device: "gw", Maker: "fortigate", Kind: kind, Account: who, Raw: []byte(text)}
	if from != "" {
		x.Address = netip.MustParseAddr(from)
	}
	return x
}

// entries returns the latest entries of a kind.
func (h *loggedHouse) entries(kind event.Kind) (out []event.Event) {
	h.t.Helper()
	for e, err := range h.Events(h.t.Context(), h.root, Filter{Kinds: []event.Kind{kind}}) {
		h.must(err)
		out = append(out, e.Event)
	}
	return out
}

// search returns the texts of what a query picks.
func (h *loggedHouse) search(q account.LogQuery) string {
	h.t.Helper()
	var out []string
	for x, err := range h.SearchLogs(h.t.Context(), h.root, q) {
		h.must(err)
		out = append(out, x.Text)
	}
	return strings.Join(out, " ")
}

// TestLogsAreKept: lines come back by what is asked for; who came is an entry of its own; each search is one as well, before the first line is shown.
func TestLogsAreKept(t *testing.T) {
	h := newLogged(t)
	ctx := t.Context()
	h.must(h.KeepLogs(ctx, []logbook.Line{h.line("vpn-login", "sato", "198.51.100.7", "one"), h.line("system", "", "", "two 設定"), h.line("vpn-failed", "root; x", "203.0.113.9", "three")}))
	h.must(h.KeepLogs(ctx, []logbook.Line{h.line("raw", "", "", "four \xff")}, LogNote{Kind: event.LogsCounted, Device: "gw", Note: "traffic 12"}))
	if err := h.KeepLogs(ctx, nil, LogNote{Kind: event.Released}); problem.KindOf(err) != problem.Denied {
		t.Errorf("a collector records a release: %v", err)
	}
	for q, want := range map[account.LogQuery]string{
		{}: "four \ufffd three two 設定 one", {Kind: "vpn-login"}: "one", {Account: "SATO"}: "one", {Address: "203.0.113.0/24"}: "three", {Address: "192.0.2.1", Limit: 2}: "four \ufffd three",
		{Device: "gw", Text: "TWO 設"}: "two 設定", {Device: "other"}: "", {From: h.clock.Add(-time.Second)}: "four \ufffd three",
	} {
		if got := h.search(q); got != want {
			t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
	for _, q := range []account.LogQuery{{Address: "nowhere"}, {Limit: -1}, {From: h.clock.Add(time.Hour)}, {Text: strings.Repeat("x", 1000)}} {
		for _, err := range h.SearchLogs(ctx, h.root, q) {
			if problem.KindOf(err) != problem.Invalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
	}
	if n := len(h.entries(event.LogsRead)); n != 8 {
		t.Errorf("%d searches are in the ledger", n)
	}
	said := h.entries(event.ApplianceEvent)
	if len(said) != 2 || said[0].Target != "gw" || said[0].Address != netip.MustParseAddr("198.51.100.7") || parseLogNote(said[1].Note).account != "root; x" || parseLogNote(said[0].Note).stated.IsZero() {
		t.Errorf("entries of their own: %+v", said)
	}
	if n := len(h.entries(event.LogsCounted)); n != 1 {
		t.Errorf("%d counts", n)
	}
	_, staff := arrived(t, h.Local, h.clock, "staff", account.Staff)
	for _, err := range h.SearchLogs(ctx, staff, account.LogQuery{}) {
		if problem.KindOf(err) != problem.Denied {
			t.Errorf("staff reads logs: %v", err)
		}
	}
	_, twin := arrived(t, h.Local, h.clock, "gw", account.Staff) // called like the device
	for e, err := range h.Events(ctx, twin, Filter{}) {
		if h.must(err); strings.HasPrefix(string(e.Event.Kind), "appliance") || strings.HasPrefix(string(e.Event.Kind), "logs") {
			t.Errorf("staff sees %+v", e.Event)
		}
	}
	if _, err := h.VerifyLogs(ctx, staff); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff verifies: %v", err)
	}
}

// TestFloodOfLogins: thousands of guesses are stored as lines, and are a few entries of the ledger and a sum.
func TestFloodOfLogins(t *testing.T) {
	h := newLogged(t)
	var list []logbook.Line
	for range 3000 {
		list = append(list, h.line("vpn-failed", "root", "203.0.113.9", "guess"))
		*h.clock = h.clock.Add(-time.Second)
	}
	h.must(h.KeepLogs(t.Context(), list))
	h.must(h.heartbeat(t.Context(), 0))
	said := h.entries(event.ApplianceEvent)
	sum := said[len(said)-1]
	if len(said) != 31 || sum.Size != 2970 || parseLogNote(sum.Note).kind != "vpn-failed" || sum.Target != "gw" {
		t.Errorf("%d entries, the last: %+v", len(said), sum)
	}
	if c, err := h.VerifyLogs(t.Context(), h.root); err != nil || c.Lines != 3000 {
		t.Errorf("%+v, %v", c, err)
	}
}

// keep writes n batches of one line.
func (h *loggedHouse) keep(n int) {
	h.t.Helper()
	for i := range n {
		h.must(h.KeepLogs(h.t.Context(), []logbook.Line{h.line("system", "", "", fmt.Sprint("line ", i))}))
	}
}

// findings verifies, and says what was found.
func (h *loggedHouse) findings() string {
	h.t.Helper()
	c, err := h.VerifyLogs(h.t.Context(), h.root)
	h.must(err)
	var out []string
	for _, f := range c.Findings {
		out = append(out, strings.TrimSpace(fmt.Sprint(f.Batch, " ", f.Reason, " ", f.Text)))
	}
	if c.Found != len(c.Findings) {
		out = append(out, "more")
	}
	return strings.Join(out, ", ")
}

// frames splits the only file of lines into its frames.
func (h *loggedHouse) frames() (name string, out []string) {
	h.t.Helper()
	for _, n := range h.disk.Names() {
		if strings.HasSuffix(n, ".log") && path.Dir(n) == h.cfg.withDefaults().LogDir {
			name = n
		}
	}
	b, err := h.disk.ReadFile(name)
	h.must(err)
	const mark = "AZLB"
	for _, p := range strings.Split(string(b), mark)[1:] {
		out = append(out, mark+p)
	}
	return name, out
}

// TestTamperedLogs: whatever is done to what is stored is named: which batch, and what of it.
func TestTamperedLogs(t *testing.T) {
	h := newLogged(t)
	h.keep(5)
	if got := h.findings(); got != "" {
		t.Fatal(got)
	}
	name, f := h.frames()
	if len(f) != 5 {
		t.Fatalf("%d frames", len(f))
	}
	other := newLogged(t)
	other.keep(5)
	_, foreign := other.frames()
	for what, c := range map[string]struct {
		frames []string
		want   string
	}{
		"one dropped":         {[]string{f[0], f[1], f[3], f[4]}, "3 missing"},
		"the first":           {[]string{f[1], f[2], f[3], f[4]}, "1 missing"},
		"the first two":       {[]string{f[2], f[3], f[4]}, "1 missing 1 – 2"},
		"the last":            {[]string{f[0], f[1], f[2], f[3]}, "5 missing"},
		"two exchanged":       {[]string{f[0], f[2], f[1], f[3], f[4]}, "2 order"},
		"the last first":      {[]string{f[4], f[0], f[1], f[2], f[3]}, "1 missing, 1 order"},
		"one twice":           {[]string{f[0], f[1], f[1], f[2], f[3], f[4]}, "2 unknown"},
		"one of another":      {[]string{f[0], f[1], foreign[2], f[3], f[4]}, "3 changed"},
		"a byte":              {[]string{f[0], f[1][:60] + string(f[1][60]^1) + f[1][61:], f[2], f[3], f[4]}, "2 damaged"},
		"the first's head":    {[]string{"X" + f[0][1:], f[1], f[2], f[3], f[4]}, "1 damaged"},
		"a head":              {[]string{f[0], f[1], f[2][:20] + string(f[2][20]^1) + f[2][21:], f[3], f[4]}, "3 damaged"},
		"the last's head":     {[]string{f[0], f[1], f[2], f[3], "X" + f[4][1:]}, "5 damaged"},
		"the last cut":        {[]string{f[0], f[1], f[2], f[3], f[4][:30]}, "5 damaged"},
		"two heads, one gone": {[]string{"X" + f[0][1:], f[1], "X" + f[2][1:], f[4]}, "1 damaged, 3 damaged, 4 damaged"},
		"zeros":               {[]string{strings.Repeat("\x00", len(f[0]+f[1])), f[2], f[3], f[4]}, "1 damaged, 2 damaged"},
		"all":                 {nil, "1 missing 1 – 5"},
	} {
		h.must(h.disk.SetFile(name, []byte(strings.Join(c.frames, ""))))
		h.again()
		got := h.findings()
		switch what {
		case "one of another": // sealed with another key
			got, _, _ = strings.Cut(got, " a batch")
		case "the last first":
			if !strings.Contains(got, "order") && !strings.Contains(got, "missing") {
				t.Errorf("%s: %s", what, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	h.must(h.disk.SetFile(name, []byte(strings.Join(f, ""))))
	h.again()
	if got := h.findings(); got != "" {
		t.Errorf("as it was: %s", got)
	}
	checks := h.entries(event.LogsChecked)
	if last := checks[len(checks)-1]; last.Size != 0 || last.Note != event.NoFindings || checks[1].Size == 0 {
		t.Errorf("what the ledger tells of checks: %+v", checks)
	}
}

// TestRewrittenLogs: who has the key and writes other lines under the same number is found, too.
func TestRewrittenLogs(t *testing.T) {
	h := newLogged(t)
	h.keep(2)
	name, _ := h.frames()
	sealing := h.keys.LedgerSealing()
	forged, err := logbook.Open(logbook.Config{FS: durabletest.New(t), Dir: "/x", Key: sealing.Derive("logbook")})
	h.must(err)
	defer forged.Close()
	p := durabletest.New(t)
	forged, err = logbook.Open(logbook.Config{FS: p, Dir: "/x", Key: sealing.Derive("logbook")})
	h.must(err)
	for _, text := range []string{"line 0", "nothing happened"} {
		_, err = forged.Append([]logbook.Line{h.line("system", "", "", text)})
		h.must(err)
	}
	b, err := p.ReadFile("/x/" + path.Base(name))
	h.must(err)
	h.must(h.disk.SetFile(name, b))
	h.again()
	if got := h.findings(); got != "1 changed, 2 changed" {
		t.Error(got)
	}
}

// TestLogsAfterACrash: a batch that was stored before the ledger could be told, and who came in it, is told of at the next start; one that was lost with its file is not
// told of again under its number.
func TestLogsAfterACrash(t *testing.T) {
	h := newLogged(t)
	h.keep(2)
	h.logs.mu.Lock()
	_, err := h.logs.book.Append([]logbook.Line{h.line("vpn-login", "sato", "", "three")})
	h.logs.mu.Unlock()
	h.must(err)
	h.again()
	if got := h.findings(); got != "" || len(h.entries(event.LogsKept)) != 3 || len(h.entries(event.ApplianceEvent)) != 1 {
		t.Errorf("%s; %d entries, %d of logins", got, len(h.entries(event.LogsKept)), len(h.entries(event.ApplianceEvent)))
	}
	name, f := h.frames()
	h.must(h.disk.SetFile(name, []byte(f[0])))
	h.must(second(h.SetCollecting(t.Context(), h.root, h.Collecting())))
	h.again()
	h.keep(1)
	kept := h.entries(event.LogsKept)
	if got := h.findings(); kept[len(kept)-1].Pack != 4 || got != "2 missing, 3 missing" {
		t.Errorf("the next is %d; %s", kept[len(kept)-1].Pack, got)
	}
}

// TestLedgerBehindLogs: while the ledger cannot be told the lines are stored once; later it is told of them, of who came, and of what else there is to say, once,
// whatever the disk did with what it said no to.
func TestLedgerBehindLogs(t *testing.T) {
	ctx := t.Context()
	for _, kind := range []durabletest.Kind{durabletest.Sync, durabletest.Write} {
		for _, done := range []bool{false, true} {
			h := newLogged(t)
			h.keep(1)
			note := LogNote{Kind: event.ApplianceAlert, Device: "gw", Note: "vpn-used; "}
			late := []logbook.Line{h.line("vpn-login", "sato", "198.51.100.7", "late")}
			for err := error(nil); !errors.Is(err, ErrUnrecorded); { // the second is the ledger's, unless the ledger tidies up just now: then the lines are not stored
				h.disk.Heal()
				h.disk.Inject(durabletest.Fault{Kind: kind, N: h.disk.Calls(kind) + 2, Err: errors.New("no"), Done: done, Times: -1})
				if err = h.KeepLogs(ctx, late, note); err == nil {
					t.Fatal("the ledger took it")
				}
			}
			for _, x := range [][]LogNote{nil, {{Kind: event.LogsCounted, Device: "gw", Note: "cut 1"}}} {
				if err := h.KeepLogs(ctx, nil, x...); !errors.Is(err, ErrUnrecorded) {
					t.Fatal(err)
				}
			}
			h.disk.Heal()
			h.must(h.KeepLogs(ctx, nil))
			h.must(h.KeepLogs(ctx, nil))
			got := fmt.Sprint(h.findings(), h.search(account.LogQuery{}), len(h.entries(event.LogsKept)), len(h.entries(event.ApplianceEvent)), len(h.entries(event.ApplianceAlert)), len(h.entries(event.LogsCounted)))
			if got != "late line 02 1 1 1" {
				t.Errorf("%v, done %v: %s", kind, done, got)
			}
		}
	}
}

// TestLogsEnd: what is older than the rule goes with an entry, but not while a case is open.
func TestLogsEnd(t *testing.T) {
	h := newLogged(t)
	ctx := t.Context()
	h.keep(1)
	*h.clock = h.clock.Add(48 * time.Hour)
	h.keep(1)
	*h.clock = h.clock.Add(500 * 24 * time.Hour)
	h.root = console(t, h.Local)
	c, err := h.OpenCase(ctx, h.root, account.Case{Reason: "odd"})
	h.must(err)
	h.must(h.heartbeat(ctx, 0))
	if n := len(h.entries(event.LogsRemoved)); n != 0 {
		t.Errorf("%d removals during a case", n)
	}
	h.must(h.CloseCase(ctx, h.root, c.ID, "nothing"))
	h.must(h.heartbeat(ctx, 0))
	gone := h.entries(event.LogsRemoved)
	if got := h.search(account.LogQuery{}); len(gone) != 1 || gone[0].Pack != 2 || got != "line 0" {
		t.Errorf("%+v; left: %s", gone, got)
	}
	if check, err := h.VerifyLogs(ctx, h.root); err != nil || check.Removed != 1 || check.Found != 0 || check.Batches != 1 {
		t.Errorf("%+v, %v", check, err)
	}
}

// TestLogsOfACase: what appliances have told in its time is shown, and what came from where a suspect was is marked.
func TestLogsOfACase(t *testing.T) {
	h := newCase(t)
	ctx := t.Context()
	root := console(t, h.Local)
	h.must(second(h.OpenCase(ctx, root, account.Case{ID: h.n, Suspects: []account.Suspect{{Subject: "sato", From: h.now()}}})))
	*h.clock = h.clock.Add(2 * time.Second)
	l := func(kind, who, from string) logbook.Line {
		*h.clock = h.clock.Add(time.Second)
		return logbook.Line{Received: *h.clock, Device: "gw", Maker: "yamaha", Kind: kind, Account: who, Address: netip.MustParseAddr(from), Raw: []byte("x")}
	}
	h.must(h.KeepLogs(ctx, []logbook.Line{l("vpn-failed", "guess", "198.51.100.7"), l("vpn-login", "sato", "198.51.100.7"), l("vpn-failed", "other", "203.0.113.9"), l("config-changed", "admin", "192.0.2.9"), l("traffic", "", "203.0.113.9")},
		LogNote{Kind: event.ApplianceAlert, Device: "gw", Address: netip.MustParseAddr("203.0.113.9"), Note: "brute-force; "}))
	got, err := h.ApplianceEvents(ctx, root, h.n)
	h.must(err)
	var said []string
	for _, e := range got.Events {
		said = append(said, fmt.Sprint(e.Kind, e.Alert, e.Theirs))
	}
	if want := []string{"vpn-failedtrue", "vpn-logintrue", "vpn-failedfalse", "config-changedfalse", "brute-forcefalse"}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	line, err := h.Timeline(ctx, root, h.n, account.TimelineQuery{})
	h.must(err)
	if line.All.Appliances != 4 {
		t.Errorf("%+v", line.All)
	}
	_, staff := arrived(t, h.Local, h.clock, "someone", account.Staff)
	if _, err := h.ApplianceEvents(ctx, staff, h.n); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff sees a case: %v", err)
	}
}

// TestLogTexts: a text is found in any case, wherever it stands, as if the line had been written in small letters.
func TestLogTexts(t *testing.T) {
	for _, line := range []string{"", "x", "User=\"SATO\" 設定を変更 ＡＢＣ", "aaab", "AAB", "設定", "\xff\xfeab"} {
		for _, what := range []string{"", "sato", "user=\"sato\" 設定", "設定", "aab", "ａｂ", "=", "変更 ａ", "b"} {
			f := logFilter{text: what}
			if got := f.says(line); got != strings.Contains(strings.ToLower(line), what) {
				t.Errorf("%q in %q: %v", what, line, got)
			}
		}
	}
}
