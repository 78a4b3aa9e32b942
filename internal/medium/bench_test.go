package medium

import (
	"cmp"
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// BenchmarkSync copies the same packs to the same disk by turns, as a medium and with cp and sync, both from a cold cache, and tells by how much
// one is slower. A sync also hashes and reads back what it wrote; "checked" compares it with a cp after which the copy is read, too.
//
//	go test ./internal/medium -run '^$' -bench Sync -benchtime 5x
//	AZEKURA_BENCH_MEDIUM=/media/disk go test …     onto another disk than that of the vault
func BenchmarkSync(b *testing.B) {
	const size = 512 << 20
	packTarget = 64 << 20
	b.Cleanup(func() { packTarget = 64 << 10 })
	dir := b.TempDir()
	to := cmp.Or(os.Getenv("AZEKURA_BENCH_MEDIUM"), dir)
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		b.Fatal(err)
	}
	h := houseOf(b, durable.OS(), 1, dir, private, public)
	defer h.close()
	share, chunk := id.NewShare(), make([]byte, 1<<20)
	for n := 0; n < size; n += len(chunk) {
		rand.Read(chunk)
		if _, err := h.packs.Append(b.Context(), share, pack.Chunk, [32]byte{}, chunk); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := h.packs.Sync(b.Context(), share); err != nil {
		b.Fatal(err)
	}
	var ours, plain, checked []time.Duration
	measure := func(do func()) time.Duration {
		cold(b, filepath.Join(dir, "packs"))
		begun := time.Now()
		do()
		return time.Since(begun)
	}
	for b.Loop() {
		at := filepath.Join(to, "medium")
		ours = append(ours, measure(func() {
			m := NewDisk(durable.OS(), at)
			if err := Make(b.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk", Vault: public}); err != nil {
				b.Fatal(err)
			}
			if out, err := Sync(b.Context(), m, h, Options{Key: public}); err != nil || out.Copied < size {
				b.Fatal(out, err)
			}
		}))
		os.RemoveAll(at)
		cp := measure(func() { shell(b, `cp -r "$1" "$2" && sync -f "$2"`, filepath.Join(dir, "packs"), at) })
		cold(b, at)
		begun := time.Now()
		shell(b, `cat "$1"/*/* | sha256sum >/dev/null`, at)
		plain, checked = append(plain, cp), append(checked, cp+time.Since(begun))
		os.RemoveAll(at)
	}
	mean := func(list []time.Duration) float64 {
		slices.Sort(list)
		return list[len(list)/2].Seconds()
	}
	b.ReportMetric(size/mean(ours)/1e6, "MB/s")
	b.ReportMetric(size/mean(plain)/1e6, "cp-MB/s")
	b.ReportMetric(mean(plain)/mean(ours), "of-cp")
	b.ReportMetric(mean(checked)/mean(ours), "of-checked-cp")
	b.ReportMetric(0, "ns/op")
}

func shell(b *testing.B, script string, args ...string) {
	b.Helper()
	if out, err := exec.CommandContext(context.WithoutCancel(b.Context()), "sh", append([]string{"-c", script, "sh"}, args...)...).CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
}

// cold lets the system forget what it has of the files below a folder.
func cold(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		b.Fatal(err)
	}
}
