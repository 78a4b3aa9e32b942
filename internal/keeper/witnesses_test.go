package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/witness"
)

// wire is the way to a witness, which may be cut.
type wire struct {
	handler http.Handler
	cut     atomic.Bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.cut.Load() {
		return nil, http.ErrServerClosed
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// watched makes a keeper with a witness that is required.
func watched(t *testing.T, cfg Config) (*Local, *wire, account.Witness) {
	t.Helper()
	way := new(wire)
	cfg.Witnesses = way
	l := start(t, cfg)
	w, err := witness.Open(t.Context(), witness.Config{FS: durabletest.New(t), Dir: "witness", Name: "witness.example/w", Ledger: []string{l.keys.LedgerPublicKey()}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	way.handler = w.Handler()
	x := account.Witness{URL: "http://witness.example"}
	x.Key, x.Mirror = w.Keys()
	o, err := l.SetWitnesses(t.Context(), console(t, l), account.Witnessing{Mode: account.WitnessRequire, Need: 1, Witnesses: []account.Witness{x}})
	if err != nil || o.Proposal != nil {
		t.Fatalf("%+v, %v", o, err)
	}
	return l, way, x
}

// TestReleaseWaitsForWitness: where a witness is required, no key goes out before it has cosigned the entry, and none while it is away.
func TestReleaseWaitsForWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its time passes only when the keeper waits for the witness
		l, way, x := watched(t, testConfig(durabletest.New(t), "/data"))
		root := console(t, l)
		share, err := l.MakeShare(t.Context(), root, "アルバム")
		if err != nil {
			t.Fatal(err)
		}
		w := newWriter(t, l, root, share.ID)
		f, _ := w.version(t, "/アルバム/1組/山田.jpg")
		ask := Request{Session: root, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}
		if _, err := l.Release(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		is, states, err := l.Witnesses(t.Context(), root)
		if err != nil || len(states) != 1 || states[0].Size != l.log.Size() || is.Mode != account.WitnessRequire || is.Witnesses[0] != x {
			t.Fatalf("%+v, %+v, %v", is, states, err)
		}
		way.cut.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		before := l.log.Size()
		if leases, err := l.Release(ctx, ask); err == nil || hint(err) != "hint.witness-quorum" || leases != nil {
			t.Fatalf("without a witness: %v, %v", leases, err)
		}
		if l.log.Size() == before {
			t.Error("the attempt is not in the ledger")
		}
		ctx, cancel2 := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel2()
		if _, err := l.Unlock(ctx, root, share.ID); hint(err) != "hint.witness-quorum" {
			t.Errorf("unlock without a witness: %v", err)
		}
	})
}

// TestLooserWitnesses: to wait for less, or for others, takes two people; to wait for more does not.
func TestLooserWitnesses(t *testing.T) {
	a, b := account.Witness{URL: "http://a", Key: "a"}, account.Witness{URL: "http://b", Key: "b"}
	set := func(m account.WitnessMode, need int, w ...account.Witness) account.Witnessing {
		return account.Witnessing{Mode: m, Need: need, Witnesses: w}
	}
	for name, c := range map[string]struct {
		old, next account.Witnessing
		want      bool
	}{
		"first":              {account.Witnessing{}, set(account.WitnessRequire, 1, a), false},
		"none to off":        {account.Witnessing{}, set(account.WitnessOff, 0), false},
		"stricter":           {set(account.WitnessWarn, 1, a), set(account.WitnessRequire, 1, a), false},
		"more":               {set(account.WitnessRequire, 1, a, b), set(account.WitnessRequire, 2, a, b), false},
		"fewer":              {set(account.WitnessRequire, 2, a, b), set(account.WitnessRequire, 1, a, b), true},
		"require to warn":    {set(account.WitnessRequire, 1, a), set(account.WitnessWarn, 1, a), true},
		"warn to off":        {set(account.WitnessWarn, 1, a), set(account.WitnessOff, 1, a), true},
		"another":            {set(account.WitnessRequire, 1, a), set(account.WitnessRequire, 1, b), true},
		"one's own besides":  {set(account.WitnessRequire, 1, a), set(account.WitnessRequire, 1, a, b), true},
		"one more, warn":     {set(account.WitnessWarn, 1, a), set(account.WitnessWarn, 1, a, b), false},
		"one less, warn":     {set(account.WitnessWarn, 1, a, b), set(account.WitnessWarn, 1, a), true},
		"off may do as will": {set(account.WitnessOff, 1, a, b), set(account.WitnessOff, 0), false},
	} {
		if got := looserWitnessing(c.old, c.next); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	l, _, x := watched(t, testConfig(durabletest.New(t), "/data"))
	l.unwatch() // who asks witnesses reads the clock, too
	clock := time.Now().UTC()
	l.cfg.Now = func() time.Time { return clock }
	_, admin := arrived(t, l, &clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, &clock, "officer", account.PrivacyOfficer)
	o, err := l.SetWitnesses(t.Context(), admin, account.Witnessing{Mode: account.WitnessOff, Witnesses: []account.Witness{x}, Need: 1})
	if err != nil || o.Proposal == nil || !slices.Equal(o.Proposal.Changes, []account.RuleChange{{What: "witness-mode", From: "require", To: "off"}}) {
		t.Fatalf("%+v, %v", o, err)
	}
	if is, _, err := l.Witnesses(t.Context(), admin); err != nil || is.Mode != account.WitnessRequire {
		t.Errorf("%+v, %v", is, err)
	}
	if err := l.Confirm(t.Context(), officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if is, _, err := l.Witnesses(t.Context(), admin); err != nil || is.Mode != account.WitnessOff {
		t.Errorf("%+v, %v", is, err)
	}
}

// TestUnfitWitnesses: what cannot work is refused when it is written.
func TestUnfitWitnesses(t *testing.T) {
	l, _, x := watched(t, testConfig(durabletest.New(t), "/data"))
	root := console(t, l)
	other := x
	other.Key = l.keys.LedgerPublicKey() // of a log, not of a cosigner
	for want, w := range map[string]account.Witnessing{
		"hint.witness-mode": {Mode: "always", Need: 1, Witnesses: []account.Witness{x}},
		"hint.witness-need": {Mode: account.WitnessRequire, Need: 2, Witnesses: []account.Witness{x}},
		"hint.witness-url":  {Mode: account.WitnessRequire, Need: 1, Witnesses: []account.Witness{{URL: "ftp://w", Key: x.Key}}},
		"hint.witness-key":  {Mode: account.WitnessRequire, Need: 1, Witnesses: []account.Witness{other}},
	} {
		if _, err := l.SetWitnesses(t.Context(), root, w); hint(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	everywhere := account.Witness{URL: "http://[::]:7380", Key: x.Key}
	if _, err := l.fitWitnessing("", account.Witnessing{Mode: account.WitnessOff, Witnesses: []account.Witness{everywhere}}); hint(err) != "hint.witness-url" {
		t.Errorf("an address of nobody: %v", err)
	}
	if err := l.amend(t.Context(), "", "", func(_ *books, d *draft) ([]event.Event, error) {
		return []event.Event{d.setWitnessing(account.Witnessing{Mode: account.WitnessOff, Witnesses: []account.Witness{everywhere}})}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.fitWitnessing("", l.books.Load().Witnessing); err != nil { // named when it was taken
		t.Error(err)
	}
	if _, err := l.SetWitnesses(t.Context(), root, account.Witnessing{Mode: account.WitnessRequire, Need: 2, Witnesses: []account.Witness{x, x}}); hint(err) != "hint.witness-key" {
		t.Errorf("one witness twice: %v", err)
	}
}

// TestOldCopyIsRefused: who puts all of a keeper's files back as they were yesterday, its own notes included, is found out by the witness.
func TestOldCopyIsRefused(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(durable.OS(), dir)
	l, way, _ := watched(t, cfg)
	cfg.Witnesses = way
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.quorum.Asked(t.Context())
	if err := l.witnessed(t.Context(), l.log.Size()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "key", "root"), 0o600); err != nil { // os.CopyFS does not keep modes
		t.Fatal(err)
	}
	_, err = Open(t.Context(), cfg)
	hinted(t, "an old copy", err, "hint.ledger-witness")
	cfg.AcceptRollback = true
	if l, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.AcceptRollback = false
	l, found := reopen(t, cfg), false // the witness refuses still, as was accepted
	if s := l.quorumState()[0]; !s.Refuses || l.witnessed(withTime(t, 50*time.Millisecond), 1) == nil {
		t.Errorf("a witness of what was given up counts: %+v", s)
	}
	for e, err := range l.Events(t.Context(), console(t, l), Filter{Kinds: []event.Kind{event.RollbackAccepted}}) {
		if err != nil {
			t.Fatal(err)
		}
		found = found || e.Event.Note != ""
	}
	if !found {
		t.Error("the ledger does not tell of it")
	}
	// Removed and named again it is a witness like any other.
	w := l.books.Load().Witnessing
	for _, x := range []account.Witnessing{{Mode: account.WitnessOff}, w} {
		if o, err := l.SetWitnesses(t.Context(), console(t, l), x); err != nil || o.Proposal != nil {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), cfg)
	hinted(t, "a witness that was named anew", err, "hint.ledger-witness")
}

// withTime is a context that ends after a time.
func withTime(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestCloseWhileWaiting: a keeper that closes does not wait for witnesses that are away, and hands out nothing.
func TestCloseWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, way, _ := watched(t, testConfig(durabletest.New(t), "/data"))
		root := console(t, l)
		share, err := l.MakeShare(t.Context(), root, "アルバム")
		if err != nil {
			t.Fatal(err)
		}
		way.cut.Store(true)
		before := l.log.Size()
		ended := make(chan error)
		go func() {
			_, err := l.Unlock(t.Context(), root, share.ID)
			ended <- err
		}()
		if synctest.Wait(); l.log.Size() == before {
			t.Fatal("who waits is not in the ledger")
		}
		began := time.Now()
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Error("a share was unlocked without a witness")
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("the end took %v", d)
		}
		if l.watch(account.Witnessing{Witnesses: l.watched}) != nil || l.quorum != nil {
			t.Error("witnesses are asked after the end")
		}
	})
}

// TestOneWitnessTwice: one key under two names is one witness.
func TestOneWitnessTwice(t *testing.T) {
	l, _, x := watched(t, testConfig(durabletest.New(t), "/data"))
	y := x
	parts := strings.SplitN(x.Key, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append([]byte("b.example/w\n"), raw...))
	y.URL, y.Key = "http://b.example", fmt.Sprintf("b.example/w+%x+%s", sum[:4], parts[2])
	if err := witness.CheckKeys(y); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetWitnesses(t.Context(), console(t, l), account.Witnessing{Mode: account.WitnessRequire, Need: 2, Witnesses: []account.Witness{x, y}}); hint(err) != "hint.witness-key" {
		t.Error(err)
	}
}

// TestChangedWhileWaiting: who waits while witnesses are changed waits for those that are asked then, and what was known of the others stays.
func TestChangedWhileWaiting(t *testing.T) {
	l, way, x := watched(t, testConfig(durabletest.New(t), "/data"))
	if err := l.witnessed(t.Context(), l.log.Size()); err != nil {
		t.Fatal(err)
	}
	size := l.quorumState()[0].Size
	way.cut.Store(true)
	ended := make(chan error)
	next := l.log.Size() + 1
	go func() { ended <- l.witnessed(t.Context(), next) }()
	if err := l.append(t.Context(), event.Event{Kind: event.Heartbeat}); err != nil {
		t.Fatal(err)
	}
	another := x
	another.Mirror = ""
	another.URL = "http://another.example"
	if err := l.watch(account.Witnessing{Witnesses: []account.Witness{x, another}}); err != nil {
		t.Fatal(err)
	}
	if s := l.quorumState(); len(s) != 2 || s[0].Size < size || s[0].When.IsZero() {
		t.Errorf("%+v", s)
	}
	way.cut.Store(false)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// BenchmarkWitnessedRelease is what a required witness adds to a reading: one more flush, on its disk, and a round trip.
func BenchmarkWitnessedRelease(b *testing.B) {
	cfg := testConfig(durable.OS(), b.TempDir())
	cfg.ledgerFile = 0
	l := start(b, cfg)
	w, err := witness.Open(b.Context(), witness.Config{FS: durable.OS(), Dir: b.TempDir(), Name: "witness.example/w", Ledger: []string{l.keys.LedgerPublicKey()}, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	defer srv.Close()
	x := account.Witness{URL: srv.URL}
	x.Key, x.Mirror = w.Keys()
	s := console(b, l)
	share, err := l.MakeShare(b.Context(), s, "albums")
	if err != nil {
		b.Fatal(err)
	}
	f, _ := newWriter(b, l, s, share.ID).version(b, "/albums/a")
	for _, mode := range []account.WitnessMode{account.WitnessOff, account.WitnessRequire} {
		if _, err := l.SetWitnesses(b.Context(), s, account.Witnessing{Mode: mode, Need: 1, Witnesses: []account.Witness{x}}); err != nil {
			b.Fatal(err)
		}
		ask := func() {
			if _, err := l.Release(b.Context(), Request{Session: s, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}); err != nil {
				b.Error(err)
			}
		}
		b.Run(string(mode), func(b *testing.B) {
			for b.Loop() {
				ask()
			}
		})
		b.Run(string(mode)+", 32 at once", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					ask()
				}
			})
		})
		if _, err := l.SetWitnesses(b.Context(), s, account.Witnessing{Mode: account.WitnessOff, Need: 1, Witnesses: []account.Witness{x}}); err != nil {
			b.Fatal(err)
		}
	}
}
