package storehouse

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/medium"
)

// borrowing is the disk of a keeper whose ledger and whose lines of appliances come from a medium: what is not here yet is read from there, until all of it
// is. So a keeper opens at once, however long its ledger is, and goes on with it. What is written is written here.
type borrowing struct {
	durable.FS
	at    layout
	state *medium.State
	rest  durable.FS  // of the state
	whole atomic.Bool // all is here, and it is a disk like others
}

func borrow(fsys durable.FS, at layout, s *medium.State) *borrowing {
	return &borrowing{FS: fsys, at: at, state: s, rest: s.Rest()}
}

// lent returns how the medium calls a file that may be borrowed.
func (b *borrowing) lent(name string) (string, bool) {
	for dir, on := range map[string]string{b.at.ledger: "/ledger", b.at.logbook: "/" + medium.Logbook} {
		if rel, ok := strings.CutPrefix(filepath.Clean(name), dir); ok && (rel == "" || rel[0] == filepath.Separator) {
			return on + rel, !b.whole.Load()
		}
	}
	return "", false
}

// OpenFile implements durable.FS.
func (b *borrowing) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	on, lent := b.lent(name)
	switch {
	case lent && flag&os.O_EXCL != 0: // what the medium has is there
		if f, err := b.rest.OpenFile(on, os.O_RDONLY, 0); err == nil {
			return nil, errors.Join(&fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}, f.Close())
		}
	case lent && flag&(os.O_WRONLY|os.O_RDWR) == 0:
		if f, err := b.FS.OpenFile(name, flag, perm); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		return b.rest.OpenFile(on, flag, perm)
	}
	return b.FS.OpenFile(name, flag, perm)
}

// ReadDir implements durable.FS: what is here, and what the medium has besides.
func (b *borrowing) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := b.FS.ReadDir(name)
	on, lent := b.lent(name)
	if !lent || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return list, err
	}
	more, failed := b.rest.ReadDir(on)
	switch {
	case errors.Is(failed, fs.ErrNotExist):
		return list, err
	case failed != nil:
		return nil, failed
	}
	list = append(list, more...)
	slices.SortStableFunc(list, func(x, y fs.DirEntry) int { return cmp.Compare(x.Name(), y.Name()) })
	return slices.CompactFunc(list, func(x, y fs.DirEntry) bool { return x.Name() == y.Name() }), nil
}

// fetch copies what is borrowed. What is damaged on the medium is told, and copied as far as it can be read: each entry and each batch of lines shows
// whether it is whole. give is called before each file, and returns when nobody waits for the medium.
func (b *borrowing) fetch(ctx context.Context, give func(), found func(medium.Finding)) error {
	damaged := func(name string, err error) error {
		f, err := b.state.Damaged(ctx, name, err)
		if err == nil {
			found(f)
		}
		return err
	}
	if err := ledger.Fill(ctx, polite{b.state.Ledger(), give}, b.state.Medium.Vault, b.FS, b.at.ledger, func(name string, err error) error { return damaged("ledger/"+name, err) }); err != nil {
		return err
	}
	for _, name := range b.state.Names() {
		file, ok := strings.CutPrefix(name, medium.Logbook+"/")
		if !ok || !logbook.IsFile(file) {
			continue
		}
		give()
		if err := b.fetchLines(ctx, name, filepath.Join(b.at.logbook, file), damaged); err != nil {
			return err
		}
	}
	return nil
}

// polite is a ledger that is read when nobody else waits.
type polite struct {
	fs.FS
	give func()
}

// Open implements fs.FS.
func (p polite) Open(name string) (fs.File, error) {
	p.give()
	return p.FS.Open(name)
}

// ReadDir implements fs.ReadDirFS.
func (p polite) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(p.FS, name) }

// fetchLines copies a file with lines of appliances. They are checked against the ledger when somebody asks for it.
func (b *borrowing) fetchLines(ctx context.Context, name, to string, damaged func(string, error) error) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	data, err := b.state.File(ctx, name)
	if err != nil {
		if err := damaged(name, err); err != nil {
			return err
		}
		if data, err = durable.ReadFile(b, to); err != nil {
			return nil
		}
	}
	if err := durable.MakeDir(b.FS, b.at.logbook, 0o700); err != nil {
		return err
	}
	return durable.WriteFile(b.FS, to, data, 0o600)
}
