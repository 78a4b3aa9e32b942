// Package witness runs a storehouse and a witness as two real programs in two directories, kills both again and again, and then replaces the
// storehouse's directory by what it was, or by something else.
package witness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

const rounds = 8

// guardian is the witness's machine.
type guardian struct {
	t           *testing.T
	dir, ledger string
	addr        string
	url         string
	key, mirror string
	cmd         *exec.Cmd
}

func newGuardian(t *testing.T, ledger string) *guardian {
	g := &guardian{t: t, dir: filepath.Join(t.TempDir(), "witness"), ledger: ledger, addr: "127.0.0.1:0"}
	t.Cleanup(func() {
		if g.cmd != nil {
			g.kill(syscall.SIGTERM)
		}
	})
	g.start()
	return g
}

// start starts the witness and waits until it answers, at the address that it had before.
func (g *guardian) start() {
	g.t.Helper()
	g.cmd = exec.Command(house.Binary(g.t), "witness", "serve", "--dir", g.dir, "--name", "witness.example/w", "--ledger", g.ledger, "--listen", g.addr, "--json")
	g.cmd.Stderr = os.Stderr
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		g.t.Fatalf("the witness does not start: %v", err)
	}
	var said struct{ URL, Key, Mirror string }
	if err := json.Unmarshal(line, &said); err != nil {
		g.t.Fatal(err)
	}
	if g.key != "" && g.key != said.Key {
		g.t.Fatal("the witness has another key")
	}
	g.url, g.key, g.mirror, g.addr = said.URL, said.Key, said.Mirror, strings.TrimPrefix(said.URL, "http://")
}

func (g *guardian) kill(sig syscall.Signal) {
	g.cmd.Process.Signal(sig)
	g.cmd.Wait()
	g.cmd = nil
}

// below returns the directory of the one ledger that is watched.
func (g *guardian) below(name string) string {
	g.t.Helper()
	found, err := filepath.Glob(filepath.Join(g.dir, "*", name))
	if err != nil || len(found) != 1 {
		g.t.Fatalf("%q, %v", found, err)
	}
	return found[0]
}

