package ledger

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
)

// Publish writes all durable entries into tiles and returns the signed checkpoint that covers them, once
// both are durable. After an error the checkpoint on disk is the one before, or the new one; nothing is
// lost, and the next Publish does it again.
func (l *Log) Publish(ctx context.Context) (checkpoint []byte, err error) {
	select {
	case l.pub <- struct{}{}:
		defer func() { <-l.pub }()
	case <-ctx.Done():
		return nil, failed("publish the ledger", ctx.Err())
	}
	l.mu.Lock()
	head := l.durable.clone()
	entries := slices.Clip(l.held[:head.size-l.size])
	l.mu.Unlock()
	if len(entries) == 0 && l.published != nil {
		return l.published, nil
	}
	defer func() {
		l.mu.Lock()
		l.after = l.conf.PublishAfter
		if err != nil { // not again for each entry
			l.after += len(l.held)
		}
		l.mu.Unlock()
	}()
	tiled, bundle, err := l.writeTiles(entries)
	if err != nil {
		return nil, failed("publish the ledger", err)
	}
	root := tiled.root()
	if root != head.root() { // computed twice, in two ways: a broken memory is not signed
		return nil, failed("publish the ledger", errors.New("tiles do not have the root of the entries"))
	}
	checkpoint, err = l.sign(Head{tiled.size, root})
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(l.conf.FS, filepath.Join(l.conf.Dir, checkpointName), checkpoint, 0o640); err != nil {
		return nil, failed("publish the ledger", err)
	}
	before := l.tiled.size
	l.tiled, l.bundle, l.published = tiled, bundle, checkpoint
	l.mu.Lock()
	l.held = slices.Clone(l.held[len(entries):]) // gives back the memory of the others
	for _, e := range entries {
		l.bytes -= int64(2 + len(e.data))
	}
	l.size, l.tiledRoot = tiled.size, root
	l.mu.Unlock()
	l.removeFiles()
	if err := newTileWriter(l.conf.FS, l.conf.Dir, l.known).removePartials(before, &l.tiled); err != nil {
		l.conf.Log.Debug("removing partial tiles", "error", err)
	}
	return checkpoint, nil
}

// writeTiles writes all tiles that entries complete or begin, durably. Until a checkpoint covers them
// nobody looks at them, and after a failure they are written again.
func (l *Log) writeTiles(entries []entry) (tiled edge, bundle []byte, err error) {
	w := newTileWriter(l.conf.FS, l.conf.Dir, l.known)
	defer w.batch.Drop()
	tiled, bundle = l.tiled.clone(), slices.Clone(l.bundle)
	for _, e := range entries {
		if bundle, err = w.add(&tiled, bundle, e); err != nil {
			return edge{}, nil, err
		}
	}
	w.partial(&tiled, bundle)
	w.sync()
	return tiled, bundle, w.err
}

// tileWriter writes tiles beside their places, and puts them there once all are durable: one of that name may stand there, and count.
type tileWriter struct {
	fsys  durable.FS
	dir   string          // of the ledger
	known map[string]bool // directories whose names are durable
	dirs  map[string]bool // slash-separated, below the ledger's directory: to be flushed
	batch *durable.Batch
	names map[string]bool // of the batch, when they are in their places
	half  string          // behind the names of tiles that are not in their places
	err   error           // the first one
}

func newTileWriter(fsys durable.FS, dir string, known map[string]bool) *tileWriter {
	return &tileWriter{fsys: fsys, dir: dir, known: known, dirs: make(map[string]bool), batch: durable.NewBatch(fsys, dir), names: make(map[string]bool), half: ".new"}
}

// add appends an entry to a tree and to its last bundle, which it returns, and writes the tiles that this completes.
func (w *tileWriter) add(tree *edge, bundle []byte, e entry) ([]byte, error) {
	bundle, err := torchwood.AppendTileEntry(bundle, e.data)
	if err != nil {
		return nil, err
	}
	tree.add(e.hash, func(t tlog.Tile, hashes []tlog.Hash) {
		if t.L == 0 {
			w.write(tlog.Tile{H: t.H, L: -1, N: t.N, W: t.W}, bundle)
			bundle = bundle[:0]
		}
		w.write(t, tileBytes(hashes))
	})
	return bundle, w.err
}

