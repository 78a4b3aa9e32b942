// Package packtest is what every pack.Store must pass: a directory, a bucket, a medium.
package packtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// TB is what the suite asks of a test; *testing.T and *rapid.T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Disk is where packs are. Open opens the store on it, again after each Close.
type Disk interface {
	Open(t TB) pack.Store
}

// Run checks a store. Each call of disk gives a new, empty one. Packs should be small (a few hundred KiB), so that the suite
// sees many.
func Run(t *testing.T, disk func(t TB) Disk) {
	tests := []struct {
		name string
		run  func(*testing.T, Disk)
	}{
		{"empty", testEmpty},
		{"round trip", testRoundTrip},
		{"sizes", testSizes},
		{"frames", testFrames},
		{"seal", testSeal},
		{"wrong places", testWrongPlaces},
		{"shares", testShares},
		{"cancelled", testCancelled},
		{"concurrent", testConcurrent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, disk(t)) })
	}
	t.Run("model", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { testModel(t, disk(t)) })
	})
}

// Put is a frame that was appended.
type Put struct {
	Place   pack.Place
	Type    pack.Type
	ID      [32]byte
	Payload []byte
}

// NewPut makes the n-th frame, whose content follows from n and the size: so that what is read can be judged without a copy.
func NewPut(n uint32, size int) Put {
	p := Put{Type: pack.Chunk + pack.Type(n%4), Payload: Payload(n, size)}
	binary.BigEndian.PutUint32(p.ID[:], n)
	binary.BigEndian.PutUint32(p.ID[4:], uint32(size))
	return p
}

// Payload is the content of NewPut's frame.
func Payload(n uint32, size int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	b := make([]byte, size)
	r.Read(b)
	return b
}

// Check tells whether a frame is one that NewPut made.
func (p Put) Check(f pack.Frame) error {
	switch {
	case f.ID != p.ID:
		return fmt.Errorf("id is %x, want %x", f.ID[:8], p.ID[:8])
	case f.Type != p.Type:
		return fmt.Errorf("type is %d, want %d", f.Type, p.Type)
	case f.Place != p.Place:
		return fmt.Errorf("place is %+v, want %+v", f.Place, p.Place)
	case !bytes.Equal(f.Payload, p.Payload):
		return fmt.Errorf("payload of %d bytes differs", len(f.Payload))
	}
	return nil
}

// Append appends p in parts, and sets its place.
func (p *Put) Append(ctx context.Context, s pack.Store, share id.Share) (err error) {
	half := len(p.Payload) / 2
	p.Place, err = s.Append(ctx, share, p.Type, p.ID, p.Payload[:half], p.Payload[half:])
	return err
}

func all(pack.Type) bool { return true }

var ctx = context.Background()

func add(t TB, s pack.Store, share id.Share, n uint32, size int) Put {
	t.Helper()
	p := NewPut(n, size)
	if err := p.Append(ctx, s, share); err != nil {
		t.Fatalf("append: %v", err)
	}
	return p
}

func flush(t TB, s pack.Store, share id.Share) pack.Position {
	t.Helper()
	end, err := s.Sync(ctx, share)
	if err != nil {
		t.Fatalf("sync: %v", err)
	}
	return end
}

