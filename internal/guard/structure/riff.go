package structure

// RIFF: chunks of a name and a length, which together have the length that stands in front. WebP (RFC 9649) has its pictures in it, and their
// headers are looked at.
func checkRIFF(s *source) error {
	b, err := s.take(12)
	if err != nil {
		return err
	}
	left, webp := int64(le.Uint32(b[4:]))-4, string(b[8:]) == "WEBP"
	pictures, bare := 0, false
	for left >= 8 {
		b, err := s.take(8)
		if err != nil {
			return err
		}
		name, n := string(b[:4]), int64(le.Uint32(b[4:]))
		for _, c := range []byte(name) {
			if c < ' ' || c > '~' {
				return s.wrong(badChain)
			}
		}
		left -= 8 + n + n&1
		if left < -1 { // the last one may lack its padding
			return s.wrong(badLength)
		}
		if webp {
			switch name {
			case "VP8 ", "VP8L", "ANMF":
				if pictures++; !webpPicture(name, s.peek(30)) {
					return s.wrong(badData)
				}
			}
		}
		pad := n & 1
		if left < 0 {
			pad = 0
		}
		switch {
		case name == "fmt ": // sound of 8 or 16 bits that is not compressed
			b := s.peek(16)
			bare = n >= 16 && len(b) == 16 && le.Uint16(b) == 1 && (le.Uint16(b[14:]) == 8 || le.Uint16(b[14:]) == 16)
			err = s.skip(n + pad)
		case name == "data" && bare:
			if err = s.bare(n); err == nil {
				err = s.skip(pad)
			}
		default:
			err = s.skip(n + pad)
		}
		if err != nil {
			return err
		}
	}
	if left > 0 {
		return s.wrong(badLength)
	}
	if webp && pictures == 0 {
		return s.wrong(badHeader)
	}
	return nil
}

// webpPicture looks at the first bytes of a picture.
func webpPicture(name string, b []byte) bool {
	switch name {
	case "VP8 ":
		return len(b) >= 10 && b[0]&1 == 0 && b[3] == 0x9d && b[4] == 0x01 && b[5] == 0x2a
	case "VP8L":
		return len(b) >= 5 && b[0] == 0x2f && b[4]>>5 == 0
	}
	return len(b) >= 24 && (string(b[16:20]) == "VP8 " || string(b[16:20]) == "VP8L" || string(b[16:20]) == "ALPH")
}
