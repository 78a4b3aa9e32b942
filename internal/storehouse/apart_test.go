package storehouse

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// restored restores a house and returns where it is.
func (l *lostHouse) restored(t *testing.T) Config {
	t.Helper()
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestIsolatedDoors: a restored house opens its doors at addresses that are named, and nowhere else, whichever door it is.
func TestIsolatedDoors(t *testing.T) {
	cfg := loseHouse(t, 1, 100).restored(t)
	h, c := stopped(t, cfg, options())
	s := &server{h: h}
	for _, door := range []string{"http", "https", "sftp", "metrics"} {
		for addr, opens := range map[string]bool{":0": false, "0.0.0.0:0": false, "[::]:0": false, "files.example:0": false, "127.0.0.1:0": true, "localhost:0": true} {
			l, err := s.bind(door, addr)
			if err == nil {
				l.Close()
			}
			p, ok := errors.AsType[*problem.Error](err)
			if (err == nil) != opens || !opens && (!ok || p.Hint != "hint.isolated-address") {
				t.Errorf("%s at %s: %v", door, addr, err)
			}
		}
	}
	if h.cfg.OIDCIssuer = "https://login.example"; s.house(httptest.NewRequest("GET", "http://127.0.0.1/", nil)).Provider {
		t.Error("people are offered a login with the company, which is refused")
	}
	if x := s.house(httptest.NewRequest("GET", "http://127.0.0.1/", nil)); !x.Fresh || !x.Restored {
		t.Errorf("nobody had come in on the lost machine, and who looks for the way in is told %+v", x)
	}
	if i, err := c.Invite(t.Context(), "tanaka"); err != nil || i.Token == "" {
		t.Errorf("no new link while the house is restored: %+v, %v", i, err)
	}
	shut(t, h)
	cfg.HTTP, cfg.HTTPS = "", "0.0.0.0:0"
	err := Run(t.Context(), cfg, options(), func([]api.Listener) { t.Error("its doors are open") })
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Hint != "hint.isolated-address" {
		t.Errorf("the program with such an address: %v", err)
	}
}

// outside is what a house could speak to: a webhook and a mail server, which tell of each connection.
func outside(t *testing.T, cfg *Config) <-chan string {
	t.Helper()
	spoken := make(chan string, 16)
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { spoken <- "webhook" }))
	t.Cleanup(web.Close)
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mail.Close() })
	go func() {
		for {
			c, err := mail.Accept()
			if err != nil {
				return
			}
			spoken <- "mail"
			c.Close()
		}
	}()
	cfg.AlertWebhook, cfg.AlertMailServer, cfg.AlertMailFrom, cfg.AlertMailTo = web.URL, mail.Addr().String(), "a@example.jp", []string{"b@example.jp"}
	return spoken
}

// TestIsolatedSilence: a restored house tells nobody outside, by mail or by webhook, also where the settings say so again; the same settings speak in a house
// that was not restored.
func TestIsolatedSilence(t *testing.T) {
	tell := func(cfg Config) {
		t.Helper()
		h, _ := stopped(t, cfg, options())
		h.alerts.Tell(alert.Alert{Kind: alert.Frozen, Who: "hanako", When: time.Now()})
		defer shut(t, h)
	}
	cfg, _ := created(t)
	spoken := outside(t, &cfg)
	h, _ := stopped(t, cfg, options())
	h.alerts.Tell(alert.Alert{Kind: alert.Frozen, Who: "hanako", When: time.Now()})
	if got := map[string]bool{<-spoken: true, <-spoken: true}; !got["webhook"] || !got["mail"] {
		t.Errorf("a house that was not restored speaks to %v", got)
	}
	shut(t, h)
	cfg = loseHouse(t, 1, 100).restored(t)
	spoken = outside(t, &cfg)
	tell(cfg)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	if err := c.TestAlert(t.Context()); err == nil {
		t.Error("a test alert is said to have been sent")
	}
	bucket := filepath.Join(t.TempDir(), "bucket.toml")
	if err := os.WriteFile(bucket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: bucket, Label: "cloud"}); hinted(err) != "hint.isolated" {
		t.Errorf("a bucket is asked whether it can be a medium: %v", err)
	}
	if _, err := synced(t, c, bucket); hinted(err) != "hint.isolated" {
		t.Errorf("a bucket is asked for a copy: %v", err)
	}
	if h.remind != nil {
		t.Error("it reminds people outside")
	}
	select {
	case who := <-spoken:
		t.Errorf("it speaks to the %s", who)
	default:
	}
}

// TestRestoredKnowsItsMedium: the medium that a house was made again of counts as a copy, with its state, before anything is synced again.
func TestRestoredKnowsItsMedium(t *testing.T) {
	l := loseHouse(t, 1, 100)
	h, c := stopped(t, l.restored(t), options())
	defer shut(t, h)
	all, err := c.Media(t.Context())
	if err != nil || len(all.Media) != 1 || all.Media[0].State != 1 || all.Media[0].Time.IsZero() || all.Media[0].Packs == 0 || all.Media[0].Size == 0 {
		t.Errorf("%+v, %v", all.Media, err)
	}
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
		t.Fatal(err)
	}
	if out, err := synced(t, c, l.at); err != nil || out.State != 2 || len(out.Findings) > 0 {
		t.Errorf("%+v, %v", out, err)
	}
}
