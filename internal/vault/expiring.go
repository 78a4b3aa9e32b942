package vault

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

// The list of a preview is a file beside the packs: a line of JSON, what people see of it, and 32 bytes for each version: file and version. Both are
// random and tell nothing. Its SHA-256 is what two people agree on.

func (v *Vault) listFile(share id.Share) string {
	return filepath.Join(v.cfg.Dir, "removal-"+share.String())
}

// expiringList is such a list while it is made. What people see comes first and is known last, so the versions wait in a file of their own.
type expiringList struct {
	v     *Vault
	share id.Share
	file  durable.File // nil until there are some
	rows  []byte       // that are not in it yet
	size  int64        // of it
	err   error        // why it does not have all
}

// rowsAtOnce is how many bytes of rows are held.
const rowsAtOnce = 64 << 10

// mostListed bounds a list: what is more goes with the next one.
const mostListed = 1 << 20

func (l *expiringList) waits() string { return l.v.listFile(l.share) + ".rows" }

func (l *expiringList) add(file id.File, version id.Version) {
	l.rows = append(append(l.rows, file[:]...), version[:]...)
	if len(l.rows) >= rowsAtOnce {
		l.flush()
	}
}

func (l *expiringList) flush() {
	if l.file == nil && l.err == nil {
		l.file, l.err = l.v.cfg.FS.OpenFile(l.waits(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	if l.err == nil {
		_, l.err = l.file.WriteAt(l.rows, l.size)
	}
	l.size, l.rows = l.size+int64(len(l.rows)), l.rows[:0]
}

// close removes what the list has waited in.
func (l *expiringList) close() {
	if l.file != nil {
		l.file.Close()
		l.v.cfg.FS.Remove(l.waits()) // what a crash leaves of it is written over by the next list
	}
}

// finish puts the list in the place of the one before and sets the digest of the preview.
func (l *expiringList) finish(r *account.Removal) (err error) {
	head, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if l.flush(); l.err != nil {
		return l.v.broken("write to disk", l.err)
	}
	h := sha256.New()
	all := io.MultiReader(bytes.NewReader(append(head, '\n')), io.NewSectionReader(l.file, 0, l.size))
	if err := durable.WriteFrom(l.v.cfg.FS, l.v.listFile(l.share), io.TeeReader(all, h), 0o600); err != nil {
		return l.v.broken("write to disk", err)
	}
	r.Digest = sum(h)
	return nil
}

// openedList is a list that is read.
type openedList struct {
	about account.Removal
	file  durable.File
	from  int64
	size  int64
}

var errList = errors.New("the list of a preview is damaged")

// openList opens the list that was kept last. What it says of itself is true: its digest is that of all its bytes.
func (v *Vault) openList(share id.Share) (l *openedList, err error) {
	f, err := v.cfg.FS.OpenFile(v.listFile(share), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	l = &openedList{file: f}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if l.size, err = f.Size(); err != nil {
		return nil, err
	}
	h := sha256.New()
	r := bufio.NewReader(io.TeeReader(io.NewSectionReader(f, 0, l.size), h))
	head, err := r.ReadBytes('\n')
	if err != nil || json.Unmarshal(head, &l.about) != nil {
		return nil, errors.Join(errList, err)
	}
	if l.from = int64(len(head)); (l.size-l.from)%(2*id.Size) != 0 || (l.size-l.from)/(2*id.Size) != l.about.Versions {
		return nil, errList
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	l.about.Digest = sum(h)
	return l, nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func (l *openedList) close() { l.file.Close() }

// each reads the versions.
func (l *openedList) each(do func(id.File, id.Version) error) error {
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, l.from, l.size-l.from), 64<<10)
	for {
		var row [2 * id.Size]byte
		if _, err := io.ReadFull(r, row[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("list of a preview: %w", err)
		}
		if err := do(id.File(row[:id.Size]), id.Version(row[id.Size:])); err != nil {
			return err
		}
	}
}

// dropList removes the list of a share, once all of it is done.
func (v *Vault) dropList(share id.Share) error {
	if err := v.cfg.FS.Remove(v.listFile(share)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return v.cfg.FS.SyncDir(v.cfg.Dir)
}
