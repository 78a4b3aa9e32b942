// Package durable holds files that are on disk when a call returns. It has the only fsync in the program, so
// that what a crash can take away is reviewed here and nowhere else.
//
// What it relies on (POSIX, and Linux for ext4, XFS and Btrfs): after fsync of a file its content is
// on the medium; after fsync of a directory the names in it are; a rename is atomic. What it does not
// rely on: that a failed fsync can be tried again. After one, the pages count as clean and may be gone
// (Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020), so callers begin a
// new file.
package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FS is a disk. OS is the real one; durabletest.Platter loses what was not synced.
type FS interface {
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	ReadDir(name string) ([]fs.DirEntry, error)
	MkdirAll(name string, perm fs.FileMode) error
	// SyncDir makes the names in a directory durable: those created, renamed and removed in it.
	SyncDir(name string) error
}

// File is an open file. Reads and writes may run concurrently where they do not overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Size() (int64, error)
	// Sync makes the content and the size durable. After an error the content since the last successful Sync is lost.
	Sync() error
}

// Direct opens a file past the page cache: offsets, lengths and addresses of writes must then be multiples of
// Block. A file system that cannot do it gets an ordinary file.
const Direct = unix.O_DIRECT

// Block is the alignment that Direct asks for.
const Block = 4096

// OS returns the machine's file system.
func OS() FS { return osFS{} }

type osFS struct{}

type osFile struct{ *os.File }

// directFile was opened with Direct. Some file systems let a file be opened so and then refuse to write.
type directFile struct{ osFile }

// WriteAt goes on through the page cache when the file system refuses.
func (f directFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.osFile.WriteAt(b, off)
	if n > 0 || !errors.Is(err, syscall.EINVAL) {
		return n, err
	}
	if failed := f.control(func(fd int) error {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&Direct == 0 {
			return errors.Join(err, syscall.EINVAL)
		}
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^Direct)
		return err
	}); failed != nil {
		return n, err
	}
	return f.osFile.WriteAt(b, off)
}

func (osFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if flag&Direct != 0 && errors.Is(err, syscall.EINVAL) { // tmpfs and others
		f, err = os.OpenFile(name, flag&^Direct, perm)
	}
	if err != nil {
		return nil, err
	}
	if flag&Direct != 0 {
		return directFile{osFile{f}}, nil
	}
	return osFile{f}, nil
}

// Owned returns the machine's file system for root at work on what is somebody else's: files and directories that it makes are
// his, or he could not open them afterwards.
func Owned(uid, gid int) FS { return ownedFS{uid: uid, gid: gid} }

type ownedFS struct {
	osFS
	uid, gid int
}

func (o ownedFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := o.osFS.OpenFile(name, flag, perm)
	if err != nil || flag&os.O_CREATE == 0 {
		return f, err
	}
	if err := os.Chown(name, o.uid, o.gid); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (o ownedFS) MkdirAll(name string, perm fs.FileMode) error {
	var made []string
	for dir := name; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, dir)
	}
	err := o.osFS.MkdirAll(name, perm)
	for _, dir := range made {
		if err == nil {
			err = os.Chown(dir, o.uid, o.gid)
		}
	}
	return err
}

func (osFS) Rename(from, to string) error                 { return os.Rename(from, to) }
func (osFS) Remove(name string) error                     { return os.Remove(name) }
func (osFS) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }
func (osFS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

func (osFS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Sync is fdatasync: Linux writes the size with it when the data cannot be read without, and the times
// of a file are nothing that we rely on.
func (f osFile) Sync() error {
	if err := f.control(unix.Fdatasync); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

// control makes a system call on the file.
func (f osFile) control(call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = call(int(fd)); failed != unix.EINTR {
				return
			}
		}
	})
	return errors.Join(err, failed)
}

// Sequential tells the system that a file will be read from front to back, so that it reads ahead further.
func Sequential(f File) {
	if f, ok := f.(osFile); ok {
		_ = f.control(func(fd int) error { return unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL) }) // advice
	}
}

