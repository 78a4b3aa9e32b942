package vault_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"image/png"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/guard"
)

// desk is somebody at work.
type desk struct {
	t *testing.T
	h *house
	p party
	n int // rewrites
}

func (d *desk) write(name string, content []byte) {
	d.t.Helper()
	d.n++
	must(d.t, d.p.Write(d.t.Context(), name, content, time.Time{}))
}

func (d *desk) read(name string) []byte {
	d.t.Helper()
	b, err := d.p.Read(d.t.Context(), name)
	must(d.t, err)
	return b
}

func (d *desk) rename(from, to string) { d.t.Helper(); must(d.t, d.p.Rename(d.t.Context(), from, to)) }
func (d *desk) remove(name string)     { d.t.Helper(); must(d.t, d.p.Remove(d.t.Context(), name)) }

func (d *desk) files(match string) (out []string) {
	d.t.Helper()
	all, err := d.p.List(d.t.Context())
	must(d.t, err)
	for _, f := range all {
		if ok, _ := path.Match(match, f.Path); ok {
			out = append(out, f.Path)
		}
	}
	return out
}

// encoded is a picture saved anew, with another quality.
func encoded(t *testing.T, b []byte, quality int) []byte {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(b))
	must(t, err)
	var out bytes.Buffer
	must(t, jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}))
	return out.Bytes()
}

// tagged is a picture with a new comment and notes, as programs for tags leave it.
func tagged(b []byte, note string) []byte {
	seg := append([]byte{0xff, 0xe1, 0, byte(len(note) + 8)}, "Exif\x00\x00"+note...)
	return append(append(bytes.Clone(b[:2]), seg...), b[2:]...)
}

// days are what people do all day in a factory, and what their programs do for them.
var days = map[string]func(d *desk){
	"export again, with another quality": func(d *desk) {
		for i, name := range d.files("*/*.JPG") {
			d.write(name, encoded(d.t, d.read(name), 60+i%30))
		}
	},
	"tags": func(d *desk) {
		for i, name := range d.files("*/*.JPG") {
			d.write(name, tagged(d.read(name), fmt.Sprintf("class 3B, picture %d", i)))
		}
	},
	"save by temporary file": func(d *desk) {
		for i, name := range d.files("*/*.JPG") {
			temp := path.Dir(name) + fmt.Sprintf("/psd%04X.tmp", i)
			d.write(temp, encoded(d.t, d.read(name), 90))
			d.rename(temp, name)
		}
	},
	"save with a copy of before": func(d *desk) {
		for i, name := range d.files("*/*.csv") {
			dir := path.Dir(name)
			d.write(dir+"/~WRD0001.tmp", append(d.read(name), fmt.Sprintf("%d,高橋,次郎,3年C組\r\n", i)...))
			d.rename(name, dir+"/~WRL0002.tmp")
			d.rename(dir+"/~WRD0001.tmp", name)
			d.remove(dir + "/~WRL0002.tmp")
		}
	},
	"empty first": func(d *desk) {
		for _, name := range d.files("*/*.JPG") {
			old := d.read(name)
			d.write(name, nil)
			d.write(name, encoded(d.t, old, 70))
		}
	},
	"convert and remove": func(d *desk) {
		for _, name := range d.files("*/*.png") {
			m, err := png.Decode(bytes.NewReader(d.read(name)))
			must(d.t, err)
			var out bytes.Buffer
			must(d.t, jpeg.Encode(&out, m, nil))
			d.write(strings.TrimSuffix(name, ".png")+".jpg", out.Bytes())
			d.remove(name)
		}
	},
	"pack again": func(d *desk) {
		for i, name := range d.files("*/*.zip") {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			for n := range 3 {
				w, err := z.Create(fmt.Sprintf("%d.csv", n))
				must(d.t, err)
				fmt.Fprint(w, strings.Repeat(fmt.Sprintf("%d,%d,佐藤\n", i, n), 300))
			}
			must(d.t, z.Close())
			d.write(name, b.Bytes())
		}
	},
	"new numbers": func(d *desk) {
		for i, name := range d.files("*/*.JPG") {
			d.rename(name, path.Dir(name)+fmt.Sprintf("/3B_%03d.JPG", i))
		}
	},
	"move a school": func(d *desk) {
		must(d.t, d.p.f.Mkdir(d.t.Context(), "/s/2025年度"))
		must(d.t, d.p.f.Rename(d.t.Context(), "/s/第一小学校", "/s/2025年度/第一小学校", false))
	},
	"move files one by one": func(d *desk) {
		must(d.t, d.p.f.Mkdir(d.t.Context(), "/s/入稿済み"))
		for _, name := range d.files("第二小学校/*") {
			d.rename(name, "入稿済み/"+path.Base(name))
		}
	},
	"copy and remove": func(d *desk) {
		must(d.t, d.p.f.Mkdir(d.t.Context(), "/s/控え"))
		for _, name := range d.files("第二小学校/*") {
			must(d.t, d.p.f.Copy(d.t.Context(), at(name), at("控え/"+path.Base(name)), false, true))
			d.remove(name)
		}
	},
	"archive and remove": func(d *desk) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		names := d.files("第一小学校/*")
		for _, name := range names {
			w, err := z.CreateHeader(&zip.FileHeader{Name: path.Base(name), Method: zip.Store})
			must(d.t, err)
			_, err = w.Write(d.read(name))
			must(d.t, err)
		}
		must(d.t, z.Close())
		d.write("2025年度 第一小学校.zip", b.Bytes())
		for _, name := range names {
			d.remove(name)
		}
		must(d.t, d.p.f.Remove(d.t.Context(), "/s/第一小学校"))
	},
	"close a few with a password": func(d *desk) {
		for i, name := range d.files("*/*.zip") {
			d.write(name, closedArchive(d.t, d.read(name), i))
		}
	},
	"another branch": func(d *desk) {
		for i := range 60 {
			d.write(fmt.Sprintf("第一小学校/部品%02d.css", i), []byte(strings.Repeat(fmt.Sprintf(".n%d { color: #%06x; }\n", i, i*777), 20)))
		}
		for i := range 60 {
			if name := fmt.Sprintf("第一小学校/部品%02d.css", i); i%3 == 0 && i < 45 {
				d.remove(name)
			} else {
				d.write(name, []byte(strings.Repeat(fmt.Sprintf(".m%d { border: %dpx; }\n", i, i), 25)))
			}
		}
	},
	"temporary files": func(d *desk) {
		for i := range 200 {
			name := fmt.Sprintf("校正 ｶﾞｿﾞｳ/~tmp%04d.tmp", i)
			d.write(name, noise(3000+i, i))
			d.remove(name)
		}
	},
	"the same note for three classes": func(d *desk) {
		for i := range 6 {
			dir := fmt.Sprintf("組%d", i)
			must(d.t, d.p.f.Mkdir(d.t.Context(), at(dir)))
			d.write(dir+"/お読みください.txt", []byte(strings.Repeat("撮影のご案内です。名札を外してください。\r\n", 5)))
		}
	},
	"what nobody can look into": func(d *desk) {
		for i, name := range d.files("*/*.dat") {
			d.write(name, noise(21_000+17*i*i, 300+i))
		}
	},
	"a few mistakes": func(d *desk) {
		for _, name := range d.files("*/*.JPG")[:4] {
			d.remove(name)
		}
	},
	"write a text again and again": func(d *desk) {
		for i := range 100 {
			d.write("第一小学校/記録.txt", []byte(strings.Repeat(fmt.Sprintf("%d 枚目を確認しました。\n", i), 1+i%40)))
		}
	},
}

