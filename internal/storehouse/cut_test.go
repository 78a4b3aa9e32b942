//go:build !race

package storehouse

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
)

// failing is the disk of this machine until a certain call that changes something: that one is done by half or not at all, and nothing after it. It makes
// nothing durable, which takes the most time and is tried elsewhere.
type failing struct {
	durable.FS
	calls *atomic.Int64
	at    int64 // 0: never
	half  bool
}

// gone counts a call, and reports whether the disk is gone; now: since this very call.
func (f *failing) gone() (gone, now bool) {
	n := f.calls.Add(1)
	return f.at > 0 && n >= f.at, n == f.at
}

// change does something unless the disk is gone.
func (f *failing) change(op, name string, do func() error) error {
	gone, now := f.gone()
	if gone && !(now && f.half) {
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	if err := do(); err != nil {
		return err
	}
	if gone {
		return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
	}
	return nil
}

func (f *failing) OpenFile(name string, flag int, perm fs.FileMode) (file durable.File, err error) {
	open := func() error {
		var x durable.File
		if x, err = f.FS.OpenFile(name, flag, perm); err == nil {
			file = &failingFile{x, f, name}
		}
		return err
	}
	if flag&(os.O_CREATE|os.O_TRUNC) == 0 {
		return file, open()
	}
	if err := f.change("open", name, open); err != nil {
		if file != nil {
			file.Close()
		}
		return nil, err
	}
	return file, nil
}

func (f *failing) Rename(from, to string) error {
	return f.change("rename", from, func() error { return f.FS.Rename(from, to) })
}

func (f *failing) Remove(name string) error {
	return f.change("remove", name, func() error { return f.FS.Remove(name) })
}

func (f *failing) MkdirAll(name string, perm fs.FileMode) error {
	return f.change("mkdir", name, func() error { return f.FS.MkdirAll(name, perm) })
}

func (f *failing) SyncDir(name string) error {
	return f.change("sync", name, func() error { return nil })
}

type failingFile struct {
	durable.File
	disk *failing
	name string
}

func (f *failingFile) WriteAt(b []byte, off int64) (n int, err error) {
	err = f.disk.change("write", f.name, func() error {
		part := b
		if f.disk.at > 0 && f.disk.calls.Load() == f.disk.at {
			part = b[:len(b)/2]
		}
		n, err = f.File.WriteAt(part, off)
		return err
	})
	return n, err
}

func (f *failingFile) Truncate(size int64) error {
	return f.disk.change("truncate", f.name, func() error { return f.File.Truncate(size) })
}

func (f *failingFile) Sync() error {
	return f.disk.change("sync", f.name, func() error { return nil })
}

// moments is at how many calls a restore is broken off: other ones each time, of some 380 that are done by half or not at all. The tests of the
// program kill it 40 times more.
const moments = 160

// TestRestoreCut takes the power at any call of a restore that changes something on the disk; the same command goes on, and in the end all is there.
func TestRestoreCut(t *testing.T) {
	l := loseHouse(t, 3, 1000)
	run := func(data string, disk *failing) error {
		cfg, opt := Default(data), options()
		opt.FS = disk
		src := l.source()
		if _, keeper, _, _ := Unfinished(cfg); keeper {
			src.Keys.Pieces = nil // asked for no more
		}
		if err := Restore(t.Context(), cfg, opt, src); err != nil {
			return err
		}
		h, err := Open(t.Context(), cfg, opt)
		if err != nil {
			return err
		}
		_, err = h.Fetch(t.Context(), func(Fetched) {})
		if e := h.Close(t.Context()); err == nil {
			err = e
		}
		return err
	}
	calls := &atomic.Int64{}
	if err := run(filepath.Join(t.TempDir(), "data"), &failing{FS: durable.OS(), calls: calls}); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d, of %d calls", seed, calls.Load())
	r := rand.New(rand.NewPCG(seed, 0))
	for i, n := range r.Perm(int(2 * calls.Load()))[:moments] {
		at, half := int64(n/2+1), n%2 == 1
		data := filepath.Join(t.TempDir(), "data")
		err := run(data, &failing{FS: durable.OS(), calls: &atomic.Int64{}, at: at, half: half})
		if _, begun := os.Stat(filepath.Join(data, restoringFile)); err != nil && begun != nil && Exists(Default(data)) {
			err = nil // it had ended
		} else if err != nil {
			err = run(data, &failing{FS: durable.OS(), calls: &atomic.Int64{}})
		}
		if err != nil {
			t.Fatalf("call %d, by half: %v: %v", at, half, err)
		}
		if i%10 == 0 {
			h, c := stopped(t, Default(data), options())
			l.compare(t, c)
			shut(t, h)
		}
	}
}
