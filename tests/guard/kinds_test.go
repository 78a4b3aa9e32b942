package guard

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	_ "modernc.org/sqlite"

	"github.com/azekura/azekura/internal/guard/structure"
)

// Compound files of Word, Excel, PowerPoint and Outlook, with which a Go module is tested.
const compounds = "github.com/richardlehane/mscfb@v1.0.9"

// columns are the patterns of the table, from what everybody does to what is hardest to see. Where something is replaced inside, it is at
// another place in each file.
var columns = []struct {
	name string
	do   func(b []byte, r *rand.ChaCha8, at float64) []byte
}{
	{"all", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 0, len(b), len(b), 0) }},
	{"first 4 KiB", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 0, 4096, 4096, 0) }},
	{"3 × 9 %", func(b []byte, r *rand.ChaCha8, _ float64) []byte {
		return stripes(b, r, 0, len(b), len(b)*9/100, len(b)*27/100)
	}},
	{"64 of 192", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 0, len(b), 64, 128) }},
	{"16 of 32", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 0, len(b), 16, 16) }},
	{"16 of 32, head kept", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 8192, len(b), 16, 16) }},
	{"10 % inside", func(b []byte, r *rand.ChaCha8, at float64) []byte { return inside(b, r, at, len(b)/10) }},
	{"4 KiB of 128", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return stripes(b, r, 64<<10, len(b), 4096, 124<<10) }},
	{"4 KiB inside", func(b []byte, r *rand.ChaCha8, at float64) []byte { return inside(b, r, at, 4096) }},
	{"512 B inside", func(b []byte, r *rand.ChaCha8, at float64) []byte { return inside(b, r, at, 512) }},
	{"base64", func(b []byte, r *rand.ChaCha8, _ float64) []byte { return patterns[len(patterns)-1].do(b, r) }},
}

func inside(b []byte, r *rand.ChaCha8, at float64, n int) []byte {
	from := min(8192, len(b)/8)
	from += int(at * float64(max(0, len(b)-from-n-64)))
	return stripes(b, r, from, from+n, n, 0)
}

// sure is for kinds of which whatever is done to them is seen.
var sure = []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100}

// rows are the kinds of files, where they come from, and of a hundred that have been spoiled how many must be found, by column.
var rows = []struct {
	name  string
	kind  structure.Kind
	make  func(w *workshop) [][]byte
	least []int
}{
	{"JPEG", "jpeg", photos("jpg"), []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 80, 100}},
	{"JPEG, progressive", "jpeg", photos("jpg", "-interlace", "Plane"), []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 80, 100}},
	{"PNG", "png", photos("png"), sure},
	{"GIF", "gif", photos("gif", "-resize", "50%"), sure},
	{"BMP", "bmp", photos("bmp"), []int{100, 100, 100, 100, 100, 0, 95, 95, 95, 0, 100}},
	{"TIFF, not compressed", "tiff", photos("tif", "-compress", "None"), []int{100, 100, 100, 100, 100, 100, 95, 95, 95, 0, 100}},
	{"TIFF, LZW", "tiff", photos("tif", "-compress", "LZW"), sure},
	{"TIFF, ZIP", "tiff", photos("tif", "-compress", "Zip"), sure},
	{"TIFF, JPEG", "tiff", photos("tif", "-compress", "JPEG"), []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 75, 100}},
	{"TIFF, PackBits", "tiff", photos("tif", "-compress", "RLE"), []int{100, 100, 100, 100, 100, 100, 95, 95, 95, 0, 100}},
	{"PSD, layers", "psd", layers("psd", "RLE"), sure},
	{"PSD, layers in ZIP", "psd", layers("psd", "Zip"), sure},
	{"PSD, not compressed", "psd", layers("psd", "None"), []int{100, 100, 100, 100, 100, 100, 95, 95, 95, 0, 100}},
	{"PSB, layers", "psd", layers("psb", "RLE"), sure},
	{"HEIC, one tile", "bmff", photos("heic"), []int{100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 100}},
	{"AVIF", "bmff", photos("avif", "-resize", "50%"), []int{100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 100}},
	{"MP4", "bmff", installed(".mp4", "forensics-samples-files"), []int{100, 100, 100, 100, 100, 100, 80, 100, 0, 0, 100}},
	{"WebP", "webp", photos("webp"), []int{100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 100}},
	{"WebP, lossless", "webp", photos("webp", "-define", "webp:lossless=true"), []int{100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 100}},
	{"WAV", "riff", installed(".wav", "forensics-samples-files"), []int{100, 100, 100, 100, 100, 100, 95, 95, 95, 0, 100}},
	{"Word, new", "office", installed(".docx", "forensics-samples-files"), sure},
	{"OpenDocument", "opendocument", installed(".odt", "forensics-samples-files"), sure},
	{"7z", "7z", packed("7z", "7zz", "a", "-bso0", "-mx3"), []int{100, 100, 100, 100, 100, 100, 0, 0, 0, 0, 100}},
	{"xz", "xz", packed("xz", "xz", "-0", "-k", "-f"), []int{100, 100, 100, 100, 100, 100, 0, 0, 0, 0, 100}},
	{"Word, Excel, old", "cfb", module(compounds, ".doc", ".ppt", ".msg"), []int{100, 100, 100, 100, 100, 100, 0, 0, 0, 0, 100}},
	{"InDesign (made)", "indesign", layouts, []int{100, 100, 100, 100, 100, 100, 20, 20, 0, 0, 100}},
	{"SQLite", "sqlite", databases, []int{100, 100, 100, 100, 100, 100, 95, 95, 95, 0, 100}},
	{"fonts", "font", installed(".ttf", "fonts-ipaexfont-gothic", "fonts-dejavu-core"), sure},
	{"text, UTF-8", "text", texts(nil), sure},
	{"text, Shift_JIS", "text", texts(japanese.ShiftJIS), sure},
	{"text, EUC-JP", "text", texts(japanese.EUCJP), sure},
	{"text, UTF-16", "text", texts(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), sure},
}

