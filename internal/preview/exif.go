package preview

import (
	"bytes"
	"encoding/binary"
)

// jpegOrientation finds the orientation of a JPEG in its first segments; 1 (as it is) where there is none.
func jpegOrientation(b []byte) int {
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) || b[1] == 0xda {
			break
		}
		if exif, ok := bytes.CutPrefix(b[4:max(4, n)], []byte("Exif\x00\x00")); ok && b[1] == 0xe1 {
			return tiffOrientation(exif)
		}
		b = b[n:]
	}
	return 1
}

// tiffOrientation finds the orientation in the first directory of a TIFF.
func tiffOrientation(b []byte) int {
	order, entries := tiffEntries(b)
	for ; len(entries) > 0; entries = entries[entry:] {
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == short {
			if o := order.Uint16(entries[8:]); o >= 1 && o <= 8 {
				return int(o)
			}
			return 1
		}
	}
	return 1
}
