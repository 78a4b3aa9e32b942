package structure

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
)

// The .xz format, version 1.2: streams of blocks, an index of them and a footer. A block is a chain of LZMA2 chunks, which say how long they are;
// they are followed, and not unpacked.

const (
	xzMagic  = "\xfd7zXZ\x00"
	xzEnd    = "YZ"
	xzLZMA2  = 0x21
	xzNumber = 9 // bytes of a number, at most
)

// xzSums are how many bytes the checksums of blocks have.
var xzSums = [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

// xzSet is a set of blocks in an order: how many, and a sum of their lengths.
type xzSet struct {
	n   int64
	sum uint64
}

func (x *xzSet) add(packed, size int64) {
	h := fnv.New64a()
	binary.Write(h, le, []uint64{x.sum, uint64(packed), uint64(size)})
	x.n, x.sum = x.n+1, h.Sum64()
}

// xzFile is a stream that is being read.
type xzFile struct {
	s      *source
	flags  byte
	blocks xzSet
	size   int64  // unpacked, of all streams
	crc    uint32 // of the part that is being read
	c      census
}

func checkXZ(s *source) error {
	x := &xzFile{s: s}
	for {
		if err := x.stream(); err != nil {
			return err
		}
		end := s.pos()
		for {
			b := s.peek(6)
			if len(b) == 6 && string(b) == xzMagic {
				break
			}
			if len(b) < 4 || le.Uint32(b) != 0 {
				s.end = end
				s.inside = unlisted(x.size, x.c.part(end))
				return nil
			}
			s.advance(4)
		}
	}
}

func (x *xzFile) stream() error {
	b, err := x.s.take(12)
	if err != nil {
		return err
	}
	if b[6] != 0 || b[7] > 15 || le.Uint32(b[8:]) != crc32.ChecksumIEEE(b[6:8]) {
		return x.s.wrong(badHeader)
	}
	x.flags, x.blocks = b[7], xzSet{}
	for {
		b := x.s.peek(1)
		if len(b) == 0 {
			return x.s.wrong(cut)
		}
		if b[0] == 0 {
			return x.index()
		}
		if err := x.block(int(b[0])*4 + 4); err != nil {
			return err
		}
	}
}

// xzVarint reads a number of a header that is at hand; false: there is none.
func xzVarint(b []byte) (n int64, rest []byte, ok bool) {
	v, used := binary.Uvarint(b[:min(len(b), xzNumber)])
	if used <= 0 || v > 1<<62 {
		return 0, nil, false
	}
	return int64(v), b[used:], true
}

// xzHead is what a block's header says; -1 for what it does not.
type xzHead struct{ packed, size int64 }

// readXZHead reads the header of a block without its checksum; false: it is none.
func readXZHead(b []byte) (h xzHead, ok bool) {
	flags := b[1]
	h, b, ok = xzHead{-1, -1}, b[2:], flags&0x3c == 0
	if ok && flags&0x40 != 0 {
		h.packed, b, ok = xzVarint(b)
	}
	if ok && flags&0x80 != 0 {
		h.size, b, ok = xzVarint(b)
	}
	last := int64(0)
	for range int(flags&3) + 1 {
		var more int64
		if ok {
			last, b, ok = xzVarint(b)
		}
		if ok {
			more, b, ok = xzVarint(b)
		}
		if ok = ok && more <= int64(len(b)); ok {
			b = b[more:]
		}
	}
	for _, c := range b {
		ok = ok && c == 0
	}
	return h, ok && last == xzLZMA2
}

func (x *xzFile) block(length int) error {
	begin := x.s.pos()
	b, err := x.s.take(length)
	if err != nil {
		return err
	}
	head := b[:length-4]
	h, ok := readXZHead(head)
	if le.Uint32(b[length-4:]) != crc32.ChecksumIEEE(head) || !ok {
		return &flaw{begin, badHeader}
	}
	at := x.s.pos()
	size, err := x.chunks()
	if err != nil {
		return err
	}
	packed := x.s.pos() - at
	if h.packed >= 0 && h.packed != packed || h.size >= 0 && h.size != size {
		return x.s.wrong(badLength)
	}
	if err := x.zeros(-packed & 3); err != nil {
		return err
	}
	sum := xzSums[x.flags]
	x.blocks.add(int64(length)+packed+sum, size)
	x.size += size
	return x.s.skip(sum)
}

func (x *xzFile) zeros(n int64) error {
	b, err := x.s.take(int(n))
	if err != nil {
		return err
	}
	for _, c := range b {
		if c != 0 {
			return x.s.wrong(badChain)
		}
	}
	return nil
}

// chunks follows a chain of LZMA2 chunks, and returns how much they unpack to.
func (x *xzFile) chunks() (size int64, err error) {
	for first := true; ; first = false {
		control, err := x.s.ReadByte()
		if err != nil {
			return 0, x.s.wrong(cut)
		}
		packed, lzma := int64(0), control >= 0x80
		switch {
		case control == 0:
			return size, nil
		case first && control != 1 && control < 0xe0, control > 2 && !lzma:
			return 0, x.s.wrong(badChain)
		}
		b, err := x.s.take(2)
		if err != nil {
			return 0, err
		}
		n := int64(be.Uint16(b)) + 1
		if packed = n; lzma {
			size += int64(control&0x1f) << 16
			more := 2
			if control >= 0xc0 {
				more = 3
			}
			if b = x.s.peek(more + 1); len(b) <= more {
				return 0, x.s.wrong(cut)
			}
			if more == 3 && b[2] >= 9*5*5 || b[more] != 0 { // with which each begins
				return 0, x.s.wrong(badData)
			}
			packed = int64(be.Uint16(b)) + 1
			x.s.advance(more)
		}
		if size += n; x.s.weigh(packed, &x.c) != nil {
			return 0, x.s.wrong(cut)
		}
	}
}

// next reads a byte of the index.
func (x *xzFile) next() (byte, error) {
	c, err := x.s.ReadByte()
	if err != nil {
		return 0, x.s.wrong(cut)
	}
	x.crc = crc32.Update(x.crc, crc32.IEEETable, []byte{c})
	return c, nil
}

func (x *xzFile) number() (v int64, err error) {
	for i := range xzNumber {
		c, err := x.next()
		if err != nil {
			return 0, err
		}
		if v |= int64(c&0x7f) << (7 * i); c < 0x80 {
			return v, nil
		}
	}
	return 0, x.s.wrong(badIndex)
}

func (x *xzFile) index() error {
	begin := x.s.pos()
	x.crc = 0
	if _, err := x.next(); err != nil {
		return err
	}
	n, err := x.number()
	if err != nil {
		return err
	}
	if n != x.blocks.n {
		return &flaw{begin, badIndex}
	}
	var listed xzSet
	for range n {
		packed, err := x.number()
		if err != nil {
			return err
		}
		size, err := x.number()
		if err != nil {
			return err
		}
		listed.add(packed, size)
	}
	for (x.s.pos()-begin)%4 != 0 {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	b, err := x.s.take(4)
	if err != nil {
		return err
	}
	if le.Uint32(b) != x.crc {
		return &flaw{begin, badSum}
	}
	length := x.s.pos() - begin
	if b, err = x.s.take(12); err != nil {
		return err
	}
	switch {
	case listed != x.blocks:
		return &flaw{begin, badIndex}
	case le.Uint32(b) != crc32.ChecksumIEEE(b[4:10]), int64(le.Uint32(b[4:]))*4+4 != length, b[8] != 0, b[9] != x.flags, string(b[10:]) != xzEnd:
		return x.s.wrong(badHeader)
	}
	return nil
}
