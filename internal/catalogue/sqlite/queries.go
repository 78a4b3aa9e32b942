package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// query is one of the statements, as an index into texts.
type query int

const (
	qBegin query = iota
	qCommit
	qRollback

	qShare
	qAddShare
	qSetShare
	qLastChange
	qLastNode
	qFindActor
	qAddActor
	qAddChange
	qFindNode
	qFindNodes
	qFindShown
	qAddNode
	qAddState
	qSetState
	qMoveNode
	qAddChunk
	qSetChunk
	qAddEpoch
	qForgetChange
	qForgetState
	qForgetNode
	qForgetActor
	qForgetChunk
	qSetPreview
	qForgetEpoch
	qForgetPreview
	qHold
	qSettle
	qForgetHeld
	qGoneChunk
	qMark
	qExpire
	qForgetExpired
	qForgetMark

	qNode
	qChild
	qFormer
	qListShown
	qListGone
	qListAll
	qNodeOf
	qHistory
	qHistoryAll
	qChanged
	qTouched
	qActor
	qWhen
	qDirs
	qNodes
	qStories
	qSince
	qBelow
	qVersion
	qOrigin
	qHeld
	qHeldAll
	qChunk
	qChunks
	qChunksAll
	qEpoch
	qEpochsAll
	qPreviews
	qPreviewsAll
	qAnyExpired
	qExpired
	qForsaken
	qForsakenAll
	qExpiredAll
	qMarks
	queries
)

// many is how many chunks or previews one statement looks up. A shorter list is filled up with its last one.
const many = 32

// A node with what its listing tells: where it stands (p), its head if another change made it (h), its
// properties (s), and who made the head (a). A node that was saved where it stands costs three rows.
const nodes = `SELECT n.num, n.file, n.dir, n.created, n.removed, t.modified, t.head = t.placed,
(SELECT count(*) FROM held WHERE held.node = n.num), p.body, h.body, s.body, a.num, a.body
FROM node n JOIN state t ON t.node = n.num JOIN change p ON p.num = t.placed
LEFT JOIN change h ON h.num = t.head AND t.head <> t.placed
LEFT JOIN change s ON s.num = t.propped
LEFT JOIN actor a ON a.num = CASE WHEN t.head = t.placed THEN p.actor ELSE h.actor END
WHERE n.share = ?`

const changes = `SELECT c.num, n.file, c.body, a.num, a.body FROM change c JOIN node n ON n.num = c.node JOIN actor a ON a.num = c.actor WHERE `

const held = `SELECT c.num, n.file, c.body, a.num, a.body FROM held d JOIN change c ON c.num = d.change JOIN node n ON n.num = c.node
JOIN actor a ON a.num = c.actor WHERE `

const found = `SELECT n.file, n.num, n.parent, n.lookup, n.dir, n.removed, t.modified, t.versions, t.size, t.placed, t.head, t.propped
FROM node n JOIN state t ON t.node = n.num WHERE n.share = ? AND n.file `

// forsaken is said of a row e of expired: nothing else has its key.
const forsaken = `NOT EXISTS (SELECT 1 FROM change c WHERE c.share = e.share AND c.version = e.key AND NOT EXISTS
(SELECT 1 FROM expired x WHERE x.share = e.share AND x.version = c.version))
AND NOT EXISTS (SELECT 1 FROM change c WHERE c.share = e.share AND c.origin = e.key AND (c.version IS NULL OR NOT EXISTS
(SELECT 1 FROM expired x WHERE x.share = e.share AND x.version = c.version)))`

const preview = "shows, version, epoch, length, pack, off, size FROM preview WHERE share = ?"

// atOnce is how many rows one statement forgets: SQLite notes them in memory before it removes the first.
const atOnce = "8192"

// some of the nodes of a share, the same each time until they are removed.
const some = "SELECT num FROM node WHERE share = ? ORDER BY file LIMIT " + atOnce

