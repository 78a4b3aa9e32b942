package keeper

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// TestOfflineAsOnline reads a copy of the ledger with a reading key, and compares.
func TestOfflineAsOnline(t *testing.T) {
	dir := t.TempDir()
	l := start(t, testConfig(durable.OS(), dir))
	root := console(t, l)
	for _, name := range []string{"one", "two"} {
		share, err := l.MakeShare(t.Context(), root, name)
		if err != nil {
			t.Fatal(err)
		}
		w := newWriter(t, l, root, share.ID)
		for n := range 5 {
			f, _ := w.version(t, fmt.Sprintf("/%s/%d.jpg", name, n))
			if _, err := l.Release(t.Context(), Request{Session: root, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	raw, err := l.ReadingKey(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if got := entries(t, l, event.ReadingKeyGiven); len(got) != 1 || got[0].Actor != "console:root" {
		t.Errorf("the ledger has %+v of the reading key", got)
	}
	var online []string
	for e, err := range l.Events(t.Context(), root, Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		online = append(online, string(b))
	}
	k, err := ParseReadingKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(filepath.Join(dir, "ledger", publicFile))
	if err != nil || strings.TrimSpace(string(public)) != k.PublicKey {
		t.Errorf("the public key beside the ledger is %q, %v", public, err)
	}
	r, err := ledger.NewReader(os.DirFS(filepath.Join(dir, "ledger")), k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	var offline []string
	for e, err := range Show(t.Context(), r, k, Filter{}, func(*Entry) bool { return true }) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		offline = append(offline, string(b))
	}
	if !slices.Equal(online, offline) {
		t.Errorf("online\n%s\noffline\n%s", strings.Join(online, "\n"), strings.Join(offline, "\n"))
	}
	if n := strings.Count(strings.Join(offline, "\n"), `"path":"/two/`); n != 5 {
		t.Errorf("%d paths of the second share", n)
	}
	if text := fmt.Sprintf("%v %+v %#v", k, *k, *k); strings.Contains(text, fmt.Sprintf("%x", k.entries[:4])) || strings.Contains(text, fmt.Sprintf("%d %d", k.entries[0], k.entries[1])) {
		t.Errorf("the keys are shown: %s", text)
	}
}

func TestReadingKeysThatAreNone(t *testing.T) {
	for _, s := range []string{"", "{}", `{"format":2}`, `{"format":1,"entries":"00"}`, `{"format":1,"entries":"` + strings.Repeat("zz", 32) + `"}`, "[]"} {
		if _, err := ParseReadingKey([]byte(s)); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestEntriesThatDoNotOpen(t *testing.T) {
	k := &ReadingKey{entries: seal.NewKey()}
	when := time.Date(2026, 7, 1, 1, 2, 3, 0, time.UTC)
	entry := func(key seal.Key, plain []byte) []byte {
		b, err := ledger.NewSealer(key).Seal(when, plain)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good, err := event.Event{Kind: event.Heartbeat, When: when}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	newer := slices.Clone(good)
	newer[0] = 9
	for _, c := range []struct {
		what   string
		data   []byte
		closed string
		when   time.Time
	}{
		{"good", entry(k.entries, good), "", when},
		{"another key", entry(seal.NewKey(), good), "key", when},
		{"a newer program", entry(k.entries, newer), "newer", when},
		{"no entry", []byte("something else"), "key", time.Time{}},
	} {
		e := ShowEntry(k, 7, c.data)
		if e.Index != 7 || e.Closed != c.closed || !e.Recorded.Equal(c.when) {
			t.Errorf("%s: %+v", c.what, e)
		}
		b, err := json.Marshal(e)
		if err != nil || !json.Valid(b) || strings.Contains(string(b), `"closed"`) != (c.closed != "") {
			t.Errorf("%s: %s, %v", c.what, b, err)
		}
		f := Filter{From: when.Add(-time.Second), To: when.Add(time.Second)}
		if got := f.Match(&e); got != !c.when.IsZero() {
			t.Errorf("%s: found %v by its time", c.what, got)
		}
	}
}

func TestFilter(t *testing.T) {
	share := id.NewShare()
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	paths := []string{"/アルバム/3年1組/山田.jpg", "/アルバム/3年2組/[鈴木].jpg", "/アルバム/readme", ""}
	for _, c := range []struct {
		f    Filter
		want int // of the files; −1: not at all
	}{
		{Filter{}, 4},
		{Filter{From: at, To: at.Add(1)}, 4}, {Filter{From: at.Add(1)}, -1}, {Filter{To: at}, -1},
		{Filter{Kinds: []event.Kind{event.Saved, event.Released}}, 4}, {Filter{Kinds: []event.Kind{event.Saved}}, -1},
		{Filter{Actor: "YAMADA"}, 4}, {Filter{Actor: "yama"}, -1}, {Filter{Actor: "suzuki"}, 4},
		{Filter{Share: "アルバム"}, 4}, {Filter{Share: "アルバム"}, 4}, {Filter{Share: share.String()}, 4}, {Filter{Share: "アル"}, -1},
		{Filter{Path: "/"}, 4}, {Filter{Path: "アルバム"}, 3}, {Filter{Path: "/アルバム/"}, 3}, {Filter{Path: "/アルバム/3年?組"}, 2},
		{Filter{Path: "/アルバム/*/*.jpg"}, 2}, {Filter{Path: "/*/readme"}, 1}, {Filter{Path: "/アルバム/3年2組/[鈴木].jpg"}, 1},
		{Filter{Path: "/アルバム/3年2組/[鈴].jpg"}, -1}, {Filter{Path: "/アル"}, -1}, {Filter{Path: "/アルバム/3年1組/山田.jpg/x"}, -1},
	} {
		e := Entry{ShareName: "アルバム", Recorded: at, Paths: slices.Clone(paths),
			Event: event.Event{Kind: event.Released, When: at, Actor: "yamada", Target: "suzuki", Share: share, Files: make([]event.File, 4)}}
		got := -1
		if c.f.Match(&e) {
			got = len(e.Event.Files)
		}
		if got != c.want || got >= 0 && (len(e.Paths) != got || e.Omitted != 4-got) {
			t.Errorf("%+v finds %d of the files, want %d", c.f, got, c.want)
		}
		if err := c.f.Check(); err != nil {
			t.Errorf("%+v: %v", c.f, err)
		}
	}
	for _, f := range []Filter{{Limit: -1}, {From: at, To: at}, {From: at, To: at.Add(-1)}} {
		if err := f.Check(); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// TestShowOnAFullDisk shows what there is, and then says that the newest is missing.
func TestShowOnAFullDisk(t *testing.T) {
	p := durabletest.New(t)
	l := start(t, testConfig(p, "/data"))
	root := console(t, l)
	if n := len(entries(t, l)); n == 0 {
		t.Fatal("nothing in the ledger")
	}
	if _, err := l.MakeShare(t.Context(), root, "albums"); err != nil {
		t.Fatal(err)
	}
	p.Inject(durabletest.Fault{Kind: durabletest.Rename, N: 1, Err: os.ErrPermission, Times: -1})
	n, last := 0, error(nil)
	for _, err := range l.Events(t.Context(), root, Filter{}) {
		if err != nil {
			last = err
			continue
		}
		n++
	}
	if n < 2 || last == nil {
		t.Errorf("%d entries, then %v", n, last)
	}
	p.Heal()
}

func TestLimit(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	root := console(t, l)
	n := 0
	for e, err := range l.Events(t.Context(), root, Filter{Limit: 2}) {
		if err != nil || e.Index != int64(n) {
			t.Fatalf("entry %d, %v", e.Index, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d entries", n)
	}
}
