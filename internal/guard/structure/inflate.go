package structure

import (
	"errors"
	"hash"
	"hash/adler32"
	mathbits "math/bits"
)

// Deflate, RFC 1951, and zlib, RFC 1950. What a picture or a document holds is unpacked only to see whether it can be, and whether its
// checksum is right: nobody gets the bytes. The standard library's reader would take three times as long, most of it to hand bytes on one by one.

// input is where compressed data comes from: view shows some, nothing at the end, until took says how much of it was used.
type input interface {
	view() []byte
	took(n int)
}

func (s *source) view() []byte { return s.window() }
func (s *source) took(n int)   { s.advance(n) }

func (p *part) view() []byte { return p.s.window()[:min(int64(len(p.s.window())), max(p.left, 0))] }
func (p *part) took(n int) {
	p.s.advance(n)
	p.left -= int64(n)
}

var errDeflate = errors.New("no deflated data")

// inflater unpacks. It is used for one stream after the other.
type inflater struct {
	from  input
	in    []byte
	p     int    // in[p:] is not in acc yet
	acc   uint64 // the next bit is the lowest
	n     uint   // how many there are; what is above them is of in[p:] too
	out   [inflateWindow + inflateRoom]byte
	pos   int   // out[:pos] is there
	mark  int   // out[:mark] has been counted
	done  int64 // bytes counted
	most  int64 // bytes wanted
	cost  int64 // of blocks and their codes, in bytes that could be unpacked meanwhile
	bound int64 // of bytes and that cost; 0: there is none
	sum   hash.Hash32
	thin  int64       // what was met of blocks that hold nothing
	inner *inner      // that wants to see it
	adler hash.Hash32 // of zlib

	literals  codes
	distances codes
	lengths   [320]uint8
	standing  bool // the codes are those of the RFC
}

const (
	inflateWindow = 32 << 10 // how far back a copy can go
	inflateRoom   = 64 << 10
	longestCopy   = 258
	spare         = longestCopy + 8 // what is written between two looks at the room
	emptyCost     = 16              // how many bytes could be unpacked while a block begins

	// Packers end what they have written so far with a block that holds nothing: when they are told to flush, and a few in a row to come to a
	// whole byte. None makes codes for so few bytes that they would be shorter with those of the RFC. Blocks like these in their thousands are
	// there to use up what a look may cost.
	maxThin   = 1024 // blocks that hold nothing
	thinEvery = 64   // and one for so many bytes that are unpacked
	thinCodes = 64   // a block with codes of its own counts as so many
	fewBytes  = 8    // if it holds less
)

// inflate unpacks at most so many bytes, and adds them to a sum, if there is one. It uses no more of the input than there is of the data.
func (x *inflater) inflate(from input, zlib bool, most int64, sum hash.Hash32) (int64, error) {
	x.from, x.in, x.p, x.acc, x.n, x.pos, x.mark, x.done, x.cost, x.thin, x.most, x.sum = from, nil, 0, 0, 0, 0, 0, 0, 0, 0, most, sum
	if zlib {
		if x.sum = x.adler; x.sum == nil {
			x.adler = adler32.New()
			x.sum = x.adler
		}
		x.sum.Reset()
	}
	err := x.stream(zlib)
	if err == nil && x.done < x.most {
		x.count()
	}
	x.from.took(max(0, x.p-int(x.n>>3))) // whole bytes that were not needed
	return min(x.done, most), err
}

var errEnough = errors.New("as much as was wanted")

func (x *inflater) stream(zlib bool) error {
	if zlib {
		a, ok := x.bits(16)
		if head := a&0xff<<8 | a>>8; !ok || a&15 != 8 || a>>4&15 > 7 || head%31 != 0 || head&32 != 0 {
			return errDeflate
		}
	}
	for last := uint64(0); last == 0; {
		if x.bound > 0 && x.unpacked()+x.cost >= x.bound { // blocks can hold nothing at all
			return nil
		}
		x.cost += emptyCost
		b, ok := x.bits(3)
		if !ok {
			return errDeflate
		}
		last = b & 1
		before := x.unpacked()
		var err error
		switch b >> 1 {
		case 0:
			err = x.stored()
		case 1:
			x.fixed()
			err = x.block()
		case 2:
			if err = x.dynamic(); err == nil {
				err = x.block()
			}
		default:
			err = errDeflate
		}
		if err == errEnough {
			return nil
		}
		if err == nil {
			err = x.held(b>>1 == 2, x.unpacked()-before)
		}
		if err != nil {
			return err
		}
	}
	x.drop(x.n & 7)
	if !zlib {
		return nil
	}
	x.count()
	want, ok := x.bits(32)
	if !ok || mathbits.ReverseBytes32(uint32(want)) != x.sum.Sum32() {
		return errDeflate
	}
	return nil
}

// unpacked is how many bytes there have been.
func (x *inflater) unpacked() int64 { return x.done + int64(x.pos-x.mark) }

// held notes that a block, with codes of its own or not, held n bytes.
func (x *inflater) held(own bool, n int64) error {
	switch {
	case own && n < fewBytes:
		x.thin += thinCodes
	case n == 0:
		x.thin++
	default:
		return nil
	}
	if x.thin > maxThin+x.unpacked()/thinEvery {
		return errDeflate
	}
	return nil
}

// more gets one more byte; false: there is none.
func (x *inflater) more() bool {
	if x.p == len(x.in) {
		x.from.took(x.p)
		x.in, x.p = x.from.view(), 0
		if len(x.in) == 0 {
			return false
		}
	}
	x.acc = x.acc&(1<<x.n-1) | uint64(x.in[x.p])<<x.n
	x.p++
	x.n += 8
	return true
}