// listed is a list of numbers of any length, given as one JSON array. PostgreSQL: = ANY(?).
const listed = "(SELECT value FROM json_each(?))"

// texts are the statements. PostgreSQL wants $1 for ?, and = ANY($2) instead of the lists.
var texts = [queries]string{
	qBegin:    "BEGIN IMMEDIATE", // PostgreSQL: BEGIN, and a lock that only the one writer takes
	qCommit:   "COMMIT",
	qRollback: "ROLLBACK",

	qShare: "SELECT num, pack, off, files, dirs, removed, versions, chunks, bytes FROM share WHERE id = ?",
	qAddShare: `INSERT INTO share (num, id, pack, off, files, dirs, removed, versions, chunks, bytes)
SELECT coalesce(max(num), 0) + 1, ?, 0, 0, 0, 0, 0, 0, 0, 0 FROM share`,
	qSetShare: "UPDATE share SET pack = ?, off = ?, files = ?, dirs = ?, removed = ?, versions = ?, chunks = ?, bytes = ? WHERE num = ?",
	// A number that a mark tells of is not given again, though nothing has it yet, or has it any more: what came later would count as older.
	// PostgreSQL: greatest.
	qLastChange: "SELECT max(coalesce((SELECT max(num) FROM change), 0), coalesce((SELECT max(change) - 1 FROM mark), 0))",
	qLastNode:   "SELECT coalesce(max(num), 0) FROM node",
	qFindActor:  "SELECT num FROM actor WHERE share = ? AND tag = ?",
	qAddActor: `INSERT INTO actor (num, share, tag, body)
SELECT coalesce(max(num), 0) + 1, ?, ?, ? FROM actor`,
	qAddChange: `INSERT INTO change (num, share, node, actor, version, origin, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (share, version) WHERE version IS NOT NULL DO NOTHING`,
	qFindNode:  found + "= ?",
	qFindNodes: found + "IN (SELECT unhex(value) FROM json_each(?))",
	qFindShown: "SELECT file FROM node WHERE share = ? AND parent = ? AND lookup = ? AND removed IS NULL",
	qAddNode: `INSERT INTO node (num, share, file, parent, lookup, dir, created, removed) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)
ON CONFLICT (share, parent, lookup) WHERE removed IS NULL DO NOTHING`,
	qAddState: "INSERT INTO state (node, modified, versions, size, placed, head, propped) VALUES (?, ?, ?, ?, ?, ?, NULL)",
	qSetState: "UPDATE state SET modified = ?, versions = ?, size = ?, placed = ?, head = ?, propped = ? WHERE node = ?",
	qMoveNode: `UPDATE node SET parent = ?1, lookup = ?2, dir = ?3, removed = ?4 WHERE num = ?5 AND (?4 IS NOT NULL OR NOT EXISTS
(SELECT 1 FROM node o WHERE o.share = ?6 AND o.parent = ?1 AND o.lookup = ?2 AND o.removed IS NULL AND o.num <> ?5))`,
	qAddChunk:     "INSERT INTO chunk (share, id, pack, off, size) VALUES (?, ?, ?, ?, ?) ON CONFLICT (share, id) DO NOTHING",
	qSetChunk:     "UPDATE chunk SET pack = ?, off = ?, size = ? WHERE share = ? AND id = ?",
	qAddEpoch:     "INSERT INTO epoch (share, id, enc) VALUES (?, ?, ?) ON CONFLICT (share, id) DO NOTHING",
	qForgetChange: "DELETE FROM change WHERE num IN (SELECT num FROM change WHERE share = ? LIMIT " + atOnce + ")",
	qForgetState:  "DELETE FROM state WHERE node IN (" + some + ")",
	qForgetNode:   "DELETE FROM node WHERE num IN (" + some + ")",
	qForgetActor:  "DELETE FROM actor WHERE share = ?",
	qForgetChunk:  "DELETE FROM chunk WHERE share = ?1 AND id IN (SELECT id FROM chunk WHERE share = ?1 LIMIT " + atOnce + ")",
	qForgetEpoch:  "DELETE FROM epoch WHERE share = ?",
	qSetPreview: `INSERT INTO preview (share, shows, version, epoch, length, pack, off, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (share, shows) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, length = excluded.length,
pack = excluded.pack, off = excluded.off, size = excluded.size`,
	qForgetPreview: "DELETE FROM preview WHERE share = ?1 AND shows IN (SELECT shows FROM preview WHERE share = ?1 LIMIT " + atOnce + ")",
	qHold:          "INSERT INTO held (share, version, node, change) VALUES (?, ?, ?, ?) ON CONFLICT (share, version) DO NOTHING",
	qSettle:        "DELETE FROM held WHERE share = ? AND version = ? AND node = ?",
	qForgetHeld:    "DELETE FROM held WHERE share = ?",
	qGoneChunk:     "DELETE FROM chunk WHERE share = ?1 AND id = ?2 AND (pack < ?3 OR pack = ?3 AND off < ?4)",
	qMark:          "INSERT INTO mark (share, pack, change) VALUES (?, ?, ?) ON CONFLICT (share, pack) DO NOTHING",
	qExpire: `INSERT INTO expired (share, version, key) SELECT share, version, coalesce(origin, version) FROM change
WHERE share = ? AND version = ? ON CONFLICT (share, version) DO NOTHING`,
	qForgetExpired: "DELETE FROM expired WHERE share = ?1 AND version IN (SELECT version FROM expired WHERE share = ?1 LIMIT " + atOnce + ")",
	qForgetMark:    "DELETE FROM mark WHERE share = ?",

	qNode:      nodes + " AND n.file = ?",
	qChild:     nodes + " AND n.parent = ? AND n.lookup = ? AND n.removed IS NULL",
	qFormer:    nodes + " AND n.parent = ? AND n.lookup = ? AND n.removed IS NOT NULL ORDER BY n.removed DESC, n.num DESC",
	qListShown: nodes + " AND n.parent = ? AND n.removed IS NULL AND n.num > ? ORDER BY n.num LIMIT ?",
	qListGone:  nodes + " AND n.parent = ? AND n.removed IS NOT NULL AND n.num > ? ORDER BY n.num LIMIT ?",
	qListAll:   nodes + " ORDER BY n.file",

	qNodeOf:     "SELECT num FROM node WHERE share = ? AND file = ?",
	qHistory:    changes + "c.node = ? AND c.num < ? ORDER BY c.num DESC LIMIT ?",
	qHistoryAll: changes + "n.share = ? ORDER BY n.file, c.num",
	// It passes over what other shares wrote meanwhile; an index on (share, num) would spare it that, at the price of one more
	// page in each save.
	qChanged: changes + "c.share = ? AND c.num < ? ORDER BY c.num DESC LIMIT ?",
	// It reads the front of each row alone. Who acted is looked up once, and the time of few.
	qTouched: "SELECT num, node, actor FROM change WHERE share = ? AND num < ? ORDER BY num DESC LIMIT ?",
	qActor:   "SELECT body FROM actor WHERE num = ?",
	qWhen:    changes + "c.num = ?",
	qDirs:    "SELECT num FROM node WHERE num IN " + listed + " AND dir = 1",
	qNodes:   "SELECT num, dir FROM node WHERE share = ?",
	qStories: `SELECT n.num, n.file, n.dir, n.created, n.removed, t.modified,
(SELECT count(*) FROM held WHERE held.node = n.num), c.num, c.body, a.num, a.body
FROM node n JOIN state t ON t.node = n.num JOIN change c ON c.node = n.num JOIN actor a ON a.num = c.actor
WHERE n.num IN ` + listed + ` AND n.share = ? ORDER BY n.num, c.num DESC`,
	// The sum is asked for in halves: SQLite fails where a sum is no number any more.
	qBelow: `WITH RECURSIVE dir(file) AS (SELECT ?1 UNION SELECT n.file FROM dir JOIN node n ON n.share = ?2 AND n.parent = dir.file
WHERE n.removed IS NULL AND n.dir = 1)
SELECT count(*), coalesce(sum(t.size >> 32), 0), coalesce(sum(t.size & 4294967295), 0), count(t.head)
FROM dir JOIN node n ON n.share = ?2 AND n.parent = dir.file JOIN state t ON t.node = n.num
WHERE n.removed IS NULL AND n.dir = 0`,
	qSince:   "SELECT c.num, n.file FROM change c JOIN node n ON n.num = c.node WHERE c.share = ? AND c.num > ? ORDER BY c.num LIMIT ?",
	qVersion: changes + "c.share = ? AND c.version = ?",
	qHeld:    held + "d.node = ? ORDER BY d.change",
	qHeldAll: held + "d.share = ? AND d.change > ? ORDER BY d.change LIMIT ?",
	qOrigin:  changes + "c.share = ? AND c.origin = ? ORDER BY c.num LIMIT 1",

	qChunk: "SELECT pack, off, size FROM chunk WHERE share = ? AND id = ?",
	qChunks: "SELECT id, pack, off, size FROM chunk WHERE share = ? AND id IN " +
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	qChunksAll: "SELECT id, pack, off, size FROM chunk WHERE share = ? ORDER BY id",
	qEpoch:     "SELECT enc FROM epoch WHERE share = ? AND id = ?",
	qEpochsAll: "SELECT id, enc FROM epoch WHERE share = ? ORDER BY id",
	qPreviews: "SELECT " + preview + " AND shows IN " +
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	qPreviewsAll: "SELECT " + preview + " AND NOT EXISTS (SELECT 1 FROM expired e WHERE e.share = preview.share AND e.key = preview.shows AND " + forsaken +
		") ORDER BY shows",

	qAnyExpired:  "SELECT 1 FROM expired WHERE share = ? LIMIT 1",
	qExpired:     "SELECT 1 FROM expired WHERE share = ? AND version = ?",
	qForsaken:    "SELECT 1 FROM expired e WHERE e.share = ? AND e.key = ? AND " + forsaken + " LIMIT 1",
	qForsakenAll: "SELECT DISTINCT e.key FROM expired e WHERE e.share = ? AND " + forsaken,
	qExpiredAll:  "SELECT version FROM expired WHERE share = ?",
	qMarks:       "SELECT pack, change FROM mark WHERE share = ? ORDER BY pack",
}

