package custody

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/azekura/azekura/internal/durable"
)

// Copied is a sealed file of the keeper that may be on a medium, open: it holds what it held at the moment of the cut, whatever is
// written later.
type Copied struct {
	Name string // "state", "attachments/…"
	durable.File
}

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
