package structure

// SQLite 3: pages of one size, https://www.sqlite.org/fileformat2.html. A page is of a tree, whose cells must lie in it, or begins with the
// number of another one.
func checkSQLite(s *source) error {
	head := s.peek(100)
	if len(head) < 100 {
		return s.wrong(cut)
	}
	size := int(be.Uint16(head[16:]))
	if size == 1 {
		size = 64 << 10
	}
	if size < 512 || size&(size-1) != 0 || head[18] > 2 || head[19] > 2 || head[21] != 64 || head[22] != 32 || head[23] != 32 {
		return s.wrong(badHeader)
	}
	usable := size - int(head[20])
	pages, counted := int64(be.Uint32(head[28:])), be.Uint32(head[24:]) == be.Uint32(head[92:])
	for n := int64(0); !s.ended(); n++ {
		at := s.pos()
		b, err := s.take(size)
		if err != nil {
			return err
		}
		if counted && n >= pages {
			return s.wrong(badLength)
		}
		first := 0
		if n == 0 {
			first = 100
		}
		if !sqliteTree(b, first, usable) && (n == 0 || counted && int64(be.Uint32(b)) > pages && !sqliteMap(b)) {
			return &flaw{at, badData}
		}
	}
	if counted && s.pos() < pages*int64(size) {
		return s.wrong(cut)
	}
	return nil
}

// sqliteTree reports whether a page can be one of a tree.
func sqliteTree(b []byte, at, usable int) bool {
	head := 8
	switch b[at] {
	case 2, 5:
		head = 12
	case 10, 13:
	default:
		return false
	}
	cells, from := int(be.Uint16(b[at+3:])), int(be.Uint16(b[at+5:]))
	if from == 0 {
		from = 64 << 10
	}
	list := at + head + 2*cells
	if list > usable || from < list && cells > 0 || from > usable {
		return false
	}
	for i := range cells {
		if c := int(be.Uint16(b[at+head+2*i:])); c < list || c >= usable {
			return false
		}
	}
	return true
}

// sqliteMap reports whether a page can be one of the map that tells where pages hang: entries of a type from 1 to 5 and a page's number.
func sqliteMap(b []byte) bool { return b[0] >= 1 && b[0] <= 5 && b[5] <= 5 && b[10] <= 5 }
