package durable_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
)

// What is made for somebody is his: everything below is tried as root, and by anybody else for himself.
func TestOwned(t *testing.T) {
	dir, uid, gid := t.TempDir(), os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 1234, 5678
	}
	fsys := durable.Owned(uid, gid)
	if err := fsys.MkdirAll(filepath.Join(dir, "a", "b", "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(fsys, filepath.Join(dir, "a", "b", "f"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.OpenFile(filepath.Join(dir, "a", "direct"), os.O_RDWR|os.O_CREATE|os.O_EXCL|durable.Direct, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	made := 0
	err = filepath.WalkDir(filepath.Join(dir, "a"), func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		made++
		if st := i.Sys().(*syscall.Stat_t); int(st.Uid) != uid || int(st.Gid) != gid {
			t.Errorf("%s belongs to %d:%d, want %d:%d", name, st.Uid, st.Gid, uid, gid)
		}
		return nil
	})
	if err != nil || made != 5 {
		t.Errorf("%d things were made, want 5: %v", made, err)
	}
}
