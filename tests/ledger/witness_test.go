package ledger

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // writes the rows that litewitness reads

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/witness"
)

const litewitness = "filippo.io/torchwood/cmd/litewitness@v0.9.0"

func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// background runs a program until the test ends, and returns when it has said something.
func background(t *testing.T, said, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		c.Wait()
		r.Close()
	})
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if strings.Contains(lines.Text(), said) {
			go func() {
				for lines.Scan() {
				}
			}()
			return
		}
	}
	t.Fatalf("%s ended before it said %q", name, said)
}

// startLitewitness runs litewitness of torchwood, which watches a ledger, and returns how a keeper names it.
func startLitewitness(t *testing.T, public string) account.Witness {
	t.Helper()
	const name = "litewitness.example/w"
	dir := t.TempDir()
	command(t, []string{"GOBIN=" + dir, "GOFLAGS="}, "go", "install", litewitness)
	key, sock, db := filepath.Join(dir, "id"), filepath.Join(dir, "agent"), filepath.Join(dir, "w.db")
	command(t, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	background(t, "SSH_AUTH_SOCK", "ssh-agent", "-D", "-a", sock)
	command(t, []string{"SSH_AUTH_SOCK=" + sock}, "ssh-add", key)
	print := strings.Fields(command(t, nil, "ssh-keygen", "-lf", key+".pub"))[1]

	d, err := sql.Open("sqlite", db)
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	for _, q := range []string{"CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)", "CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))",
		fmt.Sprintf("INSERT INTO log VALUES ('%s', 0, '%s')", origin, base64.StdEncoding.EncodeToString(empty[:])), fmt.Sprintf("INSERT INTO key VALUES ('%s', '%s')", origin, public)} {
		if _, err := d.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // litewitness takes no socket, and tells no port
	background(t, "listening", filepath.Join(dir, "litewitness"), "-name", name, "-db", db, "-ssh-agent", sock, "-listen", addr, "-key", print)

	b, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	wire, err := base64.StdEncoding.DecodeString(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{4}, wire[len(wire)-32:]...) // 4: an Ed25519 cosigner
	sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return account.Witness{URL: "http://" + addr, Key: fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(raw))}
}

// more adds entries.
func more(t *testing.T, l *ledger.Log, n int, what string) {
	t.Helper()
	for range n {
		if _, err := l.Append(context.Background(), fmt.Appendf(nil, "%s %d", what, l.Size())); err != nil {
			t.Fatal(err)
		}
	}
}

func asks(t *testing.T, h *house, l *ledger.Log, w account.Witness) *witness.Quorum {
	t.Helper()
	q, err := witness.NewQuorum(witness.QuorumConfig{Ledger: l, Origin: origin, Key: h.public, Peers: []account.Witness{w}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

// TestLitewitness: somebody else's witness cosigns our ledger as it grows, and is understood when it refuses an old copy and a fork.
func TestLitewitness(t *testing.T) {
	h := newHouse(t)
	w := startLitewitness(t, h.public) // it is built first, which may take longer than all of the rest
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	open := func(dir string) *ledger.Log {
		c := h.config
		c.Dir = dir
		l, err := ledger.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	l := open(h.dir)
	q := asks(t, h, l, w)
	for _, n := range []int{1, 254, 1, 1, 400} {
		more(t, l, n, "entry")
		if err := q.Wait(ctx, l.Size(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if s := q.Status()[0]; s.Size != l.Size() || s.Name != "litewitness.example/w" || s.Away() {
		t.Errorf("%+v", s)
	}
	for name, n := range map[string]int{"an old copy": 600, "a fork": 657, "a longer fork": 700} {
		other := open(filepath.Join(t.TempDir(), "other"))
		what := "else"
		if name == "an old copy" {
			what = "entry"
		}
		more(t, other, n, what)
		q := asks(t, h, other, w)
		q.Asked(ctx)
		if s := q.Status()[0]; !s.Refuses {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestTesseraUnderOurWitness: a log of Tessera publishes only what our witness has cosigned, and its readers see the cosignature.
func TestTesseraUnderOurWitness(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(ctx, witness.Config{FS: durable.OS(), Dir: filepath.Join(dir, "witness"), Name: "witness.example/w", Ledger: []string{public}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	defer srv.Close()
	at, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := w.Keys()
	peer, err := tessera.NewWitness(key, at)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	a, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(64, 10*time.Millisecond).WithCheckpointInterval(100*time.Millisecond).
		WithWitnesses(tessera.NewWitnessGroup(1, peer), &tessera.WitnessOptions{Timeout: 5 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	for round := range 3 {
		var futures []tessera.IndexFuture
		for i := range 300 {
			futures = append(futures, a.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "round %d entry %d", round, i))))
		}
		for _, f := range futures {
			if _, _, err := awaiter.Await(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	cp, err := reader.ReadCheckpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v, err := torchwood.NewCosignatureVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(cp, note.VerifierList(v)); err != nil || len(n.Sigs) != 1 || w.Heads()[0].Head.Size != 900 {
		t.Errorf("%+v, %v\n%s", w.Heads(), err, cp)
	}
}

// TestTesseraTakesTheMirror: Tessera's fsck accepts the copy that our witness keeps; an edited one it does not accept.
func TestTesseraTakesTheMirror(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h := written(t)
	dir := filepath.Join(t.TempDir(), "witness")
	w, err := witness.Open(ctx, witness.Config{FS: durable.OS(), Dir: dir, Name: "witness.example/w", Ledger: []string{h.public}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	defer srv.Close()
	l, err := ledger.Open(ctx, h.config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x := account.Witness{URL: srv.URL}
	x.Key, x.Mirror = w.Keys()
	q := asks(t, h, l, x)
	if err := q.Wait(ctx, l.Size(), 1); err != nil {
		t.Fatal(err)
	}
	if err := q.Copy(ctx); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(origin))
	copied := filepath.Join(dir, hex.EncodeToString(sum[:]), "log")
	finished := func(dir string) error {
		select {
		case err := <-runFsck(dir, h.verifier):
			return err
		case <-time.After(10 * time.Second): // on damage it may wait for itself for ever (v1.0.4), which is no approval either
			return context.DeadlineExceeded
		}
	}
	if err := finished(copied); err != nil {
		t.Errorf("fsck of the copy: %v", err)
	}
	head, err := os.ReadFile(filepath.Join(copied, "checkpoint"))
	if err != nil || ledger.Cosigned(head, x.Mirror) != nil || !bytes.Contains(head, []byte("\n3333\n")) {
		t.Errorf("%s, %v", head, err)
	}
	name := filepath.Join(copied, "tile/entries/005")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[30] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := finished(copied); err == nil {
		t.Error("fsck takes an edited copy")
	}
}
