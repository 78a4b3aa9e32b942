package medium

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/problem"
)

// breaking is a depot behind a line that breaks in the midst of packs, before the answer that all has come, and when it is asked what it has.
type breaking struct {
	*depot
	at []int // at which of the times that it is used for a pack it breaks; nil: always

	mu   sync.Mutex
	used map[string]int // guarded by mu: for each pack
}

func (b *breaking) line(name string) (breaks bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.used[name]
	b.used[name]++
	return b.at == nil || slices.Contains(b.at, n)
}

var errLine = &problem.Error{Kind: problem.Unavailable, Op: "use the bucket", Err: errors.New("the line broke")}

func (b *breaking) Put(ctx context.Context, name string, size int64, body iter.Seq2[[]byte, error]) error {
	if _, _, _, pack := segmentOf(name); !pack {
		return b.depot.Put(ctx, name, size, body)
	}
	if b.line(name) {
		for range body { // a piece was sent
			break
		}
		return errLine
	}
	if err := b.depot.Put(ctx, name, size, body); err != nil {
		return err
	}
	if b.line(name) {
		return errLine
	}
	return nil
}

func (b *breaking) Stored(ctx context.Context, name, version string) (size int64, sum [32]byte, until time.Time, err error) {
	if _, _, _, pack := segmentOf(name); pack && b.line(name) {
		return 0, sum, until, errLine
	}
	return b.depot.Stored(ctx, name, version)
}

// TestResent: when the line to a bucket breaks, what was under way is sent again, a bounded number of times, and all of it arrives once.
func TestResent(t *testing.T) {
	target := packTarget
	packTarget = pieceSize + 1<<20 // packs of more than one piece
	defer func() { packTarget = target }()
	for name, at := range map[string][]int{
		"in the midst, with the answer, and when it is asked": {0, 2, 5},
		"for as long as a router takes to start":              {0, 1, 2, 3},
		"always":                                              nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t, durabletest.New(t), 1)
			defer h.close()
			h.grow(24, 1<<20)
			start := time.Now()
			b := &breaking{depot: newDepot(t, h, 30), at: at, used: make(map[string]int)}
			out, want, err := h.sync(b)
			if took := time.Since(start); (err == nil) != (at != nil) || took > 10*time.Minute {
				t.Fatalf("%s: after %v: %v", name, took, err)
			}
			for object, n := range b.used {
				if list := b.things[object]; at == nil && n > 5 || at != nil && len(list) != 1 {
					t.Errorf("%s: %s was sent %d times, and stands there %d times", name, object, n, len(list))
				}
			}
			if at != nil {
				same(t, b.depot, h.key, out.State, want)
			}
		})
	}
}
