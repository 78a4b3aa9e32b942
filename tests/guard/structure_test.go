// Package guard tries the guard on other people's files: photographs and documents from Debian packages and Go modules.
package guard

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/jpeg"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/guard/structure"
)

// packages are those of Debian whose files are looked at; ./test installs them.
var packages = []string{"forensics-samples-files", "lomiri-wallpapers-16.04", "mate-backgrounds"}

// documents is a Go module with 500 PDF files, for its own tests.
const documents = "github.com/pdfcpu/pdfcpu@v0.15.0"

const smallest = 60_000 // bytes

// corpus returns the names of real files with an ending.
func corpus(t *testing.T, ending string) (out []string) {
	t.Helper()
	add := func(name string) {
		i, err := os.Stat(name)
		if err == nil && i.Mode().IsRegular() && i.Size() > smallest && strings.EqualFold(filepath.Ext(name), ending) {
			out = append(out, name)
		}
	}
	for _, p := range packages {
		list, err := exec.Command("dpkg-query", "-L", p).Output()
		if err != nil {
			t.Fatalf("%s is not installed (./test does it): %v", p, err)
		}
		for name := range strings.Lines(string(list)) {
			add(strings.TrimSpace(name))
		}
	}
	c := exec.Command("go", "mod", "download", "-json", documents)
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	text, err := c.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(text, &module)
	}
	if err == nil {
		err = filepath.WalkDir(module.Dir, func(name string, _ fs.DirEntry, err error) error {
			add(name)
			return err
		})
	}
	if err != nil {
		t.Fatalf("%s: %v", documents, err)
	}
	return out
}

// patterns are what ransomware does to content; 0 bytes of content are left alone.
var patterns = []struct {
	name string
	do   func(b []byte, r *rand.ChaCha8) []byte
}{
	{"all", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, len(b), len(b), 0) }},
	{"first 4 KiB", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, 4096, 4096, 0) }},
	{"first 512 KiB", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, 512<<10, 512<<10, 0) }},
	{"three times 9 %", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, len(b), len(b)*9/100, len(b)*27/100) }},
	{"64 of 192", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, len(b), 64, 128) }},
	{"16 of 32", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 0, len(b), 16, 16) }},
	{"10 % inside", func(b []byte, r *rand.ChaCha8) []byte {
		return stripes(b, r, len(b)*45/100, len(b)*55/100, len(b), 0)
	}},
	{"4 KiB of 128, head kept", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, 64<<10, len(b), 4096, 124<<10) }},
	{"4 KiB inside", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, len(b)/2, len(b)/2+4096, 4096, 0) }},
	{"512 bytes inside", func(b []byte, r *rand.ChaCha8) []byte { return stripes(b, r, len(b)/2, len(b)/2+512, 512, 0) }},
	{"base64", func(b []byte, r *rand.ChaCha8) []byte {
		return []byte(base64.StdEncoding.EncodeToString(stripes(b, r, 0, len(b), len(b), 0)))
	}},
}

// stripes replaces size bytes in [from, to), leaves gap, and so on.
func stripes(b []byte, r *rand.ChaCha8, from, to, size, gap int) []byte {
	b = bytes.Clone(b)
	for to = min(to, len(b)); from < to; from += size + gap {
		r.Read(b[from:min(from+size, to)])
	}
	return b
}

// tally counts over all files of an ending how many are found to be damaged, or of another kind.
func tally(t *testing.T, ending string, kind structure.Kind, sound func(b []byte) bool) (files int, found map[string]int) {
	names := corpus(t, ending)
	found = make(map[string]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	turns := make(chan struct{}, 4)
	for n, name := range names {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			b, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
				return
			}
			check := func(b []byte) structure.Finding {
				f, err := structure.Check(bytes.NewReader(b), true)
				if err != nil {
					t.Error(err)
				}
				return f
			}
			was := check(b)
			if was.State != structure.Valid || was.Kind != kind {
				if sound(b) {
					t.Errorf("%s is sound, and found %+v", filepath.Base(name), was)
				}
				return
			}
			mu.Lock()
			files++
			mu.Unlock()
			for i, p := range patterns {
				if f := check(p.do(b, rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(i)}))); f.State != structure.Valid || f.Kind != was.Kind || f.Sealed && !was.Sealed {
					mu.Lock()
					found[p.name]++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d files", files)
	for _, p := range patterns {
		t.Logf("%-24s %d", p.name, found[p.name])
	}
	return files, found
}

// TestPhotographs: photographs of cameras and programs are whole, and whatever part of them is encrypted, they are not any more.
func TestPhotographs(t *testing.T) {
	files, found := tally(t, ".jpg", "jpeg", func(b []byte) bool {
		_, err := jpeg.Decode(bytes.NewReader(b))
		return err == nil
	})
	if files < 40 {
		t.Fatalf("only %d photographs", files)
	}
	for _, p := range patterns {
		least := files
		if p.name == "512 bytes inside" { // some fall together with the codes again
			least = files * 95 / 100
		}
		if found[p.name] < least {
			t.Errorf("%s: %d of %d", p.name, found[p.name], files)
		}
	}
}

// TestDocuments: what lies in a PDF without compression has no structure; of the rest the same holds.
func TestDocuments(t *testing.T) {
	files, found := tally(t, ".pdf", "pdf", func(b []byte) bool { return bytes.HasPrefix(b, []byte("%PDF")) })
	if files < 250 {
		t.Fatalf("only %d documents", files)
	}
	for _, p := range patterns {
		least := 99
		if strings.Contains(p.name, "inside") || strings.Contains(p.name, "head kept") {
			least = 90
		}
		if found[p.name]*100 < files*least {
			t.Errorf("%s: %d of %d", p.name, found[p.name], files)
		}
	}
}
