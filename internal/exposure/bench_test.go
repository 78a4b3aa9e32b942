package exposure

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// crowd is a roster of 200 schools.
type crowd struct{ persons }

func (crowd) Of(_ id.Share, path pathname.Path) Who {
	var n int
	fmt.Sscanf(string(path), "/a/%d", &n)
	return Who{One, n}
}

func (crowd) Place(p int) Place { return Place{School: schools[p%len(schools)]} }

var schools = func() (out []string) {
	for i := range 200 {
		out = append(out, fmt.Sprint("school ", i))
	}
	return out
}()

// BenchmarkAsk asks about 1,000,000 files of 173,000 persons, of which a storehouse had 100,000 in reach.
func BenchmarkAsk(b *testing.B) {
	book := newBook()
	const files, people = 1_000_000, 173_000
	v := func(n int) id.Version { return id.Version{byte(n), byte(n >> 8), byte(n >> 16), 1} }
	for part := range 100 {
		e := event.Event{Kind: event.Released, Session: thief, Share: shareA, Until: clockAt(10, 15)}
		for i := range 1_000 {
			e.Files = append(e.Files, event.File{Version: v(part*1_000 + i)})
		}
		book.add(clockAt(10, 10), e)
		s := event.Event{Kind: event.Saved, Share: shareA}
		for i := range files / 100 {
			s.Files = append(s.Files, event.File{Version: v(part*files/100 + i)})
		}
		book.add(clockAt(9, 1), s)
	}
	paths := make([]pathname.Path, people)
	for i := range paths {
		paths[i] = pathname.Path(fmt.Sprintf("/a/%d", i))
	}
	f := file(1, "/a/1")
	all := func(yield func(*File, error) bool) {
		for n := range files {
			f.ID, f.Paths[0] = id.File(v(n)), paths[n%people]
			f.Versions[0].ID, f.Versions[0].Key, f.Versions[0].Equal = v(n), v(n), [32]byte{byte(n), byte(n >> 8), byte(n >> 16), 2}
			if !yield(f, nil) {
				return
			}
		}
	}
	p := Party{Kind: Storehouse, Apart: true, From: clockAt(10, 0), To: clockAt(11, 0)}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		x, err := Ask(Question{Parties: []Party{p}, Ledger: book.ledger(), Files: all, Persons: crowd{persons{[]id.Share{shareA}}}})
		if err != nil {
			b.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-heap")
		if len(x.Rows) != 200 {
			b.Fatal(len(x.Rows))
		}
	}
}
