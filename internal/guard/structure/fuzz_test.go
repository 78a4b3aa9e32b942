package structure

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// fuzz tries the parser of a kind with whatever there is: it must not fail, read what is not there, or work without end. It is called
// for content that begins as its kind does.
func fuzz(f *testing.F, name Kind) {
	f.Helper()
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		f.Fatalf("no kind %q", name)
	}
	seeds := 0
	for sample, b := range samples() {
		if Kind(strings.Fields(sample)[0]) != name && !(name == "zip" && strings.HasPrefix(sample, "office")) {
			continue
		}
		for _, n := range []int{len(b), 20_000, 700, 60} {
			f.Add(b[:min(len(b), n)], true)
		}
		f.Add(b[:min(len(b), 3000)], false)
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte, deep bool) {
		checked(t, b, deep)
		if !all[i].matches(b[:min(len(b), headSize)]) {
			return
		}
		s := newSource(only(b), deep)
		s.budget = 16 << 20
		s.peek(headSize)
		found := all[i].find(s)
		s.drain(nil)
		if s.pos() != int64(len(b)) {
			t.Errorf("read %d of %d", s.pos(), len(b))
		}
		if (found.State == Damaged) != (found.Reason != "") || found.At < 0 {
			t.Errorf("%+v", found)
		}
		if most := int64(4*len(b) + 10_000); s.work > most {
			t.Errorf("asked %d times for something of %d bytes", s.work, len(b))
		}
	})
}

func FuzzJPEG(f *testing.F)     { fuzz(f, "jpeg") }
func FuzzPNG(f *testing.F)      { fuzz(f, "png") }
func FuzzGIF(f *testing.F)      { fuzz(f, "gif") }
func FuzzBMP(f *testing.F)      { fuzz(f, "bmp") }
func FuzzRIFF(f *testing.F)     { fuzz(f, "riff") }
func FuzzWebP(f *testing.F)     { fuzz(f, "webp") }
func FuzzPSD(f *testing.F)      { fuzz(f, "psd") }
func FuzzPDF(f *testing.F)      { fuzz(f, "pdf") }
func FuzzZIP(f *testing.F)      { fuzz(f, "zip") }
func FuzzGZIP(f *testing.F)     { fuzz(f, "gzip") }
func FuzzXZ(f *testing.F)       { fuzz(f, "xz") }
func FuzzSeven(f *testing.F)    { fuzz(f, "7z") }
func FuzzBMFF(f *testing.F)     { fuzz(f, "bmff") }
func FuzzTIFF(f *testing.F)     { fuzz(f, "tiff") }
func FuzzSQLite(f *testing.F)   { fuzz(f, "sqlite") }
func FuzzCFB(f *testing.F)      { fuzz(f, "cfb") }
func FuzzInDesign(f *testing.F) { fuzz(f, "indesign") }
func FuzzFont(f *testing.F)     { fuzz(f, "font") }
func FuzzText(f *testing.F)     { fuzz(f, "text") }

// TestFuzzed: there is a fuzz target for every kind.
func TestFuzzed(t *testing.T) {
	text, err := os.ReadFile("fuzz_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		if !strings.Contains(string(text), fmt.Sprintf("{ fuzz(f, %q) }", k.name)) {
			t.Errorf("no fuzz target for %q", k.name)
		}
	}
}