func (f osFile) Size() (int64, error) {
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// SyncAll makes durable whatever anybody wrote to the file system that holds a directory: for the end of many small
// writes of which none counts before the last.
func SyncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(fileSystem{osFile{d}}.Sync(), d.Close())
}

// Hosted reports whether the file system that holds a directory is run by a program (FUSE), as those of NTFS and of tapes are: to such a one SyncAll
// says nothing, and only fsync of a file makes it pass on what it has.
func Hosted(dir string) (bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return false, err
	}
	return s.Type == unix.FUSE_SUPER_MAGIC, nil
}

// WriteFile makes name hold data, durably, or leaves what it held: a temporary file, synced, renamed over it.
func WriteFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	return WriteFrom(fsys, name, bytes.NewReader(data), perm)
}

// WriteFrom is WriteFile for what does not fit into memory.
func WriteFrom(fsys FS, name string, from io.Reader, perm fs.FileMode) (err error) {
	tmp := name + ".new"
	f, err := fsys.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", filepath.Base(name), err)
			fsys.Remove(tmp)
		}
	}()
	if _, err := io.Copy(io.NewOffsetWriter(f, 0), from); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

// MakeDir makes a directory and those above it, with durable names: MkdirAll alone leaves a tree that a power
// cut takes away with everything that was synced in it. It does not matter which of them are there already: they may be what a
// run made that was cut off before it could sync. Directories further up that may not be read, or cannot be synced, are not ours.
func MakeDir(fsys FS, name string, perm fs.FileMode) error {
	if err := fsys.MkdirAll(name, perm); err != nil {
		return err
	}
	above := filepath.Dir(name)
	if err := fsys.SyncDir(above); err != nil {
		return err
	}
	for up := filepath.Dir(above); up != above; up = filepath.Dir(up) {
		err := fsys.SyncDir(up)
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EINVAL) {
			return err
		}
		above = up
	}
	return nil
}

// maxRead bounds ReadFile: it is for state, not for content.
const maxRead = 256 << 20

// ReadFile returns what a file holds.
func ReadFile(fsys FS, name string) (data []byte, err error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := f.Size()
	if err != nil {
		return nil, err
	}
	if n > maxRead {
		return nil, fmt.Errorf("%s has %d bytes, more than a state file can have", filepath.Base(name), n)
	}
	data = make([]byte, n)
	m, err := f.ReadAt(data, 0)
	if err == io.EOF {
		err = nil
	}
	return data[:m], err
}

// IsNoSpace reports whether an error means that the disk, or a quota on it, is full.
func IsNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// Free returns how many bytes can still be written below dir.
func Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// Aligned returns a buffer of n bytes whose address suits Direct.
func Aligned(n int) []byte {
	b := make([]byte, n+Block)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (Block - 1)
	return b[skip : skip+n : skip+n]
}

// Overwrite writes zeros over what a file holds, durably. A file system that writes elsewhere instead of over (Btrfs, and any flash
// memory beneath) keeps the old bytes for a while, and nobody here can tell.
func Overwrite(fsys FS, name string) error {
	f, err := fsys.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(overwrite(f), f.Close())
}

func overwrite(f File) error {
	n, err := f.Size()
	if err != nil {
		return err
	}
	zeros := make([]byte, min(n, 1<<20))
	for at := int64(0); at < n; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), n-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// Replace is WriteFile for what must not be found on the disk afterwards: it also overwrites what name held before, once that
// is no longer needed. left tells why that could not be done; the new content is durable all the same.
func Replace(fsys FS, name string, data []byte, perm fs.FileMode) (left, err error) {
	old, left := fsys.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(left, fs.ErrNotExist) {
		left = nil
	}
	if err := WriteFile(fsys, name, data, perm); err != nil {
		if old != nil {
			old.Close()
		}
		return nil, err
	}
	if old != nil {
		left = errors.Join(overwrite(old), old.Close())
	}
	return left, nil
}
