package witness

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
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
	h.Run("witness", "add", c.g.url, c.g.key, c.g.mirror)
	h.Run("media", "init", c.medium, "--label", "A")
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
	}{
		{"wrong witness key", other.key, func(*between) {}, `another key than the witness's has cosigned: witness.example/w+`},
		{"stale cosignature", c.g.key, func(b *between) { b.replay.Store(true) }, `the witness has cosigned another head than this one`},
		{"forged proofs/to a witness", c.g.key, func(b *between) { b.forge.Store(true) }, `a witness has seen other entries: among the first`},
	} {
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

// TestTamperSuite does to ledger and media, by the name of each, what somebody can do who holds them, and looks whether the program says what was done, and
// to what. The commands are those that an auditor runs.
func TestTamperSuite(t *testing.T) {
	c := scene(t)
	sound := filepath.Join(t.TempDir(), "ledger") // that of now goes on with each command
	copyTree(t, filepath.Join(c.now, "ledger"), sound)
	edge := "tile/entries/000.p/" + strings.Split(string(c.read(filepath.Join(sound, "checkpoint"))), "\n")[1]
	onLedger := func(do func(dir string), more ...string) func() (string, error) {
		return func() (string, error) {
			dir := filepath.Join(t.TempDir(), "ledger")
			copyTree(t, sound, dir)
			do(dir)
			return c.run(t.TempDir(), append([]string{"ledger", "verify", "--dir", dir, "--public-key", c.public, "--json"}, more...)...)
		}
	}
	onMedium := func(do func(dir string)) func() (string, error) {
		return func() (string, error) {
			dir := filepath.Join(t.TempDir(), "medium")
			copyTree(t, c.medium, dir)
			do(dir)
			return c.run(c.now, "media", "verify", dir, "--json")
		}
	}
	pack := c.newest()
	for _, x := range []struct {
		name string
		do   func() (string, error)
		want []string // all of it is said; nothing: it is whole
	}{
		{"nothing/ledger", onLedger(func(string) {}), nil},
		{"nothing/medium", onMedium(func(string) {}), nil},
		{"edit/ledger", onLedger(func(dir string) { c.change(filepath.Join(dir, edge), flip) }), []string{`"kind":"altered"`, `"file":"` + edge}},
		{"edit/medium", onMedium(func(dir string) { c.change(filepath.Join(dir, pack), flip) }), []string{`"object":"` + pack, `"reason":"digest"`}},
		{"edit/ledger of medium", onMedium(func(dir string) { c.change(c.last(dir, "ledger/tile/entries"), flip) }), []string{`"object":"ledger/tile/entries/000`, `"reason":"ledger"`}},
		{"delete/ledger", onLedger(func(dir string) { c.remove(filepath.Join(dir, edge)) }), []string{`"kind":"missing"`, `"file":"` + edge}},
		{"delete/medium", onMedium(func(dir string) { c.remove(filepath.Join(dir, pack)) }), []string{`"object":"` + pack, `"reason":"missing"`}},
		{"truncate/ledger", onLedger(func(dir string) { c.change(filepath.Join(dir, edge), half) }), []string{`"kind":"malformed"`, `"file":"` + edge}},
		{"truncate/medium", onMedium(func(dir string) { c.change(filepath.Join(dir, pack), half) }), []string{`"object":"` + pack, `"reason":"length"`}},
		{"reorder/ledger", onLedger(func(dir string) { c.change(filepath.Join(dir, edge), swapped) }), []string{`"kind":"altered"`, `"file":"` + edge, `"entry":3`}},
		{"reorder/medium", onMedium(func(dir string) {
			a, b := filepath.Join(dir, "records", "0000000000000002"), filepath.Join(dir, "records", "0000000000000003")
			x, y := c.read(a), c.read(b)
			c.write(a, y)
			c.write(b, x)
		}), []string{`"object":"records/0000000000000003"`, `"reason":"number"`}},
		{"fork/ledger", func() (string, error) {
			return c.run(t.TempDir(), "ledger", "verify", "--dir", filepath.Join(c.fork, "ledger"), "--public-key", c.public, "--json", "--seen", c.seen)
		}, []string{`"kind":"forked"`}},
		{"fork/witness", func() (string, error) { return c.run(c.fork, "status", "--json") }, []string{`A witness has cosigned more`, `"proven":true`}},
		{"fork/medium", func() (string, error) {
			c.g.kill(syscall.SIGTERM) // or it would say so first
			defer c.g.start()
			return c.run(c.fork, "media", "sync", c.medium, "--json")
		}, []string{`"hint":"hint.medium-forked"`}},
		{"replay an old vault snapshot/ledger", func() (string, error) {
			return c.run(t.TempDir(), "ledger", "verify", "--dir", filepath.Join(c.old, "ledger"), "--public-key", c.public, "--json", "--seen", c.seen)
		}, []string{`"kind":"rolled-back"`}},
		{"replay an old vault snapshot/ledger alone", func() (string, error) {
			mixed := filepath.Join(t.TempDir(), "data")
			copyTree(t, c.now, mixed)
			copyTree(t, filepath.Join(c.old, "ledger"), filepath.Join(mixed, "ledger"))
			return c.run(mixed, "status", "--json")
		}, []string{`"hint":"hint.ledger-rollback"`}},
		{"replay an old vault snapshot/witness", func() (string, error) { return c.run(c.old, "status", "--json") }, []string{`A witness has cosigned more`, `"proven":true`}},
		{"replay an old vault snapshot/medium", func() (string, error) {
			c.g.kill(syscall.SIGTERM)
			defer c.g.start()
			return c.run(c.old, "media", "sync", c.medium, "--json")
		}, []string{`"hint":"hint.medium-newer"`}},
		{"replay an old image of the medium", func() (string, error) { return c.run(c.now, "media", "verify", c.image, "--json") }, []string{`"reason":"replayed"`}},
		{"clock shifts", func() (string, error) { return c.shifted() }, []string{`"backward_count":1`, `"backward":[{"index":5,`, `{"index":8,"from":"2026-07-14T05:18:20Z"`}},
		{"forged proofs/to a school", func() (string, error) {
			forged := filepath.Join(t.TempDir(), "receipt.json")
			b := c.read(c.bill)
			at := regexp.MustCompile(`tlog-proof@v1\\nindex \d+\\n`).FindIndex(b)
			if at == nil {
				t.Fatalf("no proof: %.400s", b)
			}
			b[at[1]] = map[bool]byte{true: 'B', false: 'A'}[b[at[1]] == 'A']
			c.write(forged, b)
			return c.run(t.TempDir(), "receipt", "verify", forged, "--public-key", c.public)
		}, []string{"does not stand in the ledger: check a proof"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			out, err := x.do()
			if len(x.want) == 0 {
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
				return
			}
			for _, w := range x.want {
				if !strings.Contains(out, w) {
					t.Errorf("it does not say %s: %v\n%s", w, err, out)
				}
			}
			if e, ok := errors.AsType[*exec.ExitError](err); x.name != "clock shifts" && (!ok || e.ExitCode() != 19 && e.ExitCode() != 14) {
				t.Errorf("%v, want the exit code of what is damaged, or contradicts", err)
			}
		})
	}
	t.Run("Tessera's fsck accepts a good mirror", c.mirrored)
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

// shifted verifies a ledger whose clock was set back an hour, and later stood still for long.
func (c *crime) shifted() (string, error) {
	dir := filepath.Join(c.t.TempDir(), "ledger")
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/clock")
	if err != nil {
		c.t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		c.t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		c.t.Fatal(err)
	}
	l, err := ledger.Open(context.Background(), ledger.Config{FS: durable.OS(), Dir: dir, Origin: verifier.Name(), Signer: signer, Verifier: verifier})
	if err != nil {
		c.t.Fatal(err)
	}
	s := ledger.NewSealer(seal.NewKey())
	for i, minute := range []int{100, 101, 102, 103, 104, 40, 104, 105, 305, 306} {
		e, err := s.Seal(time.UnixMilli(1_784_000_000_000).Add(time.Duration(minute)*time.Minute), []byte{byte(i)})
		if err == nil {
			_, err = l.Append(context.Background(), e)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.run(c.t.TempDir(), "ledger", "verify", "--dir", dir, "--public-key", public, "--json", "--gap", "1h")
}

// mirrored: what the witness has on its disk other people's verifier accepts, and one that was edited neither it nor ours.
func (c *crime) mirrored(t *testing.T) {
	c.must(c.now, "status") // has the last entries copied
	verifier, err := note.NewVerifier(c.key())
	if err != nil {
		t.Fatal(err)
	}
	leaves := func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		err := b.UnmarshalText(bundle)
		var out [][]byte
		for _, e := range b.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, err
	}
	dir := c.g.below("log")
	if err := fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: dir}, leaves, fsck.Opts{N: 1}).Check(t.Context()); err != nil {
		t.Errorf("fsck: %v", err)
	}
	var n int
	if _, err := fmt.Sscan(strings.Split(string(c.read(filepath.Join(dir, "checkpoint"))), "\n")[1], &n); err != nil || n != c.g.cosigned() {
		t.Errorf("%d entries are there of %d, %v", n, c.g.cosigned(), err)
	}
	c.change(c.last(dir, "tile/entries"), flip)
	if out, err := c.run(t.TempDir(), "ledger", "verify", "--dir", dir, "--public-key", c.public, "--json"); err == nil || !strings.Contains(out, `"kind":"altered"`) {
		t.Errorf("an edited mirror: %v, %s", err, out)
	}
}
