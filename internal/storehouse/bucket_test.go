package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// TestCourier: each bucket is copied to once a day, again after an hour if that has failed, and nothing else is.
func TestCourier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := account.Medium{ID: id.NewMedium(), Label: "cloud", Lock: 30}
		disk := account.Medium{ID: id.NewMedium(), Label: "disk"}
		gone := account.Medium{ID: id.NewMedium(), Label: "gone", Lock: 30, Retired: start}
		var done []string
		c := &courier{list: func() []account.Medium { return []account.Medium{cloud, disk, gone} }, now: time.Now, tried: make(map[id.Medium]time.Time)}
		c.sync = func(_ context.Context, m account.Medium) error {
			done = append(done, m.Label+" "+time.Since(start).String())
			if len(done) == 2 || len(done) == 3 {
				return errors.New("no line")
			}
			cloud.Synced = time.Now()
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		go c.run(ctx)
		<-time.After(51 * time.Hour)
		stop()
		synctest.Wait()
		if got := strings.Join(done, ", "); got != "cloud 0s, cloud 24h0m0s, cloud 25h0m0s, cloud 26h0m0s, cloud 50h0m0s" {
			t.Error(got)
		}
		cloud.Synced, done = time.Now().AddDate(1, 0, 0), nil // by a clock that was ahead
		if c.once(t.Context()); len(done) != 1 {
			t.Error("a copy of next year counts as one of today")
		}
	})
}

// TestStaleBucket: that disks come does not make up for a bucket that gets no copies.
func TestStaleBucket(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var told []string
	w := &watcher{cards: func() ([]string, time.Time) { return nil, time.Time{} }, now: func() time.Time { return now }, id: "house", days: 8, hours: 24, told: make(map[string]time.Time), page: func(p string) string { return p },
		tell: func(a alert.Alert) { told = append(told, string(a.Kind)+" "+a.Who) },
		look: func(context.Context) []account.Medium {
			return []account.Medium{{ID: id.NewMedium(), Label: "disk", Made: now, Time: now}, {ID: id.NewMedium(), Label: "cloud", Lock: 30, Made: now.AddDate(0, 0, -20), Time: now.AddDate(0, 0, -9)},
				{ID: id.NewMedium(), Label: "fresh", Lock: 30, Made: now}}
		}}
	w.once(t.Context())
	if got := strings.Join(told, ", "); got != "stale cloud" {
		t.Error(got)
	}
}

// TestHandOver: a file that describes no bucket keeps its owner, whatever root mistypes.
func TestHandOver(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	good := write("cloud.toml", "endpoint = \"https://s3.example.jp\"\nbucket = \"house\"\naccess_key = \"a\"\nsecret_key = \"b\"\n")
	for at, want := range map[string]bool{dir: true, good: true, write("shadow", "root:*:20000:0:99999:7:::\n"): false, write("empty", ""): false} {
		given := false
		err := HandOver(at, func() error {
			given = true
			return nil
		})
		if given != want || (err == nil) != want {
			t.Errorf("%s: given %v, %v", at, given, err)
		}
	}
}

// TestScribe: people are told once a day when the ledger does not reach its bucket for an hour, and at once when the bucket has another.
func TestScribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var told []string
		var fails atomic.Pointer[problem.Error]
		var apart atomic.Bool
		s := &scribe{now: time.Now, log: slog.New(slog.DiscardHandler), name: "b", days: 30, copied: start, told: make(map[alert.Kind]time.Time), page: func(p string) string { return p },
			wait: apart.Load, tell: func(a alert.Alert) { told = append(told, string(a.Kind)+" "+time.Since(start).String()) },
			push: func(context.Context) (ledger.Head, error) {
				if e := fails.Load(); e != nil {
					return ledger.Head{Size: 7}, e
				}
				return ledger.Head{Size: 9}, nil
			}}
		ctx, stop := context.WithCancel(t.Context())
		go s.run(ctx)
		<-time.After(12 * time.Minute)
		if b := s.state(); b.Size != 9 || b.Copied.IsZero() || b.Failed != nil {
			t.Errorf("%+v", b)
		}
		fails.Store(&problem.Error{Kind: problem.Unavailable, Op: "use the bucket", Hint: "hint.bucket-unreachable", Err: io.EOF})
		<-time.After(26 * time.Hour)
		if b := s.state(); b.Size != 7 || b.Failed == nil {
			t.Errorf("%+v", b)
		}
		fails.Store(&problem.Error{Kind: problem.Conflict, Op: "copy the ledger to the bucket", Hint: "hint.sink-rewritten"})
		<-time.After(11 * time.Minute)
		fails.Store(nil)
		apart.Store(true)
		<-time.After(5 * time.Minute)
		if b := s.state(); b.Failed == nil {
			t.Error("a house that works apart from the world asks its bucket")
		}
		apart.Store(false)
		stop()
		synctest.Wait()
		if b := s.state(); b.Failed == nil {
			t.Error("copied before the ledger has its end")
		}
		s.last(context.WithoutCancel(ctx))
		if b := s.state(); b.Size != 9 || b.Failed != nil {
			t.Errorf("the last copy, at the end: %+v", b)
		}
		if got := strings.Join(told, ", "); got != "uncopied 1h10m0s, uncopied 25h10m0s, rewritten 26h15m0s" {
			t.Error(got)
		}
	})
}

