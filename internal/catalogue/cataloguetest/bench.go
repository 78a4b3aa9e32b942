package cataloguetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Sizes of the benchmarks' one share: files in directories of a thousand, one directory that is large, one
// file that is saved all day.
const (
	smallDir  = 1000
	largeDir  = 100_000
	longStory = 10_000
)

// Benchmark measures an implementation on a share of 100,000 files in one directory and as many as asked
// for in others.
func Benchmark(b *testing.B, open Open, files int) {
	l := &load{c: open(b, b.TempDir()), share: id.NewShare(), keys: newKeys(), w: &writer{}, rnd: rand.New(rand.NewPCG(1, 2))}
	defer l.c.Close()
	start := time.Now()
	l.fill(b, files)
	b.Logf("%d nodes, %.0f commits/s to fill", l.nodes, float64(l.commits)/time.Since(start).Seconds())
	for _, bench := range []struct {
		name string
		run  func(*testing.B)
	}{
		{"ApplyNew", func(b *testing.B) { l.transactions(b, 10_000, l.fresh) }},
		{"ApplyNewChunk", func(b *testing.B) { l.transactions(b, 10_000, l.freshChunk) }},
		{"ApplyAgain", func(b *testing.B) { l.transactions(b, 10_000, l.again) }},
		{"ApplyMove", func(b *testing.B) { l.transactions(b, 10_000, l.move) }},
		{"GroupNewChunk", func(b *testing.B) { l.transactions(b, 100, l.freshChunk) }},
		{"SingleNew", func(b *testing.B) { l.transactions(b, 1, l.fresh) }},
		{"SingleNewChunk", func(b *testing.B) { l.transactions(b, 1, l.freshChunk) }},
		{"SingleAgain", func(b *testing.B) { l.transactions(b, 1, l.again) }},
		{"Child", l.child},
		{"Child4", l.children},
		{"Node", l.node},
		{"List100k", l.list},
		{"HistoryFirst", func(b *testing.B) { l.history(b, 1) }},
		{"History10k", func(b *testing.B) { l.history(b, longStory) }},
		{"Chunk", func(b *testing.B) { l.chunks(b, 1) }},
		{"Chunks256", func(b *testing.B) { l.chunks(b, 256) }},
		{"Totals", l.totals},
		{"Digest", l.digest},
	} {
		b.Run(bench.name, bench.run)
	}
}

// load is a share with many files.
type load struct {
	c     catalogue.Catalogue
	share id.Share
	keys  *seal.Metadata
	w     *writer
	rnd   *rand.Rand

	nodes, commits int
	chunked        int // so many of files have chunks
	dirs           []id.File
	files          []id.File // the n-th stands in dirs[n/smallDir], under its number
	large, story   id.File
}

func (l *load) view() catalogue.View { return l.c.View(l.share, l.keys) }

// record makes a batch of one commit.
func (l *load) record(ops ...commit.Op) catalogue.Batch {
	l.commits++
	return l.w.commit(commit.Record{When: noon.Add(time.Duration(l.commits) * time.Second), Author: "佐藤", Door: "webdav",
		Session: id.Session{byte(l.commits >> 12)}, Ops: ops})
}

func name(n int) string { return fmt.Sprintf("卒業アルバム_%06d.jpg", n) }

func chunk(n int) (c id.Chunk) {
	x := rand.New(rand.NewPCG(uint64(n), 0))
	for i := 0; i < len(c); i += 8 {
		binary.BigEndian.PutUint64(c[i:], x.Uint64())
	}
	return c
}

// fresh saves a file that is new.
func (l *load) fresh() catalogue.Batch {
	n := len(l.files)
	var ops []commit.Op
	if n%smallDir == 0 {
		l.dirs = append(l.dirs, id.NewFile())
		ops = append(ops, act(commit.Mkdir, l.dirs[n/smallDir], id.File{}, fmt.Sprint("dir ", n)))
		l.nodes++
	}
	l.files = append(l.files, id.NewFile())
	l.nodes++
	return l.record(append(ops, save(l.files[n], l.dirs[n/smallDir], name(n)))...)
}

