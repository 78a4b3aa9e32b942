package witness

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
)

// answering returns a client of a witness whose place somebody else has taken.
func answering(t testing.TB, w *Witness, f http.HandlerFunc) *client {
	t.Helper()
	key, mirror := w.Keys()
	c, err := newClient(account.Witness{URL: "http://witness.example", Key: key, Mirror: mirror}, origin, inMemory{f})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNoneCounts: whatever somebody answers in a witness's place, only its own cosignature of this very head counts.
func TestNoneCounts(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	cosign := func(w *Witness, l *ledger.Log, old int64) []byte {
		head, proof, err := l.Advance(ctx, old)
		if err != nil {
			t.Fatal(err)
		}
		rec := post(w.Handler(), "/add-checkpoint", addBody(old, proof, head))
		if rec.Code != http.StatusOK {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		return rec.Body.Bytes()
	}
	grow(t, h.Log, 100)
	stale := cosign(w, h.Log, 0)
	wrongKey := newWitness(t, durable.OS(), filepath.Join(dir, "another"), h.public)
	grow(t, h.Log, 10)
	foreign := cosign(wrongKey, h.Log, 0)

	// The same witness's cosignature of another ledger with as many entries, and of a fork under the same name.
	fork := newHouse(t, durable.OS(), filepath.Join(dir, "fork"))
	for range 110 {
		if _, err := fork.Append(ctx, []byte("else")); err != nil {
			t.Fatal(err)
		}
	}
	shared, err := openShared(w, dir, fork.public)
	if err != nil {
		t.Fatal(err)
	}
	ofFork := cosign(shared, fork.Log, 0)

	good := cosign(w, h.Log, 100)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-10] = map[bool]byte{true: 'B', false: 'A'}[flipped[len(flipped)-10] == 'A'] // still base64
	say := func(status int, body []byte) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			rw.Write(body)
		}
	}
	for body, want := range map[string]string{string(foreign): "another key than the witness's", string(stale): "another head than this", string(ofFork): "another head than this", string(flipped): "another head than this",
		"": "without a cosignature", "— \n": "without a cosignature", "— witness.example/w AAAA\n": "without a cosignature"} {
		if _, _, err := answering(t, w, say(200, []byte(body))).cosign(ctx, h.Log, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
	for name, f := range map[string]http.HandlerFunc{
		"another witness's key": say(200, foreign), "of an older head": say(200, stale), "of another ledger": say(200, ofFork), "a flipped bit": say(200, flipped),
		"nothing": say(200, nil), "all of these": say(200, bytes.Join([][]byte{foreign, stale, ofFork, flipped}, nil)), "noise": say(200, bytes.Repeat([]byte("— \n"), 9000)),
		"no line": say(200, bytes.Repeat([]byte("x"), 1<<20)), "a cosignature as a refusal": say(403, good), "sent elsewhere": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://elsewhere.example/", http.StatusTemporaryRedirect)
		},
		"below nothing": say(409, []byte("-1\n")), "no size": say(409, []byte("many\n")), "mind changed": func() http.HandlerFunc {
			n := 0
			return func(rw http.ResponseWriter, _ *http.Request) {
				n++
				say(409, fmt.Appendf(nil, "%d\n", n))(rw, nil)
			}
		}(),
	} {
		size, _, err := answering(t, w, f).cosign(ctx, h.Log, 0)
		if err == nil || size != 0 {
			t.Errorf("%s counts: %d", name, size)
		}
		if errors.Is(err, ErrForked) || errors.Is(err, ErrRolledBack) {
			t.Errorf("%s is called a refusal: %v", name, err)
		}
	}
	// It claims more than there is: a refusal, but one that nothing proves.
	c := answering(t, w, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Handler().ServeHTTP(rw, r)
			return
		}
		say(409, fmt.Appendf(nil, "%d\n", int64(math.MaxInt64)))(rw, r)
	})
	if _, _, err := c.cosign(ctx, h.Log, 0); !errors.Is(err, ErrRolledBack) || c.shows(ctx, h.Log, h.public) {
		t.Errorf("a claim: %v", err)
	}
	if size, _, err := answering(t, w, say(200, append(bytes.Clone(stale), good...))).cosign(ctx, h.Log, 100); err != nil || size != 110 {
		t.Errorf("its own cosignature beside others does not count: %d, %v", size, err)
	}
}

// openShared opens a witness with the keys of another one, for another ledger of the same name.
func openShared(w *Witness, dir, public string) (*Witness, error) {
	b, err := durable.ReadFile(durable.OS(), filepath.Join(dir, "witness", keyName))
	if err != nil {
		return nil, err
	}
	to := filepath.Join(dir, "shared")
	if err := durable.MakeDir(durable.OS(), to, 0o700); err != nil {
		return nil, err
	}
	if err := durable.WriteFile(durable.OS(), filepath.Join(to, keyName), b, 0o600); err != nil {
		return nil, err
	}
	return Open(context.Background(), Config{FS: durable.OS(), Dir: to, Ledger: []string{public}, Now: time.Now})
}

