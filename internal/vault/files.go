// Package vault is the one API of the doors: save, open, undo. Every call is made for a session.
package vault

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Info describes a file, a directory, a share, or the list of shares ("/").
type Info struct {
	Path     pathname.Path // with the names as they were given when they were made
	Share    id.Share
	File     id.File
	Version  id.Version // zero for directories and for files without content yet: these are empty and need no key
	Number   int        // of the version, from 1
	Dir      bool
	Live     bool // a lock or litter file of a program: shown while the storehouse runs, never versioned
	Hidden   bool // a Live file that lists leave out (._*, .DS_Store, desktop.ini, Thumbs.db)
	ReadOnly bool // the session may not write here
	Size     int64
	Created  time.Time
	Modified time.Time // as the client set it; else the time of the save
	Saved    time.Time // of the version
	Removed  time.Time // zero while shown
	Author   string    // who saved the version
	Door     string    // through which
	Props    []commit.Prop
	Sums     []commit.Sum
	Equal    [32]byte // keyed hash of the content: equal in a share exactly for equal content; zero without a version
	Found    commit.Found
}

// Change is one line of a file's history.
type Change struct {
	Kind   commit.Kind
	When   time.Time
	Author string
	Name   string // the file's name after it
	Info   Info   // of the version for Save and Link, else zero
	Gone   bool   // it has that version no more: it was removed by the share's rule
}

// Reader reads. Reading always names an immutable version: a rename under a reader changes nothing.
type Reader interface {
	// Stat follows a path to what is shown there.
	Stat(ctx context.Context, name pathname.Path) (Info, error)
	// List yields a directory's entries in no particular order, without opening any file. Memory does not
	// grow with the directory.
	List(ctx context.Context, dir pathname.Path) iter.Seq2[Info, error]
	// Removed yields what was removed from a directory and can be brought back with Restore.
	Removed(ctx context.Context, dir pathname.Path) iter.Seq2[Info, error]
	// History yields what happened to the file at a path, latest first. The path may be of a removed file.
	History(ctx context.Context, name pathname.Path) iter.Seq2[Change, error]
	// Open opens versions, found by Stat, List or History: all with one release, or none.
	Open(ctx context.Context, why account.Purpose, files ...Info) ([]File, error)
	// Space tells how many bytes the session's view of dir uses and how many are free on the disk.
	Space(ctx context.Context, dir pathname.Path) (used, free int64, err error)
}

// File is an open version. Reads fail closed when its session or its lease ends and cannot be renewed.
// Not safe for concurrent use, but for ReadAt.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	io.WriterTo
	Info() Info
}

// Writer changes. Each call is durable when it returns nil. A write needs the tokens of the locks in its way,
// see Vault.As; without them the error is of kind problem.Locked. Missing parents are problem.Conflict.
type Writer interface {
	// Create starts a save; nobody sees it until Commit.
	Create(ctx context.Context, name pathname.Path) (Draft, error)
	Mkdir(ctx context.Context, dir pathname.Path) error
	// Copy makes a file (or a whole directory, if deep) with the same content under another name. Within a share no
	// data moves. A file that stands at to becomes an earlier version if replace, else the error is
	// problem.Exists; a directory at to is removed first if replace.
	Copy(ctx context.Context, from, to pathname.Path, replace, deep bool) error
	// Rename moves a file or directory. What stands at to becomes an earlier version of it if replace, else
	// the error is problem.Exists. History follows the name: a save by temporary file and rename is one
	// more version of the file that had the name.
	Rename(ctx context.Context, from, to pathname.Path, replace bool) error
	Remove(ctx context.Context, name pathname.Path) error
	// Restore makes an earlier version (of History) the content of name again, as one more version, or
	// brings back a removed file or directory (version zero: as it was when it was removed).
	Restore(ctx context.Context, name pathname.Path, version id.Version) error
	// SetProps replaces the properties of a file or directory and, if modified is not zero, its time.
	SetProps(ctx context.Context, name pathname.Path, props []commit.Prop, modified time.Time) error
}

// Draft is a save under way. Write appends; WriteAt may come in any order: what does not follow what came before waits in an
// encrypted spool. A draft without Commit leaves no trace; Discard after Commit does nothing.
type Draft interface {
	io.Writer
	io.WriterAt
	// Check returns what Commit would refuse as things are now. Content that is not small is checked so by itself before it is kept.
	Check() error
	// Commit makes the draft the head of its name. It is durable when Commit returns nil.
	Commit(ctx context.Context, s Save) (Info, error)
	Discard()
}

// Save says how a draft is to be committed.
type Save struct {
	Modified time.Time                          // zero: the time of the save
	Sums     []commit.Sum                       // checksums that the door has verified, kept for sync tools
	If       func(head Info, exists bool) error // checked in the same step; its error is returned as it is; may be nil
}

// Locker keeps WebDAV-style locks, for every door. A lock belongs to a session's account; it holds for a path
// and, if Deep, for everything below. Locks outlive a restart of the storehouse.
type Locker interface {
	// Lock takes a lock on a file or directory. Where nothing stands, a file without content is made (RFC 4918 section 7.3).
	Lock(ctx context.Context, name pathname.Path, l Lock) (Lock, Info, error)
	// Refresh sets the lock's end anew. The error is problem.Condition if name is not in the lock's scope or the lock ended.
	Refresh(ctx context.Context, name pathname.Path, token string, ttl time.Duration) (Lock, error)
	Unlock(ctx context.Context, name pathname.Path, token string) error
	// Locks lists the locks that hold for what Stat or List found, or, if i has nothing but a Path, would hold for
	// something there: its own and deep ones above.
	Locks(ctx context.Context, i Info) ([]Lock, error)
}

// Lock is a lock of RFC 4918 section 6.
type Lock struct {
	Token   string // urn:uuid:…; set by Lock
	Root    pathname.Path
	Shared  bool
	Deep    bool
	Owner   string // XML or text that the client gave, shown to others as it is
	Account id.Account
	Name    string // of the account
	TTL     time.Duration
	Until   time.Time
}

// Files is all that a door may do for one session.
type Files interface {
	Reader
	Writer
	Locker
	// Expecting returns the same with a condition on its first act: that each of these names still shows the version that was seen
	// there, or still nothing if what was seen has nothing but a Path. Otherwise the error is of kind problem.Condition. It is
	// looked at in the step of the act itself, but for live files and names in another share than that of the act.
	Expecting(seen ...Info) Files
}
