package alert

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// answering is a server that says what it is told to, line by line as it is asked, and hangs up.
func answering(t *testing.T, says ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		for _, s := range says {
			c.Write([]byte(s))
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}

// TestFailure: why an alert was not sent is said in the reader's language; only what the other side has answered stays as it was, as a quote.
func TestFailure(t *testing.T) {
	gone := answering(t)
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tls, _, _ := server(t, true)
	mail := func(addr, user string) *Mail {
		return &Mail{Server: addr, From: "azekura@example.jp", To: []string{"a@example.jp"}, User: user, Password: "p", Now: time.Now}
	}
	for _, c := range []struct {
		way    Way
		ja, en string
	}{
		{mail(answering(t, "220 x\r\n", "250 x\r\n", "550 5.7.1 Sender\x1b rejected\r\n"), ""), "メール：サーバーの応答『550 5.7.1 Sender  rejected』", "mail: the server answers ‘550 5.7.1 Sender  rejected’"},
		{mail(answering(t, "220 x\r\n", "250 x\r\n"), "u"), "メール：サーバーがユーザー名とパスワードによるログインに対応していません", "mail: the server takes no user name and password"},
		{mail(gone, ""), "メール：接続が途中で切れました", "mail: the connection broke off"},
		{mail(tls, ""), "メール：サーバーの証明書を確認できません", "mail: the server's certificate cannot be verified"},
		{mail("no port", ""), "メール：設定のアドレスが正しくありません", "mail: its address in the configuration is not right"},
		{&Webhook{URL: s.URL}, "Webhook：サーバーの応答『404 Not Found』", "webhook: the server answers ‘404 Not Found’"},
		{&Webhook{URL: closed.URL + "/secret"}, "Webhook：このアドレスとポートで動いているサーバーがありません", "webhook: nothing answers at this address and port"},
		{&Webhook{URL: "http://a b/secret"}, "Webhook：設定のアドレスが正しくありません", "webhook: its address in the configuration is not right"},
	} {
		d := &Desk{cfg: Config{Ways: []Way{c.way}, Now: time.Now}}
		said, ok := d.Test(t.Context(), "sato", "").(lang.Said)
		if !ok {
			t.Errorf("%s: no error that says itself", c.en)
			continue
		}
		if ja, en := said.Say(lang.Japanese), said.Say(lang.English); ja != c.ja || en != c.en || said.Error() != en || strings.Contains(en, "secret") {
			t.Errorf("%q, %q; want %q, %q", ja, en, c.ja, c.en)
		}
	}
}
