package preview

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
	"golang.org/x/text/unicode/norm"
)

// format is a kind of picture.
type format struct {
	magic  string // first bytes; '?' stands for any
	names  string // endings of file names
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	whole  bool // the decoder needs all of the file at once
}

// formats returns the kinds of pictures that can be shown.
func formats() []format {
	return []format{
		{"\xff\xd8\xff", ".jpg .jpeg .jpe .jfif", jpeg.DecodeConfig, jpeg.Decode, false},
		{"\x89PNG\r\n\x1a\n", ".png", png.DecodeConfig, png.Decode, false},
		{"GIF8?a", ".gif", gif.DecodeConfig, gif.Decode, false},
		{"RIFF????WEBPVP8", ".webp", webp.DecodeConfig, webp.Decode, false},
		{"II*\x00", ".tif .tiff", tiff.DecodeConfig, tiff.Decode, true},
		{"MM\x00*", ".tif .tiff", tiff.DecodeConfig, tiff.Decode, true},
		{"BM", ".bmp .dib", bmp.DecodeConfig, bmp.Decode, false},
		{"8BPS\x00", ".psd .psb", psdConfig, psdDecode, false},
	}
}

// head is how many first bytes of a file tell its kind.
const head = 16

func (f *format) matches(head []byte) bool {
	if len(head) < len(f.magic) {
		return false
	}
	for i, c := range []byte(f.magic) {
		if c != '?' && c != head[i] {
			return false
		}
	}
	return true
}

// Is reports whether a file's name says that it is a picture that can be shown. What is in it decides when it is made.
func Is(name string) bool {
	ending := strings.ToLower(path.Ext(norm.NFKC.String(name))) // in full width, too
	return ending != "" && slices.ContainsFunc(formats(), func(f format) bool { return slices.Contains(strings.Fields(f.names), ending) })
}

// tailRoom is what inkAsLight may add.
const tailRoom = 16 << 10

// picture is one whose header has been read.
type picture struct {
	config      image.Config
	orientation int
	decode      func() (image.Image, error)
}

// open reads the header of a picture and refuses what is too large before anything is decoded.
func open(r io.Reader, size, memory int64) (*picture, error) {
	if size > maxFile {
		return nil, ErrTooLarge
	}
	var seen bytes.Buffer
	if _, err := io.CopyN(&seen, r, min(size, head)); err != nil {
		return nil, reason(err)
	}
	all := formats()
	i := slices.IndexFunc(all, func(f format) bool { return f.matches(seen.Bytes()) })
	if i < 0 {
		return nil, ErrUnsupported
	}
	f, held, ink := all[i], int64(0), false
	if f.whole {
		if held = size; held > memory/2 {
			return nil, ErrTooLarge
		}
		seen.Grow(int(size) - seen.Len() + tailRoom)
		if _, err := io.Copy(&seen, r); err != nil {
			return nil, reason(err)
		}
		if b := inkAsLight(seen.Bytes()); b != nil {
			seen, ink = *bytes.NewBuffer(b), true
		}
	}
	p := &picture{orientation: 1}
	var err error
	begin := bytes.NewReader(bytes.Clone(seen.Bytes()))
	if f.whole {
		begin = bytes.NewReader(seen.Bytes())
		p.config, err = f.config(begin)
	} else {
		p.config, err = f.config(io.MultiReader(begin, io.TeeReader(r, &seen)))
	}
	if err != nil {
		return nil, reason(err)
	}
	if err := p.fits(memory - held); err != nil {
		return nil, err
	}
	switch {
	case f.whole:
		p.orientation = tiffOrientation(seen.Bytes())
	case f.magic[0] == 0xff:
		p.orientation = jpegOrientation(seen.Bytes())
	}
	p.decode = func() (image.Image, error) {
		if f.whole {
			img, err := f.decode(bytes.NewReader(seen.Bytes()))
			if ink && err == nil {
				img = asInk(img)
			}
			return img, err
		}
		return f.decode(io.MultiReader(&seen, r))
	}
	return p, nil
}

// fits refuses a picture of which the pixels alone would fill the memory.
func (p *picture) fits(memory int64) error {
	w, h := int64(p.config.Width), int64(p.config.Height)
	switch {
	case w <= 0 || h <= 0:
		return ErrDamaged
	case w > maxPixels || h > maxPixels || w*h > maxPixels || w*h*depth(p.config.ColorModel) > memory/4*3:
		return ErrTooLarge
	}
	return nil
}

// depth returns how many bytes a decoded pixel has at most.
func depth(m color.Model) int64 {
	switch m {
	case color.GrayModel, color.AlphaModel:
		return 1
	case color.Gray16Model, color.Alpha16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// reason says what a decoder's error means for the picture.
func reason(err error) error {
	if _, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return ErrUnsupported
	}
	if _, ok := errors.AsType[png.UnsupportedError](err); ok {
		return ErrUnsupported
	}
	if _, ok := errors.AsType[tiff.UnsupportedError](err); ok {
		return ErrUnsupported
	}
	if errors.Is(err, bmp.ErrUnsupported) || errors.Is(err, ErrUnsupported) {
		return ErrUnsupported
	}
	return ErrDamaged
}
