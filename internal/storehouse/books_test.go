package storehouse

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// copyAlways has a copy of the catalogue put on the medium whenever so many rows have come.
func copyAlways(t *testing.T, rows int64) {
	t.Helper()
	before := booksFrom
	t.Cleanup(func() { booksFrom = before })
	booksFrom = rows
}

// behind syncs, and saves one more file, of which no new copy is made.
func behind(t *testing.T) func(*lostHouse, *House, *client.Client) {
	return func(l *lostHouse, _ *House, c *client.Client) {
		t.Helper()
		if _, err := synced(t, c, l.at); err != nil {
			t.Fatal(err)
		}
		copyAlways(t, 1000)
		l.files["/アルバム/behind.txt"] = "saved after the copy of the catalogue"
		saved(t, c, "/アルバム/behind.txt", l.files["/アルバム/behind.txt"])
	}
}

// booksOn returns the names of the copies on a medium.
func booksOn(t *testing.T, at string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(at, "books", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestRestoreFromBooks: what the copy of the catalogue has is there without a look at the packs, what is behind it as well, and in the end the
// catalogue is that of the packs. A copy that is damaged or gone changes nothing but the time.
func TestRestoreFromBooks(t *testing.T) {
	for name, x := range map[string]struct {
		spoil func(t *testing.T, copy string)
		lent  bool
		says  string
	}{
		"whole": {func(*testing.T, string) {}, true, ""},
		"damaged": {func(t *testing.T, copy string) {
			b, err := os.ReadFile(copy)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 1
			if err := os.WriteFile(copy, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, false, "cannot be used"},
		"gone": {func(t *testing.T, copy string) {
			if err := os.Remove(copy); err != nil {
				t.Fatal(err)
			}
		}, false, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			copyAlways(t, 1)
			l := loseHouse(t, 5, 1000, behind(t))
			copies := booksOn(t, l.at)
			if len(copies) != 1 {
				t.Fatalf("copies %q", copies)
			}
			x.spoil(t, copies[0])
			cfg, opt := Default(filepath.Join(t.TempDir(), "data")), options()
			var log bytes.Buffer
			opt.Log = slog.New(slog.NewTextHandler(&log, nil))
			if err := Restore(t.Context(), cfg, opt, l.source()); err != nil {
				t.Fatal(err)
			}
			h, c := stopped(t, cfg, opt)
			h.prepare(t.Context())
			if ready, err := filepath.Glob(filepath.Join(h.at.books, "*.db")); err != nil || (len(ready) > 0) != x.lent {
				t.Errorf("prepared: %q, %v", ready, err)
			}
			l.compare(t, c)
			lent, err := filepath.Glob(filepath.Join(h.at.books, "*.db"))
			if err != nil || (len(lent) > 0) != x.lent || x.says != "" && !strings.Contains(log.String(), x.says) {
				t.Errorf("%q on loan, %v; %s", lent, err, &log)
			}
			if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s", &log)
			}
			l.compare(t, c)
			saved(t, c, "/アルバム/new.txt", "people work again")
			l.files["/アルバム/new.txt"] = "people work again"
			shut(t, h)
			if _, err := os.Stat(h.at.books); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the copies are there yet: %v", err)
			}
			h, c = stopped(t, cfg, options())
			l.compare(t, c)
			shut(t, h)
		})
	}
}

// TestRestoreFromOlderBooks: a copy of the catalogue that still has what was removed by rule since brings nothing of it back, neither while it is on loan
// nor behind it.
func TestRestoreFromOlderBooks(t *testing.T) {
	copyAlways(t, 1)
	l := loseHouse(t, 3, 300_000, func(l *lostHouse, h *House, c *client.Client) {
		l.files["/アルバム/0.txt"] = "the second version"
		saved(t, c, "/アルバム/0.txt", l.files["/アルバム/0.txt"])
		if err := c.Remove(t.Context(), "/アルバム/1.txt"); err != nil {
			t.Fatal(err)
		}
		delete(l.files, "/アルバム/1.txt")
		if _, err := synced(t, c, l.at); err != nil {
			t.Fatal(err)
		}
		if copies := booksOn(t, l.at); len(copies) != 1 {
			t.Fatalf("copies %q", copies)
		}
		copyAlways(t, 1000)
		if err := c.SetRetention(t.Context(), "アルバム", api.Retention{Versions: 1, Deleted: 1, Keep: 1}); err != nil {
			t.Fatal(err)
		}
		previewed(t, c, "アルバム") // from here on the ledger can tell how old what was saved is
		for l.ahead.Load() < int64(30*time.Hour) {
			l.ahead.Add(int64(4 * time.Minute))
			if err := h.keeper.local.Record(t.Context(), event.Event{Kind: event.Verified, When: h.opt.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		p := previewed(t, c, "アルバム")
		if p.Versions != 2 {
			t.Fatalf("%+v", p)
		}
		if _, err := c.AskRemoval(t.Context(), "アルバム", api.AskRemoval{Digest: p.Digest, Reason: "as agreed"}); err != nil {
			t.Fatal(err)
		}
		if done, err := removedFrom(t, c, "アルバム"); err != nil || done.Versions != 2 || done.Bytes < 600_000 {
			t.Fatalf("%+v, %v", done, err)
		}
	})
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	if err := Restore(t.Context(), cfg, l.options(), l.source()); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, l.options())
	h.prepare(t.Context())
	gone := func(when string) {
		t.Helper()
		l.compare(t, c)
		if _, err := c.Open(t.Context(), "/アルバム/0.txt", client.Version{Number: 1}, "open"); hinted(err) != "hint.removed-by-rule" {
			t.Errorf("%s: %v", when, err)
		}
		if _, err := c.Stat(t.Context(), "/アルバム/1.txt"); problem.KindOf(err) != problem.NotFound {
			t.Errorf("%s: %v", when, err)
		}
	}
	if lent, err := filepath.Glob(filepath.Join(h.at.books, "*.db")); err != nil || len(lent) != 1 {
		t.Fatalf("%q on loan, %v", lent, err)
	}
	gone("on loan")
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
		t.Fatal(err)
	}
	gone("of the packs")
	for x, err := range c.Verify(t.Context(), api.VerifyRequest{Keys: true}) {
		if err != nil || x.Finding != nil {
			t.Errorf("verify: %+v, %v", x.Finding, err)
		}
	}
	shut(t, h)
}

// TestRestoreFromWrongBooks: a copy that was signed and does not say what the packs say serves until they have been read, and is found out then.
func TestRestoreFromWrongBooks(t *testing.T) {
	copyAlways(t, 1)
	l := loseHouse(t, 5, 1000, func(_ *lostHouse, h *House, _ *client.Client) {
		db, err := sql.Open("sqlite", h.at.catalogue)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), "UPDATE node SET removed = 1 WHERE num = (SELECT max(num) FROM node)"); err != nil {
			t.Fatal(err)
		}
	})
	cfg, opt := Default(filepath.Join(t.TempDir(), "data")), options()
	var log bytes.Buffer
	opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := Restore(t.Context(), cfg, opt, l.source()); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, opt)
	if _, err := c.Open(t.Context(), "/アルバム/4.txt", client.Version{}, "open"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("the copy is not used: %v", err)
	}
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "does not say what the packs say") {
		t.Errorf("%s", &log)
	}
	l.compare(t, c)
	shut(t, h)
}

