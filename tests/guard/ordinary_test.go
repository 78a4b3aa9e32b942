package guard

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/guard/structure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// factory is a house whose guard watches five people at work.
type factory struct {
	t      *testing.T
	mu     sync.Mutex
	guard  *guard.Guard
	people []guard.Party
	now    time.Time
	seen   map[[32]byte]bool
	count  map[string]int
	held   map[string]int
}

func newFactory(t *testing.T) *factory {
	f := &factory{t: t, guard: guard.New(guard.Config{}), now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), seen: make(map[[32]byte]bool),
		count: make(map[string]int), held: make(map[string]int)}
	for range 5 {
		f.people = append(f.people, guard.Party{Session: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Share: id.Share{1}})
	}
	return f
}

func contentOf(b []byte, deep bool) guard.Content {
	return guard.Content{Found: vault.Found(structure.Bytes(b, deep), deep), Size: int64(len(b)), Equal: sha256.Sum256(b)}
}

// rewrite is one save of content in the place of other content, as the vault would show it to the guard.
func (f *factory) rewrite(kind, name string, old, now []byte) {
	before, after := contentOf(old, false), contentOf(now, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	key := sha256.Sum256(append(before.Equal[:], after.Equal[:]...))
	if f.seen[key] || before.Equal == after.Equal {
		return
	}
	f.seen[key] = true
	f.count[kind]++
	f.now = f.now.Add(time.Second)
	p := f.people[f.count[kind]%len(f.people)]
	v := f.guard.Judge(p, f.now, []guard.Step{{Kind: guard.Saved, File: id.NewFile(), Dir: id.File{1}, Name: name, Old: before, New: after}}, func(int) id.Version { return id.NewVersion() })
	if v.Held() {
		f.held[kind]++
		f.t.Errorf("%s: %s is held, %s: before %+v, after %+v", kind, name, v.Signs[0], before.Found, after.Found)
	}
	if len(v.Freeze) > 0 {
		f.t.Errorf("%s: frozen at %s", kind, name)
	}
}

// TestOrdinaryRewrites: of more than 30,000 distinct rewrites of real photographs, as people and their programs make them, none is held. That bounds
// the rate of false holds at 1 in 10,000 (95 %: three in the number of rewrites).
func TestOrdinaryRewrites(t *testing.T) {
	f := newFactory(t)
	var photos []image.Image
	for _, name := range corpus(t, ".jpg") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := jpeg.Decode(bytes.NewReader(b)); err == nil {
			photos = append(photos, m)
		}
	}
	if len(photos) < 20 {
		t.Fatalf("only %d photographs", len(photos))
	}
	const crops = 5200
	work := make(chan int)
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			for i := range work {
				f.crop(photos[i%len(photos)], uint64(i))
			}
		})
	}
	for i := range crops {
		work <- i
	}
	close(work)
	all.Wait()
	n := 0
	for _, c := range f.count {
		n += c
	}
	t.Logf("%d rewrites: %v", n, f.count)
	if n < 30_000 {
		t.Errorf("only %d rewrites", n)
	}
}

// crop is a piece of a photograph, and what becomes of it in a day: each step is one save.
func (f *factory) crop(m image.Image, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	b := m.Bounds()
	w, h := 48+r.IntN(160), 48+r.IntN(160)
	at := image.Pt(b.Min.X+r.IntN(max(1, b.Dx()-w)), b.Min.Y+r.IntN(max(1, b.Dy()-h)))
	piece := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(piece, piece.Bounds(), m, at, draw.Src)
	encode := func(m image.Image, quality int) []byte {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
			f.t.Error(err)
		}
		return out.Bytes()
	}
	name := fmt.Sprintf("IMG_%05d.JPG", seed)
	now := encode(piece, 90)
	save := func(kind string, next []byte) {
		f.rewrite(kind, name, now, next)
		now = next
	}
	save("another quality", encode(piece, 50+r.IntN(45)))
	save("tags", withSegment(now, 0xe1, "Exif\x00\x00"+strings.Repeat("x", r.IntN(200))))
	turned := image.NewRGBA(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			turned.Set(h-1-y, x, piece.At(x, y))
		}
	}
	save("rotate", encode(turned, 90))
	save("crop", encode(piece.SubImage(image.Rect(w/8, h/8, w*7/8, h*7/8)), 88))
	half := image.NewRGBA(image.Rect(0, 0, w/2, h/2))
	for y := range h / 2 {
		for x := range w / 2 {
			half.Set(x, y, piece.At(2*x, 2*y))
		}
	}
	save("resize", encode(half, 80+r.IntN(15)))
	grey := image.NewGray(piece.Bounds())
	draw.Draw(grey, grey.Bounds(), piece, image.Point{}, draw.Src)
	save("black and white", encode(grey, 85))
	if seed%16 == 0 {
		var out bytes.Buffer
		if err := png.Encode(&out, half); err != nil {
			f.t.Error(err)
		}
		save("another kind of picture under the old name", out.Bytes())
	}
}

