package vault_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// contents appends what saves leave in the packs, with chunks that are small: what is measured is the way to them.
func (c *crowd) contents(meta *seal.Metadata, ops []commit.Op) {
	share, r := c.h.keeper.shares[0].ID, rand.NewChaCha8([32]byte{1})
	var payload [256]byte
	for i := range ops {
		if ops[i].Kind != commit.Save {
			continue
		}
		var frame [32]byte
		copy(frame[:], ops[i].Version[:])
		var chunk id.Chunk
		r.Read(chunk[:8])
		copy(chunk[8:], ops[i].Version[:])
		r.Read(payload[:])
		list, err := commit.MarshalChunks([]id.Chunk{chunk})
		must(c.b, err)
		for _, f := range []struct {
			kind    pack.Type
			frame   [32]byte
			payload []byte
		}{{pack.Chunk, chunk, payload[:]}, {pack.Parts, frame, meta.SealList(list, frame)}, {pack.Manifest, frame, payload[:150]}} {
			_, err := c.h.packs.Append(bg, share, f.kind, f.frame, f.payload)
			must(c.b, err)
		}
	}
}

// BenchmarkRemoval removes the 25,000 versions of many that others came in the place of: what the preview and the removal take, and their memory.
func BenchmarkRemoval(b *testing.B) {
	const gone = 25_000
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n, " files"), func(b *testing.B) {
			c := &crowd{b: b, now: time.Date(2026, 7, 13, 9, 0, 0, 0, time.UTC)}
			c.h = openClock(b, b.TempDir(), newTestKeeper(b, "s"), func() time.Time { return c.now })
			defer c.h.close()
			meta := seal.NewMetadata(c.h.keeper.meta[c.h.keeper.shares[0].ID])
			for i := range n / 1000 {
				c.dirs = append(c.dirs, id.NewFile())
				ops := []commit.Op{{Kind: commit.Mkdir, File: c.dirs[i], Name: fmt.Sprintf("クラス %04d", i)}}
				if i == 0 {
					c.do("factory", ops)
					ops = nil
				}
				for range 1000 {
					c.files = append(c.files, id.NewFile())
					ops = append(ops, c.save(len(c.files)-1, ""))
				}
				c.contents(meta, ops)
				c.do("factory", ops)
			}
			var ops []commit.Op
			for i := range gone {
				ops = append(ops, c.save(i*(n/gone), ""))
			}
			c.contents(meta, ops)
			c.do("factory", ops)
			c.h.seal(b)
			a := c.h.old(b, 31)
			b.ResetTimer()
			for range b.N {
				var r account.Removal
				start, used := time.Now(), cpu(b)
				mib := peak(func() { r = c.h.preview(b, account.Retention{Versions: 30}, a) })
				b.ReportMetric(time.Since(start).Seconds(), "preview-s")
				b.ReportMetric((cpu(b) - used).Seconds(), "preview-cpu-s")
				b.ReportMetric(mib, "preview-MiB")
				start, used = time.Now(), cpu(b)
				mib = peak(func() {
					done, err := c.h.v.RemoveByRule(bg, staff, "s", removing(r, a))
					if err != nil || done.Versions != gone {
						b.Fatalf("%+v, %v", done, err)
					}
					b.ReportMetric(float64(done.Packs), "packs")
				})
				b.ReportMetric(time.Since(start).Seconds(), "remove-s")
				b.ReportMetric((cpu(b) - used).Seconds(), "remove-cpu-s")
				b.ReportMetric(mib, "remove-MiB")
			}
		})
	}
}
