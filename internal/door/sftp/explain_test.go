package sftp

import (
	"context"
	"errors"
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
	h.server.cfg.Explain = func(err error) string {
		if e, ok := errors.AsType[*problem.Error](err); ok && e.Hint == "hint.day-closed" {
			return "お待ちください\r\n"
		}
		return ""
	}
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
		if got := said(auth); got != "お待ちください\r\n" {
			t.Errorf("%s: it is said %q", name, got)
		}
	}
	closed.Hint = "hint.log-in-again"
	if got := said(ssh.Password(secret)); got != "" {
		t.Errorf("without more to say: %q", got)
	}
}
