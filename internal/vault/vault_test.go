package vault_test

import (
	"bytes"
	"context"
	"crypto/hpke"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack/dir"
	"github.com/azekura/azekura/internal/pathname"
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

type house struct {
	root   string
	keeper *testKeeper
	v      *vault.Vault
	packs  *dir.Store
	close  func()
}

func openHouse(t testing.TB, root string, k *testKeeper) *house {
	t.Helper()
	return openOn(t, durable.OS(), root, root, k)
}

var bg = context.Background()

// openClock is openHouse with a clock.
func openClock(t testing.TB, root string, k *testKeeper, now func() time.Time) *house {
	t.Helper()
	return openAll(t, durable.OS(), root, root, k, now)
}

// openMute is openHouse with a keeper that hands out no key.
func openMute(t testing.TB, root string, k *testKeeper) *house {
	t.Helper()
	k.mute = true
	defer func() { k.mute = false }()
	return openHouse(t, root, k)
}

// openOn opens a vault on a disk; the catalogue is a file of the machine, in books.
func openOn(t testing.TB, disk durable.FS, root, books string, k *testKeeper) *house {
	t.Helper()
	return openAll(t, disk, root, books, k, time.Now)
}

func openAll(t testing.TB, disk durable.FS, root, books string, k *testKeeper, now func() time.Time) *house {
	t.Helper()
	k.now = now
	cat, err := sqlite.Open(t.Context(), filepath.Join(books, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	packs, err := dir.Open(t.Context(), dir.Config{FS: disk, Root: filepath.Join(root, "packs")})
	if err != nil {
		t.Fatal(err)
	}
	var of keeper.Keeper = k
	if k.mute {
		of = deaf{k}
	}
	v, err := vault.Open(t.Context(), vault.Config{Guard: k.guard, Packs: packs, Rewriter: packs, Catalogue: cat, Keeper: of, FS: disk,
		Painter: k.painter, Dir: filepath.Join(root, "vault"), Free: func() (int64, error) { return durable.Free(books) }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return &house{root, k, v, packs, sync.OnceFunc(func() { v.Close(); packs.Close(); cat.Close() })}
}

func newHouse(t testing.TB, shares ...string) *house {
	h := openHouse(t, t.TempDir(), newTestKeeper(t, shares...))
	t.Cleanup(func() { h.close() })
	return h
}

var staff = account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "花子", Door: "webdav"}

func save(t testing.TB, f vault.Files, name pathname.Path, content []byte) vault.Info {
	t.Helper()
	d, err := f.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	if _, err := d.Write(content); err != nil {
		t.Fatal(err)
	}
	i, err := d.Commit(t.Context(), vault.Save{})
	if err != nil {
		t.Fatalf("save %s: %v", name, err)
	}
	return i
}

func load(t testing.TB, f vault.Files, i vault.Info) []byte {
	t.Helper()
	files, err := f.Open(t.Context(), account.Open, i)
	if err != nil {
		t.Fatal(err)
	}
	defer files[0].Close()
	var b bytes.Buffer
	if _, err := files[0].WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func stat(t testing.TB, f vault.Files, name pathname.Path) vault.Info {
	t.Helper()
	i, err := f.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// versions returns the contents that a path has had, latest first.
func versions(t testing.TB, f vault.Files, name pathname.Path) (out []string) {
	t.Helper()
	for c, err := range f.History(t.Context(), name) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind == commit.Save || c.Kind == commit.Link {
			out = append(out, string(load(t, f, c.Info)))
		}
	}
	return out
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(b)
	return b
}

// TestReadAtSideBySide reads one open file at many places at once, as SFTP does.
func TestReadAtSideBySide(t *testing.T) {
	h := newHouse(t, "s")
	defer h.close()
	f := h.v.As(staff)
	content := random(7, 9<<20)
	files, err := f.Open(t.Context(), account.Open, save(t, f, "/s/a", content))
	if err != nil {
		t.Fatal(err)
	}
	defer files[0].Close()
	var work sync.WaitGroup
	for n := range 8 {
		work.Go(func() {
			b := make([]byte, 32<<10)
			for off := n * len(b); off < len(content); off += 8 * len(b) {
				m, err := files[0].ReadAt(b, int64(off))
				if err != nil && err != io.EOF || !bytes.Equal(b[:m], content[off:off+m]) || m != min(len(b), len(content)-off) {
					t.Errorf("at %d: %d bytes, %v", off, m, err)
					return
				}
			}
		})
	}
	work.Wait()
}

func TestSaveAndRead(t *testing.T) {
	h := newHouse(t, "アルバム")
	f := h.v.As(staff)
	text := bytes.Repeat([]byte("卒業アルバムの名簿 "), 400_000)
	for name, content := range map[string][]byte{
		"small": []byte("hello"), "inline": random(1, commit.InlineMax), "one": random(2, commit.InlineMax+1),
		"full": random(3, 4<<20), "two": random(4, 4<<20+1), "large": random(5, 30<<20), "text": text,
	} {
		p := pathname.Path("/アルバム").Join(name)
		i := save(t, f, p, content)
		if i.Size != int64(len(content)) || i.Number != 1 {
			t.Errorf("%s: %+v", name, i)
		}
		if got := load(t, f, i); !bytes.Equal(got, content) {
			t.Errorf("%s: content differs", name)
		}
		files, err := f.Open(t.Context(), account.Open, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, off := range []int{0, len(content) / 3, len(content) - 3} {
			b := make([]byte, min(100_000, len(content)-off))
			if _, err := files[0].ReadAt(b, int64(off)); err != nil && err != io.EOF || !bytes.Equal(b, content[off:off+len(b)]) {
				t.Errorf("%s: ReadAt %d: %v", name, off, err)
			}
		}
		files[0].Close()
	}
	h.close()
	h2 := openHouse(t, h.root, h.keeper)
	defer h2.close()
	if got := load(t, h2.v.As(staff), stat(t, h2.v.As(staff), "/アルバム/large")); !bytes.Equal(got, random(5, 30<<20)) {
		t.Error("after a restart content differs")
	}
}

func TestSpool(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	want := random(9, 3<<20+77)
	d, err := f.Create(t.Context(), "/s/indesign.indd")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for _, i := range r.Perm(len(want)/4096 + 1) {
		from := i * 4096
		if _, err := d.WriteAt(want[from:min(from+4096, len(want))], int64(from)); err != nil {
			t.Fatal(err)
		}
	}
	i, err := d.Commit(t.Context(), vault.Save{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(load(t, f, i), want) {
		t.Error("content differs")
	}
	if left, _ := filepath.Glob(filepath.Join(h.root, "vault/spool/*")); len(left) > 0 {
		t.Errorf("the spool is left: %v", left)
	}
}

// packed tells how much there is in all packs. What is free on the disk tells nothing: others write to it, too.
func packed(t testing.TB, h *house) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.root, "packs", "*", "*"))
	must(t, err)
	for _, name := range files {
		i, err := os.Stat(name)
		must(t, err)
		size += i.Size()
	}
	return size
}

func TestDedup(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	photo := random(1, 3<<20)
	save(t, f, "/s/a.jpg", photo)
	before := packed(t, h)
	for range 20 {
		save(t, f, "/s/b.jpg", photo)
	}
	if more := packed(t, h) - before; before < int64(len(photo)) || more > 1<<20 {
		t.Errorf("equal content took %d bytes again, at first %d", more, before)
	}
	if _, free, err := f.Space(t.Context(), "/s"); err != nil || free <= 0 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
	if h.keeper.released[account.Open] != 0 {
		t.Error("saving asked for keys")
	}
}

// Each way in which programs save ends as one more version of the file that has the name.
func TestHistoryFollowsName(t *testing.T) {
	type step func(t *testing.T, f vault.Files)
	put := func(name pathname.Path, content string) step {
		return func(t *testing.T, f vault.Files) { save(t, f, "/s"+name, []byte(content)) }
	}
	mv := func(from, to pathname.Path) step {
		return func(t *testing.T, f vault.Files) {
			if err := f.Rename(t.Context(), "/s"+from, "/s"+to, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	rm := func(name pathname.Path) step {
		return func(t *testing.T, f vault.Files) {
			if err := f.Remove(t.Context(), "/s"+name); err != nil {
				t.Fatal(err)
			}
		}
	}
	patterns := map[string][]step{
		"in place":                   {put("/d", "2")},
		"windows, zero bytes first":  {put("/d", "2")},
		"rename over":                {put("/t.tmp", "2"), mv("/t.tmp", "/d")},
		"word 2003":                  {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), mv("/~WRD1.tmp", "/d"), rm("/~WRL1.tmp")},
		"word, backup removed first": {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), rm("/~WRL1.tmp"), mv("/~WRD1.tmp", "/d")},
		"excel":                      {put("/A1B2C3D4", "2"), rm("/d"), mv("/A1B2C3D4", "/d")},
		"photoshop":                  {put("/psTMP.tmp", "2"), mv("/psTMP.tmp", "/d")},
		"preview":                    {put("/d.sb-1", "2"), mv("/d", "/d.sb-0"), mv("/d.sb-1", "/d"), rm("/d.sb-0")},
		"vim":                        {mv("/d", "/d~"), put("/d", "2"), rm("/d~")},
		"delete, then save":          {rm("/d"), put("/d", "2")},
		"delete, zero bytes, save":   {rm("/d"), put("/d", ""), put("/d", "2")},
	}
	for name, steps := range patterns {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "s")
			f := h.v.As(staff)
			first := save(t, f, "/s/d", []byte("1"))
			for _, s := range steps {
				s(t, f)
			}
			i := stat(t, f, "/s/d")
			if i.File != first.File || i.Number != 2 {
				t.Errorf("file %v number %d, want %v number 2", i.File, i.Number, first.File)
			}
			if got := versions(t, f, "/s/d"); len(got) != 2 || got[0] != "2" || got[1] != "1" {
				t.Errorf("versions %q, want [2 1]", got)
			}
			for e, err := range f.List(t.Context(), "/s") {
				if err != nil || e.Path != "/s/d" {
					t.Errorf("left over: %s %v", e.Path, err)
				}
			}
		})
	}
}

func TestZeroByteFirstSaveIsNoVersion(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	i := save(t, f, "/s/new.psd", nil)
	if !i.Version.IsZero() || i.Size != 0 {
		t.Errorf("a placeholder has a version: %+v", i)
	}
	if got := load(t, f, i); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
	i = save(t, f, "/s/new.psd", []byte("x"))
	if i.Number != 1 {
		t.Errorf("number %d, want 1", i.Number)
	}
	if i = save(t, f, "/s/new.psd", nil); i.Number != 2 {
		t.Errorf("emptying a file is a version; number %d, want 2", i.Number)
	}
	if got := load(t, f, i); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestRemoveRestore(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	if err := f.Mkdir(ctx, "/s/緑ヶ丘"); err != nil {
		t.Fatal(err)
	}
	one := save(t, f, "/s/緑ヶ丘/名簿.csv", []byte("1"))
	save(t, f, "/s/緑ヶ丘/名簿.csv", []byte("2"))
	if err := f.Restore(ctx, "/s/緑ヶ丘/名簿.csv", one.Version); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, f, "/s/緑ヶ丘/名簿.csv"); len(got) != 3 || got[0] != "1" {
		t.Errorf("versions %q", got)
	}
	if err := f.Remove(ctx, "/s/緑ヶ丘"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(ctx, "/s/緑ヶ丘/名簿.csv"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("removed: %v", err)
	}
	if got := versions(t, f, "/s/緑ヶ丘/名簿.csv"); len(got) != 3 {
		t.Errorf("history of a removed file: %q", got)
	}
	if err := f.Restore(ctx, "/s/緑ヶ丘", id.Version{}); err != nil {
		t.Fatal(err)
	}
	if got := load(t, f, stat(t, f, "/s/緑ヶ丘/名簿.csv")); string(got) != "1" {
		t.Errorf("restored %q", got)
	}
}

func TestCopyMovesNoData(t *testing.T) {
	h := newHouse(t, "s", "other")
	f, ctx := h.v.As(staff), t.Context()
	f.Mkdir(ctx, "/s/a")
	f.Mkdir(ctx, "/s/a/b")
	content := random(1, 1<<20)
	save(t, f, "/s/a/b/f", content)
	if err := f.Copy(ctx, "/s/a", "/s/c", false, true); err != nil {
		t.Fatal(err)
	}
	if h.keeper.released[account.Copy] != 0 {
		t.Error("a copy within a share opened content")
	}
	if err := f.Copy(ctx, "/s/a", "/other/a", false, true); err != nil {
		t.Fatal(err)
	}
	if h.keeper.released[account.Copy] != 1 {
		t.Error("a copy into another share is a recorded reading")
	}
	for _, p := range []pathname.Path{"/s/c/b/f", "/other/a/b/f"} {
		if !bytes.Equal(load(t, f, stat(t, f, p)), content) {
			t.Errorf("%s differs", p)
		}
	}
}

func TestEndedSessionReadsNothing(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	i := save(t, f, "/s/f", random(1, 20<<20))
	files, err := f.Open(t.Context(), account.Open, i)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	if _, err := files[0].Read(b); err != nil {
		t.Fatal(err)
	}
	h.keeper.mu.Lock()
	h.keeper.ended = true
	h.keeper.mu.Unlock()
	if _, err := files[0].ReadAt(b, 10<<20); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("an open file still reads: %v", err)
	}
	if _, err := f.Open(t.Context(), account.Open, i); err == nil {
		t.Error("it can still be opened")
	}
}

func TestRebuildIsEqual(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	f.Mkdir(ctx, "/s/d")
	for i := range 200 {
		save(t, f, pathname.Path("/s/d").Join(string(rune('あ'+i%50))), random(uint64(i), 1000*i))
	}
	f.Rename(ctx, "/s/d/あ", "/s/d/い", true)
	f.Remove(ctx, "/s/d/う")
	r, err := h.v.Rebuild(ctx, staff, "s", func(int64) {}, func(vault.Finding) {})
	if err != nil || !r.Equal {
		t.Fatalf("%+v %v", r, err)
	}
	found := 0
	rep, err := h.v.Verify(ctx, staff, vault.VerifyOptions{Keys: true}, func(vault.Finding) { found++ })
	if err != nil || found > 0 || rep.Versions == 0 {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestConcurrentSaves(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 30 {
				name := pathname.Path("/s").Join(string(rune('a' + i)))
				d, err := f.Create(context.Background(), name)
				if err == nil {
					d.Write(random(uint64(i*100+j), 50_000))
					_, err = d.Commit(context.Background(), vault.Save{})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if got := stat(t, f, pathname.Path("/s").Join(string(rune('a'+i)))); got.Number != 30 {
			t.Errorf("%d versions, want 30", got.Number)
		}
	}
}