// freshChunk is fresh with a chunk of its own.
func (l *load) freshChunk() catalogue.Batch {
	n := len(l.files)
	b := l.fresh()
	b.Chunks = append(b.Chunks, catalogue.Located[id.Chunk]{ID: chunk(n), Place: l.w.frame(1 << 20)})
	b.UpTo = l.w.end
	return b
}

// again saves a file anew.
func (l *load) again() catalogue.Batch {
	n := l.rnd.IntN(len(l.files))
	return l.record(save(l.files[n], l.dirs[n/smallDir], name(n)))
}

// move gives a file another name and its own back.
func (l *load) move() catalogue.Batch {
	n := l.rnd.IntN(len(l.files))
	return l.record(act(commit.Move, l.files[n], l.dirs[n/smallDir], "."+name(n)), act(commit.Move, l.files[n], l.dirs[n/smallDir], name(n)))
}

func (l *load) fill(b *testing.B, files int) {
	l.large, l.story = id.NewFile(), id.NewFile()
	l.write(b, 1, func() catalogue.Batch { return l.record(act(commit.Mkdir, l.large, id.File{}, "large")) })
	n := 0
	l.write(b, largeDir, func() catalogue.Batch {
		n++
		return l.record(save(id.NewFile(), l.large, name(n)))
	})
	l.write(b, longStory, func() catalogue.Batch { return l.record(save(l.story, id.File{}, "story")) })
	l.nodes += 2 + largeDir
	l.write(b, files, l.freshChunk)
	l.chunked = files
}

// write applies n batches in one transaction.
func (l *load) write(b *testing.B, n int, next func() catalogue.Batch) {
	tx, err := l.c.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	for range n {
		if err := tx.Apply(b.Context(), l.share, l.keys, next()); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func (l *load) transactions(b *testing.B, size int, next func() catalogue.Batch) {
	for b.Loop() {
		l.write(b, size, next)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/commit")
}

func (l *load) child(b *testing.B) {
	for b.Loop() {
		n := l.rnd.IntN(len(l.files))
		if _, err := l.view().Child(b.Context(), l.dirs[n/smallDir], name(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func (l *load) children(b *testing.B) {
	b.SetParallelism(2)
	b.RunParallel(func(p *testing.PB) {
		for rnd := rand.New(rand.NewPCG(3, 4)); p.Next(); {
			n := rnd.IntN(len(l.files))
			if _, err := l.view().Child(b.Context(), l.dirs[n/smallDir], name(n)); err != nil {
				b.Error(err)
			}
		}
	})
}

func (l *load) node(b *testing.B) {
	for b.Loop() {
		if _, err := l.view().Node(b.Context(), l.files[l.rnd.IntN(len(l.files))]); err != nil {
			b.Fatal(err)
		}
	}
}

func (l *load) list(b *testing.B) {
	for b.Loop() {
		n := 0
		for _, err := range l.view().List(b.Context(), l.large, false) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != largeDir {
			b.Fatalf("%d entries, want %d", n, largeDir)
		}
	}
}

func (l *load) history(b *testing.B, rows int) {
	for b.Loop() {
		n := 0
		for _, err := range l.view().History(b.Context(), l.story) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n == rows {
				break
			}
		}
		if n != rows {
			b.Fatalf("%d changes, want %d", n, rows)
		}
	}
}

func (l *load) chunks(b *testing.B, n int) {
	ids := make([]id.Chunk, n)
	for b.Loop() {
		for i := range ids {
			ids[i] = chunk(l.rnd.IntN(l.chunked))
		}
		places, err := l.view().Chunks(b.Context(), ids)
		if err != nil || places[n-1].Size == 0 {
			b.Fatal(places[n-1], err)
		}
	}
}

func (l *load) totals(b *testing.B) {
	for b.Loop() {
		if _, err := l.view().Totals(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func (l *load) digest(b *testing.B) {
	for b.Loop() {
		if _, err := l.view().Digest(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*l.nodes), "µs/node")
}