// statements are the prepared statements of a connection or of a pool.
type statements [queries]*sql.Stmt

type preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

// prepare prepares all statements, which also shows that the file has the tables they need.
func prepare(ctx context.Context, on preparer) (*statements, error) {
	s := new(statements)
	for q, text := range texts {
		st, err := on.PrepareContext(ctx, text)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("statement %d: %w", q, err)
		}
		s[q] = st
	}
	return s, nil
}

func (s *statements) close() {
	for _, st := range s {
		if st != nil {
			st.Close() // nothing was written through it that its transaction has not reported
		}
	}
}

// None of these can be interrupted: each does little, and an interrupted statement would end the
// transaction around it. Callers look at their contexts between them.

// exec runs a statement and returns how many rows it wrote.
func (s *statements) exec(q query, args ...any) (int64, error) {
	r, err := s[q].Exec(args...)
	if err != nil {
		return 0, translate(err)
	}
	n, err := r.RowsAffected()
	return n, translate(err)
}

// rows yields the rows of a query to scan, which may keep no sql.RawBytes beyond its return.
func (s *statements) rows(q query, scan func(*sql.Rows) error, args ...any) error {
	rows, err := s[q].Query(args...)
	return each(rows, err, scan)
}

func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// row scans the only row of a query, or returns false if there is none.
func (s *statements) row(q query, args []any, into ...any) (bool, error) {
	err := s[q].QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, translate(err)
}
