// Package house starts the real program for tests: the binary, a data directory of its own, and a free
// port on loopback.
package house

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// House is a running storehouse.
type House struct {
	Data     string
	URL      string // of WebDAV, with the share: http://127.0.0.1:PORT/dav/SHARE/
	Root     string // of WebDAV, without
	SFTP     string // 127.0.0.1:PORT
	Share    string
	User     string
	Password string // the device password
	Token    string // of the invitation by which the administrator comes in

	env  []string
	t    testing.TB
	cmd  *exec.Cmd
	log  *protocol
	said <-chan struct{} // closed when all of cmd's error output is in log
}

// protocol is what a server says, from both of its outputs.
type protocol struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (p *protocol) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *protocol) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// bin is where the program lies while the tests of a package run.
var bin string

// Main runs the tests of a package that starts the program.
func Main(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "azekura-test-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(bin)
		return m.Run()
	}())
}

var build = sync.OnceValues(func() (string, error) {
	name := filepath.Join(bin, "azekura")
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "build", "-o", name, "./cmd/azekura") // in its own module, with its own versions
	cmd.Dir = filepath.Join(filepath.Dir(here), "..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return name, nil
})

// Binary returns the path of the program.
func Binary(t testing.TB) string {
	t.Helper()
	name, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// New makes a storehouse and starts it.
func New(t testing.TB) *House { return with(t) }

// Unguarded is New without the guard, for tests that do what nobody who is in their right mind does all day.
func Unguarded(t testing.TB) *House { return with(t, "AZEKURA_GUARD=off") }

// Collecting is New with doors for the logs of appliances, of which this machine is one.
func Collecting(t testing.TB) *House {
	h := with(t, "AZEKURA_COLLECT_UDP=127.0.0.1:0", "AZEKURA_COLLECT_TCP=127.0.0.1:0")
	h.Run("collect", "source", "add", "127.0.0.1", "--name", "firewall")
	return h
}

// Logs is where a running house takes the logs of appliances: "udp" or "tcp".
func (h *House) Logs(network string) string {
	h.t.Helper()
	var s struct{ Listeners []struct{ URL string } }
	if err := json.Unmarshal(h.Run("status", "--json"), &s); err != nil {
		h.t.Fatal(err)
	}
	for _, l := range s.Listeners {
		if at, ok := strings.CutPrefix(l.URL, network+"://"); ok {
			return at
		}
	}
	h.t.Fatalf("no door for logs over %s", network)
	return ""
}

func with(t testing.TB, env ...string) *House {
	t.Helper()
	h := &House{t: t, env: append(env, "AZEKURA_LANG=en"), Data: filepath.Join(t.TempDir(), "data")}
	var w struct {
		Share, Account, Token string
	}
	if err := json.Unmarshal(h.Run("init", "--share", "albums", "--json"), &w); err != nil {
		t.Fatal(err)
	}
	h.Share, h.User, h.Token = w.Share, w.Account, w.Token
	var made struct{ Secret string }
	if err := json.Unmarshal(h.Run("account", "device", "add", h.User, "tests", "--json"), &made); err != nil {
		t.Fatal(err)
	}
	h.Password = made.Secret
	h.Run("day", "open", h.User)
	h.Start()
	t.Cleanup(func() {
		if h.cmd != nil {
			h.Stop(syscall.SIGTERM)
		}
	})
	return h
}

// patience is how long a server may take to say where it listens.
const patience = 2 * time.Minute

// launch starts the server, and returns what receives the addresses of its doors for WebDAV and SFTP, or is closed with its end.
func (h *House) launch() <-chan [2]string {
	h.t.Helper()
	h.log = &protocol{}
	h.cmd = exec.Command(Binary(h.t), "serve", "--data", h.Data, "--http", "127.0.0.1:0", "--sftp", "127.0.0.1:0")
	h.cmd.Env = append(os.Environ(), h.env...)
	h.cmd.Stdout = h.log
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	urls, said := make(chan [2]string, 1), make(chan struct{})
	h.said = said
	go func() {
		defer close(said)
		defer close(urls)
		url := ""
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			h.log.Write(append(lines.Bytes(), '\n'))
			var x struct{ Door, URL string }
			if json.Unmarshal(lines.Bytes(), &x) != nil {
				continue
			}
			switch x.Door { // each says so once, and SFTP after WebDAV
			case "webdav":
				url = x.URL
			case "sftp":
				urls <- [2]string{url, strings.TrimPrefix(x.URL, "sftp://")}
			}
		}
	}()
	return urls
}

// Start starts the server and waits until it answers.
func (h *House) Start() {
	h.t.Helper()
	select {
	case doors, ok := <-h.launch():
		if !ok {
			h.t.Fatalf("the server ended: %s", h.log)
		}
		h.Root, h.URL, h.SFTP = doors[0], doors[0]+h.Share+"/", doors[1]
	case <-time.After(patience):
		h.cmd.Process.Kill()
		h.t.Fatalf("the server does not say where it listens: %s", h.log)
	}
}

// Abort starts the server and kills it after a while, whatever it has come to by then.
func (h *House) Abort(after time.Duration) {
	h.t.Helper()
	h.launch()
	<-time.After(after)
	h.Stop(syscall.SIGKILL)
}

// Stop sends a signal and waits for the end.
func (h *House) Stop(sig syscall.Signal) {
	h.t.Helper()
	h.cmd.Process.Signal(sig)
	<-h.said // all that it had to say is read before Wait closes the pipe
	err := h.cmd.Wait()
	h.cmd = nil
	if err != nil && sig == syscall.SIGTERM {
		h.t.Errorf("the server did not end in good order: %v\n%s", err, h.log)
	}
}

// Run runs a command on the house's data and returns what it prints.
func (h *House) Run(args ...string) []byte {
	h.t.Helper()
	out, err := h.Try(args...)
	if err != nil {
		h.t.Fatalf("azekura %v: %v", args, err)
	}
	return out
}

// Try is Run for a command that may fail; the error holds what it says.
func (h *House) Try(args ...string) ([]byte, error) {
	cmd := exec.Command(Binary(h.t), append(args, "--data", h.Data)...)
	cmd.Env = append(os.Environ(), h.env...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("%w: %s", err, complaints.String())
	}
	return out.Bytes(), nil
}

// Request makes a request with the house's password.
func (h *House) Request(method, url string, body []byte, header ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.SetBasicAuth(h.User, h.Password)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp
}