// partial writes the partial tiles of a tree.
func (w *tileWriter) partial(tree *edge, bundle []byte) {
	tree.partial(func(t tlog.Tile, hashes []tlog.Hash) {
		if t.L == 0 {
			w.write(tlog.Tile{H: t.H, L: -1, N: t.N, W: t.W}, bundle)
		}
		w.write(t, tileBytes(hashes))
	})
}

func (w *tileWriter) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *tileWriter) write(t tlog.Tile, data []byte) {
	if w.err != nil {
		return
	}
	name := torchwood.TilePath(t)
	if w.err = w.mkdir(path.Dir(name)); w.err != nil {
		return
	}
	full := w.path(name)
	if w.err = w.batch.Add(full + w.half); w.err != nil {
		return
	}
	f, err := w.fsys.OpenFile(full+w.half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		w.err = err
		return
	}
	_, err = f.WriteAt(data, 0)
	w.err = errors.Join(err, f.Close())
	w.names[full] = true
	w.dirs[path.Dir(name)] = true
}

// mkdir makes a directory; it and those above it are flushed with the tiles if their names may not be durable yet.
func (w *tileWriter) mkdir(dir string) error {
	if w.known[dir] {
		return nil
	}
	if !w.dirs[dir] {
		if err := w.fsys.MkdirAll(w.path(dir), 0o750); err != nil {
			return err
		}
	}
	for ; dir != "." && !w.known[dir]; dir = path.Dir(dir) {
		w.dirs[dir] = true
		w.dirs[path.Dir(dir)] = true
	}
	return nil
}

// sync makes all that was written durable, with its names.
func (w *tileWriter) sync() {
	defer w.batch.Drop()
	if w.err == nil {
		w.err = w.batch.Sync()
	}
	for full := range w.names {
		if w.err == nil {
			w.err = w.fsys.Rename(full+w.half, full)
		}
	}
	clear(w.names)
	for dir := range w.dirs {
		if w.err == nil {
			w.err = w.fsys.SyncDir(w.path(dir))
		}
	}
	if w.err == nil {
		for dir := range w.dirs {
			w.known[dir] = true
		}
		clear(w.dirs)
	}
}

// removeFiles removes the write-ahead files that hold nothing but what is in tiles. That one of them
// comes back with a crash does no harm.
func (l *Log) removeFiles() {
	l.mu.Lock()
	var keep, remove []walInfo
	for i, f := range l.files {
		if slices.ContainsFunc(l.files[i+1:], func(later walInfo) bool { return later.first <= l.size }) {
			remove = append(remove, f)
		} else {
			keep = append(keep, f)
		}
	}
	l.files = keep
	l.mu.Unlock()
	for _, f := range remove {
		if err := l.conf.FS.Remove(l.walPath(walName(f.generation))); err != nil {
			l.conf.Log.Debug("removing a write-ahead file", "error", err)
		}
	}
}

// removePartials removes partial tiles that are neither of this tree nor of the one before, which had
// the size before; those of the latter only where a full tile has taken their place. Readers of older
// checkpoints find the same bytes in wider tiles. What cannot be removed does no harm.
func (w *tileWriter) removePartials(before int64, tree *edge) (err error) {
	for level := -1; level < len(tree.tiles); level++ {
		shift := tileHeight * max(level, 0)
		old, now := before>>shift, tree.size>>shift
		dir := torchwood.TilePath(tlog.Tile{H: tileHeight, L: level, N: old / tileWidth, W: tileWidth}) + ".p"
		list, err2 := w.fsys.ReadDir(w.path(dir))
		if err2 != nil {
			continue // mostly because there is none
		}
		replaced := old/tileWidth < now/tileWidth
		for _, e := range list {
			if replaced || e.Name() != strconv.FormatInt(old%tileWidth, 10) && e.Name() != strconv.FormatInt(now%tileWidth, 10) {
				err = errors.Join(err, w.fsys.Remove(w.path(path.Join(dir, e.Name()))))
			}
		}
		if replaced {
			delete(w.known, dir)
			err = errors.Join(err, w.fsys.Remove(w.path(dir)))
		}
	}
	return err
}

// path returns the place of a slash-separated name in the ledger's directory.
func (l *Log) path(name string) string { return filepath.Join(l.conf.Dir, filepath.FromSlash(name)) }
