//go:build !race

package structure

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// ownBlocks are eight blocks of deflated data, each with codes of its own, that hold so many letters each. They are made bit by bit: nobody's
// packer does.
func ownBlocks(letters int) string {
	var out []byte
	n := 0
	put := func(v, bits int) {
		for i := range bits {
			if n%8 == 0 {
				out = append(out, 0)
			}
			out[n/8] |= byte(v>>i&1) << (n % 8)
			n++
		}
	}
	for range 8 {
		put(2<<1, 3)
		put(14<<10, 14) // 257 literals, one distance, 18 lengths of lengths
		for i := range 18 {
			if i == 2 || i == 17 { // of 138 zeros or fewer, and of a code of one bit
				put(1, 3)
			} else {
				put(0, 3)
			}
		}
		put(1|86<<1, 8) // 97 zeros; the letter a; 158 zeros; the end; a distance
		put(0, 1)
		put(1|127<<1, 8)
		put(1|9<<1, 8)
		put(0, 2)
		put(0, letters)
		put(1, 1)
	}
	return string(out)
}

func pngChunk(kind string, data []byte) []byte {
	b := append(be.AppendUint32(nil, uint32(len(data))), append([]byte(kind), data...)...)
	return be.AppendUint32(b, crc32.ChecksumIEEE(append([]byte(kind), data...)))
}

// emptyBombs are made of blocks that hold nothing: those of fixed codes are the smallest, and the others have codes to be made.
var emptyBombs = sync.OnceValue(func() map[string][]byte {
	const n = 1 << 20
	out := make(map[string][]byte)
	for kind, block := range map[string]string{"fixed": "\x02\x08\x20\x80\x00", "other": ownBlocks(0)} {
		blocks := strings.Repeat(block, 2*n/len(block))
		out["gzip of "+kind+" blocks"] = []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + blocks)
		dot := []byte("\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00")
		out["png of "+kind+" blocks"] = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join([][]byte{pngChunk("IHDR", dot), pngChunk("IDAT", []byte("\x78\x9c"+blocks)), pngChunk("IEND", nil)}, nil)...)
		head := le.AppendUint32(le.AppendUint32([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), uint32(len(blocks))), uint32(len(blocks)))
		out["zip of "+kind+" blocks"] = append(append(head, "\x01\x00\x00\x00a"...), blocks...)
	}
	return out
})

