package medium

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Before opens the last state that ends before a moment. States that cannot be read are passed over.
func Before(ctx context.Context, t Target, key string, moment time.Time) (*State, error) {
	numbers, err := Numbers(ctx, t)
	if err != nil {
		return nil, unavailable("open medium", "", err)
	}
	for _, n := range slices.Backward(numbers) {
		s, err := Open(ctx, t, key, n)
		switch {
		case err == nil && s.Time.Before(moment):
			return s, nil
		case err != nil && problem.KindOf(err) != problem.Damaged && problem.KindOf(err) != problem.NotFound:
			return nil, err
		}
	}
	return nil, &problem.Error{Kind: problem.NotFound, Op: "open medium", On: moment.Local().Format("2006-01-02 15:04 -0700"), Hint: "hint.medium-before"}
}

// Pack is a pack of a state.
type Pack struct {
	Share   id.Share
	Pack    uint64
	Size    int64
	Aligned bool // all that Fetch gives stands at multiples of durable.Block
}

// List lists the packs of the state.
func (s *State) List() (out []Pack) {
	for _, share := range s.Shares() {
		for _, x := range s.s.shares[share] {
			if n := len(out); n > 0 && out[n-1].Share == share && out[n-1].Pack == x.pack {
				out[n-1].Size = x.end()
				out[n-1].Aligned = out[n-1].Aligned && x.from%durable.Block == 0
				continue
			}
			out = append(out, Pack{share, x.pack, x.end(), true})
		}
	}
	return out
}

// Fetch reads a pack from front to back, past the page cache, and gives write its bytes and where they stand; the memory is aligned, has room
// up to a multiple of durable.Block, and is not kept. Every byte is compared with what the vault has signed. What is damaged is told and given all the
// same, as far as it can be read: each frame in it has a checksum of its own. The error is that of write, the end of ctx, or that the medium was pulled
// out. Several may go on at once: one of them reads from a disk, the others write what they have read.
func (s *State) Fetch(ctx context.Context, p Pack, write func(off int64, b []byte) error, damaged func(Finding)) error {
	for _, x := range s.s.shares[p.Share] {
		if x.pack != p.Pack {
			continue
		}
		name := x.name(p.Share)
		err, failed := s.fetch(ctx, name, x, write)
		if err := errors.Join(failed, ctx.Err()); err != nil {
			return err
		}
		if err != nil {
			f, err := s.Damaged(ctx, name, err)
			if err != nil {
				return err
			}
			f.Share, f.Pack = p.Share, p.Pack
			damaged(f)
		}
	}
	return nil
}

// fetched is how many pieces of a segment wait to be written.
const fetched = 2

// fetch reads a segment and writes it. The first error is that of the medium, the second that of write.
func (s *State) fetch(ctx context.Context, name string, x segment, write func(off int64, b []byte) error) (read, failed error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	free, full := make(chan []byte, fetched+1), make(chan []byte, fetched)
	for range fetched + 1 {
		free <- nil // made when it is needed
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		at := x.from
		for b := range full {
			if failed == nil {
				if failed = write(at, b); failed != nil {
					stop()
				}
			}
			at += int64(len(b))
			free <- b[:cap(b)]
		}
	})
	read = s.disk.alone(ctx, func() error {
		return check(ctx, s.t, name, x.length, x.sum, func(b []byte) {
			to := <-free
			if to == nil {
				to = buffer(x.length)
			}
			full <- to[:copy(to, b)]
		})
	})
	close(full)
	writing.Wait()
	return read, failed
}
