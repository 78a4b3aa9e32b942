package guard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
)

// shots are small pictures out of photographs, no two alike.
var shots = sync.OnceValue(func() func(t *testing.T, seed, quality, edge int) []byte {
	var once sync.Once
	var photos []image.Image
	return func(t *testing.T, seed, quality, edge int) []byte {
		once.Do(func() {
			for _, name := range corpus(t, ".jpg")[:12] {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if m, err := jpeg.Decode(bytes.NewReader(b)); err == nil {
					photos = append(photos, m)
				}
			}
		})
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		m := photos[seed%len(photos)]
		at := image.Pt(r.IntN(m.Bounds().Dx()-edge), r.IntN(m.Bounds().Dy()-edge))
		piece := image.NewRGBA(image.Rect(0, 0, edge, edge*3/4))
		draw.Draw(piece, piece.Bounds(), m, at.Add(m.Bounds().Min), draw.Src)
		var out bytes.Buffer
		if err := jpeg.Encode(&out, piece, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
})

func shot(t *testing.T, seed int) []byte { return shots()(t, seed, 90, 96) }

// class fills a folder of the share with pictures, as a camera's card is copied.
func (d *desk) class(dir string, n, seed int) (names []string) {
	for i := range n {
		name := fmt.Sprintf("%s/DSC_%04d.JPG", dir, i)
		d.byZero(name, shot(d.t, seed+i))
		names = append(names, name)
	}
	return names
}

func (d *desk) text(name string, n int) []byte {
	var b strings.Builder
	for i := range 20 + n%9 {
		fmt.Fprintf(&b, "%s、%d 行目：%d 年 %d 組の集合写真、三列目の左から %d 人目の名前を直してください。\r\n", name, i, n, i%5, i)
	}
	return []byte(b.String())
}

// dng is what a camera leaves, small: a TIFF with a colour filter's samples of 16 bits.
func dng(seed int) []byte {
	const w, h = 256, 192
	r := rand.New(rand.NewPCG(uint64(seed), 3))
	le := binary.LittleEndian
	type entry struct {
		tag, kind uint16
		n         uint32
		v         []byte
	}
	short := func(v ...uint16) (b []byte) {
		for _, x := range v {
			b = le.AppendUint16(b, x)
		}
		return b
	}
	long := func(v ...uint32) (b []byte) {
		for _, x := range v {
			b = le.AppendUint32(b, x)
		}
		return b
	}
	matrix := func() (b []byte) {
		for _, x := range []int32{8000, -2000, -1000, -4000, 12000, 2000, -500, 1000, 7000} {
			b = le.AppendUint32(le.AppendUint32(b, uint32(x)), 10000)
		}
		return b
	}()
	model := []byte("Album\x00")
	list := []entry{
		{254, 4, 1, long(0)}, {256, 4, 1, long(w)}, {257, 4, 1, long(h)}, {258, 3, 1, short(16)}, {259, 3, 1, short(1)}, {262, 3, 1, short(32803)},
		{271, 2, 6, model}, {272, 2, 6, model}, {273, 4, 1, nil}, {274, 3, 1, short(1)}, {277, 3, 1, short(1)}, {278, 4, 1, long(h)}, {279, 4, 1, long(w * h * 2)},
		{284, 3, 1, short(1)}, {33421, 3, 2, short(2, 2)}, {33422, 1, 4, []byte{0, 1, 1, 2}}, {50706, 1, 4, []byte{1, 4, 0, 0}}, {50708, 2, 6, model},
		{50714, 3, 1, short(256)}, {50717, 4, 1, long(16383)}, {50721, 10, 9, matrix}, {50728, 5, 3, long(1, 2, 1, 1, 1, 2)}, {50778, 3, 1, short(21)},
	}
	out := append([]byte("II*\x00"), long(8)...)
	out = append(out, short(uint16(len(list)))...)
	more := 8 + 2 + 12*len(list) + 4
	var tail []byte
	for _, e := range list {
		out = append(append(out, short(e.tag, e.kind)...), long(e.n)...)
		v := e.v
		switch {
		case e.tag == 273:
			v = long(uint32(8 + 2 + 12*len(list) + 4 + 200))
		case len(v) > 4:
			at := more + len(tail)
			tail = append(tail, v...)
			if len(tail)%2 == 1 {
				tail = append(tail, 0)
			}
			v = long(uint32(at))
		}
		out = append(out, append(v, 0, 0, 0)[:4]...)
	}
	out = append(out, 0, 0, 0, 0)
	out = append(append(out, tail...), make([]byte, 200-len(tail))...)
	for y := range h {
		for x := range w {
			out = le.AppendUint16(out, uint16(2000+40*x+20*y+r.IntN(400)))
		}
	}
	return out
}
