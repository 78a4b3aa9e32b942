package storehouse

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue/loan"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/vault"
)

// A copy of the catalogue of a share is put on a medium when so many rows have come since the last one, files and versions together, and with
// them a part of all: what is behind a copy is read from the packs by whoever restores, which takes seconds, and to copy it all for
// a few more would cost each sync.
var booksFrom int64 = 50_000 // less in tests

const booksPart = 32

// pays reports whether a catalogue of so many rows is worth another copy than the one that has some of them.
func pays(rows, had int64) bool { return rows-had >= max(booksFrom, rows/booksPart) }

// Books implements medium.Source. What goes wrong here is told and hurts no copy: the medium has the packs.
func (c *copied) Books(ctx context.Context, share id.Share, rows int64) (*medium.Books, error) {
	size, err := c.h.books.Size(ctx, share)
	if err != nil || c.h.half() || !pays(size.Rows, rows) {
		return nil, err
	}
	c.h.syncing.shelving.Lock()
	b, err := c.h.copyBooks(ctx, c.s, share)
	c.h.syncing.shelving.Unlock()
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.h.opt.Log.Warn("the medium gets no copy of the catalogue of a share: whoever restores must wait until its packs have been read", "share", share, "err", err)
	}
	return b, nil
}

// copyBooks makes a sealed copy of the catalogue of a share.
func (h *House) copyBooks(ctx context.Context, s account.Session, share id.Share) (_ *medium.Books, err error) {
	if err := h.opt.FS.MkdirAll(h.at.books, 0o700); err != nil {
		return nil, err
	}
	plain, sealed := filepath.Join(h.at.books, share.String()+".db"), filepath.Join(h.at.books, share.String()+".sealed")
	if err := errors.Join(remove(plain), remove(sealed)); err != nil { // of a process that was killed
		return nil, err
	}
	defer func() { err = errors.Join(err, remove(plain)) }()
	made, err := h.books.Copy(ctx, share, plain)
	if err != nil {
		return nil, err
	}
	from, err := os.Open(plain)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	i, err := from.Stat()
	if err != nil {
		return nil, err
	}
	to, err := os.OpenFile(sealed, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := remove(sealed); err != nil { // it lives as long as it is open
		return nil, errors.Join(err, to.Close())
	}
	b := &medium.Books{At: made.At, Rows: made.Rows, File: to, Done: func() { _ = to.Close() }}
	if err := h.vault.Keyed(ctx, s, share, loan.Sealing(to, from, i.Size(), &b.Size, &b.Sum)); err != nil {
		b.Done()
		return nil, err
	}
	return b, nil
}

func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lend puts the copies on a medium in front of the catalogue, until that has been made from the packs.
func (h *House) lend() (err error) {
	h.loan, err = loan.New(h.books, h.at.books, func(ctx context.Context, share id.Share) (*loan.Copy, error) {
		b, err := h.rescue.state.Books(ctx, share)
		if err != nil || b == nil {
			return nil, err
		}
		return &loan.Copy{At: b.At, Size: b.Size, Sum: b.Sum, File: b.File, Done: b.Done}, nil
	}, h.opt.Log)
	return err
}

// prepare opens the shares of which the medium has copies, before the first person is through the login.
func (h *House) prepare(ctx context.Context) {
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return
	}
	defer h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "the program ended")
	for _, share := range h.rescue.state.Copied() {
		if err := h.vault.Prepare(ctx, s, share); err != nil && ctx.Err() == nil {
			h.opt.Log.Debug("a share is not prepared; who comes for it waits", "share", share, "err", err)
		}
	}
}

// indexer makes the catalogue from the packs of a vault that is being restored, share by share as their packs come.
type indexer struct {
	h     *House
	ready chan id.Share
	done  sync.WaitGroup

	mu     sync.Mutex
	left   map[id.Share]int // packs that are not here; guarded by mu
	failed []id.Share       // owned by the goroutine until it is done
}

// index begins to make the catalogue.
func (h *House) index(ctx context.Context, list []medium.Pack) (*indexer, error) {
	x := &indexer{h: h, left: make(map[id.Share]int)}
	for _, p := range list {
		x.left[p.Share]++
	}
	x.ready = make(chan id.Share, len(x.left))
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return nil, err
	}
	keyless := make(map[id.Share]bool)
	for _, k := range h.keeper.local.Keyless() {
		keyless[k.ID] = true
	}
	x.done.Go(func() {
		defer h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "the program ended")
		for share := range x.ready {
			if keyless[share] || ctx.Err() != nil {
				continue
			}
			if err := x.share(ctx, s, share); err != nil && ctx.Err() == nil {
				h.opt.Log.Warn("the packs of a share are damaged on the medium; its catalogue is made without what is damaged once all is copied", "share", share, "err", err)
				x.failed = append(x.failed, share)
			}
		}
	})
	return x, nil
}

// here counts a pack.
func (x *indexer) here(share id.Share) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left[share]--; x.left[share] == 0 {
		x.ready <- share
	}
}

// end waits until the catalogue is made.
func (x *indexer) end() {
	close(x.ready)
	x.done.Wait()
}

// pass makes the catalogues of shares whose packs are damaged, without what is damaged: all else in them can be used. It comes once all packs are here. Where
// that fails, whoever opens the share is told.
func (x *indexer) pass(ctx context.Context) (err error) {
	if len(x.failed) == 0 {
		return nil
	}
	h, log := x.h, x.h.opt.Log
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return err
	}
	defer h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "the program ended")
	list, err := h.keeper.Keeper().Shares(ctx, s.ID)
	for _, share := range list {
		if !slices.Contains(x.failed, share.ID) {
			continue
		}
		r, failed := h.vault.Rebuild(ctx, s, share.Name, func(int64) {}, func(f vault.Finding) {
			log.Error("damaged in a pack", "share", share.Name, "pack", f.Pack, "offset", f.Offset, "length", f.Length, "reason", f.Reason)
		})
		if failed != nil {
			log.Error("the catalogue of a share cannot be made: “azekura rebuild” tries it again", "share", share.Name, "err", failed)
			err = errors.Join(err, h.vault.Reopen(ctx, share.ID))
			continue
		}
		log.Warn("a share can be used without what is damaged in its packs; “azekura verify --keys” names the files that miss something", "share", share.Name, "places", r.Findings)
	}
	return err
}

// share makes the catalogue of a share, and compares what was on loan with it.
func (x *indexer) share(ctx context.Context, s account.Session, share id.Share) error {
	h := x.h
	if err := h.vault.Index(ctx, s, share, h.loan.Own()); err != nil {
		return err
	}
	var compared, equal bool
	if err := h.vault.Keyed(ctx, s, share, h.loan.Returning(ctx, share, &compared, &equal)); err != nil {
		return err
	}
	if compared && !equal {
		h.opt.Log.Error("the copy of the catalogue on the medium does not say what the packs say; what people have seen since the start came from the copy, "+
			"and from now on comes from the packs", "share", share)
	}
	return nil
}

// openOwn opens the catalogue's file: where copies stand in front of it, it counts from beyond them.
func (h *House) openOwn(ctx context.Context) (*sqlite.DB, error) {
	if h.restoring != nil {
		return sqlite.OpenBeyond(ctx, h.at.catalogue)
	}
	return sqlite.Open(ctx, h.at.catalogue)
}
