package sqlite

import (
	"context"
	"database/sql"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
)

// runner is a connection or a read transaction.
type runner interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// Digest implements catalogue.View. Outside a transaction it reads one state of the books, whatever is
// committed meanwhile; the log cannot shrink until it is done.
func (v *view) Digest(ctx context.Context) (sum [32]byte, err error) {
	share, err := v.enter(ctx)
	if err != nil {
		return sum, err
	}
	if v.tx != nil {
		return v.digest(context.WithoutCancel(ctx), v.tx.d.conn, share) // interrupted, it would end the transaction
	}
	snapshot, err := v.db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return sum, translate(err)
	}
	defer snapshot.Rollback()
	return v.digest(ctx, snapshot, share)
}

func (v *view) digest(ctx context.Context, on runner, share int64) (sum [32]byte, err error) {
	h := catalogue.NewHasher()
	node, change := &nodeRow{keys: v.keys}, &changeRow{keys: v.keys}
	for _, part := range []struct {
		q    query
		args []any
		scan func(*sql.Rows) error
	}{
		{qExpiredAll, []any{share}, func(rows *sql.Rows) error {
			var b sql.RawBytes
			err := rows.Scan(&b)
			if err == nil && len(b) == id.Size {
				h.Expired(id.Version(b))
			}
			return err
		}},
		{qListAll, []any{share}, func(rows *sql.Rows) error {
			n, err := node.scan(rows)
			h.Node(n)
			return err
		}},
		{qHistoryAll, []any{share}, func(rows *sql.Rows) error {
			c, err := change.scan(rows)
			if err == nil {
				h.Change(id.File(change.file), c)
			}
			return err
		}},
		{qChunksAll, []any{share}, func(rows *sql.Rows) error {
			c, err := scanChunk(rows)
			h.Chunk(c)
			return err
		}},
		{qEpochsAll, []any{share}, func(rows *sql.Rows) error {
			var e catalogue.Encapsulation
			var b sql.RawBytes
			err := rows.Scan(&b, &e.Enc)
			copy(e.ID[:], b)
			h.Epoch(e)
			return err
		}},
		{qPreviewsAll, []any{share}, func(rows *sql.Rows) error {
			p, err := scanPreview(rows)
			h.Preview(p)
			return err
		}},
	} {
		rows, err := on.QueryContext(ctx, texts[part.q], part.args...)
		if err := each(rows, err, part.scan); err != nil {
			return sum, err
		}
	}
	return h.Sum(), nil
}