// bombs are files that want to be much more work, or much more memory, than they are long. It is a long function because it is a list.
func bombs() map[string][]byte {
	const n = 1 << 20
	out := make(map[string][]byte)
	zeros := deflated(make([]byte, 64*n))
	header := append(be.AppendUint32(be.AppendUint32(nil, 60_000_000), 60_000_000), 16, 6, 0, 0, 0)
	out["png of zeros"] = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join([][]byte{pngChunk("IHDR", header), pngChunk("IDAT", zeros), pngChunk("IEND", nil)}, nil)...)
	maps.Copy(out, emptyBombs())
	maps.Copy(out, sevenBombs())
	xz := packedSamples()["xz"]
	out["xz of streams"] = bytes.Repeat(packedSamples()["xz of several"], n/400)
	out["xz of nothing"] = append(bytes.Clone(xz), make([]byte, 4*n)...)
	out["xz of chunks"] = append(bytes.Clone(xz[:24]), bytes.Repeat([]byte("\x01\x00\x00\x00"), n)...)
	out["pdf of zeros"] = []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj <</Filter/FlateDecode>> stream\n"+string(zeros)+"\nendstream endobj\n", 40))
	out["pdf of streams"] = []byte("%PDF-1.7\n" + strings.Repeat("stream\nendstream", n/2))
	out["pdf of objects"] = []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj<</Length 0/Filter/FlateDecode>>stream\nx\nendstream endobj ", n/8))
	out["pdf of pointers"] = []byte("%PDF-1.7\n" + strings.Repeat("startxref 1 ", n/2))
	out["pdf of indexes"] = []byte("%PDF-1.7\n" + strings.Repeat("xref", n))
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for i := range 20 {
		w, _ := z.Create(fmt.Sprint(i))
		for range 64 {
			w.Write(make([]byte, n))
		}
	}
	z.Close()
	out["zip of zeros"] = archive.Bytes()
	member := append([]byte("PK\x03\x04\x14\x00\x08\x00\x08\x00"), make([]byte, 20)...)
	out["zip of members"] = bytes.Repeat(append(member, "\x03\x00PK\x07\x08\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"...), n/16)
	out["psd of rows"] = append([]byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x38\x00\x04\x93\xe0\x00\x04\x93\xe0\x00\x20\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), make([]byte, 4*n)...)
	out["psd of channels"] = append([]byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xf0\xff\xff\xff\x00\x7f\xff"),
		bytes.Repeat([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff\xff\xff\x7f\xff\xff\xff\x00\x018BIM"), n/8)...)
	loop := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x4a\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00")
	out["tiff in a circle"] = append(loop, make([]byte, n)...)
	var strips [][]byte
	for range 100_000 {
		strips = append(strips, []byte{0x80, 0x00})
	}
	out["tiff of strips"], out["tiff of strips before"] = tiffOf(tiffLZW, strips, true), tiffOf(tiffLZW, strips, false)
	falling := tiffOf(tiffPackBits, strips[:60_000], true)
	for i := range 60_000 {
		le.PutUint32(falling[62+4*i:], uint32(len(falling)-2*i))
	}
	out["tiff of falling strips"] = falling
	deep := []byte{}
	for range 2000 {
		deep = atom("moov", deep)
	}
	out["bmff of boxes in boxes"] = append(atom("ftyp", []byte("isom\x00\x00\x00\x00")), deep...)
	nothing := []byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}
	nothing = append(nothing, bytes.Repeat([]byte{0, 1, 0, 0, 0xff, 0xff}, 60_000)...)
	out["bmff of nothing"] = append(atom("ftyp", []byte("heic\x00\x00\x00\x00")), atom("meta", append([]byte{0, 0, 0, 0}, atom("iloc", nothing)...))...)
	out["bmff of tracks"] = append(atom("ftyp", []byte("isom\x00\x00\x00\x00")), atom("moov", bytes.Repeat(atom("trak", atom("stsz", []byte("\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"))), n/16))...)
	out["bmff of data"] = append(film(), bytes.Repeat(atom("mdat", nil), n/2)...)
	var photo bytes.Buffer
	jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 8)), nil)
	small := photo.Bytes()
	out["pdf of photographs"] = []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj<</Filter/DCTDecode>>stream\n"+string(small)+"\nendstream endobj ", n/256))
	table := "\xff\xc4\x00\x14\x10\x01" + strings.Repeat("\x00", 16)
	out["jpeg of tables"] = append([]byte("\xff\xd8"), strings.Repeat(table, n/4)...)
	scan := "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00\x00"
	out["jpeg of scans"] = []byte("\xff\xd8\xff\xc2\x00\x0b\x08\x20\x00\x20\x00\x01\x01\x11\x00" + table + strings.Repeat(scan, n/8))
	dot := "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
	out["gif of dots"] = []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00" + strings.Repeat(dot, n/4))
	out["gif of a colour"] = []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00" + strings.Repeat("\x2c\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\xff"+strings.Repeat("\x44", 255), n/256))
	turning := compound("WordDocument")
	for i := range 100 {
		le.PutUint32(turning[512+4*i+8:], uint32(i+2))
	}
	out["cfb in a circle"] = append(turning, make([]byte, n)...)
	fake := compound("WordDocument")
	le.PutUint32(fake[44:], 1<<26)
	out["cfb of tables"] = append(fake, bytes.Repeat([]byte{0, 0, 0, 1}, n)...)
	page := make([]byte, 512)
	copy(page, database()[:100])
	page[16], page[17], page[100] = 2, 0, 13
	out["sqlite of pages"] = append(page, make([]byte, 4*n)...)
	font := []byte("\x00\x01\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00")
	for range 255 {
		font = append(font, "abcd\x00\x00\x00\x00\x00\x00\x10\x0c\x00\x40\x00\x00"...)
	}
	out["font of one table"] = append(font, make([]byte, 4*n)...)
	return out
}

