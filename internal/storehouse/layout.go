package storehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// layout is where things lie in a data directory.
type layout struct {
	data      string
	packs     string // the only truth about files
	vault     string // lock tables and spool
	catalogue string // can always be rebuilt
	books     string // copies of the catalogue, to or from a medium; empty otherwise
	reminders string // which deadlines people were told of, sealed
	collect   string // what was learnt of appliances, sealed
	logbook   string // the lines of appliances, sealed
	chores    string // which drills and papers people were reminded of, sealed
	alerts    string // those that nobody has been told of yet, sealed
	drills    string // books of drills that are at work
	keeper    string // the keeper's sealed state
	key       string // the root key, with protection "key-file"
	ledger    string
	tls       string
	socket    string
	lock      string

	unfinished string // there while a storehouse is being made
}

func layoutOf(cfg Config) layout {
	at := func(elem ...string) string { return filepath.Join(append([]string{cfg.Data}, elem...)...) }
	l := layout{
		data: cfg.Data, packs: at("vault", "packs"), vault: at("vault", "work"), catalogue: at("vault", "catalogue.db"), books: at("vault", "books"), alerts: at("vault", "alerts"), reminders: at("vault", "reminders"), collect: at("vault", "collect"), logbook: at("logbook"), chores: at("vault", "chores"), drills: at("vault", "drills"),
		keeper: at("keeper"), key: at("keeper-key", "root.key"), ledger: at("ledger"), tls: at("tls"),
		socket: Socket(cfg.Data), lock: at("lock"), unfinished: at("unfinished"),
	}
	if cfg.KeyFile != "" {
		l.key = cfg.KeyFile
	}
	return l
}

// Socket returns the name of the console's socket in a data directory.
func Socket(data string) string { return filepath.Join(data, "azekura.sock") }

// LedgerDir returns where the ledger of a data directory lies.
func LedgerDir(data string) string { return filepath.Join(data, "ledger") }

// Disk returns the file system for a data directory. What root makes in a directory of somebody else, such as that of a service with a
// user of its own, belongs to the directory's owner.
func Disk(data string) durable.FS {
	if os.Geteuid() != 0 {
		return durable.OS()
	}
	i, err := os.Stat(data)
	if err != nil { // root will make it
		return durable.OS()
	}
	if st, ok := i.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		return durable.Owned(int(st.Uid), int(st.Gid))
	}
	return durable.OS()
}

// Owner returns whose a data directory is: the user of its server.
func Owner(data string) (uid, gid int, ok bool) {
	i, err := os.Stat(data)
	if err != nil {
		return 0, 0, false
	}
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}

// How long a lock of somebody else's is waited for: two seconds.
const (
	lockTries = 100
	lockWait  = 20 * time.Millisecond
)

// lockData makes this process the only one that uses a data directory. The lock ends with the process, so
// a crash leaves none behind.
func lockData(l layout) (release func() error, err error) {
	return lockDir(l.data, l.lock, "open vault", "hint.vault-in-use")
}

// lockDir makes this process the only one that uses a directory with a lock file.
func lockDir(dir, lock, op, inUse string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unreachable(op, dir, err)
	}
	made, err := Disk(dir).OpenFile(lock, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = made.Close()
	}
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(lock, os.O_RDWR, 0o600)
	}
	if err != nil {
		return nil, unreachable(op, dir, err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	// The child of a process that was killed, which has not yet become a preview worker, holds the lock for a moment.
	for range lockTries {
		if err == nil {
			break
		}
		time.Sleep(lockWait)
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		f.Close()
		return nil, &problem.Error{Kind: problem.Locked, Op: op, On: dir, Hint: inUse, Err: fmt.Errorf("lock: %w", err)}
	}
	return f.Close, nil
}

// unreachable is the problem of a directory that cannot be made or used: of whoever starts the program, not of the program.
func unreachable(op, on string, err error) error {
	kind, hint := problem.Unavailable, "hint.data-directory"
	switch {
	case errors.Is(err, fs.ErrPermission):
		kind = problem.Denied
	case errors.Is(err, unix.ENOSPC):
		kind, hint = problem.NoSpace, "hint.no-space"
	}
	return &problem.Error{Kind: kind, Op: op, On: on, Hint: hint, Err: err}
}

// Holds reports whether a directory is the data directory of a storehouse, as far as its names tell.
func Holds(dir string) bool {
	for _, name := range []string{"keeper", "ledger", "vault"} {
		if i, err := os.Stat(filepath.Join(dir, name)); err != nil || !i.IsDir() {
			return false
		}
	}
	_, err := os.Stat(filepath.Join(dir, "lock"))
	return err == nil
}

// Abandoned reports whether a directory holds a storehouse that no process has open.
func Abandoned(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
