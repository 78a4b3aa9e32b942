package witness

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
)

// BenchmarkCopy gives a new mirror a ledger of a million entries, each 215 bytes, over HTTP and onto a disk.
func BenchmarkCopy(b *testing.B) {
	const entries = 1_000_000
	dir := b.TempDir()
	h := newHouse(b, durable.OS(), filepath.Join(dir, "ledger"))
	for range entries / 1000 {
		grow(b, h.Log, 1000)
	}
	if _, err := h.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w := newWitness(b, durable.OS(), b.TempDir(), h.public)
		srv := httptest.NewServer(w.Handler())
		x := account.Witness{URL: srv.URL}
		x.Key, x.Mirror = w.Keys()
		q, err := NewQuorum(QuorumConfig{Ledger: h.Log, Origin: origin, Key: h.public, Peers: []account.Witness{x}, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if err := q.Wait(b.Context(), entries, 1); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := q.Copy(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		q.Close()
		srv.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
