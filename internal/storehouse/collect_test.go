package storehouse

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
)

// forti is a line of a FortiGate.
func forti(id, who, from string) string {
	return fmt.Sprintf(`<189>date=2026-11-30 time=10:00:00 devname="gw" devid="F" logid="%s" type="event" subtype="vpn" vd="root" user="%s" remip=%s action="x"`, id, who, from)
}

// collecting opens a house that takes logs over everything, from loopback.
func collecting(t *testing.T, change func(*Config)) (*client.Client, map[string]string) {
	t.Helper()
	data := t.TempDir()
	cfg := Default(data)
	cfg.HTTP, cfg.CollectUDP, cfg.CollectTCP, cfg.CollectTLS = "", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	at, stop := served(t, cfg)
	t.Cleanup(stop)
	cl := client.New(client.Socket(Socket(data)), "en")
	if _, err := cl.SetCollecting(t.Context(), api.Collecting{Sources: []api.LogSource{{Address: "127.0.0.1", Name: "gw"}}, Days: 400, DailyMiB: 100, Count: []string{"traffic"}}); err != nil {
		t.Fatal(err)
	}
	return cl, at
}

// served runs a new storehouse and returns where each scheme of syslog listens.
func served(t testing.TB, cfg Config) (at map[string]string, stop func()) {
	t.Helper()
	opt := Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if !Exists(cfg) {
		if _, err := Create(t.Context(), cfg, opt, First{Share: "albums", Account: "admin"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan map[string]string, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, cfg, opt, func(list []api.Listener) {
			at := make(map[string]string)
			for _, l := range list {
				if l.Door == "syslog" {
					scheme, addr, _ := strings.Cut(l.URL, "://")
					at[scheme] = addr
				}
			}
			ready <- at
		})
	}()
	select {
	case at = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	return at, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// stored waits until so many lines fit a query, and returns them.
func stored(t *testing.T, cl *client.Client, q account.LogQuery, n int) (out []api.LogLine) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		out = nil
		for x, err := range cl.SearchLogs(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, x)
		}
		if len(out) >= n || time.Now().After(deadline) {
			tick.Stop()
			if len(out) != n {
				t.Fatalf("%d lines, want %d", len(out), n)
			}
			return out
		}
	}
}

