package preview

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Tags of TIFF 6.0.
const (
	tagPhotometric  = 262
	tagOrientation  = 274
	tagSamples      = 277
	tagExtraSamples = 338

	short = 3 // a type
	entry = 12
)

// tiffEntries returns the entries of the first directory of a TIFF, which is also what Exif is; nil if there is none.
func tiffEntries(b []byte) (order binary.ByteOrder, entries []byte) {
	switch {
	case len(b) < 8:
		return nil, nil
	case bytes.HasPrefix(b, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return nil, nil
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return nil, nil
	}
	entries = b[at+2:]
	return order, entries[:min(int(order.Uint16(b[at:]))*entry, len(entries)/entry*entry)]
}

// inkAsLight makes of a TIFF in four inks one in red, green, blue and opacity, which the decoder knows: how the samples are packed is
// the same. It returns nil if it is another one. There is room for it behind b.
func inkAsLight(b []byte) []byte {
	order, entries := tiffEntries(b)
	if order == nil {
		return nil
	}
	ink, samples := false, uint16(0)
	var dir []byte
	opacity := func() { // says of the fourth sample what it is
		e := make([]byte, entry)
		order.PutUint16(e, tagExtraSamples)
		order.PutUint16(e[2:], short)
		order.PutUint32(e[4:], 1)
		order.PutUint16(e[8:], 2)
		dir = append(dir, e...)
	}
	done := false
	for ; len(entries) > 0; entries = entries[entry:] {
		e := bytes.Clone(entries[:entry])
		switch tag := order.Uint16(e); {
		case tag == tagPhotometric:
			ink = order.Uint16(e[8:]) == 5
			order.PutUint16(e[8:], 2)
		case tag == tagSamples:
			samples = order.Uint16(e[8:])
		case tag == tagExtraSamples:
			continue
		case tag > tagExtraSamples && !done: // entries are in order
			opacity()
			done = true
		}
		dir = append(dir, e...)
	}
	if !done {
		opacity()
	}
	if !ink || samples != 4 {
		return nil
	}
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	order.PutUint32(b[4:], uint32(len(b)))
	b = append(b, 0, 0)
	order.PutUint16(b[len(b)-2:], uint16(len(dir)/entry))
	return append(append(b, dir...), 0, 0, 0, 0)
}

// asInk takes the samples of what inkAsLight has made for what they are.
func asInk(img image.Image) image.Image {
	switch m := img.(type) {
	case *image.NRGBA:
		return &image.CMYK{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	case *image.NRGBA64:
		out := image.NewCMYK(m.Rect)
		for i := range out.Pix {
			out.Pix[i] = m.Pix[2*i]
		}
		return out
	}
	return img
}
