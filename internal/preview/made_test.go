package preview

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// corners is a picture whose four quarters differ: red and green above, blue and white below.
func corners(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, quarter(x >= w/2, y >= h/2))
		}
	}
	return m
}

func quarter(right, below bool) color.RGBA {
	switch {
	case right && below:
		return color.RGBA{255, 255, 255, 255}
	case below:
		return color.RGBA{0, 0, 255, 255}
	case right:
		return color.RGBA{0, 255, 0, 255}
	}
	return color.RGBA{255, 0, 0, 255}
}

// near reports whether two colors look alike.
func near(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb)} {
		if d < -24<<8 || d > 24<<8 {
			return false
		}
	}
	return true
}

// show renders and decodes again.
func show(t *testing.T, b []byte, edge int) (image.Image, Size) {
	t.Helper()
	out, size, err := render(bytes.NewReader(b), int64(len(b)), edge, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return m, size
}

// checkCorners looks for the four quarters.
func checkCorners(t *testing.T, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for _, right := range []bool{false, true} {
		for _, below := range []bool{false, true} {
			x, y := b.Dx()/8, b.Dy()/8
			if right {
				x = b.Dx() - 1 - x
			}
			if below {
				y = b.Dy() - 1 - y
			}
			if got, want := m.At(x, y), quarter(right, below); !near(got, want) {
				t.Errorf("at %d, %d: got %v, want %v", x, y, got, want)
			}
		}
	}
}

func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 95}) })
}

func pngOf(t testing.TB, m image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return png.Encode(w, m) })
}

// files returns the same picture in each kind.
func files(t testing.TB, m *image.RGBA) map[string][]byte {
	paletted := image.NewPaletted(m.Rect, color.Palette{quarter(false, false), quarter(true, false), quarter(false, true), quarter(true, true)})
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			paletted.Set(x, y, m.At(x, y))
		}
	}
	return map[string][]byte{
		"a.jpg": jpegOf(t, m),
		"a.png": pngOf(t, m),
		"p.png": pngOf(t, paletted),
		"a.gif": encoded(t, func(w io.Writer) error { return gif.Encode(w, m, nil) }),
		"a.bmp": encoded(t, func(w io.Writer) error { return bmp.Encode(w, m) }),
		"a.tif": encoded(t, func(w io.Writer) error { return tiff.Encode(w, m, nil) }),
		"z.TIFF": encoded(t, func(w io.Writer) error {
			return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}),
		"raw.psd":     psdOf(m, psdRGB, 1, false),
		"rle.psd":     psdOf(m, psdRGB, 1, true),
		"rle.psb":     psdOf(m, psdRGB, 2, true),
		"cmyk.psd":    psdOf(m, psdCMYK, 1, true),
		"deep.psd":    deepPSD(psdOf(m, psdRGB, 1, false)),
		"ink.tif":     inkTIFF(t, m, false, nil),
		"inkz.tif":    inkTIFF(t, m, false, &tiff.Options{Compression: tiff.Deflate, Predictor: true}),
		"inkdeep.tif": inkTIFF(t, m, true, nil),
	}
}

// deepPSD gives an unpacked document samples of 16 bits.
func deepPSD(b []byte) []byte {
	head := bytes.Index(b, []byte{0, 0, 0, 5, 1, 2, 3, 4, 5}) + 9 + 2
	out := bytes.Clone(b[:head])
	out[23] = 16
	for _, v := range b[head:] {
		out = append(out, v, 99)
	}
	return out
}

// inkTIFF is a picture in four inks: a TIFF of four samples, of which the header then says what they are.
func inkTIFF(t testing.TB, m *image.RGBA, deep bool, o *tiff.Options) []byte {
	light, light64 := image.NewNRGBA(m.Rect), image.NewNRGBA64(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			c := color.CMYKModel.Convert(m.At(x, y)).(color.CMYK)
			light.SetNRGBA(x, y, color.NRGBA{c.C, c.M, c.Y, c.K})
			light64.SetNRGBA64(x, y, color.NRGBA64{uint16(c.C) << 8, uint16(c.M) << 8, uint16(c.Y) << 8, uint16(c.K) << 8})
		}
	}
	var img image.Image = light
	if deep {
		img = light64
	}
	b := encoded(t, func(w io.Writer) error { return tiff.Encode(w, img, o) })
	order, entries := tiffEntries(b)
	for ; len(entries) > 0; entries = entries[entry:] {
		if order.Uint16(entries) == tagPhotometric {
			order.PutUint16(entries[8:], 5)
		}
	}
	return b
}

