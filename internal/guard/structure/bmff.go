package structure

// HEIC, AVIF, MP4, MOV: ISO/IEC 14496-12. Boxes of a length and a name follow one another to the end of the file; those that hold boxes are
// entered. What lies in mdat is not looked at.
func checkBMFF(s *source) error {
	seen := make(map[string]bool)
	for !s.ended() {
		n, name, err := box(s)
		if err != nil {
			return err
		}
		seen[name] = true
		switch {
		case n < 0: // to the end
			s.drain(nil)
		case name == "moov", name == "meta":
			err = boxes(s, name, n, 0)
		default:
			err = s.skip(n)
		}
		if err != nil {
			return err
		}
	}
	if !seen["moov"] && !seen["meta"] && !seen["moof"] {
		return s.wrong(badIndex)
	}
	return nil
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
var holders = map[string]bool{"moov": true, "trak": true, "mdia": true, "minf": true, "dinf": false, "stbl": true, "mvex": true, "edts": true}

// maxDepth bounds how deep boxes lie in one another.
const maxDepth = 16

// boxes reads boxes that together are n bytes long.
func boxes(s *source, in string, n int64, depth int) error {
	if in == "meta" { // version and flags come first, but not in QuickTime
		if b := s.peek(8); len(b) == 8 && be.Uint32(b) == 0 {
			if n -= 4; n < 0 {
				return s.wrong(badLength)
			}
			s.advance(4)
		}
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
		if holders[name] && depth < maxDepth {
			err = boxes(s, name, size, depth+1)
		} else {
			err = s.skip(size)
		}
		if err != nil {
			return err
		}
	}
	if n != 0 && n != 4 { // QuickTime ends a list with a zero
		return s.wrong(badLength)
	}
	return s.skip(n)
}
