package vault_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// BenchmarkGuard saves photographs of 10 MB and Photoshop documents of 100 MB, new and over one another, with the guard and without: the whole
// save, and the time from the last byte to the answer.
func BenchmarkGuard(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(seed byte) []byte
	}{{"jpeg", heavyPhotograph}, {"psd", heavyDocument}} {
		contents := [][]byte{c.make(1), c.make(2)}
		for _, over := range []bool{false, true} {
			for _, on := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/over=%v/guard=%v", c.name, over, on), func(b *testing.B) { saves(b, contents, over, on) })
			}
		}
	}
}

// heavyPhotograph is a JPEG of 10 MB.
func heavyPhotograph(seed byte) []byte {
	m := image.NewYCbCr(image.Rect(0, 0, 5200, 3900), image.YCbCrSubsampleRatio420)
	r := rand.NewChaCha8([32]byte{seed})
	r.Read(m.Y)
	for k := range m.Y {
		m.Y[k] = byte(k%5200/24) + m.Y[k]%48
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// heavyDocument is a PSD of 100 MB: a layer of three channels in PackBits, and the whole picture, which is empty.
func heavyDocument(seed byte) []byte {
	const width, height = 8192, 4096
	be := binary.BigEndian
	r := rand.NewChaCha8([32]byte{seed, 1})
	row := make([]byte, width)
	var channel []byte
	r.Read(row)
	rows := make([]byte, 0, width*height)
	channel = append(channel, 0, 1)
	for y := range height {
		begin := len(rows)
		for x := 0; x < width; x += 128 {
			rows = append(rows, 127)
			for k := range 128 {
				rows = append(rows, byte(y/16)+row[(x+k+y*131)%width]%32)
			}
		}
		channel = be.AppendUint16(channel, uint16(len(rows)-begin))
	}
	channel = append(channel, rows...)
	info := be.AppendUint16(nil, 1)
	for _, n := range []uint32{0, 0, height, width} {
		info = be.AppendUint32(info, n)
	}
	info = be.AppendUint16(info, 3)
	for i := range uint16(3) {
		info = be.AppendUint32(be.AppendUint16(info, i), uint32(len(channel)))
	}
	info = append(info, "8BIMnorm\xff\x00\x08\x00\x00\x00\x00\x00"...)
	for range 3 {
		info = append(info, channel...)
	}
	for len(info)%4 != 0 {
		info = append(info, 0)
	}
	out := append([]byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03"), be.AppendUint32(be.AppendUint32(nil, height), width)...)
	out = be.AppendUint32(be.AppendUint32(append(out, 0, 8, 0, 3), 0), 0)
	out = be.AppendUint32(be.AppendUint32(out, uint32(len(info)+8)), uint32(len(info)))
	out = be.AppendUint32(append(out, info...), 0)
	empty := bytes.Repeat([]byte{0x81, 0}, width/128)
	out = append(out, 0, 1)
	for range 3 * height {
		out = be.AppendUint16(out, uint16(len(empty)))
	}
	return append(out, bytes.Repeat(empty, 3*height)...)
}

// saves saves contents in turn, over one another or each as a new file.
func saves(b *testing.B, contents [][]byte, over, on bool) {
	k := newTestKeeper(b, "s")
	if on {
		k.guard = guard.New(guard.Config{})
	}
	h := openHouse(b, b.TempDir(), k)
	defer h.close()
	f := h.v.As(person("sato"))
	save(b, f, "/s/0", contents[0])
	b.SetBytes(int64(len(contents[0])))
	var ends []time.Duration
	for n := range b.N {
		content := contents[(n+1)%2]
		name := pathname.Path("/s/0")
		if !over {
			name = pathname.Path(fmt.Sprintf("/s/%d", n+1))
		}
		d, err := f.Create(b.Context(), name)
		must(b, err)
		_, err = io.Copy(d, bytes.NewReader(content))
		must(b, err)
		begun := time.Now()
		i, err := d.Commit(b.Context(), vault.Save{})
		must(b, err)
		ends = append(ends, time.Since(begun))
		if i.Found.Damaged || i.Found.Kind == "" {
			b.Fatalf("%+v", i.Found)
		}
	}
	slices.Sort(ends)
	b.ReportMetric(float64(ends[len(ends)/2].Microseconds())/1000, "ms-end-p50")
	b.ReportMetric(float64(ends[len(ends)*99/100].Microseconds())/1000, "ms-end-p99")
}
