package structure

import (
	"bytes"
	mathbits "math/bits"
)

// jpegScan is a stretch of picture data.
type jpegScan struct {
	parts    []*jpegPart
	dc, ac   []*huffman
	from, to int // coefficients
	high     int // bit that has come before, of progressive pictures; 0: none
	skipped  int // blocks that have nothing more: EOBRUN
}

func (j *jpegFile) scan(b []byte) error {
	if j.frame == 0 || len(b) < 1 || b[0] < 1 || b[0] > 4 || len(b) != 4+2*int(b[0]) {
		return j.s.wrong(badHeader)
	}
	n := int(b[0])
	x := jpegScan{from: int(b[1+2*n]), to: int(b[2+2*n]), high: int(b[3+2*n] >> 4)}
	for i := range n {
		id, t := b[1+2*i], b[2+2*i]
		var p *jpegPart
		for k := range j.parts {
			if j.parts[k].id == id {
				p = &j.parts[k]
			}
		}
		if p == nil || t>>4 > 3 || t&15 > 3 {
			return j.s.wrong(badHeader)
		}
		x.parts, x.dc, x.ac = append(x.parts, p), append(x.dc, j.dc[t>>4]), append(x.ac, j.ac[t&15])
	}
	j.scans++
	if !j.s.deep && j.scans == 1 && j.frame <= markSOF0+1 && j.walkable(&x) {
		return j.walk(&x, glance)
	}
	if !j.s.deep || !j.walkable(&x) {
		return j.stuffing()
	}
	j.s.spend(blockCost * int64(x.parts[0].blocks[0]) * int64(x.parts[0].blocks[1])) // a few bytes can say that there are millions
	if !j.s.deep {
		return j.stuffing()
	}
	return j.walk(&x, 0)
}

// stuffing reads picture data up to the marker that ends it, by what may follow an FF.
func (j *jpegFile) stuffing() error {
	s, next := j.s, byte(0)
	for {
		w := s.window()
		if len(w) == 0 {
			return s.wrong(cut)
		}
		s.advance(plainly(w))
		w = s.peek(2)
		if len(w) < 2 {
			s.advance(len(w))
			return s.wrong(cut)
		}
		if w[0] != 0xff {
			continue
		}
		switch c := w[1]; {
		case c == 0:
			s.advance(2)
		case c == 0xff:
			s.advance(1)
		case c >= markRST0 && c < markRST0+8:
			if j.restart == 0 || c != markRST0+next {
				return s.wrong(badData)
			}
			next = (next + 1) & 7
			s.advance(2)
		case c < markSOF0 || c == markSOI:
			return s.wrong(badData)
		default:
			return nil
		}
	}
}

// plainly returns how many bytes there are before an FF that has something else after it than 00, or nothing.
func plainly(w []byte) (n int) {
	for {
		i := bytes.IndexByte(w[n:], 0xff)
		if i < 0 {
			return len(w)
		}
		if n += i; n+1 >= len(w) || w[n+1] != 0 {
			return n
		}
		n += 2
	}
}

// walkable reports whether the codes of a scan can be walked: arithmetic and lossless pictures are rare, and are not.
func (j *jpegFile) walkable(x *jpegScan) bool {
	if j.frame > markSOF0+2 || j.height == 0 {
		return false
	}
	whole := j.frame != markSOF0+2
	for i := range x.parts {
		if x.dc[i] == nil && (whole || x.from == 0 && x.high == 0) || x.ac[i] == nil && (whole || x.from > 0) {
			return false
		}
	}
	if whole {
		return true
	}
	if x.from == 0 {
		return x.to == 0
	}
	p := x.parts[0]
	if len(x.parts) > 1 || x.to > 63 || x.to < x.from || p.blocks[0]*p.blocks[1] > maxMasked {
		return false
	}
	if p.masks == nil {
		if x.high > 0 { // what came before was not walked
			return false
		}
		p.masks = make([]uint64, p.blocks[0]*p.blocks[1])
	}
	return true
}

// worthy is how many units a scan has for which it is worth to make ready what speeds it up.
const worthy = 4096

// walk reads a scan block by block; only so many of its units if few is not 0, and of the rest the stuffing.
func (j *jpegFile) walk(x *jpegScan, few int) error {
	if j.s.bits == nil {
		j.s.bits = new(bits)
	}
	b := j.s.bits
	b.start(j.s)
	units := x.parts[0].blocks[0] * x.parts[0].blocks[1]
	if len(x.parts) > 1 {
		units = ceil(j.width, 8*j.hMax) * ceil(j.height, 8*j.vMax)
	}
	if j.restart > 0 {
		few = min(few, j.restart)
	}
	part := few > 0 && few < units
	if part {
		units = few
	} else if units > worthy {
		x.prepare()
	}
	next := byte(0)
	for u := range units {
		if j.restart > 0 && u > 0 && u%j.restart == 0 {
			if x.skipped > 0 || !b.restart(next) {
				return b.wrong()
			}
			next = (next + 1) & 7
		}
		for i, p := range x.parts {
			n := 1
			if len(x.parts) > 1 {
				n = p.h * p.v
			}
			for range n {
				if b.end-b.p < most {
					b.fill()
				}
				if !j.block(b, x, i, u) || b.beyond() {
					return b.wrong()
				}
			}
		}
	}
	if part {
		return j.stuffing()
	}
	if x.skipped > 0 || !b.over() {
		return b.wrong()
	}
	return nil
}

