package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
)

// grease is signature lines of keys and kinds that nobody knows, as C2SP signed-note wants them to be passed over; some have a known name or a known key ID,
// and one is as long as those of ML-DSA-44.
func grease(name string, key uint32) []byte {
	var b bytes.Buffer
	for i, x := range []struct {
		name string
		key  uint32
		size int
	}{{name, key + 1, 64}, {"grease.example", key, 72}, {"grease.example/日本", 0xffffffff, 1}, {name, 7, 8 + 2420}} {
		s := binary.BigEndian.AppendUint32(nil, x.key)
		fmt.Fprintf(&b, "— %s %s\n", x.name, base64.StdEncoding.EncodeToString(append(s, bytes.Repeat([]byte{byte(i)}, x.size)...)))
	}
	return b.Bytes()
}

// TestGrease: lines that nobody knows are passed over on both sides, and those of a head with extension lines are what was signed.
func TestGrease(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	grow(t, h.Log, 10)
	head, _, err := h.Advance(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, signed := range [][]byte{append(bytes.Clone(head), grease(origin, h.signer.KeyHash())...), head} {
		if rec := post(w.Handler(), "/add-checkpoint", addBody(w.Heads()[0].Head.Size, nil, signed)); rec.Code != http.StatusOK || bytes.Count(rec.Body.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	}
	spoiled := bytes.Replace(bytes.Clone(head), []byte("\n10\n"), []byte("\n11\n"), 1)
	if rec := post(w.Handler(), "/add-checkpoint", addBody(10, nil, append(spoiled, grease(origin, h.signer.KeyHash())...))); rec.Code != http.StatusForbidden {
		t.Errorf("a spoiled signature among others: %d %s", rec.Code, rec.Body)
	}
	text, _, _ := strings.Cut(string(head), "\n\n")
	extended, err := note.Sign(&note.Note{Text: text + "\nan extension line\n"}, h.signer)
	if err != nil {
		t.Fatal(err)
	}
	rec := post(w.Handler(), "/add-checkpoint", addBody(10, nil, extended))
	key, _ := w.Keys()
	if rec.Code != http.StatusOK || ledger.Cosigned(append(extended, rec.Body.Bytes()...), key) != nil {
		t.Errorf("a head with an extension line: %d %s", rec.Code, rec.Body)
	}
	c := answering(t, w, func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, r)
		rw.Write(append(grease("witness.example/w", keyHash(t, key)), rec.Body.Bytes()...))
	})
	if size, _, err := c.cosign(ctx, h.Log, 10); err != nil || size != 10 {
		t.Errorf("%d, %v", size, err)
	}
}

func keyHash(t *testing.T, key string) uint32 {
	v, err := torchwood.NewCosignatureVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return v.KeyHash()
}

// timed signs at a time of its own.
type timed struct {
	*torchwood.CosignatureSigner
	key ed25519.PrivateKey
	at  int64
}

func (s timed) Sign(msg []byte) ([]byte, error) {
	sig := ed25519.Sign(s.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", s.at, msg))
	return append(binary.BigEndian.AppendUint64(nil, uint64(s.at)), sig...), nil
}

// TestCosignedWhen: a cosignature without a time does not say that a head was the latest, so it is none. One from the future counts; its time is shown, and
// people are told that the clocks lie apart.
func TestCosignedWhen(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	grow(t, h.Log, 10)
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s, err := torchwood.NewCosignatureSigner("witness.example/w", key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, x := range []struct {
		at    int64
		ok    bool
		clock time.Duration
	}{{0, false, 0}, {now.Unix(), true, 0}, {now.Unix() + 3600, true, time.Hour}, {1, true, -time.Duration(now.Unix()-1) * time.Second}} {
		way := inMemory{http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			b.ReadFrom(r.Body)
			_, _, signed, err := parseAdd(b.Bytes())
			if err != nil {
				t.Error(err)
			}
			n, err := note.Sign(&note.Note{Text: strings.Split(string(signed), "\n\n")[0] + "\n"}, timed{s, key, x.at})
			if err != nil {
				t.Error(err)
			}
			rw.Write(linesOf(n, s.Name()))
		})}
		q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Peers: []account.Witness{{URL: "http://witness.example", Key: s.Verifier().String()}}, Now: func() time.Time { return time.Unix(now.Unix(), 0) }, Transport: way})
		if err != nil {
			t.Fatal(err)
		}
		q.Asked(ctx)
		st := q.Status()[0]
		if st.Away() == x.ok || st.Clock() != x.clock {
			t.Errorf("at %d: %+v, %v", x.at, st, st.Clock())
		}
		q.Close()
	}
}

