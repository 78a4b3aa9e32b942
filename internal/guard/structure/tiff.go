package structure

import "encoding/binary"

// TIFF 6.0, and the raw formats that are made of it: directories of fields that point at data. Data stands where the writer liked; what lies
// before the place that reading has come to is not gone back to.

type tiffFile struct {
	s     *source
	order binary.ByteOrder
	end   int64 // the last byte that something points at
}

// Bounds.
const (
	maxDirectories = 256
	maxFields      = 4096
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
	next := int64(t.order.Uint32(b[4:]))
	for n := 0; next >= s.pos() && n < maxDirectories; n++ {
		if err := s.skip(next - s.pos()); err != nil {
			return &flaw{next, badIndex}
		}
		if next, err = t.directory(); err != nil {
			return err
		}
	}
	s.drain(nil)
	if t.end > s.pos() {
		return s.wrong(cut)
	}
	return nil
}

// sizesOf are the bytes that a value of each type has.
var sizesOf = [...]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// directory reads a directory and returns where the next one is.
func (t *tiffFile) directory() (next int64, err error) {
	b, err := t.s.take(2)
	if err != nil {
		return 0, err
	}
	n := int(t.order.Uint16(b))
	if n == 0 || n > maxFields {
		return 0, t.s.wrong(badHeader)
	}
	var offsets, lengths []int64
	for range n {
		if b, err = t.s.take(12); err != nil {
			return 0, err
		}
		tag, kind, count := t.order.Uint16(b), int(t.order.Uint16(b[2:])), int64(t.order.Uint32(b[4:]))
		if kind >= len(sizesOf) || sizesOf[kind] == 0 {
			return 0, t.s.wrong(badHeader)
		}
		size := sizesOf[kind] * count
		if size > 4 {
			t.end = max(t.end, int64(t.order.Uint32(b[8:]))+size)
			continue
		}
		switch tag {
		case 273, 324: // strips, tiles
			offsets = t.values(b[8:12], kind, int(count))
		case 279, 325:
			lengths = t.values(b[8:12], kind, int(count))
		}
	}
	for i := range min(len(offsets), len(lengths)) {
		t.end = max(t.end, offsets[i]+lengths[i])
	}
	if b, err = t.s.take(4); err != nil {
		return 0, err
	}
	return int64(t.order.Uint32(b)), nil
}

// values are the numbers of a field that stand in it.
func (t *tiffFile) values(b []byte, kind, count int) (out []int64) {
	for range count {
		switch kind {
		case 3:
			out, b = append(out, int64(t.order.Uint16(b))), b[2:]
		case 4:
			out, b = append(out, int64(t.order.Uint32(b))), b[4:]
		default:
			return nil
		}
	}
	return out
}
