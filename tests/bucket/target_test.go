package bucket

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/medium/bucket"
)

// pieces yields b in pieces of 4 MiB.
func pieces(b []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for p := range slices.Chunk(b, 4<<20) {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// TestTarget: what a bucket promises to package medium, for objects that are held in memory and for those that stream through.
func TestTarget(t *testing.T) {
	g := startGateway(t)
	g.bucket("locked", true)
	s, err := bucket.Read(g.settings("s3.toml", "locked", `folder = "house/a"`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := bucket.New(s, 30, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"small": 5000, "packs/large": 17<<20 + 13} {
		t.Run(name, func(t *testing.T) {
			data := random(size)
			if err := b.Put(t.Context(), name, int64(size), pieces(data)); err != nil {
				t.Fatal(err)
			}
			stored := func(want []byte) {
				t.Helper()
				n, sum, until, err := b.Stored(t.Context(), name, "")
				if err != nil || n != int64(len(want)) || sum != sha256.Sum256(want) || until.Before(time.Now().AddDate(0, 0, 29)) {
					t.Errorf("%d bytes, %x, locked until %v, %v", n, sum, until, err)
				}
			}
			stored(data)
			is, err := g.c.StatObject(t.Context(), "locked", "house/a/"+name, minio.StatObjectOptions{Checksum: true})
			if err != nil || is.ChecksumSHA256 == "" {
				t.Errorf("the server has no checksum: %+v, %v", is, err)
			}
			o, err := b.Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			got := make([]byte, size+100)
			if n, err := o.ReadAt(got, 0); n != size || err != io.EOF || !bytes.Equal(got[:n], data) {
				t.Errorf("read %d, %v", n, err)
			}
			for _, off := range []int{0, 1, 4096, size - 700} {
				part := make([]byte, 700)
				if n, err := o.ReadAt(part, int64(off)); n != 700 || !bytes.Equal(part, data[off:off+700]) {
					t.Errorf("at %d: %d, %v", off, n, err)
				}
			}
			// The same again is put once; another thing goes over it, and both can be read.
			if err := b.Put(t.Context(), name, int64(size), pieces(data)); err != nil {
				t.Fatal(err)
			}
			if v, err := b.Versions(t.Context(), name); err != nil || len(v) != 1 || !v[0].Last {
				t.Errorf("%+v, %v", v, err)
			}
			for _, n := range []int{size, size + 1} {
				other := random(n)
				if err := b.Put(t.Context(), name, int64(n), pieces(other)); err != nil {
					t.Fatal(err)
				}
				stored(other)
			}
			v, err := b.Versions(t.Context(), name)
			if err != nil || len(v) != 3 || v[0].Last || !v[2].Last || v[2].Size != int64(size)+1 {
				t.Fatalf("%+v, %v", v, err)
			}
			first, err := b.OpenVersion(t.Context(), name, v[0])
			if err != nil {
				t.Fatal(err)
			}
			if n, err := first.ReadAt(got[:size], 0); n != size || err != nil || !bytes.Equal(got[:size], data) {
				t.Errorf("the first: %d, %v", n, err)
			}
		})
	}
	list := make(map[string]medium.Entry)
	for e, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list[e.Name] = e
	}
	if len(list) != 2 || !list["small"].Several || list["small"].Size != 5001 {
		t.Errorf("%+v", list)
	}
	if _, err := b.Open(t.Context(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := b.Remove(t.Context(), "small"); err == nil {
		t.Error("what is locked was removed")
	}
	if err := b.Remove(t.Context(), "nothing"); err != nil {
		t.Error(err)
	}
	later := time.Now().AddDate(0, 0, 60).UTC().Truncate(time.Second)
	if err := b.Renew(t.Context(), later, func(name string) bool { return name == "small" }); err != nil {
		t.Fatal(err)
	}
	for _, v := range g.all("locked", "house/a/small") {
		if _, _, until, err := b.Stored(t.Context(), "small", v.VersionID); err != nil || !until.Equal(later) {
			t.Errorf("%v, %v", until, err)
		}
	}
}
