package structure

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"image"
	"image/png"
	"testing"
)

// TestInner: a container is no better than what lies in it.
func TestInner(t *testing.T) {
	archive := func(method uint16, contents ...[]byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, c := range contents {
			f := must(w.CreateHeader(&zip.FileHeader{Name: "a", Method: method}))
			must(f.Write(c))
		}
		w.Close()
		return b.Bytes()
	}
	squeezed := func(content []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		must(w.Write(content))
		w.Close()
		return b.Bytes()
	}
	picture := func(pix []byte) []byte {
		m := image.NewNRGBA(image.Rect(0, 0, 400, 400))
		copy(m.Pix, pix)
		for i := 3; i < len(m.Pix); i += 4 {
			m.Pix[i] = 255
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
	junk, photo := random(40, 300_000), samples()["jpeg"]
	for _, c := range []struct {
		name    string
		content []byte
		even    bool
	}{
		{"stored junk", archive(zip.Store, junk), true},
		{"deflated junk", archive(zip.Deflate, junk), true},
		{"junk beside a small note", archive(zip.Deflate, junk, []byte("pay")), true},
		{"junk beside as much else", archive(zip.Deflate, junk[:30_000], photo), false},
		{"photographs", archive(zip.Store, photo, photo), false},
		{"deflated photographs", archive(zip.Deflate, photo, photo), false},
		{"texts", archive(zip.Deflate, bytes.Repeat([]byte("山田太郎,六年,二組\n"), 9000)), false},
		{"a ZIP in a ZIP", archive(zip.Store, archive(zip.Deflate, photo)), false},
		{"squeezed junk", squeezed(junk), true},
		{"a squeezed photograph", squeezed(photo), false},
		{"pixels without any order", picture(random(41, 640_000)), true},
		{"a picture", samples()["png"], false},
	} {
		for _, deep := range []bool{false, true} {
			if f := checked(t, c.content, deep); f.State != Valid || f.Even != c.even {
				t.Errorf("%s, deep %v: %+v", c.name, deep, f)
			}
		}
	}
}