// withSegment puts a segment behind the beginning of a JPEG.
func withSegment(b []byte, marker byte, text string) []byte {
	n := len(text) + 2
	return slices.Concat(b[:2], []byte{0xff, marker, byte(n >> 8), byte(n)}, []byte(text), b[2:])
}

// TestOrdinaryPrograms lets the programs of others rewrite real files: ImageMagick, ExifTool, jpegtran, qpdf, Ghostscript, 7-Zip.
func TestOrdinaryPrograms(t *testing.T) {
	f := newFactory(t)
	dir := t.TempDir()
	light := func(name string) bool { i, err := os.Stat(name); return err == nil && i.Size() < 1<<20 }
	photos := corpus(t, ".jpg")[:16]
	pdfs := slices.DeleteFunc(corpus(t, ".pdf"), func(name string) bool { return !light(name) })
	pdfs = pdfs[:min(len(pdfs), 60)]
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil && !strings.HasPrefix(name, "qpdf") { // which warns of some files by its exit code
			t.Fatalf("%s: %v\n%.500s", name, err, out)
		}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	kept := make(map[string][]byte)
	compare := func(kind string) {
		t.Helper()
		for _, name := range slices.Sorted(maps.Keys(kept)) {
			now := read(name)
			f.rewrite(kind, filepath.Base(name), kept[name], now)
			kept[name] = now
		}
	}
	names := func() []string { return slices.Sorted(maps.Keys(kept)) }
	for i, from := range photos { // small, so that it does not take all day
		to := filepath.Join(dir, fmt.Sprintf("写真%02d.jpg", i))
		run("convert", "-define", "jpeg:size=1200x1200", from+"[600x600>]", "-quality", "92", to)
		kept[to] = read(to)
	}
	run("mogrify", append([]string{"-rotate", "90", "-quality", "88"}, names()...)...)
	compare("mogrify")
	run("mogrify", append([]string{"-interlace", "Plane", "-resize", "80%"}, names()...)...)
	compare("mogrify, progressive")
	run("exiftool", append([]string{"-q", "-overwrite_original", "-Keywords=3年B組", "-Artist=花子", "-Comment=第一小学校"}, names()...)...)
	compare("exiftool")
	for _, name := range names() {
		out := name + ".out"
		run("jpegtran", "-copy", "all", "-optimize", "-outfile", out, name)
		if err := os.Rename(out, name); err != nil {
			t.Fatal(err)
		}
	}
	compare("jpegtran")
	clear(kept)
	for i, from := range pdfs {
		to := filepath.Join(dir, fmt.Sprintf("校正%02d.pdf", i))
		if err := os.WriteFile(to, read(from), 0o600); err != nil {
			t.Fatal(err)
		}
		kept[to] = read(to)
	}
	each := func(kind string, some int, do func(in, out string)) {
		t.Helper()
		for i, name := range names() {
			if i%some != 0 {
				continue
			}
			out := name + ".out"
			do(name, out)
			if s, err := os.Stat(out); err != nil || s.Size() == 0 {
				os.Remove(out)
				continue // a program that does not take this file leaves it alone
			}
			now := read(out)
			f.rewrite(kind, filepath.Base(name), kept[name], now)
			os.Remove(out)
		}
	}
	each("qpdf, made anew", 1, func(in, out string) { run("qpdf", "--object-streams=generate", "--recompress-flate", in, out) })
	each("qpdf, for the web", 2, func(in, out string) { run("qpdf", "--linearize", in, out) })
	each("qpdf, a password on a few", 20, func(in, out string) { run("qpdf", "--encrypt", "secret", "secret", "256", "--", in, out) })
	each("ghostscript", 12, func(in, out string) {
		exec.Command("gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pdfwrite", "-sOutputFile="+out, in).Run()
	})
	archive := filepath.Join(dir, "入稿.zip")
	run("7zz", append([]string{"a", "-tzip", "-bso0", archive}, names()[:6]...)...)
	first := read(archive)
	run("7zz", append([]string{"a", "-tzip", "-bso0", archive}, names()[6:12]...)...)
	f.rewrite("7-zip, more in it", "入稿.zip", first, read(archive))
	os.Remove(archive)
	run("7zz", append([]string{"a", "-tzip", "-psecret", "-bso0", archive}, names()[:6]...)...)
	f.rewrite("7-zip, a password", "入稿.zip", first, read(archive))
	n := 0
	for _, c := range f.count {
		n += c
	}
	t.Logf("%d rewrites: %v", n, f.count)
	if n < 150 {
		t.Errorf("only %d rewrites", n)
	}
}