// TestHostile: a file that wants to be much work is no more of it than its length allows, and a bound that holds for all; and so is the
// memory. Both are counted: what was asked for, what was inflated or is thought to be as much work, and the bytes that were allocated.
func TestHostile(t *testing.T) {
	const room = 48 << 20
	for name, b := range bombs() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := newSource(only(b), true)
			f, err := check(s)
			s.free()
			runtime.ReadMemStats(&after)
			if err != nil || f.Size != int64(len(b)) {
				t.Errorf("%+v, %v", f, err)
			}
			if kind, _, _ := strings.Cut(name, " "); string(f.Kind) != kind {
				t.Errorf("it is %q", f.Kind)
			}
			if most := int64(4*len(b) + 10_000); s.work > most {
				t.Errorf("asked %d times for something of %d bytes", s.work, len(b))
			}
			if used := int64(after.TotalAlloc - before.TotalAlloc); used > room+int64(len(b)) {
				t.Errorf("%d MiB of memory for %d KiB", used>>20, len(b)>>10)
			}
			t.Logf("%d KiB: %v %s, %d MiB of memory, asked %d times, inflated %d MiB", len(b)>>10, f.State, f.Reason, (after.TotalAlloc-before.TotalAlloc)>>20, s.work, (maxInflated-s.budget)>>20)
		})
	}
}

// TestBomb: a little that becomes a lot costs no more than a bound, and is not taken to be damaged.
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

// TestBlocks: more blocks that hold nothing than any packer writes are no deflated data, whoever looks, and little work.
func TestBlocks(t *testing.T) {
	for name, b := range emptyBombs() {
		for _, deep := range []bool{true, false} {
			s := newSource(only(b), deep)
			f, err := check(s)
			if used := maxInflated - s.budget; err != nil || f.State != Damaged || f.Reason != badData || used > 1<<20 {
				t.Errorf("%s, %v: %+v, %d used, %v", name, deep, f, used, err)
			}
			s.free()
		}
	}
}

// TestSmallBlocks: blocks that hold a little are work. It is counted, and where it uses the budget up nothing is taken to be damaged.
func TestSmallBlocks(t *testing.T) {
	b := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + strings.Repeat(ownBlocks(fewBytes), maxInflated/tableCost/8+1))
	s := newSource(only(b), true)
	defer s.free()
	if f, err := check(s); err != nil || f.State != Valid || s.budget != 0 {
		t.Errorf("%+v, %d left, %v", f, s.budget, err)
	}
}

// TestFlushes: what programs write that flush after each line, or while nothing happens, and what writes whole bytes in between, is whole.
// Junk behind it is seen as such.
func TestFlushes(t *testing.T) {
	written := func(content []byte, each, idle int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		for range idle {
			w.Flush()
		}
		for len(content) > 0 {
			n := min(each, len(content))
			must(w.Write(content[:n]))
			if content = content[n:]; len(content) > 0 {
				w.Flush()
			}
		}
		w.Close()
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		content    []byte
		each, idle int
		even       bool
	}{
		"lines":             {bytes.Repeat([]byte("2026-11-24T09:00:00Z GET /albums/2026/a.jpg 200 4711 192.0.2.7 sato laptop\n"), 20_000), 77, 0, false},
		"an idle hour":      {[]byte(strings.Repeat("nothing happens\n", 300)), 1 << 20, 1000, false},
		"junk behind it":    {random(50, 300_000), 1 << 20, 1000, true},
		"junk, by the line": {random(51, 300_000), 100, 0, true},
	} {
		for _, deep := range []bool{true, false} {
			if f := Bytes(written(c.content, c.each, c.idle), deep); f.State != Valid || f.Even != c.even {
				t.Errorf("%s, %v: %+v", name, deep, f)
			}
		}
	}
}
