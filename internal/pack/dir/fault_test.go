package dir

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// teller is a user of a store who believes what it says and nothing else.
type teller struct {
	share id.Share
	all   []packtest.Put // everything ever appended, whatever came of it
	acked []packtest.Put // what the store said is durable, in order
	fresh []packtest.Put // appended since
	lost  int            // what Lost was before the first of fresh
	next  uint32
	life  int              // counts restarts
	group map[[32]byte]gen // of all: those of one are there up to some frame, without a gap
}

type gen struct{ life, lost int }

func (u *teller) append(s *Store, size int) error {
	if len(u.fresh) == 0 {
		u.lost = s.Lost(u.share)
	}
	p := packtest.NewPut(u.next, size)
	u.next++
	lost := s.Lost(u.share)
	err := p.Append(context.Background(), s, u.share)
	if err != nil {
		u.fresh = nil
		p.Place = pack.Place{}
	} else {
		u.fresh = append(u.fresh, p)
		if s.Lost(u.share) == lost {
			u.group = maps.Clone(u.group)
			if u.group == nil {
				u.group = make(map[[32]byte]gen)
			}
			u.group[p.ID] = gen{u.life, lost}
		}
	}
	u.all = append(u.all, p)
	return err
}

// read reads the latest frame, which has it written but not synced: so that a flush consists of parts, and a crash may keep any.
func (u *teller) read(s *Store) {
	if len(u.fresh) > 0 {
		_, _ = s.Read(context.Background(), u.share, u.fresh[len(u.fresh)-1].Place, nil) // may be lost already
	}
}

func (u *teller) sync(s *Store) error {
	_, err := s.Sync(context.Background(), u.share)
	if err == nil && s.Lost(u.share) == u.lost {
		u.acked = append(u.acked, u.fresh...)
	}
	u.fresh = nil
	return err
}

// verify opens the packs on a disk and checks that everything acknowledged is there, in order; that everything else that is there was
// once appended, in that order too; and that no damage is found.
func (u *teller) verify(t packtest.TB, p *durabletest.Platter) {
	t.Helper()
	s := openOn(t, p)
	defer s.Close()
	i, j := 0, 0
	gaps := make(map[gen]pack.Place)
	for f, err := range s.Frames(context.Background(), u.share, pack.Position{}, func(pack.Type) bool { return true }) {
		if err != nil {
			t.Fatalf("frames: %v", err)
		}
		for ; j < len(u.all) && u.all[j].ID != f.ID; j++ {
			if g, ok := u.group[u.all[j].ID]; ok {
				gaps[g] = u.all[j].Place
			}
		}
		if at, ok := gaps[u.group[f.ID]]; ok {
			t.Fatalf("the frame at %+v is there, and one appended before it at %+v is not", f.Place, at)
		}
		if j == len(u.all) {
			t.Fatalf("a frame that was never appended, or out of order: %+v", f.Place)
		}
		want := u.all[j]
		want.Place = f.Place
		if err := want.Check(f); err != nil {
			t.Fatalf("frame %d: %v", j, err)
		}
		j++
		if i < len(u.acked) && u.acked[i].ID == f.ID {
			i++
		}
	}
	if i < len(u.acked) {
		t.Fatalf("frame %d of %d acknowledged is not there: %+v", i, len(u.acked), u.acked[i].Place)
	}
	for i, a := range u.acked {
		f, err := s.Read(context.Background(), u.share, a.Place, nil)
		if err == nil {
			err = a.Check(f)
		}
		if err != nil {
			t.Fatalf("read of acknowledged frame %d: %v", i, err)
		}
	}
	for info, err := range s.Packs(context.Background(), u.share) {
		if err != nil {
			t.Fatalf("packs: %v", err)
		}
		if _, damage, err := s.Check(context.Background(), u.share, info.Pack); err != nil || len(damage) > 0 {
			t.Fatalf("check of pack %d: %+v, %v", info.Pack, damage, err)
		}
	}
}

