package medium

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/azekura/azekura/internal/durable"
)

// Dir is a directory as a Target: a mounted disk, or a file system on tape.
type Dir struct {
	fsys durable.FS
	root string
	free func(dir string) (int64, error) // nil: nobody knows
	all  func(dir string) (bool, error)  // makes everything durable, unless that can only be done file by file; nil: it can
	flag int                             // with which files are opened besides

	mu    sync.Mutex
	dirs  map[string]bool // guarded by mu: made or changed since the last Flush
	known map[string]bool // guarded by mu: are there
	small map[string]bool // guarded by mu: files that are not synced yet
}

var _ Target = (*Dir)(nil)

// NewDir returns the target in a directory.
func NewDir(fsys durable.FS, root string) *Dir {
	return &Dir{fsys: fsys, root: root, dirs: make(map[string]bool), known: make(map[string]bool), small: make(map[string]bool)}
}

// NewDisk is NewDir on a disk of this machine, with durable.OS or an Owned of it. A medium lies in cupboards: whoever had it may have put links
// on it that lead into the vault, which are not followed, or pipes, for which nobody waits.
func NewDisk(fsys durable.FS, root string) *Dir {
	d := NewDir(fsys, root)
	d.free, d.all, d.flag = durable.Free, syncAll, syscall.O_NOFOLLOW|syscall.O_NONBLOCK
	return d
}

// syncAll is durable.SyncAll where that reaches the disk.
func syncAll(dir string) (bool, error) {
	hosted, err := durable.Hosted(dir)
	if err != nil || hosted {
		return false, err
	}
	return true, durable.SyncAll(dir)
}

// straight returns an error if one of the folders above an object is a link.
func (d *Dir) straight(dir string) error {
	if d.flag == 0 {
		return nil
	}
	for up := dir; up != "."; up = path.Dir(up) {
		i, err := os.Lstat(d.path(up))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !i.IsDir() {
			err = &fs.PathError{Op: "open", Path: d.path(up), Err: syscall.ENOTDIR}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Create makes the directory, with a durable name.
func (d *Dir) Create() error { return durable.MakeDir(d.fsys, d.root, 0o700) }

// smallSize is below what a file waits for Flush to be synced with others: a ledger has thousands of them.
const smallSize = 1 << 20

func (d *Dir) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Put implements Target. A large file is on the disk when it returns, so that no cache fills up, and with Flush its name.
func (d *Dir) Put(ctx context.Context, name string, size int64, body iter.Seq2[[]byte, error]) (err error) {
	if err := d.enter(path.Dir(name)); err != nil {
		return err
	}
	f, err := d.fsys.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC|durable.Direct|d.flag, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at := int64(0)
	for piece, err := range body {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		n := len(piece)
		if rest := n % durable.Block; rest != 0 { // the last one
			whole := durable.Aligned(n + durable.Block - rest)
			copy(whole, piece)
			piece = whole
		}
		if _, err := f.WriteAt(piece, at); err != nil {
			return err
		}
		at += int64(n)
	}
	if at != size {
		return io.ErrUnexpectedEOF
	}
	if at%durable.Block != 0 {
		if err := f.Truncate(at); err != nil {
			return err
		}
	}
	if size >= smallSize {
		return f.Sync()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.small[name] = true
	return nil
}

// enter makes a folder, once.
func (d *Dir) enter(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.known[dir] {
		if err := d.straight(dir); err != nil {
			return err
		}
		if err := d.fsys.MkdirAll(d.path(dir), 0o700); err != nil {
			return err
		}
		for up := dir; up != "."; up = path.Dir(up) {
			d.known[up], d.dirs[path.Dir(up)] = true, true
		}
	}
	d.dirs[dir] = true
	return nil
}

// Flush implements Target.
func (d *Dir) Flush(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all != nil {
		done, err := d.all(d.root)
		if err != nil {
			return err
		}
		if done {
			clear(d.small)
			clear(d.dirs)
			return nil
		}
	}
	for name := range d.small {
		if err := errors.Join(ctx.Err(), d.sync(name)); err != nil {
			return err
		}
		delete(d.small, name)
	}
	for dir := range d.dirs {
		if err := errors.Join(ctx.Err(), d.fsys.SyncDir(d.path(dir))); err != nil {
			return err
		}
		delete(d.dirs, dir)
	}
	return nil
}

func (d *Dir) sync(name string) error {
	f, err := d.fsys.OpenFile(d.path(name), os.O_RDWR|d.flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements Target.
func (d *Dir) Open(_ context.Context, name string) (Object, error) {
	if err := d.straight(path.Dir(name)); err != nil {
		return nil, err
	}
	return d.fsys.OpenFile(d.path(name), os.O_RDONLY|durable.Direct|d.flag, 0)
}

// List implements Target. What is no file of ours, such as "lost+found", is passed over.
func (d *Dir) List(ctx context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := d.straight(path.Clean(folder)); err != nil {
			yield(Entry{}, err)
			return
		}
		d.list(ctx, folder, yield)
	}
}

func (d *Dir) list(ctx context.Context, folder string, yield func(Entry, error) bool) bool {
	list, err := d.fsys.ReadDir(d.path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return yield(Entry{}, err)
	}
	for _, e := range list {
		name := path.Join(folder, e.Name())
		switch {
		case folder == "" && foreign(e.Name()):
		case e.IsDir():
			if !d.list(ctx, name, yield) {
				return false
			}
		default:
			i, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return yield(Entry{}, err)
			}
			if !yield(Entry{Name: name, Size: i.Size()}, nil) {
				return false
			}
		}
	}
	return true
}

// foreign reports whether a name at the top is what systems leave on disks.
func foreign(name string) bool {
	return name == "lost+found" || name == "System Volume Information" || name == "$RECYCLE.BIN" || strings.HasPrefix(name, ".")
}

// Remove implements Target.
func (d *Dir) Remove(_ context.Context, name string) error {
	if err := d.straight(path.Dir(name)); err != nil {
		return err
	}
	err := d.fsys.Remove(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirs[path.Dir(name)] = true
	delete(d.small, name)
	return err
}

// Free implements Target.
func (d *Dir) Free(context.Context) (int64, error) {
	if d.free == nil {
		return -1, nil
	}
	return d.free(d.root)
}
