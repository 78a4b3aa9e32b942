package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"math"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// qChanged goes back in the order of the packs. It passes over what other shares wrote meanwhile; an index on
// (share, num) would spare it that, at the price of one more page in each save.
const qChanged = changes + "c.share = ? AND c.num < ? ORDER BY c.num DESC LIMIT ?"

// Changed yields the files that have changed since a time, latest change first, each as often as it has changed. It
// ends at the latest change that was made at that time or before: where a clock was set back, the order counts. No
// lock or transaction is held between steps; what changes meanwhile may or may not be seen.
func (v *view) Changed(ctx context.Context, since time.Time) iter.Seq2[id.File, error] {
	type changed struct {
		file id.File
		when time.Time
	}
	return func(yield func(id.File, error) bool) {
		var on runner
		share, err := v.enter(ctx)
		if v.tx != nil {
			on, ctx = v.tx.d.conn, context.WithoutCancel(ctx) // interrupted, it would end the transaction
		} else {
			on = v.db.read
		}
		row := &changeRow{keys: v.keys, num: math.MaxInt64}
		var list []changed
		for limit := firstPage; err == nil; limit = page {
			list = list[:0]
			rows, e := on.QueryContext(ctx, qChanged, share, row.num, limit)
			err = each(rows, e, func(rows *sql.Rows) error {
				c, err := row.scan(rows)
				if err == nil {
					list = append(list, changed{id.File(row.file), c.When})
				}
				return err
			})
			for _, c := range list {
				if !c.when.After(since) || !yield(c.file, nil) {
					return
				}
			}
			if err == nil && len(list) < limit {
				return
			}
		}
		yield(id.File{}, err)
	}
}