// TestBucketFile: a house whose file of the ledger's bucket is not right opens and says so; once it is mended, or has other credentials, these are used
// without a new start.
func TestBucketFile(t *testing.T) {
	var asked atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	cfg, _ := created(t)
	cfg.LedgerBucket = filepath.Join(t.TempDir(), "ledger.toml")
	write := func(key string, mode os.FileMode) {
		t.Helper()
		text := fmt.Sprintf("endpoint = %q\nbucket = \"ledger-b\"\naccess_key = %q\nsecret_key = \"s\"\n", server.URL, key)
		if err := errors.Join(os.WriteFile(cfg.LedgerBucket, []byte(text), mode), os.Chmod(cfg.LedgerBucket, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("first", 0o644)
	h, _ := stopped(t, cfg, options())
	defer shut(t, h)
	h.scribe.once(t.Context())
	if b := h.scribe.state(); b.Failed == nil || b.Failed.Hint != "hint.bucket-mode" || b.Name != cfg.LedgerBucket {
		t.Errorf("%+v", b)
	}
	for _, key := range []string{"first", "second"} {
		write(key, 0o600)
		h.scribe.once(t.Context())
		if b := h.scribe.state(); b.Failed == nil || b.Failed.Hint != "hint.bucket-denied" || b.Name != "ledger-b" || !strings.Contains(asked.Load().(string), "Credential="+key+"/") {
			t.Errorf("%+v, asked as %v", b, asked.Load())
		}
	}
}

// TestScribeWaits: people are told also when the bucket never comes to an end with what it was asked.
func TestScribeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var told []string
		s := &scribe{now: time.Now, log: slog.New(slog.DiscardHandler), copied: start, told: make(map[alert.Kind]time.Time), page: func(p string) string { return p }, wait: func() bool { return false },
			tell: func(a alert.Alert) { told = append(told, string(a.Kind)+" "+time.Since(start).String()) },
			push: func(ctx context.Context) (ledger.Head, error) {
				<-ctx.Done()
				return ledger.Head{}, ctx.Err()
			}}
		ctx, stop := context.WithCancel(t.Context())
		go s.run(ctx)
		<-time.After(5 * time.Hour)
		stop()
		synctest.Wait()
		if got := strings.Join(told, ", "); got != "uncopied 1h0m0s" {
			t.Error(got)
		}
	})
}

// TestBucketOfAFolder: what only a bucket can do is not promised of a disk, and a bucket says what its file lacks.
func TestBucketOfAFolder(t *testing.T) {
	cfg, _ := created(t)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: t.TempDir(), Label: "disk", Lock: 30}); hinted(err) != "hint.medium-no-lock" {
		t.Error(err)
	}
	file := h.cfg.Data + "/azekura.toml"
	if err := configure(h.opt.FS, h.cfg.Data, "guard", "on"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: file, Label: "cloud", Lock: 30}); hinted(err) != "hint.bucket-file" {
		t.Error(err)
	}
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: file, Label: "cloud", Lock: 3}); hinted(err) != "hint.bucket-days" {
		t.Error(err)
	}
}
