package seal

import (
	"crypto/cipher"
	"encoding/binary"
)

// BooksPiece is how much of a copy of the catalogue is sealed at once: sealed, it is 1 MiB.
const BooksPiece = 1<<20 - Overhead

// Books seals a copy of a share's part of the catalogue piece by piece, so that pieces can be read from any place and opened side by side. Names
// stand sealed in the catalogue already; what does not, such as who stands below whom, is closed by this. Safe for concurrent use.
type Books struct{ aead cipher.AEAD }

// Books returns the sealing of one copy. The salt is random and stands before the pieces: no two copies are sealed with one key.
func (m *Metadata) Books(salt [16]byte) *Books {
	k := m.books.once(salt[:])
	return &Books{k.aead()}
}

// place is the context of a piece: which it is, and whether it is the last.
func place(n int64, last bool) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	if last {
		return append(b, 1)
	}
	return append(b, 0)
}

// Seal appends a piece to dst, whose spare room must not overlap plain.
func (b *Books) Seal(dst, plain []byte, n int64, last bool) []byte {
	return b.aead.Seal(dst, nil, plain, place(n, last))
}

// Open undoes Seal, or returns ErrOpen.
func (b *Books) Open(dst, sealed []byte, n int64, last bool) ([]byte, error) {
	plain, err := b.aead.Open(dst, nil, sealed, place(n, last))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
