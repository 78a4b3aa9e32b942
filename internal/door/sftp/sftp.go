// Package sftp is the file door for programs that speak SFTP, version 3 as OpenSSH does
// (draft-ietf-secsh-filexfer-02, with posix-rename and statvfs). It translates names and errors, nothing else; what a session may
// do is decided behind vault.Files. A save is seen when its file was closed in good order, or never.
//
// The algorithms are those of CRYPTREC's e-Government list that SSH has: ECDH and ECDSA on P-256 and P-384, AES-GCM and
// AES-CTR with HMAC-SHA-2.
package sftp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Config is what the door needs.
type Config struct {
	// Login returns the session of credentials.
	Login func(context.Context, account.Credentials) (account.Session, error)
	// Files returns what a session may do.
	Files func(s account.Session, tokens ...string) vault.Files
	Host  ssh.Signer // the server's key
	Now   func() time.Time
	Log   *slog.Logger
}

// Limits on what a client may take.
const (
	graceTime   = 30 * time.Second // until it has logged in
	idleTime    = 15 * time.Minute
	maxTries    = 6
	maxChannels = 8
	maxHandles  = 256 // open files of a connection
)

var algorithms = ssh.Config{
	KeyExchanges: []string{"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "diffie-hellman-group14-sha256"},
	Ciphers:      []string{"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr"},
	MACs:         []string{"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"},
}

// deviceKeys are the kinds of keys that devices may show.
var deviceKeys = []string{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoED25519}

// Server is the door.
type Server struct {
	cfg Config

	mu     sync.Mutex
	closed bool                  // guarded by mu
	conns  map[net.Conn]struct{} // guarded by mu
	work   sync.WaitGroup
}

// New returns the door.
func New(cfg Config) *Server { return &Server{cfg: cfg, conns: make(map[net.Conn]struct{})} }

// Serve answers connections until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if !s.enter(c) {
			c.Close()
			continue
		}
		go func() {
			defer s.leave(c)
			s.connection(c)
		}()
	}
}

func (s *Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = struct{}{}
	s.work.Add(1)
	return true
}

func (s *Server) leave(c net.Conn) {
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.work.Done()
}

// Shutdown lets connections go on until they end or ctx does; then it breaks them off. What was not closed by its client
// is not saved.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}

// person is who a connection is of, from its login on.
type person struct{ session account.Session }

// config returns the configuration of one connection, which notes who logs in.
func (s *Server) config(ctx context.Context) (*ssh.ServerConfig, *person) {
	p := &person{}
	login := func(m ssh.ConnMetadata, c account.Credentials) (*ssh.Permissions, error) {
		c.Name, c.Door, c.Address, c.Software = m.User(), "sftp", address(m.RemoteAddr()), softwareOf(m)
		session, err := s.cfg.Login(ctx, c)
		if err != nil {
			return nil, explained(err)
		}
		p.session = session
		return &ssh.Permissions{}, nil
	}
	cfg := &ssh.ServerConfig{Config: algorithms, MaxAuthTries: maxTries, ServerVersion: "SSH-2.0-Azekura", PublicKeyAuthAlgorithms: deviceKeys}
	cfg.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		return login(m, account.Credentials{Secret: string(password), Factor: account.DevicePassword})
	}
	// A client asks which of its keys would do before it signs: that tells nobody anything, and is no login.
	cfg.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return &ssh.Permissions{}, nil }
	cfg.VerifiedPublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
		return login(m, account.Credentials{Secret: strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n"), Factor: account.DeviceKey})
	}
	// SSH tells no language.
	cfg.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		password, err := ask("", "", []string{"Password / パスワード: "}, []bool{false})
		if err != nil || len(password) != 1 {
			return nil, errors.Join(err, errors.New("no password"))
		}
		// Some programs know this way of asking alone, or try it first, and give the device password that they have.
		if account.LikeDevicePassword(password[0]) {
			return login(m, account.Credentials{Secret: password[0], Factor: account.DevicePassword})
		}
		code, err := ask("", "", []string{"Code / 認証コード: "}, []bool{true})
		if err != nil || len(code) != 1 {
			return nil, errors.Join(err, errors.New("no code"))
		}
		return login(m, account.Credentials{Secret: password[0], Code: code[0], Factor: account.Password})
	}
	cfg.AddHostKey(s.cfg.Host)
	return cfg, p
}

