package structure

import mathbits "math/bits"

// noise looks for random bytes in what stands in a file as it is: pixels, sound. No picture has four kilobytes in a row in which all bytes
// are equally frequent, not even one of a sensor's noise. Of compressed data nothing can be said in this way.
type noise struct {
	block [noiseBlock]byte
	n     int                     // bytes of block
	ring  [noiseBlocks][256]uint8 // how often each byte is in the last blocks that may be noise
	run   int                     // how many these are, without another in between
	total [256]uint16             // in all of ring
}

const (
	noiseBlock  = 256
	noiseBlocks = 15 // as many blocks lie in any 4 KiB
	// Of 256 random bytes 162 are different, give or take 6; of the first 64, 57.
	fewestDifferent = 138
	fewestEarly     = 46
)

// within looks at n bytes of a source, and returns where noise begins; -1: there is none.
func (x *noise) within(s *source, n int64) (at int64, err error) {
	at = -1
	x.reset()
	for n > 0 {
		w := s.window()
		if len(w) == 0 {
			return at, s.wrong(cut)
		}
		w = w[:min(int64(len(w)), n)]
		n -= int64(len(w))
		for from := s.pos(); len(w) > 0; {
			b := w[:min(len(w), noiseBlock)]
			if x.n > 0 || len(b) < noiseBlock {
				b = b[:min(len(b), noiseBlock-x.n)]
				copy(x.block[x.n:], b)
				if x.n += len(b); x.n == noiseBlock && x.add(x.block[:]) && at < 0 {
					at = from + int64(len(b)) - noiseBlock*noiseBlocks
				}
				x.n %= noiseBlock
			} else if x.add(b) && at < 0 {
				at = from + int64(len(b)) - noiseBlock*noiseBlocks
			}
			w, from = w[len(b):], from+int64(len(b))
			s.advance(len(b))
		}
	}
	return at, nil
}

func (x *noise) reset() {
	x.n, x.run = 0, 0
	clear(x.total[:])
}

// add reports whether the blocks up to this one are noise.
func (x *noise) add(b []byte) bool {
	if different(b[:64]) < fewestEarly || different(b) < fewestDifferent {
		if x.run > 0 {
			x.run = 0
			clear(x.total[:])
		}
		return false
	}
	here := &x.ring[x.run%noiseBlocks]
	if x.run >= noiseBlocks {
		for i, n := range here {
			x.total[i] -= uint16(n)
		}
	}
	*here = [256]uint8{}
	for _, c := range b {
		here[c]++
		x.total[c]++
	}
	if x.run++; x.run < noiseBlocks {
		return false
	}
	sum := 0
	for _, n := range x.total {
		sum += int(n) * int(n)
	}
	const all = noiseBlocks * noiseBlock
	return float64(sum)*256/all-all < maxChi
}

// different counts the bytes that are not the same.
func different(b []byte) int {
	var seen [4]uint64
	for _, c := range b {
		seen[c>>6] |= 1 << (c & 63)
	}
	return mathbits.OnesCount64(seen[0]) + mathbits.OnesCount64(seen[1]) + mathbits.OnesCount64(seen[2]) + mathbits.OnesCount64(seen[3])
}

// bare passes over n bytes that stand as they are, which are no noise.
func (s *source) bare(n int64) error {
	if !s.deep {
		return s.skip(n)
	}
	if s.noise == nil {
		s.noise = new(noise)
	}
	at, err := s.noise.within(s, n)
	if err == nil && at >= 0 {
		return &flaw{at, badData}
	}
	return err
}
