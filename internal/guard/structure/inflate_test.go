//go:build !race

package structure

import (
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// inflated unpacks b with ours, and returns what the sum of it is, how much it was, and how much of b was used.
func inflated(b []byte, part int) (sum uint32, n, used int64, err error) {
	s := newSource(partsOf(&slow{b, part}), true)
	defer s.free()
	crc := crc32.NewIEEE()
	n, err = new(inflater).inflate(s, false, 1<<40, crc)
	return crc.Sum32(), n, s.pos(), err
}

// slow gives so many bytes at a time.
type slow struct {
	b    []byte
	part int
}

func (r *slow) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b[:min(len(r.b), r.part)])
	r.b = r.b[n:]
	return n, nil
}

// compare compares ours with the standard library's.
func compare(t *testing.T, b []byte) {
	t.Helper()
	r := bytes.NewReader(b)
	crc := crc32.NewIEEE()
	want, wantErr := io.Copy(crc, flate.NewReader(r))
	for _, part := range []int{1, 7, 300, 1 << 20} {
		sum, n, used, err := inflated(b, part)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("in parts of %d: %v, want %v", part, err, wantErr)
		}
		if err == nil && (n != want || sum != crc.Sum32() || used != int64(len(b)-r.Len())) {
			t.Fatalf("in parts of %d: %d bytes of %d, %x, want %d of %d, %x", part, n, used, sum, want, len(b)-r.Len(), crc.Sum32())
		}
	}
}

// packed are deflated data of all sorts of blocks.
func packed() (out [][]byte) {
	for _, data := range [][]byte{nil, {7}, random(1, 100_000), make([]byte, 300_000), []byte(strings.Repeat("卒業アルバム 第一小学校 ", 9000)), scene(200, 150).Pix, append(random(2, 70), make([]byte, 70)...)} {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression, flate.HuffmanOnly} {
			var b bytes.Buffer
			w, _ := flate.NewWriter(&b, level)
			w.Write(data[:len(data)/2])
			w.Flush()
			w.Write(data[len(data)/2:])
			w.Close()
			out = append(out, append(b.Bytes(), "more than that"...))
		}
	}
	return out
}

// TestInflate: what the standard library unpacks, ours does, and uses as much for it; what that refuses, ours refuses.
func TestInflate(t *testing.T) {
	for _, b := range packed() {
		compare(t, b)
		for i := range 60 {
			at := i * len(b) / 60
			broken := bytes.Clone(b)
			broken[at] ^= 1 << (i % 8)
			compare(t, broken)
			compare(t, b[:at])
		}
	}
}

func FuzzInflate(f *testing.F) {
	n := 0
	for _, b := range packed() {
		f.Add(b[:min(len(b), 5000)])
		n++
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 64<<10 {
			compare(t, b)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, 6)
	w.Write(scene(1500, 1000).Pix)
	w.Close()
	b.Run("ours", func(b *testing.B) {
		x := new(inflater)
		b.SetBytes(int64(out.Len()))
		for b.Loop() {
			s := newSource(only(out.Bytes()), true)
			if _, err := x.inflate(s, false, 1<<40, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("standard", func(b *testing.B) {
		r := flate.NewReader(nil)
		b.SetBytes(int64(out.Len()))
		for b.Loop() {
			s := newSource(only(out.Bytes()), true)
			r.(flate.Resetter).Reset(s, nil)
			io.Copy(io.Discard, r)
		}
	})
}
