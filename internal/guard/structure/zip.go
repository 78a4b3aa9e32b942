package structure

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"strings"
)

// ZIP, APPNOTE.TXT 6.3: members one after the other, and an index of them at the end. What Office, OpenDocument and InDesign's exchange format
// are made of. Deep reads the members, whose checksums must be right.

// Signatures.
const (
	zipMember    = 0x04034b50
	zipExtra     = 0x08064b50
	zipAfter     = 0x08074b50
	zipIndex     = 0x02014b50
	zipEnd       = 0x06054b50
	zipEnd64     = 0x06064b50
	zipLocator64 = 0x07064b50
)

type zipFile struct {
	s       *source
	members zipSet // as they stand there
	index   zipSet // as the index has them
	inner   inner
	list    lister
	noisy   int64  // bytes of members that are noise
	all     int64  // bytes of members
	raw     census // of one, as it stands there
}

// zipSet is a set of members: how many, and a sum of what is known of each, in whichever order.
type zipSet struct {
	n   int
	sum uint64
}

func (z *zipSet) add(name []byte, at, packed int64, crc uint32) {
	h := fnv.New64a()
	h.Write(name)
	binary.Write(h, le, []int64{at, packed, int64(crc)})
	z.n++
	z.sum += h.Sum64()
}

func checkZIP(s *source) error {
	z := &zipFile{s: s}
	for {
		b := s.peek(4)
		if len(b) < 4 {
			return s.wrong(cut)
		}
		var err error
		switch le.Uint32(b) {
		case zipMember:
			err = z.member()
		case zipExtra:
			if b, err = s.take(8); err == nil {
				err = s.skip(int64(le.Uint32(b[4:])))
			}
		case zipIndex:
			err = z.entry()
		case zipEnd64:
			if b, err = s.take(12); err == nil {
				err = s.skip(int64(min(le.Uint64(b[4:]), 1<<40)))
			}
		case zipLocator64:
			err = s.skip(20)
		case zipEnd:
			return z.end()
		default:
			return s.wrong(badChain)
		}
		if err != nil {
			return err
		}
	}
}

// zipHead is what the head of a member says.
type zipHead struct {
	name    []byte
	flags   uint16
	method  uint16
	crc     uint32
	packed  int64
	size    int64
	wide    bool // its sizes have 8 bytes
	at      int64
	offset  int64 // of an entry of the index
	comment int
}

const (
	zipLocked = 1 << 0
	zipLater  = 1 << 3 // sizes and checksum follow the content

	zipStored   = 0
	zipDeflated = 8
	zipAES      = 99
)

// names reads the name and the fields after it, among which are sizes that do not fit.
func (h *zipHead) names(s *source, nameLength, extraLength int, offset uint32) error {
	b, err := s.take(nameLength)
	if err != nil {
		return err
	}
	h.name = bytes.Clone(b)
	if b, err = s.take(extraLength); err != nil {
		return err
	}
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			break
		}
		if id == 1 {
			x := b[:n]
			wide := func(v *int64, is bool) {
				if is && len(x) >= 8 {
					*v, x = int64(le.Uint64(x)), x[8:]
				}
			}
			h.wide = true
			wide(&h.size, h.size == 0xffffffff)
			wide(&h.packed, h.packed == 0xffffffff)
			wide(&h.offset, offset == 0xffffffff)
		}
		b = b[n:]
	}
	if h.size < 0 || h.packed < 0 || h.offset < 0 {
		return s.wrong(badLength)
	}
	return nil
}

func (z *zipFile) member() error {
	h := zipHead{at: z.s.pos()}
	b, err := z.s.take(30)
	if err != nil {
		return err
	}
	h.flags, h.method, h.crc, h.packed, h.size = le.Uint16(b[6:]), le.Uint16(b[8:]), le.Uint32(b[14:]), int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	if err := h.names(z.s, int(le.Uint16(b[26:])), int(le.Uint16(b[28:])), 0); err != nil {
		return err
	}
	z.s.sealed = z.s.sealed || h.flags&zipLocked != 0 || h.method == zipAES
	z.tell(&h)
	z.s.inner = z.inner.begin()
	z.raw = census{}
	if h.flags&zipLater != 0 && h.packed == 0 {
		err = z.later(&h)
	} else {
		err = z.content(&h)
	}
	if len(z.list.inside.Files) < maxListed {
		z.list.room(min(z.raw.part(h.packed), z.inner.fits(h.packed, h.size, h.packed)))
		z.list.add(string(h.name), h.size)
	}
	if z.all += h.packed; z.s.inner.is() {
		z.noisy += h.packed
	}
	z.s.inner = nil
	z.members.add(h.name, h.at, h.packed, h.crc)
	return err
}

// tell tells what kind of ZIP it is by its first members.
func (z *zipFile) tell(h *zipHead) {
	switch name := string(h.name); {
	case z.s.kind != "":
	case name == "[Content_Types].xml":
		z.s.kind = "office"
	case name == "mimetype" && h.method == zipStored && h.packed > 0 && h.packed < 200:
		switch b := string(z.s.peek(int(h.packed))); {
		case strings.HasPrefix(b, "application/vnd.oasis.opendocument."):
			z.s.kind = "opendocument"
		case strings.HasPrefix(b, "application/vnd.adobe.indesign-idml-package"):
			z.s.kind = "idml"
		}
	}
}

