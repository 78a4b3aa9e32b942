package structure

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

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

// samples are whole files of all kinds, made here, by kind or by kind and what is special about them.
func samples() map[string][]byte {
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
	write("pdf", func(w io.Writer) error { return document(w, out["jpeg"]) })
	out["psd"] = photoshop(m)
	out["bmff"] = movie()
	out["font"] = goregular.TTF
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
	return out
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

func checked(t testing.TB, b []byte, deep bool) Finding {
	t.Helper()
	f, err := Check(bytes.NewReader(b), deep)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size != int64(len(b)) {
		t.Errorf("size %d of %d", f.Size, len(b))
	}
	if f.At < 0 || f.At > f.Size || (f.State == Damaged) != (f.Reason != "") {
		t.Errorf("%+v", f)
	}
	return f
}

// TestWhole: what is whole is valid, however it comes, and nothing follows its end.
func TestWhole(t *testing.T) {
	for name, b := range samples() {
		want := Kind(strings.Fields(name)[0])
		for _, deep := range []bool{false, true} {
			f := checked(t, b, deep)
			if f != (Finding{Kind: want, State: Valid, Size: int64(len(b))}) {
				t.Errorf("%s, deep %v: %+v", name, deep, f)
			}
			for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
				if g, err := Check(r, deep); err != nil || g.State != f.State || g.Kind != f.Kind {
					t.Errorf("%s, deep %v, in pieces: %+v, %v", name, deep, g, err)
				}
			}
			if g := Bytes(b, deep); g.State != f.State || g.Kind != f.Kind || g.Size != f.Size {
				t.Errorf("%s, deep %v, at once: %+v", name, deep, g)
			}
			for _, n := range []int{37, 5000, 100_000, len(b)} {
				if g := offered(b, n, deep); g.State != f.State || g.Kind != f.Kind || g.Size != f.Size {
					t.Errorf("%s, deep %v, in parts of %d: %+v", name, deep, n, g)
				}
			}
		}
	}
}

// offered checks content part by part, and spoils each part when it is done with.
func offered(b []byte, n int, deep bool) Finding {
	r := Begin(deep)
	for len(b) > 0 {
		part := bytes.Clone(b[:min(n, len(b))])
		r.Offer(part)
		r.Taken()
		clear(part)
		b = b[len(part):]
	}
	return r.End()
}

// replaced returns b with bytes from at on replaced.
func replaced(b []byte, at, n int) []byte {
	b = bytes.Clone(b)
	copy(b[at:min(at+n, len(b))], random(uint64(at), n))
	return b
}

// TestEncrypted: what ransomware leaves is not what it was, whichever part it has replaced. What a structure cannot show is listed.
func TestEncrypted(t *testing.T) {
	patterns := map[string]func(b []byte) []byte{
		"all":          func(b []byte) []byte { return replaced(b, 0, len(b)) },
		"first 4 KiB":  func(b []byte) []byte { return replaced(b, 0, 4096) },
		"10 % inside":  func(b []byte) []byte { return replaced(b, len(b)*45/100, len(b)/10) },
		"4 KiB inside": func(b []byte) []byte { return replaced(b, len(b)/2, 4096) },
		"64 of 192": func(b []byte) []byte {
			b = bytes.Clone(b)
			for at := 0; at < len(b); at += 192 {
				copy(b[at:min(at+64, len(b))], random(uint64(at), 64))
			}
			return b
		},
		"base64": func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(replaced(b, 0, len(b)))) },
		"cut":    func(b []byte) []byte { return b[:len(b)*2/3] },
	}
	// Data that stands in a file as it is, without a checksum, has no structure.
	bare := map[string]bool{"bmff": true, "riff": true, "indesign": true, "tiff": true, "bmp": true}
	for name, b := range samples() {
		kind := checked(t, b, true).Kind
		for pattern, do := range patterns {
			if bare[name] && (pattern == "10 % inside" || pattern == "4 KiB inside") || kind == "text" && (pattern == "base64" || pattern == "cut") {
				continue
			}
			if f := checked(t, do(b), true); f.Kind == kind && f.State == Valid {
				t.Errorf("%s, %s: %+v", name, pattern, f)
			}
		}
	}
}

// TestMimicry: picture data that only looks like such, with a 00 after each FF, is none. At a glance that shows in the first blocks; further
// behind, to who walks the codes.
func TestMimicry(t *testing.T) {
	b := samples()["jpeg"]
	at := bytes.Index(b, []byte{0xff, markSOS}) + 14
	for _, c := range []struct {
		from           int
		glance, walked State
	}{{at, Damaged, Damaged}, {len(b) * 3 / 4, Valid, Damaged}} {
		fake := bytes.Clone(b[:c.from])
		for _, x := range random(9, len(b)-c.from-100) {
			if fake = append(fake, x); x == 0xff {
				fake = append(fake, 0)
			}
		}
		fake = append(fake, 0xff, markEOI)
		if f := checked(t, fake, false); f.State != c.glance {
			t.Errorf("from %d on, at a glance: %+v", c.from, f)
		}
		if f := checked(t, fake, true); f.State != c.walked || f.Reason != badData {
			t.Errorf("from %d on, its codes: %+v", c.from, f)
		}
	}
}

