package structure

// Photoshop documents and large documents: header, colours, resources, layers, and the whole picture, each with its length. Deep looks whether
// the rows of all pictures, those of the layers too, are packed as they say.

type psdFile struct {
	s     *source
	large bool // PSB: some lengths have 8 bytes
	width int64
	rows  int64 // of all channels
	bits  int64
}

func checkPSD(s *source) error {
	b, err := s.take(26)
	if err != nil {
		return err
	}
	p := &psdFile{s: s, large: b[5] == 2, rows: int64(be.Uint16(b[12:])) * int64(be.Uint32(b[14:])), width: int64(be.Uint32(b[18:])), bits: int64(be.Uint16(b[22:]))}
	if b[5] != 1 && b[5] != 2 || string(b[6:12]) != "\x00\x00\x00\x00\x00\x00" || be.Uint16(b[12:]) > 56 || p.rows == 0 || p.width == 0 || p.width > 300_000 ||
		be.Uint32(b[14:]) > 300_000 || p.bits != 1 && p.bits != 8 && p.bits != 16 && p.bits != 32 || be.Uint16(b[24:]) > 9 {
		return s.wrong(badHeader)
	}
	n, err := p.length(false)
	if err != nil {
		return err
	}
	if err := s.skip(n); err != nil {
		return err
	}
	if err := p.resources(); err != nil {
		return err
	}
	if err := p.layers(); err != nil {
		return err
	}
	return p.picture()
}

// length reads a length; those that are long in large documents have 8 bytes there.
func (p *psdFile) length(long bool) (int64, error) {
	size := 4
	if long && p.large {
		size = 8
	}
	b, err := p.s.take(size)
	if err != nil {
		return 0, err
	}
	if size == 4 {
		return int64(be.Uint32(b)), nil
	}
	if n := be.Uint64(b); n < 1<<48 {
		return int64(n), nil
	}
	return 0, p.s.wrong(badLength)
}

// resources reads the image resources, which must fill their section.
func (p *psdFile) resources() error {
	n, err := p.length(false)
	if err != nil {
		return err
	}
	for end := p.s.pos() + n; p.s.pos() < end; {
		b, err := p.s.take(7)
		if err != nil {
			return err
		}
		switch string(b[:4]) {
		case "8BIM", "MeSa", "AgHg", "PHUT", "DCSR":
		default:
			return p.s.wrong(badChain)
		}
		name := int64(b[6]) | 1 // with its length it has an even number of bytes
		if err := p.s.skip(name); err != nil {
			return err
		}
		size, err := p.length(false)
		if err != nil {
			return err
		}
		if err := p.s.skip(size + size&1); err != nil {
			return err
		}
		if p.s.pos() > end+1 {
			return p.s.wrong(badLength)
		}
	}
	return nil
}

// picture reads the whole picture.
func (p *psdFile) picture() error {
	b, err := p.s.take(2)
	if err != nil {
		return err
	}
	switch be.Uint16(b) {
	case 0:
		return p.s.bare(p.rows * ((p.width*p.bits + 7) / 8))
	case 1:
		total, err := p.packed(p.rows, (p.width*p.bits+7)/8)
		if err == nil {
			err = p.s.skip(total)
		}
		return err
	case 2, 3:
		if p.s.ended() {
			return p.s.wrong(cut)
		}
		p.s.drain(nil)
		return nil
	}
	return p.s.wrong(badHeader)
}

// maxRows bounds the rows whose lengths are kept, 4 bytes each.
const maxRows = 1 << 20

// packed reads rows of PackBits; their lengths come first. It returns how many bytes are left, if it does not look into them.
func (p *psdFile) packed(rows, width int64) (left int64, err error) {
	size := 2
	if p.large {
		size = 4
	}
	look := p.s.deep && rows <= maxRows
	var lengths []uint32
	for range rows {
		b, err := p.s.take(size)
		if err != nil {
			return 0, err
		}
		n := uint32(be.Uint16(b))
		if p.large {
			n = be.Uint32(b)
		}
		if left += int64(n); look {
			lengths = append(lengths, n)
		}
	}
	if !look {
		return left, nil
	}
	for _, n := range lengths {
		if err := p.row(int64(n), width); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// row reads a packed row of n bytes, which must unpack to want.
func (p *psdFile) row(n, want int64) error {
	if n > bufferSize/4 {
		return p.s.skip(n) // of a picture as wide as there is none
	}
	b, err := p.s.take(int(n))
	if err != nil {
		return err
	}
	if !unpacks(b, want) {
		return p.s.wrong(badData)
	}
	return nil
}

// unpacks reports whether PackBits unpack to so many bytes.
func unpacks(b []byte, want int64) bool {
	for len(b) > 0 {
		n := int(int8(b[0]))
		switch {
		case n >= 0:
			if n+2 > len(b) {
				return false
			}
			b, want = b[n+2:], want-int64(n+1)
		case n > -128:
			if len(b) < 2 {
				return false
			}
			b, want = b[2:], want-int64(1-n)
		default:
			b = b[1:]
		}
	}
	return want == 0
}
