package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
)

// Content for WebDAV comes from memory, so that the client costs next to nothing: pieces of a pool of random bytes,
// each stamped with what it belongs to. No two pieces are equal, so nobody can store one for another, and what comes
// back is compared with memcmp.
const (
	pieceSize = 64 << 10
	poolSize  = 4 << 20
)

// pool holds random bytes. It is never changed.
type pool []byte

func newPool() pool {
	p := make(pool, poolSize+pieceSize)
	r := rand.NewChaCha8([32]byte([]byte("bytes that nobody can make smaller")[:32]))
	r.Read(p) // never fails
	return p
}

// content is a file's content.
type content struct {
	pool pool
	id   uint64 // another one, another content
	size int64
}

// piece writes the n-th piece into buf and returns how long it is.
func (c content) piece(buf []byte, n int64) int {
	size := int(min(pieceSize, c.size-n*pieceSize))
	from := int((c.id*2654435761 + uint64(n)*40503) % poolSize)
	copy(buf[:size], c.pool[from:])
	var stamp [16]byte
	binary.LittleEndian.PutUint64(stamp[:], c.id)
	binary.LittleEndian.PutUint64(stamp[8:], uint64(n))
	copy(buf[:size], stamp[:])
	return size
}

// reader returns a reader of the content.
func (c content) reader() io.Reader {
	return &contentReader{content: c, piece: make([]byte, pieceSize)}
}

type contentReader struct {
	content
	at    int64
	piece []byte
	rest  []byte
}

// Read implements io.Reader.
func (r *contentReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.at >= r.size {
			return 0, io.EOF
		}
		r.rest = r.piece[:r.content.piece(r.piece, r.at/pieceSize)]
		r.at += int64(len(r.rest))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// checker compares what is written to it with a content.
type checker struct {
	content
	at   int64
	want [pieceSize]byte
	have int // bytes of want that hold the piece at belongs to
}

// Write fails at the first difference.
func (c *checker) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		if c.at >= c.size {
			return done, fmt.Errorf("more than the %d bytes of the file", c.size)
		}
		off := int(c.at % pieceSize)
		if off == 0 {
			c.have = c.piece(c.want[:], c.at/pieceSize)
		}
		n := min(len(p)-done, c.have-off)
		if !bytes.Equal(p[done:done+n], c.want[off:off+n]) {
			return done, fmt.Errorf("other content between byte %d and %d", c.at, c.at+int64(n))
		}
		done, c.at = done+n, c.at+int64(n)
	}
	return len(p), nil
}

// done fails unless the whole content was written.
func (c *checker) done() error {
	if c.at != c.size {
		return fmt.Errorf("%d of %d bytes", c.at, c.size)
	}
	return nil
}
