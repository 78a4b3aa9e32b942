package structure

import "encoding/binary"

// InDesign documents: two master pages of 4 KiB, of which the one with the higher number counts, pages of a database, and objects that stand in
// one piece, as the XMP Specification Part 3, section "INDD, INDT", has it.

const (
	inDesign       = "\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d"
	inDesignObject = "\xde\x39\x39\x79\x51\x88\x4b\x6c\x8e\x63\xee\xf8\xae\xe0\xdd\x38"
	inDesignAfter  = "\xfd\xce\xdb\x70\xf7\x86\x4b\x4f\xa4\xd3\xc7\x28\xb3\x41\x71\x06"
	inDesignPage   = 4096
)

func checkInDesign(s *source) error {
	pages, latest := int64(0), uint64(0)
	for range 2 {
		b, err := s.take(inDesignPage)
		if err != nil {
			return err
		}
		if string(b[:16]) != inDesign || string(b[16:24]) != "DOCUMENT" {
			return s.wrong(badHeader)
		}
		var order binary.ByteOrder = le
		if b[24] == 2 {
			order = be
		}
		if n := le.Uint64(b[264:]); n >= latest {
			latest, pages = n, int64(order.Uint32(b[280:]))
		}
	}
	if pages < 2 {
		return s.wrong(badHeader)
	}
	if err := s.skip((pages - 2) * inDesignPage); err != nil {
		return err
	}
	for {
		h := s.peek(32)
		if len(h) < 16 || string(h[:16]) != inDesignObject { // what is left is padding
			return nil
		}
		if len(h) < 32 {
			return s.wrong(cut)
		}
		id, n := le.Uint32(h[16:]), int64(le.Uint32(h[24:]))
		s.advance(32)
		if err := s.skip(n); err != nil {
			return err
		}
		b, err := s.take(32)
		if err != nil {
			return err
		}
		if string(b[:16]) != inDesignAfter || le.Uint32(b[16:]) != id {
			return s.wrong(badChain)
		}
	}
}
