package chunk

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// noise returns n bytes that follow from seed, as a compressor and a cutter see a photograph.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var k [32]byte
	for i := range k {
		k[i] = byte(seed >> (i % 8 * 8))
	}
	rand.NewChaCha8(k).Read(b)
	return b
}

// split cuts all of b.
func split(c *Cutter, b []byte) (sizes []int) {
	for len(b) > 0 {
		n := c.Cut(b, true)
		sizes = append(sizes, n)
		b = b[n:]
	}
	return sizes
}

// plain is the rule of docs/format.md, word by word.
func plain(c *Cutter, b []byte) int {
	if len(b) <= Max {
		return len(b)
	}
	h := uint64(0)
	for i := Min - 64; i < Max; i++ {
		h = 2*h + c.gear[b[i]]
		if n := i + 1; n >= Min && (h < 1<<43 && n <= Normal || h < 1<<45 && n > Normal) {
			return n
		}
	}
	return Max
}

func BenchmarkCut(b *testing.B) {
	c := NewCutter([32]byte{1})
	data := noise(1, 64<<20)
	sizes := split(c, data)
	hashed := 0
	for _, n := range sizes[:len(sizes)-1] {
		hashed += n - Min + window
	}
	b.Run("content", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			split(c, data)
		}
	})
	b.Run("hashed", func(b *testing.B) {
		b.SetBytes(int64(hashed))
		for b.Loop() {
			split(c, data)
		}
	})
}

var _ = bytes.Equal
