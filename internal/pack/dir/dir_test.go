package dir

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

func open(t testing.TB, root string, target int64) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{FS: durable.OS(), Root: root, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

type put struct {
	at      pack.Place
	id      [32]byte
	payload []byte
}

func fill(t testing.TB, s *Store, share id.Share, n int, seed uint64) (all []put) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		p := put{payload: make([]byte, r.IntN(200_000))}
		for j := range p.payload {
			p.payload[j] = byte(r.Uint32())
		}
		p.id[0], p.id[1] = byte(i), byte(i>>8)
		var err error
		if p.at, err = s.Append(t.Context(), share, pack.Chunk, p.id, p.payload[:len(p.payload)/2], p.payload[len(p.payload)/2:]); err != nil {
			t.Fatal(err)
		}
		if r.IntN(4) == 0 {
			if _, err := s.Sync(t.Context(), share); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, p)
	}
	if _, err := s.Sync(t.Context(), share); err != nil {
		t.Fatal(err)
	}
	return all
}

func check(t testing.TB, s *Store, share id.Share, all []put) {
	t.Helper()
	for _, p := range all {
		f, err := s.Read(t.Context(), share, p.at, nil)
		if err != nil || f.ID != p.id || !bytes.Equal(f.Payload, p.payload) {
			t.Fatalf("frame at %+v: %v", p.at, err)
		}
	}
	i := 0
	for f, err := range s.Frames(t.Context(), share, pack.Position{}, func(pack.Type) bool { return true }) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Place != all[i].at || !bytes.Equal(f.Payload, all[i].payload) {
			t.Fatalf("frame %d is at %+v, want %+v", i, f.Place, all[i].at)
		}
		i++
	}
	if i != len(all) {
		t.Fatalf("walk saw %d frames, want %d", i, len(all))
	}
	for info, err := range s.Packs(t.Context(), share) {
		if err != nil {
			t.Fatal(err)
		}
		if _, damage, err := s.Check(t.Context(), share, info.Pack); err != nil || len(damage) > 0 {
			t.Fatalf("pack %d: %v %v", info.Pack, damage, err)
		}
	}
}

func TestReopenContinues(t *testing.T) {
	root, share := t.TempDir(), id.NewShare()
	var all []put
	for i := range uint64(5) {
		s := open(t, root, 1<<20)
		all = append(all, fill(t, s, share, 20, i)...)
		check(t, s, share, all)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	check(t, open(t, root, 1<<20), share, all)
}

func TestTornTailIsCut(t *testing.T) {
	for cut := range int64(40) {
		root, share := t.TempDir(), id.NewShare()
		s := open(t, root, 64<<20)
		all := fill(t, s, share, 5, 7)
		end, _ := s.Sync(t.Context(), share)
		if _, err := s.Append(t.Context(), share, pack.Chunk, [32]byte{9}, make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		s.Close() // flushes
		name := s.file(share, end.Pack)
		if err := os.Truncate(name, end.Offset+cut*2500+1); err != nil {
			t.Fatal(err)
		}
		s = open(t, root, 64<<20)
		check(t, s, share, all)
		all = append(all, fill(t, s, share, 5, 8)...)
		s.Close()
		check(t, open(t, root, 64<<20), share, all)
	}
}

// Every flipped bit is found by Check, and no flipped byte is returned.
func TestFlips(t *testing.T) {
	root, share := t.TempDir(), id.NewShare()
	s := open(t, root, 300_000)
	all := fill(t, s, share, 12, 3)
	end, _ := s.Sync(t.Context(), share)
	s.Close()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := uint64(1 + r.IntN(int(end.Pack)))
		name := s.file(share, n)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at := r.IntN(len(data))
		flipped := bytes.Clone(data)
		flipped[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(name, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		func() {
			s, err := Open(t.Context(), Config{FS: durable.OS(), Root: root, Known: func(id.Share) pack.Position { return end }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, damage, err := s.Check(t.Context(), share, n)
			if err != nil || len(damage) == 0 {
				t.Fatalf("flip at %d of pack %d (of %d): damage %v, %v", at, n, end.Pack, damage, err)
			}
			for _, p := range all {
				if f, err := s.Read(t.Context(), share, p.at, nil); err == nil && !bytes.Equal(f.Payload, p.payload) {
					t.Fatalf("flip at %d of pack %d was returned as content", at, n)
				}
			}
		}()
		now, _ := os.ReadFile(name)
		if !bytes.Equal(now, flipped) {
			t.Fatalf("flip at %d of pack %d: opening changed the pack", at, n)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConcurrent(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, 2<<20)
	shares := []id.Share{id.NewShare(), id.NewShare()}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			share := shares[i%2]
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for j := range 60 {
				payload := bytes.Repeat([]byte{byte(i), byte(j)}, r.IntN(100_000))
				at, err := s.Append(context.Background(), share, pack.Chunk, [32]byte{byte(i), byte(j)}, payload)
				if err != nil {
					t.Error(err)
					return
				}
				if j%3 == 0 {
					if _, err := s.Sync(context.Background(), share); err != nil {
						t.Error(err)
						return
					}
				}
				if f, err := s.Read(context.Background(), share, at, nil); err != nil || !bytes.Equal(f.Payload, payload) {
					t.Errorf("read back: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	s.Close()
	s = open(t, root, 2<<20)
	for _, share := range shares {
		n := 0
		for _, err := range s.Frames(t.Context(), share, pack.Position{}, nil) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 240 {
			t.Errorf("%d frames, want 240", n)
		}
	}
}

func BenchmarkAppendSync(b *testing.B) {
	s, share := open(b, b.TempDir(), 0), id.NewShare()
	payload := make([]byte, 4000)
	for b.Loop() {
		if _, err := s.Append(b.Context(), share, pack.Chunk, [32]byte{}, payload); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Sync(b.Context(), share); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend2MiB(b *testing.B) {
	s, share := open(b, b.TempDir(), 0), id.NewShare()
	payload := make([]byte, 2<<20)
	b.SetBytes(2 << 20)
	for b.Loop() {
		if _, err := s.Append(b.Context(), share, pack.Chunk, [32]byte{}, payload); err != nil {
			b.Fatal(err)
		}
	}
	s.Sync(b.Context(), share)
}
