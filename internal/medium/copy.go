package medium

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

const (
	pieces    = 6    // that are on their way at once: all the memory of a copy
	batchJobs = 8192 // segments after which a part is put
)

// batch is how many bytes are copied before a part is put: a sync that is broken off loses no more.
var batch int64 = 4 << 30 // less in tests

// copyAll copies what is new, batch by batch. What stands in the vault and cannot be read there is told and left out.
func (s *syncer) copyAll(ctx context.Context) error {
	longest := int64(0)
	for _, j := range s.jobs {
		longest = max(longest, j.length)
	}
	free := make(chan []byte, pieces)
	for range pieces {
		free <- buffer(longest)
	}
	for jobs := s.jobs; len(jobs) > 0; {
		n, bytes := 0, int64(0)
		for n < len(jobs) && n < batchJobs && (n == 0 || bytes+jobs[n].length <= batch) {
			bytes += jobs[n].length
			n++
		}
		r := &run{s: s, free: free, longest: longest}
		if err := r.all(ctx, jobs[:n]); err != nil {
			return err
		}
		s.settle(r.done, r.lost)
		if jobs = jobs[n:]; len(jobs) == 0 {
			break
		}
		if err := s.putPart(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

// settle enters what was copied, with its digests, and takes out what could not be read.
func (s *syncer) settle(done, lost []job) {
	sums := make(map[id.Share]map[segment][32]byte)
	for _, j := range slices.Concat(done, lost) {
		of := sums[j.share]
		if of == nil {
			of = make(map[segment][32]byte)
			sums[j.share] = of
		}
		x := j.segment
		x.sum = [32]byte{}
		of[x] = j.sum // zeros: lost
	}
	for share, of := range sums {
		list := slices.Clone(s.shares[share])
		for i, x := range list {
			if sum, ok := of[x]; ok {
				list[i].sum = sum
			}
		}
		s.shares[share] = slices.DeleteFunc(list, func(x segment) bool {
			sum, ok := of[x]
			return ok && sum == [32]byte{}
		})
	}
}

// putPart writes down what was copied so far, without what is still to come.
func (s *syncer) putPart(ctx context.Context, rest []job) error {
	missing := make(map[id.Share]map[segment]bool)
	for _, j := range rest {
		if missing[j.share] == nil {
			missing[j.share] = make(map[segment]bool)
		}
		missing[j.share][j.segment] = true
	}
	shares := make(map[id.Share][]segment)
	for share, list := range s.shares {
		shares[share] = slices.DeleteFunc(slices.Clone(list), func(x segment) bool { return missing[share][x] })
	}
	p := &putter{t: s.t, known: s.known}
	sum, err := s.putBody(ctx, p, body{Format: format, Descriptor: sha256.Sum256(s.raw)}, shares)
	if err != nil {
		return err
	}
	if err := p.readBack(ctx); err != nil {
		return err
	}
	r := record{medium: s.desc.ID, number: s.number, time: s.cut.Time, head: s.head, body: sum}
	if s.prev != nil {
		r.before = s.prev.sum
	}
	s.part++
	return s.putRecord(ctx, r, partName(s.number, s.part-1))
}

// run is a batch at work, in three stages that go on side by side: one reads the vault and hashes, one writes, and one reads back what
// was written. Each hands on through channels.
type run struct {
	s       *syncer
	free    chan []byte
	longest int64 // segment

	done []job // with their digests; owned by the last stage
	lost []job // owned by the second
}

// stream is a segment on its way from the first stage to the second. err and sum are set before pieces is closed.
type stream struct {
	job
	pieces chan []byte
	err    error
}

func (r *run) all(ctx context.Context, jobs []job) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	streams, written := make(chan *stream), make(chan job, 2)
	var stages sync.WaitGroup
	stages.Go(func() { r.read(ctx, jobs, streams) })
	stages.Go(func() {
		defer close(written)
		if err := r.write(ctx, streams, written); err != nil {
			stop(err)
		}
	})
	stages.Go(func() {
		if err := r.readBack(ctx, written); err != nil {
			stop(err)
		}
	})
	stages.Wait()
	for len(r.free) < pieces { // what was on its way when it was broken off
		r.free <- buffer(r.longest)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// read is the first stage.
func (r *run) read(ctx context.Context, jobs []job, to chan<- *stream) {
	defer close(to)
	for _, j := range jobs {
		if j.sum != [32]byte{} && !r.same(ctx, j) {
			continue
		}
		st := &stream{job: j, pieces: make(chan []byte, pieces)}
		select {
		case to <- st:
		case <-ctx.Done():
			return
		}
		st.sum, st.err = r.feed(ctx, j, func(piece []byte) bool {
			select {
			case st.pieces <- piece:
				return true
			case <-ctx.Done():
				return false
			}
		})
		close(st.pieces)
	}
}

// same reports whether the vault still has what a damaged segment held. Other bytes are not put in its place.
func (r *run) same(ctx context.Context, j job) bool {
	sum, err := r.feed(ctx, j, func(piece []byte) bool {
		r.free <- piece[:cap(piece)]
		return true
	})
	if err == nil && sum != j.sum {
		err = errDigest
	}
	if err != nil && ctx.Err() == nil {
		r.s.fail(j, err)
	}
	return err == nil
}

// feed reads a segment from the vault, hands it on piece by piece, and returns its digest.
func (r *run) feed(ctx context.Context, j job, hand func([]byte) bool) (sum [32]byte, err error) {
	f, err := r.s.src.OpenPack(j.share, j.pack, j.from%durable.Block == 0)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	trailer := j.length - durable.Block // of a sealed pack: its own digest covers what is before
	for at := int64(0); at < j.length; {
		var buf []byte
		select {
		case buf = <-r.free:
		case <-ctx.Done():
			return sum, ctx.Err()
		}
		want := int(min(pieceSize, j.length-at))
		n, err := f.ReadAt(buf[:min(pieceSize, (want+durable.Block-1)&^(durable.Block-1))], j.from+at)
		if n = min(n, want); n < want {
			r.free <- buf
			return sum, errors.Join(fmt.Errorf("read %d of %d bytes at %d", n, want, j.from+at), err, io.ErrUnexpectedEOF)
		}
		if end := at + int64(n); j.whole && at <= trailer && end > trailer {
			h.Write(buf[:trailer-at])
			if [32]byte(h.Sum(nil)) != j.digest {
				r.s.fail(j, errDigest) // it is copied all the same: most of it may be whole
			}
			h.Write(buf[trailer-at : n])
		} else {
			h.Write(buf[:n])
		}
		if at += int64(n); !hand(buf[:n]) {
			return sum, ctx.Err()
		}
	}
	return [32]byte(h.Sum(nil)), nil
}

// write is the second stage.
func (r *run) write(ctx context.Context, from <-chan *stream, to chan<- job) error {
	for st := range from {
		err := r.s.t.Put(ctx, st.name(st.share), st.length, r.body(st))
		for piece := range st.pieces { // the first stage waits for that, and only then says whether it could read
			r.free <- piece[:cap(piece)]
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case st.err != nil:
			r.s.fail(st.job, st.err)
			st.sum = [32]byte{}
			r.lost = append(r.lost, st.job)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", st.name(st.share), err)
		}
		select {
		case to <- st.job:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// body yields the pieces of a stream, and gives each back when the next is asked for.
func (r *run) body(st *stream) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for piece := range st.pieces {
			wanted := yield(piece, nil)
			r.free <- piece[:cap(piece)]
			if !wanted {
				return
			}
			r.s.moved(int64(len(piece)), 0)
		}
		if st.err != nil {
			yield(nil, st.err)
		}
	}
}

// readBack is the third stage.
func (r *run) readBack(ctx context.Context, from <-chan job) error {
	for j := range from {
		if err := check(ctx, r.s.t, j.name(j.share), j.length, j.sum, nil); err != nil {
			return fmt.Errorf("%s, read back: %w", j.name(j.share), err)
		}
		r.done = append(r.done, j)
		r.s.moved(0, 1)
	}
	return nil
}

// fail tells of a pack of the vault that is damaged. The stages call it.
func (s *syncer) fail(j job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finding(Finding{Share: j.share, Pack: j.pack, Reason: Vault, Text: err.Error()})
}

// moved counts what was written and read back. The stages call it.
func (s *syncer) moved(bytes, objects int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did.Bytes, s.did.Objects = s.did.Bytes+bytes, s.did.Objects+objects
	s.out.Copied, s.out.Objects = s.did.Bytes, s.did.Objects
	if s.opt.Progress != nil {
		s.opt.Progress(s.did)
	}
}
