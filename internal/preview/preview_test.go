package preview

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
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

func TestKinds(t *testing.T) {
	for name, b := range files(t, corners(1000, 500)) {
		t.Run(name, func(t *testing.T) {
			if !Is(name) {
				t.Error("not taken for a picture")
			}
			m, size := show(t, b, Small)
			if want := (Size{1000, 500}); size != want {
				t.Errorf("size %v, want %v", size, want)
			}
			if got, want := m.Bounds(), image.Rect(0, 0, 480, 240); got != want {
				t.Errorf("bounds %v, want %v", got, want)
			}
			checkCorners(t, m)
		})
	}
}

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{"a.jpg": true, "写真.JPEG": true, "a.TIF": true, "a": false, "jpg": false, "a.jpg.exe": false, "": false, ".": false} {
		if got := Is(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestWebP uses pictures of the decoder's own tests, since Go has no encoder: the same one three times.
func TestWebP(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want, _ := show(t, read("yellow_rose.png"), 64)
	for _, name := range []string{"yellow_rose.lossless.webp", "yellow_rose.lossy.webp", "yellow_rose.lossy-with-alpha.webp"} {
		b := read(name)
		if !Is(name) {
			t.Errorf("%s: not taken for a picture", name)
		}
		got, size := show(t, b, 64)
		c, err := webp.DecodeConfig(bytes.NewReader(b))
		if err != nil || size != (Size{c.Width, c.Height}) || got.Bounds() != want.Bounds() {
			t.Errorf("%s: %v of %v, %v; want %v", name, got.Bounds(), size, err, want.Bounds())
		}
		if far := difference(got, want); far > 12 && !strings.Contains(name, "alpha") {
			t.Errorf("%s: pixels differ by %v of 255 in the mean", name, far)
		}
	}
}

// difference is by how much the brightness of pixels differs in the mean.
func difference(a, b image.Image) float64 {
	sum, n := 0.0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			sum += math.Abs(float64(color.GrayModel.Convert(a.At(x, y)).(color.Gray).Y) - float64(color.GrayModel.Convert(b.At(x, y)).(color.Gray).Y))
			n++
		}
	}
	return sum / float64(n)
}

func TestGray(t *testing.T) {
	want := image.NewGray(image.Rect(0, 0, 600, 600))
	for i := range want.Pix {
		want.Pix[i] = byte(i % 600 / 300 * 255)
	}
	rgba := image.NewRGBA(want.Rect)
	for y := range 600 {
		for x := range 600 {
			rgba.Set(x, y, want.At(x, y))
		}
	}
	sixteen := image.NewGray16(want.Rect)
	for y := range 600 {
		for x := range 600 {
			sixteen.Set(x, y, want.At(x, y))
		}
	}
	for name, b := range map[string][]byte{
		"jpeg": jpegOf(t, want), "png": pngOf(t, want), "png of 16 bits": pngOf(t, sixteen), "psd": psdOf(rgba, psdGray, 1, true),
	} {
		m, _ := show(t, b, Small)
		if !near(m.At(100, 100), color.Black) || !near(m.At(400, 400), color.White) {
			t.Errorf("%s: %v and %v", name, m.At(100, 100), m.At(400, 400))
		}
	}
}

func TestTransparentIsWhite(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := 0; i < len(m.Pix)/2; i += 4 {
		copy(m.Pix[i:], []byte{255, 0, 0, 255})
	}
	got, _ := show(t, pngOf(t, m), Small)
	if !near(got.At(10, 3), color.RGBA{255, 0, 0, 255}) || !near(got.At(10, 17), color.White) {
		t.Errorf("%v and %v", got.At(10, 3), got.At(10, 17))
	}
}

// TestSizes: nothing is enlarged, and thin pictures keep a pixel.
func TestSizes(t *testing.T) {
	for _, x := range []struct{ w, h, edge, toW, toH int }{
		{1, 1, 480, 1, 1}, {480, 480, 480, 480, 480}, {481, 481, 480, 480, 480}, {960, 2, 480, 480, 1}, {1, 5000, 480, 1, 480},
		{1439, 1000, 480, 480, 333}, {3000, 2000, 2048, 2048, 1365}, {959, 958, 480, 480, 479},
	} {
		m, size := show(t, pngOf(t, image.NewGray(image.Rect(0, 0, x.w, x.h))), x.edge)
		if got := m.Bounds(); got.Dx() != x.toW || got.Dy() != x.toH || size != (Size{x.w, x.h}) {
			t.Errorf("%d×%d: got %v of %v, want %d×%d", x.w, x.h, got, size, x.toW, x.toH)
		}
	}
}

// exif is a segment of a JPEG that says how it lies.
func exif(order binary.AppendByteOrder, mark string, orientation int) []byte {
	b := order.AppendUint32([]byte("\xff\xe1\x00\x00Exif\x00\x00"+mark), 8)
	b = order.AppendUint16(b, 2)
	for _, e := range []struct{ tag, value uint16 }{{0x100, 7}, {0x112, uint16(orientation)}} {
		b = order.AppendUint16(order.AppendUint16(b, e.tag), 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(order.AppendUint16(b, e.value), 0)
	}
	b = order.AppendUint32(b, 0)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-2))
	return b
}

