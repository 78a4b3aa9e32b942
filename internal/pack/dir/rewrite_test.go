package dir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// without is a log of sealed packs from which frames are taken out.
type without struct {
	share id.Share
	puts  []packtest.Put
	gone  map[[32]byte]bool
}

// begin makes three packs of frames, the last of which may still grow.
func (u *without) begin(t packtest.TB, s *Store, sizes []int) error {
	u.share, u.gone = id.Share{7}, make(map[[32]byte]bool)
	for i, size := range sizes {
		p := packtest.NewPut(uint32(i), size)
		if err := p.Append(context.Background(), s, u.share); err != nil {
			return err
		}
		u.puts = append(u.puts, p)
		if i%3 == 2 {
			if _, err := s.Sync(context.Background(), u.share); err != nil {
				return err
			}
		}
		if i == len(sizes)/3 || i == 2*len(sizes)/3 {
			if _, err := s.Seal(context.Background(), u.share); err != nil {
				return err
			}
		}
	}
	_, err := s.Sync(context.Background(), u.share)
	return err
}

func (u *without) drop(_ pack.Type, frame [32]byte) bool { return u.gone[frame] }

// check reads all: what is not gone stands where it stood. sure says that what is gone cannot be read any more.
func (u *without) check(t packtest.TB, s *Store, sure bool) {
	t.Helper()
	var want, got []pack.Place
	for i, p := range u.puts {
		f, err := s.Read(context.Background(), u.share, p.Place, nil)
		out := u.gone[p.ID] && p.Place.Pack < 3
		switch {
		case !out && (err != nil || f.ID != p.ID || !bytes.Equal(f.Payload, p.Payload)):
			t.Fatalf("frame %d cannot be read where it stood: %v", i, err)
		case out && err == nil && (sure || !bytes.Equal(f.Payload, p.Payload)):
			t.Fatalf("frame %d is still there", i)
		}
		if !out || err == nil {
			want = append(want, p.Place)
		}
	}
	for f, err := range s.Frames(context.Background(), u.share, pack.Position{}, nil) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		got = append(got, f.Place)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("frames at %v, want %v", got, want)
	}
	for info, err := range s.Packs(context.Background(), u.share) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		checked, damage, err := s.Check(context.Background(), u.share, info.Pack)
		if err != nil || len(damage) > 0 {
			t.Fatalf("pack %d: %v, %v", info.Pack, damage, err)
		}
		if checked.Digest != info.Digest || checked.Size != info.Size {
			t.Fatalf("pack %d is %+v and %+v", info.Pack, info, checked)
		}
	}
}

func agree(pack.Info) error { return nil }

// TestRewriteModel: whatever is taken out, in however many steps, the rest stands where it stood, and the same taken out is the same pack.
func TestRewriteModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := durabletest.New(t)
		s := openOn(t, p)
		u := &without{}
		if err := u.begin(t, s, rapid.SliceOfN(rapid.IntRange(0, 9000), 6, 30).Draw(t, "sizes")); err != nil {
			t.Fatalf("%v", err)
		}
		one := make(map[uint64][32]byte)
		for range rapid.IntRange(1, 3).Draw(t, "steps") {
			for _, p := range u.puts {
				if rapid.IntRange(0, 2).Draw(t, "gone") == 0 {
					u.gone[p.ID] = true
				}
			}
			for n := uint64(1); n < 3; n++ {
				if _, err := s.Rewrite(context.Background(), u.share, n, u.drop, func(i pack.Info) error { one[n] = i.Digest; return nil }); err != nil {
					t.Fatalf("%v", err)
				}
			}
			u.check(t, s, true)
		}
		if _, err := s.Rewrite(context.Background(), u.share, 3, u.drop, agree); !errors.Is(err, errLast) {
			t.Fatalf("the end of the log: %v", err)
		}
		for n := range one {
			freed, err := s.Rewrite(context.Background(), u.share, n, u.drop, func(pack.Info) error { return errors.New("written again") })
			if err != nil || freed != 0 {
				t.Fatalf("nothing to take out: %d, %v", freed, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatalf("%v", err)
		}
		s = openOn(t, p)
		defer s.Close()
		u.check(t, s, true)
		next := packtest.NewPut(1000, 100)
		if err := next.Append(context.Background(), s, u.share); err != nil {
			t.Fatalf("%v", err)
		}
		if _, err := s.Sync(context.Background(), u.share); err != nil {
			t.Fatalf("%v", err)
		}
		u.puts = append(u.puts, next)
		u.check(t, s, true)
	})
}

