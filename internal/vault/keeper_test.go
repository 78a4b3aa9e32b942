package vault_test

import (
	"context"
	"crypto/hpke"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/vault"
)

// testKeeper holds the keys of shares in memory and counts what it releases.
type testKeeper struct {
	gone     string // a share that was erased
	mu       sync.Mutex
	shares   []account.Share
	others   []account.Share // that a session is concerned with, and may not read
	keys     map[id.Share]hpke.PrivateKey
	meta     map[id.Share]seal.Key
	released map[account.Purpose]int
	ended    bool
	now      func() time.Time
	mute     bool // hands out no key
	ledger   []event.Event
	releases int          // requests that were granted
	versions []id.Version // that were released
	painter  vault.Painter
	guard    *guard.Guard
	stops    []account.Stop
	traps    []string // paths that are traps
	persons  bool     // names tell persons
	former   []string // the paths before, of what was released last
	// maySettle says who may decide about the acts of an account; nil: everybody.
	maySettle func(s id.Session, author id.Account) error
}

func newTestKeeper(t testing.TB, names ...string) *testKeeper {
	k := &testKeeper{keys: map[id.Share]hpke.PrivateKey{}, meta: map[id.Share]seal.Key{}, released: map[account.Purpose]int{}}
	for _, n := range names {
		private, err := seal.KEM().GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		s := account.Share{ID: id.NewShare(), Name: n, Write: true}
		k.shares, k.keys[s.ID], k.meta[s.ID] = append(k.shares, s), private, seal.NewKey()
	}
	return k
}

func (k *testKeeper) Login(context.Context, account.Credentials) (account.Session, error) {
	return account.Session{}, errors.New("not used")
}

func (k *testKeeper) Check(_ context.Context, s id.Session, _ id.Share, _ bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return problem.New(problem.Unauthenticated, "check", "", nil)
	}
	return k.frozen(s)
}

// frozen reports whether a session was stopped; k.mu is held.
func (k *testKeeper) frozen(s id.Session) error {
	if slices.ContainsFunc(k.stops, func(f account.Stop) bool { return f.Subject == s.String() }) {
		return problem.New(problem.Frozen, "check", "", nil)
	}
	return nil
}

func (k *testKeeper) Shares(context.Context, id.Session) ([]account.Share, error) {
	return k.shares, nil
}

// Concerned lists, to whoever investigates, shares that Shares does not.
func (k *testKeeper) Concerned(context.Context, id.Session) ([]account.Share, error) {
	return slices.Concat(k.shares, k.others), nil
}

func (k *testKeeper) CheckConcern(_ context.Context, s id.Session, _ id.Share) error {
	return k.Check(context.Background(), s, id.Share{}, false)
}

func (k *testKeeper) End(context.Context, id.Session, string) error { return nil }

func (k *testKeeper) Record(_ context.Context, events ...event.Event) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ledger = append(k.ledger, events...)
	return nil
}

func (k *testKeeper) Events(_ context.Context, _ id.Session, f keeper.Filter) iter.Seq2[keeper.Entry, error] {
	k.mu.Lock()
	defer k.mu.Unlock()
	told := slices.Clone(k.ledger)
	return func(yield func(keeper.Entry, error) bool) {
		for _, e := range told {
			paths := make([]string, len(e.Files))
			for i, file := range e.Files {
				p, err := seal.PathKey(k.meta[e.Share]).OpenOnce(nil, file.Path, nil)
				if err != nil {
					yield(keeper.Entry{}, err)
					return
				}
				paths[i] = string(p)
			}
			if entry := (keeper.Entry{Event: e, Paths: paths}); f.Match(&entry) && !yield(entry, nil) {
				return
			}
		}
	}
}

func (k *testKeeper) Unlock(_ context.Context, _ id.Session, s id.Share) (keeper.Unlocked, error) {
	r, err := seal.ParseRecipient(k.keys[s].PublicKey().Bytes())
	return keeper.Unlocked{Recipient: r, Metadata: k.meta[s]}, err
}

func (k *testKeeper) Stop(_ context.Context, stops ...account.Stop) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stops = append(k.stops, stops...)
	return nil
}

// Ended says that shares were erased that are not there any more.
func (k *testKeeper) Ended(_ context.Context, _ id.Session, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone == "" || name != k.gone {
		return nil
	}
	return &problem.Error{Kind: problem.NotFound, Op: "open share", On: name, Hint: "hint.share-erased"}
}

func (k *testKeeper) HasPersons(id.Share) bool { return k.persons }

func (k *testKeeper) HasTraps(id.Share) bool { return len(k.traps) > 0 }

func (k *testKeeper) Trapped(_ id.Share, path string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/") // what stands first is the share's, by whatever name
	return slices.ContainsFunc(k.traps, func(t string) bool { return rest == t || strings.HasPrefix(rest, t+"/") })
}

func (k *testKeeper) TrapBelow(_ id.Share, path string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.ContainsFunc(k.traps, func(t string) bool { return strings.HasPrefix(t, rest+"/") })
}

func (k *testKeeper) MaySettle(_ context.Context, s id.Session, _ id.Share, author id.Account) error {
	if k.maySettle == nil {
		return nil
	}
	return k.maySettle(s, author)
}

func (k *testKeeper) Release(_ context.Context, r keeper.Request) (out []keeper.Lease, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil, problem.New(problem.Unauthenticated, "release", "", nil)
	}
	if err := k.frozen(r.Session); err != nil {
		return nil, err
	}
	k.releases++
	k.former = nil
	for _, f := range r.Files {
		for _, sealed := range f.Former {
			p, err := seal.PathKey(k.meta[r.Share]).OpenOnce(nil, sealed, nil)
			if err != nil {
				return nil, err
			}
			k.former = append(k.former, string(p))
		}
		rec, err := hpke.NewRecipient(f.Enc, k.keys[r.Share], hpke.HKDFSHA256(), hpke.ExportOnly(), seal.EpochInfo(r.Share, f.Epoch))
		if err != nil {
			return nil, err
		}
		b, err := rec.Export(seal.FileKeyContext(f.Version), 32)
		if err != nil {
			return nil, err
		}
		k.released[r.Purpose]++
		k.versions = append(k.versions, f.Version)
		out = append(out, keeper.Lease{Version: f.Version, Key: seal.Key(b), Until: k.now().Add(time.Minute)})
	}
	return out, nil
}
