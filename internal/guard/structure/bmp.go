package structure

// BMP: two headers, colours, and rows, which are as long as the width says if they are not compressed.
func checkBMP(s *source) error {
	b, err := s.take(18)
	if err != nil {
		return err
	}
	data, head := int64(le.Uint32(b[10:])), int64(le.Uint32(b[14:]))
	var width, height int64
	var bits, packing uint32
	switch head {
	case 12:
		if b, err = s.take(8); err != nil {
			return err
		}
		width, height, bits = int64(le.Uint16(b)), int64(le.Uint16(b[2:])), uint32(le.Uint16(b[6:]))
	case 40, 52, 56, 64, 108, 124:
		if b, err = s.take(16); err != nil {
			return err
		}
		width, height, bits, packing = int64(int32(le.Uint32(b))), int64(int32(le.Uint32(b[4:]))), uint32(le.Uint16(b[10:])), le.Uint32(b[12:])
	default:
		return s.wrong(badHeader)
	}
	height = max(height, -height)
	if width <= 0 || height == 0 || width > maxEdge || height > maxEdge || data < s.pos() {
		return s.wrong(badHeader)
	}
	switch bits {
	case 0, 1, 2, 4, 8, 16, 24, 32:
	default:
		return s.wrong(badHeader)
	}
	if err := s.skip(data - s.pos()); err != nil {
		return err
	}
	if packing != 0 && packing != 3 {
		s.drain(nil)
		return nil
	}
	return s.bare((width*int64(bits) + 31) / 32 * 4 * height)
}