// TestRestoreIndexes: when all is copied, the catalogue has all of the packs, whether somebody has opened the share or not: the first use after a
// restore reads nothing again.
func TestRestoreIndexes(t *testing.T) {
	l := loseHouse(t, 5, 1000)
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, options())
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
		t.Fatal(err)
	}
	shares, err := h.packs.Shares(t.Context())
	if err != nil || len(shares) != 1 {
		t.Fatal(shares, err)
	}
	size, err := h.books.Size(t.Context(), shares[0])
	if err != nil || size.Rows < 10 || size.At.Pack == 0 {
		t.Errorf("%+v, %v", size, err)
	}
	l.compare(t, c)
	shut(t, h)
}

// TestPays: a copy is made for very many rows alone, and the more there are, the rarer.
func TestPays(t *testing.T) {
	for _, x := range []struct {
		rows, had int64
		want      bool
	}{{49_999, 0, false}, {50_000, 0, true}, {99_999, 50_000, false}, {100_000, 50_000, true}, {3_200_000, 3_110_000, false}, {3_200_000, 3_100_000, true}, {10, 100_000, false}} {
		if pays(x.rows, x.had) != x.want {
			t.Errorf("%+v", x)
		}
	}
}

// TestRestoreDamagedPack: where a pack on the medium is damaged the share says so, and a rebuild goes on without what is lost.
func TestRestoreDamagedPack(t *testing.T) {
	l := loseHouse(t, 3, 1000)
	segments, err := filepath.Glob(filepath.Join(l.at, "packs", "*", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	b, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(segments[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, opt := Default(filepath.Join(t.TempDir(), "data")), options()
	var log bytes.Buffer
	opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := Restore(t.Context(), cfg, opt, l.source()); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, opt)
	out, err := h.Fetch(t.Context(), func(Fetched) {})
	if err != nil || len(out.Findings) == 0 || !strings.Contains(log.String(), "azekura verify --keys") {
		t.Fatalf("%+v, %v; %s", out, err, &log)
	}
	n := 0
	for path := range l.files {
		if _, err := c.Stat(t.Context(), path); err == nil {
			n++
		}
	}
	if n == 0 {
		t.Error("nothing is left")
	}
	saved(t, c, "/アルバム/after.txt", "after the restore")
	shut(t, h)
}
