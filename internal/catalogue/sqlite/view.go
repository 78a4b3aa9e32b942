package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"math"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
)

// Listings read this many rows at once: few first, for an answer at once, then many.
const (
	firstPage = 64
	page      = 1000
)

// view reads a share, committed (db) or inside a transaction (tx).
type view struct {
	share id.Share
	keys  *seal.Metadata
	on    *statements
	num   func(id.Share) (int64, error) // of the share
	db    *DB
	tx    *tx
}

// enter looks whether the caller still waits, and returns the share's number.
func (v *view) enter(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return v.num(v.share)
}

// nodes runs a query of nodes to its end and appends them to out. The first argument of all of them is the share.
func (v *view) nodes(ctx context.Context, out []catalogue.Node, row *nodeRow, q query, args ...any) ([]catalogue.Node, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	row.keys = v.keys
	err = v.on.rows(q, func(rows *sql.Rows) error {
		n, err := row.scan(rows)
		out = append(out, n)
		return err
	}, append([]any{share}, args...)...)
	return out, err
}

func (v *view) node(ctx context.Context, q query, args ...any) (catalogue.Node, error) {
	found, err := v.nodes(ctx, nil, &nodeRow{}, q, args...)
	if err != nil {
		return catalogue.Node{}, err
	}
	if len(found) == 0 {
		return catalogue.Node{}, catalogue.ErrNone
	}
	return found[0], nil
}

// Node implements catalogue.View.
func (v *view) Node(ctx context.Context, file id.File) (catalogue.Node, error) {
	return v.node(ctx, qNode, file[:])
}

// Child implements catalogue.View.
func (v *view) Child(ctx context.Context, dir id.File, name string) (catalogue.Node, error) {
	key := v.keys.Lookup(dir, pathname.Key(name))
	return v.node(ctx, qChild, dir[:], key[:])
}

// Former implements catalogue.View.
func (v *view) Former(ctx context.Context, dir id.File, name string) ([]catalogue.Node, error) {
	key := v.keys.Lookup(dir, pathname.Key(name))
	return v.nodes(ctx, nil, &nodeRow{}, qFormer, dir[:], key[:])
}

// List implements catalogue.View.
func (v *view) List(ctx context.Context, dir id.File, removed bool) iter.Seq2[catalogue.Node, error] {
	q := qListShown
	if removed {
		q = qListGone
	}
	return func(yield func(catalogue.Node, error) bool) {
		row := &nodeRow{}
		var list []catalogue.Node
		for limit := firstPage; ; limit = page {
			var err error
			if list, err = v.nodes(ctx, list[:0], row, q, dir[:], row.num, limit); err != nil {
				yield(catalogue.Node{}, err)
				return
			}
			for i := range list {
				if !yield(list[i], nil) {
					return
				}
			}
			if len(list) < limit {
				return
			}
		}
	}
}

// History implements catalogue.View. A file that is not there has no history: ErrNone.
func (v *view) History(ctx context.Context, file id.File) iter.Seq2[catalogue.Change, error] {
	return func(yield func(catalogue.Change, error) bool) {
		var node int64
		share, err := v.enter(ctx)
		if err == nil {
			var found bool
			if found, err = v.on.row(qNodeOf, []any{share, file[:]}, &node); err == nil && !found {
				err = catalogue.ErrNone
			}
		}
		row := &changeRow{keys: v.keys, num: math.MaxInt64}
		var list []catalogue.Change
		for limit := firstPage; err == nil; limit = page {
			if list, err = v.changes(ctx, list[:0], row, qHistory, node, row.num, limit); err != nil {
				break
			}
			for i := range list {
				if !yield(list[i], nil) {
					return
				}
			}
			if len(list) < limit {
				return
			}
		}
		yield(catalogue.Change{}, err)
	}
}

// Held implements catalogue.View.
func (v *view) Held(ctx context.Context, file id.File) iter.Seq2[catalogue.Held, error] {
	return func(yield func(catalogue.Held, error) bool) {
		share, err := v.enter(ctx)
		if err != nil {
			yield(catalogue.Held{}, err)
			return
		}
		row := &changeRow{keys: v.keys}
		for more := true; more; {
			var list []catalogue.Held
			add := func(rows *sql.Rows) error {
				c, err := row.scan(rows)
				list = append(list, catalogue.Held{File: id.File(row.file), Change: c})
				return err
			}
			if file.IsZero() {
				err = v.on.rows(qHeldAll, add, share, row.num, page)
				more = len(list) == page
			} else {
				var node int64
				if _, err = v.on.row(qNodeOf, []any{share, file[:]}, &node); err == nil {
					err = v.on.rows(qHeld, add, node)
				}
				more = false
			}
			if err != nil {
				yield(catalogue.Held{}, err)
				return
			}
			for i := range list {
				if !yield(list[i], nil) {
					return
				}
			}
		}
	}
}

