package dir

import (
	"io/fs"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// watch counts the bytes that were read past the page cache, and those read through it.
type watch struct {
	durable.FS
	mu             sync.Mutex
	direct, cached int
}

type watchedFile struct {
	durable.File
	count func(n int)
}

func (w *watch) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := w.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return watchedFile{f, func(n int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if flag&durable.Direct != 0 {
			w.direct += n
		} else {
			w.cached += n
		}
	}}, nil
}

func (f watchedFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	f.count(n)
	return n, err
}

// A large frame is read past the page cache the first time and through it the second, and is the same both times,
// wherever it begins and whatever room the reader brings.
func TestReadPastThePageCache(t *testing.T) {
	h := newHouse(t)
	s := h.open()
	var all []packtest.Put
	for i, n := range []int{directFrom, 1, 700_001, 100, directFrom - pack.HeaderSize - 1, 4095, 2_000_000} {
		p := packtest.NewPut(uint32(i), n)
		if err := p.Append(t.Context(), s, h.share); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if _, err := s.Sync(t.Context(), h.share); err != nil {
		t.Fatal(err)
	}
	s.Close()

	w := &watch{FS: h.p}
	s, err := Open(t.Context(), Config{FS: w, Root: "packs"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, p := range all {
		size := int(p.Place.Size)
		for turn, buf := range [][]byte{make([]byte, pack.ReadSize(size))[5:], make([]byte, size), nil} {
			w.direct, w.cached = 0, 0
			f, err := s.Read(t.Context(), h.share, p.Place, buf)
			if err != nil || p.Check(f) != nil {
				t.Errorf("frame %d, turn %d: %v, %v", i, turn, err, p.Check(f))
			}
			past := turn == 0 && size >= directFrom
			if past != (w.direct >= size) || past == (w.cached >= size) {
				t.Errorf("frame %d of %d bytes, turn %d: %d bytes past the cache, %d through it", i, size, turn, w.direct, w.cached)
			}
		}
	}
}

// What was read long ago counts as not read.
func TestLatelyForgets(t *testing.T) {
	var l lately
	at := func(i int) spot { return spot{id.Share{1}, pack.Position{Pack: 1, Offset: int64(i)}} }
	if !l.first(at(0)) || l.first(at(0)) {
		t.Error("read once, and then again")
	}
	for i := range 2 * maxLately {
		l.first(at(i + 1))
	}
	if !l.first(at(0)) {
		t.Error("what was read long ago is remembered")
	}
	if n := len(l.now) + len(l.before); n > 2*maxLately {
		t.Errorf("%d are remembered", n)
	}
}
