package custody

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/azekura/azekura/internal/durable"
)

// Sealed is one of the keeper's files as it lies on disk.
type Sealed struct {
	Name string
	file durable.File
}

// Copies opens the files that may be on a medium: everything but the ring and the protection, which alone bring back keys of shares. The
// caller lets nothing be written until it returns; what is written later does not change what was opened.
func (c *Custody) Copies() (out []Sealed, err error) {
	defer func() {
		if err != nil {
			for _, f := range out {
				f.Close()
			}
			out = nil
		}
	}()
	names := []string{ledgerKeysName, stateName, headName}
	list, err := c.fsys.ReadDir(filepath.Join(c.dir, blobDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("copy keeper", err)
	}
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".new") {
			names = append(names, blobName(e.Name()))
		}
	}
	c.write.Lock()
	defer c.write.Unlock()
	for _, name := range names {
		f, err := c.fsys.OpenFile(filepath.Join(c.dir, filepath.FromSlash(name)), 0, 0)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(name, blobDir) {
			continue // it was dropped meanwhile
		}
		if err != nil {
			return out, failed("copy keeper", err)
		}
		out = append(out, Sealed{name, f})
	}
	return out, nil
}

// Read returns what the file held when it was opened.
func (s Sealed) Read() ([]byte, error) {
	n, err := s.file.Size()
	if err != nil {
		return nil, failed("copy keeper", err)
	}
	b := make([]byte, n)
	if m, err := s.file.ReadAt(b, 0); int64(m) < n {
		return nil, failed("copy keeper", fmt.Errorf("%s: read %d of %d bytes: %w", s.Name, m, n, errors.Join(err, io.ErrUnexpectedEOF)))
	}
	return b, nil
}

// Close lets the file go.
func (s Sealed) Close() { s.file.Close() }

// SealAs seals something for a medium, as a file of that name would be.
func (c *Custody) SealAs(name string, plain []byte) ([]byte, error) {
	k, err := c.fileKey(name)
	if err != nil {
		return nil, failed("copy keeper", err)
	}
	defer k.Zero()
	head := []byte{fileVersion}
	return k.SealOnce(head, plain, head[:1:1]), nil
}
