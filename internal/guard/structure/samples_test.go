package structure

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"

	"golang.org/x/image/bmp"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/tiff"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// scene is a picture with something to see in it.
func scene(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			n := uint8(r.UintN(24))
			m.SetRGBA(x, y, color.RGBA{uint8(x*255/w) ^ n, uint8(y*255/h) ^ n, uint8((x+y)&255) ^ n, 255})
		}
	}
	return m
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), 7})
	r.Read(b)
	return b
}

// samples are whole files of all kinds, by kind or by kind and what is special about them. All tests share them: who spoils one, spoils a copy.
func samples() map[string][]byte { return maps.Clone(madeSamples()) }

var madeSamples = sync.OnceValue(makeSamples)

func makeSamples() map[string][]byte {
	out := make(map[string][]byte)
	write := func(name string, do func(w io.Writer) error) {
		var b bytes.Buffer
		if err := do(&b); err != nil {
			panic(fmt.Sprint(name, err))
		}
		out[name] = b.Bytes()
	}
	m := scene(240, 180)
	write("jpeg", func(w io.Writer) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 90}) })
	gray := image.NewGray(m.Bounds())
	for i := range gray.Pix {
		gray.Pix[i] = m.Pix[4*i]
	}
	write("jpeg gray", func(w io.Writer) error { return jpeg.Encode(w, gray, nil) })
	write("png", func(w io.Writer) error { return png.Encode(w, m) })
	write("gif", func(w io.Writer) error { return gif.Encode(w, m, nil) })
	write("bmp", func(w io.Writer) error { return bmp.Encode(w, m) })
	write("tiff", func(w io.Writer) error { return tiff.Encode(w, m, nil) })
	write("zip", func(w io.Writer) error {
		return pack(w, "readme.txt", "読んで", "写真/1.jpg", string(out["jpeg"]))
	})
	write("office", func(w io.Writer) error {
		return pack(w, "[Content_Types].xml", "<Types/>", "word/document.xml", strings.Repeat("<w:t>卒業アルバム</w:t>", 1000), "word/media/1.png", string(out["png"]))
	})
	write("gzip", func(w io.Writer) error { return zipped(w, "", string(out["psd"])+string(out["bmp"])) })
	write("gzip of two", func(w io.Writer) error {
		return errors.Join(zipped(w, "list.csv", "氏名,学年,組\n山田太郎,六年,二組\n"), zipped(w, "", string(out["bmp"])))
	})
	write("pdf", func(w io.Writer) error { return document(w, out["jpeg"]) })
	maps.Copy(out, tiffs(m))
	out["psd"] = photoshop(m)
	out["psd of layers"], out["psd large"] = layered(m, false), layered(m, true)
	out["bmff photograph"], out["bmff film"] = photograph(), film()
	out["cfb"] = compound("WordDocument")
	out["bmff"] = movie()
	out["font"] = goregular.TTF
	out["webp"] = riff("WEBP", "VP8 ", "\x10\x00\x00\x9d\x01\x2a\xf0\x00\xb4\x00"+string(random(2, 9000)))
	out["riff"] = riff("WAVE", "fmt ", strings.Repeat("\x01", 16), "data", string(random(3, 20_001)))
	out["indesign"] = inDesignDocument()
	out["sqlite"] = database()
	text := strings.Repeat("氏名,学年,組\n山田太郎,六年,二組\n", 600)
	out["text"] = []byte(text)
	out["text ascii"] = bytes.Repeat([]byte("name,year,class\r\nYamada,6,2\r\n"), 600)
	out["text sjis"] = must(japanese.ShiftJIS.NewEncoder().Bytes([]byte(text)))
	out["text euc"] = must(japanese.EUCJP.NewEncoder().Bytes([]byte(text)))
	out["text utf16"] = must(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text)))
	out["text utf16be"] = must(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text)))
	maps.Copy(out, packedSamples())
	return out
}

// zipped writes a member of gzip.
func zipped(w io.Writer, name, content string) error {
	z := gzip.NewWriter(w)
	z.Comment = name
	_, err := io.WriteString(z, content)
	return errors.Join(err, z.Close())
}

func pack(w io.Writer, names ...string) error {
	z := zip.NewWriter(w)
	for i := 0; i+1 < len(names); i += 2 {
		f, err := z.Create(names[i])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, names[i+1]); err != nil {
			return err
		}
	}
	return z.Close()
}

