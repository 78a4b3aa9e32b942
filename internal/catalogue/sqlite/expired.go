package sqlite

import (
	"context"
	"database/sql"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
)

// Expired implements catalogue.View.
func (v *view) Expired(ctx context.Context, versions []id.Version) ([]bool, error) {
	return v.each(ctx, qExpired, versions)
}

// Forsaken implements catalogue.View.
func (v *view) Forsaken(ctx context.Context, keys []id.Version) ([]bool, error) {
	return v.each(ctx, qForsaken, keys)
}

// each asks of each version whether there is a row. Where nothing was ever removed, which is almost everywhere, it asks once.
func (v *view) each(ctx context.Context, q query, versions []id.Version) ([]bool, error) {
	out := make([]bool, len(versions))
	share, err := v.enter(ctx)
	if err != nil || len(versions) == 0 {
		return out, err
	}
	var one int
	some, err := v.on.row(qAnyExpired, []any{share}, &one)
	for i := range versions {
		if !some || err != nil {
			break
		}
		if err = ctx.Err(); err == nil {
			out[i], err = v.on.row(q, []any{share, versions[i][:]}, &one)
		}
	}
	return out, err
}

// AllForsaken implements catalogue.View.
func (v *view) AllForsaken(ctx context.Context) ([]id.Version, error) {
	return v.ids(ctx, qForsakenAll)
}

func (v *view) ids(ctx context.Context, q query) (out []id.Version, err error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	err = v.on.rows(q, func(rows *sql.Rows) error {
		var b sql.RawBytes
		err := rows.Scan(&b)
		if err == nil && len(b) != id.Size {
			err = errBody
		}
		if err == nil {
			out = append(out, id.Version(b))
		}
		return err
	}, share)
	return out, err
}

// Marks implements catalogue.View.
func (v *view) Marks(ctx context.Context) (out []catalogue.Mark, err error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	err = v.on.rows(qMarks, func(rows *sql.Rows) error {
		var m catalogue.Mark
		err := rows.Scan(&m.Pack, &m.Change)
		out = append(out, m)
		return err
	}, share)
	return out, err
}
