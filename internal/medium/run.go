package medium

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/azekura/azekura/internal/durable"
)

const (
	pieces  = 8 // that are on their way at once: all the memory of a copy
	writers = 2 // segments that are written at once, where the medium is no disk: one goes on while the other is made durable
)

// run is a batch at work, in stages that go on side by side: one reads the vault, one hashes, others write, and where the medium computes digests of its
// own, one compares them. Each hands on through channels.
type run struct {
	s       *syncer
	free    chan []byte
	longest int64 // segment

	done []job // with their digests; owned by the last stage
	lost []job // guarded by s.mu
}

func newRun(s *syncer, jobs []job) *run {
	r := &run{s: s, free: make(chan []byte, pieces)}
	for _, j := range jobs {
		r.longest = max(r.longest, j.length)
	}
	for range pieces {
		r.free <- buffer(r.longest)
	}
	return r
}

// stream is a segment on its way.
type stream struct {
	job
	object string
	raw    chan []byte // as it was read
	pieces chan []byte // hashed
	err    error       // why it could not be read; set before raw is closed
	moved  int64       // bytes that were counted; owned by who writes it
}

func (r *run) all(ctx context.Context, jobs []job) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	read, streams, written := make(chan *stream), make(chan *stream), make(chan job, 2)
	var stages, writing sync.WaitGroup
	stages.Go(func() { r.read(ctx, jobs, read) })
	stages.Go(func() { r.hash(ctx, read, streams) })
	n := writers
	if armOf(r.s.t) != nil {
		n = 1 // or the arm would go to and fro between two
	}
	for range n {
		writing.Go(func() {
			if err := r.write(ctx, streams, written); err != nil {
				stop(err)
			}
		})
	}
	stages.Go(func() {
		writing.Wait()
		close(written)
	})
	stages.Go(func() {
		if err := r.compare(ctx, written); err != nil {
			stop(err)
		}
	})
	stages.Wait()
	for len(r.free) < pieces { // what was on its way when it was broken off
		r.free <- buffer(r.longest)
	}
	return context.Cause(ctx)
}

// pass hands something on unless all is broken off.
func pass[T any](ctx context.Context, to chan<- T, x T) bool {
	select {
	case to <- x:
		return true
	case <-ctx.Done():
		return false
	}
}

// read is the first stage.
func (r *run) read(ctx context.Context, jobs []job, to chan<- *stream) {
	defer close(to)
	for _, j := range jobs {
		if j.sum != [32]byte{} && !r.same(ctx, j) {
			continue
		}
		st := &stream{job: j, object: j.name(j.share), raw: make(chan []byte, pieces), pieces: make(chan []byte, pieces)}
		if !pass(ctx, to, st) {
			return
		}
		st.err = r.feed(ctx, j, func(piece []byte) bool { return pass(ctx, st.raw, piece) })
		close(st.raw)
	}
}

// same reports whether the vault still has what a damaged segment held. Other bytes are not put in its place.
func (r *run) same(ctx context.Context, j job) bool {
	h := sha256.New()
	err := r.feed(ctx, j, func(piece []byte) bool {
		h.Write(piece)
		r.free <- piece[:cap(piece)]
		return true
	})
	if err == nil && [32]byte(h.Sum(nil)) != j.sum {
		err = errDigest
	}
	if err != nil && ctx.Err() == nil {
		r.s.fail(j, err)
		r.s.mu.Lock()
		r.s.stuck[j.name(j.share)] = true
		r.s.mu.Unlock()
	}
	return err == nil
}

