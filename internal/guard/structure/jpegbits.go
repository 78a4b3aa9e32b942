package structure

import "bytes"

// bits reads picture data: after an FF there is a 00 that does not count. At a marker there are no more bits; zeros come instead. The 00s are
// taken out beforehand, many bytes at once: looking for them bit by bit would take most of the time.
type bits struct {
	s      *source
	acc    uint64 // the next bit is the highest
	n      uint   // how many there are; what is below them is of buf[p:] too
	p      int    // buf[p:end] is still to come
	end    int    // zeros follow
	marked bool   // the source stands at a marker, or at its end
	from   int64  // where buf begins in the source, but for what was taken out
	buf    [bitsSize + bitsRoom]byte
}

const (
	bitsSize = 16 << 10
	// bitsRoom is more than what a block, or what is read between two calls of fill, can have: 64 codes of 16 bits with values of 16 bits,
	// and what refill looks ahead.
	bitsRoom = 512
	most     = bitsRoom - 64
)

// start begins at the place where the source stands.
func (b *bits) start(s *source) {
	b.s, b.acc, b.n, b.p, b.end, b.marked, b.from = s, 0, 0, 0, 0, false, s.pos()
	clear(b.buf[:bitsRoom])
}

// fill sees to it that what most bits need is there, or that zeros are.
func (b *bits) fill() {
	if b.marked || b.end-b.p >= most {
		return
	}
	left := max(0, b.end-b.p)
	copy(b.buf[:], b.buf[b.end-left:b.end])
	b.from, b.p, b.end = b.s.pos()-int64(left), b.p-(b.end-left), left
	for b.end < bitsSize {
		w := b.s.window()
		if len(w) == 0 {
			b.marked = true
			break
		}
		w = w[:min(len(w), bitsSize-b.end)]
		i := bytes.IndexByte(w, 0xff)
		if i < 0 {
			i = len(w)
		}
		b.end += copy(b.buf[b.end:], w[:i])
		b.s.advance(i)
		if i == len(w) {
			continue
		}
		if w = b.s.peek(2); len(w) < 2 || w[1] != 0 {
			b.marked = true
			break
		}
		b.buf[b.end] = 0xff
		b.end++
		b.s.advance(2)
	}
	clear(b.buf[b.end : b.end+bitsRoom])
}

// refill sees to it that there are at least 56 bits.
func (b *bits) refill() {
	b.acc |= be.Uint64(b.buf[b.p:]) >> b.n
	b.p += int((63 - b.n) >> 3)
	b.n |= 56
}

// need sees to it that there are n bits, at most 32.
func (b *bits) need(n uint) {
	if b.n < n {
		b.refill()
	}
}

func (b *bits) drop(n uint) {
	b.acc <<= n
	b.n -= n
}

// pass passes over n bits.
func (b *bits) pass(n int) {
	for n > 0 {
		step := min(n, 32)
		b.need(uint(step))
		b.drop(uint(step))
		n -= step
	}
}

// run reads how many blocks have nothing more, T.81 G.1.2.2.
func (b *bits) run(size int) int {
	if size == 0 {
		return 1
	}
	b.need(uint(size))
	n := 1<<size + int(b.acc>>(64-size))
	b.drop(uint(size))
	return n
}

// beyond reports whether more bits were read than there are.
func (b *bits) beyond() bool { return b.p*8-int(b.n) > b.end*8 }

// wrong returns a flaw about where reading stands in the source, and not after it.
func (b *bits) wrong() error {
	return &flaw{min(b.from+int64(max(0, b.p-int(b.n/8))), b.s.pos()), badData}
}

// restart reads a restart marker, after what is left of a byte.
func (b *bits) restart(n byte) bool {
	if !b.over() {
		return false
	}
	w := b.s.peek(2)
	for len(w) == 2 && w[1] == 0xff {
		b.s.advance(1)
		w = b.s.peek(2)
	}
	if len(w) < 2 || w[1] != markRST0+n {
		return false
	}
	b.s.advance(2)
	b.start(b.s)
	return true
}

// over reports whether a marker follows soon.
func (b *bits) over() bool {
	left := b.end - b.p + int(b.n)/8
	if !b.marked && left <= slack {
		b.p, b.acc, b.n = b.end-left, 0, 0
		b.fill()
		left = b.end - b.p
	}
	return b.marked && left <= slack+1
}
