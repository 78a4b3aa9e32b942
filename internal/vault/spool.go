package vault

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/seal"
)

// spool keeps the parts of a save that come in any order. It is a file of sealed pages under a key that
// is in memory alone: what a crash leaves of it opens for nobody and is swept at the next start.
type spool struct {
	fs   durable.FS
	name string
	file durable.File
	key  seal.Key
	size int64 // of the content

	page    int64 // the one in plain, or -1
	plain   []byte
	dirty   bool
	written map[int64]bool // pages that are in the file
}

const (
	pageSize   = 256 << 10
	sealedPage = pageSize + seal.Overhead

	// holeMax is how far behind its end a file may be written to. A hole is content like any other: it has to be read and sealed.
	holeMax = 64 << 30
)

func (v *Vault) spoolDir() string { return filepath.Join(v.cfg.Dir, "spool") }

// sweepSpool removes what an earlier run left.
func (v *Vault) sweepSpool() error {
	if err := v.cfg.FS.MkdirAll(v.spoolDir(), 0o700); err != nil {
		return err
	}
	old, err := v.cfg.FS.ReadDir(v.spoolDir())
	for _, e := range old {
		if strings.HasSuffix(e.Name(), ".spool") {
			err = errors.Join(err, v.cfg.FS.Remove(filepath.Join(v.spoolDir(), e.Name())))
		}
	}
	return err
}

func (v *Vault) newSpool() (*spool, error) {
	var r [16]byte
	rand.Read(r[:])
	s := &spool{fs: v.cfg.FS, name: filepath.Join(v.spoolDir(), hex.EncodeToString(r[:])+".spool"), key: seal.NewKey(),
		page: -1, plain: make([]byte, pageSize), written: make(map[int64]bool)}
	f, err := s.fs.OpenFile(s.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	s.file = f
	return s, err
}

// load makes page n the one in memory.
func (s *spool) load(n int64) error {
	if n == s.page {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.page = -1
	clear(s.plain)
	if s.written[n] {
		sealed := make([]byte, sealedPage)
		if _, err := s.file.ReadAt(sealed, n*sealedPage); err != nil {
			return err
		}
		if _, err := s.key.Open(s.plain[:0], sealed, pageContext(n)); err != nil {
			return err
		}
	}
	s.page = n
	return nil
}

func (s *spool) flush() error {
	if !s.dirty {
		return nil
	}
	if _, err := s.file.WriteAt(s.key.Seal(nil, s.plain, pageContext(s.page)), s.page*sealedPage); err != nil {
		return err
	}
	s.dirty, s.written[s.page] = false, true
	return nil
}

func pageContext(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// WriteAt implements io.WriterAt.
func (s *spool) WriteAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off > s.size+holeMax {
		return 0, errors.New("offset out of range")
	}
	for n < len(p) {
		if err := s.load(off / pageSize); err != nil {
			return n, err
		}
		m := copy(s.plain[off%pageSize:], p[n:])
		s.dirty = true
		n, off = n+m, off+int64(m)
		s.size = max(s.size, off)
	}
	return n, nil
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		if err := s.load(off / pageSize); err != nil {
			return n, err
		}
		m := copy(p[n:min(int64(len(p)), int64(n)+s.size-off)], s.plain[off%pageSize:])
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

// Close forgets the key and removes the file.
func (s *spool) Close() error {
	s.key.Zero()
	clear(s.plain)
	return errors.Join(s.file.Close(), s.fs.Remove(s.name))
}
