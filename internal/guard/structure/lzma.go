package structure

// LZMA, as the lists of 7z are packed. They are short, and all of what is unpacked is kept.

// lzma unpacks.
type lzma struct {
	in          []byte
	short       bool // it ended too early
	code, width uint32

	out        []byte
	lc, lp, pb uint

	match    [12 << 4]uint16
	rep      [12]uint16
	rep0     [12]uint16
	rep0Long [12 << 4]uint16
	rep1     [12]uint16
	rep2     [12]uint16
	slots    [4][64]uint16
	special  [128]uint16
	align    [16]uint16
	lengths  [2]lzmaLength
	literals []uint16
}

// lzmaLength are the probabilities of lengths.
type lzmaLength struct {
	choice [2]uint16
	low    [16][8]uint16
	mid    [16][8]uint16
	high   [256]uint16
}

// unLZMA unpacks so many bytes; false: it cannot be done.
func unLZMA(props, in []byte, size int64) ([]byte, bool) {
	if len(props) != 5 || props[0] >= 9*5*5 || len(in) < 5 || in[0] != 0 || size > sevenMost {
		return nil, false
	}
	p := uint(props[0])
	x := &lzma{in: in[5:], code: be.Uint32(in[1:]), width: 1<<32 - 1, lc: p % 9, lp: p / 9 % 5, pb: p / 45}
	x.literals = make([]uint16, 0x300<<(x.lc+x.lp))
	half(x.match[:], x.rep[:], x.rep0[:], x.rep0Long[:], x.rep1[:], x.rep2[:], x.special[:], x.align[:], x.literals)
	for i := range x.slots {
		half(x.slots[i][:])
	}
	for i := range x.lengths {
		l := &x.lengths[i]
		half(l.choice[:], l.high[:])
		for k := range l.low {
			half(l.low[k][:], l.mid[k][:])
		}
	}
	ok := x.run(int(size))
	return x.out, ok
}

// half makes all bits as probable as not.
func half(tables ...[]uint16) {
	for _, t := range tables {
		for i := range t {
			t[i] = 1 << 10
		}
	}
}

// refill keeps the width above 24 bits.
func (x *lzma) refill() {
	if x.width >= 1<<24 {
		return
	}
	x.width <<= 8
	x.code <<= 8
	if len(x.in) == 0 {
		x.short = true
		return
	}
	x.code |= uint32(x.in[0])
	x.in = x.in[1:]
}

// bit reads a bit of a probability.
func (x *lzma) bit(p *uint16) uint32 {
	x.refill()
	if bound := x.width >> 11 * uint32(*p); x.code < bound {
		x.width = bound
		*p += (1<<11 - *p) >> 5
		return 0
	} else {
		x.width -= bound
		x.code -= bound
	}
	*p -= *p >> 5
	return 1
}

// tree reads n bits, the highest first.
func (x *lzma) tree(p []uint16, n int) uint32 {
	m := uint32(1)
	for range n {
		m = m<<1 | x.bit(&p[m])
	}
	return m - 1<<n
}

// reverse reads n bits, the lowest first. The first probability is that of 1.
func (x *lzma) reverse(p []uint16, n int) (v uint32) {
	m := uint32(1)
	for i := range n {
		b := x.bit(&p[m-1])
		m = m<<1 | b
		v |= b << i
	}
	return v
}

// direct reads n bits without probabilities.
func (x *lzma) direct(n int) (v uint32) {
	for range n {
		x.refill()
		x.width >>= 1
		b := uint32(0)
		if x.code >= x.width {
			x.code -= x.width
			b = 1
		}
		v = v<<1 | b
	}
	return v
}

func (x *lzma) length(l *lzmaLength, state uint) int {
	if x.bit(&l.choice[0]) == 0 {
		return 2 + int(x.tree(l.low[state][:], 3))
	}
	if x.bit(&l.choice[1]) == 0 {
		return 10 + int(x.tree(l.mid[state][:], 3))
	}
	return 18 + int(x.tree(l.high[:], 8))
}

// literal reads a byte. After a copy it is told from the byte that would have followed.
func (x *lzma) literal(state int, back uint32) {
	before := uint(0)
	if n := len(x.out); n > 0 {
		before = uint(x.out[n-1])
	}
	at := (uint(len(x.out))&(1<<x.lp-1))<<x.lc | before>>(8-x.lc)
	p := x.literals[0x300*at:][:0x300]
	m := uint32(1)
	if state >= 7 {
		for like := uint32(x.out[len(x.out)-int(back)]); m < 0x100; {
			want := like >> 7 & 1
			like <<= 1
			b := x.bit(&p[(1+want)<<8+m])
			if m = m<<1 | b; b != want {
				break
			}
		}
	}
	for m < 0x100 {
		m = m<<1 | x.bit(&p[m])
	}
	x.out = append(x.out, byte(m))
}

// distance reads how far back a copy of a length goes; 0: the end.
func (x *lzma) distance(length int) uint32 {
	slot := x.tree(x.slots[min(length-2, 3)][:], 6)
	if slot < 4 {
		return slot + 1
	}
	bits := int(slot>>1 - 1)
	d := (2 | slot&1) << bits
	if slot < 14 {
		return d + x.reverse(x.special[d-slot:], bits) + 1
	}
	d += x.direct(bits-4) << 4
	return d + x.reverse(x.align[:], 4) + 1
}

func (x *lzma) run(size int) bool {
	state, back := 0, [4]uint32{1, 1, 1, 1}
	for len(x.out) < size && !x.short {
		where := uint(len(x.out)) & (1<<x.pb - 1)
		at := uint(state)<<4 | where
		if x.bit(&x.match[at]) == 0 {
			if state >= 7 && int(back[0]) > len(x.out) {
				return false
			}
			x.literal(state, back[0])
			state = [12]int{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5}[state]
			continue
		}
		n, next := 1, 8
		if x.bit(&x.rep[state]) == 0 {
			n, next = x.length(&x.lengths[0], where), 7
			d := x.distance(n)
			back = [4]uint32{d, back[0], back[1], back[2]}
		} else if x.bit(&x.rep0[state]) == 0 {
			if x.bit(&x.rep0Long[at]) == 0 {
				next = 9
			} else {
				n = x.length(&x.lengths[1], where)
			}
		} else {
			i := 1
			if x.bit(&x.rep1[state]) == 1 {
				i = 2 + int(x.bit(&x.rep2[state]))
			}
			d := back[i]
			copy(back[1:i+1], back[:i])
			back[0], n = d, x.length(&x.lengths[1], where)
		}
		if state >= 7 && next != 8 {
			next = map[int]int{7: 10, 9: 11}[next]
		} else if state >= 7 {
			next = 11
		}
		state = next
		if d := int64(back[0]); d == 0 || d > int64(len(x.out)) || len(x.out)+n > size {
			return false
		}
		for range n {
			x.out = append(x.out, x.out[len(x.out)-int(back[0])])
		}
	}
	return len(x.out) == size && !x.short
}
