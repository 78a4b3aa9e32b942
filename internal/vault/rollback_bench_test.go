package vault_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// crowd is a share with very many files, a thousand to a directory. They are in the books as if they had been saved, and have no content.
type crowd struct {
	b     *testing.B
	h     *house
	now   time.Time
	dirs  []id.File
	files []id.File
}

func newCrowd(b *testing.B, n int) *crowd {
	c := &crowd{b: b, now: time.Date(2026, 7, 13, 9, 0, 0, 0, time.UTC)}
	c.h = openClock(b, b.TempDir(), newTestKeeper(b, "s"), func() time.Time { return c.now })
	for i := range n / 1000 {
		c.dirs = append(c.dirs, id.NewFile())
		ops := []commit.Op{{Kind: commit.Mkdir, File: c.dirs[i], Name: fmt.Sprintf("クラス %04d", i)}}
		for range 1000 {
			c.files = append(c.files, id.NewFile())
			ops = append(ops, c.save(len(c.files)-1, ""))
		}
		c.do("factory", ops)
	}
	return c
}

// save is a save of a file.
func (c *crowd) save(i int, ending string) commit.Op {
	v := id.NewVersion()
	op := commit.Op{Kind: commit.Save, File: c.files[i], Parent: c.dirs[i/1000], Name: fmt.Sprintf("IMG_%07d.JPG%s", i, ending)}
	op.Content = commit.Content{Version: v, Key: v, Epoch: id.Epoch{1}, Size: 3_000_000, Modified: c.now, Equal: [32]byte(append(v[:], v[:]...)),
		Found: commit.Found{Looked: true, Kind: "jpeg"}}
	if ending != "" {
		op.Found = commit.Found{Looked: true, Even: true}
	}
	return op
}

func (c *crowd) do(who string, ops []commit.Op) {
	for len(ops) > 0 {
		n := min(len(ops), 20_000)
		c.now = c.now.Add(time.Second)
		must(c.b, c.h.v.Do(c.b.Context(), person(who), "/s", ops[:n]...))
		ops = ops[n:]
	}
}

// hurt lets somebody overwrite files, and rename them if there is an ending, and returns whom to suspect.
func (c *crowd) hurt(which []int, ending string) vault.Suspects {
	c.now = c.now.Add(time.Minute)
	by := vault.Suspects{From: c.now, Pick: func(a vault.Actor) bool { return a.Author == "attacked" }}
	var ops []commit.Op
	for _, i := range which {
		ops = append(ops, c.save(i, ending))
	}
	c.do("attacked", ops)
	return by
}

// peak runs something and returns how much the heap grew at most while it ran, in MiB.
func peak(run func()) float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, m.HeapAlloc
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		for t := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-done:
				t.Stop()
				return
			case <-t.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	})
	run()
	close(done)
	ended.Wait()
	return float64(most-before) / (1 << 20)
}

// BenchmarkRollback asks for the damage of some files of many, and rolls it back. The bench module measures the same through the program.
func BenchmarkRollback(b *testing.B) {
	const hurt = 25_000
	for _, n := range []int{50_000, 1_000_000} {
		for _, x := range []struct {
			name   string
			which  func(i int) int
			ending string
		}{
			{"folder by folder", func(i int) int { return i }, ""},
			{"here and there", func(i int) int { return i * (n / hurt) }, ""},
			{"renamed", func(i int) int { return i }, ".locked"},
		} {
			b.Run(fmt.Sprintf("25000 of %d %s", n, x.name), func(b *testing.B) {
				c := newCrowd(b, n)
				defer c.h.close()
				for b.Loop() {
					b.StopTimer()
					which := make([]int, hurt)
					for i := range which {
						which[i] = x.which(i)
					}
					rand.Shuffle(len(which), func(i, k int) { which[i], which[k] = which[k], which[i] })
					by := c.hurt(which, x.ending)
					b.StartTimer()
					c.damage(by, hurt)
					c.rollback(by, hurt)
				}
			})
		}
	}
}

// BenchmarkHarmOfAll asks for the damage when every file was hurt.
func BenchmarkHarmOfAll(b *testing.B) {
	for _, n := range []int{200_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n)
			defer c.h.close()
			which := make([]int, n)
			for i := range which {
				which[i] = i
			}
			by := c.hurt(which, "")
			for b.Loop() {
				c.damage(by, n)
			}
		})
	}
}

// measure reports the time, the CPU time and the memory that something takes.
func (c *crowd) measure(name string, run func()) {
	start, used := time.Now(), cpu(c.b)
	memory := peak(run)
	c.b.ReportMetric(time.Since(start).Seconds(), "s-"+name)
	c.b.ReportMetric((cpu(c.b) - used).Seconds(), "s-cpu-"+name)
	c.b.ReportMetric(memory, "MiB-"+name)
}

// cpu is what the process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (c *crowd) damage(by vault.Suspects, want int) {
	n := 0
	c.measure("damage", func() {
		_, err := c.h.v.Harm(c.b.Context(), person("eyes"), "/s", by, func(vault.Harm) error { n++; return nil })
		must(c.b, err)
	})
	if n != want {
		c.b.Fatalf("%d files, want %d", n, want)
	}
}

func (c *crowd) rollback(by vault.Suspects, want int) {
	n := 0
	c.measure("rollback", func() {
		_, err := c.h.v.Rollback(c.b.Context(), person("eyes"), "/s", by, nil, false, func(vault.Mended) error { n++; return nil })
		must(c.b, err)
	})
	if n != want {
		c.b.Fatalf("%d files, want %d", n, want)
	}
}
