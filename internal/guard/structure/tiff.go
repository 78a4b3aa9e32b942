package structure

import (
	"container/heap"
	"encoding/binary"
)

// TIFF 6.0, and the raw formats that are made of it: directories of fields that point at data. Data stands where the writer liked; what lies
// before the place that reading has come to is not gone back to. Deep looks into strips and tiles that are compressed, if they come after
// their directory, or follow one another from the beginning of the file on.

type tiffFile struct {
	s      *source
	order  binary.ByteOrder
	end    int64      // the last byte that something points at
	agenda tiffAgenda // what is still to be read
	known  int        // places that were noted
	strips tiffStrips
	run    tiffRun
}

// tiffPlace is a place to be read.
type tiffPlace struct {
	at   int64
	n    int // which was noted first
	read func() error
}

// tiffAgenda is a heap of places, the first one on top; of those at one place, what was noted first.
type tiffAgenda []tiffPlace

func (a tiffAgenda) Len() int { return len(a) }
func (a tiffAgenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].n < a[j].n
}
func (a tiffAgenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *tiffAgenda) Push(x any) { *a = append(*a, x.(tiffPlace)) }

// Pop implements heap.Interface.
func (a *tiffAgenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// Bounds.
const (
	maxDirectories = 256
	maxFields      = 4096
	maxPlaces      = 1 << 16
)

func checkTIFF(s *source) error {
	b, err := s.take(8)
	if err != nil {
		return err
	}
	t := &tiffFile{s: s, order: le}
	if b[0] == 'M' {
		t.order = be
	}
	t.strips.t = t
	first := int64(t.order.Uint32(b[4:]))
	if s.deep {
		t.run.follow(s, first)
	}
	t.directory(first, true)
	for len(t.agenda) > 0 {
		x := heap.Pop(&t.agenda).(tiffPlace)
		if x.at < s.pos() {
			continue
		}
		if err := s.skip(x.at - s.pos()); err != nil {
			return &flaw{x.at, badIndex}
		}
		if err := x.read(); err != nil {
			return err
		}
	}
	s.drain(nil)
	if t.end > s.pos() {
		return s.wrong(cut)
	}
	return t.run.flaw
}

// note puts a place on the agenda, if reading has not passed it yet.
func (t *tiffFile) note(at int64, read func() error) {
	if at < t.s.pos() || t.known >= maxPlaces {
		return
	}
	t.known++
	heap.Push(&t.agenda, tiffPlace{at, t.known, read})
}

// sizesOf are the bytes that a value of each type has.
var sizesOf = [...]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// directory notes a directory. Those of the chain are strict; cameras put strange fields into others.
func (t *tiffFile) directory(at int64, strict bool) {
	t.note(at, func() error {
		if t.strips.directories++; t.strips.directories > maxDirectories {
			return nil
		}
		return t.fields(strict)
	})
}

// fields reads a directory.
func (t *tiffFile) fields(strict bool) error {
	b, err := t.s.take(2)
	if err != nil {
		return err
	}
	n := int(t.order.Uint16(b))
	if n == 0 || n > maxFields {
		if !strict {
			return nil
		}
		return t.s.wrong(badHeader)
	}
	d := &tiffDirectory{plane: 1}
	for range n {
		if b, err = t.s.take(12); err != nil {
			return err
		}
		tag, kind, count := t.order.Uint16(b), int(t.order.Uint16(b[2:])), int64(t.order.Uint32(b[4:]))
		if kind >= len(sizesOf) || sizesOf[kind] == 0 {
			if !strict {
				continue
			}
			return t.s.wrong(badHeader)
		}
		size := sizesOf[kind] * count
		if size <= 4 {
			t.value(d, tag, kind, int(count), b[8:12])
			continue
		}
		at := int64(t.order.Uint32(b[8:]))
		if strict {
			t.end = max(t.end, at+size)
		}
		if telling[tag] && size <= bufferSize/2 {
			t.note(at, func() error {
				b, err := t.s.take(int(size))
				if err == nil {
					t.value(d, tag, kind, int(count), b)
					t.strips.place(d)
				}
				return err
			})
		}
	}
	if b, err = t.s.take(4); err != nil {
		return err
	}
	if next := int64(t.order.Uint32(b)); next > 0 && strict {
		t.directory(next, true)
	}
	t.strips.place(d)
	return nil
}

// telling are the fields whose values are read wherever they stand.
var telling = map[uint16]bool{tagStrips: true, tagTiles: true, tagStripSizes: true, tagTileSizes: true, tagDirectories: true, tagTables: true}

// Fields.
const (
	tagCompression = 259
	tagStrips      = 273
	tagStripSizes  = 279
	tagPlanes      = 284
	tagTiles       = 324
	tagTileSizes   = 325
	tagDirectories = 330
	tagTables      = 347
	tagJPEG        = 513
	tagJPEGSize    = 514
	tagExif        = 34665
)

// value keeps the value of a field that matters.
func (t *tiffFile) value(d *tiffDirectory, tag uint16, kind, count int, b []byte) {
	if tag == tagTables {
		d.tables = jpegTables(b[:min(len(b), count)])
		return
	}
	values := t.values(b, kind, count)
	if len(values) == 0 {
		return
	}
	switch tag {
	case tagCompression:
		d.compression = values[0]
	case tagPlanes:
		d.plane = values[0]
	case tagStrips, tagTiles:
		d.offsets = values
	case tagStripSizes, tagTileSizes:
		d.sizes = values
	case tagJPEG:
		d.picture = values[0]
	case tagJPEGSize:
		d.pictureSize = values[0]
	case tagDirectories:
		for _, at := range values {
			t.directory(int64(at), false)
		}
	case tagExif:
		t.directory(int64(values[0]), false)
	}
}

// values are the numbers of a field.
func (t *tiffFile) values(b []byte, kind, count int) (out []uint32) {
	for range count {
		switch {
		case kind == 3 && len(b) >= 2:
			out, b = append(out, uint32(t.order.Uint16(b))), b[2:]
		case (kind == 4 || kind == 13) && len(b) >= 4:
			out, b = append(out, t.order.Uint32(b)), b[4:]
		default:
			return nil
		}
	}
	return out
}
