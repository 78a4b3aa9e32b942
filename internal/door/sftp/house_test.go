package sftp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

const secret = "azk-correct-horse"

// house is the door over a vault in memory, on a loopback port. Its share is /s.
type house struct {
	*vaultmodel.Model
	t       testing.TB
	gate    *vaultmodel.Gate
	server  *Server
	address string

	mu     sync.Mutex
	logins []account.Credentials // guarded by mu
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, Model: vaultmodel.New(time.Now)}
	h.AddShare("s")
	h.gate = h.Gate()
	h.gate.Add("hanako", secret)
	h.server = New(Config{Login: h.login, Files: h.As, Host: newSigner(t), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the door has ended with %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		h.server.Shutdown(ctx)
	})
	return h
}

func (h *house) login(ctx context.Context, c account.Credentials) (account.Session, error) {
	h.mu.Lock()
	h.logins = append(h.logins, c)
	h.mu.Unlock()
	return h.gate.Login(ctx, c)
}

// dial logs in.
func (h *house) dial(name string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	return ssh.Dial("tcp", h.address, &ssh.ClientConfig{User: name, Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
}

// client is a client that is logged in.
func (h *house) client() (*sftp.Client, *ssh.Client) {
	h.t.Helper()
	c, err := h.dial("hanako", ssh.Password(secret))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	s, err := sftp.NewClient(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return s, c
}

// files is the vault as another door would see it.
func (h *house) files() vault.Files {
	return h.As(account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "another door", Door: "web"})
}

func (h *house) content(p pathname.Path) string {
	h.t.Helper()
	i, err := h.files().Stat(h.t.Context(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	list, err := h.files().Open(h.t.Context(), account.Open, i)
	if err != nil {
		h.t.Fatal(err)
	}
	defer list[0].Close()
	b, err := io.ReadAll(list[0])
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// write saves a file with flags.
func write(t *testing.T, c *sftp.Client, name string, flags int, parts ...string) error {
	t.Helper()
	f, err := c.OpenFile(name, flags)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := io.WriteString(f, p); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

const create = os.O_WRONLY | os.O_CREATE | os.O_TRUNC

func second[T any](_ T, err error) error { return err }

func versions(t *testing.T, h *house, p pathname.Path) (n int) {
	t.Helper()
	for c, err := range h.files().History(t.Context(), p) {
		if err != nil {
			t.Fatal(err)
		}
		if !c.Info.Version.IsZero() {
			n++
		}
	}
	return n
}
