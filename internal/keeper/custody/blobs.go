package custody

import (
	"path/filepath"

	"github.com/azekura/azekura/internal/durable"
)

// blobDir is where the keeper keeps what is too large for the state, one sealed file each.
const blobDir = "attachments"

// SaveBlob seals what is too large for the state into a file of its own; it is durable when SaveBlob returns.
func (c *Custody) SaveBlob(name string, plain []byte) error {
	if err := durable.MakeDir(c.fsys, filepath.Join(c.dir, blobDir), 0o700); err != nil {
		return failed("record", err)
	}
	return c.save(blobName(name), plain)
}

// LoadBlob returns what SaveBlob wrote.
func (c *Custody) LoadBlob(name string) ([]byte, error) { return c.load(blobName(name)) }

// RemoveBlob removes it.
func (c *Custody) RemoveBlob(name string) error {
	dir := filepath.Join(c.dir, blobDir)
	if err := c.fsys.Remove(filepath.Join(dir, name)); err != nil {
		return failed("record", err)
	}
	return c.fsys.SyncDir(dir)
}

func blobName(name string) string { return blobDir + "/" + name }
