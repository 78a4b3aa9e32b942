package keeper

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// readings is what a run of releases was given: every lease, and who asked for it and why.
type readings struct {
	mu     sync.Mutex
	given  map[id.Version]reading
	asked  int // releases
	failed int // of them
}

type reading struct {
	session id.Session
	purpose account.Purpose
	path    string
	until   time.Time
}

// run makes a keeper on a disk and asks for keys from several sides. It judges only what it is given; a broken
// disk may refuse everything. ready is called when nothing but releases follows.
func (r *readings) run(t *testing.T, disk durable.FS, releases, callers int, ready func()) {
	ctx := t.Context()
	cfg := testConfig(disk, "/data")
	if Init(ctx, cfg) != nil {
		return
	}
	l, err := Open(ctx, cfg)
	if err != nil {
		return
	}
	defer l.Close(ctx) // on a broken disk it fails; what was promised holds all the same
	s, err := l.Login(ctx, account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
	if err != nil {
		return
	}
	share, err := l.MakeShare(ctx, s.ID, "アルバム")
	if err != nil {
		return
	}
	u, err := l.Unlock(ctx, s.ID, share.ID)
	if err != nil {
		return
	}
	ready()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			e, err := u.Recipient.NewEpoch(share.ID)
			if err != nil {
				t.Error(err)
				return
			}
			w := &writer{share.ID, metadataOf(u), e}
			for i := range releases / callers {
				r.release(t, l, s.ID, w, caller, i)
			}
		})
	}
	all.Wait()
}

// release asks for one to three keys and remembers the leases.
func (r *readings) release(t *testing.T, l *Local, s id.Session, w *writer, caller, i int) {
	purposes := []account.Purpose{account.Open, account.Export, account.Verify, account.Restore}
	q := Request{Session: s, Purpose: purposes[i%len(purposes)], Share: w.share}
	for n := range 1 + i%3 {
		f, _ := w.version(t, fmt.Sprintf("/アルバム/%d/%d-%d.jpg", caller, i, n))
		q.Files = append(q.Files, f)
	}
	leases, err := l.Release(t.Context(), q)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if err != nil {
		r.failed++
		if leases != nil {
			t.Errorf("a release that failed with %v gave %d leases", err, len(leases))
		}
		if k := problem.KindOf(err); k != problem.Unavailable {
			t.Errorf("a broken ledger shows as %v: %v", k, err)
		}
		return
	}
	if len(leases) != len(q.Files) {
		t.Fatalf("%d leases for %d files", len(leases), len(q.Files))
	}
	for n, lease := range leases {
		if lease.Version != q.Files[n].Version {
			t.Error("leases are not in the order of the request")
		}
		r.given[lease.Version] = reading{s, q.Purpose, fmt.Sprintf("/アルバム/%d/%d-%d.jpg", caller, i, n), lease.Until}
	}
}

// check looks on a disk, as the next start finds it, for the entry of every lease.
func (r *readings) check(t *testing.T, disk durable.FS) {
	t.Helper()
	if len(r.given) == 0 {
		return // nothing was promised, so the keeper need not even open
	}
	l, err := Open(t.Context(), testConfig(disk, "/data"))
	if err != nil {
		t.Fatalf("the keeper does not open any more: %v", err)
	}
	defer l.Close(t.Context())
	s := console(t, l)
	missing := make(map[id.Version]reading, len(r.given))
	for v, x := range r.given {
		missing[v] = x
	}
	for e, err := range l.Events(t.Context(), s, Filter{Kinds: []event.Kind{event.Released}}) {
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range e.Event.Files {
			x, ok := missing[f.Version]
			if !ok {
				continue // recorded and then refused
			}
			if e.Event.Session != x.session || e.Event.Purpose != x.purpose || e.Paths[i] != x.path || e.Event.Until.Before(x.until) {
				t.Errorf("entry %d (%s by %v until %v) is not of the lease %+v", e.Index, e.Event.Purpose, e.Event.Session, e.Event.Until, x)
			}
			delete(missing, f.Version)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d of %d keys were handed out without a durable record", len(missing), len(r.given))
	}
	report, err := ledger.Verify(t.Context(), l.log.Files(), l.keys.LedgerPublicKey())
	if err != nil || !report.OK() {
		t.Errorf("the ledger does not verify: %+v, %v", report, err)
	}
}

// TestNoKeyBeforeTheRecordAtEveryFault breaks each call of a short run once, in every way a call can break, and then
// takes the power away.
func TestNoKeyBeforeTheRecordAtEveryFault(t *testing.T) {
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		r := &readings{given: make(map[id.Version]reading)}
		r.run(t, p, 6, 1, func() {})
		for disk := range p.Crashes(2) {
			r.check(t, disk)
		}
	})
}

