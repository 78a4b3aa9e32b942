// Package loan serves a catalogue that is being made anew: until a share's own books have been made from its packs, those of a sealed copy stand in.
//
// A copy is believed for reading alone, and only until the packs have been read: then its digest is compared with that of the books that were made
// from them, which are the ones that count. Whatever is wrong with a copy costs time and nothing else.
package loan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// Copy is a sealed copy of the catalogue of one share.
type Copy struct {
	At   pack.Position // what of the packs it must have
	Size int64         // sealed
	Sum  [32]byte      // SHA-256 of all of it, which somebody has signed
	File io.ReaderAt
	Done func() // lets it go
}

// Catalogue is the catalogue of a vault, some of whose shares have books on loan. It is safe for concurrent use, but for its transactions: there
// may be one at a time.
type Catalogue struct {
	own  *sqlite.DB
	dir  string // for the books on loan
	copy func(ctx context.Context, share id.Share) (*Copy, error)
	log  *slog.Logger
	turn chan struct{} // holds a token while a transaction is open
	busy sync.RWMutex  // read-locked while a copy is opened

	mu   sync.Mutex
	lent map[id.Share]*sqlite.DB // guarded by mu; nil: its own are used
	all  []*sqlite.DB            // guarded by mu: whoever has a View may be at work yet
}

var _ catalogue.Catalogue = (*Catalogue)(nil)

// New puts copies in front of a catalogue that OpenBeyond has opened. copy returns that of a share, nil if there is none. What is in dir from
// before is removed.
func New(own *sqlite.DB, dir string, copy func(context.Context, id.Share) (*Copy, error), log *slog.Logger) (*Catalogue, error) {
	if err := Clean(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return &Catalogue{own: own, dir: dir, copy: copy, log: log, turn: make(chan struct{}, 1), lent: make(map[id.Share]*sqlite.DB)}, nil
}

// Clean removes what a process that was killed has left.
func Clean(dir string) error { return os.RemoveAll(dir) }

// Lend opens the copy of a share, before it is used the first time, unless its own books have everything already. Where that fails, it says so in
// the log, and the share's own books are made as if there were no copy.
func (c *Catalogue) Lend(ctx context.Context, share id.Share, keys *seal.Metadata) {
	c.mu.Lock()
	_, known := c.lent[share]
	if !known {
		c.lent[share] = nil
	}
	c.mu.Unlock()
	if known {
		return
	}
	c.busy.RLock()
	d, err := c.lend(ctx, share, keys)
	c.busy.RUnlock()
	if err != nil {
		c.log.Warn("the copy of the catalogue on the medium cannot be used; that of this share is made from the packs, which takes its time", "share", share, "err", err)
		return
	}
	if d == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent[share] = d
	c.all = append(c.all, d)
}

func (c *Catalogue) lend(ctx context.Context, share id.Share, keys *seal.Metadata) (_ *sqlite.DB, err error) {
	x, err := c.copy(ctx, share)
	if err != nil || x == nil {
		return nil, err
	}
	defer x.Done()
	if at, err := c.own.Applied(ctx, share); err != nil || !at.Before(x.At) {
		return nil, err
	}
	name := filepath.Join(c.dir, share.String()+".db")
	if err := unseal(ctx, keys, share, x, name); err != nil {
		return nil, errors.Join(err, sqlite.Reset(name))
	}
	d, err := sqlite.Open(ctx, name)
	if err != nil {
		return nil, errors.Join(err, sqlite.Reset(name))
	}
	at, err := d.Applied(ctx, share)
	if err == nil && at != x.At {
		err = fmt.Errorf("it goes to %v, and should go to %v", at, x.At)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close(), sqlite.Reset(name))
	}
	return d, nil
}

// GiveWay waits while a copy is opened: somebody is waiting for the first file of a share, and what goes on behind that has time.
func (c *Catalogue) GiveWay() {
	c.busy.Lock()
	defer c.busy.Unlock()
}

// Own is the catalogue that is being made, without what is on loan.
func (c *Catalogue) Own() catalogue.Catalogue { return c.own }

