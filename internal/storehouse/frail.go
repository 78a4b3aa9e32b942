package storehouse

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/pack"
)

// frail is the disk of a state of a medium, for a drill: what it does not give back, for whatever reason, is damage at that place and keeps nobody
// from the rest.
type frail struct{ durable.FS }

// OpenFile implements durable.FS.
func (f frail) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return frailFile{file}, nil
}

type frailFile struct{ durable.File }

// ReadAt implements io.ReaderAt.
func (f frailFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", syscall.EIO, err)
	}
	return n, err
}

// endsOf says where the packs of each share end in a state: all of it was durable when it was copied, so that nothing there is a torn tail.
func endsOf(s *medium.State) map[id.Share]pack.Position {
	out := make(map[id.Share]pack.Position)
	for _, p := range s.List() {
		out[p.Share] = pack.Position{Pack: p.Pack, Offset: p.Size}
	}
	return out
}
