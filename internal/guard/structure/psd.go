package structure

// Photoshop documents and large documents: header, colours, resources, layers, and the whole picture, each with its length. Deep looks whether
// the rows of the whole picture are packed as they say.

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

// layers reads the layers: how many there are, the records, and the pictures of their channels, of which the records tell the lengths.
func (p *psdFile) layers() error {
	n, err := p.length(true)
	if err != nil || n == 0 {
		return err
	}
	end := p.s.pos() + n
	info, err := p.length(true)
	if err != nil {
		return err
	}
	if p.s.pos()+info > end {
		return p.s.wrong(badLength)
	}
	if info > 0 {
		if err := p.layerInfo(p.s.pos() + info); err != nil {
			return err
		}
	}
	return p.s.skip(end - p.s.pos())
}

func (p *psdFile) layerInfo(end int64) error {
	b, err := p.s.take(2)
	if err != nil {
		return err
	}
	count := int(int16(be.Uint16(b)))
	data := int64(0)
	for range max(count, -count) {
		n, err := p.layer()
		if err != nil {
			return err
		}
		data += n
	}
	left := end - p.s.pos() - data
	if data < 0 || left < 0 || left > 3 { // padded to a multiple of four
		return p.s.wrong(badLength)
	}
	return p.s.skip(end - p.s.pos())
}

// layer reads a record, and returns how long the pictures of its channels are.
func (p *psdFile) layer() (data int64, err error) {
	b, err := p.s.take(18)
	if err != nil {
		return 0, err
	}
	channels := int(be.Uint16(b[16:]))
	if channels > 64 {
		return 0, p.s.wrong(badHeader)
	}
	for range channels {
		if _, err := p.s.take(2); err != nil {
			return 0, err
		}
		n, err := p.length(true)
		if err != nil {
			return 0, err
		}
		data += n
	}
	if b, err = p.s.take(12); err != nil {
		return 0, err
	}
	if string(b[:4]) != "8BIM" {
		return 0, p.s.wrong(badChain)
	}
	extra, err := p.length(false)
	if err != nil {
		return 0, err
	}
	return data, p.s.skip(extra)
}

// picture reads the whole picture.
func (p *psdFile) picture() error {
	b, err := p.s.take(2)
	if err != nil {
		return err
	}
	switch be.Uint16(b) {
	case 0:
		return p.s.skip(p.rows * ((p.width*p.bits + 7) / 8))
	case 1:
		return p.packed()
	case 2, 3:
		if p.s.ended() {
			return p.s.wrong(cut)
		}
		p.s.drain(nil)
		return nil
	}
	return p.s.wrong(badHeader)
}

// maxRows bounds the rows whose lengths are kept.
const maxRows = 4 << 20

// packed reads rows of PackBits; their lengths come first.
func (p *psdFile) packed() error {
	size := 2
	if p.large {
		size = 4
	}
	if !p.s.deep || p.rows > maxRows {
		total := int64(0)
		for range p.rows {
			b, err := p.s.take(size)
			if err != nil {
				return err
			}
			total += number(b)
		}
		return p.s.skip(total)
	}
	lengths := make([]int64, 0, min(p.rows, 64<<10))
	for range p.rows {
		b, err := p.s.take(size)
		if err != nil {
			return err
		}
		lengths = append(lengths, number(b))
	}
	want := (p.width*p.bits + 7) / 8
	for _, n := range lengths {
		if err := p.row(n, want); err != nil {
			return err
		}
	}
	return nil
}

func number(b []byte) int64 {
	if len(b) == 2 {
		return int64(be.Uint16(b))
	}
	return int64(be.Uint32(b))
}

// row reads a packed row of n bytes, which must unpack to want.
func (p *psdFile) row(n, want int64) error {
	for n > 0 {
		c, err := p.s.ReadByte()
		if err != nil {
			return p.s.wrong(cut)
		}
		n--
		step := int64(0)
		switch {
		case c < 128:
			step = int64(c) + 1
			want -= step
		case c > 128:
			step = 1
			want -= 257 - int64(c)
		}
		if n -= step; n < 0 || want < 0 {
			return p.s.wrong(badData)
		}
		if err := p.s.skip(step); err != nil {
			return err
		}
	}
	if want != 0 {
		return p.s.wrong(badData)
	}
	return nil
}
