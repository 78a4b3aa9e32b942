package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
)

// page is how many rows a listing reads at once. No transaction is open between pages.
const page = 1000

type view struct {
	d     *DB
	q     *statements
	share id.Share
	keys  *seal.Metadata
}

// columns of a node with its head.
const nodeColumns = `n.file, n.parent, n.name, n.dir, n.created, n.removed, n.modified, n.props, n.key,
	c.num, c.at, c.account, c.session, c.device, c.sealed, c.number, c.version, c.keyver, c.epoch, c.size, c.modified, c.equal, c.pack, c.off, c.len`

const nodeFrom = " FROM node n LEFT JOIN change c ON c.num = n.head AND n.head <> 0 "

// node reads a row of nodeColumns and returns its lookup key, too.
func (v *view) node(row scanner) (n catalogue.Node, key []byte, err error) {
	var file, parent, name, props []byte
	var created, removed, modified int64
	var num sql.NullInt64
	h := headRow{}
	if err := row.Scan(append([]any{&file, &parent, &name, &n.Dir, &created, &removed, &modified, &props, &key, &num}, h.into()...)...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = catalogue.ErrNone
		}
		return n, nil, err
	}
	copy(n.File[:], file)
	copy(n.Parent[:], parent)
	n.Created, n.Removed, n.Modified = clock(created), clock(removed), clock(modified)
	plain, err := v.keys.OpenName(n.File, name)
	if err != nil {
		return n, nil, err
	}
	n.Name = string(plain)
	if props != nil {
		plain, err := v.keys.OpenName(n.File, props)
		if err == nil {
			err = json.Unmarshal(plain, &n.Props)
		}
		if err != nil {
			return n, nil, err
		}
	}
	if num.Valid {
		n.Head, _, err = h.read(v.keys, n.File)
	}
	return n, key, err
}