// bits reads n bits.
func (x *inflater) bits(n uint) (uint64, bool) {
	for x.n < n {
		if !x.more() {
			return 0, false
		}
	}
	v := x.acc & (1<<n - 1)
	x.drop(n)
	return v, true
}

func (x *inflater) drop(n uint) {
	x.acc >>= n
	x.n -= n
}

// count counts what there is, and makes room for more.
func (x *inflater) count() {
	if x.sum != nil {
		x.sum.Write(x.out[x.mark:x.pos])
	}
	if x.inner != nil {
		x.inner.add(x.out[x.mark:x.pos])
	}
	x.done += int64(x.pos - x.mark)
	if x.pos > inflateWindow {
		copy(x.out[:], x.out[x.pos-inflateWindow:x.pos])
		x.pos = inflateWindow
	}
	x.mark = x.pos
}

// room sees to it that there is room for a copy; false: enough is there.
func (x *inflater) room() bool {
	if x.pos+spare > len(x.out) {
		x.count()
	}
	return x.unpacked() < x.most
}

// stored reads a block that is not compressed.
func (x *inflater) stored() error {
	x.drop(x.n & 7)
	a, ok := x.bits(32)
	n := int(a & 0xffff)
	if !ok || uint64(n) != ^a>>16&0xffff {
		return errDeflate
	}
	for n > 0 {
		if !x.room() {
			return errEnough
		}
		if x.n > 0 { // what is in acc comes first
			b, _ := x.bits(8)
			x.out[x.pos] = byte(b)
			x.pos++
			n--
			continue
		}
		if x.acc = 0; x.p == len(x.in) {
			if !x.more() {
				return errDeflate
			}
			continue
		}
		got := copy(x.out[x.pos:min(len(x.out), x.pos+n)], x.in[x.p:])
		x.p, x.pos, n = x.p+got, x.pos+got, n-got
	}
	return nil
}

// block reads a block of codes.
func (x *inflater) block() error {
	for {
		if !x.room() {
			return errEnough
		}
		if x.p+16 <= len(x.in) {
			if ended, err := x.fast(); ended || err != nil {
				return err
			}
			continue
		}
		e, ok := x.literals.read(x)
		if !ok {
			return errDeflate
		}
		switch e.kind() {
		case codeLiteral:
			x.out[x.pos] = byte(e.base())
			x.pos++
		case codeEnd:
			return nil
		case codeBase:
			more, ok := x.bits(e.extra())
			d, known := x.distances.read(x)
			if !ok || !known || d.kind() != codeBase {
				return errDeflate
			}
			far, ok := x.bits(d.extra())
			if !ok || !x.copy(int(e.base())+int(more), int(d.base())+int(far)) {
				return errDeflate
			}
		default:
			return errDeflate
		}
	}
}

// copy repeats n bytes from so far back.
func (x *inflater) copy(n, back int) bool {
	from := x.pos - back
	if from < 0 {
		return false
	}
	to := x.pos
	x.pos += n
	if back >= n {
		copy(x.out[to:to+n], x.out[from:from+n])
		return true
	}
	for ; n > 0; back *= 2 { // what was written is read again
		got := copy(x.out[to:to+n], x.out[from:to])
		to, n = to+got, n-got
	}
	return true
}

// fast reads codes as long as there are 16 bytes of input, and room. The error, and whether the block has ended.
func (x *inflater) fast() (ended bool, err error) {
	in, p, acc, n, pos := x.in, x.p, x.acc, x.n, x.pos
	lit, dist := &x.literals.first, &x.distances.first
	for p+16 <= len(in) && pos+spare <= len(x.out) {
		acc |= le.Uint64(in[p:]) << n
		p += int((63 - n) >> 3)
		n |= 56
		e := lit[acc&(1<<firstBits-1)]
		for e&0xf0 == codeLiteral<<4 && n >= 48 { // four of them at most
			acc >>= e & 15
			n -= uint(e & 15)
			x.out[pos] = byte(e >> 16)
			pos++
			e = lit[acc&(1<<firstBits-1)]
		}
		if n < 48 {
			continue
		}
		if e.kind() == codeMore {
			e = x.literals.second[e.base()+uint(acc>>firstBits)&(1<<e.extra()-1)]
		}
		acc >>= e & 15
		n -= uint(e & 15)
		if e.kind() != codeBase {
			x.out[pos] = byte(e >> 16)
			x.p, x.acc, x.n, x.pos = p, acc, n, pos
			switch e.kind() {
			case codeLiteral:
				pos++
				continue
			case codeEnd:
				return true, nil
			}
			return false, errDeflate
		}
		length := int(e.base()) + int(acc&(1<<e.extra()-1))
		acc >>= e.extra() & 15
		n -= e.extra()
		d := dist[acc&(1<<firstBits-1)]
		if d.kind() == codeMore {
			d = x.distances.second[d.base()+uint(acc>>firstBits)&(1<<d.extra()-1)]
		}
		acc >>= d & 15
		n -= uint(d & 15)
		back := int(d.base()) + int(acc&(1<<d.extra()-1))
		acc >>= d.extra() & 15
		n -= d.extra()
		if x.pos = pos; d.kind() != codeBase || !x.copy(length, back) {
			return false, errDeflate
		}
		pos = x.pos
	}
	x.p, x.acc, x.n, x.pos = p, acc, n, pos
	return false, nil
}
