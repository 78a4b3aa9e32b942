package medium

import (
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
	_, err := Sync(t.Context(), NewDir(readOnly{disk}, "/medium"), h, Options{Key: h.key})
	if p, ok := err.(*problem.Error); !ok || p.Hint != "hint.medium-readonly" || p.Kind != problem.Denied {
		t.Errorf("%v", err)
	}
}

// readOnly is a disk whose switch stands on write protection.
type readOnly struct{ durable.FS }

func (r readOnly) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&unix.O_CREAT != 0 && strings.HasPrefix(name, "/medium") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: unix.EROFS}
	}
	return r.FS.OpenFile(name, flag, perm)
}
