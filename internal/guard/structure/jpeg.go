package structure

import (
	"bytes"
	"slices"
)

// JPEG: ITU-T T.81. Markers and segments follow one another; in the picture data a byte FF is always followed by 00, by a restart marker in
// order, or by the end. Deep walks the Huffman codes, without making a picture of them: every block must end where it has 64 coefficients,
// and every scan where it has all blocks.

// Markers.
const (
	markSOF0 = 0xc0
	markDHT  = 0xc4
	markJPG  = 0xc8
	markDAC  = 0xcc
	markRST0 = 0xd0
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markDQT  = 0xdb
	markDRI  = 0xdd
	markTEM  = 0x01
)

// glance is how many units of a scan are walked when the look is not a deep one: random bytes, however well they are stuffed, do not get
// through a few blocks.
const glance = 64

// slack is how many bytes after its last block a scan may have: some programs leave a few.
const slack = 16

// blockCost is how many bytes could be inflated while a block is walked.
const blockCost = 8

// tableCost is how many bytes could be inflated while a table is made.
const tableCost = 4 << 10

// maxMasked bounds the blocks of a component whose coefficients are remembered, 8 bytes each.
const maxMasked = 1 << 20

type jpegFile struct {
	s          *source
	frame      byte // marker of the frame; 0: none yet
	width      int
	height     int
	parts      []jpegPart
	hMax, vMax int
	dc, ac     [4]*huffman
	own        [2][4]*huffman // what dc and ac point at, made once
	restart    int            // MCUs between restart markers
	scans      int
	eight      bool // bits a sample
}

// jpegPart is a component of the picture: brightness, a colour.
type jpegPart struct {
	id     byte
	h, v   int
	blocks [2]int   // across, down, when it has a scan of its own
	masks  []uint64 // of progressive pictures: which coefficients are not zero
}

func checkJPEG(s *source) error { return checkJPEGWith(s, nil) }

// checkJPEGWith checks a picture whose Huffman tables may stand elsewhere.
func checkJPEGWith(s *source, tables *jpegFile) error {
	j := &jpegFile{s: s}
	if tables != nil {
		j.dc, j.ac = tables.dc, tables.ac
	}
	s.advance(2)
	for {
		m, err := j.marker()
		if err != nil {
			return err
		}
		switch {
		case m == markEOI:
			if j.scans == 0 {
				return s.wrong(badHeader)
			}
			return nil
		case m == markTEM:
			continue
		case m == markSOI, m >= markRST0 && m < markRST0+8, m < markSOF0:
			return s.wrong(badChain)
		}
		if err := j.segment(m); err != nil {
			return err
		}
	}
}

// jpegTables reads a JPEG that has tables and nothing else; nil: it is none.
func jpegTables(b []byte) *jpegFile {
	if !begins("\xff\xd8\xff")(b) {
		return nil
	}
	s := newSource(only(b), false)
	defer s.free()
	j := &jpegFile{s: s}
	s.take(2)
	for {
		m, err := j.marker()
		if err != nil || m == markEOI {
			return j
		}
		if m < markSOF0 || m == markSOI || m == markSOS || j.segment(m) != nil {
			return nil
		}
	}
}

// marker reads the next marker, and fill bytes before it.
func (j *jpegFile) marker() (byte, error) {
	b, err := j.s.take(2)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xff {
		return 0, j.s.wrong(badChain)
	}
	m := b[1]
	for m == 0xff {
		if b, err = j.s.take(1); err != nil {
			return 0, err
		}
		m = b[0]
	}
	return m, nil
}

func (j *jpegFile) segment(m byte) error {
	b, err := j.s.take(2)
	if err != nil {
		return err
	}
	n := int(be.Uint16(b)) - 2
	if n < 0 {
		return j.s.wrong(badLength)
	}
	switch {
	case m == markDHT, m == markDRI, m == markSOS, m == markDQT, m >= markSOF0 && m <= 0xcf && m != markJPG && m != markDAC:
		if b, err = j.s.take(n); err != nil {
			return err
		}
	default:
		return j.apart(m, n)
	}
	ok := false
	switch m {
	case markDHT:
		ok = j.tables(b)
	case markDQT:
		ok = quantizers(b)
	case markDRI:
		if ok = n == 2; ok {
			j.restart = int(be.Uint16(b))
		}
	case markSOS:
		return j.scan(bytes.Clone(b))
	default:
		ok = j.start(m, b)
	}
	if !ok {
		return j.s.wrong(badHeader)
	}
	return nil
}

// asides are what the segments begin with that programs keep beside a picture.
var asides = []string{"JFIF\x00", "JFXX\x00", "Exif\x00", "http://ns.adobe.com/", "ICC_PROFILE\x00", "MPF\x00", "FPXR\x00", "Photoshop 3.0\x00", "Adobe", "Ducky", "JP", "urn:iso:", "AROT", "SEAL"}

// apart reads a segment that is not needed for the picture. What lies there and is of no known use counts as bytes that are none of it.
func (j *jpegFile) apart(m byte, n int) error {
	head := j.s.peek(min(n, 32))
	known := m < 0xe0 || slices.ContainsFunc(asides, func(a string) bool { return bytes.HasPrefix(head, []byte(a)) })
	if !known {
		j.s.aside += int64(n)
	}
	return j.s.skip(int64(n))
}

// quantizers reports whether a segment is of quantization tables.
func quantizers(b []byte) bool {
	for len(b) > 0 {
		n := 65
		if b[0]>>4 == 1 {
			n = 129
		}
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < n {
			return false
		}
		b = b[n:]
	}
	return true
}

// start reads a frame header.
func (j *jpegFile) start(m byte, b []byte) bool {
	if j.frame != 0 || len(b) < 6 || len(b) != 6+3*int(b[5]) || b[5] == 0 || b[5] > 4 || b[0] < 2 || b[0] > 16 {
		return false
	}
	j.frame, j.eight = m, b[0] == 8
	j.height, j.width = int(be.Uint16(b[1:])), int(be.Uint16(b[3:]))
	if j.width == 0 {
		return false
	}
	for p := b[6:]; len(p) > 0; p = p[3:] {
		c := jpegPart{id: p[0], h: int(p[1] >> 4), v: int(p[1] & 15)}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || p[2] > 3 {
			return false
		}
		j.hMax, j.vMax = max(j.hMax, c.h), max(j.vMax, c.v)
		j.parts = append(j.parts, c)
	}
	for i := range j.parts {
		c := &j.parts[i]
		c.blocks = [2]int{ceil(ceil(j.width*c.h, j.hMax), 8), ceil(ceil(j.height*c.v, j.vMax), 8)}
	}
	return true
}

func ceil(a, b int) int { return (a + b - 1) / b }

// tables reads Huffman tables.
func (j *jpegFile) tables(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return false
		}
		class, i := b[0]>>4, b[0]&15
		h := j.own[class][i]
		if h == nil {
			h = new(huffman)
			j.own[class][i] = h
		}
		n := h.read(b[1:])
		if n == 0 {
			return false
		}
		if j.s.spend(tableCost); j.s.budget == 0 {
			h = nil
		}
		if class == 0 {
			j.dc[i] = h
		} else {
			j.ac[i] = h
		}
		b = b[1+n:]
	}
	return true
}
