package structure

import (
	"cmp"
	"slices"
)

// Fonts: TrueType and OpenType have a table of tables, each with a checksum; WOFF and WOFF 2 (W3C) say how long they are.

func isFont(head []byte) bool {
	for _, m := range []string{"\x00\x01\x00\x00\x00", "OTTO\x00", "true\x00", "wOFF", "wOF2"} {
		if begins(m)(head) {
			return true
		}
	}
	return false
}

// maxTables is more than any font has.
const maxTables = 256

func checkFont(s *source) error {
	b, err := s.take(12)
	if err != nil {
		return err
	}
	if string(b[:3]) == "wOF" {
		size := int64(be.Uint32(b[8:]))
		if err := s.skip(size - 12); err != nil || size < 44 {
			return s.wrong(badLength)
		}
		return nil
	}
	n := int(be.Uint16(b[4:]))
	if n == 0 || n > maxTables {
		return s.wrong(badHeader)
	}
	type table struct {
		name string
		sum  uint32
		at   int64
		size int64
	}
	tables := make([]table, n)
	for i := range tables {
		if b, err = s.take(16); err != nil {
			return err
		}
		tables[i] = table{string(b[:4]), be.Uint32(b[4:]), int64(be.Uint32(b[8:])), int64(be.Uint32(b[12:]))}
	}
	slices.SortFunc(tables, func(a, b table) int { return cmp.Compare(a.at, b.at) })
	for _, t := range tables {
		if t.at < s.pos() { // two names for one table
			continue
		}
		if err := s.skip(t.at - s.pos()); err != nil {
			return err
		}
		sum, err := fontSum(s, t.size, t.name == "head")
		if err != nil {
			return err
		}
		if sum != t.sum {
			return &flaw{t.at, badSum}
		}
	}
	for b := s.peek(1); s.pos()%4 != 0 && len(b) > 0 && b[0] == 0; b = s.peek(1) { // the last one is padded, too
		s.advance(1)
	}
	return nil
}

// fontSum adds up a table in words of four bytes. In the table "head" one word, the sum of all, does not count.
func fontSum(s *source, size int64, head bool) (sum uint32, err error) {
	for at := int64(0); at < size; at += 4 {
		b, err := s.take(int(min(4, size-at)))
		if err != nil {
			return 0, err
		}
		var word [4]byte
		copy(word[:], b)
		if !head || at != 8 {
			sum += be.Uint32(word[:])
		}
	}
	return sum, nil
}
