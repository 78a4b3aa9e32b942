package medium

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// putter puts small objects and remembers them, to read them back.
type putter struct {
	t     Target
	known map[string]bool // that a record vouches for: only these are durable for sure
	done  []written
}

type written struct {
	name string
	size int64
	sum  [32]byte
}

func (p *putter) put(ctx context.Context, name string, data []byte) error {
	if err := put(ctx, p.t, name, data); err != nil {
		return err
	}
	p.done = append(p.done, written{name, int64(len(data)), sha256.Sum256(data)})
	return nil
}

// sum puts an object that is named by its digest, unless a record before has put it and it is there as it should be.
func (p *putter) sum(ctx context.Context, dir string, sum [32]byte, data []byte) error {
	name := sumName(dir, sum)
	if p.known[name] {
		if sure(ctx, p.t, name, int64(len(data)), sum, nil) == nil {
			return nil
		}
	}
	return p.put(ctx, name, data)
}

// readBack makes what was put durable and compares it.
func (p *putter) readBack(ctx context.Context) error {
	if err := p.t.Flush(ctx); err != nil {
		return err
	}
	for _, w := range p.done {
		if err := check(ctx, p.t, w.name, w.size, w.sum, nil); err != nil {
			return fmt.Errorf("%s, read back: %w", w.name, err)
		}
	}
	return nil
}

// waits is how long is waited each time before a target that did not answer is asked again: as long as it takes to start a router anew.
var waits = [...]time.Duration{time.Second, 10 * time.Second, time.Minute, 2 * time.Minute}

// insist does once more what has failed because the line to the target broke. To have to send all of a pack that was nearly there in the next copy, an
// hour later, would mean that a line which breaks each hour never brings it over.
func (s *syncer) insist(ctx context.Context, err error, do func() error) error {
	if _, far := s.t.(*layers); !far {
		return err
	}
	for _, wait := range waits {
		if err == nil || problem.KindOf(err) != problem.Unavailable || !away(err) {
			return err
		}
		select {
		case <-time.After(wait):
			err = do()
		case <-ctx.Done():
			return err
		}
	}
	return err
}