// TestAsides: what programs keep beside a picture is no part of what is hidden in one, and the rest is.
func TestAsides(t *testing.T) {
	b := samples()["jpeg"]
	with := func(marker byte, head string, n int) []byte {
		seg := append([]byte{0xff, marker}, byte((n+len(head)+2)>>8), byte(n+len(head)+2))
		return append(append(append(append(bytes.Clone(b[:2]), seg...), head...), random(3, n)...), b[2:]...)
	}
	for _, c := range []struct {
		name    string
		content []byte
		aside   bool
	}{
		{"a profile of colours", with(0xe2, "ICC_PROFILE\x00", 30_000), false},
		{"notes of Photoshop", with(0xed, "Photoshop 3.0\x00", 30_000), false},
		{"a short comment", with(0xfe, "", 300), false},
		{"a long comment", with(0xfe, "", 30_000), true},
		{"a segment of nobody", with(0xef, "", 30_000), true},
	} {
		if f := checked(t, c.content, true); f.State != Valid || f.Trailing > 0 != c.aside {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// TestTrailing: what is appended is counted.
func TestTrailing(t *testing.T) {
	for _, name := range []string{"jpeg", "png", "gif", "psd", "zip"} {
		b := samples()[name]
		if f := checked(t, append(bytes.Clone(b), random(1, 528)...), true); f.State != Valid || f.Trailing != 528 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSealed: a file that its owner has locked with a password is whole, and says so.
func TestSealed(t *testing.T) {
	b := bytes.Clone(samples()["zip"])
	first := bytes.Index(b, []byte("PK\x03\x04"))
	b[first+6] |= zipLocked
	if f := checked(t, b, false); f.State != Valid || !f.Sealed {
		t.Errorf("zip: %+v", f)
	}
	pdf := samples()["pdf"]
	pdf = replaced(pdf, bytes.Index(pdf, []byte("/FlateDecode"))+30, 200)
	if f := checked(t, pdf, true); f.State != Damaged {
		t.Fatalf("pdf: %+v", f)
	}
	pdf = bytes.Replace(pdf, []byte("/Root"), []byte("/Encrypt 9 0 R /Root"), 1)
	if f := checked(t, pdf, true); f.State != Valid || !f.Sealed {
		t.Errorf("pdf: %+v", f)
	}
}

// TestEven tells random bytes from others of which no kind is known.
func TestEven(t *testing.T) {
	for name, b := range map[string][]byte{"encrypted": random(1, 100_000), "long": random(2, 1_000_000)} {
		if f := checked(t, b, false); f != (Finding{Even: true, Size: int64(len(b))}) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for name, b := range map[string][]byte{"nothing": nil, "little": random(1, 1000), "zeros": make([]byte, 5000), "numbers": binary.LittleEndian.AppendUint64(bytes.Repeat([]byte{1, 0, 0, 0, 200}, 5000), 7)} {
		if f := checked(t, b, false); f != (Finding{Size: int64(len(b))}) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestErrors: an error of reading is no finding.
func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, b := range samples() {
		for _, n := range []int{0, 3, 600, len(b) / 2, len(b) - 1} {
			if f, err := Check(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), true); err != broken {
				t.Errorf("%s broken after %d: %+v, %v", name, n, f, err)
			}
		}
	}
}

// TestBomb: a little that becomes a lot costs no more than a bound.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 3 {
		must(must(z.Create(fmt.Sprint(i))).Write(make([]byte, 1<<20)))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := newSource(partsOf(bytes.NewReader(b.Bytes())), true)
	s.budget = 2 << 20
	if f, err := check(s); err != nil || f.State != Valid || s.budget != 0 || s.deep {
		t.Errorf("%+v, %v, %d left", f, err, s.budget)
	}
}

// FuzzCheck: no content makes a check fail, hang, or read another size than it has.
func FuzzCheck(f *testing.F) {
	n := 0
	for _, b := range samples() {
		f.Add(b[:min(len(b), 20_000)], true)
		f.Add(b[:min(len(b), 700)], false)
		n++
	}
	f.Add(bytes.ReplaceAll(samples()["jpeg"], []byte{0xff, markDHT}, []byte{0xff, 0xe9}), true) // without its tables
	if n < 15 {
		f.Fatalf("%d seeds", n)
	}
	f.Fuzz(func(t *testing.T, b []byte, deep bool) { checked(t, b, deep) })
}

func BenchmarkCheck(b *testing.B) {
	var large bytes.Buffer
	if err := jpeg.Encode(&large, scene(4000, 3000), &jpeg.Options{Quality: 92}); err != nil {
		b.Fatal(err)
	}
	all := samples()
	all["jpeg of 12 megapixels"] = large.Bytes()
	for name, data := range all {
		for _, deep := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/deep=%v", strings.ReplaceAll(name, " ", "-"), deep), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					Bytes(data, deep)
				}
			})
		}
	}
}
