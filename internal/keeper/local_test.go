package keeper

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// cheap is a cost of hashing for tests.
var cheap = Hashing{Time: 1, Memory: 64}

// testConfig is of a keeper in dir.
func testConfig(fsys durable.FS, dir string) Config {
	return Config{FS: fsys, Dir: filepath.Join(dir, "keeper"), LedgerDir: filepath.Join(dir, "ledger"), Secret: FromKeyFile(filepath.Join(dir, "key", "root")),
		Version: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler), Console: true, Hashing: &cheap, ledgerFile: 64 << 10}
}

// start makes and opens a keeper, which the test closes at its end.
func start(t testing.TB, cfg Config) *Local {
	t.Helper()
	if err := Init(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return reopen(t, cfg)
}

func reopen(t testing.TB, cfg Config) *Local {
	t.Helper()
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// console logs in as an administrator.
func console(t testing.TB, l *Local) id.Session {
	t.Helper()
	s, err := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

// writer seals as a storehouse does.
type writer struct {
	share id.Share
	meta  *seal.Metadata
	epoch *seal.Epoch
}

func newWriter(t testing.TB, l *Local, s id.Session, share id.Share) *writer {
	t.Helper()
	u, err := l.Unlock(t.Context(), s, share)
	if err != nil {
		t.Fatal(err)
	}
	e, err := u.Recipient.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	return &writer{share, metadataOf(u), e}
}

func metadataOf(u Unlocked) *seal.Metadata { return seal.NewMetadata(u.Metadata) }

// version returns a new version at a path, and its key as the storehouse had it when it was saved.
func (w *writer) version(t testing.TB, path string) (Sealed, seal.Key) {
	t.Helper()
	v := id.NewVersion()
	k, err := w.epoch.FileKey(v)
	if err != nil {
		t.Fatal(err)
	}
	return Sealed{Version: v, Epoch: w.epoch.ID, Enc: w.epoch.Enc, Path: w.meta.SealPath(path)}, k
}

func TestReleaseIsShownInTheLedger(t *testing.T) {
	l := start(t, testConfig(durable.OS(), t.TempDir()))
	admin := console(t, l)
	share, err := l.MakeShare(t.Context(), admin, "アルバム")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, l, admin, share.ID)
	a, key := w.version(t, "/アルバム/1組/山田.jpg")
	b, _ := w.version(t, "/アルバム/2組/鈴木.jpg")
	leases, err := l.Release(t.Context(), Request{Session: admin, Purpose: account.Open, Share: share.ID, Files: []Sealed{a, b}})
	if err != nil {
		t.Fatal(err)
	}
	if len(leases) != 2 || leases[0].Key != key || leases[0].Version != a.Version {
		t.Fatal("the lease has another key than the one that the file was saved with")
	}
	online := func(f Filter) (out []Entry) {
		for e, err := range l.Events(t.Context(), admin, f) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e)
		}
		return out
	}
	got := online(Filter{Path: "アルバム/*組/山田.*", Kinds: []event.Kind{event.Released}})
	if len(got) != 1 || len(got[0].Paths) != 1 || got[0].Paths[0] != "/アルバム/1組/山田.jpg" || got[0].Omitted != 1 || got[0].ShareName != "アルバム" {
		t.Fatalf("found %+v", got)
	}
	j, err := json.Marshal(got[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"kind":"released"`, `"path":"/アルバム/1組/山田.jpg"`, `"index":`, `"purpose":"open"`} {
		if !strings.Contains(string(j), want) {
			t.Errorf("%s does not hold %s", j, want)
		}
	}
	if strings.Contains(string(j), "sealed_path") {
		t.Errorf("%s shows a sealed path beside the opened one", j)
	}
	for _, f := range []Filter{{Share: "アルバム"}, {Share: share.ID.String()}, {Actor: "console:root"}, {Path: "/アルバム"}, {Path: "/アルバム/"}} {
		if len(online(f)) == 0 {
			t.Errorf("%+v finds nothing", f)
		}
	}
	for _, f := range []Filter{{Actor: "toor"}, {Path: "/アルバム/1組/山"}, {From: time.Now().Add(time.Hour)}} {
		if n := len(online(f)); n != 0 {
			t.Errorf("%+v finds %d", f, n)
		}
	}
	for _, err := range l.Events(t.Context(), admin, Filter{Share: "other"}) {
		if problem.KindOf(err) != problem.NotFound { // a typing error does not look like nobody
			t.Errorf("a share that never was: %v", err)
		}
	}
}
