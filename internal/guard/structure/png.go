package structure

import (
	"hash/crc32"
	"io"
)

// PNG, ISO/IEC 15948: chunks of a length, a type and a CRC-32. Deep inflates the picture, which must have the size of its rows.

const maxEdge = 1 << 26 // pixels; no real picture is longer

type pngFile struct {
	s       *source
	rows    int64 // bytes of picture data that there must be; 0: not told
	data    bool  // picture data has come
	checked bool  // picture data was inflated
}

func checkPNG(s *source) error {
	s.advance(8)
	p := &pngFile{s: s}
	s.inner = &inner{bias: filtered}
	defer func() { s.even = s.inner.is(); s.inner = nil }()
	for first := true; ; first = false {
		b, err := s.take(8)
		if err != nil {
			return err
		}
		n, kind := int64(be.Uint32(b)), string(b[4:8])
		for _, c := range []byte(kind) {
			if c|0x20 < 'a' || c|0x20 > 'z' {
				return s.wrong(badChain)
			}
		}
		if n > 1<<31-1 || first != (kind == "IHDR") {
			return s.wrong(badHeader)
		}
		sum := crc32.NewIEEE()
		io.WriteString(sum, kind)
		switch kind {
		case "IHDR":
			if n != 13 {
				return s.wrong(badHeader)
			}
			h := s.peek(13)
			if len(h) == 13 && !p.header(h) {
				return s.wrong(badHeader)
			}
		case "IDAT":
			if p.checked {
				return s.wrong(badChain) // not all of it stands together
			}
			p.data = true
			if p.rows > 0 {
				if err := p.inflate(n, sum); err != nil {
					return err
				}
				continue
			}
		}
		if err := p.sum(n, sum); err != nil {
			return err
		}
		if kind == "IEND" {
			if !p.data {
				return s.wrong(badHeader)
			}
			return nil
		}
	}
}

// filtered is what filters, and the bytes that tell which, do to noise. What they leave of a picture is ten times as far from it, and more.
const filtered = 0.05

// header reads an IHDR.
func (p *pngFile) header(h []byte) bool {
	w, d := int64(be.Uint32(h)), int64(be.Uint32(h[4:]))
	channels := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[h[9]]
	bits := int64(h[8])
	if w == 0 || d == 0 || w > maxEdge || d > maxEdge || channels == 0 || h[10] != 0 || h[11] != 0 || h[12] > 1 {
		return false
	}
	switch bits {
	case 1, 2, 4:
		if h[9] != 0 && h[9] != 3 {
			return false
		}
	case 8:
	case 16:
		if h[9] == 3 {
			return false
		}
	default:
		return false
	}
	row := func(w int64) int64 { return (w*bits*channels+7)/8 + 1 }
	if h[12] == 0 {
		p.rows = row(w) * d
		return true
	}
	for _, pass := range [7][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} { // Adam7: x, y, steps
		x, y := (w-pass[0]+pass[2]-1)/pass[2], (d-pass[1]+pass[3]-1)/pass[3]
		if x > 0 && y > 0 {
			p.rows += row(x) * y
		}
	}
	return true
}

// sum reads n bytes and their checksum.
func (p *pngFile) sum(n int64, sum interface {
	io.Writer
	Sum32() uint32
}) error {
	for n > 0 {
		w := p.s.window()
		if len(w) == 0 {
			return p.s.wrong(cut)
		}
		w = w[:min(int64(len(w)), n)]
		sum.Write(w)
		p.s.advance(len(w))
		n -= int64(len(w))
	}
	at := p.s.pos()
	b, err := p.s.take(4)
	if err != nil {
		return err
	}
	if be.Uint32(b) != sum.Sum32() {
		return &flaw{at, badSum}
	}
	return nil
}

// inflate reads the picture data, which may stand in several chunks.
func (p *pngFile) inflate(n int64, sum interface {
	io.Writer
	Sum32() uint32
}) error {
	p.checked = true
	c := &pngData{p: p, left: n, sum: sum}
	most := p.rows + 1
	if !p.s.deep {
		most = min(most, peeked)
	}
	got, err := p.s.inflate(c, true, most, nil)
	if c.err != nil {
		return c.err
	}
	if err != nil || got != p.rows && p.s.deep {
		return p.s.wrong(badData)
	}
	return c.rest()
}

// pngData is the picture data of all its chunks.
type pngData struct {
	p    *pngFile
	left int64
	sum  interface {
		io.Writer
		Sum32() uint32
	}
	err error
}

// view implements input.
func (c *pngData) view() []byte {
	for c.left == 0 {
		if c.err = c.p.sum(0, c.sum); c.err != nil {
			return nil
		}
		h := c.p.s.peek(8)
		if len(h) < 8 || string(h[4:]) != "IDAT" {
			c.left = -1
			return nil
		}
		c.left = int64(be.Uint32(h))
		sum := crc32.NewIEEE()
		sum.Write(h[4:])
		c.sum = sum
		c.p.s.advance(8)
	}
	if c.left < 0 {
		return nil
	}
	w := c.p.s.window()
	if len(w) == 0 {
		c.err = c.p.s.wrong(cut)
	}
	return w[:min(int64(len(w)), c.left)]
}

// took implements input.
func (c *pngData) took(n int) {
	if n > 0 {
		c.sum.Write(c.p.s.window()[:n])
		c.p.s.advance(n)
		c.left -= int64(n)
	}
}

// rest reads what comes after the end of the compressed data.
func (c *pngData) rest() error {
	n := 0
	for w := c.view(); len(w) > 0; w = c.view() {
		n += len(w)
		c.took(len(w))
	}
	switch {
	case c.err != nil:
		return c.err
	case n > slack && c.p.s.deep:
		return c.p.s.wrong(badLength)
	}
	return nil
}