// Changed implements catalogue.View.
func (v *view) Changed(ctx context.Context, since time.Time) iter.Seq2[catalogue.Changed, error] {
	return func(yield func(catalogue.Changed, error) bool) {
		share, err := v.enter(ctx)
		row := &changeRow{keys: v.keys, num: math.MaxInt64}
		var list []catalogue.Changed
		for limit := firstPage; err == nil; limit = page {
			if err = ctx.Err(); err != nil {
				break
			}
			list = list[:0]
			if err = v.on.rows(qChanged, func(rows *sql.Rows) error {
				c, err := row.scan(rows)
				if err == nil {
					list = append(list, catalogue.Changed{File: id.File(row.file), Change: c})
				}
				return err
			}, share, row.num, limit); err != nil {
				break
			}
			for _, c := range list {
				if !c.When.After(since) || !yield(c, nil) {
					return
				}
			}
			if len(list) < limit {
				return
			}
		}
		yield(catalogue.Changed{}, err)
	}
}

// changes runs a query of changes to its end and appends them to out.
func (v *view) changes(ctx context.Context, out []catalogue.Change, row *changeRow, q query, args ...any) ([]catalogue.Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err := v.on.rows(q, func(rows *sql.Rows) error {
		c, err := row.scan(rows)
		out = append(out, c)
		return err
	}, args...)
	return out, err
}

// Version implements catalogue.View.
func (v *view) Version(ctx context.Context, version id.Version) (catalogue.Version, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return catalogue.Version{}, err
	}
	found, err := v.changes(ctx, nil, &changeRow{keys: v.keys}, qVersion, share, version[:])
	if err != nil {
		return catalogue.Version{}, err
	}
	if len(found) == 0 {
		return catalogue.Version{}, catalogue.ErrNone
	}
	return found[0].Version, nil
}

// Chunks implements catalogue.View.
func (v *view) Chunks(ctx context.Context, ids []id.Chunk) ([]pack.Place, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	places := make([]pack.Place, len(ids))
	if len(ids) == 1 { // most often: one chunk was cut, is it there?
		_, err := v.on.row(qChunk, []any{share, ids[0][:]}, &places[0].Pack, &places[0].Offset, &places[0].Size)
		return places, err
	}
	at := make(map[id.Chunk]pack.Place, min(len(ids), many))
	for start := 0; start < len(ids); start += many {
		part := ids[start:min(start+many, len(ids))]
		err := v.some(ctx, qChunks, share, len(part), func(i int) []byte { return part[i][:] }, func(rows *sql.Rows) error {
			c, err := scanChunk(rows)
			at[c.ID] = c.Place
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, c := range part {
			places[start+i] = at[c]
		}
		clear(at)
	}
	return places, nil
}

// some runs a query for at most many ids at once.
func (v *view) some(ctx context.Context, q query, share int64, n int, id func(i int) []byte, scan func(*sql.Rows) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	args := make([]any, 1+many)
	args[0] = share
	for i := range many {
		args[1+i] = id(min(i, n-1))
	}
	return v.on.rows(q, scan, args...)
}

func scanChunk(rows *sql.Rows) (c catalogue.Located[id.Chunk], err error) {
	var b sql.RawBytes
	if err := rows.Scan(&b, &c.Place.Pack, &c.Place.Offset, &c.Place.Size); err != nil {
		return c, err
	}
	if copy(c.ID[:], b) != len(c.ID) {
		return c, errBody
	}
	return c, nil
}

// Previews implements catalogue.View.
func (v *view) Previews(ctx context.Context, shows []id.Version) ([]catalogue.Preview, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]catalogue.Preview, len(shows))
	at := make(map[id.Version]catalogue.Preview, min(len(shows), many))
	for start := 0; start < len(shows); start += many {
		part := shows[start:min(start+many, len(shows))]
		err := v.some(ctx, qPreviews, share, len(part), func(i int) []byte { return part[i][:] }, func(rows *sql.Rows) error {
			p, err := scanPreview(rows)
			at[p.Shows] = p
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, s := range part {
			out[start+i] = at[s]
		}
		clear(at)
	}
	return out, nil
}

func scanPreview(rows *sql.Rows) (p catalogue.Preview, err error) {
	var shows, version, epoch sql.RawBytes
	if err := rows.Scan(&shows, &version, &epoch, &p.Size, &p.Manifest.Pack, &p.Manifest.Offset, &p.Manifest.Size); err != nil {
		return p, err
	}
	if copy(p.Shows[:], shows) != id.Size || copy(p.Version[:], version) != id.Size || copy(p.Epoch[:], epoch) != id.Size {
		return p, errBody
	}
	return p, nil
}

// Epoch implements catalogue.View.
func (v *view) Epoch(ctx context.Context, e id.Epoch) (enc []byte, err error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	found, err := v.on.row(qEpoch, []any{share, e[:]}, &enc)
	if err == nil && !found {
		err = catalogue.ErrNone
	}
	return enc, err
}

// Totals implements catalogue.View.
func (v *view) Totals(ctx context.Context) (catalogue.Totals, error) {
	if _, err := v.enter(ctx); err != nil {
		return catalogue.Totals{}, err
	}
	if v.tx != nil {
		b, err := v.tx.book(v.share)
		return b.totals.Bounded(), err
	}
	b, err := readBook(v.on, v.share)
	return b.totals.Bounded(), err
}
