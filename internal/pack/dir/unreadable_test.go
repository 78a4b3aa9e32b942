package dir

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// A medium that cannot give back a part of one pack keeps nobody from the others, nor from what stands before it.
func TestUnreadablePackIsNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		whole  int // how many of the pack's four frames can be read; -1: it does not even open
		frames int // how many of all twelve are seen
	}{
		{"not opened", -1, 8},
		{"nothing", 0, 8},
		{"half of it", 2, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			s := h.open()
			var all []packtest.Put
			for range 3 {
				all = append(all, h.groups(s, 2)...)
				if _, err := s.Seal(t.Context(), h.share); err != nil {
					t.Fatal(err)
				}
			}
			end, err := s.Sync(t.Context(), h.share)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			h.known = end
			bad := &spoiltFS{FS: h.p, name: s.file(h.share, 2), from: -1}
			if c.whole == 0 {
				bad.from = 0
			} else if c.whole > 0 {
				bad.from = all[4+c.whole].Place.Offset
			}
			if s, err = Open(t.Context(), Config{FS: bad, Root: "packs", Target: 1 << 20, Known: func(id.Share) pack.Position { return h.known }}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			d := h.check(s, 2)
			if len(d) != 1 || !strings.HasPrefix(d[0].Reason, "unreadable") {
				t.Errorf("Check says %+v", d)
			}
			listed := 0
			for info, err := range s.Packs(t.Context(), h.share) {
				if _, damage := errors.AsType[*pack.DamageError](err); err != nil && (!damage || info.Pack != 2) {
					t.Errorf("pack %d: %v", info.Pack, err)
				}
				listed++
			}
			if listed != 3 {
				t.Errorf("%d packs are listed, want 3", listed)
			}
			seen := 0
			for _, from := range []pack.Position{{}, {Pack: 3}} { // from the start, and behind the damage
				for _, err := range s.Frames(t.Context(), h.share, from, nil) {
					if err == nil {
						seen++
					} else if d, ok := errors.AsType[*pack.DamageError](err); !ok || d.Damage.At.Pack != 2 {
						t.Error(err)
					}
				}
			}
			if seen != c.frames {
				t.Errorf("%d frames are seen, want %d", seen, c.frames)
			}
		})
	}
}

// spoiltFS is a medium with one file that cannot be opened, or not be read from an offset on.
type spoiltFS struct {
	durable.FS
	name string
	from int64 // -1: it does not open
}

func (s *spoiltFS) OpenFile(name string, flag int, perm os.FileMode) (durable.File, error) {
	if name == s.name && s.from < 0 {
		return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	f, err := s.FS.OpenFile(name, flag, perm)
	if err == nil && name == s.name {
		f = &spoiltFile{f, s.from}
	}
	return f, err
}

type spoiltFile struct {
	durable.File
	from int64
}

func (f *spoiltFile) ReadAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end <= f.from {
		return f.File.ReadAt(p, off)
	}
	n, err := f.File.ReadAt(p[:max(f.from-off, 0)], off)
	if err == nil {
		err = &os.PathError{Op: "read", Path: "pack", Err: syscall.EIO}
	}
	return n, err
}
