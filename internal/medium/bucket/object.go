package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/internal/medium"
)

// object is an object that is read. What is asked for in order comes in one answer.
type object struct {
	b             *Bucket
	ctx           context.Context
	name, version string
	size          int64

	mu   sync.Mutex
	body io.ReadCloser // guarded by mu: what comes in order; nil: nothing does
	at   int64         // guarded by mu: where body is
}

// Open implements medium.Target: what was put last.
func (b *Bucket) Open(ctx context.Context, name string) (medium.Object, error) {
	o := &object{b: b, ctx: ctx, name: name, size: -1}
	if err := o.begin(0); err != nil {
		return nil, b.failed(name, err)
	}
	return o, nil
}

// OpenVersion implements medium.Locking. Nobody is asked before it is read.
func (b *Bucket) OpenVersion(ctx context.Context, name string, v medium.Version) (medium.Object, error) {
	return &object{b: b, ctx: ctx, name: name, version: v.ID, size: v.Size}, nil
}

// get asks for a range; to < 0 is the end.
func (o *object) get(from, to int64) (io.ReadCloser, minio.ObjectInfo, error) {
	opt := minio.GetObjectOptions{VersionID: o.version}
	var err error
	switch {
	case to >= 0:
		err = opt.SetRange(from, to-1)
	case from > 0:
		err = opt.SetRange(from, 0)
	}
	if err != nil {
		return nil, minio.ObjectInfo{}, err
	}
	ctx, cancel := context.WithCancelCause(o.ctx)
	body, is, _, err := o.b.c.GetObject(ctx, o.b.set.Bucket, o.b.key(o.name), opt)
	if err != nil {
		cancel(nil)
		return nil, is, err
	}
	return &answer{watch(body, cancel), body, ctx, cancel}, is, nil
}

// begin starts an answer that goes on to the end. o.mu is held, or nobody else has o.
func (o *object) begin(from int64) error {
	body, is, err := o.get(from, -1)
	if err != nil {
		return err
	}
	if o.size < 0 && is.Size < 0 {
		body.Close()
		return errAnswer
	}
	if o.size < 0 {
		o.size, o.version = is.Size, is.VersionID // what is read stays the same whatever is put over it meanwhile
	}
	o.body, o.at = body, from
	return nil
}

// Size implements medium.Object.
func (o *object) Size() (int64, error) { return o.size, nil }

// ReadAt implements io.ReaderAt.
func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	if off >= o.size {
		return 0, io.EOF
	}
	want := int(min(int64(len(p)), o.size-off))
	if o.mu.TryLock() {
		defer o.mu.Unlock()
		if o.body != nil && o.at == off || off == 0 && int64(want) >= min(o.size, 1<<20) {
			n, err = o.inOrder(p[:want], off)
		} else {
			n, err = o.apart(p[:want], off)
		}
	} else {
		n, err = o.apart(p[:want], off)
	}
	if err == nil && want < len(p) {
		err = io.EOF
	}
	return n, err
}

// inOrder reads on, and asks again where it was broken off.
func (o *object) inOrder(p []byte, off int64) (n int, err error) {
	for range tries {
		if o.body == nil || o.at != off+int64(n) {
			o.end()
			if err = o.begin(off + int64(n)); err != nil {
				if absent(err) {
					break
				}
				continue
			}
		}
		m, failed := io.ReadFull(o.body, p[n:])
		n, o.at, err = n+m, o.at+int64(m), failed
		if err == nil {
			return n, nil
		}
		if o.end(); o.ctx.Err() != nil {
			return n, o.ctx.Err()
		}
	}
	return n, o.lost(err)
}

// apart reads a range by itself.
func (o *object) apart(p []byte, off int64) (n int, err error) {
	for range tries {
		body, _, failed := o.get(off+int64(n), off+int64(len(p)))
		if err = failed; err != nil {
			if absent(err) || o.ctx.Err() != nil {
				break
			}
			continue
		}
		m, failed := io.ReadFull(body, p[n:])
		body.Close()
		if n, err = n+m, failed; err == nil {
			return n, nil
		}
	}
	return n, o.lost(err)
}

// lost is the error of a body that does not come.
func (o *object) lost(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &fs.PathError{Op: "read", Path: o.name, Err: io.ErrUnexpectedEOF}
	}
	return o.b.failed(o.name, err)
}

func (o *object) end() {
	if o.body != nil {
		o.body.Close()
		o.body = nil
	}
}

// Close implements io.Closer.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end()
	return nil
}

// watched ends a request of whose body nothing comes or goes for long.
type watched struct {
	r io.Reader
	t *time.Timer
}

func watch(r io.Reader, cancel context.CancelCauseFunc) *watched {
	return &watched{r, time.AfterFunc(idleTime, func() { cancel(errStalled) })}
}

func (w *watched) Read(p []byte) (int, error) {
	w.t.Reset(idleTime)
	n, err := w.r.Read(p)
	if err != nil { // for the answer there is a time of its own
		w.t.Stop()
	}
	return n, err
}

func (w *watched) stop() { w.t.Stop() }

// seeking can be sent again from the start.
type seeking struct {
	*watched
	io.Seeker
}

// answer is the body of an answer.
type answer struct {
	*watched
	body   io.Closer
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.watched.Read(p)
	return n, stalled(a.ctx, err)
}

func (a *answer) Close() error {
	a.stop()
	err := a.body.Close()
	a.cancel(nil)
	return err
}

// stalled says why a context has ended, if it was that.
func stalled(ctx context.Context, err error) error {
	if err != nil && err != io.EOF && errors.Is(context.Cause(ctx), errStalled) {
		return fmt.Errorf("%w: %v", errStalled, err)
	}
	return err
}

// reader reads the pieces of a body. A request that has been answered may read on for a moment: then there is no more.
type reader struct {
	mu   sync.Mutex
	next func() ([]byte, error, bool) // guarded by mu, like the rest
	end  func()
	rest []byte
	over bool
	err  error // of the body
}

func newReader(body iter.Seq2[[]byte, error]) *reader {
	r := &reader{}
	r.next, r.end = iter.Pull2(body)
	return r
}

func (r *reader) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.rest = true, nil
	r.end()
}

func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.rest) == 0 {
		if r.over {
			return 0, io.ErrClosedPipe
		}
		piece, err, more := r.next()
		if err != nil {
			r.err = err
			return 0, err
		}
		if !more {
			return 0, io.EOF
		}
		r.rest = piece
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// explain prefers the error of the body to what the client makes of it.
func (r *reader) explain(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.err != nil {
		return r.err
	}
	return err
}
