package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

// TestForgetSome: no statement notes more rows than some thousand before it removes them, all that a share has goes, and nothing of another.
func TestForgetSome(t *testing.T) {
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	share, other := id.NewShare(), id.NewShare()
	const numbers = "WITH RECURSIVE n(num, share) AS (SELECT 1, 2 UNION ALL SELECT num + 1, 1 FROM n WHERE num < 10001) "
	tables := map[string]query{
		"INSERT INTO change (num, share, node, actor, version, origin, body) SELECT num, share, num, 1, NULL, NULL, x'00' FROM n":                                      qForgetChange,
		"INSERT INTO state (node, modified, versions, size, placed, head, propped) SELECT num, NULL, 1, 1, num, num, NULL FROM n":                                      qForgetState,
		"INSERT INTO node (num, share, file, parent, lookup, dir, created, removed) SELECT num, share, CAST(num AS BLOB), x'00', CAST(num AS BLOB), 0, 0, NULL FROM n": qForgetNode,
		"INSERT INTO chunk (share, id, pack, off, size) SELECT share, CAST(num AS BLOB), 1, num, 1 FROM n":                                                             qForgetChunk,
		"INSERT INTO preview (share, shows, version, epoch, length, pack, off, size) SELECT share, CAST(num AS BLOB), x'00', x'00', 1, 1, num, 1 FROM n":               qForgetPreview,
		"INSERT INTO expired (share, version, key) SELECT share, CAST(num AS BLOB), CAST(num AS BLOB) FROM n":                                                          qForgetExpired,
	}
	tx, err := d.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	run := func(text string, args ...any) {
		t.Helper()
		if _, err := d.conn.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	run("INSERT INTO share VALUES (1, ?, 1, 1, 0, 0, 0, 0, 0, 0), (2, ?, 1, 1, 0, 0, 0, 0, 0, 0)", share[:], other[:])
	for text := range tables {
		run(numbers + text)
	}
	for text, q := range tables {
		run("SAVEPOINT once")
		if n, err := d.writing.exec(q, 1); err != nil || n != 8192 {
			t.Errorf("%s: one statement forgets %d rows, %v", text, n, err)
		}
		run("ROLLBACK TO once")
	}
	for _, want := range []bool{false, true} {
		if all, err := tx.ForgetSome(t.Context(), share); err != nil || all != want {
			t.Fatalf("that was all: %v, %v, want %v", all, err, want)
		}
	}
	for _, table := range []string{"change", "state", "node", "chunk", "preview", "expired"} {
		var left int
		if err := d.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&left); err != nil || left != 1 {
			t.Errorf("%s has %d rows, want that of the other share: %v", table, left, err)
		}
	}
}
