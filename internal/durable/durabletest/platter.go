// Package durabletest has a disk in memory that loses what was not synced, and faults to plan on it. A test
// that kills a process cannot find a forgotten fsync, because the page cache survives the process; this
// disk can.
//
// A Platter has two states. The cache is what a running process sees. The platter is what is there after the
// power has gone: File.Sync moves a file's content and size to it, SyncDir a directory's names, and nothing
// else does for sure. Crash gives the disk as the next start sees it: what was synced, and of everything
// else any part, whichever a seed chooses. The disk it is called on lives on, so that one run can be looked
// at through many crashes:
//
//	p := durabletest.New(t)
//	acked := run(p)
//	for disk := range p.Crashes(100) {
//		check(t, disk, acked)
//	}
//
// The model, harder than any file system it stands for:
//
//   - A sector of 512 bytes is written as a whole or not at all. Of sectors not synced any subset reaches the platter, each in
//     any of the states that it had since the last Sync; so does the size.
//   - Sync of a file does not make its name durable; SyncDir does. A directory that is synced is lost with its own
//     name. Names not synced reach the platter in any subset; a rename is atomic.
//   - A failed Sync drops what it should have written: the pages count as clean, a later Sync succeeds and writes
//     nothing, the process goes on reading them from the cache, and after a crash they are not there.
//   - A file opened with durable.Direct takes only offsets, lengths and addresses that durable.Block divides.
//
// Faults: Inject plans one; Each runs a scenario once to count its calls and then once for every
// single fault at every call, each as failed and not done and as failed but done; EachCut takes the power away at every call.
package durabletest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/azekura/azekura/internal/durable"
)

// TB is what a Platter needs of a test; *testing.T and *rapid.T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Platter is a disk in memory. It implements durable.FS, and may be used concurrently. Names are cleaned, "/" and "." are the
// same directory, which is always there.
type Platter struct {
	t TB

	mu         sync.Mutex // guards all below, and all nodes
	root       *node
	calls      map[Kind]int
	tried      map[Kind]int // calls until the first Heal
	faults     []Fault
	fired      int
	cut        bool
	limit      int64 // bytes; 0: none
	open       int
	appendOnly func(name string) bool
}

var _ durable.FS = (*Platter)(nil)

// New returns an empty disk. Broken rules of use are reported to t.
func New(t TB) *Platter {
	return &Platter{t: t, root: newDir(), calls: make(map[Kind]int)}
}

// AppendOnly makes the test fail when a byte that was acknowledged by a Sync is changed or cut off, in files whose name
// match says yes to. It stays in force across Crash.
func (p *Platter) AppendOnly(match func(name string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.appendOnly = match
}

// Limit makes writes fail with ENOSPC that would make all files together larger. 0 takes the limit away.
func (p *Platter) Limit(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = bytes
}

// OpenFiles tells how many files are open.
func (p *Platter) OpenFiles() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// Names lists all files, with their directories, in order.
func (p *Platter) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	p.root.walk("", func(name string, _ *node) { out = append(out, name) })
	slices.Sort(out)
	return out
}

// ReadFile returns what a file holds. It counts as no call, and no fault meets it.
func (p *Platter) ReadFile(name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.find("read", name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(n.cache), nil
}

// SetFile makes a file hold data, as if it always had: with no call, no fault, and durably. A test uses it to
// flip bits. The directory must be there.
func (p *Platter) SetFile(name string, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	dir, base, err := p.parent("set", name)
	if err != nil {
		return err
	}
	n := dir.names[base]
	if n == nil {
		n = newFile()
		dir.names[base], dir.kept[base] = n, n
	}
	n.cache, n.platter = slices.Clone(data), slices.Clone(data)
	n.sectors, n.sizes = nil, nil
	return nil
}

// split cleans a name into its elements.
func split(name string) []string {
	return strings.FieldsFunc(filepath.ToSlash(filepath.Clean("/"+name)), func(r rune) bool { return r == '/' })
}

// find returns a file or directory; mu is held.
func (p *Platter) find(op, name string) (*node, error) {
	n := p.root
	for _, e := range split(name) {
		if n.names == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
		}
		if n = n.names[e]; n == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
		}
	}
	return n, nil
}