// rewriteStory takes out frames on a disk that may fail, and looks whether all that is not gone is there, on this disk and after a crash.
func rewriteStory(t *testing.T, p *durabletest.Platter) {
	u := &without{}
	var told []pack.Info
	s, err := openStore(t, p)
	if err == nil {
		if err = u.begin(t, s, []int{100, 5000, 30, 4096, 0, 12000, 700, 8000, 1}); err == nil {
			for i, q := range u.puts {
				if i%2 == 1 {
					u.gone[q.ID] = true
				}
			}
			for n := uint64(1); n < 3 && err == nil; n++ {
				_, err = s.Rewrite(context.Background(), u.share, n, u.drop, func(i pack.Info) error { told = append(told, i); return nil })
			}
		} else {
			u = nil
		}
		s.Close()
	}
	if u == nil || len(u.puts) == 0 {
		return
	}
	for q := range p.Crashes(6) {
		s := openOn(t, q)
		u.check(t, s, err == nil)
		for n := uint64(1); n < 3; n++ {
			freed, err := s.Rewrite(context.Background(), u.share, n, u.drop, func(i pack.Info) error {
				if len(told) >= int(n) && told[n-1] != i {
					return fmt.Errorf("pack %d is %+v this time, was %+v", n, i, told[n-1])
				}
				return nil
			})
			if err != nil {
				t.Fatalf("again: %d, %v", freed, err)
			}
		}
		u.check(t, s, true)
		s.Close()
	}
}

func TestRewriteEveryFault(t *testing.T) { durabletest.Each(t, rewriteStory) }

func TestRewritePowerCut(t *testing.T) { durabletest.EachCut(t, rewriteStory) }

// TestRewriteNotAgreed: without the agreement nothing has happened.
func TestRewriteNotAgreed(t *testing.T) {
	p := durabletest.New(t)
	s := openOn(t, p)
	defer s.Close()
	u := &without{}
	if err := u.begin(t, s, []int{100, 5000, 30, 4096, 0, 12000}); err != nil {
		t.Fatalf("%v", err)
	}
	no := errors.New("no")
	all := func(pack.Type, [32]byte) bool { return true }
	if _, err := s.Rewrite(context.Background(), u.share, 1, all, func(pack.Info) error { return no }); !errors.Is(err, no) {
		t.Fatalf("%v", err)
	}
	u.check(t, s, true)
	if slices.ContainsFunc(p.Names(), func(n string) bool { return len(n) > 4 && n[len(n)-4:] == ".new" }) {
		t.Error("the pack that nobody agreed to is still there")
	}
}

// TestRewriteLeavesDamage: a pack with damage gets no new digest.
func TestRewriteLeavesDamage(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, 1<<20)
	all := fill(t, s, id.Share{1}, 12, 3)
	if _, err := s.Seal(context.Background(), id.Share{1}); err != nil {
		t.Fatalf("%v", err)
	}
	fill(t, s, id.Share{1}, 1, 4)
	name := s.file(id.Share{1}, 1)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	b[all[1].at.Offset+pack.HeaderSize+1] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	_, err = s.Rewrite(context.Background(), id.Share{1}, 1, func(_ pack.Type, f [32]byte) bool { return f == all[0].id }, agree)
	if _, ok := errors.AsType[*pack.DamageError](err); !ok {
		t.Fatalf("a damaged pack was written again: %v", err)
	}
	if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, b) {
		t.Error("the damaged pack was changed")
	}
}

// TestRewriteFreesTheDisk: the file system takes back what was taken out, and readers with an open file go on.
func TestRewriteFreesTheDisk(t *testing.T) {
	s := open(t, t.TempDir(), 64<<20)
	all := fill(t, s, id.Share{1}, 60, 5)
	if _, err := s.Seal(context.Background(), id.Share{1}); err != nil {
		t.Fatalf("%v", err)
	}
	last := fill(t, s, id.Share{1}, 1, 6)
	blocks := func() int64 {
		var st syscall.Stat_t
		if err := syscall.Stat(s.file(id.Share{1}, 1), &st); err != nil {
			t.Fatalf("%v", err)
		}
		return 512 * st.Blocks
	}
	before := blocks()
	gone := make(map[[32]byte]bool)
	for _, p := range all[10:50] {
		gone[p.id] = true
	}
	freed, err := s.Rewrite(context.Background(), id.Share{1}, 1, func(_ pack.Type, f [32]byte) bool { return gone[f] }, agree)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if is := before - blocks(); is < freed*9/10 || freed < 1<<20 {
		t.Errorf("%d bytes are free on the disk, %d were taken out", is, freed)
	}
	check(t, s, id.Share{1}, slices.Concat(all[:10], all[50:], last))
}
