package structure

import (
	"hash/crc32"
	"io"
)

// gzip, RFC 1952: one member or several, each with a header, deflated data, and their sum and size.

const (
	gzipSum     = 1 << 1
	gzipExtra   = 1 << 2
	gzipName    = 1 << 3
	gzipComment = 1 << 4
	gzipNobodys = 0xe0 // bits that must be zero
)

var isGZIP = begins("\x1f\x8b\x08")

func checkGZIP(s *source) error {
	s.keep = 8
	s.inner = &inner{}
	defer func() { s.even = s.inner.is(); s.inner = nil }()
	var size, packed int64
	for {
		if err := gzipHeader(s); err != nil {
			return err
		}
		if !s.deep {
			begin := s.pos()
			n, err := s.inflate(s, false, peeked, nil)
			if err != nil {
				return unread(s)
			}
			gzipInside(s, n, s.pos()-begin)
			return nil
		}
		begin, sum := s.pos(), crc32.NewIEEE()
		n, err := s.inflate(s, false, maxInflated, sum)
		switch {
		case err != nil:
			return unread(s)
		case n >= maxInflated || !s.deep: // it was not read to its end
			s.drain(nil)
			return nil
		}
		b, err := s.take(8)
		if err != nil {
			return s.wrong(cut)
		}
		if le.Uint32(b) != sum.Sum32() || le.Uint32(b[4:]) != uint32(n) {
			return s.wrong(badSum)
		}
		size, packed = size+n, packed+s.pos()-begin
		if !isGZIP(s.peek(3)) {
			s.inside = unlisted(size, s.inner.fits(packed, size, packed))
			return nil
		}
	}
}

// gzipInside reads the rest of what is not unpacked but for n bytes, which took so many, and tells how much may be in all of it.
func gzipInside(s *source, n, took int64) {
	var c census
	s.drain(&c)
	if b := s.behind(); len(b) >= 4 { // the last bytes are how much it is
		s.inside = unlisted(int64(le.Uint32(b[len(b)-4:])), s.inner.fits(c.part(s.pos()), n, took))
	}
}

// unread says why deflated data cannot be read up to its end.
func unread(s *source) error {
	if s.ended() {
		return s.wrong(cut)
	}
	return s.wrong(badData)
}

// gzipHeader reads the header of a member.
func gzipHeader(s *source) error {
	b, err := s.take(10)
	if err != nil {
		return s.wrong(cut)
	}
	flags := b[3]
	if !isGZIP(b) || flags&gzipNobodys != 0 {
		return s.wrong(badHeader)
	}
	if flags&gzipExtra != 0 {
		if b, err = s.take(2); err != nil {
			return s.wrong(cut)
		}
		if s.skip(int64(le.Uint16(b))) != nil {
			return s.wrong(cut)
		}
	}
	for _, text := range []byte{gzipName, gzipComment} {
		if flags&text == 0 {
			continue
		}
		for {
			c, err := s.ReadByte()
			if err == io.EOF {
				return s.wrong(cut)
			}
			if err != nil {
				return err
			}
			if c == 0 {
				break
			}
		}
	}
	if flags&gzipSum != 0 {
		if _, err := s.take(2); err != nil {
			return s.wrong(cut)
		}
	}
	return nil
}
