package medium

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// marker tells whether bytes that are read back are those that were written. A digest of them would do, at four times the work: what is looked at here
// is the same bytes for the second time, and their digest was made when they came from the vault. A mark is a GMAC under a key that is made for one
// copy and known to nobody else, so a medium cannot give other bytes that fit, even if it wanted to.
type marker struct{ aead cipher.AEAD }

// marks are of the pieces of a segment, in order.
type marks [][]byte

func newMarker() (marker, error) {
	var key [16]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return marker{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return marker{aead}, err
}

// mark marks a piece.
func (m marker) mark(piece []byte) []byte { return m.aead.Seal(nil, nil, nil, piece) }

// compare reads an object and compares it with its marks. Its pieces, but for the last, were as long as each of bufs.
func (m marker) compare(ctx context.Context, t Target, name string, size int64, want marks, bufs [2][]byte) error {
	o, err := t.Open(ctx, name)
	if err != nil {
		return err
	}
	n := 0
	err = pieceByPiece(ctx, o, size, bufs, func(piece []byte) error {
		if n == len(want) {
			return errLength
		}
		if _, err := m.aead.Open(nil, nil, want[n], piece); err != nil {
			return errDigest
		}
		n++
		return nil
	})
	if err == nil && n < len(want) {
		err = errLength
	}
	return err
}