func openOn(t packtest.TB, p *durabletest.Platter) *Store {
	t.Helper()
	s, err := openStore(t, p)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func openStore(t packtest.TB, p *durabletest.Platter) (*Store, error) {
	p.AppendOnly(func(string) bool { return true })
	return Open(context.Background(), Config{FS: p, Root: "vault/packs", Target: 60_000, Writers: 2, Memory: 1,
		OnDamage: func(d pack.Damage) {
			if p.Fired() < 2 || !strings.HasPrefix(d.Reason, "not sealed: ") { // as when a pack could not be read twice
				t.Errorf("damage: %+v", d)
			}
		}})
}

// work is what every fault is tried on: single frames and groups, packs that fill up, a seal, a restart.
func (u *teller) work(t packtest.TB, p *durabletest.Platter) {
	for range 2 {
		u.life++
		s, err := openStore(t, p)
		if err != nil {
			continue
		}
		for _, sizes := range [][]int{{100}, {5000, 0, 9000}, {40_000}, {30_000, 100}, {0}} {
			for _, size := range sizes {
				u.append(s, size)
				u.read(s)
			}
			u.sync(s)
		}
		s.Seal(context.Background(), u.share)
		u.append(s, 700)
		u.sync(s)
		u.append(s, 3000) // Close makes it durable, but nobody says so
		u.fresh = nil
		s.Close()
	}
}

// story is work, and then looking at the disk: without a crash, after crashes, and after a crash in what went on after a crash.
func story(t *testing.T, p *durabletest.Platter) {
	u := &teller{share: id.Share{7}}
	u.work(t, p)
	if p.Fired() == 0 && len(u.acked) != 18 {
		t.Fatalf("%d frames were acknowledged without a fault, want 18", len(u.acked))
	}
	p.Heal()
	for c := range p.Crashes(3) {
		v := *u
		v.verify(t, c)
		v.work(t, c)
		if len(v.acked) != len(u.acked)+18 {
			t.Fatalf("%d more frames were acknowledged after the crash, want 18", len(v.acked)-len(u.acked))
		}
		for disk := range c.Crashes(2) {
			v.verify(t, disk)
		}
	}
	if n := p.OpenFiles(); n > 0 {
		t.Errorf("%d files are still open", n)
	}
}

func TestEverySingleFault(t *testing.T) { durabletest.Each(t, story) }

// A disk that gives read errors never makes the store cut or lose anything.
func TestReadFaults(t *testing.T) { durabletest.Each(t, story, durabletest.Read, durabletest.ReadDir) }

func TestPowerCutAtEveryCall(t *testing.T) { durabletest.EachCut(t, story) }

// A restart without a crash after a fault finds the same.
func TestRestartAfterFault(t *testing.T) {
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		u := &teller{share: id.Share{7}}
		u.work(t, p)
		p.Heal()
		u.verify(t, p)
		u.work(t, p)
		for disk := range p.Crashes(4) {
			u.verify(t, disk)
		}
	})
}

// Random acts with random faults, crashes and restarts in between.
func TestCrashModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := durabletest.New(t)
		u := &teller{share: id.Share{7}}
		var s *Store
		open := func() {
			u.life++
			for range 3 { // a fault may meet the opening; it meets no more than two calls
				var err error
				if s, err = openStore(t, p); err == nil {
					return
				}
			}
			t.Fatalf("the store does not open any more")
		}
		open()
		kinds := []durabletest.Kind{durabletest.Open, durabletest.Write, durabletest.Truncate, durabletest.Sync, durabletest.SyncDir,
			durabletest.Mkdir, durabletest.Remove}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) { u.append(s, rapid.IntRange(0, 30_000).Draw(t, "size")) },
			"sync":   func(t *rapid.T) { u.sync(s) },
			"read":   func(t *rapid.T) { u.read(s) },
			"seal": func(t *rapid.T) {
				s.Seal(context.Background(), u.share)
			},
			"fault": func(t *rapid.T) {
				k := rapid.SampledFrom(kinds).Draw(t, "kind")
				f := rapid.SampledFrom(durabletest.Faults(k, p.Calls(k)+rapid.IntRange(1, 3).Draw(t, "from now"))).Draw(t, "fault")
				f.Times = rapid.IntRange(1, 2).Draw(t, "times")
				p.Heal()
				p.Inject(f)
			},
			"restart": func(t *rapid.T) {
				s.Close()
				u.fresh = nil
				open()
			},
			"crash": func(t *rapid.T) {
				c := p.Crash(rapid.Uint64().Draw(t, "seed"))
				s.Close()
				u.fresh, p = nil, c
				open()
			},
		})
		p.Heal()
		s.Close()
		u.verify(t, p)
		u.verify(t, p.Crash(rapid.Uint64().Draw(t, "last seed")))
	})
}

