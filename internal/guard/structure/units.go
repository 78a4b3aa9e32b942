package structure

// chain is a chain of units of moving pictures.
type chain struct {
	prefix int // bytes of the length before each
	unit   unitKind
}

type unitKind uint8

const (
	unitH264 unitKind = iota + 1
	unitH265
	unitAV1
)

// check reads units that together are so many bytes long.
func (c chain) check(s *source, left int64) error {
	for left > 0 {
		before := s.pos()
		n, err := c.length(s, left)
		if err != nil {
			return err
		}
		if left -= s.pos() - before; n < 0 || n > left {
			return &flaw{before, badData}
		}
		left -= n
		if err := s.skip(n); err != nil {
			return err
		}
	}
	return nil
}

// length reads how long the next unit is; -1: it is none.
func (c chain) length(s *source, left int64) (n int64, err error) {
	if c.unit == unitAV1 {
		return openBitstreamUnit(s, left)
	}
	b := s.peek(c.prefix + 2)
	if len(b) <= c.prefix {
		s.advance(len(b))
		return -1, s.wrong(cut)
	}
	s.advance(c.prefix)
	for _, x := range b[:c.prefix] {
		n = n<<8 | int64(x)
	}
	b = b[c.prefix:]
	switch { // the highest bit of a unit is never set; in H.265 the lowest three of the head are not all zero
	case n == 0, b[0] >= 0x80, c.unit == unitH265 && (n < 2 || len(b) > 1 && b[1]&7 == 0), c.unit == unitH264 && b[0]&31 == 0:
		return -1, nil
	}
	return n, nil
}

// openBitstreamUnit reads the head of a unit of AV1.
func openBitstreamUnit(s *source, left int64) (n int64, err error) {
	b := s.peek(10)
	if len(b) == 0 {
		return -1, s.wrong(cut)
	}
	if b[0]&0x81 != 0 {
		return -1, nil
	}
	at := 1
	if b[0]&4 != 0 {
		at++
	}
	if b[0]&2 == 0 { // it goes to the end
		s.advance(1)
		return left - 1, nil
	}
	for shift := 0; ; shift += 7 {
		if at >= len(b) || shift > 49 {
			return -1, nil
		}
		n |= int64(b[at]&0x7f) << shift
		if at++; b[at-1] < 0x80 {
			break
		}
	}
	s.advance(at)
	return n, nil
}
