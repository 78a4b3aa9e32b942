//go:build !race && linux

package sqlite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

// TestCopyMemory: a copy holds its cache, however large the books are. SQLite keeps its memory beside Go's, so that the system is asked.
func TestCopyMemory(t *testing.T) {
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	share := id.NewShare()
	if _, err := d.conn.ExecContext(t.Context(), "INSERT INTO share VALUES (1, ?, 0, 0, 0, 0, 0, 0, 0, 0)", share[:]); err != nil {
		t.Fatal(err)
	}
	if _, err := d.conn.ExecContext(t.Context(), `WITH RECURSIVE n(num) AS (SELECT 1 UNION ALL SELECT num + 1 FROM n WHERE num < 10000)
INSERT INTO change (num, share, node, actor, version, origin, body) SELECT num, 1, num, 1, NULL, NULL, zeroblob(4000) FROM n`); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil { // the peak begins at what is there now
		t.Fatal(err)
	}
	before := resident(t, "VmRSS")
	if _, err := d.Copy(t.Context(), share, filepath.Join(t.TempDir(), "copy.db")); err != nil {
		t.Fatal(err)
	}
	if most := resident(t, "VmHWM") - before; most > 3*copyCache {
		t.Errorf("a copy of 40 MB takes %d MiB, want at most %d", most>>20, 3*copyCache>>20)
	}
}

// resident tells a number of bytes of this process.
func resident(t *testing.T, what string) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if kb, ok := bytes.CutPrefix(line, []byte(what+":")); ok {
			if _, err := fmt.Sscan(string(kb), &n); err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("the system tells no %s", what)
	return 0
}
