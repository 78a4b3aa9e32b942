package custody

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/azekura/azekura/internal/durable"
)

// Copied is a sealed file of the keeper that may be on a medium, open: it holds what it held at the moment of the cut, whatever is
// written later.
type Copied struct {
	Name string // "state", "attachments/…"
	file durable.File
}

// Read returns what the file held at the moment of the cut.
func (f Copied) Read() ([]byte, error) {
	n, err := f.file.Size()
	if err != nil {
		return nil, failed("copy keeper", err)
	}
	b := make([]byte, n)
	if m, err := f.file.ReadAt(b, 0); int64(m) < n {
		return nil, failed("copy keeper", fmt.Errorf("%s: read %d of %d bytes: %w", f.Name, m, n, errors.Join(err, io.ErrUnexpectedEOF)))
	}
	return b, nil
}

// Close lets the file go.
func (f Copied) Close() { f.file.Close() }

// Cut opens the files that go on a medium, of one moment and sealed with one root: those that this list has, and no others. With the
// pieces of the recovery secret and a key card they are the keeper again. The ring is never among them, nor is what protects the root
// on this machine: a medium that is found with the passphrase opens nothing. The caller closes them.
func (c *Custody) Cut() (_ []Copied, err error) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.finishRoot(); err != nil {
		return nil, err
	}
	names, err := c.names()
	if err != nil {
		return nil, err
	}
	var out []Copied
	defer func() {
		if err != nil {
			for _, f := range out {
				f.Close()
			}
		}
	}()
	for _, name := range append([]string{recoveryName}, names...) {
		f, err := c.fsys.OpenFile(filepath.Join(c.dir, name), 0, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // there are no papers, or nothing was written yet
		}
		if err != nil {
			return out, failed("copy keeper", err)
		}
		out = append(out, Copied{name, f})
	}
	return out, nil
}

// SealAs seals something for a medium, as a file of that name would be.
func (c *Custody) SealAs(name string, plain []byte) ([]byte, error) {
	b, err := c.sealFile(name, plain)
	if err != nil {
		return nil, failed("copy keeper", err)
	}
	return b, nil
}
