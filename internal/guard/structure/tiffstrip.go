package structure

import (
	"errors"
	"io"

	"golang.org/x/image/tiff/lzw"
)

// tiffDirectory is what is known of a picture.
type tiffDirectory struct {
	compression, plane   uint32
	offsets, sizes       []uint32
	picture, pictureSize uint32 // a JPEG besides
	tables               *jpegFile
	placed               bool
	unpacked             int64 // bytes of the first strip
}

// Compressions.
const (
	tiffBare     = 1
	tiffLZW      = 5
	tiffOldJPEG  = 6
	tiffJPEG     = 7
	tiffDeflate  = 8
	tiffPackBits = 32773
	tiffDeflate2 = 32946
)

// tiffStrips looks into strips and tiles.
type tiffStrips struct {
	t           *tiffFile
	directories int
}

// place notes the strips of a picture, once it is known where they are.
func (x *tiffStrips) place(d *tiffDirectory) {
	t := x.t
	if d.placed || len(d.offsets) == 0 || len(d.offsets) != len(d.sizes) {
		if len(d.offsets) == 0 && d.pictureSize > 0 && !d.placed {
			d.placed = true
			x.jpeg(d)
		}
		return
	}
	d.placed = true
	for i, at := range d.offsets {
		t.end = max(t.end, int64(at)+int64(d.sizes[i]))
	}
	x.jpeg(d)
	if !t.s.deep {
		return
	}
	t.run.compare(d)
	switch d.compression {
	case tiffBare, tiffLZW, tiffOldJPEG, tiffJPEG, tiffDeflate, tiffDeflate2, tiffPackBits:
		for i, at := range d.offsets {
			t.note(int64(at), func() error { return x.strip(d, i) })
		}
	}
}

// jpeg notes the JPEG that cameras put beside a picture.
func (x *tiffStrips) jpeg(d *tiffDirectory) {
	if d.pictureSize == 0 {
		return
	}
	t := x.t
	t.end = max(t.end, int64(d.picture)+int64(d.pictureSize))
	if !t.s.deep {
		return
	}
	t.note(int64(d.picture), func() error {
		if begins("\xff\xd8\xff")(t.s.peek(3)) {
			return jpegWithin(t.s, t.s.pos()+int64(d.pictureSize), nil)
		}
		return nil
	})
}

// jpegWithin reads a JPEG that must end before a place.
func jpegWithin(s *source, end int64, tables *jpegFile) error {
	if err := checkJPEGWith(s, tables); err != nil {
		return err
	}
	if s.pos() > end {
		return &flaw{end, badLength}
	}
	return nil
}

// strip reads a strip.
func (x *tiffStrips) strip(d *tiffDirectory, i int) error {
	s, size := x.t.s, int64(d.sizes[i])
	at := s.pos()
	if !s.deep || size == 0 {
		return nil
	}
	var err error
	n := int64(0)
	switch p := (&part{s, size}); d.compression {
	case tiffJPEG, tiffOldJPEG:
		if !begins("\xff\xd8\xff")(s.peek(3)) {
			if d.compression == tiffJPEG {
				return s.wrong(badData)
			}
			return nil // it hangs together in another way
		}
		return jpegWithin(s, at+size, d.tables)
	case tiffPackBits:
		return x.packed(d, i)
	case tiffBare:
		return s.bare(size)
	case tiffLZW:
		if b := s.peek(1); len(b) > 0 && b[0] == 0 {
			return nil // of the time before TIFF 6
		}
		if n, err = s.swallow(lzw.NewReader(p, lzw.MSB, 8), nil, maxInflated); err == io.ErrUnexpectedEOF && p.left == 0 {
			err = nil // it does not say where it ends
		}
		s.spend(codeCost * n)
	default:
		if _, err = s.inflate(p, true, maxInflated, nil); err == nil && p.left > slack {
			err = s.wrong(badLength)
		}
	}
	if err != nil && s.deep {
		return &flaw{at, badData}
	}
	return nil
}