func closed(t TB, s pack.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// Verify checks that a store holds exactly these frames of a share, in order, and no damage.
func Verify(t TB, s pack.Store, share id.Share, want []Put) {
	t.Helper()
	i := 0
	for f, err := range s.Frames(ctx, share, pack.Position{}, all) {
		if err != nil {
			t.Fatalf("frames: %v", err)
		}
		if i == len(want) {
			t.Fatalf("frame too many: %+v", f.Place)
		}
		if err := want[i].Check(f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		i++
	}
	if i < len(want) {
		t.Fatalf("%d frames, want %d", i, len(want))
	}
	for i, p := range want {
		f, err := s.Read(ctx, share, p.Place, nil)
		if err != nil {
			t.Fatalf("read frame %d: %v", i, err)
		}
		if err := p.Check(f); err != nil {
			t.Fatalf("read frame %d: %v", i, err)
		}
	}
	frames := 0
	for info, err := range s.Packs(ctx, share) {
		if err != nil {
			t.Fatalf("packs: %v", err)
		}
		checked, damage, err := s.Check(ctx, share, info.Pack)
		if err != nil || len(damage) > 0 {
			t.Fatalf("check of pack %d: %+v, %v", info.Pack, damage, err)
		}
		if checked.Digest != info.Digest || checked.Sealed != info.Sealed || checked.Size != info.Size {
			t.Errorf("check of pack %d says %+v, Packs said %+v", info.Pack, checked, info)
		}
		frames += checked.Frames
	}
	if frames != len(want) {
		t.Errorf("packs have %d frames, want %d", frames, len(want))
	}
}

func testEmpty(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	defer closed(t, s)
	Verify(t, s, share, nil)
	if end := flush(t, s, share); end != (pack.Position{}) {
		t.Errorf("end of nothing is %+v", end)
	}
	if info, err := s.Seal(ctx, share); err != nil || info != (pack.Info{}) {
		t.Errorf("seal of nothing: %+v, %v", info, err)
	}
	if n := s.Lost(share); n != 0 {
		t.Errorf("lost %d times", n)
	}
	if _, damage, err := s.Check(ctx, share, 1); err != nil || len(damage) != 1 || damage[0].Reason != "missing" {
		t.Errorf("check of a pack that is not there: %+v, %v", damage, err)
	}
}

func testRoundTrip(t *testing.T, d Disk) {
	share := id.NewShare()
	var want []Put
	var end pack.Position
	for round := range 4 {
		s := d.Open(t)
		for i := range 30 {
			want = append(want, add(t, s, share, uint32(len(want)), i*1000))
			if i%3 == 0 {
				now := flush(t, s, share)
				if now.Before(end) || now.Before(want[len(want)-1].Place.End()) {
					t.Fatalf("round %d: end went from %+v to %+v", round, end, now)
				}
				end = now
			}
		}
		flush(t, s, share)
		Verify(t, s, share, want)
		closed(t, s)
	}
	s := d.Open(t)
	defer closed(t, s)
	Verify(t, s, share, want)
}

func testSizes(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	var want []Put
	for i, size := range []int{0, 1, 55, 4040, 4096 - 56, 4096, 1 << 20, pack.MaxPayload - 1, pack.MaxPayload} {
		want = append(want, add(t, s, share, uint32(i), size))
	}
	if _, err := s.Append(ctx, share, pack.Chunk, [32]byte{}, make([]byte, pack.MaxPayload), []byte{1}); err == nil {
		t.Error("a frame that is too large was taken")
	}
	for _, typ := range []pack.Type{0, 9, pack.TypeHead, pack.TypeTrailer} {
		if _, err := s.Append(ctx, share, typ, [32]byte{}); err == nil {
			t.Errorf("a frame of type %d was taken", typ)
		}
	}
	flush(t, s, share)
	Verify(t, s, share, want)
	closed(t, s)
	s = d.Open(t)
	defer closed(t, s)
	Verify(t, s, share, want)
}

// Frames begins anywhere, reads what is asked for, and stops when nobody wants more.
func testFrames(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	defer closed(t, s)
	var want []Put
	for i := range 60 {
		want = append(want, add(t, s, share, uint32(i), 20_000))
		if i%7 == 0 {
			flush(t, s, share)
		}
	}
	flush(t, s, share)
	commits := func(t pack.Type) bool { return t == pack.Commit }
	for from := range want {
		i := from
		for f, err := range s.Frames(ctx, share, want[from].Place.Position, commits) {
			if err != nil {
				t.Fatal(err)
			}
			if (f.Payload != nil) != (f.Type == pack.Commit) {
				t.Fatalf("frame %d of type %d has a payload: %v", i, f.Type, f.Payload != nil)
			}
			if f.Payload == nil {
				f.Payload = want[i].Payload
			}
			if err := want[i].Check(f); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
			if i++; i == from+20 {
				break
			}
		}
		if i != min(from+20, len(want)) {
			t.Fatalf("from %d: stopped at %d", from, i)
		}
		next := slices.Collect(frames(t, s, share, want[from].Place.End()))
		if from+1 < len(want) && next[0].Place != want[from+1].Place {
			t.Fatalf("behind frame %d comes %+v, want %+v", from, next[0].Place, want[from+1].Place)
		}
	}
}

func frames(t TB, s pack.Store, share id.Share, from pack.Position) func(func(pack.Frame) bool) {
	return func(yield func(pack.Frame) bool) {
		for f, err := range s.Frames(ctx, share, from, nil) {
			if err != nil {
				t.Fatalf("frames: %v", err)
			}
			if !yield(f) {
				return
			}
		}
	}
}

func testSeal(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	var want []Put
	digests := make(map[uint64][32]byte)
	for i := range 5 {
		for j := range i + 1 {
			want = append(want, add(t, s, share, uint32(10*i+j), 500))
		}
		info, err := s.Seal(ctx, share)
		if err != nil || !info.Sealed || info.Frames != i+1 || info.Digest == [32]byte{} || info.Share != share {
			t.Fatalf("seal %d: %+v, %v", i, info, err)
		}
		digests[info.Pack] = info.Digest
		if again, err := s.Seal(ctx, share); err != nil || again != (pack.Info{}) {
			t.Fatalf("seal of nothing: %+v, %v", again, err)
		}
	}
	closed(t, s)
	s = d.Open(t)
	defer closed(t, s)
	for info, err := range s.Packs(ctx, share) {
		if err != nil || !info.Sealed || info.Digest != digests[info.Pack] {
			t.Fatalf("packs: %+v, %v", info, err)
		}
		delete(digests, info.Pack)
	}
	if len(digests) > 0 {
		t.Errorf("%d packs are not listed", len(digests))
	}
	want = append(want, add(t, s, share, 100, 500))
	flush(t, s, share)
	Verify(t, s, share, want)
}

// A place where no frame stands gives a DamageError, and never bytes.
func testWrongPlaces(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	defer closed(t, s)
	p := add(t, s, share, 1, 5000)
	flush(t, s, share)
	for _, at := range []pack.Place{
		{},
		{Position: pack.Position{Pack: 99}, Size: 100},
		{Position: pack.Position{Pack: p.Place.Pack, Offset: p.Place.Offset + 1}, Size: p.Place.Size},
		{Position: p.Place.Position, Size: p.Place.Size - 1},
		{Position: p.Place.Position, Size: p.Place.Size + 1},
		{Position: p.Place.Position, Size: 1 << 31},
		{Position: p.Place.Position, Size: 3},
		{Position: pack.Position{Pack: p.Place.Pack, Offset: -1}, Size: p.Place.Size},
		{Position: pack.Position{Pack: p.Place.Pack, Offset: 1 << 60}, Size: p.Place.Size},
	} {
		f, err := s.Read(ctx, share, at, nil)
		if de, ok := errors.AsType[*pack.DamageError](err); !ok || f.Payload != nil {
			t.Errorf("read at %+v: %v, %v", at, f.Payload != nil, err)
		} else if de.Share != share || de.At != at.Position {
			t.Errorf("read at %+v names %+v", at, de.Damage)
		}
	}
	buf := make([]byte, 10_000)
	f, err := s.Read(ctx, share, p.Place, buf)
	if err != nil || p.Check(f) != nil {
		t.Fatalf("read: %v, %v", err, p.Check(f))
	}
	if n := testing.AllocsPerRun(20, func() { s.Read(ctx, share, p.Place, buf) }); n > 20 {
		t.Errorf("a read into a buffer allocates %v times", n)
	}
}

func testShares(t *testing.T, d Disk) {
	s := d.Open(t)
	want := make(map[id.Share][]Put)
	for i := range 100 { // interleaved
		for share := range 5 {
			share := id.Share{1, byte(share)}
			want[share] = append(want[share], add(t, s, share, uint32(i), 3000))
		}
	}
	for share := range want {
		flush(t, s, share)
	}
	closed(t, s)
	s = d.Open(t)
	defer closed(t, s)
	got, err := s.Shares(ctx)
	if err != nil || len(got) != len(want) {
		t.Fatalf("shares: %v, %v", got, err)
	}
	for _, share := range got {
		Verify(t, s, share, want[share])
	}
}

func testCancelled(t *testing.T, d Disk) {
	s, share := d.Open(t), id.NewShare()
	defer closed(t, s)
	p := add(t, s, share, 1, 100)
	flush(t, s, share)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Append(ctx, share, pack.Chunk, [32]byte{}); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Read(ctx, share, p.Place, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, _, err := s.Check(ctx, share, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("check: %v", err)
	}
	for _, err := range s.Frames(ctx, share, pack.Position{}, nil) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("frames: %v", err)
		}
	}
}

// Appenders, syncers and readers at once; what a reader was told the place of, it can read.
func testConcurrent(t *testing.T, d Disk) {
	s := d.Open(t)
	shares := []id.Share{id.NewShare(), id.NewShare()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := make(map[id.Share]int)
	for g := range 8 {
		wg.Go(func() {
			share := shares[g%2]
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 40 {
				p := NewPut(uint32(g*1000+i), r.IntN(60_000))
				if err := p.Append(ctx, s, share); err != nil {
					t.Errorf("append: %v", err)
					return
				}
				switch i % 5 {
				case 0:
					if end, err := s.Sync(ctx, share); err != nil || end.Before(p.Place.End()) {
						t.Errorf("sync: %+v, %v", end, err)
					}
				case 1:
					f, err := s.Read(ctx, share, p.Place, nil)
					if err != nil || p.Check(f) != nil {
						t.Errorf("read back: %v, %v", err, p.Check(f))
					}
				case 2:
					for _, err := range s.Frames(ctx, share, pack.Position{Pack: p.Place.Pack}, nil) {
						if err != nil {
							t.Errorf("frames: %v", err)
						}
					}
				case 3:
					if g == 7 {
						if _, err := s.Seal(ctx, share); err != nil {
							t.Errorf("seal: %v", err)
						}
					}
				}
				mu.Lock()
				got[share]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	closed(t, s)
	s = d.Open(t)
	defer closed(t, s)
	for _, share := range shares {
		if n := len(slices.Collect(frames(t, s, share, pack.Position{}))); n != got[share] {
			t.Errorf("%d frames, want %d", n, got[share])
		}
	}
}
