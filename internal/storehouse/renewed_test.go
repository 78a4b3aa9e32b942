package storehouse

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
)

// shown is the fingerprint that a door shows to who comes anew.
func shown(t *testing.T, addr string) string {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return fingerprint(tls.Certificate{Certificate: [][]byte{c.ConnectionState().PeerCertificates[0].Raw}})
}

// TestCertificateIsRenewed: a house that serves shows a certificate that was renewed to whoever comes next, at each door, and says so; while its files
// are half written, are no pair or are gone, it shows that of before, and says that, too.
func TestCertificateIsRenewed(t *testing.T) {
	cfg, _ := created(t)
	dir := t.TempDir()
	cfg.Cert, cfg.Key, cfg.CollectTLS = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), "127.0.0.1:0"
	write := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair := func(name string) (cert, key []byte) {
		cert, key, err := selfSigned([]string{name, "127.0.0.1"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	cert, key := pair("old.example")
	write(cfg.Cert, cert)
	write(cfg.Key, key)
	listeners := running(t, cfg)
	secure, door := 0, "" // the door of appliances talks to none that is not declared
	for _, l := range listeners {
		if at, ok := strings.CutPrefix(l.URL, "https://"); ok {
			_, port, _ := net.SplitHostPort(strings.TrimSuffix(at, Prefix+"/"))
			door = net.JoinHostPort("127.0.0.1", port)
		}
		if l.Fingerprint != "" && l.Door != "sftp" {
			secure++
		}
	}
	house := client.New(client.Socket(layoutOf(cfg).socket), "en")
	look := func(when string, want []byte, broken bool) {
		t.Helper()
		pem, _ := tls.X509KeyPair(want, key)
		mark := fingerprint(pem)
		if got := shown(t, door); got != mark {
			t.Errorf("%s: %s, want %s", when, got, mark)
		}
		s, err := house.Status(t.Context())
		if err != nil || s.Certificate == nil {
			t.Fatalf("%s: %+v, %v", when, s.Certificate, err)
		}
		told := 0
		for _, l := range s.Listeners {
			if l.Fingerprint == mark {
				told++
			}
		}
		if told != secure || s.Certificate.Broken.IsZero() == broken || (s.Certificate.Level == "bad") != broken {
			t.Errorf("%s: %d of %d doors are told of, %+v", when, told, secure, s.Certificate)
		}
	}
	if secure != 2 {
		t.Fatalf("doors: %+v", listeners)
	}
	look("at the start", cert, false)
	next, nextKey := pair("new.example")
	write(cfg.Cert, next[:len(next)/2])
	look("half written", cert, true)
	write(cfg.Cert, next)
	look("the certificate alone", cert, true)
	write(cfg.Key, nextKey)
	key = nextKey
	look("renewed", next, false)
	if err := os.Remove(cfg.Key); err != nil {
		t.Fatal(err)
	}
	look("the key is gone", next, true)
	write(cfg.Key, nextKey)
	look("it is back", next, false)
}

// TestCertificateChores: people are told once a week of a certificate that ends, from two weeks before, and of files that cannot be served for longer than
// it takes to write them.
func TestCertificateChores(t *testing.T) {
	begun := time.Date(2026, 1, 1, 10, 0, 0, 0, tokyo)
	told := func(c *api.Certificate, day int) (out []string) {
		seen := make(map[string]bool)
		for d := range day {
			for _, x := range certChores(c, begun.AddDate(0, 0, d)) {
				if !seen[x.line] {
					out = append(out, string(x.Kind)+" "+x.line[strings.LastIndex(x.line, " ")+1:]+" "+begun.AddDate(0, 0, d).Format("0102"))
				}
				seen[x.line] = true
			}
		}
		return out
	}
	c := &api.Certificate{From: begun, Until: begun.AddDate(0, 0, 90)}
	want := []string{"certificate 1 0319", "certificate 0 0326", "certificate 0 0401"}
	if got := told(c, 95); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	c.Until, c.Broken = begun.AddDate(1, 0, 0), begun
	if got := certChores(c, begun.Add(time.Minute)); len(got) > 0 {
		t.Errorf("while they are written: %+v", got)
	}
	if got := certChores(c, begun.Add(2*time.Hour)); len(got) != 1 || got[0].Kind != alert.Unserved || got[0].Count != 364 {
		t.Errorf("two hours later: %+v", got)
	}
}
