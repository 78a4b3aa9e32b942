package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Real photographs that every derived file begins with.
type photographs struct {
	source []*image.YCbCr
	grain  []int8 // as a sensor leaves it: normally distributed, sigma 32
}

// Photographs of less than this size would be blown up too much.
const (
	leastWidth = 1900
	mostWidth  = 4000 // larger ones are made smaller: they are held in memory
	mostPhotos = 24
)

// sized is how wallpapers are named that come in many sizes of one picture.
var sized = regexp.MustCompile(`^\d+x\d+\.`)

// loadPhotographs decodes JPEG files below a directory, each picture once. Among wallpapers there are drawings too, which
// take few bytes a pixel: the most detailed pictures are the photographs.
func loadPhotographs(ctx context.Context, dir string) (*photographs, error) {
	names, err := pictures(dir)
	if err != nil {
		return nil, err
	}
	type found struct {
		data   []byte
		detail float64 // bytes a pixel
	}
	var all []found
	seen := make(map[[32]byte]bool)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || seen[sum] || c.Width < leastWidth || c.Height < leastWidth/2 {
			continue
		}
		seen[sum] = true
		all = append(all, found{data, float64(len(data)) / float64(c.Width*c.Height)})
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.detail, a.detail) })
	p := &photographs{grain: grain()}
	for _, f := range all[:min(len(all), mostPhotos)] {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		m, err := jpeg.Decode(bytes.NewReader(f.data))
		if err != nil {
			return nil, err
		}
		if y, ok := m.(*image.YCbCr); ok {
			p.source = append(p.source, shrink(y))
		}
	}
	if len(p.source) == 0 {
		return nil, fmt.Errorf("no photographs in %s", dir)
	}
	return p, nil
}

// pictures lists JPEG files by name, of those in many sizes the largest alone.
func pictures(dir string) (out []string, err error) {
	type choice struct {
		name string
		size int64
	}
	largest := make(map[string]choice)
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.EqualFold(filepath.Ext(name), ".jpg") {
			return err
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		key := name
		if sized.MatchString(e.Name()) {
			key = filepath.Dir(name)
		}
		if i.Size() > largest[key].size {
			largest[key] = choice{name, i.Size()}
		}
		return nil
	})
	for _, c := range largest {
		out = append(out, c.name)
	}
	slices.Sort(out)
	return out, err
}

func grain() []int8 {
	r := random("grain")
	g := make([]int8, 1<<20)
	for i := range g {
		g[i] = int8(math.Round(max(-127, min(127, r.NormFloat64()*32))))
	}
	return g
}

// shrink makes a picture small enough to be held.
func shrink(m *image.YCbCr) *image.YCbCr {
	if m.Rect.Dx() <= mostWidth {
		return m
	}
	w := mostWidth
	h := m.Rect.Dy() * w / m.Rect.Dx()
	return resample(m, m.Rect, w, h, false)
}

// resample returns a part of a picture in another size, 4:2:0 as cameras write it.
func resample(m *image.YCbCr, part image.Rectangle, w, h int, flip bool) *image.YCbCr {
	out := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	xs := make([]int, w) // in 1/256 of a pixel
	for x := range xs {
		at := x
		if flip {
			at = w - 1 - x
		}
		xs[x] = part.Min.X<<8 + at*(part.Dx()-1)<<8/w
	}
	for y := range h {
		sy := part.Min.Y<<8 + y*(part.Dy()-1)<<8/h
		top := m.Y[m.YOffset(m.Rect.Min.X, sy>>8):]
		low := m.Y[m.YOffset(m.Rect.Min.X, min(sy>>8+1, m.Rect.Max.Y-1)):]
		fy := sy & 255
		row := out.Y[y*out.YStride : y*out.YStride+w]
		for x, sx := range xs {
			i, fx := sx>>8, sx&255
			j := min(i+1, m.Rect.Max.X-1)
			a := int(top[i])*(256-fx) + int(top[j])*fx
			b := int(low[i])*(256-fx) + int(low[j])*fx
			row[x] = uint8((a*(256-fy) + b*fy) >> 16)
		}
	}
	for y := 0; y < h; y += 2 {
		sy := part.Min.Y + y*(part.Dy()-1)/h
		for x := 0; x < w; x += 2 {
			from, to := m.COffset(xs[x]>>8, sy), out.COffset(x, y)
			out.Cb[to], out.Cr[to] = m.Cb[from], m.Cr[from]
		}
	}
	return out
}

// shot returns a part of some photograph with grain, as if the camera had been pointed there.
func (p *photographs) shot(r *rand.Rand, w, h int, grain int) *image.YCbCr {
	m := p.source[r.IntN(len(p.source))]
	f := 0.5 + 0.5*r.Float64()
	pw := int(float64(m.Rect.Dx()) * f)
	ph := pw * h / w
	if ph > m.Rect.Dy() {
		ph = m.Rect.Dy()
		pw = ph * w / h
	}
	x, y := m.Rect.Min.X+r.IntN(m.Rect.Dx()-pw+1), m.Rect.Min.Y+r.IntN(m.Rect.Dy()-ph+1)
	out := resample(m, image.Rect(x, y, x+pw, y+ph), w, h, r.IntN(2) == 0)
	at := r.IntN(len(p.grain))
	for y := range h {
		row := out.Y[y*out.YStride : y*out.YStride+w]
		at = (at + 104729 + 7919*y) & (len(p.grain) - 1)
		for x, v := range row {
			n := int(p.grain[(at+x)&(len(p.grain)-1)]) * grain >> 5
			row[x] = uint8(max(0, min(255, int(v)+n)))
		}
	}
	return out
}

// photo returns a photograph as JPEG.
func (p *photographs) photo(r *rand.Rand, w, h, grain, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, p.shot(r, w, h, grain), &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}