// cosigned returns how many entries the latest head on the witness's disk has.
func (g *guardian) cosigned() int {
	g.t.Helper()
	b, err := os.ReadFile(g.below("pending"))
	if err != nil {
		g.t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.Split(string(b), "\n")[1])
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// pair is both machines, and how many files were read.
type pair struct {
	*house.House
	g       *guardian
	written int
	read    int
}

// get reads a file that was not read before. What it answers with 200 the witness has on its disk.
func (p *pair) get(t *testing.T, mustCome bool) {
	t.Helper()
	before := p.g.cosigned()
	n := p.read % p.written
	if p.read++; p.read >= p.written {
		t.Fatal("every file has been read")
	}
	req, err := http.NewRequest(http.MethodGet, p.URL+fmt.Sprintf("%d.txt", n), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(p.User, p.Password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if mustCome {
			t.Fatal(err)
		}
		return
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	switch {
	case resp.StatusCode == http.StatusOK && err == nil:
		if after := p.g.cosigned(); after <= before {
			t.Errorf("a file was read with %d entries cosigned before and %d after", before, after)
		}
		if want := fmt.Sprintf("file %d", n); string(b) != want {
			t.Errorf("%q, want %q", b, want)
		}
	case mustCome:
		t.Fatalf("%d %s, %v", resp.StatusCode, b, err)
	}
}

func (p *pair) put(t *testing.T, count int) {
	t.Helper()
	for range count {
		resp := p.Request(http.MethodPut, p.URL+fmt.Sprintf("%d.txt", p.written), fmt.Appendf(nil, "file %d", p.written))
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("PUT: %d", resp.StatusCode)
		}
		p.written++
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestTwoMachines: under “require” no file comes out before the witness has it on disk, whoever is killed when; an older copy of the storehouse, a cut
// ledger and a fork are refused at the start and named; and the witness's copy has all entries, which a reading key opens.
func TestTwoMachines(t *testing.T) {
	h := house.Unguarded(t)
	public, err := os.ReadFile(filepath.Join(h.Data, "ledger", "public-key"))
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{House: h, g: newGuardian(t, strings.TrimSpace(string(public)))}
	h.Run("witness", "add", p.g.url, p.g.key, p.g.mirror)
	h.Run("witness", "mode", "require", "--need", "1")
	p.put(t, 3+3*rounds)
	p.killed(t)
	h.Stop(syscall.SIGTERM) // the last entries are cosigned and copied in good order
	p.mirrored(t, public)

	now, old := filepath.Join(t.TempDir(), "now"), filepath.Join(t.TempDir(), "old")
	copyTree(t, h.Data, old)
	h.Start()
	p.get(t, true)
	h.Stop(syscall.SIGTERM)
	copyTree(t, h.Data, now)
	p.refused(t, "an older copy of all", func() { copyTree(t, old, h.Data) }, "A witness has cosigned more", `"proven":true`)
	p.refused(t, "an older ledger alone", func() {
		copyTree(t, now, h.Data)
		copyTree(t, filepath.Join(old, "ledger"), filepath.Join(h.Data, "ledger"))
	}, "ledger", "")
	p.refused(t, "a cut ledger", func() {
		copyTree(t, now, h.Data)
		found, err := filepath.Glob(filepath.Join(h.Data, "ledger", "tile", "entries", "*.p", "*"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%q, %v", found, err)
		}
		for _, f := range found {
			if err := os.Truncate(f, 100); err != nil {
				t.Fatal(err)
			}
		}
	}, "ledger", "")
	p.g.kill(syscall.SIGKILL)
	copyTree(t, old, h.Data)
	h.Run("status") // an older copy that cannot ask goes on, with entries of its own
	h.Run("status")
	p.g.start()
	p.refused(t, "a fork", func() {}, "A witness has cosigned more", `"proven":true`)
	copyTree(t, now, h.Data)
	h.Start()
	p.get(t, true)
	if s := h.Run("status", "--json"); !bytes.Contains(s, []byte(`"mode":"require","need":1`)) || bytes.Contains(s, []byte(`"refuses":true`)) {
		t.Errorf("%s", s)
	}
}

// killed kills one of both at any moment while files are read.
func (p *pair) killed(t *testing.T) {
	for round := range rounds {
		var all sync.WaitGroup
		all.Go(func() { p.get(t, false) })
		<-time.After(time.Duration(rand.IntN(30)) * time.Millisecond)
		if round%2 == 0 {
			p.g.kill(syscall.SIGKILL)
			p.g.start()
			all.Wait()
		} else {
			p.Stop(syscall.SIGKILL)
			all.Wait()
			p.Start()
		}
		p.get(t, true)
	}
}

// refused changes the storehouse's directory, and looks whether it says what has been done instead of opening.
func (p *pair) refused(t *testing.T, name string, change func(), want, also string) {
	t.Helper()
	change()
	_, err := p.Try("status")
	if err == nil {
		t.Errorf("%s opens", name)
		return
	}
	t.Logf("%s: %v", name, err)
	if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), also) {
		t.Errorf("%s: %v", name, err)
	}
}

// mirrored looks at the witness's copy with nothing but the ledger's public key and a reading key.
func (p *pair) mirrored(t *testing.T, public []byte) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "auditor.json")
	pub := filepath.Join(t.TempDir(), "azekura.pub")
	if err := os.WriteFile(pub, public, 0o600); err != nil {
		t.Fatal(err)
	}
	copied := p.g.below("log")
	run := func(args ...string) []byte {
		cmd := exec.Command(house.Binary(t), args...)
		cmd.Env = append(os.Environ(), "AZEKURA_LANG=en", "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("azekura %v: %v\n%s", args, err, out)
		}
		return out
	}
	if out := run("ledger", "verify", "--dir", copied, "--public-key", pub); !regexp.MustCompile(strconv.Itoa(p.g.cosigned())).Match(out) {
		t.Errorf("%d entries are cosigned: %s", p.g.cosigned(), out)
	}
	p.Run("ledger", "reading-key", "--output", key)
	out := run("ledger", "show", "--dir", copied, "--public-key", pub, "--reading-key", key, "--kind", "released", "--json")
	if n := bytes.Count(out, []byte("\n")); n < rounds {
		t.Errorf("%d readings in the copy:\n%s", n, out)
	}
}