// feed reads a segment from the vault and hands it on piece by piece.
func (r *run) feed(ctx context.Context, j job, hand func([]byte) bool) error {
	f, err := r.s.src.OpenPack(j.share, j.pack, j.from%durable.Block == 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for at := int64(0); at < j.length; {
		var buf []byte
		select {
		case buf = <-r.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		piece, err := j.piece(f, buf, at)
		if err != nil {
			r.free <- buf
			return err
		}
		if at += int64(len(piece)); !hand(piece) {
			return ctx.Err()
		}
	}
	return nil
}

// piece reads what comes at a place of a segment, as much as buf takes.
func (j job) piece(f durable.File, buf []byte, at int64) ([]byte, error) {
	want := int(min(int64(len(buf)), j.length-at))
	n, err := f.ReadAt(buf[:(want+durable.Block-1)&^(durable.Block-1)], j.from+at)
	if n = min(n, want); n < want {
		return nil, errors.Join(fmt.Errorf("read %d of %d bytes at %d", n, want, j.from+at), err, io.ErrUnexpectedEOF)
	}
	return buf[:n], nil
}

// hash is the stage between reading and writing. Each segment goes on to be written while the next is read.
func (r *run) hash(ctx context.Context, from <-chan *stream, to chan<- *stream) {
	defer close(to)
	for st := range from {
		if !pass(ctx, to, st) {
			return
		}
		h, at := sha256.New(), int64(0)
		trailer := st.length - durable.Block // of a sealed pack: its own digest covers what is before
		for piece := range st.raw {
			if end := at + int64(len(piece)); st.whole && at <= trailer && end > trailer {
				h.Write(piece[:trailer-at])
				if [32]byte(h.Sum(nil)) != st.digest {
					r.s.fail(st.job, errDigest) // it is copied all the same: most of it may be whole
				}
				h.Write(piece[trailer-at:])
			} else {
				h.Write(piece)
			}
			if at += int64(len(piece)); !pass(ctx, st.pieces, piece) { // to the end all the same: then err is set
				r.free <- piece[:cap(piece)]
			}
		}
		h.Sum(st.sum[:0])
		close(st.pieces)
	}
}

// write is the third stage.
func (r *run) write(ctx context.Context, from <-chan *stream, to chan<- job) error {
	for st := range from {
		err := r.s.t.Put(ctx, st.object, st.length, r.body(st))
		r.drain(st)
		if st.err == nil {
			err = r.s.insist(ctx, err, func() error { return r.s.t.Put(ctx, st.object, st.length, r.anew(st.job)) })
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case st.err != nil:
			r.lose(st)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", st.object, err)
		}
		r.s.moved(st.length-st.moved, 0) // what went there when it was put once more
		if !pass(ctx, to, st.job) {
			return ctx.Err()
		}
	}
	return nil
}

// lose leaves a segment out that the vault could not give.
func (r *run) lose(st *stream) {
	r.s.fail(st.job, st.err)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	st.sum = [32]byte{}
	r.lost = append(r.lost, st.job)
}

// drain gives back the pieces of a stream that nobody wants. After it, sum and err are set.
func (r *run) drain(st *stream) {
	for piece := range st.pieces {
		r.free <- piece[:cap(piece)]
	}
}

// body yields the pieces of a stream, and gives each back when the next is asked for. Once they are gone, the vault is read again.
func (r *run) body(st *stream) iter.Seq2[[]byte, error] {
	begun := false
	return func(yield func([]byte, error) bool) {
		if begun {
			r.drain(st)
			r.anew(st.job)(yield)
			return
		}
		begun = true
		for piece := range st.pieces {
			wanted := yield(piece, nil)
			r.free <- piece[:cap(piece)]
			if !wanted {
				return
			}
			r.s.moved(int64(len(piece)), 0)
			st.moved += int64(len(piece))
		}
		if st.err != nil {
			yield(nil, st.err)
		}
	}
}

// anew yields a segment from the vault once more. Its memory is its own: all other may be with segments that wait for this one.
func (r *run) anew(j job) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := r.s.src.OpenPack(j.share, j.pack, j.from%durable.Block == 0)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		buf := buffer(j.length)
		for at := int64(0); at < j.length; {
			piece, err := j.piece(f, buf, at)
			if at += int64(len(piece)); !yield(piece, err) || err != nil {
				return
			}
		}
	}
}

// compare is the last stage. From a disk everything is read back, once there is a state.
func (r *run) compare(ctx context.Context, from <-chan job) error {
	l, ok := r.s.t.(*layers)
	for j := range from {
		if ok {
			compare := func() error { return l.compare(ctx, j, r.s.fresh) }
			if err := r.s.insist(ctx, compare(), compare); err != nil {
				return fmt.Errorf("%s, compared: %w", j.name(j.share), err)
			}
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

// wentOver counts what was read back.
func (s *syncer) wentOver(bytes int64) {
	s.did.Read += bytes
	if s.opt.Progress != nil {
		s.opt.Progress(s.did)
	}
}

// moved counts what was written. The stages call it.
func (s *syncer) moved(bytes, objects int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did.Bytes, s.did.Objects = s.did.Bytes+bytes, s.did.Objects+objects
	s.out.Copied, s.out.Objects = s.did.Bytes, s.did.Objects
	if s.opt.Progress != nil {
		s.opt.Progress(s.did)
	}
}
