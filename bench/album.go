package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"path"
	"strings"
)

// An album tree: schools, classes, photographs, layouts, lists of names.
const (
	albumPhotos  = 1560 // at full scale; about 6 GB with the layouts
	classPhotos  = 52
	schoolOf     = 5 // classes
	photoWidth   = 3000
	photoHeight  = 2000
	smallFiles   = 100_000
	millionFiles = 1_000_000
	crowdedFiles = 100_000 // of the million, in one directory
)

var (
	schoolNames = strings.Fields("緑ヶ丘小学校 桜台中学校 東山高等学校 青葉小学校 光が丘小学校 大浜中学校 富士見小学校 若葉保育園 中央小学校")
	familyNames = strings.Fields("佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 髙橋 﨑山 長谷川 斎藤 清水")
	givenNames  = strings.Fields("陽翔 蓮 湊 大翔 律 樹 悠真 陽葵 凛 紬 芽依 葵 結菜 莉子 美咲 さくら ひなた 健太 彩花 七海")
)

// album returns a tree like that of a firm that prints graduation albums.
func (b *bench) album(ctx context.Context) (string, error) {
	n := b.count(albumPhotos)
	return b.corpus(ctx, "album", n, func() ([]job, error) {
		p, err := b.load(ctx)
		if err != nil {
			return nil, err
		}
		return albumJobs(p, n), nil
	})
}

func (b *bench) load(ctx context.Context) (*photographs, error) {
	dir, err := b.photographs(ctx)
	if err != nil {
		return nil, err
	}
	return loadPhotographs(ctx, dir)
}

// albumJobs lists the files of an album tree with n photographs.
func albumJobs(p *photographs, n int) (out []job) {
	for i := 0; i < n; i++ {
		class := i / classPhotos
		school := fmt.Sprintf("令和7年度/%s_%02d", schoolNames[class/schoolOf%len(schoolNames)], class/schoolOf)
		dir := fmt.Sprintf("%s/6年%d組", school, class%schoolOf+1)
		if i%classPhotos == 0 {
			out = append(out, job{dir + "/名簿.csv", func(r *rand.Rand) ([]byte, error) { return roster(r, 35), nil }})
			if class%schoolOf == 0 {
				out = append(out, layouts(p, school)...)
			}
		}
		out = append(out, job{fmt.Sprintf("%s/DSC_%05d.JPG", dir, i), func(r *rand.Rand) ([]byte, error) {
			return p.photo(r, photoWidth, photoHeight, 5+r.IntN(22), 93+r.IntN(4))
		}})
	}
	return out
}

// layouts lists what a school has beside its classes: a few large files that are not dense.
func layouts(p *photographs, school string) (out []job) {
	for i := range 4 {
		out = append(out, job{fmt.Sprintf("%s/レイアウト/見開き%02d.psd", school, i+1), func(r *rand.Rand) ([]byte, error) {
			return psd(p.shot(r, photoWidth, photoHeight, 2+r.IntN(4))), nil
		}})
	}
	for i := range 2 {
		out = append(out, job{fmt.Sprintf("%s/入稿/表紙%02d.tif", school, i+1), func(r *rand.Rand) ([]byte, error) {
			return tiff(p.shot(r, photoWidth, photoHeight, 2+r.IntN(4))), nil
		}})
	}
	return append(out, job{school + "/全校名簿.csv", func(r *rand.Rand) ([]byte, error) { return roster(r, 900), nil }})
}

// roster returns a list of invented people.
func roster(r *rand.Rand, rows int) []byte {
	var w bytes.Buffer
	w.WriteString("番号,氏名,組,写真,備考\r\n")
	for i := range rows {
		fmt.Fprintf(&w, "%d,%s %s,%d,DSC_%05d.JPG,%x\r\n", i+1, familyNames[r.IntN(len(familyNames))], givenNames[r.IntN(len(givenNames))],
			i/35+1, r.IntN(99999), r.Uint32())
	}
	return w.Bytes()
}

// planes returns a picture's red, green and blue, one after the other.
func planes(m *image.YCbCr) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]byte, 3*w*h)
	for y := range h {
		for x := range w {
			c := m.COffset(x, y)
			i := y*w + x
			out[i], out[w*h+i], out[2*w*h+i] = color.YCbCrToRGB(m.Y[y*m.YStride+x], m.Cb[c], m.Cr[c])
		}
	}
	return out
}

