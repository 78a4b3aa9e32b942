// Package sqlite keeps the catalogue in one SQLite file, through database/sql and a driver without cgo.
//
// Nothing in the file is true by itself: it is an index of the packs, and a file that is lost, damaged
// or of another version is removed with Reset and written anew. What is never searched for stands
// sealed, so that the file, its log and its free pages tell no name and no person.
//
// The SQL is plain enough for PostgreSQL: integers and byte strings, ON CONFLICT, partial indexes, row
// numbers given by the program, no reliance on type affinity. What would change there is marked.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

//go:embed schema.sql
var schema string

// schemaVersion stands in the file's header. It counts up with every change of schema.sql or of what is
// sealed in it. A file of another version is not migrated: the packs are the truth.
const schemaVersion = 6

// Connections: one writes, a few read. Each reader has a cache of its own.
const (
	readers     = 4
	writerCache = 64 << 20
	readerCache = 8 << 20
	logLimit    = 64 << 20 // a log that a rebuild made larger is cut to this
)

// ErrUnusable means that the file is damaged or of another version: remove it with Reset and rebuild.
var ErrUnusable = errors.New("the catalogue file cannot be used: run rebuild")

// DB is a catalogue in a SQLite file. It is safe for concurrent use; at most one transaction is open.
type DB struct {
	path    string
	first   int64 // what nodes and changes are counted from in an empty file
	read    *sql.DB
	reading *statements

	write   *sql.DB
	conn    *sql.Conn     // the only connection of write: statements stay prepared, BEGIN and COMMIT are statements
	writing *statements   // owned by the open transaction
	turn    chan struct{} // holds a token while a transaction is open
	books   *books        // owned by the open transaction
	logged  int           // about how many pages are in the log and not copied; owned by the open transaction
	copier  *copier

	mu   sync.Mutex
	nums map[id.Share]int64 // numbers of shares, which never change; guarded by mu
}

var _ catalogue.Catalogue = (*DB)(nil)

// Open opens the file, or makes it. The error for a file that cannot be used wraps ErrUnusable.
//
// A commit is not synced to disk. A crash of the machine may take the last transactions, never a part
// of one (write-ahead log, synchronous=NORMAL): what is missing is replayed from the packs.
func Open(ctx context.Context, path string) (*DB, error) { return openFrom(ctx, path, 0) }

// beyond is more than a copy counts: see OpenBeyond.
const beyond = 1 << 40

// OpenBeyond is Open for a catalogue that will take the place of a copy: it counts nodes and changes on from where no copy comes to, so that a Ref or
// a mark of a copy means nothing else here. Those of a copy are everything before.
func OpenBeyond(ctx context.Context, path string) (*DB, error) { return openFrom(ctx, path, beyond) }

func openFrom(ctx context.Context, path string, first int64) (*DB, error) {
	d, err := open(ctx, path, first)
	if err == nil {
		return d, nil
	}
	const op = "open catalogue"
	switch {
	case errors.Is(err, ErrUnusable):
		return nil, &problem.Error{Kind: problem.Damaged, Op: op, Hint: "hint.rebuild", Err: err}
	case errors.Is(err, syscall.ENOSPC):
		return nil, &problem.Error{Kind: problem.NoSpace, Op: op, Hint: "hint.no-space", Err: err}
	}
	return nil, problem.New(problem.Unavailable, op, "", err)
}

func open(ctx context.Context, path string, first int64) (_ *DB, err error) {
	// SQLite gives its log the permissions of the file, so the file is made here.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	d := &DB{path: path, first: first, turn: make(chan struct{}, 1), nums: make(map[id.Share]int64)}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.write, err = sql.Open("sqlite", source(path, "synchronous(NORMAL)",
		pragma("cache_size", -writerCache>>10), pragma("wal_autocheckpoint", copyFirst), pragma("journal_size_limit", logLimit))); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1)
	if d.conn, err = d.write.Conn(ctx); err != nil {
		return nil, translate(err)
	}
	if err := d.create(ctx); err != nil {
		return nil, err
	}
	if d.writing, err = prepare(ctx, d.conn); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if d.read, err = sql.Open("sqlite", source(path, "query_only(1)", pragma("cache_size", -readerCache>>10))); err != nil {
		return nil, err
	}
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
	if d.reading, err = prepare(ctx, d.read); err != nil {
		return nil, translate(err)
	}
	d.copier, err = newCopier(path)
	return d, err
}