// TestUploadGoesOn: who uploads to a head goes on to that head, also when a later one has come meanwhile.
func TestUploadGoesOn(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	c := answering(t, w, w.Handler().ServeHTTP)
	grow(t, h.Log, 600)
	if _, _, err := c.cosign(ctx, h.Log, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.NewReader(h.Files(), h.public)
	if err != nil {
		t.Fatal(err)
	}
	ticket := w.watched[origin].pending
	grow(t, h.Log, 5)
	unseen, _, err := h.Advance(ctx, 600)
	if err != nil {
		t.Fatal(err)
	}
	grow(t, h.Log, 5)
	if _, _, err := c.cosign(ctx, h.Log, 600); err != nil {
		t.Fatal(err)
	}
	first, err := partsFrom(ctx, r, 0, 200) // too little for a package of that head, and then one
	if err != nil {
		t.Fatal(err)
	}
	all, err := partsFrom(ctx, r, 0, 600)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name   string
		start  int64
		parts  []byte
		status int
		next   int64
	}{
		{"a start too far ahead", 512, nil, http.StatusConflict, 0},
		{"no whole part", 0, first[:100], http.StatusBadRequest, -1},
		{"a prefix", 0, all[:len(all)/2], http.StatusAccepted, 256},
	} {
		status, answer, err := c.upload(ctx, upload{origin, x.start, 600, ticket}, x.parts)
		if err != nil || status != x.status {
			t.Errorf("%s: %d %.80q, %v", x.name, status, answer, err)
			continue
		}
		if x.next < 0 {
			continue
		}
		if m, err := parseInfo(answer); err != nil || m.size != 600 || m.next != x.next || !bytes.Equal(m.ticket, ticket) {
			t.Errorf("%s: %+v, %v", x.name, m, err)
		}
	}
	if status, answer, err := c.upload(ctx, upload{origin, 0, 601, ticket}, nil); err != nil || status != http.StatusConflict || !strings.HasPrefix(string(answer), "610\n") {
		t.Errorf("a head that nobody has seen: %d %.80q, %v", status, answer, err)
	}
	if status, answer, err := c.upload(ctx, upload{origin, 256, 605, unseen}, nil); err != nil || status != http.StatusConflict || !strings.HasPrefix(string(answer), "610\n") {
		t.Errorf("a head of the ledger that was not cosigned here: %d %.80q, %v", status, answer, err)
	}
	if status, answer, err := c.upload(ctx, upload{origin, 256, 610, nil}, nil); err != nil || status != http.StatusBadRequest {
		t.Errorf("the latest head, without a ticket: %d %.80q, %v", status, answer, err)
	}
	for _, u := range []upload{{origin, 256, 255, nil}, {origin, -1, 600, ticket}} {
		if status, answer, err := c.upload(ctx, u, nil); err != nil || status != http.StatusBadRequest {
			t.Errorf("from %d to %d: %d %.80q, %v", u.start, u.end, status, answer, err)
		}
	}
	w.busy = maxUploads
	if status, answer, err := c.upload(ctx, upload{origin, 256, 600, ticket}, nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("one upload more than there is room for: %d %.80q, %v", status, answer, err)
	}
}

