package witness

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
)

const origin = "azekura.example/ledger/0a1b2c3d"

// house is a ledger that is watched.
type house struct {
	*ledger.Log
	public string
	signer note.Signer
}

func newHouse(t testing.TB, fsys durable.FS, dir string) *house {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{public: public, signer: s}
	h.Log = h.open(t, fsys, dir)
	return h
}

func (h *house) open(t testing.TB, fsys durable.FS, dir string) *ledger.Log {
	t.Helper()
	v, err := note.NewVerifier(h.public)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(context.Background(), ledger.Config{FS: fsys, Dir: dir, Origin: origin, Signer: h.signer, Verifier: v, FileSize: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func grow(t testing.TB, l *ledger.Log, n int) {
	t.Helper()
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = fmt.Appendf(nil, "entry %d %s", l.Size()+int64(i), strings.Repeat("x", 200))
	}
	if _, err := l.Append(context.Background(), entries...); err != nil {
		t.Fatal(err)
	}
}

func newWitness(t testing.TB, fsys durable.FS, dir string, public ...string) *Witness {
	t.Helper()
	w, err := Open(context.Background(), Config{FS: fsys, Dir: dir, Name: "witness.example/w", Ledger: public, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// post sends a body to a handler.
func post(h http.Handler, path string, body []byte) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body)))
	return rec
}

// TestStatuses: what C2SP tlog-witness says of each request.
func TestStatuses(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	other := newHouse(t, durable.OS(), filepath.Join(dir, "other"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	handler := w.Handler()

	grow(t, h.Log, 100)
	first, _, err := h.Advance(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec := post(handler, "/add-checkpoint", addBody(0, nil, first))
	if rec.Code != http.StatusOK {
		t.Fatalf("the first head: %d %s", rec.Code, rec.Body)
	}
	key, _ := w.Keys()
	if err := ledger.Cosigned(append(bytes.Clone(first), rec.Body.Bytes()...), key); err != nil {
		t.Fatal(err)
	}
	grow(t, h.Log, 57)
	second, proof, err := h.Advance(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	grow(t, other.Log, 200)
	foreign, _, err := other.Advance(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	fork := func(size int64) []byte { // signed by the ledger's key, and of another tree
		c := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(make([]byte, 32)))
		signed, err := note.Sign(&note.Note{Text: c}, h.signer)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	forged := append(tlog.TreeProof{}, proof...)
	forged[0][0] ^= 1
	unknown := strings.Replace(string(second), origin, "another.example/log", 1)
	for _, c := range []struct {
		name string
		body []byte
		want int
		size string
	}{
		{"an unknown ledger", addBody(100, proof, []byte(unknown)), 404, ""},
		{"signed by another key", addBody(100, nil, foreign), 403, ""},
		{"a changed head", bytes.Replace(addBody(100, proof, second), []byte("\n157\n"), []byte("\n158\n"), 1), 403, ""},
		{"a larger old size", addBody(158, proof, second), 400, ""},
		{"another old size", addBody(0, nil, second), 409, "100\n"},
		{"another old size, with a proof", addBody(99, proof, second), 409, "100\n"},
		{"no proof", addBody(100, nil, second), 422, ""},
		{"a forged proof", addBody(100, forged, second), 422, ""},
		{"a proof that is too long", addBody(100, append(proof, tlog.Hash{}), second), 422, ""},
		{"a fork of the same size", addBody(100, nil, fork(100)), 409, "100\n"},
		{"a fork of another size", addBody(100, proof, fork(157)), 422, ""},
		{"a shorter ledger", addBody(50, nil, fork(50)), 409, "100\n"},
		{"no size", []byte("old\n\n" + string(second)), 400, ""},
		{"zeros before the size", []byte("old 0100\n\n" + string(second)), 400, ""},
		{"a negative size", []byte("old -1\n\n" + string(second)), 400, ""},
		{"no blank line", []byte("old 100\n" + string(second)), 400, ""},
		{"64 hashes", addBody(100, make(tlog.TreeProof, 64), second), 400, ""},
		{"another word before the size", bytes.Replace(addBody(100, proof, second), []byte("old "), []byte("new "), 1), 400, ""},
		{"a size that is too large for one", bytes.Replace(addBody(100, proof, second), []byte("100"), []byte("9223372036854775808"), 1), 400, ""},
		{"a short hash", bytes.Replace(addBody(100, nil, second), []byte("\n\n"), []byte("\nAAAA\n\n"), 1), 400, ""},
		{"what is no hash", bytes.Replace(addBody(100, nil, second), []byte("\n\n"), []byte("\n!\n\n"), 1), 400, ""},
		{"nothing", nil, 400, ""},
		{"no head", addBody(100, proof, nil), 400, ""},
		{"too much", append(addBody(100, proof, second), make([]byte, maxHead)...), 400, ""},
		{"the head again", addBody(100, nil, first), 200, ""},
		{"the next head", addBody(100, proof, second), 200, ""},
		{"the first head again", addBody(100, nil, first), 409, "157\n"},
	} {
		rec := post(handler, "/add-checkpoint", c.body)
		if rec.Code != c.want || c.size != "" && (rec.Body.String() != c.size || rec.Header().Get("Content-Type") != sizeType) {
			t.Errorf("%s: %d %q, want %d %q", c.name, rec.Code, rec.Body, c.want, c.size)
		}
	}
}

// TestSurvivesCrash: what has been cosigned is not forgotten, whatever crashes or fails; a head that was not kept was not cosigned.
func TestSurvivesCrash(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	disk := durabletest.New(t)
	w := newWitness(t, disk, "witness", h.public)
	var cosigned int64
	for round := range 60 {
		grow(t, h.Log, 1+round%7)
		signed, proof, err := h.Advance(ctx, w.Heads()[0].Head.Size)
		if err != nil {
			t.Fatal(err)
		}
		for kind := durabletest.Open; round%2 == 0 && kind <= durabletest.SyncDir; kind++ {
			faults := durabletest.Faults(kind, disk.Calls(kind)+1)
			disk.Inject(faults[round%len(faults)])
		}
		old := w.Heads()[0].Head.Size
		switch rec := post(w.Handler(), "/add-checkpoint", addBody(old, proof, signed)); rec.Code {
		case http.StatusOK:
			cosigned = h.Size()
		case http.StatusInternalServerError:
		default:
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		disk.Heal()
		if round%3 == 0 {
			disk = disk.Crash(uint64(round))
			w = newWitness(t, disk, "witness", h.public)
			if n := w.Heads()[0].Head.Size; n < cosigned {
				t.Fatalf("after a crash %d, cosigned %d", n, cosigned)
			}
		}
	}
	if cosigned == 0 {
		t.Fatal("nothing was cosigned")
	}
}

// TestLostState: a witness whose state is gone or was changed does not start as if it had seen nothing.
func TestLostState(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	grow(t, h.Log, 300)
	for name, spoil := range map[string]func(p *durabletest.Platter, dir string) error{
		"no key":  func(p *durabletest.Platter, dir string) error { return p.Remove("witness/key") },
		"no head": func(p *durabletest.Platter, dir string) error { return p.Remove(dir + "/pending") },
		"another head": func(p *durabletest.Platter, dir string) error {
			return durable.WriteFile(p, dir+"/pending", []byte("x"), 0o600)
		},
	} {
		disk := durabletest.New(t)
		w := newWitness(t, disk, "witness", h.public)
		q := quorum(t, h, w)
		if err := q.Wait(ctx, h.Size(), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := q.pushOnce(ctx, q.guards[0]); err != nil {
			t.Fatal(err)
		}
		var dir string
		for hash := range w.hashes {
			dir = "witness/" + hash
		}
		if err := spoil(disk, dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, Config{FS: disk, Dir: "witness", Name: "witness.example/w", Ledger: []string{h.public}, Now: time.Now}); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
}

// inMemory lets a client reach a handler without a network.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	m.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func quorum(t testing.TB, h *house, w *Witness) *Quorum {
	t.Helper()
	key, mirror := w.Keys()
	q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Peers: []account.Witness{{URL: "http://witness.example", Key: key, Mirror: mirror}}, Now: time.Now, Transport: inMemory{w.Handler()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

// TestQuorum: a reading waits until enough witnesses have its entry, and fails closed if they do not come.
func TestQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
		w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
		down := false
		key, mirror := w.Keys()
		handler := w.Handler()
		q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Now: time.Now,
			Peers: []account.Witness{{URL: "http://a.example", Key: key, Mirror: mirror}},
			Transport: inMemory{http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if down {
					http.Error(rw, "down", http.StatusBadGateway)
					return
				}
				handler.ServeHTTP(rw, r)
			})}})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		wait := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return q.Wait(ctx, h.Size(), 1)
		}
		for range 5 {
			grow(t, h.Log, 300)
			if err := wait(time.Second); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		time.Sleep(mirrorTime + time.Second)
		synctest.Wait()
		if s := q.Status()[0]; s.Size != 1500 || s.Mirrored != 1500 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
		down = true
		grow(t, h.Log, 1)
		if err := wait(10 * time.Second); err == nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a witness: %v", err)
		}
		down = false
		if err := wait(2 * retryMost); err != nil {
			t.Errorf("the witness is back: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := q.Wait(ctx, h.Size(), 2); err == nil {
			t.Error("one witness counts as two")
		}
	})
}

// TestRefusals: a ledger that was rolled back or forked is named as such.
func TestRefusals(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	grow(t, h.Log, 100)
	if err := quorum(t, h, w).Wait(ctx, 100, 1); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		entries int
		want    error
	}{"an old copy": {60, ErrRolledBack}, "another of the same size": {100, ErrForked}, "another, longer": {150, ErrForked}} {
		l := h.open(t, durable.OS(), filepath.Join(dir, name))
		for l.Size() < int64(c.entries) {
			if _, err := l.Append(ctx, fmt.Appendf(nil, "else %d", l.Size())); err != nil {
				t.Fatal(err)
			}
		}
		key, mirror := w.Keys()
		cl, err := newClient(account.Witness{URL: "http://witness.example", Key: key, Mirror: mirror}, origin, inMemory{w.Handler()})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := cl.cosign(ctx, l, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestMirrorIsWhole: the copy is a ledger that verifies with the ledger's key alone, is served, and carries the mirror's cosignature.
func TestMirrorIsWhole(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	q := quorum(t, h, w)
	for _, n := range []int{1, 254, 1, 1, 700, 12000} {
		grow(t, h.Log, n)
		if err := q.Wait(ctx, h.Size(), 1); err != nil {
			t.Fatal(err)
		}
		if n, err := q.pushOnce(ctx, q.guards[0]); err != nil || n != h.Size() {
			t.Fatalf("%d of %d entries, %v", n, h.Size(), err)
		}
	}
	g := w.watched[origin]
	report, err := ledger.Verify(ctx, g.mirror.Files(), h.public)
	if err != nil || !report.OK() || report.Size != h.Size() {
		t.Fatalf("%+v, %v", report, err)
	}
	var hash string
	for hash = range w.hashes {
	}
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	_, mirror := w.Keys()
	if rec := get("/" + hash + "/checkpoint"); rec.Code != 200 || ledger.Cosigned(rec.Body.Bytes(), mirror) != nil {
		t.Errorf("the copy's head: %d %s", rec.Code, rec.Body)
	}
	if rec := get("/" + hash + "/latest"); rec.Code != 200 || !strings.Contains(rec.Body.String(), fmt.Sprintf("\n%d\n", h.Size())) {
		t.Errorf("the latest head: %d %s", rec.Code, rec.Body)
	}
	if rec := get("/" + hash + "/tile/entries/000"); rec.Code != 200 || !strings.Contains(rec.Body.String(), "entry 0 ") {
		t.Errorf("entries: %d", rec.Code)
	}
	for _, path := range []string{"/" + hash + "/pending", "/" + hash + "/../key", "/key", "/" + hash + "/tile/../../key", "/" + hash + "/tile/%2e%2e/%2e%2e/key", "/00/checkpoint"} {
		if rec := get(path); rec.Code == 200 {
			t.Errorf("%s is served", path)
		}
	}
}