// psdOf writes a Photoshop document with a layer section that must be passed over, and a mask.
func psdOf(m *image.RGBA, mode, version int, packed bool) []byte {
	channels := map[int]int{psdGray: 1, psdRGB: 3, psdCMYK: 4}[mode] + 1
	w, h := m.Rect.Dx(), m.Rect.Dy()
	b := []byte("8BPS")
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = append(b, make([]byte, 6)...)
	b = binary.BigEndian.AppendUint16(b, uint16(channels))
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	b = binary.BigEndian.AppendUint32(b, uint32(w))
	b = binary.BigEndian.AppendUint16(b, 8)
	b = binary.BigEndian.AppendUint16(b, uint16(mode))
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3)
	if version == 2 {
		b = append(b, 0, 0, 0, 0)
	}
	b = append(b, 0, 0, 0, 5, 1, 2, 3, 4, 5)
	var lines [][]byte
	for c := range channels {
		for y := range h {
			line := make([]byte, w)
			for x := range w {
				p := m.RGBAAt(x, y)
				line[x] = psdValue(p, mode, c)
			}
			if packed {
				line = packBits(line)
			}
			lines = append(lines, line)
		}
	}
	if !packed {
		return append(append(b, 0, 0), bytes.Join(lines, nil)...)
	}
	b = append(b, 0, 1)
	for _, l := range lines {
		if version == 2 {
			b = binary.BigEndian.AppendUint32(b, uint32(len(l)))
		} else {
			b = binary.BigEndian.AppendUint16(b, uint16(len(l)))
		}
	}
	return append(b, bytes.Join(lines, nil)...)
}

// psdValue is the value of a pixel in a channel.
func psdValue(p color.RGBA, mode, channel int) byte {
	values := []byte{p.R, p.G, p.B}
	switch mode {
	case psdGray:
		values = []byte{color.GrayModel.Convert(p).(color.Gray).Y}
	case psdCMYK:
		c := color.CMYKModel.Convert(p).(color.CMYK)
		values = []byte{255 - c.C, 255 - c.M, 255 - c.Y, 255 - c.K}
	}
	if channel < len(values) {
		return values[channel]
	}
	return 77
}

// packBits packs a line: a literal, one that says nothing, runs.
func packBits(line []byte) []byte {
	out := []byte{1, line[0], line[1], 0x80}
	for rest := line[2:]; len(rest) > 0; {
		n := 1
		for n < len(rest) && n < 128 && rest[n] == rest[0] {
			n++
		}
		out = append(out, byte(int8(1-n)), rest[0])
		rest = rest[n:]
	}
	return out
}

// bombs are small files that promise pictures beyond all limits.
func bombs(t *testing.T) map[string][]byte {
	t.Helper()
	one := corners(4, 4)
	pngBomb := pngOf(t, one)
	put32(pngBomb[16:], 1<<20, 1<<20)
	binary.BigEndian.PutUint32(pngBomb[29:], crc32.ChecksumIEEE(pngBomb[12:29]))
	gifBomb := encoded(t, func(w io.Writer) error { return gif.Encode(w, one, nil) })
	copy(gifBomb[6:], "\xff\xff\xff\xff")
	tiffBomb := encoded(t, func(w io.Writer) error { return tiff.Encode(w, one, nil) })
	for dir := tiffBomb[binary.LittleEndian.Uint32(tiffBomb[4:])+2:]; len(dir) >= 12; dir = dir[12:] {
		if tag := binary.LittleEndian.Uint16(dir); tag == 256 || tag == 257 {
			copy(dir[2:], "\x04\x00\x01\x00\x00\x00\x00\x00\x01\x00") // 65536
		}
	}
	bmpBomb := encoded(t, func(w io.Writer) error { return bmp.Encode(w, one) })
	binary.LittleEndian.PutUint32(bmpBomb[18:], 1<<20)
	binary.LittleEndian.PutUint32(bmpBomb[22:], 1<<20)
	psdBomb := psdOf(one, psdRGB, 2, true)
	put32(psdBomb[14:], psdEdge, psdEdge)
	return map[string][]byte{
		"png": pngBomb, "gif": gifBomb, "tiff": tiffBomb, "bmp": bmpBomb, "psd": psdBomb,
		"jpeg":               startOfFrame(0xc0, 65535, 65535),
		"webp":               []byte("RIFF\x20\x00\x00\x00WEBPVP8L\x14\x00\x00\x00\x2f\xff\xff\xff\x0f" + strings.Repeat("\x00", 16)),
		"webp with a canvas": []byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x1f\x4e\x00\x1f\x4e\x00" + strings.Repeat("\x00", 16)),
	}
}

func put32(to []byte, values ...uint32) {
	for i, v := range values {
		binary.BigEndian.PutUint32(to[4*i:], v)
	}
}

// startOfFrame is a JPEG of three full components up to its first scan, in a kind of coding.
func startOfFrame(coding byte, w, h uint16) []byte {
	b := []byte{0xff, 0xd8, 0xff, coding, 0, 17, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0}
	return append(b, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0)
}
