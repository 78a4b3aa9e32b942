package custody

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

var day = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// papers makes papers.
func papers(t testing.TB, c *Custody, needed, of int) []piece.Piece {
	t.Helper()
	before, _, err := c.Papers()
	if err != nil {
		t.Fatal(err)
	}
	p, out, err := c.MakePapers(needed, of, before.Number, day)
	if err != nil || p.Number != before.Number+1 || len(out) != of {
		t.Fatalf("%+v, %d papers, %v", p, len(out), err)
	}
	return out
}

// renewed renews them.
func renewed(t testing.TB, c *Custody, needed, of int) []piece.Piece {
	t.Helper()
	before, _, err := c.Papers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.RenewPapers(needed, of, before.Number, day)
	if err != nil || r.Unsure || r.Unfinished != nil || r.Number != before.Number+1 {
		t.Fatalf("%+v, %v", r, err)
	}
	return r.Pieces
}

// opens reports whether papers open the root.
func opens(t testing.TB, c *Custody, p ...piece.Piece) bool {
	t.Helper()
	_, ok, err := c.TestPapers(p)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestPapers(t *testing.T) {
	p := durabletest.New(t)
	c := create(t, config(p, "/"))
	defer c.Zero()
	if _, there, err := c.Papers(); there || err != nil {
		t.Errorf("papers before there are: %v, %v", there, err)
	}
	if _, _, err := c.TestPapers(nil); problem.KindOf(err) != problem.NotFound {
		t.Errorf("a test before there are: %v", err)
	}
	first := papers(t, c, 2, 3)
	mine := papers(t, c, 3, 4)
	stranger := create(t, config(durabletest.New(t), "/"))
	defer stranger.Zero()
	theirs := papers(t, stranger, 3, 4)
	forged := mine[3]
	_, others, err := piece.Split(forged.Set) // pieces that say that they are of this set
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name  string
		given []piece.Piece
		want  []Verdict
		opens bool
	}{
		{"one", mine[:1], []Verdict{Good}, false},
		{"two", mine[:2], []Verdict{Good, Good}, false},
		{"enough", mine[1:4], []Verdict{Good, Good, Good}, true},
		{"all, in another order", []piece.Piece{mine[3], mine[0], mine[2], mine[1]}, []Verdict{Good, Good, Good, Good}, true},
		{"one twice", []piece.Piece{mine[0], mine[1], mine[0]}, []Verdict{Good, Good, Twice}, false},
		{"of the set before", []piece.Piece{first[0], mine[1], mine[2], mine[3]}, []Verdict{OtherSet, Good, Good, Good}, true},
		{"of another vault", []piece.Piece{mine[0], theirs[1], mine[2]}, []Verdict{Good, OtherVault, Good}, false},
		{"forged", []piece.Piece{mine[0], mine[1], others[3]}, []Verdict{Good, Good, Forged}, false},
		{"none", nil, nil, false},
	} {
		got, ok, err := c.TestPapers(x.given)
		if err != nil || ok != x.opens || !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, opens %v, %v; want %v, %v", x.name, got, ok, err, x.want, x.opens)
		}
	}
	for _, n := range [][2]int{{1, 3}, {4, 3}, {2, 17}, {0, 0}, {-1, 5}} {
		if _, _, err := c.MakePapers(n[0], n[1], 2, day); problem.KindOf(err) != problem.Invalid {
			t.Errorf("%d of %d papers: %v", n[0], n[1], err)
		}
	}
}

// TestAnyNumberOfPapers opens with any k of any n, and not with fewer.
func TestAnyNumberOfPapers(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	rapid.Check(t, func(rt *rapid.T) {
		of := rapid.IntRange(piece.MinNeeded, piece.MaxOf).Draw(rt, "n")
		needed := rapid.IntRange(piece.MinNeeded, of).Draw(rt, "k")
		p, all, err := c.MakePapers(needed, of, 0, day)
		if err != nil {
			rt.Fatal(err)
		}
		some := rapid.Permutation(all).Draw(rt, "order")[:rapid.IntRange(0, of).Draw(rt, "given")]
		if _, ok, err := c.TestPapers(some); err != nil || ok != (len(some) >= p.Needed) {
			rt.Fatalf("%d of %d, %d given: %v, %v", needed, of, len(some), ok, err)
		}
	})
}

// TestForgedPaperAmongEnough: one that was changed on purpose does not keep the others from opening what they open.
func TestForgedPaperAmongEnough(t *testing.T) {
	root := seal.NewKey()
	r, all, err := newRecovery(root, [32]byte{1}, piece.Set{Vault: [5]byte{1}, Number: 1, Needed: 2, Of: 3}, day)
	if err != nil {
		t.Fatal(err)
	}
	_, others, err := piece.Split(r.Set)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.open([]piece.Piece{others[0], all[1], all[2]}); err != nil || got != root {
		t.Errorf("%v", err)
	}
	if _, err := r.open([]piece.Piece{others[0], all[1]}); !errors.Is(err, errWrong) {
		t.Errorf("with a forged one: %v", err)
	}
}

