package structure

import (
	"bytes"
	mathbits "math/bits"
	"slices"
)

// JPEG: ITU-T T.81. Markers and segments follow one another; in the picture data a byte FF is always followed by 00, by a restart marker in
// order, or by the end. Deep walks the Huffman codes, without making a picture of them: every block must end where it has 64 coefficients,
// and every scan where it has all blocks.

// Markers.
const (
	markSOF0 = 0xc0
	markDHT  = 0xc4
	markJPG  = 0xc8
	markDAC  = 0xcc
	markRST0 = 0xd0
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markDQT  = 0xdb
	markDRI  = 0xdd
	markTEM  = 0x01
)

// glance is how many units of a scan are walked when the look is not a deep one: random bytes, however well they are stuffed, do not get
// through a few blocks.
const glance = 64

// slack is how many bytes after its last block a scan may have: some programs leave a few.
const slack = 16

// blockCost is how many bytes could be inflated while a block is walked.
const blockCost = 8

// maxMasked bounds the blocks of a component whose coefficients are remembered, 8 bytes each.
const maxMasked = 1 << 20

type jpegFile struct {
	s          *source
	frame      byte // marker of the frame; 0: none yet
	width      int
	height     int
	parts      []jpegPart
	hMax, vMax int
	dc, ac     [4]*huffman
	restart    int // MCUs between restart markers
	scans      int
	eight      bool // bits a sample
}

// jpegPart is a component of the picture: brightness, a colour.
type jpegPart struct {
	id     byte
	h, v   int
	blocks [2]int   // across, down, when it has a scan of its own
	masks  []uint64 // of progressive pictures: which coefficients are not zero
}

func checkJPEG(s *source) error {
	j := &jpegFile{s: s}
	s.advance(2)
	for {
		m, err := j.marker()
		if err != nil {
			return err
		}
		switch {
		case m == markEOI:
			if j.scans == 0 {
				return s.wrong(badHeader)
			}
			return nil
		case m == markTEM:
			continue
		case m == markSOI, m >= markRST0 && m < markRST0+8, m < markSOF0:
			return s.wrong(badChain)
		}
		if err := j.segment(m); err != nil {
			return err
		}
	}
}

// marker reads the next marker, and fill bytes before it.
func (j *jpegFile) marker() (byte, error) {
	b, err := j.s.take(2)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xff {
		return 0, j.s.wrong(badChain)
	}
	m := b[1]
	for m == 0xff {
		if b, err = j.s.take(1); err != nil {
			return 0, err
		}
		m = b[0]
	}
	return m, nil
}

func (j *jpegFile) segment(m byte) error {
	b, err := j.s.take(2)
	if err != nil {
		return err
	}
	n := int(be.Uint16(b)) - 2
	if n < 0 {
		return j.s.wrong(badLength)
	}
	switch {
	case m == markDHT, m == markDRI, m == markSOS, m == markDQT, m >= markSOF0 && m <= 0xcf && m != markJPG && m != markDAC:
		if b, err = j.s.take(n); err != nil {
			return err
		}
	default:
		return j.apart(m, n)
	}
	ok := false
	switch m {
	case markDHT:
		ok = j.tables(b)
	case markDQT:
		ok = quantizers(b)
	case markDRI:
		if ok = n == 2; ok {
			j.restart = int(be.Uint16(b))
		}
	case markSOS:
		return j.scan(bytes.Clone(b))
	default:
		ok = j.start(m, b)
	}
	if !ok {
		return j.s.wrong(badHeader)
	}
	return nil
}

// asides are what the segments begin with that programs keep beside a picture.
var asides = []string{"JFIF\x00", "JFXX\x00", "Exif\x00", "http://ns.adobe.com/", "ICC_PROFILE\x00", "MPF\x00", "FPXR\x00", "Photoshop 3.0\x00", "Adobe", "Ducky", "JP", "urn:iso:", "AROT", "SEAL"}

// apart reads a segment that is not needed for the picture. What lies there and is of no known use counts as bytes that are none of it.
func (j *jpegFile) apart(m byte, n int) error {
	head := j.s.peek(min(n, 32))
	known := m < 0xe0 || slices.ContainsFunc(asides, func(a string) bool { return bytes.HasPrefix(head, []byte(a)) })
	if !known {
		j.s.aside += int64(n)
	}
	return j.s.skip(int64(n))
}

// quantizers reports whether a segment is of quantization tables.
func quantizers(b []byte) bool {
	for len(b) > 0 {
		n := 65
		if b[0]>>4 == 1 {
			n = 129
		}
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < n {
			return false
		}
		b = b[n:]
	}
	return true
}