// packed reads a strip of PackBits. All strips but the last unpack to as many bytes.
func (x *tiffStrips) packed(d *tiffDirectory, i int) error {
	s, left, n := x.t.s, int64(d.sizes[i]), int64(0)
	at := s.pos()
	for left > 0 {
		b := s.peek(1)
		if len(b) == 0 {
			return s.wrong(cut)
		}
		step := int64(1)
		switch c := int64(int8(b[0])); {
		case c >= 0:
			step, n = c+2, n+c+1
		case c > -128:
			step, n = 2, n+1-c
		}
		if left -= step; left < 0 {
			return &flaw{at, badData}
		}
		if err := s.skip(step); err != nil {
			return err
		}
	}
	if i == 0 {
		d.unpacked = n
	}
	if last := i == len(d.offsets)-1 || d.plane != 1; d.unpacked > 0 && (n > d.unpacked || n < d.unpacked && !last) {
		return &flaw{at, badData}
	}
	return nil
}

// tiffRun is what follows one another from the beginning of a file on, before a directory tells what it is. Programs write strips first, and
// then the directory, which they know only then.
type tiffRun struct {
	compression uint32
	stopped     int64 // where it does not go on
	noise       int64 // where there is some, if nothing is compressed; 0: nowhere
	flaw        error
}

// follow reads strips as long as there are some, up to a place.
func (r *tiffRun) follow(s *source, end int64) {
	for n := 0; n < maxPlaces && s.deep && s.pos() < end; n++ {
		at := s.pos()
		b := s.peek(3)
		if len(b) < 3 {
			return
		}
		kind, err := uint32(0), error(nil)
		switch {
		case begins("\xff\xd8\xff")(b):
			if kind = tiffJPEG; r.fits(kind) {
				err = checkJPEGWith(s, nil)
			}
		case b[0]&15 == 8 && be.Uint16(b)%31 == 0:
			if kind = tiffDeflate; r.fits(kind) {
				_, err = s.inflate(&part{s, end - at}, true, maxInflated, nil)
			}
		case b[0] == 0x80 && b[1]&0xc0 == 0:
			if kind = tiffLZW; r.fits(kind) {
				var n int64
				n, err = s.swallow(lzw.NewReader(&part{s, end - at}, lzw.MSB, 8), nil, maxInflated)
				s.spend(codeCost * n)
			}
		}
		if kind == 0 || !r.fits(kind) {
			if b[0] == 0 && r.compression != 0 && s.pos()%2 == 1 { // to an even place
				s.advance(1)
				continue
			}
			if r.stopped = at; r.compression == 0 {
				r.bare(s, end)
			}
			return
		}
		if r.compression = kind; err != nil {
			r.stopped = at
			return
		}
	}
}

// bare looks for noise up to a place, which counts if pixels turn out to lie there.
func (r *tiffRun) bare(s *source, end int64) {
	if flaw, ok := errors.AsType[*flaw](s.bare(end - s.pos())); ok && flaw.reason == badData {
		r.noise = flaw.at
	}
}

// fits reports whether a strip is of the same compression as those before it.
func (r *tiffRun) fits(compression uint32) bool {
	return r.compression == 0 || r.compression == compression
}

// compare looks whether the run has stopped where a picture has a strip, or found noise where there are pixels.
func (r *tiffRun) compare(d *tiffDirectory) {
	kind := d.compression
	if r.noise > 0 && r.flaw == nil && (kind == tiffBare || kind == tiffPackBits) {
		for i, at := range d.offsets {
			if r.noise >= int64(at) && r.noise < int64(at)+int64(d.sizes[i]) {
				r.flaw = &flaw{r.noise, badData}
			}
		}
	}
	if kind == tiffDeflate2 {
		kind = tiffDeflate
	}
	if r.compression == 0 || r.stopped == 0 || r.compression != kind || r.flaw != nil {
		return
	}
	for i, at := range d.offsets {
		if int64(at) == r.stopped && d.sizes[i] > 0 {
			r.flaw = &flaw{r.stopped, badData}
		}
	}
}