func TestRecoveryFileOfAnother(t *testing.T) {
	p := durabletest.New(t)
	c := create(t, config(p, "/"))
	defer c.Zero()
	papers(t, c, 2, 3)
	good, err := p.ReadFile("/keeper/recovery")
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := p.SetFile("/keeper/recovery", bad); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.Papers()
		if inHead := i < len(good)-len(seal.Key{})-seal.OnceOverhead; inHead && problem.KindOf(err) != problem.Damaged {
			t.Errorf("byte %d of the head: %v", i, err)
		}
	}
}

// kept is what a keeper must still have, whatever happened to it.
type kept struct {
	share         id.Share
	epoch         *seal.Epoch
	version       id.Version
	key           seal.Key
	sealing, bell seal.Key
}

func keep(t *testing.T, c *Custody) kept {
	t.Helper()
	k := kept{share: id.NewShare()}
	if err := errors.Join(c.MakeShare(k.share), c.SaveState([]byte("state")), c.SaveHead([]byte("head")), c.SaveBlob("one", []byte("blob"))); err != nil {
		t.Fatal(err)
	}
	k.epoch, k.version, k.key = epoch(t, c, k.share)
	k.sealing = c.LedgerSealing()
	var err error
	if k.bell, err = c.AlertKey(); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k kept) check(t *testing.T, c *Custody) {
	t.Helper()
	if key, err := c.FileKey(k.share, k.epoch.ID, k.epoch.Enc, k.version); err != nil || key != k.key {
		t.Errorf("another file key, %v", err)
	}
	state, err1 := c.LoadState()
	head, err2 := c.LoadHead()
	blob, err3 := c.LoadBlob("one")
	if string(state) != "state" || string(head) != "head" || string(blob) != "blob" {
		t.Errorf("state %q, head %q, attachment %q; %v", state, head, blob, errors.Join(err1, err2, err3))
	}
	if bell, err := c.AlertKey(); err != nil || bell != k.bell || c.LedgerSealing() != k.sealing {
		t.Errorf("alerts that wait, or the ledger, cannot be read: %v", err)
	}
}

// TestRenewalBrokenOff has the power go, and each call fail, while the papers are renewed: the keeper has all it had, and some papers are
// right. Those are the new ones once they were handed out.
func TestRenewalBrokenOff(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		quiet := durabletest.New(t) // the making is tried elsewhere
		c := create(t, config(quiet, "/"))
		k := keep(t, c)
		old := papers(t, c, 2, 3)
		root := c.root
		c.Zero()
		for _, name := range quiet.Names() {
			b, err := quiet.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(p.MkdirAll(filepath.Dir(name), 0o700), p.SetFile(name, b)); err != nil {
				return // a fault that hits the setting up
			}
		}
		for _, dir := range []string{"/keeper/attachments", "/keeper", "/key", "/"} {
			if err := p.SyncDir(dir); err != nil {
				return
			}
		}
		c, err := Open(t.Context(), config(p, "/"))
		if err != nil {
			return
		}
		r, err := c.RenewPapers(2, 3, 1, day)
		if saved := c.SaveState([]byte("state")); saved == nil && err == nil && !r.Unsure { // work goes on with what is left open
			if got, _ := c.LoadState(); string(got) != "state" && p.Fired() == 0 {
				t.Errorf("state %q", got)
			}
		}
		c.Zero()
		p.Heal()
		for disk := range p.Crashes(2) {
			c, e := Open(t.Context(), config(disk, "/"))
			if e != nil {
				t.Fatalf("it does not open any more: %v", e)
			}
			k.check(t, c)
			now, there, e := c.Papers()
			if e != nil || !there {
				t.Fatalf("no papers: %v", e)
			}
			switch {
			case now.Number == 1 && c.root == root && opens(t, c, old[:2]...):
				if err == nil && !r.Unsure {
					t.Error("the old papers are right after new ones were handed out")
				}
			case now.Number == 2 && c.root != root && !opens(t, c, old[:2]...):
				if err == nil && !opens(t, c, r.Pieces[1:]...) {
					t.Error("new papers do not open it")
				}
			default:
				t.Errorf("set %d, and the root is the one before: %v", now.Number, c.root == root)
			}
			again := renewed(t, c, 2, 2) // and it can be done once more
			k.check(t, c)
			if !opens(t, c, again...) {
				t.Error("renewed once more, they do not open it")
			}
			c.Zero()
			c = reopen(t, config(disk, "/"))
			k.check(t, c)
			if _, err := disk.ReadFile("/keeper/former"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the root before is still there: %v", err)
			}
			c.Zero()
		}
	}
	t.Run("cut", func(t *testing.T) { durabletest.EachCut(t, scenario) })
	t.Run("fault", func(t *testing.T) { durabletest.Each(t, scenario) })
}

