package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// DamageError means that a ledger does not hold what its checkpoint or its write-ahead files say it holds. It is
// never opened silently.
type DamageError struct {
	File string // below the ledger's directory
	What string
	Err  error
}

// Error names what is missing or wrong.
func (e *DamageError) Error() string {
	s := e.File + ": " + e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// Open opens a ledger, or makes one where there is none. It goes on behind the last durable entry:
// what a crash left half written is cut off, and what it left in write-ahead files is written again, into a new
// one, before it counts. It refuses a ledger that is damaged or incomplete as far as it looks, which is the
// right edge; Verify looks at everything.
func Open(ctx context.Context, conf Config) (*Log, error) {
	conf, err := conf.check()
	if err != nil {
		return nil, problem.New(problem.Invalid, "open the ledger", "", err)
	}
	l := &Log{conf: conf, fsys: Files(conf.FS, conf.Dir), kick: make(chan struct{}, 1), tidy: make(chan struct{}, 1),
		stop: make(chan struct{}), pub: make(chan struct{}, 1), known: make(map[string]bool), wantSpare: true,
		after: conf.PublishAfter}
	if err := l.recover(ctx); err != nil {
		if e, ok := errors.AsType[*DamageError](err); ok {
			return nil, &problem.Error{Kind: problem.Damaged, Op: "open the ledger", On: e.File, Hint: "hint.ledger-damaged", Err: err}
		}
		return nil, failed("open the ledger", err)
	}
	l.stopped.Add(2)
	go l.sequence()
	go l.tend()
	return l, nil
}

// recover makes l what the disk says.
func (l *Log) recover(ctx context.Context) error {
	if err := durable.MakeDir(l.conf.FS, filepath.Join(l.conf.Dir, walDir), 0o750); err != nil {
		return err
	}
	tree, err := l.readCheckpoint()
	if err != nil {
		return err
	}
	files, generation, err := l.readWAL()
	if err != nil {
		return err
	}
	l.seq.generation = generation
	if tree == nil && len(files) == 0 && !l.conf.Restore {
		list, err := l.conf.FS.ReadDir(l.path("tile"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(list) > 0 {
			return &DamageError{checkpointName, "missing, but there are tiles", fs.ErrNotExist}
		}
	}
	if err := l.loadTiles(ctx, tree); err != nil {
		return err
	}
	if tree != nil || len(files) > 0 {
		if err := l.replay(ctx, files); err != nil {
			return err
		}
	}
	if l.published != nil { // it may have been renamed into place without being durable: then tiles count on it now
		if err := durable.WriteFile(l.conf.FS, l.path(checkpointName), l.published, 0o640); err != nil {
			return err
		}
	}
	if err := l.renew(l.conf.FileSize); err != nil {
		return err
	}
	l.sweep()
	return nil
}

// readCheckpoint sets l.published; the tree is nil if there is none.
func (l *Log) readCheckpoint() (*tlog.Tree, error) {
	signed, err := readFile(l.fsys, checkpointName, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := openCheckpoint(signed, l.conf.Verifier)
	if err != nil {
		return nil, &DamageError{checkpointName, "not signed by this ledger's key", err}
	}
	l.published = signed
	return &c.Tree, nil
}

// openCheckpoint checks the signature of the log on a checkpoint, and its origin.
func openCheckpoint(signed []byte, v note.Verifier) (torchwood.Checkpoint, error) {
	c, _, err := torchwood.VerifyCheckpoint(signed, policy(v))
	return c, err
}

// policy asks for the log's own signature on its own origin.
func policy(v note.Verifier) torchwood.Policy {
	return torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(v.Name()), torchwood.SingleVerifierPolicy(v))
}

// loadTiles loads the right edge of the tree of the checkpoint.
func (l *Log) loadTiles(ctx context.Context, tree *tlog.Tree) error {
	l.tiledRoot, l.durable = emptyRoot(), edge{}
	if tree == nil {
		return nil
	}
	var err error
	if l.tiled, err = loadEdge(tree.N, hashReader(ctx, l.fsys, *tree)); err != nil {
		return &DamageError{"tile", fmt.Sprintf("the checkpoint has %d entries, which cannot be read", tree.N), err}
	}
	if tree.N%tileWidth > 0 {
		t := bundleTile(tree.N, tree.N)
		if l.bundle, err = l.checkBundle(t); err != nil {
			return &DamageError{torchwood.TilePath(t), "the last entries of the checkpoint cannot be read", err}
		}
	}
	l.durable, l.size, l.tiledRoot = l.tiled.clone(), tree.N, tree.Hash
	return nil
}

// checkBundle returns the last, partial bundle, whose hashes stand in l.tiled.
func (l *Log) checkBundle(t tlog.Tile) ([]byte, error) {
	b, err := readTile(l.fsys, t)
	if err != nil {
		return nil, err
	}
	entries, err := splitBundle(b, t.W)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != l.tiled.tiles[0][i] {
			return nil, fmt.Errorf("entry %d was changed", t.N*tileWidth+int64(i))
		}
	}
	return b, nil
}

// namedWAL is a write-ahead file under its name.
type namedWAL struct {
	name string
	*walFile
	err error // why it cannot be read
}

// readWAL reads the write-ahead files from the last whole one on, in order, and returns the highest
// generation that there is.
func (l *Log) readWAL() (files []namedWAL, highest uint64, err error) {
	return readWALs(l.fsys, l.conf.Origin)
}

func readWALs(fsys fs.FS, origin string) (files []namedWAL, highest uint64, err error) {
	list, err := fs.ReadDir(fsys, walDir)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range slices.Backward(list) { // names sort as generations do
		g, ok := walGeneration(e.Name())
		if !ok {
			continue
		}
		highest = max(highest, g)
		w := namedWAL{name: walDir + "/" + e.Name()}
		b, err := readFile(fsys, w.name, maxWAL)
		if err != nil {
			return nil, 0, err
		}
		if w.walFile, w.err = parseWAL(b); w.err == nil && (w.generation != g || w.origin != sha256.Sum256([]byte(origin))) {
			w.err = errors.New("it belongs to another ledger")
		}
		files = append(files, w)
		if w.err == nil && w.whole {
			break // what is older is not needed
		}
	}
	slices.Reverse(files)
	return files, highest, nil
}

// replay takes from write-ahead files what is not in tiles, and refuses a gap between them.
func (l *Log) replay(ctx context.Context, files []namedWAL) error {
	entries, err := chain(files, l.tiled.size)
	if err == nil {
		if err = l.compare(ctx, files); err != nil {
			entries = nil
		}
	}
	if err != nil {
		if !l.conf.Restore {
			return err
		}
		l.conf.Log.Warn("opening a ledger without all of its write-ahead files", "error", err)
	}
	for _, e := range entries {
		l.held = append(l.held, entry{slices.Clone(e), tlog.RecordHash(e)})
		l.bytes += int64(2 + len(e))
	}
	return nil
}

// chain returns the entries of write-ahead files from index size on. The error names the first gap; the
// entries are then those before it.
func chain(files []namedWAL, size int64) (entries [][]byte, err error) {
	if len(files) == 0 {
		return nil, &DamageError{walDir, "no write-ahead file: entries behind the checkpoint may be missing", fs.ErrNotExist}
	}
	at, end := size, int64(0)
	var unread *DamageError // forgiven when tiles hold all that it could have held
	for _, w := range files {
		if w.err != nil {
			unread = &DamageError{w.name, "cannot be read", w.err}
			continue
		}
		if unread != nil && w.first > size {
			return entries, unread
		}
		unread = nil
		for _, r := range w.runs {
			if r.first > at {
				return entries, &DamageError{w.name, fmt.Sprintf("entries %d to %d are missing or damaged", at, r.first-1), nil}
			}
			end = max(end, r.next())
			if next := r.next(); next > at {
				entries = append(entries, r.entries[at-r.first:]...)
				at = next
			}
		}
	}
	if unread != nil {
		return entries, unread
	}
	if end < size {
		return entries, &DamageError{walDir, fmt.Sprintf("ends before entry %d, but the checkpoint has %d", end, size), nil}
	}
	return entries, nil
}

// compare refuses write-ahead files that are not of this tree.
func (l *Log) compare(ctx context.Context, files []namedWAL) error {
	tree := tlog.Tree{N: l.tiled.size, Hash: l.tiledRoot}
	r := hashReader(ctx, l.fsys, tree)
	for _, w := range files {
		if w.err != nil || w.first > tree.N {
			continue // it follows others, which are compared
		}
		root, err := tlog.TreeHash(w.first, r)
		if err != nil {
			return &DamageError{"tile", fmt.Sprintf("the tree of the first %d entries cannot be read", w.first), err}
		}
		if root != w.root {
			return &DamageError{w.name, "continues another ledger than the checkpoint", nil}
		}
		for _, run := range w.runs {
			if err := compareRun(w.name, run, tree.N, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareRun(name string, w run, size int64, r tlog.HashReader) error {
	var indexes []int64
	for i := w.first; i < min(w.next(), size); i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	if len(indexes) == 0 {
		return nil
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return &DamageError{"tile", fmt.Sprintf("entries from %d on cannot be read", w.first), err}
	}
	for i, h := range hashes {
		if tlog.RecordHash(w.entries[i]) != h {
			return &DamageError{name, fmt.Sprintf("entry %d is another one than in the checkpoint", w.first+int64(i)), nil}
		}
	}
	return nil
}

// sweep removes what older generations and unfinished work left, now that a new file holds everything. What it
// cannot remove does no harm.
func (l *Log) sweep() {
	list, err := l.conf.FS.ReadDir(l.path(walDir))
	for _, e := range list {
		g, ok := walGeneration(e.Name())
		if ok && g < l.seq.generation || e.Name() == newName || e.Name() == spareName {
			err = errors.Join(err, l.conf.FS.Remove(l.walPath(e.Name())))
		}
	}
	if err != nil {
		l.conf.Log.Warn("removing old write-ahead files", "error", err)
	}
}