// closedArchive is an archive that its owner has closed with a password.
func closedArchive(t *testing.T, old []byte, seed int) []byte {
	t.Helper()
	p, err := behaviour.Parse([]byte(`[{"name": "x", "way": "overwrite", "as": "zip"}]`))
	must(t, err)
	var out []byte
	pl := behaviour.Player{Now: time.Now, Seed: uint64(seed)}
	_, err = pl.Play(t.Context(), p[0], []behaviour.Target{&one{old, &out}})
	must(t, err)
	return out
}

// one is a target of one file.
type one struct {
	content []byte
	to      *[]byte
}

func (o *one) List(context.Context) ([]behaviour.File, error) {
	return []behaviour.File{{Path: "a.zip", Size: int64(len(o.content))}}, nil
}
func (o *one) Read(context.Context, string) ([]byte, error) { return o.content, nil }
func (o *one) Write(_ context.Context, _ string, b []byte, _ time.Time) error {
	*o.to = b
	return nil
}
func (*one) Rename(context.Context, string, string) error { return nil }
func (*one) Remove(context.Context, string) error         { return nil }

// TestOrdinaryDays: each kind of work alone, and all of them after one another by one person, in any order: nobody is frozen, and what others
// see is what was saved.
func TestOrdinaryDays(t *testing.T) {
	work := func(t *testing.T, names ...string) int {
		k := newTestKeeper(t, "s")
		k.guard = guard.New(guard.Config{})
		h := openHouse(t, t.TempDir(), k)
		defer h.close()
		n := 0
		for i, name := range names {
			if i == 0 || len(names) == 1 {
				factory(t, h)
			}
			d := &desk{t: t, h: h, p: party{h.v.As(person("sato"))}}
			days[name](d)
			n += d.n
			if left := held(t, h, person("eyes")); len(left) > 0 {
				t.Errorf("%s: %d held, such as %s of %s", name, len(left), left[0].Sign, left[0].Path)
			}
		}
		if len(k.stops) > 0 {
			t.Errorf("frozen: %+v", k.stops)
		}
		return n
	}
	var total atomic.Int64
	t.Cleanup(func() { t.Logf("%d rewrites", total.Load()) })
	for name := range days {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			total.Add(int64(work(t, name)))
		})
	}
	t.Run("one person all of it", func(t *testing.T) {
		t.Parallel()
		n := work(t, "tags", "export again, with another quality", "save by temporary file", "empty first", "save with a copy of before", "pack again", "convert and remove",
			"temporary files", "write a text again and again", "what nobody can look into", "new numbers", "copy and remove", "archive and remove")
		total.Add(int64(n))
	})
}
