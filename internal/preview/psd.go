package preview

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"io"
)

// psd is the header of a Photoshop document, in its usual (1) or its large version (2).
type psd struct {
	Signature [4]byte
	Version   uint16
	_         [6]byte
	Channels  uint16
	Height    uint32
	Width     uint32
	Depth     uint16
	Mode      uint16
}

const psdEdge = 300_000 // of the large version

// Color modes that can be shown, and how many channels make up the color. Others beside them are masks.
const (
	psdGray = 1
	psdRGB  = 3
	psdCMYK = 4
)

func readPSD(r io.Reader) (h psd, err error) {
	if err := binary.Read(r, binary.BigEndian, &h); err != nil {
		return h, err
	}
	colors := h.colors()
	if h.Version != 1 && h.Version != 2 || h.Depth != 8 && h.Depth != 16 || colors == 0 {
		return h, fmt.Errorf("%w: version %d, depth %d, mode %d", ErrUnsupported, h.Version, h.Depth, h.Mode)
	}
	if int(h.Channels) < colors || h.Channels > 56 || max(h.Width, h.Height) > psdEdge {
		return h, fmt.Errorf("%d channels of %d×%d", h.Channels, h.Width, h.Height)
	}
	return h, nil
}

func (h *psd) colors() int { return map[uint16]int{psdGray: 1, psdRGB: 3, psdCMYK: 4}[h.Mode] }

func psdConfig(r io.Reader) (image.Config, error) {
	h, err := readPSD(r)
	c := image.Config{ColorModel: color.RGBAModel, Width: int(h.Width), Height: int(h.Height)}
	if h.Mode == psdGray {
		c.ColorModel = color.GrayModel
	}
	return c, err
}

// psdDecode returns the merged picture of a Photoshop document. It stands at the end; layers and all else are passed over.
func psdDecode(r io.Reader) (image.Image, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	h, err := readPSD(in)
	if err != nil {
		return nil, err
	}
	for i := range 3 { // colors, resources, layers
		var n uint64
		if i == 2 && h.Version == 2 {
			err = binary.Read(in, binary.BigEndian, &n)
		} else {
			var short uint32
			err = binary.Read(in, binary.BigEndian, &short)
			n = uint64(short)
		}
		if err == nil && n > maxFile {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			_, err = io.CopyN(io.Discard, in, int64(n))
		}
		if err != nil {
			return nil, err
		}
	}
	var packing uint16
	if err := binary.Read(in, binary.BigEndian, &packing); err != nil {
		return nil, err
	}
	switch packing {
	case 0:
		return h.image(in, nil)
	case 1:
		lengths, err := h.lengths(in)
		if err != nil {
			return nil, err
		}
		return h.image(in, lengths)
	}
	return nil, fmt.Errorf("%w: packing %d", ErrUnsupported, packing)
}

// lengths reads how long each packed line is, of all channels.
func (h *psd) lengths(r io.Reader) ([]uint32, error) {
	n := int(h.Channels) * int(h.Height)
	out := make([]uint32, n)
	if h.Version == 2 {
		return out, binary.Read(r, binary.BigEndian, out)
	}
	short := make([]uint16, n)
	if err := binary.Read(r, binary.BigEndian, short); err != nil {
		return nil, err
	}
	for i, s := range short {
		out[i] = uint32(s)
	}
	return out, nil
}

// image reads the channels, one after the other, packed if their lengths are given.
func (h *psd) image(r io.Reader, lengths []uint32) (image.Image, error) {
	w, rows := int(h.Width), int(h.Height)
	bounds := image.Rect(0, 0, w, rows)
	var img image.Image
	var pix []byte
	step := 4
	switch h.Mode {
	case psdGray:
		m := image.NewGray(bounds)
		img, pix, step = m, m.Pix, 1
	case psdRGB:
		m := image.NewRGBA(bounds)
		for i := 3; i < len(m.Pix); i += 4 {
			m.Pix[i] = 255
		}
		img, pix = m, m.Pix
	default:
		m := image.NewCMYK(bounds)
		img, pix = m, m.Pix
	}
	deep := int(h.Depth / 8) // bytes of a sample, of which the first is enough
	line := make([]byte, w*deep)
	buf := make([]byte, 2*len(line)+128)
	for i := range h.colors() * rows {
		var err error
		if lengths == nil {
			_, err = io.ReadFull(r, line)
		} else {
			err = unpack(line, r, buf, lengths[i])
		}
		if err != nil {
			return nil, err
		}
		to := pix[(i%rows)*w*step+i/rows:]
		for x := range w {
			v := line[x*deep]
			if h.Mode == psdCMYK {
				v = 255 - v // stored as light, not as ink
			}
			to[x*step] = v
		}
	}
	return img, nil
}

// unpack fills a line from n bytes of PackBits, which are read into buf.
func unpack(line []byte, r io.Reader, buf []byte, n uint32) error {
	if int64(n) > int64(len(buf)) {
		return fmt.Errorf("a line of %d pixels in %d bytes", len(line), n)
	}
	packed := buf[:n]
	if _, err := io.ReadFull(r, packed); err != nil {
		return err
	}
	for len(line) > 0 {
		if len(packed) < 2 {
			return io.ErrUnexpectedEOF
		}
		c := int(int8(packed[0]))
		packed = packed[1:]
		switch {
		case c == -128: // says nothing
		case c < 0:
			k := min(1-c, len(line))
			for i := range k {
				line[i] = packed[0]
			}
			line, packed = line[k:], packed[1:]
		default:
			if c+1 > len(packed) {
				return io.ErrUnexpectedEOF
			}
			line, packed = line[copy(line, packed[:c+1]):], packed[c+1:]
		}
	}
	return nil
}
