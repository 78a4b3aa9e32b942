package loan

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// A sealed copy is pieces of seal.BooksPiece bytes, the last one shorter, each sealed, and the salt behind them: docs/format.md, Media.
const (
	sealedPiece = seal.BooksPiece + seal.Overhead
	saltSize    = 16
)

// Seal writes a copy of the catalogue sealed, and returns how long that is and its SHA-256.
func Seal(to io.Writer, from io.Reader, size int64, keys *seal.Metadata) (n int64, sum [32]byte, err error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	books, h := keys.Books(salt), sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(to, h), 4<<20)
	plain, sealed := make([]byte, seal.BooksPiece), make([]byte, 0, sealedPiece)
	for i, at := int64(0), int64(0); at < size; i++ {
		piece := plain[:min(seal.BooksPiece, size-at)]
		if _, err := io.ReadFull(from, piece); err != nil {
			return 0, sum, err
		}
		at += int64(len(piece))
		sealed = books.Seal(sealed[:0], piece, i, at == size)
		n += int64(len(sealed))
		if _, err := out.Write(sealed); err != nil {
			return 0, sum, err
		}
	}
	if _, err := out.Write(salt[:]); err != nil {
		return 0, sum, err
	}
	if err := out.Flush(); err != nil {
		return 0, sum, err
	}
	h.Sum(sum[:0])
	return n + saltSize, sum, nil
}

var errSum = errors.New("it is not what was signed")

// unseal writes a copy open into a file. It is read from front to back, once; pieces are opened side by side.
func unseal(ctx context.Context, keys *seal.Metadata, share id.Share, x *Copy, name string) (err error) {
	body := x.Size - saltSize
	last := body / sealedPiece // the number of the last piece
	if body%sealedPiece == 0 {
		last--
	}
	if body <= 0 || body-last*sealedPiece <= seal.Overhead {
		return fmt.Errorf("copy of %v: %d bytes", share, x.Size)
	}
	u := unsealer{x: x, last: last, hash: sha256.New(), free: make(chan []byte, 8), hashed: make(chan piece, 8), opened: make(chan piece, 8)}
	if _, err := x.File.ReadAt(u.salt[:], body); err != nil && err != io.EOF {
		return err
	}
	u.books = keys.Books(u.salt)
	if u.to, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	err = u.run(ctx)
	return errors.Join(err, u.to.Close())
}

// unsealer is an unseal at work: one stage reads, one hashes, and some open and write.
type unsealer struct {
	x      *Copy
	last   int64
	salt   [saltSize]byte
	books  *seal.Books
	to     *os.File
	hash   hash.Hash
	free   chan []byte
	hashed chan piece // read, to be hashed
	opened chan piece // hashed, to be opened
}

type piece struct {
	n      int64
	sealed []byte
}

func (u *unsealer) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for range cap(u.free) {
		u.free <- durable.Aligned(sealedPiece)
	}
	var stages sync.WaitGroup
	stages.Go(func() {
		defer close(u.hashed)
		if err := u.read(ctx); err != nil {
			stop(err)
		}
	})
	stages.Go(func() {
		defer close(u.opened)
		for p := range u.hashed {
			u.hash.Write(p.sealed)
			u.opened <- p
		}
		u.hash.Write(u.salt[:])
	})
	for range max(2, min(4, runtime.GOMAXPROCS(0))) {
		stages.Go(func() {
			plain := make([]byte, 0, seal.BooksPiece)
			for p := range u.opened {
				var err error
				if plain, err = u.books.Open(plain[:0], p.sealed, p.n, p.n == u.last); err == nil {
					_, err = u.to.WriteAt(plain, p.n*seal.BooksPiece)
				}
				if err != nil {
					stop(err)
				}
				u.free <- p.sealed[:cap(p.sealed)]
			}
		})
	}
	stages.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if [32]byte(u.hash.Sum(nil)) != u.x.Sum {
		return errSum
	}
	return nil
}

// read is the first stage.
func (u *unsealer) read(ctx context.Context) error {
	body := u.x.Size - saltSize
	for n := int64(0); n <= u.last; n++ {
		var buf []byte
		select {
		case buf = <-u.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		buf = buf[:min(sealedPiece, body-n*sealedPiece)]
		if m, err := u.x.File.ReadAt(buf, n*sealedPiece); m < len(buf) {
			return errors.Join(err, io.ErrUnexpectedEOF)
		}
		u.hashed <- piece{n, buf}
	}
	return nil
}

// Sealing is Seal, for whoever has the keys.
func Sealing(to io.Writer, from io.Reader, size int64, n *int64, sum *[32]byte) func(*seal.Metadata) error {
	return func(keys *seal.Metadata) (err error) {
		*n, *sum, err = Seal(to, from, size, keys)
		return err
	}
}
