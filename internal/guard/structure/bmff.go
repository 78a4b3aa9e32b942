package structure

import (
	"cmp"
	"slices"
)

// HEIC, AVIF, MP4, MOV: ISO/IEC 14496-12. Boxes of a length and a name follow one another to the end of the file; those that hold boxes are
// entered. Their index tells where the pictures lie, which must be in the file. Deep looks at those of H.264, H.265 and AV1 that come after
// it: each is a chain of units of a length, which ends where the index says.

type bmffFile struct {
	s      *source
	seen   map[string]bool
	end    int64  // the last byte that the index points at
	spans  []span // what is to be looked at
	sorted bool
	items  []item
	kinds  map[uint32]string // of items
	prefix int               // bytes of the length of a unit of an item
	track  *track
}

// span is a stretch of a file that has a chain of units.
type span struct {
	at, size int64
	chain    chain
}

// maxSpans bounds what is remembered of an index.
const maxSpans = 1 << 18

func checkBMFF(s *source) error {
	f := &bmffFile{s: s, seen: make(map[string]bool), kinds: make(map[uint32]string), prefix: 4}
	for !s.ended() {
		n, name, err := box(s)
		if err != nil {
			return err
		}
		f.seen[name] = true
		switch {
		case n < 0: // to the end
			s.drain(nil)
		case name == "moov", name == "meta":
			if err = f.boxes(name, n, 0); err == nil && name == "meta" {
				f.place()
			}
		case name == "mdat":
			err = f.data(n)
		default:
			err = s.skip(n)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case !f.seen["moov"] && !f.seen["meta"] && !f.seen["moof"]:
		return s.wrong(badIndex)
	case f.end > s.pos():
		return s.wrong(cut)
	}
	return nil
}

// data reads what the index points at.
func (f *bmffFile) data(n int64) error {
	end := f.s.pos() + n
	if !f.sorted { // there may be a million stretches of data
		slices.SortStableFunc(f.spans, func(a, b span) int { return cmp.Compare(a.at, b.at) })
		f.sorted = true
	}
	for f.s.deep && len(f.spans) > 0 && f.spans[0].at < end {
		x := f.spans[0]
		f.spans = f.spans[1:]
		if x.at < f.s.pos() || x.at+x.size > end { // two names for one place
			continue
		}
		if err := f.s.skip(x.at - f.s.pos()); err != nil {
			return err
		}
		if err := x.chain.check(f.s, x.size); err != nil {
			return err
		}
	}
	return f.s.skip(end - f.s.pos())
}

// box reads the head of a box, and returns the length of what it holds; -1: it goes to the end.
func box(s *source) (n int64, name string, err error) {
	b, err := s.take(8)
	if err != nil {
		return 0, "", err
	}
	n, name = int64(be.Uint32(b)), string(b[4:8])
	for i := range 4 {
		if c := name[i]; c < ' ' || c > '~' && c != 0xa9 {
			return 0, "", s.wrong(badChain)
		}
	}
	switch n {
	case 0:
		return -1, name, nil
	case 1:
		if b, err = s.take(8); err != nil {
			return 0, "", err
		}
		n = int64(be.Uint64(b)) - 8
	}
	if n -= 8; n < 0 {
		return 0, "", s.wrong(badLength)
	}
	return n, name, nil
}

// holders are the boxes that hold boxes and nothing else.
var holders = map[string]bool{"moov": true, "trak": true, "mdia": true, "minf": true, "stbl": true, "mvex": true, "edts": true, "iprp": true, "ipco": true}

// maxDepth bounds how deep boxes lie in one another.
const maxDepth = 16

// boxes reads boxes that together are n bytes long.
func (f *bmffFile) boxes(in string, n int64, depth int) error {
	s := f.s
	if in == "meta" { // version and flags come first, but not in QuickTime
		if b := s.peek(8); len(b) == 8 && be.Uint32(b) == 0 {
			if n -= 4; n < 0 {
				return s.wrong(badLength)
			}
			s.advance(4)
		}
	}
	if in == "trak" {
		f.track = &track{}
	}
	for n >= 8 {
		before := s.pos()
		size, name, err := box(s)
		if err != nil {
			return err
		}
		n -= s.pos() - before + size
		if size < 0 || n < 0 {
			return s.wrong(badLength)
		}
		end := s.pos() + size
		if holders[name] && depth < maxDepth {
			err = f.boxes(name, size, depth+1)
		} else {
			err = f.leaf(name, size)
		}
		if err != nil {
			return err
		}
		if s.pos() > end {
			return s.wrong(badLength)
		}
		if err := s.skip(end - s.pos()); err != nil {
			return err
		}
	}
	if n != 0 && n != 4 { // QuickTime ends a list with a zero
		return s.wrong(badLength)
	}
	if in == "trak" {
		f.placeTrack()
	}
	return s.skip(n)
}

// leaf reads a box that tells something about the index. It may leave some of it.
func (f *bmffFile) leaf(name string, n int64) error {
	switch name {
	case "iloc":
		return f.locations(n)
	case "iinf":
		return f.infos(n)
	case "hvcC":
		if b := f.s.peek(22); len(b) == 22 && n > 22 {
			f.prefix = int(b[21]&3) + 1
		}
	case "stsd", "stsz", "stsc", "stco", "co64":
		if f.track != nil {
			return f.track.table(f.s, name, n)
		}
	}
	return nil
}
