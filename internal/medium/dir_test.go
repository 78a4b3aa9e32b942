package medium

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestHosted: where a program runs the file system, nothing counts as durable that was not synced file by file.
func TestHosted(t *testing.T) {
	disk := durabletest.New(t)
	h := newHouse(t, durabletest.New(t), 12)
	defer h.close()
	h.grow(10, 12<<10)
	asked := 0
	hosted := func(at string) *Dir {
		m := NewDir(disk, at)
		m.all = func(string) (bool, error) {
			asked++
			return false, nil
		}
		return m
	}
	m := hosted("/medium")
	if err := m.Create(); err != nil {
		t.Fatal(err)
	}
	if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: h.key}); err != nil {
		t.Fatal(err)
	}
	out, want, err := h.sync(m)
	if err != nil || asked == 0 {
		t.Fatal(out, asked, err)
	}
	disk = disk.Crash(1)
	same(t, hosted("/medium"), h.key, out.State, want)
	if is, err := durable.Hosted(t.TempDir()); err != nil || is {
		t.Errorf("%v, %v: tests run on disks", is, err)
	}
}

// TestReadOnly: a medium that takes nothing is not one that has been pulled out.
func TestReadOnly(t *testing.T) {
	disk := durabletest.New(t)
	h := newHouse(t, durabletest.New(t), 13)
	defer h.close()
	h.medium(disk)
	h.grow(10, 12<<10)
	_, err := Sync(t.Context(), NewDir(protected{disk}, "/medium"), h, Options{Key: h.key})
	if p, ok := err.(*problem.Error); !ok || p.Hint != "hint.medium-readonly" || p.Kind != problem.Denied {
		t.Errorf("%v", err)
	}
}

// protected is a disk whose switch stands on write protection.
type protected struct{ durable.FS }

func (r protected) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&unix.O_CREAT != 0 && strings.HasPrefix(name, "/medium") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: unix.EROFS}
	}
	return r.FS.OpenFile(name, flag, perm)
}

// TestTape: a medium is written where files end, and only there, packs are read once all of them are written, and nothing gets another name.
func TestTape(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 14)
	defer h.close()
	h.grow(40, 16<<10)
	reel := &tape{FS: durabletest.New(t)}
	m := NewDir(reel, "/medium")
	if err := m.Create(); err != nil {
		t.Fatal(err)
	}
	if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "tape 1", Vault: h.key}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		reel.read = false
		out, want, err := h.sync(m)
		if err != nil || !reel.read {
			t.Fatal(out, reel.read, err)
		}
		reel.free = true
		same(t, m, h.key, out.State, want)
		reel.free = false
		h.grow(10, 16<<10)
	}
}

// tape is a disk that takes nothing but what tapes take.
type tape struct {
	durable.FS
	read bool // packs were, in this sync
	free bool // they may be
}

func (x *tape) Rename(from, _ string) error {
	return &fs.PathError{Op: "rename", Path: from, Err: unix.EROFS}
}

func (x *tape) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := x.FS.OpenFile(name, flag, perm)
	return tapeFile{f, x, strings.Contains(name, "/"+packDir+"/")}, err
}

type tapeFile struct {
	durable.File
	x    *tape
	pack bool
}

var errTape = errors.New("a tape takes nothing there")

func (f tapeFile) WriteAt(b []byte, off int64) (int, error) {
	if size, err := f.Size(); err != nil || size != off || f.pack && f.x.read {
		return 0, errors.Join(errTape, err)
	}
	return f.File.WriteAt(b, off)
}

func (f tapeFile) ReadAt(b []byte, off int64) (int, error) {
	f.x.read = f.x.read || f.pack && !f.x.free
	return f.File.ReadAt(b, off)
}

// TestLargeAndSmall: what is flushed is on the disk, also where it cannot all be made durable at once, and however large the file is.
func TestLargeAndSmall(t *testing.T) {
	disk := durabletest.New(t)
	m := NewDir(disk, "/medium")
	if err := m.Create(); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"packs/large": bytes.Repeat([]byte("large"), smallSize/5+1), "files/small": []byte("small")}
	for name, b := range want {
		if err := put(t.Context(), m, name, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Put(t.Context(), "packs/short", 3, func(yield func([]byte, error) bool) { yield([]byte("xx"), nil) }); err == nil {
		t.Error("less than was said is all")
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for after := range disk.Crashes(3) {
		for name, b := range want {
			if got, err := after.ReadFile("/medium/" + name); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%s has %d bytes after a power cut, %v", name, len(got), err)
			}
		}
	}
}