// TestForgedEntries: the copy takes no entry that does not stand in the signed tree, whoever sends it, and what its disk refuses is not said to be forged.
func TestForgedEntries(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	disk := durabletest.New(t)
	w := newWitness(t, disk, "/witness", h.public)
	c := answering(t, w, w.Handler().ServeHTTP)
	grow(t, h.Log, 300)
	if _, _, err := c.cosign(ctx, h.Log, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.NewReader(h.Files(), h.public)
	if err != nil {
		t.Fatal(err)
	}
	good, err := partsFrom(ctx, r, 0, 300)
	if err != nil {
		t.Fatal(err)
	}
	mirror, ticket := w.watched[origin].mirror, w.watched[origin].pending
	for next, at := range []int{100, bytes.LastIndex(good, []byte("xxxx"))} { // an entry of the first part, and of the second
		forged := bytes.Clone(good)
		forged[at] ^= 1
		status, answer, err := c.upload(ctx, upload{origin, 0, 300, ticket}, forged)
		if err != nil || status != http.StatusUnprocessableEntity || mirror.Head().Size != 0 || mirror.Next() != int64(next)*256 {
			t.Errorf("part %d edited: %d %.80q, %v; %d are there", next, status, answer, err, mirror.Next())
		}
	}
	rest := func() []byte {
		parts, err := partsFrom(ctx, r, mirror.Next(), 300)
		if err != nil {
			t.Fatal(err)
		}
		return parts
	}
	disk.Inject(durabletest.Fault{Kind: durabletest.Open, N: disk.Calls(durabletest.Open) + 1, Err: syscall.EIO})
	if status, answer, err := c.upload(ctx, upload{origin, mirror.Next(), 300, ticket}, rest()); err != nil || status != http.StatusInternalServerError || strings.TrimSpace(string(answer)) != "the witness cannot write" {
		t.Errorf("a disk that fails: %d %.80q, %v", status, answer, err)
	}
	disk.Heal()
	if status, answer, err := c.upload(ctx, upload{origin, mirror.Next(), 300, ticket}, rest()); err != nil || status != http.StatusOK || mirror.Head().Size != 300 {
		t.Errorf("what is whole: %d %.80q, %v", status, answer, err)
	}
}

// TestKnowsLess: a witness that knows less than it is said to has not seen a fork, and is told the rest.
func TestKnowsLess(t *testing.T) {
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	w := newWitness(t, durabletest.New(t), "/witness", h.public)
	grow(t, h.Log, 10)
	if size, _, err := answering(t, w, w.Handler().ServeHTTP).cosign(context.Background(), h.Log, 10); err != nil || size != 10 {
		t.Errorf("%d, %v", size, err)
	}
}

// TestShownByOthers: a witness that serves its latest head where C2SP tlog-witness has it proves a refusal with it, as ours does under both names.
func TestShownByOthers(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := newHouse(t, durable.OS(), filepath.Join(dir, "ledger"))
	w := newWitness(t, durable.OS(), filepath.Join(dir, "witness"), h.public)
	grow(t, h.Log, 10)
	if _, _, err := answering(t, w, w.Handler().ServeHTTP).cosign(ctx, h.Log, 0); err != nil {
		t.Fatal(err)
	}
	short := h.open(t, durable.OS(), filepath.Join(dir, "short"))
	var hash string
	for hash = range w.hashes {
	}
	if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 {
		t.Fatal(hash)
	}
	served := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	own := served("/witness/" + hash + "/checkpoint")
	if own.Code != http.StatusOK || !bytes.Equal(own.Body.Bytes(), w.watched[origin].pending) {
		t.Errorf("%d %s", own.Code, own.Body)
	}
	if rec := served("/witness/00/checkpoint"); rec.Code != http.StatusNotFound {
		t.Errorf("of no ledger: %d", rec.Code)
	}
	c := answering(t, w, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/"+hash+"/checkpoint" {
			rw.Write(own.Body.Bytes())
			return
		}
		http.NotFound(rw, r)
	})
	if !c.shows(ctx, short, h.public) || c.shows(ctx, h.Log, h.public) {
		t.Error("what it shows is not taken")
	}
}