// document writes a PDF with a page of text, a picture in flate and one in JPEG.
func document(w io.Writer, picture []byte) error {
	var b bytes.Buffer
	var at []int
	object := func(dict string, data []byte) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", len(at), dict)
		if data != nil {
			fmt.Fprintf(&b, "stream\n%s\nendstream\n", data)
		}
		b.WriteString("endobj\n")
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(scene(120, 120).Pix)
	if err := z.Close(); err != nil {
		return err
	}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>", nil)
	object("<< /Type /Pages /Kids [] /Count 0 >>", nil)
	object(fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>", packed.Len()), packed.Bytes())
	object(fmt.Sprintf("<< /Type /XObject /Subtype /Image /Length %d /Filter [ /DCTDecode ] >>", len(picture)), picture)
	object("<< /Length 0 /Filter /FlateDecode >>", []byte{}) // as programs write that compress whatever there is
	index := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, x := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", x)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, index)
	_, err := w.Write(b.Bytes())
	return err
}

// photoshop makes a document with a layer, whose whole picture is packed.
func photoshop(m *image.RGBA) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	b := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03")
	b = be.AppendUint32(b, uint32(h))
	b = be.AppendUint32(b, uint32(w))
	b = append(b, 0, 8, 0, 3)
	b = be.AppendUint32(b, 0)
	resources := "8BIM\x03\xed\x00\x00\x00\x00\x00\x04abcd8BIM\x04\x0c\x03abc\x00\x00\x00\x03xyz\x00"
	b = be.AppendUint32(b, uint32(len(resources)))
	b = append(b, resources...)
	channel := append([]byte{0, 0}, bytes.Repeat([]byte{5}, 64)...)
	layer := []byte{0, 1}
	layer = append(layer, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x01\x00\x00"...)
	layer = be.AppendUint32(layer, uint32(len(channel)))
	layer = append(layer, "8BIMnorm\xff\x00\x08\x00\x00\x00\x00\x00"...)
	layer = append(layer, channel...)
	for len(layer)%4 != 0 {
		layer = append(layer, 0)
	}
	b = be.AppendUint32(b, uint32(len(layer)+8))
	b = be.AppendUint32(b, uint32(len(layer)))
	b = append(b, layer...)
	b = be.AppendUint32(b, 0)
	b = append(b, 0, 1)
	var rows []byte
	for c := range 3 {
		for y := range h {
			row := []byte{}
			for x := 0; x < w; x += 128 {
				n := min(128, w-x)
				row = append(row, byte(n-1))
				for i := range n {
					row = append(row, m.Pix[4*(y*w+x+i)+c])
				}
			}
			b = be.AppendUint16(b, uint16(len(row)))
			rows = append(rows, row...)
		}
	}
	return append(b, rows...)
}

func atom(name string, data []byte) []byte {
	return append(append(be.AppendUint32(nil, uint32(len(data)+8)), name...), data...)
}

func movie() []byte {
	b := atom("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	b = append(b, atom("meta", append([]byte{0, 0, 0, 0}, append(atom("hdlr", make([]byte, 24)), atom("iloc", make([]byte, 40))...)...))...)
	b = append(b, atom("moov", atom("trak", atom("mdia", atom("minf", atom("stbl", atom("stsd", random(5, 300)))))))...)
	return append(b, atom("mdat", random(4, 20_000))...)
}

func riff(kind string, parts ...string) []byte {
	b := []byte(kind)
	for i := 0; i+1 < len(parts); i += 2 {
		b = append(b, parts[i]...)
		b = le.AppendUint32(b, uint32(len(parts[i+1])))
		b = append(b, parts[i+1]...)
		if len(parts[i+1])%2 == 1 {
			b = append(b, 0)
		}
	}
	return append(le.AppendUint32([]byte("RIFF"), uint32(len(b))), b...)
}

func inDesignDocument() []byte {
	var b []byte
	for n := range 2 {
		page := make([]byte, inDesignPage)
		copy(page, inDesign+"DOCUMENT\x01")
		le.PutUint64(page[264:], uint64(n+1))
		le.PutUint32(page[280:], 20)
		b = append(b, page...)
	}
	b = append(b, random(6, 18*inDesignPage)...)
	for id := range uint32(3) {
		data := random(uint64(id), 5000)
		if id == 1 {
			packet := `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta>卒業アルバム</x:xmpmeta>` + strings.Repeat(" ", 3000) + `<?xpacket end="w"?>`
			data = append(le.AppendUint32(nil, uint32(len(packet))), packet...)
		}
		h := append([]byte(inDesignObject), make([]byte, 16)...)
		le.PutUint32(h[16:], id)
		le.PutUint32(h[24:], uint32(len(data)))
		a := append([]byte(inDesignAfter), make([]byte, 16)...)
		copy(a[16:], h[16:])
		b = append(append(append(b, h...), data...), a...)
	}
	return append(b, make([]byte, 100)...)
}

// database makes a file of 40 pages of a tree.
func database() []byte {
	const size, pages = 1024, 40
	var b []byte
	for n := range pages {
		page := make([]byte, size)
		at := 0
		if n == 0 {
			copy(page, "SQLite format 3\x00")
			be.PutUint16(page[16:], size)
			copy(page[18:], "\x01\x01\x00\x40\x20\x20")
			be.PutUint32(page[24:], 1)
			be.PutUint32(page[28:], pages)
			be.PutUint32(page[92:], 1)
			at = 100
		}
		page[at] = 13
		be.PutUint16(page[at+3:], 2)
		be.PutUint16(page[at+5:], 800)
		be.PutUint16(page[at+8:], 900)
		be.PutUint16(page[at+10:], 800)
		copy(page[800:], random(uint64(n), 224))
		b = append(b, page...)
	}
	return b
}
