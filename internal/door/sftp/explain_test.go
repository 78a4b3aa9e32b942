package sftp

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
)

// TestExplain: who is not let in is told why by whatever way they came, where there is more to say than no.
func TestExplain(t *testing.T) {
	h := newHouse(t)
	closed := &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.day-closed"}
	h.server.cfg.Login = func(context.Context, account.Credentials) (account.Session, error) { return account.Session{}, closed }
	said := func(auth ssh.AuthMethod) string {
		t.Helper()
		var out strings.Builder
		c, err := ssh.Dial("tcp", h.address, &ssh.ClientConfig{User: "hanako", Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
			BannerCallback: func(m string) error { out.WriteString(m); return nil }})
		if err == nil {
			c.Close()
			t.Error("let in")
		}
		return out.String()
	}
	ask := ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		return make([]string, len(questions)), nil
	})
	for name, auth := range map[string]ssh.AuthMethod{"a password": ssh.Password(secret), "a key": ssh.PublicKeys(newSigner(t)), "answers": ask} {
		if got := said(auth); !strings.Contains(got, "利用") || !strings.Contains(got, "Your day is not open: log in at the web page") || strings.Count(got, "\r\n") != 2 {
			t.Errorf("%s: it is said %q", name, got)
		}
	}
	closed.Hint = "hint.log-in-again"
	if got := said(ssh.Password(secret)); got != "" {
		t.Errorf("without more to say: %q", got)
	}
}
