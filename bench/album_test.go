package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// painted returns photographs that need no package: one picture with a gradient, one with an odd size and origin.
func painted() *photographs {
	p := &photographs{grain: grain()}
	for _, rect := range []image.Rectangle{image.Rect(0, 0, 640, 480), image.Rect(3, 5, 404, 306)} {
		for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio444} {
			m := image.NewYCbCr(rect, ratio)
			for i := range m.Y {
				m.Y[i] = uint8(i / 7)
			}
			for i := range m.Cb {
				m.Cb[i], m.Cr[i] = uint8(i/5), uint8(i/3)
			}
			p.source = append(p.source, m)
		}
	}
	return p
}

// Every photograph can be decoded, and no two are equal.
func TestPhoto(t *testing.T) {
	p := painted()
	seen := make(map[string]bool)
	r := random("test")
	for i := range 40 {
		w, h := 1+r.IntN(300), 1+r.IntN(300)
		data, err := p.photo(r, w, h, r.IntN(30), 90)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil || m.Bounds().Dx() != w || m.Bounds().Dy() != h {
			t.Errorf("photo %d: %v, want %d × %d", i, err, w, h)
		}
		if w*h > 1000 && seen[string(data)] {
			t.Errorf("photo %d was there before", i)
		}
		seen[string(data)] = true
	}
}

// A tree is the same whenever it is made, and all its names differ.
func TestGenerate(t *testing.T) {
	p := painted()
	var list []job
	names := make(map[string]bool)
	for _, jobs := range [][]job{smallJobs(p, 60), millionJobs(60, 10)} {
		for _, j := range jobs {
			if names[j.path] {
				t.Errorf("two files are named %s", j.path)
			}
			names[j.path] = true
		}
		list = append(list, jobs...)
	}
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	for _, dir := range []string{one, two} {
		if err := generate(context.Background(), dir, list); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("diff", "-r", one, two).CombinedOutput(); err != nil {
		t.Errorf("two trees of one seed are not equal: %v\n%s", err, out)
	}
	files, size, err := measureTree(one)
	if err != nil || files != len(list) || size == 0 {
		t.Errorf("measureTree = %d files, %d bytes, %v, want %d files", files, size, err, len(list))
	}
	if err := warm(context.Background(), one); err != nil {
		t.Error(err)
	}
	a, err := os.Stat(filepath.Join(one, list[0].path))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(filepath.Join(two, list[0].path))
	if err != nil || !a.ModTime().Equal(b.ModTime()) {
		t.Errorf("times of one file: %v and %v, %v", a.ModTime(), b.ModTime(), err)
	}
}

func TestAlbumNames(t *testing.T) {
	names := make(map[string]bool)
	photos := 0
	for _, j := range albumJobs(nil, albumPhotos) {
		if names[j.path] {
			t.Errorf("two files are named %s", j.path)
		}
		names[j.path] = true
		if filepath.Ext(j.path) == ".JPG" {
			photos++
		}
	}
	if photos != albumPhotos {
		t.Errorf("%d photographs, want %d", photos, albumPhotos)
	}
}

func TestPackBits(t *testing.T) {
	r := random("lines")
	for range 200 {
		line := make([]byte, r.IntN(600))
		for i := range line {
			line[i] = byte(r.IntN(1 + r.IntN(3)))
		}
		var got []byte
		for in := packBits(nil, line); len(in) > 0; {
			if n := int(int8(in[0])); n >= 0 {
				got = append(got, in[1:n+2]...)
				in = in[n+2:]
			} else {
				got = append(got, bytes.Repeat(in[1:2], 1-n)...)
				in = in[2:]
			}
		}
		if !bytes.Equal(got, line) {
			t.Fatalf("unpacked % x, want % x", got, line)
		}
	}
}

// The layouts have the lengths that their own headers promise.
func TestLayouts(t *testing.T) {
	m := painted().shot(random("layout"), 100, 60, 3)
	file := psd(m)
	be := binary.BigEndian
	if string(file[:4]) != "8BPS" || be.Uint32(file[14:]) != 60 || be.Uint32(file[18:]) != 100 {
		t.Errorf("psd header % x", file[:26])
	}
	at := 26 + 12 + 2
	sum := at + 2*3*60
	for line := range 3 * 60 {
		sum += int(be.Uint16(file[at+2*line:]))
	}
	if sum != len(file) {
		t.Errorf("psd: its lines end at %d, the file at %d", sum, len(file))
	}
	file = tiff(m)
	le := binary.LittleEndian
	tags := make(map[uint16]uint32)
	for i := range int(le.Uint16(file[8:])) {
		e := file[10+12*i:]
		tags[le.Uint16(e)] = le.Uint32(e[8:])
	}
	for c := range uint32(3) {
		from, size := le.Uint32(file[tags[273]+4*c:]), le.Uint32(file[tags[279]+4*c:])
		if size != 100*60 || int(from+size) > len(file) || c == 2 && int(from+size) != len(file) {
			t.Errorf("tiff: strip %d is %d bytes at %d of %d", c, size, from, len(file))
		}
	}
	if le.Uint16(file[tags[258]:]) != 8 {
		t.Errorf("tiff: %d bits", le.Uint16(file[tags[258]:]))
	}
}
