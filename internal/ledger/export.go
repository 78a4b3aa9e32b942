package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// Export copies what one checkpoint covers into a directory that is empty or not there: entries, tiles and checkpoint, of one
// size, while the ledger may go on growing. Everything is checked on the way, and what is damaged is not
// copied; the checkpoint is written last, so that a copy that was broken off is none.
func Export(ctx context.Context, ledger fs.FS, verifierKey string, to durable.FS, dir string) (Head, error) {
	r, err := NewReader(ledger, verifierKey)
	if err != nil {
		return Head{}, err
	}
	if list, err := to.ReadDir(dir); err == nil && len(list) > 0 {
		return Head{}, problem.New(problem.Exists, "export the ledger", dir, errors.New("the directory is not empty"))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Head{}, problem.New(problem.Internal, "export the ledger", dir, err)
	}
	x := &export{to: to, dir: filepath.Clean(dir), dirs: make(map[string]bool), batch: durable.NewBatch(to, filepath.Clean(dir))}
	if err := x.run(ctx, r); err != nil {
		if durable.IsNoSpace(err) {
			return Head{}, problem.New(problem.NoSpace, "export the ledger", dir, err)
		}
		return Head{}, fmt.Errorf("export the ledger: %w", err)
	}
	return r.Head(), nil
}

// export is an Export at work.
type export struct {
	to   durable.FS
	dir  string
	dirs map[string]bool // that hold files which are not synced

	batch *durable.Batch
	err   error // the first
}

func (x *export) run(ctx context.Context, r *Reader) error {
	if err := durable.MakeDir(x.to, x.dir, 0o750); err != nil {
		return err
	}
	defer x.batch.Drop()
	var e edge
	tile := func(t tlog.Tile, hashes []tlog.Hash) { x.write(torchwood.TilePath(t), tileBytes(hashes)) }
	for n := int64(0); n < r.tree.N && x.err == nil; n += tileWidth {
		t := bundleTile(n, r.tree.N)
		entries, err := r.bundle(ctx, t)
		if err != nil {
			return err
		}
		var b []byte
		for _, entry := range entries {
			if b, err = torchwood.AppendTileEntry(b, entry); err != nil {
				return err
			}
			e.add(tlog.RecordHash(entry), tile)
		}
		x.write(torchwood.TilePath(t), b)
	}
	e.partial(tile)
	if x.err == nil && e.root() != r.tree.Hash { // cannot be, as each entry was checked
		return errors.New("the copy does not have the root of the checkpoint")
	}
	if x.err == nil {
		x.err = x.batch.Sync()
	}
	for dir := range x.dirs {
		if x.err == nil {
			x.err = x.to.SyncDir(dir)
		}
	}
	if x.err == nil {
		x.err = durable.WriteFile(x.to, filepath.Join(x.dir, checkpointName), r.checkpoint, 0o640)
	}
	return x.err
}

func (x *export) mkdir(dir string) {
	if x.err == nil && !x.dirs[dir] {
		x.err = x.to.MkdirAll(dir, 0o750)
	}
	for ; len(dir) >= len(x.dir) && !x.dirs[dir]; dir = filepath.Dir(dir) {
		x.dirs[dir] = true
	}
}

func (x *export) write(name string, data []byte) {
	full := filepath.Join(x.dir, filepath.FromSlash(name))
	x.mkdir(filepath.Dir(full))
	if x.err == nil {
		x.err = x.batch.Add(full)
	}
	if x.err != nil {
		return
	}
	f, err := x.to.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		x.err = err
		return
	}
	_, err = f.WriteAt(data, 0)
	x.err = errors.Join(err, f.Close())
}
