package ledger

import (
	"cmp"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/seal"
)

// million makes a ledger of a million sealed entries of 250 to 650 bytes, as saves and releases are, a second after each other. With
// AZEKURA_BENCH_LEDGER it stays in that folder, for others to look at.
func million(b *testing.B) (dir, key string) {
	b.Helper()
	dir = cmp.Or(os.Getenv("AZEKURA_BENCH_LEDGER"), b.TempDir())
	k := newKeys(b)
	l := open(b, k.config(durable.OS(), dir))
	sealer := NewSealer(seal.NewKey())
	event := make([]byte, 600)
	rand.Read(event)
	var batch [][]byte
	for i := range 1_000_000 {
		e, err := sealer.Seal(noon.Add(time.Duration(i)*time.Second), event[:200+i*7%400])
		if err != nil {
			b.Fatal(err)
		}
		if batch = append(batch, e); len(batch) == 1000 {
			if _, err := l.Append(b.Context(), batch...); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if _, err := l.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "public-key"), []byte(k.public+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	return dir, k.public
}

// BenchmarkAudit verifies a ledger of a million entries: go test ./internal/ledger -run '^$' -bench Audit.
func BenchmarkAudit(b *testing.B) {
	dir, key := million(b)
	for b.Loop() {
		if r, err := Verify(b.Context(), os.DirFS(dir), key); err != nil || !r.OK() || r.Size != 1_000_000 {
			b.Fatal(r.Size, r.Damage, err)
		}
	}
}

// BenchmarkExport copies it, durably: go test ./internal/ledger -run '^$' -bench Export.
func BenchmarkExport(b *testing.B) {
	dir, key := million(b)
	for b.Loop() {
		if head, err := Export(b.Context(), os.DirFS(dir), key, durable.OS(), b.TempDir()+"/copy"); err != nil || head.Size != 1_000_000 {
			b.Fatal(head, err)
		}
	}
}
