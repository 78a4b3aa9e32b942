package vault_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// BenchmarkGuard saves a photograph of 10 MB over another one, with the guard and without: the whole save, and the time from the last byte
// to the answer.
func BenchmarkGuard(b *testing.B) {
	pictures := make([][]byte, 2)
	for i := range pictures {
		m := image.NewYCbCr(image.Rect(0, 0, 5200, 3900), image.YCbCrSubsampleRatio420)
		r := rand.NewChaCha8([32]byte{byte(i)})
		r.Read(m.Y)
		for k := range m.Y {
			m.Y[k] = byte(k%5200/24) + m.Y[k]%48
		}
		var out bytes.Buffer
		must(b, jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}))
		pictures[i] = out.Bytes()
	}
	for name, g := range map[string]*guard.Guard{"on": guard.New(guard.Config{}), "off": nil} {
		b.Run(name, func(b *testing.B) {
			k := newTestKeeper(b, "s")
			k.guard = g
			h := openHouse(b, b.TempDir(), k)
			defer h.close()
			f := h.v.As(person("sato"))
			save(b, f, "/s/a.jpg", pictures[0])
			b.SetBytes(int64(len(pictures[0])))
			var ends []time.Duration
			for i := range b.N {
				d, err := f.Create(b.Context(), "/s/a.jpg")
				must(b, err)
				_, err = io.Copy(d, bytes.NewReader(pictures[(i+1)%2]))
				must(b, err)
				begun := time.Now()
				_, err = d.Commit(b.Context(), vault.Save{})
				must(b, err)
				ends = append(ends, time.Since(begun))
			}
			slices.Sort(ends)
			b.ReportMetric(float64(ends[len(ends)/2].Microseconds())/1000, "ms-end-p50")
			b.ReportMetric(float64(ends[len(ends)*99/100].Microseconds())/1000, "ms-end-p99")
		})
	}
}

// BenchmarkRollback asks for the damage of 25,000 files of many, and rolls it back.
func BenchmarkRollback(b *testing.B) {
	const hurt = 25_000
	for _, n := range []int{50_000, 100_000} {
		b.Run(fmt.Sprintf("25000 of %d", n), func(b *testing.B) {
			k := newTestKeeper(b, "s")
			h := openHouse(b, b.TempDir(), k)
			defer h.close()
			fill := func(who account.Session, n int, word string) {
				f := h.v.As(who)
				names := make(chan int)
				var all sync.WaitGroup
				for range 64 { // saves side by side share a flush
					all.Go(func() {
						for i := range names {
							save(b, f, pathname.Path(fmt.Sprintf("/s/%d/%d.txt", i/1000, i)), []byte(word+fmt.Sprint(i)))
						}
					})
				}
				for i := range n {
					names <- i
				}
				close(names)
				all.Wait()
			}
			owner := h.v.As(person("factory"))
			for i := range n / 1000 {
				must(b, owner.Mkdir(b.Context(), pathname.Path(fmt.Sprintf("/s/%d", i))))
			}
			fill(person("factory"), n, "whole ")
			for b.Loop() {
				b.StopTimer()
				begun := time.Now()
				fill(person("attacked"), hurt, fmt.Sprintf("broken %d ", begun.UnixNano()))
				by := vault.Suspects{From: begun.Add(-time.Millisecond), Pick: func(a vault.Actor) bool { return a.Author == "attacked" }}
				b.StartTimer()
				start := time.Now()
				list, _, err := h.v.Harm(b.Context(), person("eyes"), "/s", by)
				must(b, err)
				b.ReportMetric(time.Since(start).Seconds(), "s-damage")
				start = time.Now()
				if len(list) != hurt {
					b.Fatalf("%d files", len(list))
				}
				undone := 0
				must(b, h.v.Rollback(b.Context(), person("eyes"), "/s", by, nil, false, func(vault.Mended) error { undone++; return nil }))
				b.ReportMetric(time.Since(start).Seconds(), "s-rollback")
				if undone != hurt {
					b.Fatalf("%d undone", undone)
				}
			}
		})
	}
}
