// Package ledger is an append-only Merkle log: a sequencer that makes entries durable before it says so,
// and everything that somebody else needs to check it offline. It knows bytes, not events.
//
// On disk a ledger is the public C2SP tlog-tiles layout (checkpoint, tile/0/…, tile/entries/…), so that
// other people's tools accept it, and beside it the write-ahead files wal/…, which hold what is not in
// tiles yet. docs/format.md, Ledger, has the bytes.
//
// What holds at every moment, whatever fails:
//
//   - An entry whose Append returned nil stands at its index for ever.
//   - An index that a signed checkpoint covers never holds another entry.
//   - An entry whose Append failed may be there all the same: a recorded release that was
//     refused is harmless, a release without a record is not.
package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// Config says where a ledger stands and who signs it.
type Config struct {
	FS       durable.FS
	Dir      string        // made if missing, with those above it
	Origin   string        // the log's name for ever, such as "azekura.example/ledger/1f2e3d4c"
	Signer   note.Signer   // its name is the origin
	Verifier note.Verifier // of Signer's signatures
	Log      *slog.Logger  // nil discards

	// Restore opens a ledger whose write-ahead files are missing or damaged: it goes on behind what can
	// be read. What was only in them is lost, and their indexes are given to other entries, so the caller
	// records that it was done.
	Restore bool

	// FileSize is the size of a write-ahead file; 8 MiB if 0.
	FileSize int64
	// PublishAfter is how many entries wait for the background to write them into tiles; 4,096 if 0. Where
	// less comes, the caller publishes at times.
	PublishAfter int
	// MaxHeld bounds the bytes of entries that are not in tiles yet and therefore stand in memory; 64 MiB
	// if 0. Beyond it Append waits for tiles and fails if they cannot be written.
	MaxHeld int64
}

// check returns the configuration with its defaults filled in.
func (c Config) check() (Config, error) {
	switch {
	case c.FS == nil || c.Dir == "" || c.Signer == nil || c.Verifier == nil:
		return c, errors.New("ledger: incomplete configuration")
	case c.Origin == "" || c.Signer.Name() != c.Origin || c.Verifier.Name() != c.Origin:
		return c, fmt.Errorf("ledger: the keys of %q and %q are not of the origin %q", c.Signer.Name(), c.Verifier.Name(), c.Origin)
	case c.Signer.KeyHash() != c.Verifier.KeyHash():
		return c, errors.New("ledger: the verifier is not of the signer")
	case c.FileSize != 0 && (c.FileSize < 2*block || c.FileSize%block != 0):
		return c, fmt.Errorf("ledger: write-ahead files of %d bytes", c.FileSize)
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.FileSize = cmp.Or(c.FileSize, 8<<20)
	c.PublishAfter = cmp.Or(c.PublishAfter, 4096)
	c.MaxHeld = cmp.Or(c.MaxHeld, 64<<20)
	return c, nil
}

// Head is the size and root of a tree.
type Head struct {
	Size int64     `json:"size"`
	Root tlog.Hash `json:"root"`
}

var (
	// ErrShorter means that a ledger has fewer entries than were seen before.
	ErrShorter = errors.New("the ledger is shorter than it was")
	// ErrFork means that a ledger has other entries than were seen before.
	ErrFork = errors.New("the ledger has other entries than it had")
	errEnd  = errors.New("the ledger is closed")
)

// entry is one entry in memory.
type entry struct {
	data []byte
	hash tlog.Hash
}

// request is one call of Append.
type request struct {
	entries []entry
	taken   int        // how many are in a group already; owned by the sequencer
	first   int64      // index of the first; owned by the sequencer until done
	done    chan error // buffered; receives once
}

// Log is an open ledger. Safe for concurrent use.
type Log struct {
	conf Config
	fsys fs.FS // of conf.Dir, to read from

	kick    chan struct{} // buffered 1: the queue has something, or closing
	tidy    chan struct{} // buffered 1: the background has something to do
	stop    chan struct{} // closed when the sequencer has ended
	stopped sync.WaitGroup

	seq sequencer // owned by the sequencer's goroutine

	pub       chan struct{}   // buffered 1: the lock of all that follows, taken with a context
	tiled     edge            // of the entries in tiles; its size changes under mu as well
	bundle    []byte          // the entries of the last, partial bundle of tiled
	published []byte          // the checkpoint on disk; nil if there is none
	known     map[string]bool // directories whose names are durable

	mu      sync.Mutex
	queue   []*request   // guarded by mu
	closing bool         // guarded by mu
	held    []entry      // guarded by mu: entries from tiledSize on, the last ones perhaps not durable
	bytes   int64        // guarded by mu: of held
	durable edge         // guarded by mu: of all durable entries
	files   []walInfo    // guarded by mu: write-ahead files, oldest first
	spare   durable.File // guarded by mu: zeros, ready to become the next one
	after   int          // guarded by mu: len(held) at which the background publishes

	size      int64     // guarded by mu: tiled.size
	tiledRoot tlog.Hash // guarded by mu: tiled.root()
	wantSpare bool      // guarded by mu: the background may write the file spareName
}

// walInfo is a write-ahead file on disk.
type walInfo struct {
	generation uint64
	first      int64
}

// Append adds entries of at most MaxEntry bytes, one behind the other, and returns the index of the
// first once all are durable. After an error any of them may be in the ledger or not.
func (l *Log) Append(ctx context.Context, entries ...[]byte) (first int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, problem.New(problem.Unavailable, "record", "", err)
	}
	r := &request{entries: make([]entry, len(entries)), done: make(chan error, 1)}
	total := 0
	for _, e := range entries {
		if len(e) > MaxEntry {
			return 0, problem.New(problem.TooLarge, "record", "", fmt.Errorf("an entry of %d bytes", len(e)))
		}
		total += len(e)
	}
	if len(entries) == 0 || int64(total) > l.conf.MaxHeld {
		return 0, problem.New(problem.Invalid, "record", "", fmt.Errorf("%d entries of %d bytes", len(entries), total))
	}
	all := make([]byte, 0, total) // the caller may use its bytes again, and we keep ours
	for i, e := range entries {
		all = append(all, e...)
		r.entries[i] = entry{all[len(all)-len(e) : len(all) : len(all)], tlog.RecordHash(e)}
	}
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		return 0, problem.New(problem.Unavailable, "record", "", errEnd)
	}
	l.queue = append(l.queue, r)
	l.mu.Unlock()
	poke(l.kick)
	select {
	case err = <-r.done:
	case <-ctx.Done():
		err = fmt.Errorf("not known whether it is recorded: %w", ctx.Err())
	}
	if err != nil {
		return 0, failed("record", err)
	}
	return r.first, nil
}