// psd returns a flat picture as Photoshop writes it: lines compressed with PackBits.
func psd(m *image.YCbCr) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03")
	be := binary.BigEndian
	out = be.AppendUint32(out, uint32(h))
	out = be.AppendUint32(out, uint32(w))
	out = append(out, 0, 8, 0, 3)          // 8 bits, RGB
	out = append(out, make([]byte, 12)...) // no palette, no resources, no layers
	out = append(out, 0, 1)                // PackBits; the lengths of all lines come first
	lengths := len(out)
	out = append(out, make([]byte, 2*3*h)...)
	all := planes(m)
	for line := range 3 * h {
		before := len(out)
		out = packBits(out, all[line*w:(line+1)*w])
		be.PutUint16(out[lengths+2*line:], uint16(len(out)-before))
	}
	return out
}

// packBits appends a line in the compression of MacPaint, TIFF and Photoshop.
func packBits(out, line []byte) []byte {
	for len(line) > 0 {
		run := 1
		for run < len(line) && run < 128 && line[run] == line[0] {
			run++
		}
		if run > 1 {
			out = append(out, byte(1-run), line[0])
			line = line[run:]
			continue
		}
		n := 1
		for n < len(line) && n < 128 && (n+1 >= len(line) || line[n] != line[n+1]) {
			n++
		}
		out = append(append(out, byte(n-1)), line[:n]...)
		line = line[n:]
	}
	return out
}

// tiff returns a picture uncompressed, as printers want it.
func tiff(m *image.YCbCr) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	le := binary.LittleEndian
	const fields = 11
	start := 8 + 2 + fields*12 + 4
	out := le.AppendUint32([]byte("II*\x00"), 8)
	out = le.AppendUint16(out, fields)
	field := func(tag, kind uint16, count, value uint32) {
		out = le.AppendUint16(le.AppendUint16(out, tag), kind)
		out = le.AppendUint32(le.AppendUint32(out, count), value)
	}
	const short, long = 3, 4
	field(256, long, 1, uint32(w))
	field(257, long, 1, uint32(h))
	field(258, short, 3, uint32(start))  // bits per sample, behind the directory
	field(259, short, 1, 1)              // not compressed
	field(262, short, 1, 2)              // RGB
	field(273, long, 3, uint32(start+6)) // one strip a colour
	field(277, short, 1, 3)
	field(278, long, 1, uint32(h))
	field(279, long, 3, uint32(start+18))
	field(284, short, 1, 2) // planar
	field(339, short, 1, 1)
	out = le.AppendUint32(out, 0)
	for range 3 {
		out = le.AppendUint16(out, 8)
	}
	for c := range 3 {
		out = le.AppendUint32(out, uint32(start+30+c*w*h))
	}
	for range 3 {
		out = le.AppendUint32(out, uint32(w*h))
	}
	return append(out, planes(m)...)
}

// small returns a tree of previews and sidecars of about 20 KB.
func (b *bench) small(ctx context.Context) (string, error) {
	n := b.count(smallFiles)
	return b.corpus(ctx, "small", n, func() ([]job, error) {
		p, err := b.load(ctx)
		if err != nil {
			return nil, err
		}
		return smallJobs(p, n), nil
	})
}

func smallJobs(p *photographs, n int) (out []job) {
	for i := range n {
		dir := fmt.Sprintf("%03d", i/500)
		if i%5 == 4 {
			out = append(out, job{fmt.Sprintf("%s/%06d_名簿.csv", dir, i), func(r *rand.Rand) ([]byte, error) { return roster(r, 200+r.IntN(300)), nil }})
			continue
		}
		out = append(out, job{fmt.Sprintf("%s/%06d_プレビュー.jpg", dir, i), func(r *rand.Rand) ([]byte, error) {
			return p.photo(r, 252, 168, 3+r.IntN(10), 88+r.IntN(6))
		}})
	}
	return out
}

// million returns a tree of very many tiny files, a tenth of them in one directory.
func (b *bench) million(ctx context.Context) (string, error) {
	n := b.count(millionFiles)
	return b.corpus(ctx, "million", n, func() ([]job, error) { return millionJobs(n, b.count(crowdedFiles)), nil })
}

// crowded is the directory that holds very many files.
const crowded = "全件"

func millionJobs(n, inOne int) []job {
	out := make([]job, 0, n)
	for i := range n {
		dir := fmt.Sprintf("%03d/%02d", i/10_000, i/1000%10)
		if i < inOne {
			dir = crowded
		}
		out = append(out, job{path.Join(dir, fmt.Sprintf("%07d.csv", i)), func(r *rand.Rand) ([]byte, error) { return roster(r, 8+r.IntN(50)), nil }})
	}
	return out
}
