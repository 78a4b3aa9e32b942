package medium

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// turning is a disk with one arm: it reads and writes 160 MB in a second, and loses 12 ms whenever it goes on at another place.
type turning struct {
	durable.FS
	arm chan place // where it is; whoever has taken it moves it
}

type place struct {
	file string
	at   int64
}

func (d turning) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	return turningFile{f, d, name}, err
}

func (d turning) move(name string, off, n int64) {
	if n == 0 {
		return
	}
	now, takes := <-d.arm, time.Duration(n)*time.Second/160e6
	if now != (place{name, off}) {
		takes += 12 * time.Millisecond
	}
	time.Sleep(takes) // of the bubble's clock
	d.arm <- place{name, off + n}
}

type turningFile struct {
	durable.File
	d    turning
	name string
}

func (f turningFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	f.d.move(f.name, off, int64(n))
	return n, err
}

func (f turningFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(b, off)
	f.d.move(f.name, off, int64(n))
	return n, err
}

// TestTurning: on a disk with an arm a sync takes little longer than to write everything and to read it, and a restore than to read it.
func TestTurning(t *testing.T) {
	const size, each = 64 << 20, 16 << 20
	dir := t.TempDir()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		t.Fatal(err)
	}
	packTarget = each
	t.Cleanup(func() { packTarget = 64 << 10 })
	synctest.Test(t, func(t *testing.T) {
		h := houseOf(t, durable.OS(), 1, dir, private, public)
		defer h.close()
		h.bookless = true // nothing but the packs counts
		share, chunk := id.NewShare(), make([]byte, 1<<20)
		for range size / len(chunk) {
			if _, err := h.packs.Append(t.Context(), share, pack.Chunk, [32]byte{}, chunk); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.packs.Sync(t.Context(), share); err != nil {
			t.Fatal(err)
		}
		disk := turning{durable.OS(), make(chan place, 1)}
		disk.arm <- place{}
		m := NewDir(disk, filepath.Join(dir, "medium"))
		if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: public}); err != nil {
			t.Fatal(err)
		}
		begun, copied := time.Now(), time.Duration(0)
		if out, err := Sync(t.Context(), m, h, Options{Key: public, Copied: func(Outcome) error {
			copied = time.Since(begun)
			return nil
		}}); err != nil || out.Copied < size {
			t.Fatal(out, err)
		}
		least := time.Duration(size) * time.Second / 160e6
		if copied > least*5/4+300*time.Millisecond { // small objects: each has the arm go somewhere else
			t.Errorf("the copy is complete after %v, and to write takes %v", copied, least)
		}
		if took := time.Since(begun); took > 2*least*5/4+500*time.Millisecond {
			t.Errorf("it takes %v to write and to read what takes %v each", took, least)
		}
		s, err := Open(t.Context(), m, public, 0)
		if err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		s.fetchAll(t, 4)
		if took := time.Since(begun); took > least*5/4+100*time.Millisecond {
			t.Errorf("it takes %v to read what takes %v", took, least)
		}
	})
}

// fetchAll fetches all packs, several at a time, onto another disk with an arm.
func (s *State) fetchAll(t *testing.T, several int) {
	to := turning{arm: make(chan place, 1)}
	to.arm <- place{}
	packs := make(chan Pack)
	var all sync.WaitGroup
	for range several {
		all.Go(func() {
			for p := range packs {
				err := s.Fetch(t.Context(), p, func(off int64, b []byte) error {
					to.move(fmt.Sprint(p.Share, p.Pack), off, int64(len(b)))
					return nil
				}, func(f Finding) { t.Error(f) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, p := range s.List() {
		packs <- p
	}
	close(packs)
	all.Wait()
}
