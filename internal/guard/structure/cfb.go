package structure

import "bytes"

// Compound files, MS-CFB: what Word, Excel and PowerPoint wrote up to 2003, what Outlook's messages are, and what a newer document with a
// password is put into. A header, and sectors of one size, of which a table (FAT) tells for each which one comes next. What lies in the
// streams is not looked at.

const cfbMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// cfbPackage is the name of the stream that a document with a password is in.
const cfbPackage = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"

// Entries of the table that are no sectors.
const (
	cfbLast  = 0xfffffffa // the largest number of a sector
	cfbFAT   = 0xfffffffd
	cfbEnd   = 0xfffffffe
	cfbEntry = 128 // bytes of an entry of the directory
)

// maxSectors bounds the sectors of which anything is remembered: 4 bytes and a bit each.
const maxSectors = 1 << 20

type cfbFile struct {
	s         *source
	size      int           // of a sector
	tables    map[int64]int // sectors that have the table, and which part of it
	table     []uint32
	directory []uint64 // bit by bit: which sectors can be of the directory
	first     uint32   // of the directory
	chain     uint32   // the next sector that tells where the table is
	large     bool     // there is more than is remembered
}

func checkCFB(s *source) error {
	b, err := s.take(512)
	if err != nil {
		return err
	}
	c := &cfbFile{s: s, tables: make(map[int64]int)}
	version, shift := le.Uint16(b[26:]), le.Uint16(b[30:])
	if le.Uint16(b[28:]) != 0xfffe || (version != 3 || shift != 9) && (version != 4 || shift != 12) || le.Uint16(b[32:]) != 6 || le.Uint32(b[56:]) != 4096 {
		return s.wrong(badHeader)
	}
	c.size, c.first, c.chain = 1<<shift, le.Uint32(b[48:]), le.Uint32(b[68:])
	n := le.Uint32(b[44:]) // parts of the table
	if n == 0 || n > 1<<26 {
		return s.wrong(badHeader)
	}
	c.parts(b[76:512], int(n))
	if err := s.skip(int64(c.size - 512)); err != nil {
		return err
	}
	sector := int64(0)
	for ; !s.ended(); sector++ {
		at := s.pos()
		b := s.peek(c.size)
		s.advance(len(b))
		if len(b) < c.size { // the last one may be a short one
			break
		}
		if err := c.sector(b, sector, at, int(n)); err != nil {
			return err
		}
	}
	return c.end(sector)
}

// parts notes in which sectors the table is.
func (c *cfbFile) parts(b []byte, n int) {
	for ; len(b) >= 4 && len(c.tables) < n; b = b[4:] {
		if at := le.Uint32(b); at <= cfbLast {
			if len(c.tables) >= maxSectors/128 {
				c.large = true
				return
			}
			c.tables[int64(at)] = len(c.tables)
		}
	}
}

// sector reads a sector.
func (c *cfbFile) sector(b []byte, sector, at int64, parts int) error {
	if sector == int64(c.chain) {
		c.chain = le.Uint32(b[c.size-4:])
		c.parts(b[:c.size-4], parts)
		return nil
	}
	if i, ok := c.tables[sector]; ok {
		return c.entries(b, i, at)
	}
	if sector < maxSectors && c.looksLikeDirectory(b) {
		for int(sector/64) >= len(c.directory) {
			c.directory = append(c.directory, 0)
		}
		c.directory[sector/64] |= 1 << (sector % 64)
	}
	return nil
}

// entries reads a part of the table.
func (c *cfbFile) entries(b []byte, part int, at int64) error {
	each := c.size / 4
	for i := range each {
		x := le.Uint32(b[4*i:])
		if x <= cfbLast && x >= maxSectors && !c.large || x > cfbLast && x < cfbFAT-1 {
			return &flaw{at, badIndex}
		}
		_, own := c.tables[int64(part*each+i)]
		if own && x != cfbFAT {
			return &flaw{at, badIndex}
		}
		if from := part*each + i; from < maxSectors {
			for from >= len(c.table) {
				c.table = append(c.table, make([]uint32, each)...)
			}
			c.table[from] = x
		}
	}
	return nil
}

// looksLikeDirectory reports whether a sector can be one of the directory.
func (c *cfbFile) looksLikeDirectory(b []byte) bool {
	for e := b; len(e) >= cfbEntry; e = e[cfbEntry:] {
		kind, length := e[66], int(le.Uint16(e[64:]))
		if kind > 5 || e[67] > 1 || length > 64 || length%2 == 1 || kind == 0 && length > 0 && !bytes.Equal(e[:64], make([]byte, 64)) {
			return false
		}
		if kind == 0 {
			continue
		}
		if length < 4 || e[length-1] != 0 || e[length-2] != 0 {
			return false
		}
		if length-2 == len(cfbPackage) && string(e[:length-2]) == cfbPackage {
			c.s.sealed = true
		}
	}
	return true
}

// end compares the table with what there was.
func (c *cfbFile) end(sectors int64) error {
	for at, part := range c.tables {
		if at >= sectors && part*c.size/4 < maxSectors {
			return c.s.wrong(cut)
		}
	}
	if c.large || sectors > maxSectors {
		return nil
	}
	used := make([]uint64, sectors/64+1)
	for _, x := range c.table {
		if x > cfbLast {
			continue
		}
		if int64(x) > sectors { // the last one may be short
			return c.s.wrong(cut)
		}
		if used[x/64]>>(x%64)&1 == 1 { // two chains that become one
			return c.s.wrong(badIndex)
		}
		used[x/64] |= 1 << (x % 64)
	}
	for at, n := int64(c.first), int64(0); at <= cfbLast; n++ {
		if at >= int64(len(c.table)) || n > sectors || at/64 >= int64(len(c.directory)) || c.directory[at/64]>>(at%64)&1 == 0 {
			return &flaw{min(c.s.pos(), int64(c.size)*(at+1)), badIndex}
		}
		at = int64(c.table[at])
	}
	return nil
}