// TestOrientation: a picture that was taken in any position is shown upright.
func TestOrientation(t *testing.T) {
	upright := corners(200, 120)
	for o := 1; o <= 8; o++ {
		for mark, order := range map[string]binary.AppendByteOrder{"II*\x00": binary.LittleEndian, "MM\x00*": binary.BigEndian} {
			plain := jpegOf(t, laid(upright, o))
			m, size := show(t, append(append([]byte("\xff\xd8"), exif(order, mark, o)...), plain[2:]...), 100)
			if size != (Size{200, 120}) || m.Bounds() != image.Rect(0, 0, 100, 60) {
				t.Errorf("orientation %d: %v of %v", o, m.Bounds(), size)
			}
			checkCorners(t, m)
		}
	}
	tif := encoded(t, func(w io.Writer) error { return tiff.Encode(w, laid(upright, 6), nil) })
	if o := tiffOrientation(tif); o != 1 {
		t.Errorf("a TIFF that says nothing lies in orientation %d", o)
	}
}

// laid is a picture as a camera in a position stores it, by the words of the Exif standard: where row 0 and column 0 are.
func laid(m *image.RGBA, orientation int) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewRGBA(m.Rect)
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			left, top, right, bottom := x, y, w-1-x, h-1-y
			var column, row int
			switch orientation { // row 0 is the visual top, bottom, left, right; then columns
			case 1:
				row, column = top, left
			case 2:
				row, column = top, right
			case 3:
				row, column = bottom, right
			case 4:
				row, column = bottom, left
			case 5:
				row, column = left, top
			case 6:
				row, column = right, top
			case 7:
				row, column = right, bottom
			case 8:
				row, column = left, bottom
			}
			out.SetRGBA(column, row, m.RGBAAt(x, y))
		}
	}
	return out
}

func TestRefused(t *testing.T) {
	whole := files(t, corners(300, 300))
	for name, b := range whole {
		for _, n := range []int{len(b) / 2, 20, 3} {
			if _, _, err := render(bytes.NewReader(b[:n]), int64(n), Small, 1<<30); !errors.Is(err, ErrDamaged) && !(n == 3 && errors.Is(err, ErrUnsupported)) {
				t.Errorf("%s: the first %d bytes: %v, want ErrDamaged", name, n, err)
			}
		}
	}
	deep := bytes.Clone(whole["raw.psd"])
	deep[23] = 32
	lab := bytes.Clone(whole["raw.psd"])
	lab[25] = 9
	for name, b := range map[string][]byte{
		"nothing": {}, "text": []byte("this is not a picture, whatever its name says"), "psd of 32 bits": deep, "psd in Lab": lab,
	} {
		if _, _, err := render(bytes.NewReader(b), int64(len(b)), Small, 1<<30); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
	if _, _, err := render(nil, maxFile+1, Small, 1<<30); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a huge file: %v", err)
	}
}

// TestHugeIsRefused: what a header promises is believed before anything is made for it.
func TestHugeIsRefused(t *testing.T) {
	for name, b := range bombs(t) {
		if len(b) > 64<<10 {
			t.Errorf("%s: a bomb of %d bytes is none", name, len(b))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := render(bytes.NewReader(b), int64(len(b)), Small, 1<<30); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes of memory", name, n)
		}
	}
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

func FuzzPSD(f *testing.F) {
	for _, mode := range []int{psdGray, psdRGB, psdCMYK} {
		f.Add(psdOf(corners(6, 4), mode, 1, true))
		f.Add(psdOf(corners(6, 4), mode, 2, false))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := psdConfig(bytes.NewReader(b))
		if err != nil || c.Width*c.Height > 1<<20 {
			return
		}
		m, err := psdDecode(bytes.NewReader(b))
		if err == nil && m.Bounds() != image.Rect(0, 0, c.Width, c.Height) {
			t.Errorf("bounds %v of %d×%d", m.Bounds(), c.Width, c.Height)
		}
	})
}

func FuzzExif(f *testing.F) {
	f.Add(append([]byte("\xff\xd8"), exif(binary.BigEndian, "MM\x00*", 6)...))
	f.Add(append([]byte("\xff\xd8"), exif(binary.LittleEndian, "II*\x00", 3)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 3 {
			return
		}
		if o := jpegOrientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if o := tiffOrientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

func FuzzInk(f *testing.F) {
	f.Add(inkTIFF(f, corners(6, 4), false, nil))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out := inkAsLight(bytes.Clone(b))
		if out == nil {
			return
		}
		if len(out) > len(b)+tailRoom+65536*entry {
			t.Errorf("%d bytes of %d", len(out), len(b))
		}
		if inkAsLight(bytes.Clone(out)) != nil {
			t.Error("what was changed is to be changed again")
		}
	})
}