// A full disk refuses saves, and takes them again as soon as there is room, however long it was full.
func TestFullDisk(t *testing.T) {
	p := durabletest.New(t)
	u := &teller{share: id.Share{7}}
	s := openOn(t, p)
	for range 20 {
		u.append(s, 10_000)
		if err := u.sync(s); err != nil {
			t.Fatal(err)
		}
	}
	p.Limit(250_000)
	refused := 0
	for range 200 {
		if err := errors.Join(u.append(s, 10_000), u.sync(s)); err != nil {
			if !durable.IsNoSpace(err) {
				t.Fatalf("got %v, want no space", err)
			}
			refused++
		}
	}
	if refused < 150 {
		t.Fatalf("%d of 200 saves were refused", refused)
	}
	if n := len(p.Names()); n > 10 {
		t.Errorf("the full disk got %d files", n)
	}
	acked := len(u.acked)
	p.Limit(0)
	for range 20 {
		if err := errors.Join(u.append(s, 10_000), u.sync(s)); err != nil {
			t.Fatalf("there is room again: %v", err)
		}
	}
	if len(u.acked) != acked+20 {
		t.Errorf("%d saves were acknowledged, want %d", len(u.acked), acked+20)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	u.verify(t, p)
	u.verify(t, p.Crash(1))
}

// A write that fails in the background, when nobody waits, is told to whoever comes next.
func TestLossIsTold(t *testing.T) {
	p := durabletest.New(t)
	u := &teller{share: id.Share{7}}
	s := openOn(t, p)
	defer s.Close()
	u.append(s, 100)
	if err := u.sync(s); err != nil {
		t.Fatal(err)
	}
	p.Inject(durabletest.Fault{Kind: durabletest.Write, N: p.Calls(durabletest.Write) + 1, Err: syscall.EIO})
	u.append(s, 58_000) // fills the pack but no buffer, so that it is written behind Append's back
	for s.Lost(u.share) == 0 {
		s.Read(context.Background(), u.share, u.fresh[0].Place, nil) // waits for the flusher
	}
	if err := u.sync(s); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v, want the loss", err)
	}
	if n := s.Lost(u.share); n != 1 {
		t.Errorf("lost %d times, want 1", n)
	}
	u.append(s, 100)
	if err := u.sync(s); err != nil {
		t.Fatalf("it was told once: %v", err)
	}
	u.verify(t, p.Crash(1))
}

// Many shares at once with memory for two buffers and two writers: nobody waits for ever, and files stay few.
func TestFewBuffers(t *testing.T) {
	p := durabletest.New(t)
	s := openOn(t, p)
	var wg sync.WaitGroup
	tellers := make([]*teller, 12)
	for i := range tellers {
		u := &teller{share: id.Share{8, byte(i)}}
		tellers[i] = u
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for j := range 12 {
				size := r.IntN(50_000)
				if j == 6 {
					size = 1 << 20 // more than all buffers hold
				}
				if err := u.append(s, size); err != nil {
					t.Error(err)
				}
				if r.IntN(3) == 0 {
					if err := u.sync(s); err != nil {
						t.Error(err)
					}
				}
			}
			if err := u.sync(s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made := s.pool.made.Load(); made > 2 {
		t.Errorf("%d buffers were made, want 2", made)
	}
	if _, err := s.Sync(t.Context(), id.Share{9}); err != nil { // the next share puts writers away
		t.Error(err)
	}
	if n := len(s.writers); n > 2 {
		t.Errorf("%d writers are open, want 2", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := p.OpenFiles(); n > 0 {
		t.Errorf("%d files are open", n)
	}
	for _, u := range tellers {
		if len(u.acked) != 12 {
			t.Fatalf("%d acknowledged", len(u.acked))
		}
		u.verify(t, p)
	}
}

// Whoever asks for a share's first use while another share's disk is slow need not wait; here it is enough that a failing
// share hurts nobody else and starts once the disk allows.
func TestStartIsTriedAgain(t *testing.T) {
	p := durabletest.New(t)
	a, b := &teller{share: id.Share{1}}, &teller{share: id.Share{2}}
	s := openOn(t, p)
	for _, u := range []*teller{a, b} {
		u.append(s, 100)
		u.sync(s)
	}
	s.Close()
	s = openOn(t, p)
	defer s.Close()
	p.Inject(durabletest.Fault{Kind: durabletest.Open, N: p.Calls(durabletest.Open) + 1, Err: syscall.EMFILE})
	if err := a.append(s, 100); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("got %v, want EMFILE", err)
	}
	for _, u := range []*teller{b, a} {
		if err := errors.Join(u.append(s, 100), u.sync(s)); err != nil {
			t.Fatal(err)
		}
		if len(u.acked) != 2 {
			t.Fatal(fmt.Sprint(len(u.acked), " acknowledged"))
		}
	}
}
