package structure

// psdPicture is the picture of a channel of a layer.
type psdPicture struct {
	size  int64 // in the file
	rows  int64 // -1: not known
	width int64 // bytes of a row
}

// Bounds.
const (
	maxChannels = 64      // of a layer
	maxPictures = 1 << 16 // that are looked into
)

// layers reads the section of layers: the layers, what holds for all of them, and blocks of a name and a length.
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
	if end-p.s.pos() >= 4 {
		if n, err = p.length(false); err != nil {
			return err
		}
		if p.s.pos()+n > end {
			return p.s.wrong(badLength)
		}
		if err := p.s.skip(n); err != nil {
			return err
		}
	}
	for end-p.s.pos() >= 12 {
		if err := p.block(end); err != nil {
			return err
		}
	}
	return p.s.skip(end - p.s.pos())
}

// longBlocks are the blocks whose lengths have 8 bytes in large documents.
var longBlocks = map[string]bool{"LMsk": true, "Lr16": true, "Lr32": true, "Layr": true, "Mt16": true, "Mt32": true, "Mtrn": true, "Alph": true, "FMsk": true,
	"lnk2": true, "FEid": true, "FXid": true, "PxSD": true, "cinf": true}

// block reads a block behind the layers. Documents of 16 and 32 bits have their layers in one.
func (p *psdFile) block(end int64) error {
	b, err := p.s.take(8)
	if err != nil {
		return err
	}
	kind, name := string(b[:4]), string(b[4:])
	if kind != "8BIM" && kind != "8B64" {
		return &flaw{p.s.pos() - 8, badChain}
	}
	long := kind == "8B64" || longBlocks[name]
	n, err := p.length(long)
	if err != nil {
		return err
	}
	if next := p.s.peek(4); p.large && !long && n == 0 && len(next) == 4 && string(next[:3]) != "8BI" && string(next[:3]) != "8B6" {
		n, err = p.length(false) // it has 8 bytes all the same
	}
	if err != nil {
		return err
	}
	from := p.s.pos()
	if from+n > end {
		return p.s.wrong(badLength)
	}
	if n > 2 && (name == "Lr16" || name == "Lr32" || name == "Layr") {
		if err := p.layerInfo(from + n); err != nil {
			return err
		}
	}
	if err := p.s.skip(from + n - p.s.pos()); err != nil {
		return err
	}
	for range 3 { // most programs pad it, and count that or do not
		if b := p.s.peek(1); len(b) > 0 && b[0] == 0 && p.s.pos() < end {
			p.s.advance(1)
		}
	}
	return nil
}

// layerInfo reads the layers: how many there are, the records, and the pictures of their channels, of which the records tell the lengths.
func (p *psdFile) layerInfo(end int64) error {
	b, err := p.s.take(2)
	if err != nil {
		return err
	}
	count := int(int16(be.Uint16(b)))
	data := int64(0)
	var pictures []psdPicture
	for range max(count, -count) {
		list, err := p.layer()
		if err != nil {
			return err
		}
		for _, x := range list {
			data += x.size
		}
		if p.s.deep && len(pictures) < maxPictures {
			pictures = append(pictures, list...)
		}
	}
	left := end - p.s.pos() - data
	if data < 0 || left < 0 || left > 3 { // padded to a multiple of four
		return p.s.wrong(badLength)
	}
	for _, x := range pictures {
		if err := p.channel(x); err != nil {
			return err
		}
	}
	return p.s.skip(end - p.s.pos())
}

// layer reads a record, and returns what the pictures of its channels are.
func (p *psdFile) layer() (out []psdPicture, err error) {
	b, err := p.s.take(18)
	if err != nil {
		return nil, err
	}
	rows, width := p.area(b)
	channels := int(be.Uint16(b[16:]))
	if channels > maxChannels {
		return nil, p.s.wrong(badHeader)
	}
	for range channels {
		if b, err = p.s.take(2); err != nil {
			return nil, err
		}
		x := psdPicture{rows: rows, width: width}
		mask := int16(be.Uint16(b)) < -1
		if x.size, err = p.length(true); err != nil {
			return nil, err
		}
		if mask {
			x.rows = -1 // its own size is told later
		}
		out = append(out, x)
	}
	if b, err = p.s.take(12); err != nil {
		return nil, err
	}
	if string(b[:4]) != "8BIM" {
		return nil, p.s.wrong(badChain)
	}
	extra, err := p.length(false)
	if err != nil {
		return nil, err
	}
	return out, p.s.skip(extra)
}

// area returns the rows, and the bytes of one, of a rectangle: top, left, bottom, right. -1: it makes no sense.
func (p *psdFile) area(b []byte) (rows, width int64) {
	side := func(i int) int64 { return int64(int32(be.Uint32(b[4*i:]))) }
	rows, width = side(2)-side(0), side(3)-side(1)
	if rows < 0 || width < 0 || rows > maxRows || width > 300_000 {
		return -1, 0
	}
	return rows, (width*p.bits + 7) / 8
}

// channel reads the picture of a channel.
func (p *psdFile) channel(x psdPicture) error {
	end := p.s.pos() + x.size
	if p.s.deep && x.size > 2 && x.rows > 0 && x.width > 0 {
		b, err := p.s.take(2)
		if err != nil {
			return err
		}
		switch be.Uint16(b) {
		case 0:
			err = p.s.bare(end - p.s.pos())
		case 1:
			_, err = p.packed(x.rows, x.width)
		case 2, 3:
			err = p.inflate(end)
		default:
			err = p.s.wrong(badHeader)
		}
		if err != nil {
			return err
		}
		if p.s.pos() > end {
			return p.s.wrong(badLength)
		}
	}
	return p.s.skip(end - p.s.pos())
}

// inflate reads a compressed picture that ends at a place.
func (p *psdFile) inflate(end int64) error {
	at := p.s.pos()
	if _, err := p.s.inflate(&part{p.s, end - at}, true, maxInflated, nil); err != nil && p.s.deep {
		return &flaw{at, badData}
	}
	return nil
}
