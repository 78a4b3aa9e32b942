package vault_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/azekura/azekura/internal/pathname"
)

// TestArchiveOfNothing: who makes an archive and removes what is in it does not wait; who makes one of nothing does, whatever it lists.
func TestArchiveOfNothing(t *testing.T) {
	archive := func(method uint16, content func(b []byte) []byte) func(map[pathname.Path][]byte) []byte {
		return func(pictures map[pathname.Path][]byte) []byte {
			var out bytes.Buffer
			z := zip.NewWriter(&out)
			for name, b := range pictures {
				w, err := z.CreateHeader(&zip.FileHeader{Name: "3年B組/" + name.Base(), Method: method})
				must(t, err)
				_, err = w.Write(content(b))
				must(t, err)
			}
			must(t, z.Close())
			return out.Bytes()
		}
	}
	zeros := func(b []byte) []byte { return make([]byte, len(b)) }
	itself := func(b []byte) []byte { return b }
	for name, c := range map[string]struct {
		as   string
		make func(map[pathname.Path][]byte) []byte
		held bool
	}{
		"stored":              {"a.zip", archive(zip.Store, itself), false},
		"packed":              {"a.zip", archive(zip.Deflate, itself), false},
		"stored zeros":        {"a.zip", archive(zip.Store, zeros), true},
		"packed zeros":        {"a.zip", archive(zip.Deflate, zeros), true},
		"photographs cut off": {"a.zip", archive(zip.Store, func(b []byte) []byte { return b[:len(b)-1] }), true},
		"stored zeros in a packed file": {"a.tgz", func(pictures map[pathname.Path][]byte) []byte {
			var out bytes.Buffer
			z, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
			must(t, err)
			for _, b := range pictures {
				_, err := z.Write(zeros(b))
				must(t, err)
			}
			must(t, z.Close())
			return out.Bytes()
		}, true},
		"photographs in a packed file": {"a.tgz", func(pictures map[pathname.Path][]byte) []byte {
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			for _, b := range pictures {
				_, err := io.Copy(z, bytes.NewReader(b))
				must(t, err)
			}
			must(t, z.Close())
			return out.Bytes()
		}, false},
		"a tar of zeros": {"a.tar", func(pictures map[pathname.Path][]byte) (out []byte) {
			for _, b := range pictures {
				out = append(out, zeros(b)...)
			}
			return out
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := guarded(t)
			pictures := pictureAlbum(t, h, 12)
			f := h.v.As(person("archivist"))
			save(t, f, pathname.Path("/s/"+c.as), c.make(pictures))
			for name := range pictures {
				must(t, f.Remove(t.Context(), name))
			}
			if n := len(held(t, h, person("other"))); (n > 0) != c.held {
				t.Errorf("%d are held", n)
			}
		})
	}
}