// workshop makes files.
type workshop struct {
	t       *testing.T
	dir     string
	sources []string // photographs
}

func (w *workshop) run(name string, args ...string) {
	c := exec.Command(name, args...)
	c.Dir = w.dir
	if out, err := c.CombinedOutput(); err != nil {
		w.t.Errorf("%s %v: %v\n%.500s", name, args, err, out)
	}
}

func (w *workshop) read(name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		w.t.Error(err)
	}
	return b
}

// photos are photographs that ImageMagick has written as a kind, with more of its arguments.
func photos(ending string, args ...string) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		dir, err := os.MkdirTemp(w.dir, "") // rows are made side by side
		if err != nil {
			w.t.Error(err)
		}
		for i, from := range w.sources {
			name := filepath.Join(dir, fmt.Sprintf("%d.%s", i, ending))
			w.run("convert", slices.Concat([]string{from}, args, []string{name})...)
			out = append(out, w.read(name))
		}
		return out
	}
}

// layers are documents of two layers and the whole.
func layers(ending, compression string) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		for i, from := range w.sources {
			name := filepath.Join(w.dir, fmt.Sprintf("%d-%s.%s", i, compression, ending))
			w.run("convert", from, "(", from, "-negate", "-resize", "50%", ")", "(", from, "-blur", "0x3", ")", "-compress", compression, name)
			out = append(out, w.read(name))
		}
		return out
	}
}

// packed are photographs, each as pixels, in an archive that a program makes of them.
func packed(ending, program string, args ...string) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		for i, from := range w.sources {
			name := filepath.Join(w.dir, fmt.Sprintf("%d-%s.bmp", i, ending))
			w.run("convert", from, "-resize", "50%", name)
			what := []string{name}
			if ending == "7z" { // xz knows itself what to call it
				what = []string{name + ".7z", name}
			}
			w.run(program, slices.Concat(args, what)...)
			out = append(out, w.read(name+"."+ending))
		}
		return out
	}
}

// installed are files of Debian packages.
func installed(ending string, packages ...string) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		list, err := exec.Command("dpkg-query", append([]string{"-L"}, packages...)...).Output()
		if err != nil {
			w.t.Errorf("%v are not installed (./test does it): %v", packages, err)
		}
		for name := range strings.Lines(string(list)) {
			if name = strings.TrimSpace(name); strings.EqualFold(filepath.Ext(name), ending) {
				out = append(out, w.read(name))
			}
		}
		return out
	}
}

// module are files of a Go module.
func module(name string, endings ...string) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		c := exec.Command("go", "mod", "download", "-json", name)
		c.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
		text, err := c.Output()
		var m struct{ Dir string }
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil {
			w.t.Errorf("%s: %v", name, err)
			return nil
		}
		filepath.WalkDir(m.Dir, func(name string, _ os.DirEntry, err error) error {
			if err == nil && slices.Contains(endings, filepath.Ext(name)) {
				out = append(out, w.read(name))
			}
			return err
		})
		return out
	}
}

// texts are this project's own texts in Japanese, several times over, in an encoding.
func texts(e encoding.Encoding) func(w *workshop) [][]byte {
	return func(w *workshop) (out [][]byte) {
		list, _ := filepath.Glob("../../docs/*.md")
		for _, name := range append(list, "../../README.ja.md") {
			b := w.read(name)
			for len(b) < 20_000 {
				b = append(b, b...)
			}
			if e != nil {
				var err error
				if b, err = encoding.ReplaceUnsupported(e.NewEncoder()).Bytes(b); err != nil {
					w.t.Error(err)
				}
			}
			out = append(out, b)
		}
		return out
	}
}

