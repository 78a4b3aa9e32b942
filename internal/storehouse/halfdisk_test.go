package storehouse

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// unsynced is a disk on which nothing that is being copied from a medium can be made durable.
type unsynced struct{ durable.FS }

func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	if err == nil && strings.HasSuffix(name, ".pack"+unfinished) {
		return unsyncedFile{f}, nil
	}
	return f, err
}

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return syscall.EIO }

// TestHalfwayKeepsNothing: while packs come from a medium nothing is written beside the copying, whoever wants it, and a pack that is not durable has no name.
func TestHalfwayKeepsNothing(t *testing.T) {
	l := loseHouse(t, 1, 1000)
	cfg, opt := l.restored(t), options()
	opt.FS = unsynced{durable.OS()}
	h, _ := stopped(t, cfg, opt)
	defer shut(t, h)
	if _, err := (lent{nil, h}).Append(t.Context(), id.NewShare(), pack.Chunk, [32]byte{1}, []byte("x")); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("appended: %v", err)
	}
	if _, err := h.Fetch(t.Context(), func(Fetched) {}); err == nil || !h.half() {
		t.Errorf("a copy that is not durable is one: %v", err)
	}
	for _, share := range h.rescue.state.Shares() {
		list, err := os.ReadDir(h.at.packs + "/" + share.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if strings.HasSuffix(e.Name(), ".pack") {
				t.Errorf("%s has its name", e.Name())
			}
		}
	}
}

// TestHalfwayDisk: of a vault that is halfway nothing is made, renamed or removed among the packs; beside them all is as ever, and in the end there, too.
func TestHalfwayDisk(t *testing.T) {
	disk := durabletest.New(t)
	f := &halfway{FS: disk, root: "/vault/packs", disk: durabletest.New(t)}
	if err := errors.Join(disk.MkdirAll("/vault/packs", 0o700), f.FS.MkdirAll("/vault/other", 0o700)); err != nil {
		t.Fatal(err)
	}
	write := func(dir string) []error {
		file, err := f.OpenFile(dir+"/a", os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			err = file.Close()
		}
		return []error{err, f.Rename(dir+"/a", dir+"/b"), f.Remove(dir + "/b")}
	}
	for i, err := range write("/vault/packs") {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("act %d among the packs: %v", i, err)
		}
	}
	f.whole.Store(true)
	for i, err := range append(write("/vault/other"), write("/vault/packs")...) {
		if err != nil {
			t.Errorf("act %d beside them, or in the end: %v", i, err)
		}
	}
}
