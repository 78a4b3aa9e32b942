package structure

import "bytes"

// InDesign documents: two master pages of 4 KiB, of which the one with the higher number counts, pages of a database, and objects that stand in
// one piece, as the XMP Specification Part 3, section "INDD, INDT", has it. Zeros follow the last one. What the pages hold is nowhere told;
// of the objects, those with what is known of the document are text.

const (
	inDesign       = "\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d"
	inDesignObject = "\xde\x39\x39\x79\x51\x88\x4b\x6c\x8e\x63\xee\xf8\xae\xe0\xdd\x38"
	inDesignAfter  = "\xfd\xce\xdb\x70\xf7\x86\x4b\x4f\xa4\xd3\xc7\x28\xb3\x41\x71\x06"
	inDesignPage   = 4096
	inDesignMark   = 32 // bytes before an object, and after it
)

func checkInDesign(s *source) error {
	pages, latest := int64(0), uint64(0)
	for range 2 {
		b, err := s.take(inDesignPage)
		if err != nil {
			return err
		}
		if string(b[:16]) != inDesign || string(b[16:24]) != "DOCUMENT" || b[24] != 1 && b[24] != 2 {
			return &flaw{s.pos() - inDesignPage, badHeader}
		}
		if n := le.Uint64(b[264:]); n >= latest {
			latest, pages = n, int64(le.Uint32(b[280:]))
		}
	}
	if pages < 2 {
		return s.wrong(badHeader)
	}
	if err := s.skip((pages - 2) * inDesignPage); err != nil {
		return err
	}
	for {
		h := s.peek(inDesignMark)
		if len(bytes.Trim(h, "\x00")) == 0 {
			return zeros(s)
		}
		if len(h) < inDesignMark || string(h[:16]) != inDesignObject {
			return s.wrong(badChain)
		}
		var about [12]byte // number, class, length
		copy(about[:], h[16:])
		s.advance(inDesignMark)
		if err := inDesignContent(s, int64(le.Uint32(about[8:]))); err != nil {
			return err
		}
		b, err := s.take(inDesignMark)
		if err != nil {
			return err
		}
		if string(b[:16]) != inDesignAfter || !bytes.Equal(b[16:28], about[:]) {
			return &flaw{s.pos() - inDesignMark, badChain}
		}
	}
}

// zeros passes over them.
func zeros(s *source) error {
	for {
		w := s.window()
		n := len(w) - len(bytes.TrimLeft(w, "\x00"))
		if s.advance(n); n == 0 || n < len(w) {
			return nil
		}
	}
}

// inDesignContent reads an object of n bytes. If it is a packet of XMP, it is text.
func inDesignContent(s *source, n int64) error {
	const packet = "<?xpacket begin="
	if b := s.peek(4 + len(packet)); n < int64(len(b)) || !bytes.HasSuffix(b, []byte(packet)) {
		return s.skip(n)
	}
	s.advance(4)
	for n -= 4; n > 0; {
		w := s.peek(int(min(n, 4096)))
		if len(w) == 0 {
			return s.wrong(cut)
		}
		got := read(utf8Char, w)
		if s.advance(got); got == 0 {
			if b := w[0]; b == 0 { // padded
				return s.skip(n)
			}
			return s.wrong(badText)
		}
		n -= int64(got)
	}
	return nil
}