// content reads a member of a known length.
func (z *zipFile) content(h *zipHead) error {
	p := &part{z.s, h.packed}
	switch {
	case h.flags&zipLocked != 0:
	case z.s.deep && (h.method == zipStored || h.method == zipDeflated):
		if err := z.read(h, p, h.size); err != nil {
			return err
		}
	case h.method == zipStored:
		z.s.inner.pass(p)
	case h.method == zipDeflated && h.packed > h.size-h.size/oneOf: // what does not get smaller may be noise
		if _, err := z.s.inflate(p, false, peeked, nil); err != nil {
			return z.s.wrong(badData)
		}
	}
	left := p.left
	p.left = 0
	if err := z.s.weigh(left, &z.raw); err != nil {
		return err
	}
	if h.flags&zipLater != 0 { // the head has the sizes all the same
		_, err := z.after(h)
		return err
	}
	return nil
}

// read reads a member and compares its checksum.
func (z *zipFile) read(h *zipHead, p *part, size int64) error {
	sum := crc32.NewIEEE()
	var n int64
	var err error
	if h.method == zipDeflated {
		n, err = z.s.inflate(p, false, size+1, sum)
	} else {
		n, err = z.s.swallow(p, sum, size+1)
	}
	switch {
	case !z.s.deep:
		return nil
	case err != nil, n != size:
		return z.s.wrong(badData)
	case h.flags&zipLater == 0 && sum.Sum32() != h.crc:
		return z.s.wrong(badSum)
	}
	h.crc = sum.Sum32()
	return nil
}

// later reads a member whose length stands behind it.
func (z *zipFile) later(h *zipHead) error {
	begin := z.s.pos()
	switch known := h.method == zipDeflated && h.flags&zipLocked == 0; {
	case h.method == zipStored && h.flags&zipLocked == 0:
		z.s.inner.add(z.s.peek(headSize))
	case known && !z.s.deep:
		if _, err := z.s.inflate(z.s, false, peeked, nil); err != nil {
			return z.s.wrong(badData)
		}
	case known:
		sum := crc32.NewIEEE()
		n, err := z.s.inflate(z.s, false, maxInflated, sum)
		if z.s.deep {
			if err != nil {
				return z.s.wrong(badData)
			}
			h.packed, h.size, h.crc = z.s.pos()-begin, n, sum.Sum32()
			ok, err := z.after(h)
			if err == nil && !ok {
				err = z.s.wrong(badSum)
			}
			return err
		}
	}
	for {
		if !z.s.find(binary.LittleEndian.AppendUint32(nil, zipAfter)) {
			return z.s.wrong(badLength)
		}
		h.packed = z.s.pos() - begin
		b := z.s.peek(16)
		if len(b) == 16 && int64(le.Uint32(b[8:])) == h.packed&0xffffffff {
			h.crc, h.size = le.Uint32(b[4:]), int64(le.Uint32(b[12:]))
			_, err := z.after(h)
			return err
		}
		z.s.advance(4)
	}
}

// after reads what follows a member, and reports whether it is as h has it.
func (z *zipFile) after(h *zipHead) (bool, error) {
	b := z.s.peek(24)
	skip := 0
	if len(b) >= 4 && le.Uint32(b) == zipAfter {
		b, skip = b[4:], 4
	}
	if len(b) >= 20 && (h.wide || h.packed > 0xfffffffe || h.size > 0xfffffffe) && int64(le.Uint64(b[4:])) == h.packed {
		z.s.advance(skip + 20)
		return le.Uint32(b) == h.crc, nil
	}
	if len(b) < 12 {
		return false, z.s.wrong(cut)
	}
	ok := le.Uint32(b) == h.crc && int64(le.Uint32(b[4:])) == h.packed&0xffffffff
	z.s.advance(skip + 12)
	return ok, nil
}

// entry reads an entry of the index.
func (z *zipFile) entry() error {
	b, err := z.s.take(46)
	if err != nil {
		return err
	}
	h := zipHead{crc: le.Uint32(b[16:]), packed: int64(le.Uint32(b[20:])), size: int64(le.Uint32(b[24:])), offset: int64(le.Uint32(b[42:])), comment: int(le.Uint16(b[32:]))}
	if err := h.names(z.s, int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), uint32(h.offset)); err != nil {
		return err
	}
	z.index.add(h.name, h.offset, h.packed, h.crc)
	return z.s.skip(int64(h.comment))
}

// end reads the last record.
func (z *zipFile) end() error {
	b, err := z.s.take(22)
	if err != nil {
		return err
	}
	comment := int64(le.Uint16(b[20:]))
	if z.members != z.index {
		return z.s.wrong(badIndex)
	}
	z.s.even = z.noisy > z.all-z.all/10
	z.s.inside = &z.list.inside
	return z.s.skip(comment)
}
