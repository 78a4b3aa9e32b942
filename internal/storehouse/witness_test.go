package storehouse

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWitnessURL: what a witness says of itself is an address that somebody else can use, under a name of its certificate if it has one.
func TestWitnessURL(t *testing.T) {
	for _, at := range []net.IP{net.IPv4zero, net.IPv6unspecified} {
		host, port, err := net.SplitHostPort(witnessURL(&net.TCPAddr{IP: at, Port: 7380}, nil)[len("http://"):])
		if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() || port != "7380" {
			t.Errorf("%v is at %s:%s, %v", at, host, port, err)
		}
	}
	if got := witnessURL(&net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 80}, nil); got != "http://192.0.2.7:80" {
		t.Error(got)
	}
	cert := writeCert(t, t.TempDir(), "witness.example.jp", time.Now())
	if got := witnessURL(&net.TCPAddr{IP: net.IPv6unspecified, Port: 7380}, cert); got != "https://witness.example.jp:7380" {
		t.Error(got)
	}
}

func writeCert(t *testing.T, dir, name string, when time.Time) *renewed {
	t.Helper()
	cert, key, err := selfSigned([]string{name}, when)
	if err != nil {
		t.Fatal(err)
	}
	r := &renewed{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), now: time.Now, log: slog.New(slog.DiscardHandler)}
	for file, b := range map[string][]byte{r.cert: cert, r.key: key} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(r.cert, when, when); err != nil {
		t.Fatal(err)
	}
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRenewedCertificate: a certificate that was renewed is used without a new start, and that of before while only one of its two files is new.
func TestRenewedCertificate(t *testing.T) {
	dir, began := t.TempDir(), time.Now()
	r := writeCert(t, dir, "old.example", began)
	names := func() string {
		c, err := r.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.DNSNames[0]
	}
	old, err := os.ReadFile(r.key)
	if err != nil {
		t.Fatal(err)
	}
	next := writeCert(t, dir, "new.example", began.Add(time.Hour))
	key, err := os.ReadFile(next.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		key  []byte
		want string
	}{{old, "old.example"}, {key, "new.example"}} {
		if err := os.WriteFile(r.key, x.key, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := names(); got != x.want {
			t.Errorf("%s, want %s", got, x.want)
		}
	}
}
