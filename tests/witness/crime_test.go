package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filippo.io/torchwood"

	"github.com/azekura/azekura/tests/house"
)

// crime is a house that has stopped, its witness and its medium, for somebody to lay hands on.
type crime struct {
	t      *testing.T
	g      *guardian
	public string // the file of the ledger's public key, as it was noted on the first day
	now    string // the house
	old    string // the house as it was before the last entries and the last state of the medium
	fork   string // a copy of that which went on by itself
	medium string
	image  string // the medium as it was then
	seen   string // the head of now, as it stands on paper
	bill   string // a receipt in JSON
}

// run runs a command on a house, or on none.
func (c *crime) run(data string, args ...string) (string, error) {
	cmd := exec.Command(house.Binary(c.t), args...)
	cmd.Env = append(os.Environ(), "AZEKURA_LANG=en", "AZEKURA_GUARD=off", "AZEKURA_DATA="+data, "HOME="+c.t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *crime) must(data string, args ...string) string {
	c.t.Helper()
	out, err := c.run(data, args...)
	if err != nil {
		c.t.Fatalf("azekura %v: %v\n%s", args, err, out)
	}
	return out
}

// scene plays the days before the crime.
func scene(t *testing.T) *crime {
	h := house.Unguarded(t)
	dir := t.TempDir()
	c := &crime{t: t, public: filepath.Join(dir, "azekura.pub"), now: h.Data, old: filepath.Join(dir, "old"), fork: filepath.Join(dir, "fork"), medium: filepath.Join(dir, "medium"),
		image: filepath.Join(dir, "image"), bill: filepath.Join(dir, "receipt.json")}
	public, err := os.ReadFile(filepath.Join(h.Data, "ledger", "public-key"))
	if err == nil {
		err = errors.Join(os.WriteFile(c.public, public, 0o600), os.Mkdir(c.medium, 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	c.g = newGuardian(t, strings.TrimSpace(string(public)))
	p := &pair{House: h, g: c.g}
	p.put(t, 1)
	c.betrayed(h)
	c.forgotten(h)
	h.Run("witness", "add", c.g.url, c.g.key, c.g.mirror)
	h.Run("media", "init", c.medium, "--same-disk", "--label", "A")
	for range 2 {
		p.put(t, 3)
		h.Run("media", "sync", c.medium)
	}
	h.Stop(syscall.SIGTERM)
	copyTree(t, h.Data, c.old)
	copyTree(t, c.medium, c.image)
	h.Start()
	p.put(t, 3)
	h.Run("media", "sync", c.medium)
	h.Run("receipt", "albums", "-o", c.bill)
	h.Stop(syscall.SIGTERM)

	c.g.kill(syscall.SIGTERM) // while it is away the copy can go on by itself
	copyTree(t, c.old, c.fork)
	var head struct{ Text string }
	if err := json.Unmarshal([]byte(c.must(c.now, "ledger", "head", "--json")), &head); err != nil {
		t.Fatal(err)
	}
	c.seen = head.Text
	for range 6 {
		c.must(c.fork, "status")
	}
	c.g.start()
	return c
}

// between sits on the line to a witness.
type between struct {
	*httputil.ReverseProxy
	replay, forge atomic.Bool
	first         []byte
}

func newBetween(t *testing.T, to string) (*between, string) {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	b := &between{ReverseProxy: httputil.NewSingleHostReverseProxy(u)}
	b.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode != http.StatusOK || !strings.HasSuffix(r.Request.URL.Path, "/add-checkpoint") {
			return nil
		}
		answer, err := io.ReadAll(r.Body)
		if b.first == nil {
			b.first = answer
		}
		if b.replay.Load() {
			answer = b.first
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
		r.Header.Set("Content-Length", fmt.Sprint(len(answer)))
		return err
	}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	return b, srv.URL
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if body, err := io.ReadAll(r.Body); err == nil {
		if lines := strings.SplitAfter(string(body), "\n"); b.forge.Load() && len(lines) > 2 && strings.HasSuffix(lines[1], "=\n") { // the first hash of the proof
			lines[1] = strings.Replace(lines[1], lines[1][:1], map[bool]string{true: "B", false: "A"}[lines[1][0] == 'A'], 1)
			body = []byte(strings.Join(lines, ""))
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	b.ReverseProxy.ServeHTTP(w, r)
}

// betrayed is the part of the table for which the house must be at work: what comes in a witness's name.
func (c *crime) betrayed(h *house.House) {
	other := newGuardian(c.t, c.key())
	for _, x := range []struct {
		name  string
		key   string
		begin func(*between)
		want  string
		says  string
	}{
		{"wrong witness key", other.key, func(*between) {}, `another key than the witness's has cosigned: witness.example/w+`, "`witness list`: `other-key`, and the key; under `require` no file comes out"},
		{"stale cosignature", c.g.key, func(b *between) { b.replay.Store(true) }, `"trouble":"other-head"`, "`witness list`: `other-head`; under `require` no file comes out"},
		{"forged proofs/to a witness", c.g.key, func(b *between) { b.forge.Store(true) }, `a witness has seen other entries: among the first`, "`witness list`: `forked`, `refuses`; under `require` no file comes out"},
	} {
		c.documented(x.name, x.says)
		c.t.Run(x.name, func(t *testing.T) {
			b, at := newBetween(t, c.g.url)
			h.Run("witness", "add", at, x.key)
			said := func() string { return string(h.Run("witness", "list", "--json")) }
			if x.key == c.g.key {
				c.until(t, said, regexp.MustCompile(`"size":[1-9]`)) // all is well
				x.begin(b)
			}
			h.Run("witness", "mode", "require", "--need", "1")
			ctx, end := context.WithCancel(t.Context())
			defer end()
			read := make(chan struct{})
			go func() { // somebody reads, and waits for a cosignature that does not come
				defer close(read)
				c.reads(ctx, t, h)
			}()
			c.until(t, said, regexp.MustCompile(regexp.QuoteMeta(x.want)))
			end()
			<-read
			h.Run("witness", "mode", "off")
			h.Run("witness", "remove", at)
		})
	}
}

// forgotten brings the directory of a witness back from an older copy while the house is at work.
func (c *crime) forgotten(h *house.House) {
	c.documented("replay an old copy of a witness", "`witness list`: `forgot`, and how many entries; an alert")
	c.t.Run("replay an old copy of a witness", func(t *testing.T) {
		g := newGuardian(t, c.key())
		h.Run("witness", "add", g.url, g.key)
		said := func() string { return string(h.Run("witness", "list", "--json")) }
		c.until(t, said, regexp.MustCompile(`"url":"`+g.url+`","size":[1-9]`))
		g.kill(syscall.SIGTERM)
		old := filepath.Join(t.TempDir(), "old")
		copyTree(t, g.dir, old)
		g.start()
		ask := func() { // all witnesses are asked when they are others
			h.Run("witness", "add", c.g.url, c.g.key)
			h.Run("witness", "remove", c.g.url)
		}
		before := g.cosigned()
		ask()
		c.until(t, func() string { return fmt.Sprint(g.cosigned() > before) }, regexp.MustCompile("true"))
		g.kill(syscall.SIGTERM)
		copyTree(t, old, g.dir)
		g.start()
		ask()
		c.until(t, said, regexp.MustCompile(`"url":"`+g.url+`"[^}]*"forgot":[1-9]`))
		h.Run("witness", "remove", g.url)
	})
}

// documented fails if the table of docs/witness.md does not say what is said.
func (c *crime) documented(name, says string) {
	c.t.Helper()
	if line := "\n| " + name + " | " + says + " |\n"; !bytes.Contains(c.read("../../docs/witness.md"), []byte(line)) {
		c.t.Errorf("docs/witness.md does not have the line %s", line)
	}
}

// reads fails if a file comes out.
func (c *crime) reads(ctx context.Context, t *testing.T, h *house.House) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"0.txt", nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.SetBasicAuth(h.User, h.Password)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		t.Error("a file comes out that no witness has cosigned")
	}
}

func (c *crime) key() string {
	b, err := os.ReadFile(c.public)
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// until waits until something is said.
func (c *crime) until(t *testing.T, said func() string, want *regexp.Regexp) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; <-time.After(50 * time.Millisecond) {
		text := said()
		if want.MatchString(text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nobody says %s: %s", want, text)
		}
	}
}

func (c *crime) read(name string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *crime) write(name string, b []byte) {
	c.t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *crime) change(name string, f func([]byte) []byte) {
	c.t.Helper()
	c.write(name, f(c.read(name)))
}

func (c *crime) remove(name string) {
	c.t.Helper()
	if err := os.Remove(name); err != nil {
		c.t.Fatal(err)
	}
}

func flip(b []byte) []byte { b[len(b)/2] ^= 1; return b }
func half(b []byte) []byte { return b[:len(b)/2] }

// swapped exchanges the entries 3 and 4 of a bundle.
func swapped(b []byte) []byte {
	var list [][]byte
	for rest := b; len(rest) > 0; {
		e, more, err := torchwood.ReadTileEntry(rest)
		if err != nil {
			panic(err)
		}
		list, rest = append(list, e), more
	}
	list[3], list[4] = list[4], list[3]
	var out []byte
	for _, e := range list {
		var err error
		if out, err = torchwood.AppendTileEntry(out, e); err != nil {
			panic(err)
		}
	}
	return out
}

// newest returns a part of a pack that only the last state of the medium has.
func (c *crime) newest() (found string) {
	c.t.Helper()
	list, err := filepath.Glob(filepath.Join(c.medium, "packs", "*", "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range list {
		rel, _ := filepath.Rel(c.medium, name)
		if _, err := os.Stat(filepath.Join(c.image, rel)); err != nil {
			found = rel
		}
	}
	if found == "" {
		c.t.Fatalf("nothing is new: %q", list)
	}
	return found
}

// last returns the widest bundle of entries below a directory.
func (c *crime) last(dir, below string) (name string) {
	c.t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, below, "000.p", "*"))
	if err != nil || len(list) == 0 {
		c.t.Fatal(list, err)
	}
	widest := 0
	for _, x := range list {
		var n int
		if fmt.Sscan(filepath.Base(x), &n); n > widest {
			widest, name = n, x
		}
	}
	return name
}