// TestOldRootOpensNothingNew looks with the root before at every file that there is after a renewal.
func TestOldRootOpensNothingNew(t *testing.T) {
	p := durabletest.New(t)
	c := create(t, config(p, "/"))
	defer c.Zero()
	keep(t, c)
	papers(t, c, 2, 3)
	old := c.root
	renewed(t, c, 2, 3)
	for _, name := range p.Names() {
		b, err := p.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short, _ := filepath.Rel("/keeper", filepath.Join("/", name))
		if _, err := openFile(old, short, b); err == nil {
			t.Errorf("%s opens with the root before", name)
		}
		if r, err := parseRecovery(b); err == nil && r.of(old) {
			t.Errorf("%s is of the root before", name)
		}
	}
}

func TestDestroyShare(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		cfg := config(p, "/")
		c, err := Create(t.Context(), cfg)
		if err != nil {
			return
		}
		gone, stays := id.NewShare(), id.NewShare()
		if c.MakeShare(gone) != nil || c.MakeShare(stays) != nil {
			return
		}
		generation, err := c.DestroyShare(gone)
		if _, _, e := c.Unlock(gone); err == nil && e == nil {
			t.Error("its keys are still at work")
		}
		c.Zero()
		p.Heal()
		disk := p.Crash(1)
		c = reopen(t, config(disk, "/"))
		defer c.Zero()
		if _, _, e := c.Unlock(gone); err == nil && (e == nil || generation != 4) {
			t.Errorf("its keys are back; generation %d", generation)
		}
		if _, _, e := c.Unlock(stays); e != nil {
			t.Errorf("another share's keys: %v", e)
		}
		if again, e := c.DestroyShare(gone); e != nil || err == nil && again != generation {
			t.Errorf("destroyed again: %d, %v", again, e)
		}
		if e := c.MakeShare(gone); problem.KindOf(e) != problem.Exists {
			t.Errorf("made again: %v", e)
		}
	}
	durabletest.EachCut(t, scenario)
	durabletest.Each(t, scenario)
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	if _, err := c.DestroyShare(id.NewShare()); problem.KindOf(err) != problem.NotFound {
		t.Errorf("no share: %v", err)
	}
}

// TestDestroyedKeysAreOverwritten looks at the old ring through a handle that outlives its name.
func TestDestroyedKeysAreOverwritten(t *testing.T) {
	cfg := config(durable.OS(), t.TempDir())
	c := create(t, cfg)
	defer c.Zero()
	share := id.NewShare()
	if err := c.MakeShare(share); err != nil {
		t.Fatal(err)
	}
	f, err := durable.OS().OpenFile(filepath.Join(cfg.Dir, ringName), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := c.DestroyShare(share); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	if n, _ := f.ReadAt(b, 0); n == 0 || !bytes.Equal(b[:n], make([]byte, n)) {
		t.Errorf("%d bytes of the old ring are there", n)
	}
}

func TestCards(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	a, b := id.NewShare(), id.NewShare()
	if err := errors.Join(c.MakeShare(a), c.MakeShare(b)); err != nil {
		t.Fatal(err)
	}
	papers(t, c, 2, 3)
	state := func(x card.Card) string {
		t.Helper()
		s, err := c.CheckCard(x)
		if e, ok := errors.AsType[*problem.Error](err); ok {
			return e.Hint
		}
		return fmt.Sprintf("%d papers=%v lacks=%d destroyed=%d more=%d fresh=%v", s.Generation, s.Papers, s.Lacks, s.Destroyed, s.More, s.Fresh(c.Generation()))
	}
	write := func() card.Card {
		t.Helper()
		x, err := c.Card()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	same := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	x := write()
	same(state(x), "3 papers=true lacks=0 destroyed=0 more=0 fresh=true")
	if err := c.MakeShare(id.NewShare()); err != nil {
		t.Fatal(err)
	}
	same(state(x), "3 papers=true lacks=1 destroyed=0 more=0 fresh=false")
	if _, err := c.DestroyShare(a); err != nil {
		t.Fatal(err)
	}
	same(state(x), "3 papers=true lacks=1 destroyed=1 more=0 fresh=false")
	papers(t, c, 2, 2)
	same(state(write()), "5 papers=true lacks=0 destroyed=0 more=0 fresh=true")
	same(state(x), "3 papers=false lacks=1 destroyed=1 more=0 fresh=false")
	renewed(t, c, 2, 2)
	same(state(x), "hint.card-other-root")
	same(state(write()), "6 papers=true lacks=0 destroyed=0 more=0 fresh=true")
	x.Vault += "x"
	same(state(x), "hint.card-other-vault")
}

func FuzzRecovery(f *testing.F) {
	for _, n := range []int{2, 16} {
		r, _, err := newRecovery(seal.NewKey(), [32]byte{1}, piece.Set{Vault: [5]byte{1}, Number: 1, Needed: 2, Of: n}, day)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.marshal())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecovery(b)
		if err != nil {
			return
		}
		if again := r.marshal(); !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x", b, again)
		}
		if _, err := r.open(nil); err == nil {
			t.Error("it opens without papers")
		}
	})
}
