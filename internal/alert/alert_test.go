package alert

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

var sample = Alert{ID: "abc123", Kind: Frozen, Frozen: []string{"session", "device"}, When: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Who: "佐藤\r\nBcc: everybody@example.org", Device: "机 3", Address: "192.0.2.7", Door: "webdav",
	Share: "2026年度", Sign: "strange", Count: 1, Link: "https://azekura.example:8443/guard", House: "校倉"}

// way notes what it is given, and fails as often as it is told to.
type way struct {
	mu   sync.Mutex
	fail int
	got  []Alert
}

func (w *way) Name() string { return "test" }
func (w *way) Send(_ context.Context, a Alert) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail > 0 {
		w.fail--
		return errors.New("not now")
	}
	w.got = append(w.got, a)
	return nil
}

// left is how often it will still fail.
func (w *way) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail
}

func (w *way) sent() []Alert {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Alert(nil), w.got...)
}

func config(ways ...Way) Config {
	return Config{House: "house", Ways: ways, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

// TestDesk: what one party does is one alert, freezes come at once, what fails is tried again, and the end sends what waits.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &way{fail: 3}
		d := NewDesk(config(w))
		for range 100 {
			d.Tell(Alert{Kind: Held, Who: "a"})
		}
		d.Tell(Alert{Kind: Frozen, Who: "a", Frozen: []string{"session"}})
		time.Sleep(3 * time.Minute)
		got := w.sent()
		if len(got) != 2 {
			t.Fatalf("%d alerts: %+v", len(got), got)
		}
		for _, a := range got {
			if a.Kind == Held && a.Count != 100 || a.House != "house" {
				t.Errorf("%+v", a)
			}
		}
		d.Tell(Alert{Kind: Held, Who: "b"})
		time.Sleep(3 * time.Second)
		d.Tell(Alert{Kind: Held, Who: "b"})
		time.Sleep(10 * time.Second)
		if n := len(w.sent()); n != 3 {
			t.Errorf("%d alerts, though one was told of b a moment ago", n)
		}
		d.Tell(Alert{Kind: Frozen, Who: "c"})
		d.Close()
		if n := len(w.sent()); n != 5 {
			t.Errorf("%d alerts at the end", n)
		}
	})
}

// TestRoomForAFreeze: whatever waits, a freeze finds room; and what is told of somebody in two ways is told twice.
func TestRoomForAFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &way{fail: 1 << 30}
		d := NewDesk(config(w))
		for i := range waiting {
			d.Tell(Alert{Kind: Odd, Who: "a", Sign: "new-address", Address: strconv.Itoa(i)})
		}
		d.Tell(Alert{Kind: Odd, Who: "a", Sign: "closed-hours", Address: "0"})
		d.Tell(Alert{Kind: Frozen, Who: "thief"})
		d.mu.Lock()
		n, freezes := len(d.letters), 0
		for _, l := range d.letters {
			if l.Alert.Kind == Frozen {
				freezes++
			}
		}
		d.mu.Unlock()
		if n != waiting || freezes != 1 {
			t.Errorf("%d wait, %d of them a freeze", n, freezes)
		}
		d.Close()
	})
}

// TestWithoutWays: a house without ways keeps nothing.
func TestWithoutWays(t *testing.T) {
	d := NewDesk(config())
	d.Tell(sample)
	if len(d.letters) != 0 || d.Test(t.Context(), "a", "") == nil {
		t.Error("it waits for nobody")
	}
	d.Close()
}

// server is a mail server of one conversation.
func server(t *testing.T, starttls bool) (addr string, roots *x509.CertPool, said func() string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(cert)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var text bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { conn.Close() }()
		r := bufio.NewReader(conn)
		put := func(s string) { io.WriteString(conn, s+"\r\n") }
		put("220 test")
		for data := false; ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			text.WriteString(line)
			switch word := strings.ToUpper(strings.Fields(line + " .")[0]); {
			case data && line == ".\r\n":
				data = false
				put("250 taken")
			case data:
			case word == "EHLO" && starttls:
				put("250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN")
			case word == "EHLO":
				put("250 test")
			case word == "STARTTLS":
				put("220 go")
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
				r = bufio.NewReader(conn)
			case word == "AUTH":
				put("235 ok")
			case word == "DATA":
				data = true
				put("354 go")
			case word == "QUIT":
				put("221 bye")
				return
			default:
				put("250 ok")
			}
		}
	}()
	return l.Addr().String(), roots, func() string { <-done; return text.String() }
}

