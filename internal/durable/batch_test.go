package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// counted is the machine's disk, which tells what is made durable on it and how.
type counted struct {
	osFS
	files, wholes int
	failing       error
}

type countedFile struct {
	File
	c *counted
}

func (c *counted) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := c.osFS.OpenFile(name, flag, perm)
	return countedFile{f, c}, err
}

func (f countedFile) Sync() error {
	f.c.files++
	return f.c.failing
}

type countedWhole struct{ c *counted }

func (c *counted) whole(string) (whole, error) { return countedWhole{c}, nil }

func (w countedWhole) Sync() error {
	w.c.wholes++
	return w.c.failing
}

func (countedWhole) Close() error { return nil }

// TestBatch: few files are made durable one by one, and many at once; what fails is told, and nothing stays for the next time.
func TestBatch(t *testing.T) {
	failing := errors.New("the disk is broken")
	for _, x := range []struct{ n, files, wholes int }{{0, 0, 0}, {1, 1, 0}, {manyFiles - 1, manyFiles - 1, 0}, {manyFiles, 0, 1}, {3 * manyFiles, 0, 1}} {
		c := &counted{}
		b := NewBatch(c, t.TempDir())
		fill := func() {
			for i := range x.n {
				name := filepath.Join(b.dir, fmt.Sprint(i))
				if err := errors.Join(b.Add(name), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill()
		if err := b.Sync(); err != nil || c.files != x.files || c.wholes != x.wholes {
			t.Errorf("%d files: %d and %d syncs, %v", x.n, c.files, c.wholes, err)
		}
		c.failing = failing
		if err := b.Sync(); err != nil {
			t.Errorf("%d files are made durable again: %v", x.n, err)
		}
		fill()
		if err := b.Sync(); x.n > 0 && !errors.Is(err, failing) {
			t.Errorf("%d files: %v", x.n, err)
		}
	}
}

// TestBatchOnDisk makes files of this machine's disk durable.
func TestBatchOnDisk(t *testing.T) {
	for _, fsys := range []FS{OS(), Owned(os.Getuid(), os.Getgid())} {
		b := NewBatch(fsys, t.TempDir())
		for i := range manyFiles {
			name := filepath.Join(b.dir, fmt.Sprint(i))
			if err := errors.Join(b.Add(name), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if b.disk == nil {
			t.Errorf("%T is made durable file by file", fsys)
		}
		if err := b.Sync(); err != nil {
			t.Error(err)
		}
		if err := b.Add(filepath.Join(b.dir, "missing")); err != nil {
			t.Error(err)
		}
		if err := b.Sync(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that was not written: %v", err)
		}
	}
}