// parent returns the directory in which a name stands, and its last element; mu is held.
func (p *Platter) parent(op, name string) (*node, string, error) {
	e := split(name)
	if len(e) == 0 {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: syscall.EISDIR}
	}
	dir, err := p.find(op, strings.Join(e[:len(e)-1], "/"))
	if err == nil && dir.names == nil {
		err = &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
	}
	return dir, e[len(e)-1], err
}

// OpenFile implements durable.FS. It knows O_CREATE, O_EXCL, O_TRUNC, the three modes and durable.Direct.
func (p *Platter) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if flag&os.O_APPEND != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EINVAL}
	}
	var f *file
	err := p.call(Open, name, func(bool) error {
		dir, base, err := p.parent("open", name)
		if err != nil {
			return err
		}
		n := dir.names[base]
		switch {
		case n == nil && flag&os.O_CREATE == 0:
			return &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
		case n != nil && flag&os.O_EXCL != 0:
			return &fs.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
		case n != nil && n.names != nil:
			return &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
		case n == nil:
			n = newFile()
			dir.change(change{set: base, node: n})
		}
		if flag&os.O_TRUNC != 0 {
			p.judge(name, n, 0, nil)
			n.truncate(0)
		}
		f = &file{p: p, name: name, node: n, flag: flag}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.open++
	return f, nil
}

// Rename implements durable.FS.
func (p *Platter) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call(Rename, from, func(bool) error {
		a, old, err := p.parent("rename", from)
		if err != nil {
			return err
		}
		b, new, err := p.parent("rename", to)
		if err != nil {
			return err
		}
		n := a.names[old]
		if n == nil {
			return &fs.PathError{Op: "rename", Path: from, Err: syscall.ENOENT}
		}
		if is := b.names[new]; is != nil && is != n && (is.names != nil || n.names != nil) {
			return &fs.PathError{Op: "rename", Path: to, Err: syscall.EEXIST}
		}
		b.change(change{set: new, node: n, from: a, unset: old})
		return nil
	})
}

// Remove implements durable.FS.
func (p *Platter) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call(Remove, name, func(bool) error {
		dir, base, err := p.parent("remove", name)
		if err != nil {
			return err
		}
		n := dir.names[base]
		if n == nil {
			return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
		}
		if len(n.names) > 0 {
			return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
		}
		dir.change(change{from: dir, unset: base})
		return nil
	})
}

// MkdirAll implements durable.FS.
func (p *Platter) MkdirAll(name string, perm fs.FileMode) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call(Mkdir, name, func(bool) error {
		n := p.root
		for _, e := range split(name) {
			next := n.names[e]
			if next == nil {
				next = newDir()
				n.change(change{set: e, node: next})
			}
			if n = next; n.names == nil {
				return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
			}
		}
		return nil
	})
}

// ReadDir implements durable.FS.
func (p *Platter) ReadDir(name string) (out []fs.DirEntry, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err = p.call(ReadDir, name, func(bool) error {
		n, err := p.find("readdir", name)
		if err != nil {
			return err
		}
		if n.names == nil {
			return &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
		}
		for e, n := range n.names {
			out = append(out, fs.FileInfoToDirEntry(info{e, int64(len(n.cache)), n.names != nil}))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, err
}

// SyncDir implements durable.FS.
func (p *Platter) SyncDir(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call(SyncDir, name, func(bool) error {
		n, err := p.find("sync", name)
		if err != nil {
			return err
		}
		if n.names == nil {
			return &fs.PathError{Op: "sync", Path: name, Err: syscall.ENOTDIR}
		}
		n.syncNames()
		return nil
	})
}

// judge reports that bytes that were acknowledged are about to change, or to be cut off where data is nil; mu is held.
func (p *Platter) judge(name string, n *node, from int64, data []byte) {
	if p.appendOnly == nil || from >= n.acked || !p.appendOnly(name) {
		return
	}
	is := n.cache[min(from, int64(len(n.cache))):min(n.acked, int64(len(n.cache)))]
	if same := min(len(is), len(data)); data != nil && bytes.Equal(is[:same], data[:same]) {
		return
	}
	p.t.Helper()
	p.t.Errorf("%s: bytes from %d on are touched again, though all before %d were acknowledged", name, from, n.acked)
}

// info describes a file; the disk keeps no times or modes.
type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string { return i.name }
func (i info) Size() int64  { return i.size }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
