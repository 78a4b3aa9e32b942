// Package chunk cuts content where the content itself says so, and compresses the pieces where that
// pays. Equal stretches of two files become equal chunks even when something was inserted before them.
//
// Where to cut is part of the format, docs/format.md: writers that cut elsewhere find nothing to share.
package chunk

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// Sizes of chunks, part of the format. Only the last chunk of a content may be shorter than Min. A photograph of
// 3 MB becomes a few chunks, so that one is sealed while the next still comes in, and sent while the next is read.
const (
	Min    = 768 << 10
	Normal = 1 << 20
	Max    = 2 << 20
)

// A cut stands where the rolling hash is below a limit: rarer before Normal, more often behind it, so
// that sizes gather around Normal (FastCDC calls this normalised chunking).
const (
	window = 64 // bytes that the rolling hash remembers: each shifts it by one of 64 bits
	rare   = 1 << (64 - 20)
	often  = 1 << (64 - 18)
)

// Cutter finds the cuts of one share. It does not change: any number of goroutines may use it.
type Cutter struct{ gear [256]uint64 }

// NewCutter returns the cutter of a key. The table of the rolling hash is made of it, so that the
// lengths of chunks do not tell known content to everybody who has the program.
func NewCutter(key [32]byte) *Cutter {
	table, err := hkdf.Expand(sha256.New, key[:], "azekura/v1 gear", 8*256)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	c := new(Cutter)
	for i := range c.gear {
		c.gear[i] = binary.BigEndian.Uint64(table[8*i:])
	}
	return c
}

// Cut returns the length of the first chunk of content, of which window is the beginning, or 0 if more of it must come
// before that can be told; last says that nothing follows. No window of Max bytes or more gives 0. A caller whose
// window has grown gives the length of the one that gave 0 as seen, and nothing is looked at twice.
func (c *Cutter) Cut(window []byte, seen int, last bool) int {
	w := window[:min(len(window), Max)]
	n := c.find(w, max(seen, Min-1), min(len(w), Normal), rare)
	if n == 0 {
		n = c.find(w, max(seen, Normal), len(w), often)
	}
	if n == 0 && (last || len(w) == Max) {
		n = len(w)
	}
	return n
}

// find returns the end of the chunk if its last byte is one of b[from:to], and otherwise 0. Whether a byte is one
// depends on the window before it alone, so the search can begin anywhere.
func (c *Cutter) find(b []byte, from, to int, limit uint64) int {
	if from >= to {
		return 0
	}
	gear, h := &c.gear, uint64(0)
	for _, x := range b[from-window+1 : from] {
		h = h<<1 + gear[x]
	}
	for i := from; i < to; i++ {
		if h = h<<1 + gear[b[i]]; h < limit {
			return i + 1
		}
	}
	return 0
}
