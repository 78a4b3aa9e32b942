//go:build !race

package preview

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

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
