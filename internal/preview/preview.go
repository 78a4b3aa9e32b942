// Package preview makes small pictures of large ones. Pictures come from anybody, and decoders are where programs break:
// each is decoded by a process of its own that can do nothing but read it, has little memory and time, and ends with it.
package preview

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"

	"golang.org/x/image/draw"
)

// Long edges of the pictures that are made.
const (
	Small = 480  // for a gallery
	Large = 2048 // for a screen, and to compare two versions
)

// Size is the width and height of a picture as it is shown.
type Size struct{ Width, Height int }

// What is wrong with content of which no preview can be made.
var (
	ErrUnsupported = errors.New("this kind of picture is not supported")
	ErrTooLarge    = errors.New("the picture is too large, or takes too long")
	ErrDamaged     = errors.New("the picture is damaged or incomplete")
)

const (
	maxPixels = 200e6     // of any picture
	maxFile   = 512 << 20 // bytes of any picture
	quality   = 82
)

// render returns a JPEG of the picture in r, at most edge pixels long, on white, the right way up, and the picture's own size. What
// it must keep in memory at least stays below a limit; what decoders need on top, the process limits.
func render(r io.Reader, size int64, edge int, memory int64) ([]byte, Size, error) {
	p, err := open(r, size, memory)
	if err != nil {
		return nil, Size{}, err
	}
	img, err := p.decode()
	if err != nil {
		return nil, Size{}, reason(err)
	}
	small := turn(scale(img, edge), p.orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: quality}); err != nil {
		return nil, Size{}, err
	}
	s := Size{p.config.Width, p.config.Height}
	if p.orientation >= 5 {
		s.Width, s.Height = s.Height, s.Width
	}
	return out.Bytes(), s, nil
}

// scale returns a picture on white, at most edge pixels long. Averages of squares come first: they are fast, need no memory
// to speak of, and leave nothing that the second step could turn into a pattern.
func scale(img image.Image, edge int) *image.RGBA {
	b := img.Bounds()
	near := average(img, max(1, max(b.Dx(), b.Dy())/edge))
	n := near.Bounds()
	long := max(n.Dx(), n.Dy())
	if long <= edge {
		return near
	}
	out := image.NewRGBA(image.Rect(0, 0, max(1, n.Dx()*edge/long), max(1, n.Dy()*edge/long)))
	draw.CatmullRom.Scale(out, out.Bounds(), near, n, draw.Src, nil)
	return out
}

// average makes one pixel of each square of k by k, on white.
func average(img image.Image, k int) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, (b.Dx()+k-1)/k, (b.Dy()+k-1)/k))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), k))
	for y := range out.Rect.Dy() {
		rows := min(k, b.Dy()-y*k)
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, image.Rect(0, 0, b.Dx(), rows), img, b.Min.Add(image.Pt(0, y*k)), draw.Over)
		averageRow(out.Pix[y*out.Stride:], strip, k, rows)
	}
	return out
}

// averageRow fills a row of opaque pixels.
func averageRow(to []byte, strip *image.RGBA, k, rows int) {
	width := strip.Rect.Dx()
	for x := 0; x < width; x += k {
		var r, g, b, n uint32
		for y := range rows {
			line := strip.Pix[y*strip.Stride+4*x : y*strip.Stride+4*min(x+k, width)]
			for ; len(line) >= 4; line = line[4:] {
				r, g, b, n = r+uint32(line[0]), g+uint32(line[1]), b+uint32(line[2]), n+1
			}
		}
		to[0], to[1], to[2], to[3] = byte((r+n/2)/n), byte((g+n/2)/n), byte((b+n/2)/n), 255
		to = to[4:]
	}
}

// turn returns a picture the right way up: orientation is that of Exif, 1 to 8.
func turn(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			from := [9]image.Point{2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {y, h - 1 - x}, 7: {w - 1 - y, h - 1 - x}, 8: {w - 1 - y, x}}[orientation]
			out.SetRGBA(x, y, img.RGBAAt(from.X, from.Y))
		}
	}
	return out
}
