package durabletest

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"github.com/azekura/azekura/internal/durable"
)

// file is an open file; the Platter's mutex guards it.
type file struct {
	p      *Platter
	name   string
	node   *node
	flag   int
	closed bool
}

func (f *file) fail(op string, err error) error { return &fs.PathError{Op: op, Path: f.name, Err: err} }

// usable checks what a system call would check first.
func (f *file) usable(op string, write bool, b []byte, off int64) error {
	mode := f.flag & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
	switch {
	case f.closed:
		return f.fail(op, fs.ErrClosed)
	case write && mode == os.O_RDONLY, !write && mode == os.O_WRONLY:
		return f.fail(op, syscall.EBADF)
	case off < 0:
		return f.fail(op, syscall.EINVAL)
	case f.flag&durable.Direct != 0 && len(b) > 0:
		if (int64(uintptr(unsafe.Pointer(&b[0])))|off|int64(len(b)))%durable.Block != 0 {
			return f.fail(op, syscall.EINVAL)
		}
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(b []byte, off int64) (n int, err error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.usable("read", false, b, off); err != nil {
		return 0, err
	}
	err = f.p.call(Read, f.name, func(bool) error {
		if off < int64(len(f.node.cache)) {
			n = copy(b, f.node.cache[off:])
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(b []byte, off int64) (n int, err error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.usable("write", true, b, off); err != nil {
		return 0, err
	}
	err = f.p.call(Write, f.name, func(short bool) error {
		part := b
		if short {
			part = b[:len(b)/2]
		}
		if err := f.p.room(f.node, off+int64(len(part))); err != nil {
			return f.fail("write", err)
		}
		if len(part) > 0 {
			f.p.judge(f.name, f.node, off, part)
		}
		f.node.write(part, off)
		n = len(part)
		return nil
	})
	return n, err
}

// room tells whether a file may have so many bytes; mu is held.
func (p *Platter) room(n *node, size int64) error {
	if p.limit == 0 || size <= int64(len(n.cache)) {
		return nil
	}
	used := size - int64(len(n.cache))
	p.root.walk("", func(_ string, n *node) { used += int64(len(n.cache)) })
	if used > p.limit {
		return syscall.ENOSPC
	}
	return nil
}

// Truncate implements durable.File. Like a real one it needs no room to grow.
func (f *file) Truncate(size int64) error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if err := f.usable("truncate", true, nil, size); err != nil {
		return err
	}
	return f.p.call(Truncate, f.name, func(bool) error {
		if size < int64(len(f.node.cache)) {
			f.p.judge(f.name, f.node, size, nil)
		}
		f.node.truncate(size)
		return nil
	})
}

// Size implements durable.File.
func (f *file) Size() (int64, error) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.closed {
		return 0, f.fail("stat", fs.ErrClosed)
	}
	return int64(len(f.node.cache)), f.p.down(f.name)
}

// Sync implements durable.File.
func (f *file) Sync() error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.closed {
		return f.fail("sync", fs.ErrClosed)
	}
	err := f.p.call(Sync, f.name, func(bool) error {
		f.node.sync()
		return nil
	})
	switch {
	case err == nil:
		f.node.acked = int64(len(f.node.cache))
	case !f.p.cut:
		f.node.clean()
	}
	return err
}

// Close implements io.Closer. It makes nothing durable.
func (f *file) Close() error {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	f.p.open--
	return nil
}
