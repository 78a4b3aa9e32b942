package medium

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

// Disk shows the packs of a state as the files SHARE/NUMBER.pack of a disk that nothing can be written to: what package pack/dir reads
// with Root "/", to serve from the medium at once, and what a restore copies from. To make durable what is there already is no error.
func (s *State) Disk() durable.FS { return &view{s: s} }

// view is the disk of a state.
type view struct{ s *State }

// packOf reads the name of a pack's file.
func (v *view) packOf(name string) (share id.Share, list []segment, ok bool) {
	dir, file := path.Split(strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/"))
	var n uint64
	if share.UnmarshalText([]byte(strings.TrimSuffix(dir, "/"))) != nil || len(file) != 21 || !strings.HasSuffix(file, ".pack") {
		return share, nil, false
	}
	if _, err := fmt.Sscanf(file, "%016x.pack", &n); err != nil {
		return share, nil, false
	}
	list = v.s.s.shares[share]
	compare := func(x segment, n uint64) int { return cmp.Compare(x.pack, n) }
	from, ok := slices.BinarySearchFunc(list, n, compare)
	to, _ := slices.BinarySearchFunc(list, n+1, compare)
	return share, list[from:to], ok
}

// OpenFile implements durable.FS. A pack may be opened for writing, as whoever recovers a log does, and not be written to.
func (v *view) OpenFile(name string, flag int, _ fs.FileMode) (durable.File, error) {
	share, list, ok := v.packOf(name)
	switch {
	case !ok && flag&os.O_CREATE != 0, ok && flag&os.O_TRUNC != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	}
	return &joint{v: v, name: name, share: share, list: list, open: make([]Object, len(list))}, nil
}

func (v *view) Rename(from, _ string) error            { return readOnly("rename", from) }
func (v *view) Remove(name string) error               { return readOnly("remove", name) }
func (v *view) MkdirAll(_ string, _ fs.FileMode) error { return nil }
func (v *view) SyncDir(string) error                   { return nil }
func (v *view) dir(share id.Share) (out []fs.DirEntry) {
	var size int64
	list := v.s.s.shares[share]
	for i, x := range list {
		if size += x.length; i+1 == len(list) || list[i+1].pack != x.pack {
			out = append(out, fs.FileInfoToDirEntry(&sized{memory{name: fmt.Sprintf("%016x.pack", x.pack)}, size}))
			size = 0
		}
	}
	return out
}

// sized is a file of a size.
type sized struct {
	memory
	size int64
}

// Size implements fs.FileInfo.
func (s *sized) Size() int64 { return s.size }

// ReadDir implements durable.FS.
func (v *view) ReadDir(name string) (out []fs.DirEntry, err error) {
	name = strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/")
	if name == "" || name == "." {
		for _, share := range v.s.Shares() {
			out = append(out, fs.FileInfoToDirEntry(&memory{name: share.String(), dir: true}))
		}
		return out, nil
	}
	var share id.Share
	if share.UnmarshalText([]byte(name)) != nil || len(v.s.s.shares[share]) == 0 {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return v.dir(share), nil
}

// joint is a pack, whose segments follow each other.
type joint struct {
	v     *view
	name  string
	share id.Share
	list  []segment

	mu   sync.Mutex
	open []Object // guarded by mu; nil until it is needed
}

// ReadAt implements io.ReaderAt.
func (j *joint) ReadAt(b []byte, off int64) (n int, err error) {
	for i, x := range j.list {
		if off >= x.end() || n == len(b) {
			continue
		}
		m, err := j.read(i, b[n:min(len(b), n+int(min(x.end()-off, int64(len(b)))))], off-x.from)
		n, off = n+m, off+int64(m)
		if off < x.end() && n < len(b) {
			return n, errors.Join(err, io.ErrUnexpectedEOF)
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// read reads from a segment. One that fails is opened once more: the medium may have been pulled out, and connected again.
func (j *joint) read(i int, b []byte, off int64) (n int, err error) {
	for range 2 {
		o, err := j.object(i)
		if err != nil {
			return 0, err
		}
		if n, err = o.ReadAt(b, off); n == len(b) || err == nil || errors.Is(err, io.EOF) {
			return n, err
		}
		j.leave(i, o)
	}
	return n, err
}

// leave closes an object that has failed, unless somebody else has.
func (j *joint) leave(i int, o Object) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open[i] == o {
		o.Close()
		j.open[i] = nil
	}
}

func (j *joint) object(i int) (Object, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open[i] == nil {
		o, err := openObject(j.v.s.t, j.list[i].name(j.share), j.list[i])
		if err != nil {
			return nil, err
		}
		j.open[i] = o
	}
	return j.open[i], nil
}

// openObject opens an object for reads that begin anywhere.
func openObject(t Target, name string, x segment) (o Object, err error) {
	if l, ok := t.(*layers); ok {
		o, err = l.choose(context.Background(), name, x.length, x.sum)
	} else {
		o, err = t.Open(context.Background(), name)
	}
	if err != nil {
		return nil, err
	}
	return &anywhere{o}, nil
}

// anywhere reads from any place to any place of an object that wants whole blocks.
type anywhere struct{ Object }

// ReadAt implements io.ReaderAt.
func (a anywhere) ReadAt(b []byte, off int64) (int, error) {
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); off%durable.Block == 0 && len(b)%durable.Block == 0 && at%durable.Block == 0 {
		return a.Object.ReadAt(b, off)
	}
	from := off &^ (durable.Block - 1)
	skip := int(off - from)
	buf := durable.Aligned((skip + len(b) + durable.Block - 1) &^ (durable.Block - 1))
	n, err := a.Object.ReadAt(buf, from)
	n = copy(b, buf[min(skip, n):n])
	if n == len(b) {
		err = nil
	}
	return n, err
}

// Size implements durable.File.
func (j *joint) Size() (int64, error) { return j.list[len(j.list)-1].end(), nil }

// Close implements io.Closer.
func (j *joint) Close() (err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, o := range j.open {
		if o != nil {
			err = errors.Join(err, o.Close())
		}
		j.open[i] = nil
	}
	return err
}

// Sync implements durable.File: all of it is durable.
func (j *joint) Sync() error { return nil }

// Truncate implements durable.File. To the length that it has it is no change.
func (j *joint) Truncate(size int64) error {
	if n, _ := j.Size(); size == n {
		return nil
	}
	return readOnly("truncate", j.name)
}

// WriteAt implements durable.File.
func (j *joint) WriteAt([]byte, int64) (int, error) { return 0, readOnly("write", j.name) }