func softwareOf(m ssh.ConnMetadata) string {
	return strings.TrimPrefix(string(m.ClientVersion()), "SSH-2.0-")
}

func address(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// connection serves one connection from its login to its end.
func (s *Server) connection(c net.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.SetDeadline(s.cfg.Now().Add(graceTime))
	cfg, p := s.config(ctx)
	moving := &idleConn{Conn: c, now: s.cfg.Now}
	conn, channels, requests, err := ssh.NewServerConn(moving, cfg)
	if err != nil {
		s.cfg.Log.Debug("an SSH connection was not let in", "err", err)
		return
	}
	defer conn.Close()
	c.SetDeadline(time.Time{})
	moving.begin()
	go ssh.DiscardRequests(requests)
	h := newHandles(s.cfg.Files(p.session), s.cfg.Log, func() { conn.Close() })
	defer h.discard()
	var work sync.WaitGroup
	defer work.Wait()
	open := make(chan struct{}, maxChannels)
	for n := range channels {
		if n.ChannelType() != "session" {
			n.Reject(ssh.UnknownChannelType, "only SFTP is served here")
			continue
		}
		select {
		case open <- struct{}{}:
		default:
			n.Reject(ssh.ResourceShortage, "too many sessions on one connection")
			continue
		}
		ch, reqs, err := n.Accept()
		if err != nil {
			return
		}
		work.Go(func() {
			defer func() { <-open }()
			defer ch.Close()
			s.session(ch, reqs, h)
		})
	}
}

// session serves one channel: the subsystem "sftp", and nothing else.
func (s *Server) session(ch ssh.Channel, reqs <-chan *ssh.Request, h *handles) {
	begun := false
	for r := range reqs {
		var name struct{ Name string }
		ok := r.Type == "subsystem" && ssh.Unmarshal(r.Payload, &name) == nil && name.Name == "sftp" && !begun
		if !ok && (r.Type == "shell" || r.Type == "exec") {
			io.WriteString(ch.Stderr(), "Only SFTP is served here. / SFTP だけが使えます。\r\n")
		}
		if r.WantReply {
			r.Reply(ok, nil)
		}
		if r.Type == "shell" || r.Type == "exec" {
			return
		}
		if !ok {
			continue
		}
		begun = true
		go ssh.DiscardRequests(reqs)
		server := sftp.NewRequestServer(ch, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}, sftp.WithRSMaxTxPacket(256<<10))
		err := server.Serve()
		if err != nil && err != io.EOF {
			s.cfg.Log.Debug("an SFTP session has ended", "err", err)
		}
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		return
	}
}

// idleConn is a connection that ends when nothing has moved on it for a while.
type idleConn struct {
	net.Conn
	now  func() time.Time
	mu   sync.Mutex
	live bool // guarded by mu: the login is over
}

func (c *idleConn) begin() {
	c.mu.Lock()
	c.live = true
	c.mu.Unlock()
	c.SetDeadline(c.now().Add(idleTime))
}

func (c *idleConn) moved(n int) {
	c.mu.Lock()
	live := c.live
	c.mu.Unlock()
	if live && n > 0 {
		c.SetDeadline(c.now().Add(idleTime))
	}
}

func (c *idleConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.moved(n)
	return n, err
}

func (c *idleConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.moved(n)
	return n, err
}

// status translates an error of the vault. SFTP version 3 has few words; the sentence is the program's log's.
func status(err error) error {
	switch problem.KindOf(err) {
	case problem.NotFound:
		return sftp.ErrSSHFxNoSuchFile
	case problem.Denied, problem.Frozen, problem.Locked, problem.Spent:
		return sftp.ErrSSHFxPermissionDenied
	case problem.Unauthenticated:
		return sftp.ErrSSHFxConnectionLost
	}
	return sftp.ErrSSHFxFailure
}