// Return ends a loan once the share's own books have as much of its packs, and tells whether the two say the same. compared is false where there was
// no loan. From here on its own are used.
func (c *Catalogue) Return(ctx context.Context, share id.Share, keys *seal.Metadata) (compared, equal bool, err error) {
	d := c.of(share)
	if d == c.own {
		c.back(share)
		return false, true, nil
	}
	is, err := c.own.View(share, keys).Digest(ctx)
	if err != nil {
		return false, false, err
	}
	was, err := d.View(share, keys).Digest(ctx)
	if ctx.Err() != nil {
		return false, false, ctx.Err()
	}
	c.back(share)
	return true, err == nil && is == was, nil
}

func (c *Catalogue) back(share id.Share) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent[share] = nil
}

// of is the file that has the books of a share.
func (c *Catalogue) of(share id.Share) *sqlite.DB {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.lent[share]; d != nil {
		return d
	}
	return c.own
}

// View implements catalogue.Catalogue.
func (c *Catalogue) View(share id.Share, keys *seal.Metadata) catalogue.View {
	return c.of(share).View(share, keys)
}

// Applied implements catalogue.Catalogue.
func (c *Catalogue) Applied(ctx context.Context, share id.Share) (pack.Position, error) {
	return c.of(share).Applied(ctx, share)
}

// Begin implements catalogue.Catalogue. Each file has a transaction of its own, begun when it is needed: none of them depends on another, since
// how far the packs are applied stands in each.
func (c *Catalogue) Begin(ctx context.Context) (catalogue.Tx, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &tx{c: c, open: make(map[*sqlite.DB]catalogue.Tx)}, nil
}

// Close closes the books on loan and removes them; the catalogue's own belong to the caller.
func (c *Catalogue) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, d := range c.all {
		errs = append(errs, d.Close())
	}
	c.all = nil
	clear(c.lent)
	return errors.Join(append(errs, Clean(c.dir))...)
}

// tx is the transactions of the files that are touched.
type tx struct {
	c     *Catalogue
	open  map[*sqlite.DB]catalogue.Tx
	wrong error // why it can only be rolled back
	ended bool
}

var errEnded = errors.New("the transaction has ended")

func (t *tx) of(ctx context.Context, share id.Share) (catalogue.Tx, error) {
	d := t.c.of(share)
	if t.ended {
		return nil, errEnded
	}
	if x := t.open[d]; x != nil {
		return x, nil
	}
	x, err := d.Begin(ctx)
	if err != nil {
		t.wrong = err
		return nil, err
	}
	t.open[d] = x
	return x, nil
}

// View implements catalogue.Tx.
func (t *tx) View(share id.Share, keys *seal.Metadata) catalogue.View {
	x, err := t.of(context.Background(), share)
	if err != nil {
		return t.c.of(share).View(share, keys) // nothing is written where it cannot be begun
	}
	return x.View(share, keys)
}

// Apply implements catalogue.Tx.
func (t *tx) Apply(ctx context.Context, share id.Share, keys *seal.Metadata, b catalogue.Batch) error {
	x, err := t.of(ctx, share)
	if err != nil {
		return err
	}
	return x.Apply(ctx, share, keys, b)
}

// Forget implements catalogue.Tx.
func (t *tx) Forget(ctx context.Context, share id.Share) error {
	x, err := t.of(ctx, share)
	if err != nil {
		return err
	}
	return x.Forget(ctx, share)
}

// ForgetSome implements catalogue.Tx.
func (t *tx) ForgetSome(ctx context.Context, share id.Share) (bool, error) {
	x, err := t.of(ctx, share)
	if err != nil {
		return false, err
	}
	return x.ForgetSome(ctx, share)
}

// Commit implements catalogue.Tx.
func (t *tx) Commit() (err error) {
	if t.ended {
		return errEnded
	}
	if t.wrong != nil {
		return errors.Join(t.wrong, t.Rollback())
	}
	defer t.end()
	for _, x := range t.open {
		err = errors.Join(err, x.Commit())
	}
	return err
}

// Rollback implements catalogue.Tx.
func (t *tx) Rollback() (err error) {
	if t.ended {
		return nil
	}
	defer t.end()
	for _, x := range t.open {
		err = errors.Join(err, x.Rollback())
	}
	return err
}

func (t *tx) end() {
	t.ended = true
	<-t.c.turn
}

// Returning is Return, for whoever has the keys.
func (c *Catalogue) Returning(ctx context.Context, share id.Share, compared, equal *bool) func(*seal.Metadata) error {
	return func(keys *seal.Metadata) (err error) {
		*compared, *equal, err = c.Return(ctx, share, keys)
		return err
	}
}
