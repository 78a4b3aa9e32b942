package storehouse

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// filling is a disk on which so many more writes have room.
type filling struct {
	durable.FS
	left *atomic.Int64
}

func (d filling) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return fillingFile{f, d.left}, nil
}

type fillingFile struct {
	durable.File
	left *atomic.Int64
}

func (f fillingFile) WriteAt(b []byte, off int64) (int, error) {
	if f.left.Add(-1) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(b, off)
}

// TestCreateAgain: on whatever write the disk is full, the first start says so, and the next one, with room, makes the storehouse and its way in.
func TestCreateAgain(t *testing.T) {
	first := First{Share: "albums", Account: "admin"}
	for room := 0; ; room += 8 {
		cfg := Default(filepath.Join(t.TempDir(), "data"))
		var left atomic.Int64
		left.Store(int64(room))
		opt := options()
		opt.FS = filling{durable.OS(), &left}
		_, err := Create(t.Context(), cfg, opt, first)
		if err == nil {
			if room < 10 {
				t.Fatalf("it needs no more than %d writes", room)
			}
			return
		}
		if problem.KindOf(err) != problem.NoSpace || Exists(cfg) {
			t.Fatalf("room for %d writes: %v, exists: %v", room, err, Exists(cfg))
		}
		if _, err := Open(t.Context(), cfg, options()); problem.KindOf(err) != problem.NotFound {
			t.Errorf("room for %d writes: what is half made opens with %v", room, err)
		}
		w, err := Create(t.Context(), cfg, options(), first)
		if err != nil || w.Token == "" || !Exists(cfg) {
			t.Fatalf("room for %d writes, then for all: %+v, %v", room, w, err)
		}
	}
}

// TestUnbound: whoever may not have an address is told another thing than whoever finds it taken.
func TestUnbound(t *testing.T) {
	for errno, hint := range map[syscall.Errno]string{syscall.EACCES: "hint.address-not-ours", syscall.EADDRINUSE: "hint.address-in-use"} {
		err := unbound("https = :443", &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", errno)})
		if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != hint {
			t.Errorf("%v: %v", errno, err)
		}
	}
}