// TestProvenRefusal: a witness of ours shows the head that an old or forked ledger contradicts.
func TestProvenRefusal(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	grow(t, h.Log, 100)
	if err := quorum(t, h, w).Wait(ctx, 100, 1); err != nil {
		t.Fatal(err)
	}
	c := answering(t, w, w.Handler().ServeHTTP)
	if c.shows(ctx, h.Log, h.public) {
		t.Error("the ledger itself is called another one")
	}
	for _, n := range []int{0, 60, 150} {
		l := h.open(t, durable.OS(), filepath.Join(dir, fmt.Sprint(n)))
		for range n {
			if _, err := l.Append(ctx, []byte("else")); err != nil {
				t.Fatal(err)
			}
		}
		key, _ := w.Keys()
		q, err := NewQuorum(QuorumConfig{Ledger: l, Origin: origin, Key: h.public, Peers: []account.Witness{{URL: "http://witness.example", Key: key}}, Now: time.Now, Transport: inMemory{w.Handler()}})
		if err != nil {
			t.Fatal(err)
		}
		q.Asked(ctx) // also an empty ledger asks
		if s := q.Status()[0]; !s.Refuses || !s.Proven {
			t.Errorf("%d other entries: %+v", n, s)
		}
		q.Close()
	}
}

// TestHungWitness: a witness that takes requests and never answers holds up neither the others nor an end.
func TestHungWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
		w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
		other := newWitness(t, durable.OS(), filepath.Join(dir, "other"), h.public)
		key, mirror := w.Keys()
		otherKey, otherMirror := other.Keys()
		q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Now: time.Now,
			Peers:     []account.Witness{{URL: "http://hung.example", Key: key, Mirror: mirror}, {URL: "http://good.example", Key: otherKey, Mirror: otherMirror}},
			Transport: oneHangs{inMemory{other.Handler()}}})
		if err != nil {
			t.Fatal(err)
		}
		grow(t, h.Log, 300)
		began := time.Now()
		if err := q.Wait(t.Context(), 300, 1); err != nil || time.Since(began) > time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ended := make(chan error)
		go func() { ended <- q.Wait(t.Context(), 300, 2) }()
		time.Sleep(3 * time.Minute)
		q.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("who waits at the end: %v", err)
		}
		if s := q.Status(); s[0].Problem == "" || !s[0].Away() || s[1].Away() || s[1].Mirrored != 300 {
			t.Errorf("%+v", s)
		}
	})
}

// oneHangs answers nothing for one host.
type oneHangs struct{ inMemory }

func (o oneHangs) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hung.example" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return o.inMemory.RoundTrip(r)
}

