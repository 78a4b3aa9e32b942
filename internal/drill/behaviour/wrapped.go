package behaviour

import (
	"archive/zip"
	"bytes"
	"encoding/ascii85"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
)

// wrap puts bytes into something that programs open without a word.
func (l Look) wrap(b []byte) []byte {
	switch l {
	case Base85:
		out := make([]byte, ascii85.MaxEncodedLen(len(b)))
		return out[:ascii85.Encode(out, b)]
	case UU:
		return uuencoded(b)
	case RTF:
		return fmt.Appendf(nil, "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\pard{\\*\\data\n%s}\\par}\n", lines(hex.EncodeToString(b), 128))
	case XML:
		return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<data>\n%s</data>\n", lines(base64.StdEncoding.EncodeToString(b), 76))
	case Stored, Office:
		return storedZip(b, l == Office)
	case PDF:
		return onePage(b)
	case WAV:
		return sound(b)
	case Bitmap, Pixels:
		return pixels(b, l)
	case Snow:
		var out bytes.Buffer
		jpeg.Encode(&out, square(b[:min(len(b), 1<<20)]), &jpeg.Options{Quality: 90}) // a buffer takes everything
		return out.Bytes()
	case Same:
		return decoy()
	}
	return b
}

// lines breaks a text into lines.
func lines(s string, n int) string {
	var out strings.Builder
	for len(s) > 0 {
		k := min(n, len(s))
		out.WriteString(s[:k])
		out.WriteByte('\n')
		s = s[k:]
	}
	return out.String()
}

// uuencoded is what mail programs of old sent.
func uuencoded(b []byte) []byte {
	out := []byte("begin 644 data\n")
	char := func(x byte) byte { return (x&0x3f+63)%64 + 33 }
	for len(b) > 0 {
		n := min(45, len(b))
		line := append(bytes.Clone(b[:n]), 0, 0)
		out = append(out, byte(n)+32)
		for i := 0; i < n; i += 3 {
			x, y, z := line[i], line[i+1], line[i+2]
			out = append(out, char(x>>2), char(x<<4|y>>4), char(y<<2|z>>6), char(z))
		}
		out, b = append(out, '\n'), b[n:]
	}
	return append(out, "`\nend\n"...)
}

// storedZip is an archive, or what a word processor saves, whose one large member is as it is.
func storedZip(b []byte, office bool) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	put := func(name string, method uint16, b []byte) {
		if w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method}); err == nil {
			w.Write(b)
		}
	}
	name := "data"
	if office {
		put("[Content_Types].xml", zip.Deflate, []byte(`<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`))
		put("word/document.xml", zip.Deflate, []byte(`<?xml version="1.0"?><w:document/>`))
		name = "word/media/image1.emf"
	}
	put(name, zip.Store, b)
	z.Close()
	return out.Bytes()
}

// onePage is a PDF with a page, and a stream that the page does not show.
func onePage(b []byte) []byte {
	var out bytes.Buffer
	var at []int
	object := func(body string, stream []byte) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\n", len(at), body)
		if stream != nil {
			out.WriteString("stream\n")
			out.Write(stream)
			out.WriteString("\nendstream\n")
		}
		out.WriteString("endobj\n")
	}
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>", nil)
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", nil)
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>", nil)
	object(fmt.Sprintf("<< /Length %d >>", len(b)), b)
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, x := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", x)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return out.Bytes()
}

// sound is a WAV of 16 bits, in one channel.
func sound(b []byte) []byte {
	le := binary.LittleEndian
	b = b[:len(b)&^1]
	out := le.AppendUint32([]byte("RIFF"), uint32(36+len(b)))
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x44\xac\x00\x00\x88\x58\x01\x00\x02\x00\x10\x00data"...)
	return append(le.AppendUint32(out, uint32(len(b))), b...)
}

// square is a grey picture of bytes.
func square(b []byte) *image.Gray {
	edge := max(1, int(math.Sqrt(float64(len(b)))))
	m := image.NewGray(image.Rect(0, 0, edge, edge))
	copy(m.Pix, b)
	return m
}

// pixels is a picture of bytes that keeps all of them.
func pixels(b []byte, l Look) []byte {
	m := square(b)
	if l == Pixels {
		var out bytes.Buffer
		(&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&out, m) // a buffer takes everything
		return out.Bytes()
	}
	le, edge := binary.LittleEndian, m.Rect.Dx()
	row := (3*edge + 3) &^ 3
	data := make([]byte, row*(edge/3+1))
	copy(data, b)
	out := le.AppendUint32([]byte("BM"), uint32(54+len(data)))
	out = append(out, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0)
	out = le.AppendUint32(out, uint32(edge))
	out = le.AppendUint32(out, uint32(edge/3+1))
	out = append(out, 1, 0, 24, 0, 0, 0, 0, 0)
	out = le.AppendUint32(out, uint32(len(data)))
	return append(append(out, make([]byte, 16)...), data...)
}
