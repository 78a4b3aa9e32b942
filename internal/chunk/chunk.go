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

// Sizes of chunks, part of the format. Only the last chunk of a content may be shorter than Min.
const (
	Min    = 1 << 20
	Normal = 2 << 20
	Max    = 4 << 20
)

// A cut stands where the rolling hash is below a limit: rarer before Normal, more often behind it, so
// that sizes gather around Normal (FastCDC calls this normalised chunking).
const (
	window = 64 // bytes that the rolling hash remembers: each shifts it by one of 64 bits
	rare   = 1 << (64 - 21)
	often  = 1 << (64 - 19)
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

// Cut returns the length of the first chunk of content, of which window is the beginning; last says
// that nothing follows it. 0 means that this cannot be told yet: Cut needs Max bytes, or the last.
//
// Content of at most Max bytes is one chunk. A caller with a window of exactly Max bytes must
// therefore know whether anything follows before it calls Cut.
func (c *Cutter) Cut(window []byte, last bool) int {
	switch {
	case len(window) > Max || len(window) == Max && !last:
		return c.find((*[Max]byte)(window))
	case last:
		return len(window)
	}
	return 0
}

// find returns where the first chunk ends. A cut depends on the window before it, never on bytes before
// that, so it starts one window before the first place that may be a cut.
func (c *Cutter) find(b *[Max]byte) int {
	h := uint64(0)
	for _, x := range b[Min-window : Min-1] {
		h = h<<1 + c.gear[x]
	}
	n, h := c.scan(b[Min-1:Normal], h, rare)
	if n >= 0 {
		return Min + n
	}
	if n, _ = c.scan(b[Normal:], h, often); n >= 0 {
		return Normal + 1 + n
	}
	return Max
}

// scan rolls h over b and returns the index of the first byte behind which h is below limit, or -1
// and the hash at the end. Eight bytes a turn: one bounds check for all of them.
func (c *Cutter) scan(b []byte, h, limit uint64) (int, uint64) {
	gear := &c.gear
	i := 0
	for ; i+8 <= len(b); i += 8 {
		p := (*[8]byte)(b[i:])
		if h = h<<1 + gear[p[0]]; h < limit {
			return i, h
		}
		if h = h<<1 + gear[p[1]]; h < limit {
			return i + 1, h
		}
		if h = h<<1 + gear[p[2]]; h < limit {
			return i + 2, h
		}
		if h = h<<1 + gear[p[3]]; h < limit {
			return i + 3, h
		}
		if h = h<<1 + gear[p[4]]; h < limit {
			return i + 4, h
		}
		if h = h<<1 + gear[p[5]]; h < limit {
			return i + 5, h
		}
		if h = h<<1 + gear[p[6]]; h < limit {
			return i + 6, h
		}
		if h = h<<1 + gear[p[7]]; h < limit {
			return i + 7, h
		}
	}
	for ; i < len(b); i++ {
		if h = h<<1 + gear[b[i]]; h < limit {
			return i, h
		}
	}
	return -1, h
}