// TestBackAtOnce: who waits for a witness that has been away for long does not wait for its turn as well.
func TestBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
		w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
		var mu sync.Mutex
		down := true
		key, _ := w.Keys()
		q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Now: time.Now, Peers: []account.Witness{{URL: "http://a.example", Key: key}},
			Transport: inMemory{http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if down {
					http.Error(rw, "down", http.StatusBadGateway)
					return
				}
				w.Handler().ServeHTTP(rw, r)
			})}})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		grow(t, h.Log, 1)
		q.Tell()
		time.Sleep(10 * time.Minute)
		mu.Lock()
		down = false
		mu.Unlock()
		grow(t, h.Log, 1)
		began := time.Now()
		if err := q.Wait(t.Context(), 2, 1); err != nil || time.Since(began) > 2*retryFirst {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// TestIdleMirror: a mirror that takes nothing, or says nonsense, is not asked for ever.
func TestIdleMirror(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	grow(t, h.Log, 300)
	if _, err := h.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.NewReader(h.Files(), h.public)
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{"300\n0\n\n", "300\n300\n\n", "300\n9000\n\n", "0\n0\n\n", "-1\n0\n\n", "300\n-1\n\n", "", "900\n0\n\n", "300\n0\nx\n"} {
		asked := 0
		c := answering(t, w, func(rw http.ResponseWriter, r *http.Request) {
			if asked++; asked > 100 {
				t.Fatalf("%q: asked for ever", answer)
			}
			rw.WriteHeader(http.StatusConflict)
			rw.Write([]byte(answer))
		})
		if n, err := c.push(ctx, r); err == nil {
			t.Errorf("%q: %d entries are copied", answer, n)
		}
	}
}

// TestManyPush: several clients that give the same entries at once, and begin again in between, make one whole copy.
func TestManyPush(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	q := quorum(t, h, w)
	for range 3 {
		grow(t, h.Log, 1500)
		if err := q.Wait(ctx, h.Size(), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Publish(ctx); err != nil {
			t.Fatal(err)
		}
		r, err := ledger.NewReader(h.Files(), h.public)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 2 {
			c := answering(t, w, w.Handler().ServeHTTP)
			all.Go(func() { c.push(ctx, r) }) // one of them may be told that the other was faster
		}
		all.Wait()
		if n, err := q.pushOnce(ctx, q.guards[0]); err != nil || n != h.Size() {
			t.Fatalf("%d of %d: %v", n, h.Size(), err)
		}
	}
	if report, err := ledger.Verify(ctx, w.watched[origin].mirror.Files(), h.public); err != nil || !report.OK() || report.Size != h.Size() {
		t.Fatalf("%+v, %v", report, err)
	}
}

// TestBetweenTilesAndHead: a mirror that ends when tiles are there and the head is not begins again behind its last head, and becomes whole.
// Its full disk is not taken for a forged entry.
func TestBetweenTilesAndHead(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	disk := durabletest.New(t)
	w := newWitness(t, disk, "witness", h.public)
	grow(t, h.Log, 100)
	q := quorum(t, h, w)
	for _, n := range []int{0, 1000, 1000} {
		if n > 0 {
			grow(t, h.Log, n)
		}
		if err := q.Wait(ctx, h.Size(), 1); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			disk.Inject(durabletest.Faults(durabletest.Rename, disk.Calls(durabletest.Rename)+5)[0])
			_, err := q.pushOnce(ctx, q.guards[0])
			if err == nil || !strings.Contains(err.Error(), "500") {
				t.Errorf("a disk that fails: %v", err)
			}
			disk.Heal()
			disk = disk.Crash(uint64(n))
			w = newWitness(t, disk, "witness", h.public)
			if m := w.watched[origin].mirror; m.Next() != m.Head().Size {
				t.Errorf("it begins at %d behind a head of %d", m.Next(), m.Head().Size)
			}
			q = quorum(t, h, w)
			if err := q.Wait(ctx, h.Size(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := q.pushOnce(ctx, q.guards[0]); err != nil || got != h.Size() {
			t.Fatalf("%d of %d: %v", got, h.Size(), err)
		}
	}
	if report, err := ledger.Verify(ctx, w.watched[origin].mirror.Files(), h.public); err != nil || !report.OK() || report.Size != h.Size() {
		t.Fatalf("%+v, %v", report, err)
	}
}

// TestOldHeadPutBack: a witness whose latest head was replaced by an older one, so that it would cosign what it had refused, does not start.
func TestOldHeadPutBack(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	disk := durabletest.New(t)
	w := newWitness(t, disk, "witness", h.public)
	q := quorum(t, h, w)
	grow(t, h.Log, 10)
	if err := q.Wait(ctx, 10, 1); err != nil {
		t.Fatal(err)
	}
	old := w.watched[origin].pending
	grow(t, h.Log, 10)
	if err := q.Wait(ctx, 20, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := q.pushOnce(ctx, q.guards[0]); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(disk, filepath.Join(w.watched[origin].dir, pendingName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, Config{FS: disk, Dir: "witness", Ledger: []string{h.public}, Now: time.Now}); err == nil {
		t.Error("it starts")
	}
}

// TestUploadsOfOne: one peer that dawdles takes no places of others, and what is packed is not unpacked without bounds.
func TestUploadsOfOne(t *testing.T) {
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(t.TempDir(), "witness"), h.public)
	for i, want := range []bool{true, true, false} {
		if w.enter("203.0.113.1") != want {
			t.Errorf("upload %d of one address", i)
		}
	}
	if !w.enter("203.0.113.2") {
		t.Error("another address has no place")
	}
	w.leave("203.0.113.1")
	if !w.enter("203.0.113.1") {
		t.Error("a place is not given back")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(make([]byte, 64<<20))
	z.Close()
	r := httptest.NewRequest(http.MethodPost, "/add-entries", &b)
	r.Header.Set("Content-Encoding", "gzip")
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusNotFound {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestPublicKeys: the keys of a witness at work can be read beside it; where there is none, none is made.
func TestPublicKeys(t *testing.T) {
	disk := durabletest.New(t)
	if _, _, err := PublicKeys(disk, "witness"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	w := newWitness(t, disk, "witness")
	key, mirror := w.Keys()
	if k, m, err := PublicKeys(disk, "witness"); err != nil || k != key || m != mirror {
		t.Errorf("%s, %s, %v", k, m, err)
	}
}
