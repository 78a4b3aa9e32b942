// Package sqlite keeps the catalogue in one SQLite file, through database/sql and a driver without cgo.
//
// The SQL is plain enough for PostgreSQL: integers and byte strings, ON CONFLICT, partial indexes, no
// reliance on type affinity. What would change there is marked.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"

	_ "modernc.org/sqlite" // the driver registers itself
)

//go:embed schema.sql
var schema string

// schemaVersion is in PRAGMA user_version. A file of another version is not migrated: the packs are the
// truth, so it is removed and rebuilt.
const schemaVersion = 1

// ErrUnusable means that the file is damaged or of another version. Remove it with Reset; the packs are
// read anew at the next use of each share.
var ErrUnusable = errors.New("the catalogue file cannot be used: it must be rebuilt from the packs")

// DB is a catalogue in a SQLite file.
type DB struct {
	readers *sql.DB
	writer  *sql.DB
	conn    *sql.Conn // the only connection of writer, so that its statements stay prepared

	turn chan struct{} // holds a token while a transaction is open
	w    *statements
	r    *statements

	mu   sync.Mutex
	nums map[id.Share]int64
}

var _ catalogue.Catalogue = (*DB)(nil)

// Open opens or creates the file.
//
// A commit is not synced to disk: a crash of the machine may take the last transactions, never the
// file's consistency (write-ahead log, synchronous=NORMAL), and what is missing is replayed.
func Open(ctx context.Context, path string) (*DB, error) {
	dsn := func(extra ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)",
			"temp_store(MEMORY)", "mmap_size(0)", "journal_size_limit(67108864)"}, extra...)}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	writer, err := sql.Open("sqlite", dsn("cache_size(-49152)", "wal_autocheckpoint(4000)"))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	d := &DB{writer: writer, turn: make(chan struct{}, 1), nums: make(map[id.Share]int64)}
	if err := d.prepare(ctx, path); err != nil {
		writer.Close()
		return nil, err
	}
	d.readers, err = sql.Open("sqlite", dsn("cache_size(-8192)", "query_only(1)"))
	if err != nil {
		d.conn.Close()
		writer.Close()
		return nil, err
	}
	d.readers.SetMaxOpenConns(4)
	d.readers.SetMaxIdleConns(4)
	d.w, d.r = newStatements(d.conn), newStatements(d.readers)
	return d, nil
}

func (d *DB) prepare(ctx context.Context, path string) (err error) {
	if d.conn, err = d.writer.Conn(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	var version, tables int
	err = d.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil {
		err = d.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	case version == schemaVersion:
		return nil
	case tables > 0:
		return fmt.Errorf("%w: it has version %d, not %d", ErrUnusable, version, schemaVersion)
	}
	if _, err := d.conn.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", schema, schemaVersion)); err != nil {
		return fmt.Errorf("create catalogue: %w", err)
	}
	return os.Chmod(path, 0o600)
}

// Reset removes a catalogue file that is not open.
func Reset(path string) error {
	var err error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(path + suffix); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Close closes the file.
func (d *DB) Close() error {
	d.turn <- struct{}{} // wait for the transaction that may be open
	d.w.close()
	d.r.close()
	return errors.Join(d.readers.Close(), d.conn.Close(), d.writer.Close())
}

// View implements catalogue.Catalogue.
func (d *DB) View(share id.Share, keys *seal.Metadata) catalogue.View {
	return &view{d: d, q: d.r, share: share, keys: keys}
}

// Applied implements catalogue.Catalogue.
func (d *DB) Applied(ctx context.Context, share id.Share) (p pack.Position, err error) {
	err = d.r.row(ctx, "SELECT pack, off FROM share WHERE id = ?", share[:]).Scan(&p.Pack, &p.Offset)
	if errors.Is(err, sql.ErrNoRows) {
		return pack.Position{}, nil
	}
	return p, err
}

// num returns the small number that stands for a share in the tables; 0 if it has none yet.
func (d *DB) num(ctx context.Context, q *statements, share id.Share) (int64, error) {
	d.mu.Lock()
	n := d.nums[share]
	d.mu.Unlock()
	if n != 0 {
		return n, nil
	}
	err := q.row(ctx, "SELECT num FROM share WHERE id = ?", share[:]).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err == nil && q == d.r { // only what is committed: a transaction may roll back
		d.mu.Lock()
		d.nums[share] = n
		d.mu.Unlock()
	}
	return n, err
}

// statements keeps prepared statements by their text.
type statements struct {
	on interface {
		PrepareContext(context.Context, string) (*sql.Stmt, error)
	}
	mu   sync.Mutex
	made map[string]*sql.Stmt
}

func newStatements(on interface {
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}) *statements {
	return &statements{on: on, made: make(map[string]*sql.Stmt)}
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.made[text]; st != nil {
		return st, nil
	}
	st, err := s.on.PrepareContext(context.WithoutCancel(ctx), text)
	if err == nil {
		s.made[text] = st
	}
	return st, err
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.made {
		st.Close()
	}
}

// scanner is a row, or the error of a statement that could not be prepared.
type scanner interface{ Scan(...any) error }

type failure struct{ err error }

func (f failure) Scan(...any) error { return f.err }

func (s *statements) row(ctx context.Context, text string, args ...any) scanner {
	st, err := s.get(ctx, text)
	if err != nil {
		return failure{err}
	}
	return st.QueryRowContext(ctx, args...)
}

func (s *statements) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := s.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (s *statements) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	st, err := s.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}