// TestMail: the password goes over TLS alone, and what somebody has put into a name stays text.
func TestMail(t *testing.T) {
	addr, roots, said := server(t, true)
	m := &Mail{Server: addr, From: "azekura@example.jp", To: []string{"a@example.jp", "b@example.jp"}, User: "u", Password: "p", TLS: &tls.Config{RootCAs: roots}, Now: time.Now}
	if err := m.Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	text := said()
	if strings.Index(text, "AUTH") < strings.Index(text, "STARTTLS") || strings.Count(text, "RCPT TO") != 2 {
		t.Errorf("the conversation:\n%s", text)
	}
	_, body, _ := strings.Cut(text, "DATA\r\n")
	body, _, _ = strings.Cut(body, "\r\n.\r\n")
	body += "\r\n"
	check(t, []byte(body))
	if !strings.Contains(body, "Message-ID: <abc123@example.jp>\r\n") {
		t.Errorf("no Message-ID of the alert in\n%s", body)
	}

	addr, _, _ = server(t, true)
	m.Server, m.TLS = addr, nil
	if err := m.Send(t.Context(), sample); err == nil {
		t.Error("a certificate of nobody is believed")
	}
	addr, _, _ = server(t, false)
	m.Server, m.User = addr, ""
	if err := m.Send(t.Context(), sample); err != nil {
		t.Errorf("this machine, without TLS: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes a connection, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m.Server = l.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := m.Send(ctx, sample); err == nil {
		t.Error("a server that says nothing has taken it")
	}
}

// check reads a message as a mail program does.
func check(t *testing.T, b []byte) (text string) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if msg.Header.Get("Bcc") != "" {
		t.Error("a name has become a header")
	}
	for line := range strings.Lines(string(b)) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 1000 {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil || subject == "" || strings.ContainsAny(subject, "\r\n") {
		t.Errorf("subject %q, %v", subject, err)
	}
	raw, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, msg.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func FuzzMessage(f *testing.F) {
	f.Add("佐藤", "PC\r\n.\r\n", "校倉")
	f.Fuzz(func(t *testing.T, who, device, house string) {
		m := &Mail{From: "a@b", To: []string{"c@d"}, Now: time.Now}
		a := sample
		a.Who, a.Device, a.House = who, device, house
		if text := check(t, m.message(a)); strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
			t.Errorf("a bare CR: %q", text)
		}
	})
}

// TestWebhook: the body is signed, redirects are not followed, and an error does not tell the address.
func TestWebhook(t *testing.T) {
	var got struct {
		ID   string
		Kind Kind
		Who  string
		Text string
	}
	status, signature, id := http.StatusOK, "", ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature, id = r.Header.Get("Azekura-Signature"), r.Header.Get("Idempotency-Key")
		json.NewDecoder(r.Body).Decode(&got)
		if status/100 == 3 {
			http.Redirect(w, r, "http://192.0.2.1/", status)
			return
		}
		w.WriteHeader(status)
	}))
	h := &Webhook{URL: s.URL + "/secret-path", Secret: "s"}
	if err := h.Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	if got.Kind != Frozen || got.ID != "abc123" || id != "abc123" || len(signature) != 64 || !strings.Contains(got.Text, "What to do now") || !strings.Contains(got.Text, "次にすること") {
		t.Errorf("%+v, signature %q", got, signature)
	}
	for _, status = range []int{http.StatusFound, http.StatusInternalServerError} {
		if err := h.Send(t.Context(), sample); err == nil {
			t.Errorf("%d counts as taken", status)
		}
	}
	s.Close()
	if err := h.Send(t.Context(), sample); err == nil || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestReadingAlerts: what is told of readings says what was seen, what was done, and what to do now, in both languages.
func TestReadingAlerts(t *testing.T) {
	for _, a := range []Alert{
		{Kind: Spent, Sign: "open"}, {Kind: Spent, Sign: "persons"}, {Kind: Odd, Sign: "new-address"}, {Kind: Odd, Sign: "new-device"}, {Kind: Odd, Sign: "closed-hours"}, {Kind: Frozen, Sign: "trapped"},
	} {
		a.Who, a.Count = "sato", 1
		text := a.Text()
		for _, key := range []string{"alert." + string(a.Kind), "sign." + a.Sign, "todo." + string(a.Kind)} {
			for _, l := range []lang.Lang{lang.Japanese, lang.English} {
				if !lang.Has(key) || !strings.Contains(text, l.Text(key)) {
					t.Errorf("%s %s: nothing of %s in %s", a.Kind, a.Sign, key, text)
				}
			}
		}
	}
}