// start reads a frame header.
func (j *jpegFile) start(m byte, b []byte) bool {
	if j.frame != 0 || len(b) < 6 || len(b) != 6+3*int(b[5]) || b[5] == 0 || b[5] > 4 || b[0] < 2 || b[0] > 16 {
		return false
	}
	j.frame, j.eight = m, b[0] == 8
	j.height, j.width = int(be.Uint16(b[1:])), int(be.Uint16(b[3:]))
	if j.width == 0 {
		return false
	}
	for p := b[6:]; len(p) > 0; p = p[3:] {
		c := jpegPart{id: p[0], h: int(p[1] >> 4), v: int(p[1] & 15)}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || p[2] > 3 {
			return false
		}
		j.hMax, j.vMax = max(j.hMax, c.h), max(j.vMax, c.v)
		j.parts = append(j.parts, c)
	}
	for i := range j.parts {
		c := &j.parts[i]
		c.blocks = [2]int{ceil(ceil(j.width*c.h, j.hMax), 8), ceil(ceil(j.height*c.v, j.vMax), 8)}
	}
	return true
}

func ceil(a, b int) int { return (a + b - 1) / b }

// tables reads Huffman tables.
func (j *jpegFile) tables(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return false
		}
		h, n := newHuffman(b[1:])
		if h == nil {
			return false
		}
		if b[0]>>4 == 0 {
			j.dc[b[0]&15] = h
		} else {
			j.ac[b[0]&15] = h
		}
		b = b[1+n:]
	}
	return true
}

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
		i := bytes.IndexByte(w, 0xff)
		if i < 0 {
			s.advance(len(w))
			continue
		}
		s.advance(i)
		w = s.peek(2)
		if len(w) < 2 {
			s.advance(len(w))
			return s.wrong(cut)
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

// walk reads a scan block by block; only so many of its units if most is not 0, and of the rest the stuffing.
func (j *jpegFile) walk(x *jpegScan, most int) error {
	b := &bits{s: j.s}
	units := x.parts[0].blocks[0] * x.parts[0].blocks[1]
	if len(x.parts) > 1 {
		units = ceil(j.width, 8*j.hMax) * ceil(j.height, 8*j.vMax)
	}
	if j.restart > 0 {
		most = min(most, j.restart)
	}
	part := most > 0 && most < units
	if part {
		units = most
	}
	next := byte(0)
	for u := range units {
		if j.restart > 0 && u > 0 && u%j.restart == 0 {
			if x.skipped > 0 || !b.restart(next) {
				return j.s.wrong(badData)
			}
			next = (next + 1) & 7
		}
		for i, p := range x.parts {
			n := 1
			if len(x.parts) > 1 {
				n = p.h * p.v
			}
			for range n {
				if !j.block(b, x, i, u) || b.beyond() {
					return j.s.wrong(badData)
				}
			}
		}
	}
	if part {
		return j.stuffing()
	}
	if x.skipped > 0 || !b.end() {
		return j.s.wrong(badData)
	}
	return nil
}

// block reads one block of a component.
func (j *jpegFile) block(b *bits, x *jpegScan, i, unit int) bool {
	if j.frame == markSOF0+2 {
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
	if !j.direct(b, x.dc[i]) {
		return false
	}
	t, acc, n := x.ac[i], b.acc, b.n // here, where it is fastest: this is where the time goes
	k := 1
	for k < 64 {
		if n <= 32 {
			b.acc, b.n = acc, n
			b.refill()
			acc, n = b.acc, b.n
		}
		e := t.fast[acc>>(64-fastBits)]
		if e.bits == 0 {
			b.acc = acc
			var ok bool
			if e, ok = t.slow(b); !ok {
				return false
			}
		}
		k += int(e.run)
		acc <<= e.bits & 63
		n -= uint(e.bits)
	}
	b.acc, b.n = acc, n
	return k == 64 || k >= endOfBlock
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

// fastBits is how long the codes are that are found in one step.
const fastBits = 10

// What code.run says besides.
const (
	noSymbol   = 100 // there is no such symbol
	endOfBlock = 200
)

// code is what a code means for the coefficients after the first: how far it leads, and how many bits it and its value have.
type code struct {
	bits, run uint8
}

// huffman is a table of codes, T.81 annex C.
type huffman struct {
	fast    [1 << fastBits]code
	lengths [1 << fastBits]uint8 // of the code alone; 0: it is longer
	symbols [1 << fastBits]uint8
	values  []byte
	most    [18]int32 // the largest code of each length; -1: none
	first   [17]int32 // index of the first value of each length, less its code
}

// newHuffman reads a table and returns how many bytes it took; nil: it is none.
func newHuffman(b []byte) (*huffman, int) {
	if len(b) < 16 {
		return nil, 0
	}
	total := 0
	for _, n := range b[:16] {
		total += int(n)
	}
	if total == 0 || total > 256 || len(b) < 16+total {
		return nil, 0
	}
	h := &huffman{values: bytes.Clone(b[16 : 16+total])}
	next, at := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(b[length-1])
		h.first[length], h.most[length] = at-next, -1
		if next+n > 1<<length {
			return nil, 0 // more codes than there are
		}
		for range n {
			if length <= fastBits {
				h.fill(next, length, h.values[at])
			}
			next, at = next+1, at+1
		}
		if n > 0 {
			h.most[length] = next - 1
		}
		next <<= 1
	}
	return h, 16 + total
}

// fill writes what a short code means at all places that begin with it.
func (h *huffman) fill(bits int32, length int, symbol byte) {
	from := int(bits) << (fastBits - length)
	for i := from; i < from+1<<(fastBits-length); i++ {
		h.fast[i], h.lengths[i], h.symbols[i] = meaning(symbol, length), uint8(length), symbol
	}
}

// meaning is what a symbol says about the coefficients after the first.
func meaning(symbol byte, length int) code {
	run, size := symbol>>4, symbol&15
	switch {
	case size > 0:
		return code{uint8(length) + size, run + 1}
	case run == 15:
		return code{uint8(length), 16}
	case run == 0:
		return code{uint8(length), endOfBlock}
	}
	return code{uint8(length), noSymbol}
}

// long finds a code that fast does not have; the bits are there.
func (h *huffman) long(b *bits) (symbol byte, length int, ok bool) {
	for length = fastBits + 1; length <= 16; length++ {
		if c := int32(b.acc >> (64 - length)); c <= h.most[length] {
			return h.values[c+h.first[length]], length, true
		}
	}
	return 0, 0, false
}

func (h *huffman) slow(b *bits) (code, bool) {
	symbol, length, ok := h.long(b)
	return meaning(symbol, length), ok
}

// symbol reads a code.
func (h *huffman) symbol(b *bits) (byte, bool) {
	b.refill()
	i := b.acc >> (64 - fastBits)
	if n := h.lengths[i]; n > 0 {
		b.drop(uint(n))
		return h.symbols[i], true
	}
	symbol, length, ok := h.long(b)
	b.drop(uint(length))
	return symbol, ok
}

// bits reads picture data: after an FF there is a 00 that does not count. At a marker there are no more bits; zeros come instead.
type bits struct {
	s      *source
	acc    uint64 // the next bit is the highest
	n      uint   // how many there are
	zeros  uint   // of these, how many were not there
	marked bool   // the source stands at a marker, or at its end
}

// refill sees to it that there are more than 32 bits.
func (b *bits) refill() {
	if b.n > 32 {
		return
	}
	if w := b.s.buf[b.s.lo:b.s.hi]; len(w) >= 8 && !b.marked {
		v := be.Uint64(w)
		if x := ^v; (x-0x0101010101010101)&^x&0x8080808080808080 == 0 { // no byte is FF
			n := (64 - b.n) / 8
			b.acc |= v >> (64 - 8*n) << (64 - 8*n - b.n)
			b.n += 8 * n
			b.s.advance(int(n))
			return
		}
	}
	for b.n <= 56 {
		b.acc |= uint64(b.next()) << (56 - b.n)
		b.n += 8
	}
}

func (b *bits) next() byte {
	if !b.marked {
		w := b.s.peek(2)
		switch {
		case len(w) > 0 && w[0] != 0xff:
			b.s.advance(1)
			return w[0]
		case len(w) == 2 && w[1] == 0:
			b.s.advance(2)
			return 0xff
		}
		b.marked = true
	}
	b.zeros += 8
	return 0
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
func (b *bits) beyond() bool { return b.n < b.zeros }

// restart reads a restart marker, after what is left of a byte.
func (b *bits) restart(n byte) bool {
	if !b.end() {
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
	*b = bits{s: b.s}
	return true
}

// end reports whether a marker follows soon.
func (b *bits) end() bool {
	left := int64(b.n-b.zeros) / 8
	b.acc, b.n, b.zeros = 0, 0, 0
	for !b.marked && left <= slack {
		b.next()
		left++
	}
	return b.marked && left <= slack+1
}