func clock(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

// headRow takes the columns of a change that describe a version; all of them NULL without one.
type headRow struct {
	at, number, size, modified, pack, off, len                      sql.NullInt64
	account, session, device, sealed, version, keyver, epoch, equal []byte
}

func (h *headRow) into() []any {
	return []any{&h.at, &h.account, &h.session, &h.device, &h.sealed, &h.number, &h.version, &h.keyver, &h.epoch,
		&h.size, &h.modified, &h.equal, &h.pack, &h.off, &h.len}
}

func (h *headRow) read(keys *seal.Metadata, file id.File) (v catalogue.Version, d detail, err error) {
	plain, err := keys.OpenName(file, h.sealed)
	if err == nil {
		err = json.Unmarshal(plain, &d)
	}
	if err != nil {
		return v, d, err
	}
	v.File, v.Number, v.Saved, v.Author, v.Door = file, int(h.number.Int64), clock(h.at.Int64), d.Author, d.Door
	copy(v.Account[:], h.account)
	copy(v.Session[:], h.session)
	copy(v.Device[:], h.device)
	copy(v.Version[:], h.version)
	copy(v.Key[:], h.keyver)
	copy(v.Epoch[:], h.epoch)
	copy(v.Equal[:], h.equal)
	v.Size, v.Modified, v.Sums = h.size.Int64, clock(h.modified.Int64), d.Sums
	v.Manifest = pack.Place{Position: pack.Position{Pack: uint64(h.pack.Int64), Offset: h.off.Int64}, Size: uint32(h.len.Int64)}
	return v, d, nil
}

func (v *view) num(ctx context.Context) (int64, error) { return v.d.num(ctx, v.q, v.share) }

// Child implements catalogue.View.
func (v *view) Child(ctx context.Context, dir id.File, name string) (catalogue.Node, error) {
	share, err := v.num(ctx)
	if err != nil {
		return catalogue.Node{}, err
	}
	key := v.keys.Lookup(dir, pathname.Key(name))
	n, _, err := v.node(v.q.row(ctx, "SELECT "+nodeColumns+nodeFrom+"WHERE n.share = ? AND n.parent = ? AND n.key = ? AND n.removed = 0", share, dir[:], key[:]))
	return n, err
}

// Former implements catalogue.View.
func (v *view) Former(ctx context.Context, dir id.File, name string) ([]catalogue.Node, error) {
	share, err := v.num(ctx)
	if err != nil {
		return nil, err
	}
	key := v.keys.Lookup(dir, pathname.Key(name))
	rows, err := v.q.rows(ctx, "SELECT "+nodeColumns+nodeFrom+`WHERE n.share = ? AND n.parent = ? AND n.key = ? AND n.removed <> 0
		ORDER BY n.removed DESC, n.num DESC LIMIT 100`, share, dir[:], key[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []catalogue.Node
	for rows.Next() {
		n, _, err := v.node(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// Node implements catalogue.View.
func (v *view) Node(ctx context.Context, file id.File) (catalogue.Node, error) {
	share, err := v.num(ctx)
	if err != nil {
		return catalogue.Node{}, err
	}
	n, _, err := v.node(v.q.row(ctx, "SELECT "+nodeColumns+nodeFrom+"WHERE n.share = ? AND n.file = ?", share, file[:]))
	return n, err
}

// List implements catalogue.View.
func (v *view) List(ctx context.Context, dir id.File, removed bool) iter.Seq2[catalogue.Node, error] {
	text := "SELECT " + nodeColumns + nodeFrom + "WHERE n.share = ? AND n.parent = ? AND n.removed = 0 AND n.key > ? ORDER BY n.key LIMIT ?"
	if removed { // several may have had one key: page by key and number
		text = "SELECT " + nodeColumns + ", n.num" + nodeFrom + `WHERE n.share = ? AND n.parent = ? AND n.removed <> 0
			AND (n.key, n.num) > (?, ?) ORDER BY n.key, n.num LIMIT ?`
	}
	return func(yield func(catalogue.Node, error) bool) {
		share, err := v.num(ctx)
		if err != nil {
			yield(catalogue.Node{}, err)
			return
		}
		last, lastNum := []byte{}, int64(0)
		for {
			nodes, key, num, err := v.page(ctx, text, removed, share, dir, last, lastNum)
			if err != nil {
				yield(catalogue.Node{}, err)
				return
			}
			for _, n := range nodes {
				if !yield(n, nil) {
					return
				}
			}
			if len(nodes) < page {
				return
			}
			last, lastNum = key, num
		}
	}
}

// withNum scans one more column behind those of a node.
type withNum struct {
	scanner
	num *int64
}

func (w withNum) Scan(into ...any) error { return w.scanner.Scan(append(into, w.num)...) }

func (v *view) page(ctx context.Context, text string, removed bool, share int64, dir id.File, last []byte, lastNum int64) (nodes []catalogue.Node, key []byte, num int64, err error) {
	args := []any{share, dir[:], last, page}
	if removed {
		args = []any{share, dir[:], last, lastNum, page}
	}
	rows, err := v.q.rows(ctx, text, args...)
	if err != nil {
		return nil, nil, 0, err
	}
	defer rows.Close()
	nodes = make([]catalogue.Node, 0, 16)
	for rows.Next() {
		var row scanner = rows
		if removed {
			row = withNum{rows, &num}
		}
		var n catalogue.Node
		if n, key, err = v.node(row); err != nil {
			return nil, nil, 0, err
		}
		nodes = append(nodes, n)
	}
	return nodes, key, num, rows.Err()
}

const changeColumns = `c.num, c.kind, c.parent, c.at, c.account, c.session, c.device, c.sealed, c.number, c.version, c.keyver, c.epoch,
	c.size, c.modified, c.equal, c.pack, c.off, c.len`

// History implements catalogue.View.
func (v *view) History(ctx context.Context, file id.File) iter.Seq2[catalogue.Change, error] {
	return func(yield func(catalogue.Change, error) bool) {
		share, err := v.num(ctx)
		var node int64
		if err == nil {
			err = v.q.row(ctx, "SELECT num FROM node WHERE share = ? AND file = ?", share, file[:]).Scan(&node)
		}
		if errors.Is(err, sql.ErrNoRows) {
			err = catalogue.ErrNone
		}
		if err != nil {
			yield(catalogue.Change{}, err)
			return
		}
		for last := int64(1) << 62; ; {
			changes, least, err := v.changes(ctx, node, file, last)
			if err != nil {
				yield(catalogue.Change{}, err)
				return
			}
			for _, c := range changes {
				if !yield(c, nil) {
					return
				}
			}
			if len(changes) < page {
				return
			}
			last = least
		}
	}
}

func (v *view) changes(ctx context.Context, node int64, file id.File, before int64) (out []catalogue.Change, least int64, err error) {
	rows, err := v.q.rows(ctx, "SELECT "+changeColumns+" FROM change c WHERE c.node = ? AND c.num < ? ORDER BY c.num DESC LIMIT ?", node, before, page)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var c catalogue.Change
		var parent []byte
		h := headRow{}
		if err := rows.Scan(append([]any{&least, &c.Kind, &parent}, h.into()...)...); err != nil {
			return nil, 0, err
		}
		ver, d, err := h.read(v.keys, file)
		if err != nil {
			return nil, 0, err
		}
		copy(c.Parent[:], parent)
		c.When, c.Author, c.Account, c.Session, c.Name = ver.Saved, d.Author, ver.Account, ver.Session, d.Name
		if c.Kind == commit.Save || c.Kind == commit.Link {
			c.Version = ver
		}
		out = append(out, c)
	}
	return out, least, rows.Err()
}

// Version implements catalogue.View.
func (v *view) Version(ctx context.Context, version id.Version) (catalogue.Version, error) {
	share, err := v.num(ctx)
	if err != nil {
		return catalogue.Version{}, err
	}
	var b []byte
	h := headRow{}
	err = v.q.row(ctx, `SELECT n.file, c.at, c.account, c.session, c.device, c.sealed, c.number, c.version, c.keyver, c.epoch, c.size, c.modified,
		c.equal, c.pack, c.off, c.len FROM change c JOIN node n ON n.num = c.node WHERE c.version = ? AND n.share = ?`, version[:], share).
		Scan(append([]any{&b}, h.into()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return catalogue.Version{}, catalogue.ErrNone
	}
	if err != nil {
		return catalogue.Version{}, err
	}
	var file id.File
	copy(file[:], b)
	out, _, err := h.read(v.keys, file)
	return out, err
}

// Chunks implements catalogue.View.
func (v *view) Chunks(ctx context.Context, ids []id.Chunk) ([]pack.Place, error) {
	share, err := v.num(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]pack.Place, len(ids))
	for i, c := range ids { // PostgreSQL: one query with = ANY
		err := v.q.row(ctx, "SELECT pack, off, len FROM chunk WHERE share = ? AND id = ?", share, c[:]).Scan(&out[i].Pack, &out[i].Offset, &out[i].Size)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return out, nil
}

// Epoch implements catalogue.View.
func (v *view) Epoch(ctx context.Context, e id.Epoch) (enc []byte, err error) {
	share, err := v.num(ctx)
	if err != nil {
		return nil, err
	}
	err = v.q.row(ctx, "SELECT enc FROM epoch WHERE share = ? AND id = ?", share, e[:]).Scan(&enc)
	if errors.Is(err, sql.ErrNoRows) {
		err = catalogue.ErrNone
	}
	return enc, err
}

// Totals implements catalogue.View.
func (v *view) Totals(ctx context.Context) (t catalogue.Totals, err error) {
	err = v.q.row(ctx, "SELECT files, dirs, removed, versions, chunks, bytes FROM share WHERE id = ?", v.share[:]).
		Scan(&t.Files, &t.Dirs, &t.Removed, &t.Versions, &t.Chunks, &t.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return t, err
}

// Digest implements catalogue.View.
func (v *view) Digest(ctx context.Context) (sum [32]byte, err error) {
	share, err := v.num(ctx)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	for _, part := range []func(context.Context, int64, io.Writer) error{v.digestNodes, v.digestChunks} {
		if err := part(ctx, share, h); err != nil {
			return sum, err
		}
	}
	t, err := v.Totals(ctx)
	if err != nil {
		return sum, err
	}
	fmt.Fprintf(h, "%+v", t)
	return [32]byte(h.Sum(nil)), nil
}

func (v *view) digestNodes(ctx context.Context, share int64, h io.Writer) error {
	last := []byte{}
	for {
		rows, err := v.q.rows(ctx, "SELECT "+nodeColumns+nodeFrom+"WHERE n.share = ? AND n.file > ? ORDER BY n.file LIMIT ?", share, last, page)
		if err != nil {
			return err
		}
		var nodes []catalogue.Node
		for rows.Next() {
			n, key, err := v.node(rows)
			if err != nil {
				rows.Close()
				return err
			}
			fmt.Fprintf(h, "%x", key)
			nodes = append(nodes, n)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, n := range nodes {
			fmt.Fprintf(h, "%+v\n", n)
			for c, err := range v.History(ctx, n.File) {
				if err != nil {
					return err
				}
				fmt.Fprintf(h, "%+v\n", c)
			}
			last = append([]byte(nil), n.File[:]...)
		}
		if len(nodes) < page {
			return nil
		}
	}
}

func (v *view) digestChunks(ctx context.Context, share int64, h io.Writer) error {
	for _, text := range []string{"SELECT id, pack, off, len FROM chunk WHERE share = ? ORDER BY id",
		"SELECT id, length(enc), 0, 0 FROM epoch WHERE share = ? ORDER BY id"} {
		rows, err := v.q.rows(ctx, text, share)
		if err != nil {
			return err
		}
		for rows.Next() {
			var b []byte
			var x, y, z int64
			if err := rows.Scan(&b, &x, &y, &z); err != nil {
				rows.Close()
				return err
			}
			fmt.Fprintf(h, "%x %d %d %d\n", b, x, y, z)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}
