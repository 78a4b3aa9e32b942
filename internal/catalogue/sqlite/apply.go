package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
)

// tx is the open transaction, on the writer's connection.
type tx struct {
	d    *DB
	ctx  context.Context
	open bool
}

// Begin implements catalogue.Catalogue.
func (d *DB) Begin(ctx context.Context) (catalogue.Tx, error) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if _, err := d.w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		<-d.turn
		return nil, fmt.Errorf("begin: %w", err)
	}
	return &tx{d: d, ctx: context.WithoutCancel(ctx), open: true}, nil
}

func (t *tx) View(share id.Share, keys *seal.Metadata) catalogue.View {
	return &view{d: t.d, q: t.d.w, share: share, keys: keys}
}

func (t *tx) Commit() error {
	if !t.open {
		return errors.New("the transaction has ended")
	}
	if _, err := t.d.w.exec(t.ctx, "COMMIT"); err != nil {
		t.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	t.end()
	return nil
}

func (t *tx) Rollback() error {
	if !t.open {
		return nil
	}
	_, err := t.d.w.exec(t.ctx, "ROLLBACK")
	t.end()
	return err
}

func (t *tx) end() {
	t.open = false
	<-t.d.turn
}

// Forget implements catalogue.Tx.
func (t *tx) Forget(ctx context.Context, share id.Share) error {
	n, err := t.d.num(ctx, t.d.w, share)
	if err != nil || n == 0 {
		return err
	}
	for _, text := range []string{
		"DELETE FROM change WHERE node IN (SELECT num FROM node WHERE share = ?)",
		"DELETE FROM node WHERE share = ?",
		"DELETE FROM chunk WHERE share = ?",
		"DELETE FROM epoch WHERE share = ?",
		"UPDATE share SET pack = 0, off = 0, files = 0, dirs = 0, removed = 0, versions = 0, chunks = 0, bytes = 0 WHERE num = ?",
	} {
		if _, err := t.d.w.exec(ctx, text, n); err != nil {
			return err
		}
	}
	return nil
}

// applier applies one batch.
type applier struct {
	*statements
	ctx   context.Context
	share int64
	keys  *seal.Metadata
	sum   catalogue.Totals // what the batch adds
}

// Apply implements catalogue.Tx.
func (t *tx) Apply(ctx context.Context, share id.Share, keys *seal.Metadata, b catalogue.Batch) error {
	if _, err := t.d.w.exec(ctx, "INSERT INTO share (id, pack, off) VALUES (?, 0, 0) ON CONFLICT (id) DO NOTHING", share[:]); err != nil {
		return err
	}
	var done pack.Position
	a := &applier{statements: t.d.w, ctx: ctx, keys: keys}
	if err := a.row(ctx, "SELECT num, pack, off FROM share WHERE id = ?", share[:]).Scan(&a.share, &done.Pack, &done.Offset); err != nil {
		return err
	}
	if !done.Before(b.UpTo) {
		return nil
	}
	for _, c := range b.Chunks {
		r, err := a.exec(ctx, "INSERT INTO chunk (share, id, pack, off, len) VALUES (?, ?, ?, ?, ?) ON CONFLICT (share, id) DO NOTHING",
			a.share, c.ID[:], c.Place.Pack, c.Place.Offset, c.Place.Size)
		if err != nil {
			return err
		}
		n, _ := r.RowsAffected()
		a.sum.Chunks += n
	}
	for _, e := range b.Epochs {
		if _, err := a.exec(ctx, "INSERT INTO epoch (share, id, enc) VALUES (?, ?, ?) ON CONFLICT (share, id) DO NOTHING", a.share, e.ID[:], e.Enc); err != nil {
			return err
		}
	}
	for _, c := range b.Commits {
		if c.Place.Position.Before(done) {
			continue
		}
		for _, op := range c.Ops {
			if err := a.apply(c, op); err != nil {
				return fmt.Errorf("commit at pack %d, %d: %w", c.Place.Pack, c.Place.Offset, err)
			}
		}
	}
	s := a.sum
	_, err := a.exec(ctx, `UPDATE share SET pack = ?, off = ?, files = files + ?, dirs = dirs + ?, removed = removed + ?,
		versions = versions + ?, chunks = chunks + ?, bytes = bytes + ? WHERE num = ?`,
		b.UpTo.Pack, b.UpTo.Offset, s.Files, s.Dirs, s.Removed, s.Versions, s.Chunks, s.Bytes, a.share)
	return err
}

// row of node, as far as Apply needs it.
type node struct {
	num      int64
	parent   []byte
	key      []byte
	dir      bool
	removed  int64
	versions int
	size     int64 // of the head
}

func (a *applier) find(file id.File) (n node, ok bool, err error) {
	err = a.row(a.ctx, `SELECT n.num, n.parent, n.key, n.dir, n.removed, n.versions, coalesce(c.size, 0)
		FROM node n LEFT JOIN change c ON c.num = n.head WHERE n.share = ? AND n.file = ?`, a.share, file[:]).
		Scan(&n.num, &n.parent, &n.key, &n.dir, &n.removed, &n.versions, &n.size)
	if errors.Is(err, sql.ErrNoRows) {
		return n, false, nil
	}
	return n, err == nil, err
}

// count adds a node to the totals, or takes it away.
func (a *applier) count(n node, sign int64) {
	switch {
	case n.removed != 0:
		a.sum.Removed += sign
	case n.dir:
		a.sum.Dirs += sign
	default:
		a.sum.Files += sign
		a.sum.Bytes += sign * n.size
	}
}

func (a *applier) apply(c catalogue.Committed, op commit.Op) error {
	n, ok, err := a.find(op.File)
	if err != nil {
		return err
	}
	at := c.When.UnixMicro()
	if ok {
		a.count(n, -1)
	}
	switch op.Kind {
	case commit.Mkdir, commit.Touch, commit.Move, commit.Save, commit.Link:
		if n, err = a.stand(n, ok, op, at); err != nil {
			return err
		}
	case commit.Remove:
		if ok && n.removed == 0 {
			n.removed = at
			_, err = a.exec(a.ctx, "UPDATE node SET removed = ? WHERE num = ?", at, n.num)
		}
	case commit.SetProp:
		if ok {
			_, err = a.exec(a.ctx, "UPDATE node SET props = ?, modified = ? WHERE num = ?", a.props(op), micro(op.Modified), n.num)
		}
	default:
		err = fmt.Errorf("operation %d is unknown", op.Kind)
	}
	if err != nil || n.num == 0 {
		return err
	}
	num, err := a.change(n, c, op)
	if err != nil {
		return err
	}
	if op.Kind == commit.Save || op.Kind == commit.Link {
		n.size = op.Size
		a.sum.Versions++
		if _, err := a.exec(a.ctx, "UPDATE node SET head = ?, versions = versions + 1, modified = 0 WHERE num = ?", num, n.num); err != nil {
			return err
		}
	}
	a.count(n, 1)
	return nil
}

func (a *applier) props(op commit.Op) []byte {
	if len(op.Props) == 0 {
		return nil
	}
	b, err := json.Marshal(op.Props)
	if err != nil {
		panic(err) // strings always marshal
	}
	return a.keys.SealName(op.File, b)
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// stand makes a node stand where the operation says, shown. Whatever else is shown there gives way: that
// can only be after damage.
func (a *applier) stand(n node, known bool, op commit.Op, at int64) (node, error) {
	key := a.keys.Lookup(op.Parent, pathname.Key(op.Name))
	name := a.keys.SealName(op.File, []byte(op.Name))
	var other id.File
	var b []byte
	err := a.row(a.ctx, "SELECT file FROM node WHERE share = ? AND parent = ? AND key = ? AND removed = 0 AND num <> ?",
		a.share, op.Parent[:], key[:], n.num).Scan(&b)
	if err == nil {
		copy(other[:], b)
		o, _, err := a.find(other)
		if err != nil {
			return n, err
		}
		a.count(o, -1)
		o.removed = at
		a.count(o, 1)
		if _, err := a.exec(a.ctx, "UPDATE node SET removed = ? WHERE num = ?", at, o.num); err != nil {
			return n, err
		}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	if known {
		n.removed = 0
		_, err = a.exec(a.ctx, "UPDATE node SET parent = ?, key = ?, name = ?, removed = 0 WHERE num = ?", op.Parent[:], key[:], name, n.num)
		if err == nil && op.Kind == commit.Touch {
			_, err = a.exec(a.ctx, "UPDATE node SET modified = ? WHERE num = ?", micro(op.Modified), n.num)
		}
		return n, err
	}
	n.dir = op.Kind == commit.Mkdir
	modified := int64(0)
	if op.Kind == commit.Touch || op.Kind == commit.Mkdir {
		modified = micro(op.Modified)
	}
	r, err := a.exec(a.ctx, "INSERT INTO node (share, file, parent, key, name, dir, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		a.share, op.File[:], op.Parent[:], key[:], name, n.dir, at, modified) // PostgreSQL: RETURNING num
	if err != nil {
		return n, err
	}
	n.num, err = r.LastInsertId()
	return n, err
}

// detail is what stands sealed in a change.
type detail struct {
	Name   string       `json:"n,omitempty"`
	Author string       `json:"a,omitempty"`
	Door   string       `json:"d,omitempty"`
	Sums   []commit.Sum `json:"s,omitempty"`
}

func (a *applier) change(n node, c catalogue.Committed, op commit.Op) (num int64, err error) {
	plain, err := json.Marshal(detail{op.Name, c.Author, c.Door, op.Sums})
	if err != nil {
		return 0, err
	}
	sealed := a.keys.SealName(op.File, plain)
	if op.Kind != commit.Save && op.Kind != commit.Link {
		_, err := a.exec(a.ctx, "INSERT INTO change (node, kind, at, parent, account, session, device, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			n.num, op.Kind, c.When.UnixMicro(), op.Parent[:], c.Account[:], c.Session[:], c.Device[:], sealed)
		return 0, err
	}
	at, ok := c.Manifests[op.Key]
	if !ok {
		err := a.row(a.ctx, "SELECT pack, off, len FROM change WHERE version = ?", op.Key[:]).Scan(&at.Pack, &at.Offset, &at.Size)
		if errors.Is(err, sql.ErrNoRows) { // only after damage: the version is listed, and does not open
			at = pack.Place{}
		} else if err != nil {
			return 0, err
		}
	}
	r, err := a.exec(a.ctx, `INSERT INTO change (node, kind, at, parent, account, session, device, sealed,
		number, version, keyver, epoch, size, modified, equal, pack, off, len) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.num, op.Kind, c.When.UnixMicro(), op.Parent[:], c.Account[:], c.Session[:], c.Device[:], sealed,
		n.versions+1, op.Version[:], op.Key[:], op.Epoch[:], op.Size, micro(op.Modified), op.Equal[:], at.Pack, at.Offset, at.Size)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}