func TestNoKeyBeforeTheRecordAtEveryPowerCut(t *testing.T) {
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		r := &readings{given: make(map[id.Version]reading)}
		r.run(t, p, 6, 2, func() {})
		for disk := range p.Crashes(2) {
			r.check(t, disk)
		}
	})
}

// TestNoKeyBeforeTheRecord does more than 10,000 releases from eight sides on disks that break again and again, one
// of them in the middle for good.
func TestNoKeyBeforeTheRecord(t *testing.T) {
	const rounds, releases = 40, 320
	asked, failed, given := 0, 0, 0
	for round := range uint64(rounds) {
		rnd := rand.New(rand.NewPCG(round, 1))
		p := durabletest.New(t)
		kinds := []durabletest.Kind{durabletest.Open, durabletest.Write, durabletest.Truncate, durabletest.Sync, durabletest.Rename, durabletest.SyncDir}
		r := &readings{given: make(map[id.Version]reading)}
		r.run(t, p, releases, 8, func() {
			for range 30 {
				k := kinds[rnd.IntN(len(kinds))]
				faults := durabletest.Faults(k, p.Calls(k)+1+rnd.IntN(releases/2))
				p.Inject(faults[rnd.IntN(len(faults))])
			}
			if round%4 == 3 {
				p.Inject(durabletest.Fault{Kind: durabletest.Any, N: p.Calls(durabletest.Any) + rnd.IntN(releases), Cut: true, Done: round%8 == 3})
			}
		})
		for range 2 {
			r.check(t, p.Crash(rnd.Uint64()))
		}
		asked, failed, given = asked+r.asked, failed+r.failed, given+len(r.given)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d releases, %d of them failed, %d keys", asked, failed, given)
	if asked < 10_000 || failed == 0 || given < 10_000 {
		t.Errorf("%d releases, %d failed, %d keys: too few to show anything", asked, failed, given)
	}
}

// TestNoKeyWithoutLedger shows that a ledger that cannot write refuses, at once and for all purposes.
func TestNoKeyWithoutLedger(t *testing.T) {
	p := durabletest.New(t)
	l, err := startOn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(t.Context()))
	s := console(t, l)
	share, err := l.MakeShare(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, l, s, share.ID)
	f, _ := w.version(t, "/a/b")
	p.Inject(durabletest.Fault{Kind: durabletest.Any, N: 1, Cut: true, Times: -1})
	for _, purpose := range []account.Purpose{account.Open, account.BreakGlass} {
		leases, err := l.Release(t.Context(), Request{Session: s, Purpose: purpose, Share: share.ID, Files: []Sealed{f}})
		if leases != nil || problem.KindOf(err) != problem.Unavailable {
			t.Errorf("%s: %d leases, %v", purpose, len(leases), err)
		}
	}
	if _, err := l.Unlock(t.Context(), s, share.ID); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("unlock: %v", err)
	}
	if _, err := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"}); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("login: %v", err)
	}
}

func startOn(t *testing.T, disk durable.FS) (*Local, error) {
	if err := Init(t.Context(), testConfig(disk, "/data")); err != nil {
		return nil, err
	}
	return Open(t.Context(), testConfig(disk, "/data"))
}

// BenchmarkRelease is what a reading costs here: a file whose epoch is known, and one whose epoch is new, on the real
// disk.
func BenchmarkRelease(b *testing.B) {
	cfg := testConfig(durable.OS(), b.TempDir())
	cfg.ledgerFile = 0
	l := start(b, cfg)
	s := console(b, l)
	share, err := l.MakeShare(b.Context(), s, "albums")
	if err != nil {
		b.Fatal(err)
	}
	w := newWriter(b, l, s, share.ID)
	f, _ := w.version(b, "/albums/a")
	for _, c := range []struct {
		name string
		next func(f *Sealed)
	}{{"known epoch", func(*Sealed) {}}, {"new epoch", func(f *Sealed) { f.Epoch = id.NewEpoch() }}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.next(&f)
				if _, err := l.Release(b.Context(), Request{Session: s, Purpose: account.Open, Share: share.ID, Files: []Sealed{f}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLogin is what each request of a file door pays: a live session is found by its device password.
func BenchmarkLogin(b *testing.B) {
	l := start(b, testConfig(durabletest.New(b), "/data"))
	c := person(b, l, console(b, l), "yamada", "", account.NoRights)
	for b.Loop() {
		if _, err := l.Login(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}