// failed returns err as a problem of what the ledger was doing.
func failed(op string, err error) error {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e
	}
	if durable.IsNoSpace(err) {
		return &problem.Error{Kind: problem.NoSpace, Op: op, Hint: "hint.ledger-no-space", Err: err}
	}
	return &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.ledger-unavailable", Err: err}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Size returns the number of durable entries.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable.size
}

// Head returns the tree of all durable entries.
func (l *Log) Head() Head {
	l.mu.Lock()
	e := l.durable.clone()
	l.mu.Unlock()
	return Head{e.size, e.root()}
}

// Checkpoint returns the signed head of all durable entries, without writing anything: for a witness, who is
// asked for each batch. Publish writes one.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("sign the ledger", err)
	}
	return l.sign(l.Head())
}

func (l *Log) sign(h Head) ([]byte, error) {
	text := torchwood.Checkpoint{Origin: l.conf.Origin, Tree: tlog.Tree{N: h.Size, Hash: h.Root}}.String()
	signed, err := note.Sign(&note.Note{Text: text}, l.conf.Signer)
	if err != nil {
		return nil, failed("sign the ledger", err)
	}
	return signed, nil
}

// Consistent returns nil if h was a head of this ledger, ErrShorter or ErrFork if not. It reads
// tiles, and checks them, for heads before the published one.
func (l *Log) Consistent(ctx context.Context, h Head) error {
	l.mu.Lock()
	e := l.durable.clone()
	l.mu.Unlock()
	if h.Size < 0 || h.Size > e.size {
		return fmt.Errorf("%w: %d entries, %d were seen", ErrShorter, e.size, h.Size)
	}
	root, err := l.rootAt(ctx, h.Size)
	if err != nil {
		return failed("check the ledger", err)
	}
	if root != h.Root {
		return fmt.Errorf("%w: among the first %d", ErrFork, h.Size)
	}
	return nil
}

// rootAt returns the root of the tree of the first n durable entries.
func (l *Log) rootAt(ctx context.Context, n int64) (tlog.Hash, error) {
	t, leave, err := l.whole(ctx)
	if err != nil {
		return tlog.Hash{}, err
	}
	defer leave()
	return tlog.TreeHash(n, t)
}

// Files returns the ledger's directory for reading: for NewReader, Verify and Export.
func (l *Log) Files() fs.FS { return l.fsys }

// Close makes what is queued durable, publishes and ends. It leaves an empty write-ahead file that begins behind
// the checkpoint, so that an older checkpoint put in its place is noticed. An error means that not all
// is in tiles; nothing is lost by it.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		return errEnd
	}
	l.closing = true
	l.mu.Unlock()
	poke(l.kick)
	l.stopped.Wait()
	_, err := l.Publish(context.Background())
	if file := l.seq.file; file != nil {
		if err == nil {
			l.seq.file = nil
			err = l.renew(block)
		}
		err = errors.Join(err, file.Close())
	}
	l.removeFiles()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seq.file != nil {
		err = errors.Join(err, l.seq.file.Close())
		l.seq.file = nil
	}
	if l.spare != nil {
		err = errors.Join(err, l.discard(l.spare, spareName))
		l.spare = nil
	}
	return err
}

func (l *Log) walPath(name string) string { return filepath.Join(l.conf.Dir, walDir, name) }
