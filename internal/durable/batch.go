package durable

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Batch is files of one file system of which none counts before all are durable: a flush for each would take longer than all the rest. Not safe
// for concurrent use.
type Batch struct {
	fsys  FS
	dir   string
	names []string
	disk  whole // opened before anything was written, so that no failure goes past it; nil: file by file
}

// whole makes a file system durable.
type whole interface {
	Sync() error
	Close() error
}

// manyFiles is from where on a file system as a whole is made durable. Below, somebody else's large files would take longer than ours.
const manyFiles = 256

// NewBatch returns a batch of files below a directory that is there.
func NewBatch(fsys FS, dir string) *Batch { return &Batch{fsys: fsys, dir: dir} }

// Add announces a file that is about to be written, by the name that it has at Sync.
func (b *Batch) Add(name string) error {
	if x, ok := b.fsys.(interface {
		whole(dir string) (whole, error)
	}); ok && len(b.names) == 0 {
		var err error
		if b.disk, err = x.whole(b.dir); err != nil {
			return err
		}
	}
	b.names = append(b.names, name)
	return nil
}

// Sync makes what was added durable, but not its names: those are SyncDir's. After an error the files are to be written anew.
func (b *Batch) Sync() error {
	defer b.Drop()
	if b.disk != nil && len(b.names) >= manyFiles {
		return b.disk.Sync()
	}
	for _, name := range b.names {
		f, err := b.fsys.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Drop forgets what was added.
func (b *Batch) Drop() {
	if b.disk != nil {
		b.disk.Close() // it was only read
	}
	b.names, b.disk = nil, nil
}

// whole opens the file system that holds a directory.
func (osFS) whole(dir string) (whole, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return fileSystem{osFile{d}}, nil
}

// fileSystem is a directory that stands for the file system on which it is.
type fileSystem struct{ osFile }

// Sync is syncfs.
func (f fileSystem) Sync() error {
	if err := f.control(unix.Syncfs); err != nil {
		return &fs.PathError{Op: "syncfs", Path: f.Name(), Err: err}
	}
	return nil
}
