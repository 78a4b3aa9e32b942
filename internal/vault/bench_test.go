package vault_test

import (
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

func benchSave(b *testing.B, size, writers int) {
	h := newHouse(b, "s")
	f := h.v.As(staff)
	content := random(1, size+8*b.N+8)
	b.SetBytes(int64(size))
	var n atomic.Int64
	b.SetParallelism(writers)
	b.ResetTimer()
	if writers == 1 {
		for i := range b.N {
			saveOne(b, f, i, content[8*i:][:size])
		}
		return
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			saveOne(b, f, i, content[(8*i)%(len(content)-size):][:size])
		}
	})
}

func saveOne(b *testing.B, f vault.Files, i int, content []byte) {
	d, err := f.Create(b.Context(), pathname.Path(fmt.Sprintf("/s/%d", i)))
	if err != nil {
		b.Error(err)
		return
	}
	for len(content) > 0 { // as a socket gives it
		n, _ := d.Write(content[:min(len(content), 256<<10)])
		content = content[n:]
	}
	if _, err := d.Commit(b.Context(), vault.Save{}); err != nil {
		b.Error(err)
	}
}

func BenchmarkSave3MB(b *testing.B)          { benchSave(b, 3_000_000, 1) }
func BenchmarkSave3MBParallel(b *testing.B)  { benchSave(b, 3_000_000, 4) }
func BenchmarkSave20KB(b *testing.B)         { benchSave(b, 20_000, 1) }
func BenchmarkSave20KBParallel(b *testing.B) { benchSave(b, 20_000, 32) }

func BenchmarkSave256MB(b *testing.B) { benchSave(b, 256<<20, 1) }

func BenchmarkRead3MB(b *testing.B) {
	h := newHouse(b, "s")
	f := h.v.As(staff)
	i := save(b, f, "/s/f", random(1, 3_000_000))
	b.SetBytes(i.Size)
	s := staff
	for b.Loop() {
		s.ID = id.NewSession() // no lease: every reading is a release
		files, err := h.v.As(s).Open(b.Context(), account.Open, i)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := files[0].WriteTo(struct{ io.Writer }{io.Discard}); err != nil {
			b.Fatal(err)
		}
		files[0].Close()
	}
}

// BenchmarkLocksOfAListing asks for the locks of each entry of a directory, as a PROPFIND does, while one is held in the share.
func BenchmarkLocksOfAListing(b *testing.B) {
	h := newHouse(b, "s")
	w := h.v.As(staff)
	for i := range 1000 {
		save(b, w, pathname.Path(fmt.Sprintf("/s/DSC_%05d.JPG", i)), []byte("x"))
	}
	if _, _, err := w.Lock(b.Context(), "/s/DSC_00001.JPG", vault.Lock{TTL: time.Hour}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		found := 0
		for i, err := range w.List(b.Context(), "/s") {
			if err != nil {
				b.Fatal(err)
			}
			locks, err := w.Locks(b.Context(), i)
			if err != nil {
				b.Fatal(err)
			}
			found += len(locks)
		}
		if found != 1 {
			b.Fatalf("%d locks, want 1", found)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/entry")
}