// databases are of SQLite.
func databases(w *workshop) (out [][]byte) {
	for i := range 6 {
		name := filepath.Join(w.dir, fmt.Sprintf("%d.sqlite", i))
		db, err := sql.Open("sqlite", name)
		if err == nil {
			_, err = db.Exec(`create table pupil (id integer primary key, name text, class text, note blob); create index by_name on pupil (name)`)
		}
		for k := 0; k < 1500 && err == nil; k++ {
			_, err = db.Exec(`insert into pupil (name, class, note) values (?, ?, ?)`, fmt.Sprintf("山田 %d", k*7919%4001), "六年二組", strings.Repeat("写真", k%200))
		}
		if err != nil {
			w.t.Error(err)
		}
		db.Close()
		out = append(out, w.read(name))
	}
	return out
}

// layouts have the structure of InDesign's files, of which there are no free ones: two master pages, pages, and objects.
func layouts(w *workshop) (out [][]byte) {
	for i := range uint64(6) {
		r := rand.New(rand.NewPCG(i, 1))
		pages := 150 + r.IntN(100)
		var b []byte
		for n := range 2 {
			page := make([]byte, 4096)
			copy(page, "\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1dDOCUMENT\x01")
			binary.LittleEndian.PutUint64(page[264:], uint64(n+1))
			binary.LittleEndian.PutUint32(page[280:], uint32(pages))
			b = append(b, page...)
		}
		for range pages - 2 {
			page := make([]byte, 4096)
			for k := range page {
				page[k] = byte(r.IntN(1 + r.IntN(64)))
			}
			b = append(b, page...)
		}
		for n := range uint32(20) {
			data := []byte(strings.Repeat("頁", 2000+r.IntN(8000)))
			about := make([]byte, 16)
			binary.LittleEndian.PutUint32(about, n)
			binary.LittleEndian.PutUint32(about[8:], uint32(len(data)))
			b = append(append(b, "\xde\x39\x39\x79\x51\x88\x4b\x6c\x8e\x63\xee\xf8\xae\xe0\xdd\x38"...), about...)
			b = append(append(append(b, data...), "\xfd\xce\xdb\x70\xf7\x86\x4b\x4f\xa4\xd3\xc7\x28\xb3\x41\x71\x06"...), about...)
		}
		out = append(out, b)
	}
	return out
}

// TestKinds spoils files of all kinds in all ways, and counts what is seen. docs/guard.md has the table.
func TestKinds(t *testing.T) {
	w := &workshop{t: t, dir: t.TempDir()}
	for i, from := range corpus(t, ".jpg")[:6] {
		name := filepath.Join(w.dir, fmt.Sprintf("source%d.jpg", i))
		w.run("convert", "-define", "jpeg:size=1600x1600", from+"[900x900>]", "-quality", "92", name)
		w.sources = append(w.sources, name)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| kind | files |")
	for _, c := range columns {
		fmt.Fprintf(&table, " %s |", c.name)
	}
	lines := make([]string, len(rows))
	var all sync.WaitGroup
	turns := make(chan struct{}, 2)
	for i := range rows {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			lines[i] = spoil(t, i, rows[i].make(w))
		})
	}
	all.Wait()
	t.Logf("of a hundred that are spoiled so many are found:\n%s\n%s", table.String(), strings.Join(lines, "\n"))
}

// spoil spoils the files of a row, and returns its line of the table.
func spoil(t *testing.T, row int, files [][]byte) string {
	k, n := rows[row], 0
	found, spoiled := make([]int, len(columns)), make([]int, len(columns))
	const times = 5
	for i, b := range files {
		was := structure.Bytes(b, true)
		if was.State != structure.Valid || was.Kind != k.kind {
			t.Errorf("%s, file %d of %d bytes: %+v", k.name, i, len(b), was)
			continue
		}
		n++
		for c, p := range columns {
			for turn := range times {
				now := p.do(b, rand.NewChaCha8([32]byte{byte(row), byte(i), byte(c), byte(turn)}), (float64(turn)+float64(i%7)/7)/times)
				if bytes.Equal(now, b) { // it is too small
					continue
				}
				spoiled[c]++
				if f := structure.Bytes(now, true); f.State != structure.Valid || f.Kind != was.Kind || f.Even && !was.Even {
					found[c]++
				}
			}
		}
	}
	if n < 2 {
		t.Errorf("%s: only %d files", k.name, n)
		return ""
	}
	line := fmt.Sprintf("| %s | %d |", k.name, n)
	for c := range columns {
		if spoiled[c] == 0 {
			line += " – |"
			continue
		}
		share := found[c] * 100 / spoiled[c]
		line += fmt.Sprintf(" %d |", share)
		if share < k.least[c] {
			t.Errorf("%s, %s: %d %% are found, at least %d should be", k.name, columns[c].name, share, k.least[c])
		}
	}
	return line
}
