package guard

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// mailServer takes messages once it is open; before, it says that it cannot now.
type mailServer struct {
	open  atomic.Bool
	tried atomic.Int32
	got   chan string
}

func (m *mailServer) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go m.talk(c)
	}
}

func (m *mailServer) talk(c net.Conn) {
	defer c.Close()
	put := func(s string) { io.WriteString(c, s+"\r\n") }
	if m.tried.Add(1); !m.open.Load() {
		put("421 not now")
		return
	}
	put("220 test")
	r, data := bufio.NewReader(c), false
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch {
		case data && line == ".\r\n":
			m.got <- text.String()
			data = false
			put("250 taken")
		case data:
			text.WriteString(line)
		case strings.HasPrefix(line, "DATA"):
			data = true
			put("354 go")
		case strings.HasPrefix(line, "QUIT"):
			put("221 bye")
			return
		default:
			put("250 ok")
		}
	}
}

// TestAlertOutlivesKill: a freeze of which nobody could be told before the program was killed is told after its next start, by mail and
// webhook, as the same alert; until then the disk tells no names.
func TestAlertOutlivesKill(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	post := &mailServer{got: make(chan string, 16)}
	go post.serve(l)
	type alert struct{ ID, Kind, Who, Device, Key, Text string }
	hooked := make(chan alert, 16)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !post.open.Load() {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		a := alert{Key: r.Header.Get("Idempotency-Key")}
		json.NewDecoder(r.Body).Decode(&a)
		hooked <- a
	}))
	defer hook.Close()
	t.Setenv("AZEKURA_ALERT_WEBHOOK", hook.URL)
	t.Setenv("AZEKURA_ALERT_MAIL_SERVER", l.Addr().String())
	t.Setenv("AZEKURA_ALERT_MAIL_FROM", "azekura@example.jp")
	t.Setenv("AZEKURA_ALERT_MAIL_TO", "office@example.jp")
	h := house.New(t)
	d := device(t, h, "bad-device")
	for i := range 4 {
		name := fmt.Sprintf("%d.txt", i)
		if err := d.Write(t.Context(), name, bytes.Repeat([]byte("卒業アルバムの校正について、ご確認をお願いします。\r\n"), 50+i), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		junk := make([]byte, 4000)
		rand.NewChaCha8([32]byte{byte(i)}).Read(junk)
		d.Write(t.Context(), fmt.Sprintf("%d.txt", i%4), junk, time.Time{}) // until it is refused
	}
	h.Stop(syscall.SIGKILL)
	b, err := os.ReadFile(filepath.Join(h.Data, "vault", "alerts"))
	if err != nil || len(b) < 100 {
		t.Fatalf("what waits is not on disk: %d bytes, %v", len(b), err)
	}
	for _, s := range []string{"admin", "bad-device", "albums", "frozen"} {
		if bytes.Contains(b, []byte(s)) {
			t.Errorf("%q is on the disk", s)
		}
	}
	post.open.Store(true)
	h.Start()
	var a alert
	for a.Kind != "frozen" {
		select {
		case a = <-hooked:
		case <-time.After(time.Minute):
			t.Fatal("the webhook is told of no freeze")
		}
	}
	if a.Who != "admin" || a.Device != "bad-device" || a.ID == "" || a.Key != a.ID || !strings.Contains(a.Text, "What to do now") {
		t.Errorf("%+v", a)
	}
	for {
		select {
		case text := <-post.got:
			msg, err := mail.ReadMessage(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, msg.Body))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(body, []byte("凍結")) || !bytes.Contains(body, []byte("bad-device")) || !bytes.Contains(body, []byte("every door")) {
				continue // of something held
			}
			if id := msg.Header.Get("Message-ID"); id != "<"+a.ID+"@example.jp>" {
				t.Errorf("Message-ID %s, the webhook has %s", id, a.ID)
			}
			return
		case <-time.After(time.Minute):
			t.Fatal("no mail tells of the freeze")
		}
	}
}

// TestAlertByHand: a freeze by a person is told, too, with who did it and why.
func TestAlertByHand(t *testing.T) {
	told := make(chan string, 4)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- string(b)
	}))
	defer s.Close()
	t.Setenv("AZEKURA_ALERT_WEBHOOK", s.URL)
	t.Setenv("AZEKURA_HEAD_REMINDER", "off") // which would come first
	h := house.New(t)
	h.Run("freeze", "account", h.User, "--reason", "a strange mail")
	select {
	case got := <-told:
		for _, want := range []string{`"kind":"frozen"`, `"who":"admin"`, `"by":"console:`, `"reason":"a strange mail"`, `"frozen":["account"]`, "Frozen by: console:", "理由: a strange mail"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in %s", want, got)
			}
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody was told")
	}
}
