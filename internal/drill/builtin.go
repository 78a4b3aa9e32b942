package drill

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"strings"
)

// builtIn is a small factory: schools with photographs, proofs, texts, archives, and what nobody can look into.
func builtIn() (out []file, err error) {
	add := func(name string, content []byte) {
		out = append(out, file{name: name, made: content, size: int64(len(content))})
	}
	for i, school := range []string{"第一小学校", "第二小学校", "北中学校", "南中学校"} {
		for n := range 20 {
			add(fmt.Sprintf("%s/3年B組/IMG_%04d.JPG", school, n), picture(uint64(100*i+n)))
		}
		var b bytes.Buffer
		if err := png.Encode(&b, scene(uint64(900+i), 160, 120)); err != nil {
			return nil, err
		}
		add(school+"/校章.png", b.Bytes())
		b = bytes.Buffer{}
		z := zip.NewWriter(&b)
		w, err := z.Create("名簿.csv")
		if err != nil {
			return nil, err
		}
		io.WriteString(w, strings.Repeat(fmt.Sprintf("%d,佐藤,花子,3年B組\r\n", i), 300))
		if err := z.Close(); err != nil {
			return nil, err
		}
		add(school+"/入稿.zip", b.Bytes())
		add(school+"/連絡.txt", []byte(strings.Repeat(fmt.Sprintf("校正 %d：三列目、左から二人目の名前を直してください。\r\n", i), 30)))
		add(school+"/名簿.csv", []byte(strings.Repeat(fmt.Sprintf("%d,鈴木,一郎,3年A組\r\n", i), 150)))
		r := make([]byte, 30_000+i)
		rand.NewChaCha8([32]byte{byte(i), 7}).Read(r)
		add(school+"/色見本.dat", r)
	}
	return out, nil
}

// picture is a JPEG that no other is like.
func picture(seed uint64) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, scene(seed, 360, 270), &jpeg.Options{Quality: 85}) // a buffer takes everything
	return b.Bytes()
}

func scene(seed uint64, w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(seed, 11))
	a, c := 1+r.IntN(7), 1+r.IntN(9)
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(a*x + int(seed)), uint8(c * y), uint8(x*y/97 + r.IntN(20)), 255})
		}
	}
	return m
}
