package structure

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/jpeg"
	"slices"
	"strings"

	"golang.org/x/image/tiff"
)

// deflated returns data in zlib's form.
func deflated(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// packBits packs a row, with runs where there are some.
func packBits(row []byte) (out []byte) {
	for len(row) > 0 {
		n := 1
		for n < len(row) && n < 128 && row[n] == row[0] {
			n++
		}
		if n > 2 {
			out, row = append(out, byte(257-n), row[0]), row[n:]
			continue
		}
		n = min(len(row), 100)
		out, row = append(append(out, byte(n-1)), row[:n]...), row[n:]
	}
	return out
}

// tiffOf writes a TIFF of strips, with its directory before them, as cameras and Photoshop do, or behind, as others do.
func tiffOf(compression uint16, strips [][]byte, front bool) []byte {
	const fields = 4
	directory := 8
	data := directory + 2 + fields*12 + 4 + 8*len(strips)
	total := 0
	for _, x := range strips {
		total += len(x)
	}
	if !front {
		directory, data = 8+total, 8
	}
	b := append([]byte("II*\x00"), le.AppendUint32(nil, uint32(directory))...)
	write := func() {
		arrays := directory + 2 + fields*12 + 4
		b = le.AppendUint16(b, fields)
		for _, f := range [][4]uint32{{256, 4, 1, 120}, {259, 3, 1, uint32(compression)}, {273, 4, uint32(len(strips)), uint32(arrays)}, {279, 4, uint32(len(strips)), uint32(arrays + 4*len(strips))}} {
			b = le.AppendUint16(le.AppendUint16(b, uint16(f[0])), uint16(f[1]))
			b = le.AppendUint32(le.AppendUint32(b, f[2]), f[3])
		}
		b = le.AppendUint32(b, 0)
		at := data
		for _, x := range strips {
			b = le.AppendUint32(b, uint32(at))
			at += len(x)
		}
		for _, x := range strips {
			b = le.AppendUint32(b, uint32(len(x)))
		}
	}
	if front {
		write()
	}
	for _, x := range strips {
		b = append(b, x...)
	}
	if !front {
		write()
	}
	return b
}

// tiffs are pictures of all compressions that are looked into.
func tiffs(m *image.RGBA) map[string][]byte {
	out := make(map[string][]byte)
	var deflate, bits, photos [][]byte
	for y := 0; y < m.Rect.Dy(); y += 20 {
		part := m.SubImage(image.Rect(0, y, m.Rect.Dx(), y+20)).(*image.RGBA)
		pixels := m.Pix[y*m.Stride : (y+20)*m.Stride]
		deflate = append(deflate, deflated(pixels))
		var rows []byte
		for r := range 20 {
			rows = append(rows, packBits(pixels[r*m.Stride:(r+1)*m.Stride])...)
		}
		bits = append(bits, rows)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, part, nil); err != nil {
			panic(err)
		}
		photos = append(photos, b.Bytes())
	}
	for _, front := range []bool{true, false} {
		where := map[bool]string{true: "in front", false: "behind"}[front]
		out["tiff deflate "+where] = tiffOf(tiffDeflate, deflate, front)
		out["tiff jpeg "+where] = tiffOf(tiffJPEG, photos, front)
	}
	out["tiff packbits in front"] = tiffOf(tiffPackBits, bits, true)
	var b bytes.Buffer
	if err := tiff.Encode(&b, m, &tiff.Options{Compression: tiff.Deflate}); err != nil {
		panic(err)
	}
	out["tiff of go"] = b.Bytes()
	return out
}

// layered makes a document whose layers are packed in the two ways that there are.
func layered(m *image.RGBA, large bool) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	long := func(b []byte, n int) []byte {
		if large {
			b = be.AppendUint32(b, 0)
		}
		return be.AppendUint32(b, uint32(n))
	}
	var records, pictures []byte
	records = be.AppendUint16(records, 2)
	for l := range 2 {
		for _, x := range []int{0, 0, h, w} {
			records = be.AppendUint32(records, uint32(x))
		}
		records = be.AppendUint16(records, 3)
		for c := range 3 {
			data := []byte{0, byte(1 + l)}
			var rows []byte
			for y := range h {
				row := make([]byte, w)
				for x := range row {
					row[x] = m.Pix[y*m.Stride+4*x+c]
				}
				if l == 1 {
					rows = append(rows, row...)
					continue
				}
				packed := packBits(row)
				if large {
					data = be.AppendUint16(data, 0)
				}
				data = be.AppendUint16(data, uint16(len(packed)))
				rows = append(rows, packed...)
			}
			if l == 1 {
				rows = deflated(rows)
			}
			data = append(data, rows...)
			records = long(be.AppendUint16(records, uint16(c)), len(data))
			pictures = append(pictures, data...)
		}
		records = append(records, "8BIMnorm\xff\x00\x08\x00\x00\x00\x00\x00"...)
	}
	info := append(records, pictures...)
	for len(info)%4 != 0 {
		info = append(info, 0)
	}
	section := append(long(nil, len(info)), info...)
	section = be.AppendUint32(section, 0)
	section = append(be.AppendUint32(append(section, "8BIMPatt"...), 6), "abcdef\x00\x00"...)
	section = append(long(append(section, "8BIMFMsk"...), 12), "abcdefghijkl"...)
	b := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03")
	if large {
		b[5] = 2
	}
	b = be.AppendUint32(be.AppendUint32(b, uint32(h)), uint32(w))
	b = append(b, 0, 8, 0, 3)
	b = be.AppendUint32(be.AppendUint32(b, 0), 0)
	b = append(long(b, len(section)), section...)
	return append(b, append([]byte{0, 0}, make([]byte, w*h*3)...)...)
}