// prepare makes ready what speeds up a long scan.
func (x *jpegScan) prepare() {
	for _, t := range x.ac {
		if t != nil {
			t.prepare()
		}
	}
}

// block reads one block of a component.
func (j *jpegFile) block(b *bits, x *jpegScan, i, unit int) bool {
	if j.frame != markSOF0+2 {
		return j.direct(b, x.dc[i]) && b.others(x.ac[i])
	}
	switch {
	case x.from == 0 && x.high > 0:
		b.need(1)
		b.drop(1)
		return true
	case x.from == 0:
		return j.direct(b, x.dc[i])
	case x.high == 0:
		return x.first(b, x.ac[i], &x.parts[0].masks[unit])
	}
	return x.refine(b, x.ac[i], &x.parts[0].masks[unit])
}

// others reads the coefficients after the first of a block. This is where the time goes: everything is at hand, and there is no more to be
// asked for every two steps than that.
func (b *bits) others(t *huffman) bool {
	acc, n, p, k := b.acc, b.n, b.p, 1
	steps := t.steps
	for {
		acc |= be.Uint64(b.buf[p:]) >> n
		p += int((63 - n) >> 3)
		n |= 56
		e := steps[acc>>(64-stepBits)]
		if far := k + int(e.run); far < 64 {
			k = far
			acc <<= e.bits & 63
			n -= uint(e.bits)
			e = steps[acc>>(64-stepBits)]
		}
		far := k + int(e.run)
		if far < 64 {
			k = far
			acc <<= e.bits & 63
			n -= uint(e.bits)
			continue
		}
		if far >= blockEnds && far < blockEnds+64 {
			b.acc, b.n, b.p = acc<<(e.bits&63), n-uint(e.bits), p
			return true
		}
		acc |= be.Uint64(b.buf[p:]) >> n // one code alone, which may be a long one
		p += int((63 - n) >> 3)
		n |= 56
		c := t.fast[acc>>(64-fastBits)]
		b.acc, b.n, b.p = acc, n, p
		if c.bits == 0 {
			var ok bool
			if c, ok = t.slow(b); !ok {
				return false
			}
		}
		k += int(c.run)
		acc <<= c.bits & 63
		n -= uint(c.bits)
		if k >= 64 {
			b.acc, b.n = acc, n
			return k == 64 || k >= endOfBlock
		}
	}
}

// direct reads the first coefficient of a block.
func (j *jpegFile) direct(b *bits, t *huffman) bool {
	symbol, ok := t.symbol(b)
	if !ok || symbol > 16 || j.eight && symbol > 11 {
		return false
	}
	b.need(uint(symbol))
	b.drop(uint(symbol))
	return true
}

// first reads the first bits of some coefficients, of progressive pictures.
func (x *jpegScan) first(b *bits, t *huffman, mask *uint64) bool {
	if x.skipped > 0 {
		x.skipped--
		return true
	}
	for k := x.from; k <= x.to; k++ {
		symbol, ok := t.symbol(b)
		if !ok {
			return false
		}
		run, size := int(symbol>>4), uint(symbol&15)
		switch {
		case size > 0:
			if k += run; k > x.to {
				return false
			}
			b.need(size)
			b.drop(size)
			*mask |= 1 << k
		case run == 15:
			k += 15
		default:
			x.skipped = b.run(run) - 1
			return true
		}
	}
	return true
}

// refine reads one more bit of some coefficients: of each that is not zero yet one bit, and codes that lead to those that are no longer.
func (x *jpegScan) refine(b *bits, t *huffman, mask *uint64) bool {
	band := ^uint64(0) << x.from
	if x.to < 63 {
		band &= 1<<(x.to+1) - 1
	}
	for band != 0 && x.skipped == 0 {
		symbol, ok := t.symbol(b)
		if !ok || symbol&15 > 1 {
			return false
		}
		run, fresh := int(symbol>>4), symbol&15 == 1
		if fresh {
			b.need(1)
			b.drop(1)
		} else if run < 15 {
			x.skipped = b.run(run)
			break
		}
		zeros := band &^ *mask
		for range run {
			zeros &= zeros - 1
		}
		if zeros == 0 {
			if fresh {
				return false
			}
			break
		}
		here := zeros & -zeros
		b.pass(mathbits.OnesCount64(band & *mask & (here - 1)))
		if fresh {
			*mask |= here
		}
		band &^= here<<1 - 1
	}
	b.pass(mathbits.OnesCount64(band & *mask))
	if x.skipped > 0 {
		x.skipped--
	}
	return true
}
