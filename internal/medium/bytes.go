package medium

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"sync"

	"github.com/azekura/azekura/internal/durable"
)

// pieceSize is how much is read and written at once: enough that a disk that turns does not wait between two.
const pieceSize = 4 << 20

// buffer returns memory for reading or writing n bytes piece by piece.
func buffer(n int64) []byte {
	return durable.Aligned(int(min(pieceSize, (n+durable.Block-1)&^(durable.Block-1))))
}

// one yields all of a small object.
func one(b []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for part := range slices.Chunk(b, pieceSize) {
			piece := durable.Aligned(len(part))
			if copy(piece, part); !yield(piece, nil) {
				return
			}
		}
	}
}

func put(ctx context.Context, t Target, name string, b []byte) error {
	if err := t.Put(ctx, name, int64(len(b)), one(b)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// unsure reports whether an error may be gone at the next try: a disk has failed to give what is there. Whoever takes that for lost at once puts all of it
// anew, over what a complete state has; and if that is broken off, no state is left.
func unsure(ctx context.Context, t Target, err error) bool {
	_, far := t.(*layers)
	return failed(err) && !far && ctx.Err() == nil
}

// failed reports whether a disk has failed to give something, be it because it is gone.
func failed(err error) bool {
	_, is := errors.AsType[*fs.PathError](err)
	return is && !errors.Is(err, fs.ErrNotExist)
}

// read returns an object of at most limit bytes.
func read(ctx context.Context, t Target, name string, limit int64) ([]byte, error) {
	b, err := readOnce(ctx, t, name, limit)
	if unsure(ctx, t, err) {
		b, err = readOnce(ctx, t, name, limit)
	}
	return b, err
}

func readOnce(ctx context.Context, t Target, name string, limit int64) ([]byte, error) {
	o, err := t.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) && name == descriptorName {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	return readOpen(o, name, limit)
}

// readOpen is read of an object that is open; it closes it.
func readOpen(o Object, name string, limit int64) ([]byte, error) {
	defer o.Close()
	size, err := o.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, more than %d", errLength, name, size, limit)
	}
	buf := durable.Aligned(int(size+durable.Block-1) &^ (durable.Block - 1))
	n, err := o.ReadAt(buf, 0)
	if int64(n) < size {
		return nil, fmt.Errorf("%s: read %d of %d bytes: %w", name, n, size, err)
	}
	return buf[:size], nil
}

var (
	errLength   = errors.New("length")
	errDigest   = errors.New("digest")
	errUnlocked = errors.New("locked for less than was asked for")
)

// check reads an object and compares it with what it should be. add sees its bytes; it may be nil.
func check(ctx context.Context, t Target, name string, size int64, sum [32]byte, add func([]byte)) error {
	if l, ok := t.(*layers); ok {
		if size <= pieceSize { // what stands over it is found when it is read
			b, err := readWhere(ctx, l, name, size, func(b []byte) error { return fits(b, size, sum) })
			if err == nil && add != nil {
				add(b)
			}
			return err
		}
		o, err := l.choose(ctx, name, size, sum)
		if err != nil {
			return err
		}
		return checkOpen(ctx, o, size, sum, add)
	}
	o, err := t.Open(ctx, name)
	if err != nil {
		return err
	}
	return checkOpen(ctx, o, size, sum, add)
}

// sure is check for whoever writes over what is not as it should be.
func sure(ctx context.Context, t Target, name string, size int64, sum [32]byte, add func([]byte)) error {
	err := check(ctx, t, name, size, sum, add)
	if unsure(ctx, t, err) {
		err = check(ctx, t, name, size, sum, nil)
	}
	return err
}

func fits(b []byte, size int64, sum [32]byte) error {
	if int64(len(b)) != size {
		return fmt.Errorf("%w: %d bytes, want %d", errLength, len(b), size)
	}
	if sha256.Sum256(b) != sum {
		return errDigest
	}
	return nil
}

// checkOpen is check of an object that is open; it closes it.
func checkOpen(ctx context.Context, o Object, size int64, sum [32]byte, add func([]byte)) error {
	h := sha256.New()
	err := pieceByPiece(ctx, o, size, [2][]byte{buffer(size), buffer(max(size-pieceSize, 0))}, func(b []byte) error {
		h.Write(b)
		if add != nil {
			add(b)
		}
		return nil
	})
	if err == nil && [32]byte(h.Sum(nil)) != sum {
		err = errDigest
	}
	return err
}

// pieceByPiece reads an object of a size, hands out its bytes in pieces of which all but the last fill a buffer, and closes it. While one is
// handed out, the next is read.
func pieceByPiece(ctx context.Context, o Object, size int64, bufs [2][]byte, hand func([]byte) error) error {
	defer o.Close()
	n, err := o.Size()
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %d bytes, want %d", errLength, n, size)
	}
	ctx, stop := context.WithCancel(ctx)
	free, full := make(chan []byte, 2), make(chan piece)
	free <- bufs[0]
	free <- bufs[1]
	var reader sync.WaitGroup
	reader.Go(func() { readAhead(ctx, o, size, free, full) })
	defer reader.Wait()
	defer stop()
	for at := int64(0); at < size; {
		var p piece
		select {
		case p = <-full:
		case <-ctx.Done():
			return ctx.Err()
		}
		if p.err == nil {
			p.err = hand(p.b)
		}
		if p.err != nil {
			return p.err
		}
		at += int64(len(p.b))
		free <- p.b[:cap(p.b)]
	}
	return nil
}

// piece is a part of an object, or why there are no more.
type piece struct {
	b   []byte
	err error
}

// readAhead reads an object from front to back into what is free.
func readAhead(ctx context.Context, o Object, size int64, free <-chan []byte, full chan<- piece) {
	for at := int64(0); at < size; {
		var buf []byte
		select {
		case buf = <-free:
		case <-ctx.Done():
			return
		}
		want := int(min(int64(len(buf)), size-at))
		n, err := o.ReadAt(buf[:(want+durable.Block-1)&^(durable.Block-1)], at)
		if n = min(n, want); n < want {
			err = fmt.Errorf("read up to %d of %d bytes: %w", at+int64(n), size, errors.Join(err, io.ErrUnexpectedEOF))
		} else if err == io.EOF {
			err = nil
		}
		if !pass(ctx, full, piece{buf[:n], err}) || err != nil {
			return
		}
		at += int64(n)
	}
}
