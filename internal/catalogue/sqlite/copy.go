package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Copied tells what of a share a copy has.
type Copied struct {
	At   pack.Position // what of its packs is in it
	Rows int64         // of nodes and changes
}

// Size tells how much the catalogue has of a share, and how far its packs are in it.
func (d *DB) Size(ctx context.Context, share id.Share) (Copied, error) {
	if err := ctx.Err(); err != nil {
		return Copied{}, err
	}
	b, err := readBook(d.reading, share)
	t := b.totals
	return Copied{b.applied, t.Files + t.Dirs + t.Removed + t.Versions}, translate(err)
}

// copyCache is little: rows are copied in order and read once. It also bounds what an index is sorted with, which takes up to twice as much.
const copyCache = 8 << 20

// Copy writes what the catalogue has of one share, as it is at one moment, into a file of its own that Open opens. There must be no file of that name.
// It counts nodes and changes from 1 on, whatever they were here; see OpenBeyond.
func (d *DB) Copy(ctx context.Context, share id.Share, path string) (out Copied, err error) {
	to, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(OFF)", "synchronous(OFF)",
		pragma("cache_size", -copyCache>>10)}}.Encode())
	if err != nil {
		return out, err
	}
	defer to.Close()
	to.SetMaxOpenConns(1)
	if _, err := to.ExecContext(ctx, "ATTACH DATABASE ? AS old", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?mode=ro"); err != nil {
		return out, translate(err)
	}
	tx, err := to.BeginTx(ctx, nil)
	if err != nil {
		return out, translate(err)
	}
	defer tx.Rollback()
	tables, indexes := statementsOf(schema)
	for _, text := range tables {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return out, translate(err)
		}
	}
	if out, err = copyRows(ctx, tx, share); err != nil {
		return out, translate(err)
	}
	for _, text := range append(indexes, shareIndex, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)) { // after the rows: so they are built in order
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return out, translate(err)
		}
	}
	return out, translate(tx.Commit())
}

// statementsOf takes the schema apart.
func statementsOf(schema string) (tables, indexes []string) {
	for _, text := range strings.Split(schema, ";\n") {
		switch {
		case strings.Contains(text, "CREATE TABLE"):
			tables = append(tables, text)
		case strings.Contains(text, " INDEX "):
			indexes = append(indexes, text)
		}
	}
	return tables, indexes
}

// copies are the statements that copy the rows of a share, ?1; its number there becomes 1, and what is counted there from ?2 (changes) and ?3 (nodes)
// is counted from 1.
var copies = []string{
	"INSERT INTO actor (num, share, tag, body) SELECT num, 1, tag, body FROM old.actor WHERE share = ?1 AND ?2 + ?3 IS NOT NULL ORDER BY num",
	`INSERT INTO node (num, share, file, parent, lookup, dir, created, removed)
SELECT num - ?3, 1, file, parent, lookup, dir, created, removed FROM old.node NOT INDEXED WHERE share = ?1 AND num > ?3 AND ?2 IS NOT NULL ORDER BY num`,
	`INSERT INTO state (node, modified, versions, size, placed, head, propped)
SELECT n.num, t.modified, t.versions, t.size, t.placed - ?2, t.head - ?2, t.propped - ?2
FROM node n CROSS JOIN old.state t ON t.node = n.num + ?3 WHERE ?1 IS NOT NULL ORDER BY n.num`,
	`INSERT INTO change (num, share, node, actor, version, origin, body)
SELECT num - ?2, 1, node - ?3, actor, version, origin, body FROM old.change WHERE share = ?1 ORDER BY num`,
	"INSERT INTO chunk (share, id, pack, off, size) SELECT 1, id, pack, off, size FROM old.chunk WHERE share = ?1 AND ?2 + ?3 IS NOT NULL ORDER BY id",
	"INSERT INTO epoch (share, id, enc) SELECT 1, id, enc FROM old.epoch WHERE share = ?1 AND ?2 + ?3 IS NOT NULL ORDER BY id",
	`INSERT INTO preview (share, shows, version, epoch, length, pack, off, size)
SELECT 1, shows, version, epoch, length, pack, off, size FROM old.preview WHERE share = ?1 AND ?2 + ?3 IS NOT NULL ORDER BY shows`,
	"INSERT INTO held (share, version, node, change) SELECT 1, version, node - ?3, change - ?2 FROM old.held WHERE share = ?1 ORDER BY change",
}

func copyRows(ctx context.Context, tx *sql.Tx, share id.Share) (out Copied, err error) {
	var num, change, node int64
	if err := tx.QueryRowContext(ctx, "SELECT num, pack, off, files + dirs + removed + versions FROM old.share WHERE id = ?", share[:]).
		Scan(&num, &out.At.Pack, &out.At.Offset, &out.Rows); err != nil {
		return out, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(num), 1) - 1 FROM old.change WHERE share = ?", num).Scan(&change); err != nil {
		return out, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(num), 1) - 1 FROM old.node WHERE share = ?", num).Scan(&node); err != nil {
		return out, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO share SELECT 1, id, pack, off, files, dirs, removed, versions, chunks, bytes FROM old.share WHERE num = ?`, num); err != nil {
		return out, err
	}
	for _, text := range copies {
		if _, err := tx.ExecContext(ctx, text, num, change, node); err != nil {
			return out, err
		}
	}
	return out, nil
}