// source names the file with what every connection to it is told first.
func source(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "temp_store(MEMORY)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func pragma(name string, value int) string { return fmt.Sprintf("%s(%d)", name, value) }

// shareIndex finds what has changed in one share without going over the changes of all others. It is not in schema.sql: a file that was made
// before it was thought of gets it when it is opened, which takes seconds, where making the file anew from the packs takes minutes.
//
// Likewise the tables of what was removed by rule, and of the changes with which packs begin. A file from before has no marks of the packs that it
// knows: what stands there counts as standing in the first pack with a mark, which is later, and so keeps things longer.
const shareIndex = `CREATE INDEX IF NOT EXISTS change_share ON change (share);
CREATE TABLE IF NOT EXISTS expired (
  share   INTEGER NOT NULL,
  version BLOB    NOT NULL,
  key     BLOB    NOT NULL,           -- the version whose key opens it
  PRIMARY KEY (share, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expired_key ON expired (share, key);
CREATE TABLE IF NOT EXISTS mark (
  share   INTEGER NOT NULL,
  pack    INTEGER NOT NULL,
  change  INTEGER NOT NULL,           -- the first that stands in it or behind it
  PRIMARY KEY (share, pack)
) STRICT, WITHOUT ROWID`

// create makes the tables in a new file, and refuses a file of another version.
func (d *DB) create(ctx context.Context) error {
	var version, tables int
	err := d.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil {
		err = d.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	}
	switch {
	case err != nil:
		return translate(err)
	case version == schemaVersion:
		_, err = d.conn.ExecContext(ctx, shareIndex)
		return translate(err)
	case version != 0 || tables > 0:
		return fmt.Errorf("%w: it has version %d, not %d", ErrUnusable, version, schemaVersion)
	}
	_, err = d.conn.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; %s; %s; PRAGMA user_version = %d; COMMIT", schema, shareIndex, schemaVersion))
	return translate(err)
}

// translate gives errors of the driver the meaning that callers look for: a full disk, a broken file.
func translate(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the rest says more closely what happened
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return err
}

// Reset removes a catalogue file, with its log. It must not be open.
func Reset(path string) error {
	var err error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(path + suffix); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Close waits for the open transaction and closes the file. Views must not be used any more.
func (d *DB) Close() error {
	d.turn <- struct{}{} // kept: no transaction begins after this
	return d.close()
}

func (d *DB) close() error {
	var errs []error
	if d.copier != nil {
		errs = append(errs, d.copier.close())
	}
	for _, s := range []*statements{d.reading, d.writing} {
		if s != nil {
			s.close()
		}
	}
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.write != nil { // the last to close: copies the log into the file
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// View implements catalogue.Catalogue.
func (d *DB) View(share id.Share, keys *seal.Metadata) catalogue.View {
	return &view{share: share, keys: keys, on: d.reading, num: d.num, db: d}
}

// num returns the number that stands for a share in the tables; 0, which no row has, for a new share.
func (d *DB) num(share id.Share) (int64, error) {
	d.mu.Lock()
	n := d.nums[share]
	d.mu.Unlock()
	if n != 0 {
		return n, nil
	}
	b, err := readBook(d.reading, share)
	if err != nil || b.num == 0 {
		return 0, err
	}
	d.mu.Lock()
	d.nums[share] = b.num
	d.mu.Unlock()
	return b.num, nil
}

// Applied implements catalogue.Catalogue.
func (d *DB) Applied(ctx context.Context, share id.Share) (pack.Position, error) {
	if err := ctx.Err(); err != nil {
		return pack.Position{}, err
	}
	b, err := readBook(d.reading, share)
	return b.applied, err
}
