package structure

import (
	"compress/lzw"
	"io"
)

// GIF89a: blocks, each a chain of pieces of at most 255 bytes. Deep reads the codes of the pictures, which must be as many as they have pixels.
func checkGIF(s *source) error {
	g := &gifFile{s: s}
	b, err := s.take(13)
	if err != nil {
		return err
	}
	if err := colours(s, b[10]); err != nil {
		return err
	}
	for pictures := 0; ; {
		b, err := s.take(1)
		if err != nil {
			return err
		}
		switch b[0] {
		case 0x21:
			if _, err := s.take(1); err != nil {
				return err
			}
			if err := (&pieces{s: s}).rest(); err != nil {
				return err
			}
		case 0x2c:
			if err := g.picture(); err != nil {
				return err
			}
			pictures++
		case 0x3b:
			if pictures == 0 {
				return s.wrong(badHeader)
			}
			return nil
		default:
			return s.wrong(badChain)
		}
	}
}

// colours passes over a table of colours, if there is one.
func colours(s *source, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	return s.skip(3 << (flags&7 + 1))
}

// codeCost is how many times as long a byte of these codes takes as one that is inflated.
const codeCost = 8

type gifFile struct {
	s     *source
	codes *lzw.Reader
}

func (g *gifFile) picture() error {
	s := g.s
	b, err := s.take(9)
	if err != nil {
		return err
	}
	pixels := int64(le.Uint16(b[4:])) * int64(le.Uint16(b[6:]))
	if err := colours(s, b[8]); err != nil {
		return err
	}
	if b, err = s.take(1); err != nil {
		return err
	}
	width := int(b[0])
	if width < 2 || width > 8 {
		return s.wrong(badHeader)
	}
	p := &pieces{s: s}
	if s.deep {
		if g.codes == nil {
			g.codes = lzw.NewReader(p, lzw.LSB, width).(*lzw.Reader)
		} else {
			g.codes.Reset(p, lzw.LSB, width)
		}
		n, err := s.swallow(g.codes, nil, pixels)
		s.spend(codeCost * n)
		if p.err != nil {
			return p.err
		}
		if err != nil || n < pixels && s.deep {
			return s.wrong(badData)
		}
	}
	return p.rest()
}

// pieces is the data of a block.
type pieces struct {
	s    *source
	left int
	end  bool
	err  error
}

// ReadByte implements io.ByteReader.
func (p *pieces) ReadByte() (byte, error) {
	if p.left == 0 && !p.end {
		b, err := p.s.take(1)
		if err != nil {
			p.err = err
			return 0, err
		}
		p.left, p.end = int(b[0]), b[0] == 0
	}
	if p.end {
		return 0, io.EOF
	}
	p.left--
	return p.s.ReadByte()
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	for i := range b {
		c, err := p.ReadByte()
		if err != nil {
			return i, err
		}
		b[i] = c
	}
	return len(b), nil
}

// rest passes over what is left of a block.
func (p *pieces) rest() error {
	for !p.end {
		if err := p.s.skip(int64(p.left)); err != nil {
			return err
		}
		b, err := p.s.take(1)
		if err != nil {
			return err
		}
		p.left, p.end = int(b[0]), b[0] == 0
	}
	return nil
}