// TestLogsOverEverything: UDP, TCP in both framings and TLS; what came is found by what it says, and is what the ledger knows.
func TestLogsOverEverything(t *testing.T) {
	cl, at := collecting(t, nil)
	dial := func(network, addr string) net.Conn {
		t.Helper()
		c, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	u := dial("udp", at["udp"])
	io.WriteString(u, forti("0101039424", "udp", "198.51.100.1"))
	c := dial("tcp", at["tcp"])
	line := forti("0101039424", "tcp", "198.51.100.2")
	fmt.Fprintf(c, "%s\n%d %s<13>half", line, len(line), line) // the end of the connection ends the last
	c.Close()
	s, err := tls.Dial("tcp", at["tls"], &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(s, "%d %s", len(line), forti("0101039426", "tls", "198.51.100.3"))
	got := stored(t, cl, account.LogQuery{Kind: "vpn-login"}, 3)
	if got[0].Maker != "fortigate" || got[0].Device != "gw" || got[0].Source != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%+v", got[0])
	}
	stored(t, cl, account.LogQuery{Account: "tls", Kind: "vpn-failed", Address: "198.51.100.0/24"}, 1)
	stored(t, cl, account.LogQuery{Text: "half"}, 1)
	s.Close()
	u.Close()
	check, err := cl.VerifyLogs(t.Context())
	if err != nil || check.Found != 0 || check.Lines != 5 {
		t.Errorf("%+v, %v", check, err)
	}
	st, err := cl.LogState(t.Context())
	if err != nil || !st.On || st.Sources[0].Lines != 5 || st.Sources[0].Maker != "fortigate" || st.Cut != 1 || st.Bytes == 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestHostileSenders: who is no source is hung up on and counted; a handshake that is none, a length beyond all and a connection that says nothing do no harm.
func TestHostileSenders(t *testing.T) {
	cl, at := collecting(t, nil)
	silent, err := net.Dial("tcp", at["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for scheme, text := range map[string]string{"tls": "GET / HTTP/1.0\r\n\r\n", "tcp": "9999999999 <13>x"} {
		c, err := net.Dial("tcp", at[scheme])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s is not hung up on: %v", scheme, err)
		}
		c.Close()
	}
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	c, err := other.Dial("tcp", at["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(c).ReadByte(); err == nil {
		t.Error("a stranger is listened to")
	}
	c.Close()
	good, err := net.Dial("tcp", at["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	fmt.Fprintln(good, forti("0101039424", "sato", "198.51.100.1"))
	stored(t, cl, account.LogQuery{Account: "sato"}, 1)
	if st, err := cl.LogState(t.Context()); err != nil || len(st.Refused) != 1 || st.Refused[0].Address != netip.MustParseAddr("127.0.0.9") {
		t.Errorf("%+v, %v", st.Refused, err)
	}
}

// TestSendersCertificates: where it is said whose certificates count, nobody sends over TLS without one of them, whatever it was made for.
func TestSendersCertificates(t *testing.T) {
	pair := func(name string) (tls.Certificate, []byte) {
		t.Helper()
		certPEM, keyPEM, err := selfSigned([]string{name}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil {
			t.Fatal(err)
		}
		return c, certPEM
	}
	mine, known := pair("firewall")
	other, _ := pair("firewall")
	file := filepath.Join(t.TempDir(), "senders.pem")
	if err := os.WriteFile(file, known, 0o600); err != nil {
		t.Fatal(err)
	}
	cl, at := collecting(t, func(cfg *Config) { cfg.CollectTLSClients = file })
	for name, c := range map[string]*tls.Certificate{"none": nil, "another": &other, "mine": &mine} {
		conf := &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c == nil {
				return &tls.Certificate{}, nil
			}
			return c, nil
		}}
		s, err := tls.Dial("tcp", at["tls"], conf)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(s, "<13>sent with %s\n", name)
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, s); (err == nil) != (name == "mine") {
			t.Errorf("with %s: %v", name, err)
		}
		s.Close()
	}
	if got := stored(t, cl, account.LogQuery{}, 1); got[0].Text != "<13>sent with mine" {
		t.Errorf("%+v", got)
	}
	for name, text := range map[string][]byte{"nothing.pem": nil, "junk.pem": []byte("junk")} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := onlyFrom(&tls.Config{}, file, time.Now); err == nil {
			t.Errorf("%s says whose certificates count", name)
		}
	}
}

// TestLogsOutliveAStop: what a sender has handed over before the house stops in good order is stored.
func TestLogsOutliveAStop(t *testing.T) {
	cfg := Default(t.TempDir())
	cfg.HTTP, cfg.CollectTCP = "", "127.0.0.1:0"
	at, stop := served(t, cfg)
	cl := client.New(client.Socket(Socket(cfg.Data)), "en")
	if _, err := cl.SetCollecting(t.Context(), api.Collecting{Sources: []api.LogSource{{Address: "127.0.0.1", Name: "gw"}}, Days: 400, DailyMiB: 100, Count: []string{}}); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", at["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		fmt.Fprintf(c, "<13>line %d\n", i)
	}
	fmt.Fprintln(c, forti("0101039424", "last", "198.51.100.1"))
	c.Close()
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C { // until all of it has come in, and not yet until it is stored
		if st, err := cl.LogState(t.Context()); err != nil || len(st.Sources) > 0 && st.Sources[0].Lines == 501 {
			tick.Stop()
			break
		}
	}
	stop()
	_, stop = served(t, cfg)
	defer stop()
	n := len(stored(t, cl, account.LogQuery{Limit: 1000}, 501))
	if check, err := cl.VerifyLogs(t.Context()); err != nil || check.Found != 0 || int(check.Lines) != n {
		t.Errorf("%+v, %v", check, err)
	}
}

// TestCountries: a file of countries is read; one that is none is refused at the start.
func TestCountries(t *testing.T) {
	name := filepath.Join(t.TempDir(), "countries.mmdb")
	if err := os.WriteFile(name, mmdb(netip.MustParsePrefix("203.0.113.0/24"), "XX"), 0o600); err != nil {
		t.Fatal(err)
	}
	country, err := countries(name)
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]string{"203.0.113.9": "XX", "198.51.100.1": "", "192.168.1.1": "", "2001:db8::1": ""} {
		if got := country(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s is in %q, want %q", a, got, want)
		}
	}
	if err := os.WriteFile(name, []byte("no such file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := countries(name); err == nil {
		t.Error("what is none is read")
	}
}

// mmdb writes the smallest file of MaxMind's format (maxmind.github.io/MaxMind-DB) that tells the country of one network of IPv4.
func mmdb(p netip.Prefix, code string) []byte {
	text := func(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }
	nodes := uint32(p.Bits())
	bits := binary.BigEndian.Uint32(p.Addr().AsSlice())
	var out []byte
	for i := range nodes {
		next, nothing := i+1, nodes
		if next == nodes {
			next = nodes + 16 // the first record behind the tree
		}
		pair := [2]uint32{next, nothing}
		if bits>>(31-i)&1 == 1 {
			pair = [2]uint32{nothing, next}
		}
		for _, n := range pair {
			out = append(out, byte(n>>16), byte(n>>8), byte(n))
		}
	}
	out = append(out, make([]byte, 16)...)
	out = append(append(append(append(append(out, 7<<5|1), text("country")...), 7<<5|1), text("iso_code")...), text(code)...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	out = append(out, 7<<5|8)
	for key, value := range map[string][]byte{"node_count": binary.BigEndian.AppendUint32([]byte{6<<5 | 4}, nodes), "record_size": {5<<5 | 2, 0, 24}, "ip_version": {5<<5 | 2, 0, 4}, "binary_format_major_version": {5<<5 | 2, 0, 2}, "binary_format_minor_version": {5<<5 | 2, 0, 0},
		"build_epoch": {0<<5 | 8, 2, 0, 0, 0, 0, 0, 0, 0, 1}, "database_type": text("Test"), "languages": {0, 4}} {
		out = append(append(out, text(key)...), value...)
	}
	return out
}
