package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a running WebDAV server.
type server struct {
	target
	cmd   *exec.Cmd
	log   *lockedBuffer
	ended chan struct{}
}

// served is a kind of WebDAV server. Started again in the same directory, it has the same files.
type served struct {
	name  string
	start func(ctx context.Context, dir string) (*server, error)
}

// Everybody's password, for peers.
const benchUser, benchPassword = "bench", "kumo-sora-umi"

// servers are nginx, Apache and rclone with plain files, and ours. All speak plain HTTP on loopback with Basic auth.
func (b *bench) servers() []served {
	return []served{
		{"nginx", startNginx},
		{"apache", startApache},
		{"rclone", startRclone},
		{ours, b.startOurs()},
	}
}

// startOurs serves a vault, a new one where there is none.
func (b *bench) startOurs() func(ctx context.Context, dir string) (*server, error) {
	made := make(map[string]*vault)
	return func(ctx context.Context, dir string) (*server, error) {
		v, ok := made[dir]
		if _, err := os.Stat(filepath.Join(dir, "data")); !ok || err != nil {
			if v, err = b.newVault(ctx, filepath.Join(dir, "data")); err != nil {
				return nil, err
			}
			made[dir] = v
		}
		return v.serve(ctx)
	}
}

// serve starts the storehouse.
func (v *vault) serve(ctx context.Context) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	c := v.command(ctx, "serve", "--http", addr)
	return launch(ctx, c, target{url: "http://" + addr + "/dav/" + url.PathEscape(v.Share), user: v.Account, password: v.password})
}

// launch starts a server and waits until it takes connections.
func launch(ctx context.Context, c *exec.Cmd, t target) (*server, error) {
	s := &server{target: t, cmd: c, log: new(lockedBuffer), ended: make(chan struct{})}
	c.Stdout, c.Stderr = s.log, s.log
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = time.Minute
	if err := c.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.Wait() // how it ended says stop, or the log
		close(s.ended)
	}()
	u, err := url.Parse(t.url)
	if err != nil {
		return nil, err
	}
	for {
		conn, err := net.Dial("tcp", u.Host)
		if err == nil {
			conn.Close()
			return s, nil
		}
		select {
		case <-s.ended:
			return nil, fmt.Errorf("%s has not started:\n%s", c.Args[0], tail(s.log.bytes()))
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), s.stop())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the server in the way that it is used to.
func (s *server) stop() error { return s.signal(syscall.SIGTERM) }

// kill ends the server as a power cut would end it.
func (s *server) kill() error { return s.signal(syscall.SIGKILL) }

func (s *server) signal(how syscall.Signal) error {
	if err := s.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(90 * time.Second):
		return fmt.Errorf("%s (process %d) does not end", s.cmd.Args[0], s.pid())
	}
}

// during times what clients do with a server, between two syncs.
func (s *server) during(ctx context.Context, do func(ctx context.Context) error) (m Sample, err error) {
	syscall.Sync()
	busyBefore, selfBefore, cpuBefore, start := busy(), self(), treeCPU(s.pid()), time.Now()
	if err := do(ctx); err != nil {
		return m, fmt.Errorf("%w\n%s", err, tail(s.log.bytes()))
	}
	m.Wall = time.Since(start).Seconds()
	m.CPU = treeCPU(s.pid()) - cpuBefore
	m.RSS, _ = treeMemory(s.pid())
	m.Client = self() - selfBefore
	syscall.Sync()
	m.OnDisk = time.Since(start).Seconds()
	m.Other = max(0, busy()-busyBefore-m.CPU-m.Client)
	return m, nil
}

// lockedBuffer keeps what a server prints.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() > 1<<20 {
		b.buf.Reset()
	}
	return b.buf.Write(p)
}

func (b *lockedBuffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// freeAddress returns an address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// site makes the directories of a server that serves plain files, and its password file. SHA-1, because bcrypt would be
// most of what a request costs.
func site(dir string, more ...string) (files string, err error) {
	files = filepath.Join(dir, "files")
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // Apache refuses to work as root
		u, err := user.Lookup("www-data")
		if err != nil {
			return "", err
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return "", err
		}
		if gid, err = strconv.Atoi(u.Gid); err != nil {
			return "", err
		}
	}
	for _, d := range append([]string{files}, more...) {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return "", err
		}
		if err := os.Chown(d, uid, gid); err != nil {
			return "", err
		}
	}
	sum := sha1.Sum([]byte(benchPassword))
	line := benchUser + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"
	return files, os.WriteFile(filepath.Join(dir, "htpasswd"), []byte(line), 0o644)
}

// startNginx serves with one worker a core. The body's temporary files lie beside the served files: elsewhere each PUT
// would be copied.
func startNginx(ctx context.Context, dir string) (*server, error) {
	body := filepath.Join(dir, "body")
	files, err := site(dir, body)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	runAs := ""
	if os.Getuid() == 0 {
		runAs = "user www-data;\n"
	}
	conf := fmt.Sprintf(`%sdaemon off;
worker_processes auto;
pid %[2]s/nginx.pid;
error_log stderr error;
events { worker_connections 512; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	client_max_body_size 0;
	client_body_buffer_size 1m;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/t1; fastcgi_temp_path %[2]s/t2; uwsgi_temp_path %[2]s/t3; scgi_temp_path %[2]s/t4;
	server {
		listen %[3]s;
		root %[4]s;
		auth_basic bench;
		auth_basic_user_file %[2]s/htpasswd;
		location / { dav_methods PUT DELETE MKCOL COPY MOVE; dav_access user:rw group:r all:r; }
	}
}
`, runAs, dir, addr, files)
	name := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(name, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "/usr/sbin/nginx", "-p", dir, "-c", name, "-e", "stderr")
	return launch(ctx, c, target{url: "http://" + addr, user: benchUser, password: benchPassword})
}

// startApache serves with the event module, sendfile on.
func startApache(ctx context.Context, dir string) (*server, error) {
	lock := filepath.Join(dir, "lock")
	files, err := site(dir, lock)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	var conf strings.Builder
	for _, m := range strings.Fields("mpm_event authn_core authn_file authz_core authz_user auth_basic dav dav_fs") {
		fmt.Fprintf(&conf, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", m, m)
	}
	if os.Getuid() == 0 {
		conf.WriteString("User www-data\nGroup www-data\n")
	}
	fmt.Fprintf(&conf, `ServerName localhost
Listen %[2]s
PidFile %[1]s/apache.pid
ErrorLog /dev/stderr
LogLevel error
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
Timeout 600
LimitRequestBody 0
EnableSendfile On
DocumentRoot %[3]s
DavLockDB %[1]s/lock/db
<Directory %[3]s>
	Dav On
	AuthType Basic
	AuthName bench
	AuthUserFile %[1]s/htpasswd
	Require valid-user
</Directory>
`, dir, addr, files)
	name := filepath.Join(dir, "apache.conf")
	if err := os.WriteFile(name, []byte(conf.String()), 0o644); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "/usr/sbin/apache2", "-d", dir, "-f", name, "-DFOREGROUND")
	return launch(ctx, c, target{url: "http://" + addr, user: benchUser, password: benchPassword})
}

func startRclone(ctx context.Context, dir string) (*server, error) {
	files, err := site(dir)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "rclone", "serve", "webdav", files, "--addr", addr, "--user", benchUser, "--pass", benchPassword)
	c.Env = environ("RCLONE_CONFIG=/dev/null")
	return launch(ctx, c, target{url: "http://" + addr, user: benchUser, password: benchPassword})
}
