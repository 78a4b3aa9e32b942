package storehouse

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

func options() Options { return Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)} }

// created returns the configuration of a new storehouse, and the way in.
func created(t *testing.T) (Config, Welcome) {
	t.Helper()
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	cfg.HTTP, cfg.HTTPS = "127.0.0.1:0", "127.0.0.1:0"
	w, err := Create(t.Context(), cfg, options(), First{Share: "アルバム", Account: "tanaka"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, w
}

// device makes a device password and opens the day of its owner.
func device(t *testing.T, cfg Config, name string) (password string) {
	t.Helper()
	h, err := Open(t.Context(), cfg, options())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	c := client.New(api.Local(h.API(), ConsoleAddress()), "en")
	if password, err = c.MakeDevice(t.Context(), name, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.OpenDayOf(t.Context(), name, api.DayRequest{}); err != nil {
		t.Fatal(err)
	}
	return password
}

// running starts a storehouse for a test and returns where its doors are.
func running(t *testing.T, cfg Config) []api.Listener {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan []api.Listener, 1), make(chan error, 1)
	go func() { ended <- Run(ctx, cfg, options(), func(l []api.Listener) { ready <- l }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the storehouse ended with %v", err)
		}
	})
	select {
	case l := <-ready:
		return l
	case err := <-ended:
		ended <- err
		t.Fatal(err)
		return nil
	}
}

func TestRun(t *testing.T) {
	cfg, w := created(t)
	password := device(t, cfg, w.Account)
	listeners := running(t, cfg)
	pem, err := os.ReadFile(filepath.Join(cfg.Data, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	hc := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer hc.CloseIdleConnections()
	doors := 0
	for _, l := range listeners {
		if l.Door != "webdav" {
			continue
		}
		doors++
		secure := strings.HasPrefix(l.URL, "https:")
		if secure && len(l.Fingerprint) != 32*3-1 {
			t.Errorf("fingerprint %q", l.Fingerprint)
		}
		do := func(method, url, body string, auth bool) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if auth {
				r.SetBasicAuth(w.Account, password)
			}
			resp, err := hc.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if secure && resp.ProtoMajor != 2 {
				t.Errorf("HTTP/%d over TLS, want 2", resp.ProtoMajor)
			}
			return resp.StatusCode, string(b)
		}
		file := l.URL + "アルバム/写真.jpg"
		if got, _ := do("PUT", file, "content", true); got != http.StatusCreated && got != http.StatusNoContent {
			t.Errorf("PUT %s: %d", file, got)
		}
		if got, body := do("GET", file, "", true); got != 200 || body != "content" {
			t.Errorf("GET %s: %d %q", file, got, body)
		}
		if got, _ := do("GET", file, "", false); got != http.StatusUnauthorized {
			t.Errorf("GET %s without a login: %d", file, got)
		}
		base := strings.TrimSuffix(l.URL, "dav/")
		if got, body := do("GET", base+"readyz", "", false); got != 200 || body != "ready\n" {
			t.Errorf("readyz: %d %q", got, body)
		}
		if got, _ := do("OPTIONS", base, "", false); got != 200 {
			t.Errorf("OPTIONS /: %d", got)
		}
		if got, body := do("PROPFIND", base, "", false); got != 207 || !strings.Contains(body, "<D:href>/dav/</D:href>") || strings.Contains(body, "アルバム") {
			t.Errorf("PROPFIND /: %d %q", got, body)
		}
		if got, _ := do("GET", base+"metrics", "", true); got != 404 {
			t.Errorf("metrics at a public door: %d", got)
		}
		if got, _ := do("GET", base+"v1/status", "", true); got != 401 {
			t.Errorf("the API at a public door, with a device password: %d", got)
		}
		if got, body := do("GET", base+strings.Repeat("x/../", 10)+"etc/passwd", "", true); got == 200 {
			t.Errorf("traversal: %d %q", got, body)
		}
	}
	if doors != 2 {
		t.Errorf("%d doors, want 2", doors)
	}
	if _, err := Open(t.Context(), cfg, options()); problem.KindOf(err) != problem.Locked {
		t.Errorf("a second process opens the vault: %v, want locked", err)
	}
}

func TestConsole(t *testing.T) {
	cfg, _ := created(t)
	running(t, cfg)
	st, err := os.Stat(Socket(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the socket %o, want 600", got)
	}
	c := client.New(client.Socket(Socket(cfg.Data)), "en")
	s, err := c.Status(t.Context())
	if err != nil || !s.Serving || len(s.Shares) != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
	if s, err = c.Status(t.Context()); err != nil || s.Keeper.Sessions != 1 {
		t.Errorf("%d sessions after two requests of one user, %v", s.Keeper.Sessions, err)
	}
}

// TestPeer: the kernel's word counts, and the address tells it.
func TestPeer(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	for range 2 { // the second time over the socket that is left
		l, err := listenConsole(name, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if c, err := net.Dial("unix", name); err == nil {
				c.Close()
			}
		}()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().String(); got != ConsoleAddress() {
			t.Errorf("remote address %q, want %q", got, ConsoleAddress())
		}
		c.Close()
		l.(*consoleListener).SetUnlinkOnClose(false)
		l.Close()
	}
	for _, remote := range []string{"", "127.0.0.1:5", "console", "@"} {
		if user, err := consoleUser(remote); err == nil {
			t.Errorf("%q is taken for the console of %s", remote, user)
		}
	}
}

func TestCertificate(t *testing.T) {
	cfg := Default(t.TempDir())
	cfg.Names = []string{"files.example.jp", "192.0.2.7"}
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	first, err := certificate(cfg, durable.OS(), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"files.example.jp", "192.0.2.7", "localhost", "127.0.0.1"} {
		if err := first.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	st, err := os.Stat(filepath.Join(cfg.Data, "tls", "key.pem"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key %v, %v", st.Mode(), err)
	}
	same, err := certificate(cfg, durable.OS(), now.AddDate(1, 0, 0))
	if err != nil || fingerprint(same) != fingerprint(first) {
		t.Errorf("a year later: another certificate, %v", err)
	}
	late, err := certificate(cfg, durable.OS(), now.Add(certLife-certSpare+time.Hour))
	if err != nil || fingerprint(late) == fingerprint(first) {
		t.Errorf("near its end: the same certificate, %v", err)
	}
	cfg.Names = []string{"other.example.jp"}
	other, err := certificate(cfg, durable.OS(), now.Add(certLife))
	if err != nil || fingerprint(other) == fingerprint(late) {
		t.Errorf("for another name: the same certificate, %v", err)
	}
	cfg.Cert, cfg.Key = filepath.Join(cfg.Data, "tls", "cert.pem"), filepath.Join(cfg.Data, "tls", "key.pem")
	if given, err := certificate(cfg, durable.OS(), now); err != nil || fingerprint(given) != fingerprint(other) {
		t.Errorf("files of the configuration: %v", err)
	}
	cfg.Cert = filepath.Join(cfg.Data, "none")
	if _, err := certificate(cfg, durable.OS(), now); err == nil {
		t.Error("a certificate that is not there")
	}
}

// TestBrokenCatalogue: it is thrown away, and the packs tell everything again.
func TestBrokenCatalogue(t *testing.T) {
	cfg, _ := created(t)
	work := func(do func(*client.Client)) {
		t.Helper()
		h, err := Open(t.Context(), cfg, options())
		if err != nil {
			t.Fatal(err)
		}
		do(client.New(api.Local(h.API(), ConsoleAddress()), "en"))
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	work(func(c *client.Client) {
		if _, err := c.Save(t.Context(), "/アルバム/a", strings.NewReader("content"), 7, time.Time{}); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(layoutOf(cfg).catalogue, []byte("this is no database, and never was one"), 0o600); err != nil {
		t.Fatal(err)
	}
	work(func(c *client.Client) {
		f, err := c.Open(t.Context(), "/アルバム/a", client.Version{}, "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if b, err := io.ReadAll(f); string(b) != "content" || err != nil {
			t.Errorf("content %q, %v", b, err)
		}
	})
}

// TestProtections: a vault opens with what it was made with, and with nothing else.
func TestProtections(t *testing.T) {
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	cfg.Protection = "passphrase"
	said := func(text string) Options {
		opt := options()
		opt.Passphrase = func() ([]byte, error) { return []byte(text), nil }
		return opt
	}
	w, err := Create(t.Context(), cfg, said("correct horse battery staple"), First{Share: "s", Account: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if w.KeyFile != "" {
		t.Errorf("key file %q with a passphrase", w.KeyFile)
	}
	if _, err := Open(t.Context(), cfg, said("another passphrase, quite wrong")); err == nil {
		t.Error("opened with a wrong passphrase")
	}
	if _, err := Open(t.Context(), cfg, options()); err == nil {
		t.Error("opened without a passphrase")
	}
	h, err := Open(t.Context(), cfg, said("correct horse battery staple"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What root does with a storehouse of somebody else leaves nothing that its owner cannot open.
func TestOwnerKeepsHisFiles(t *testing.T) {
	data, uid := t.TempDir(), os.Getuid()
	if uid == 0 {
		uid = 1234
		if err := os.Chown(data, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := Load(data, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), cfg, options(), First{Share: "s", Account: "tanaka"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "vault", "catalogue.db"), bytes.Repeat([]byte("no books"), 1000), 0o600); err != nil { // it is made again
		t.Fatal(err)
	}
	if err := Protect(t.Context(), cfg, options(), "passphrase", func() ([]byte, error) { return []byte("seven wise cranes at the lake"), nil }); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(data, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err == nil && int(i.Sys().(*syscall.Stat_t).Uid) != uid {
			t.Errorf("%s belongs to %d, want %d", name, i.Sys().(*syscall.Stat_t).Uid, uid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
