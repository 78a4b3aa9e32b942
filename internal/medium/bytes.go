package medium

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

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
		for len(b) > 0 {
			n := min(len(b), pieceSize)
			piece := durable.Aligned(n)
			copy(piece, b)
			if b = b[n:]; !yield(piece, nil) {
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

// read returns an object of at most limit bytes.
func read(ctx context.Context, t Target, name string, limit int64) ([]byte, error) {
	o, err := t.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) && name == descriptorName {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	defer o.Close()
	size, err := o.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, size, limit)
	}
	buf := durable.Aligned(int(size+durable.Block-1) &^ (durable.Block - 1))
	n, err := o.ReadAt(buf, 0)
	if int64(n) < size {
		return nil, fmt.Errorf("%s: read %d of %d bytes: %w", name, n, size, err)
	}
	return buf[:size], nil
}

var (
	errLength = errors.New("length")
	errDigest = errors.New("digest")
)

// check reads an object and compares it with what it should be. add sees its bytes; it may be nil.
func check(ctx context.Context, t Target, name string, size int64, sum [32]byte, add func([]byte)) error {
	h := sha256.New()
	err := pieceByPiece(ctx, t, name, size, buffer(size), func(b []byte) error {
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

// pieceByPiece reads an object of a size, and hands out its bytes in pieces of which all but the last fill buf.
func pieceByPiece(ctx context.Context, t Target, name string, size int64, buf []byte, hand func([]byte) error) error {
	o, err := t.Open(ctx, name)
	if err != nil {
		return err
	}
	defer o.Close()
	n, err := o.Size()
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %d bytes, want %d", errLength, n, size)
	}
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		want := int(min(int64(len(buf)), size-at))
		m, err := o.ReadAt(buf[:min(len(buf), (want+durable.Block-1)&^(durable.Block-1))], at)
		if m = min(m, want); m < want {
			return fmt.Errorf("read up to %d of %d bytes: %w", at+int64(m), size, errors.Join(err, io.ErrUnexpectedEOF))
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err := hand(buf[:m]); err != nil {
			return err
		}
		at += int64(m)
	}
	return nil
}
