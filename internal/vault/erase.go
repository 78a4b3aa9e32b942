package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Holdings counts a share for whoever decides about its end.
func (v *Vault) Holdings(ctx context.Context, s account.Session, name string) (account.Holdings, error) {
	w := &view{v: v, s: s}
	sh, _, err := w.inquire(ctx, "count", pathname.Root.Join(name))
	if err != nil {
		return account.Holdings{}, err
	}
	t, err := v.cfg.Catalogue.View(sh.id, sh.meta).Totals(ctx)
	if err != nil {
		return account.Holdings{}, v.broken("read the catalogue", err)
	}
	return account.Holdings{Files: t.Files, Versions: t.Versions, Bytes: t.Bytes, Counted: v.cfg.Now().UTC()}, nil
}

// Erase forgets what the storehouse has of a share whose keys are destroyed: leased keys, the key of its names, what waits for a preview, its
// locks, the list of a removal, and its books. All leases end, those of other shares are asked for again. The packs stay: nothing opens them. What is at work with
// the share at this moment fails at its next question to the keeper. It may be called again.
func (v *Vault) Erase(ctx context.Context, a account.Share) error {
	v.keys.clear()
	v.gallery.drop(a.ID)
	v.live.erase(pathname.Root.Join(a.Name))
	sh := v.share(a.ID)
	// The keys in memory are let go and not overwritten: a save that is under way would seal with what is left of them.
	v.mu.Lock()
	delete(v.shares, a.ID)
	delete(v.nothing, a.ID)
	v.mu.Unlock()
	sh.mu.Lock()
	sh.epoch = nil
	sh.mu.Unlock()
	var err error
	for all := false; !all && err == nil; { // people who save come between
		err = v.submit(ctx, &request{share: sh, blind: true, alone: func(tx catalogue.Tx) (err error) {
			all, err = tx.ForgetSome(ctx, a.ID)
			return err
		}})
	}
	if e := v.cfg.FS.Remove(filepath.Join(v.cfg.Dir, locksFile(a.ID))); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	err = errors.Join(err, v.dropList(a.ID))
	if err != nil {
		return fmt.Errorf("forget share %s: %w", a.ID, err)
	}
	return nil
}

// drop forgets what waits of a share.
func (g *gallery) drop(share id.Share) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := g.list[:0]
	for _, w := range g.list {
		if w.r.sh.id == share {
			g.forget(w)
		} else {
			kept = append(kept, w)
		}
	}
	clear(g.list[len(kept):])
	g.list = kept
}

// erase forgets the live files of a share.
func (l *live) erase(share pathname.Path) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, e := range l.files {
		if pathname.Key(k.Share()) == pathname.Key(share.Share()) {
			l.drop(k, e)
		}
	}
}