// units are units of moving pictures, with a length of four bytes before each.
func units(head []byte, sizes ...int) (out []byte) {
	for i, n := range sizes {
		u := append(slices.Clone(head), random(uint64(i), n-len(head))...)
		out = append(be.AppendUint32(out, uint32(n)), append([]byte{}, u...)...)
	}
	return out
}

// photograph is a HEIC picture of many tiles, as telephones make them.
func photograph() []byte {
	const tiles = 24
	var data []byte
	var at, size []int
	for i := range tiles {
		u := units([]byte{0x26, 0x01}, 900+i)
		at, size, data = append(at, len(data)), append(size, len(u)), append(data, u...)
	}
	build := func(from int) []byte {
		info := append([]byte{0, 0, 0, 0}, be.AppendUint16(nil, tiles)...)
		places := be.AppendUint16([]byte{0, 0, 0, 0, 0x44, 0x00}, tiles)
		for i := range tiles {
			info = append(info, atom("infe", append(append([]byte{2, 0, 0, 0}, be.AppendUint16(nil, uint16(i+1))...), "\x00\x00hvc1\x00"...))...)
			places = be.AppendUint16(be.AppendUint16(be.AppendUint16(places, uint16(i+1)), 0), 1)
			places = be.AppendUint32(be.AppendUint32(places, uint32(from+at[i])), uint32(size[i]))
		}
		config := append(make([]byte, 21), 0x0f, 0)
		meta := append([]byte{0, 0, 0, 0}, atom("hdlr", make([]byte, 24))...)
		meta = append(append(meta, atom("iinf", info)...), atom("iloc", places)...)
		meta = append(meta, atom("iprp", atom("ipco", atom("hvcC", config)))...)
		b := append(atom("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), atom("meta", meta)...)
		return append(b, atom("mdat", data)...)
	}
	return build(len(build(0)) - len(data))
}

// film is a film whose index comes first.
func film() []byte {
	const chunks, each = 12, 5
	var data, sizes, places []byte
	var at []int
	for range chunks {
		at = append(at, len(data))
		for k := range each {
			u := units([]byte{0x65}, 300+k, 90)
			sizes, data = be.AppendUint32(sizes, uint32(len(u))), append(data, u...)
		}
		data = append(data, random(8, 512)...) // sound
	}
	build := func(from int) []byte {
		places = be.AppendUint32(make([]byte, 4), chunks)
		for _, x := range at {
			places = be.AppendUint32(places, uint32(from+x))
		}
		config := atom("avcC", []byte{1, 100, 0, 31, 0xff, 0xe0, 0})
		entry := atom("avc1", append(make([]byte, 78), config...))
		stbl := atom("stsd", append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, entry...))
		stbl = append(stbl, atom("stsz", append(be.AppendUint32(make([]byte, 8), chunks*each), sizes...))...)
		stbl = append(stbl, atom("stsc", append(be.AppendUint32(make([]byte, 4), 1), 0, 0, 0, 1, 0, 0, 0, each, 0, 0, 0, 1))...)
		stbl = append(stbl, atom("stco", places)...)
		b := append(atom("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")), atom("moov", atom("trak", atom("mdia", atom("minf", atom("stbl", stbl)))))...)
		return append(b, atom("mdat", data)...)
	}
	return build(len(build(0)) - len(data))
}

// compound makes a compound file with one stream.
func compound(stream string) []byte {
	const size, sectors = 512, 60
	h := make([]byte, size)
	copy(h, cfbMagic)
	le.PutUint16(h[24:], 0x3e)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xfffe)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[44:], 1)
	le.PutUint32(h[48:], 1)
	le.PutUint32(h[56:], 4096)
	le.PutUint32(h[60:], cfbEnd)
	le.PutUint32(h[68:], cfbEnd)
	for i := 76; i < size; i += 4 {
		le.PutUint32(h[i:], 0xffffffff)
	}
	le.PutUint32(h[76:], 0)
	table := bytes.Repeat([]byte{0xff}, size)
	le.PutUint32(table, cfbFAT)
	le.PutUint32(table[4:], cfbEnd)
	for i := 2; i < sectors; i++ {
		le.PutUint32(table[4*i:], uint32(i+1))
	}
	le.PutUint32(table[4*(sectors-1):], cfbEnd)
	directory := make([]byte, size)
	entry := func(b []byte, name string, kind byte) {
		for i, c := range []byte(name) {
			b[2*i] = c
		}
		le.PutUint16(b[64:], uint16(2*len(name)+2))
		b[66], b[67] = kind, 1
	}
	entry(directory, "Root Entry", 5)
	entry(directory[cfbEntry:], stream, 2)
	return slices.Concat(h, table, directory, []byte(strings.Repeat("卒業アルバム 第一小学校\r\n", 2000))[:(sectors-2)*size])
}
