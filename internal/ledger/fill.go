package ledger

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
)

// fillTiles is how many tiles become durable together. What a Fill that was broken off has beyond them is written again.
const fillTiles = 1024

// Fill puts into a ledger's directory all tiles of a copy that are not there, while a Log that has begun with them goes on there: what it needs it reads from
// the copy meanwhile. Each tile is checked. What is damaged is told, and put there all the same if it can be read: the entries in it that are whole count.
// An error of damaged ends it.
func Fill(ctx context.Context, from fs.FS, verifierKey string, to durable.FS, dir string, damaged func(name string, err error) error) error {
	r, err := NewReader(from, verifierKey)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	if err := durable.MakeDir(to, dir, 0o750); err != nil {
		return err
	}
	w := newTileWriter(to, dir, make(map[string]bool))
	w.half = ".fill.new" // the Log writes some of the same
	defer w.batch.Drop()
	for t := range tilesSince(0, r.tree.N) {
		name := torchwood.TilePath(t)
		if there, err := has(to, w.path(name)); err != nil {
			return err
		} else if there {
			continue
		}
		b, err := r.checked(ctx, t)
		if err != nil {
			if err := damaged(name, err); err != nil {
				return err
			}
			if b, err = readTile(from, t); err != nil {
				continue
			}
		}
		if w.write(t, b); len(w.names) == fillTiles {
			w.sync()
		}
		if w.err != nil {
			return w.err
		}
	}
	w.sync()
	return w.err
}

// checked returns a tile of entries or of hashes, as it stands on disk, once it was checked.
func (r *Reader) checked(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.L >= 0 {
		return r.tile(ctx, t)
	}
	entries, err := r.bundle(ctx, t)
	var b []byte
	for _, e := range entries {
		if err == nil {
			b, err = torchwood.AppendTileEntry(b, e)
		}
	}
	return b, err
}

func has(fsys durable.FS, name string) (bool, error) {
	f, err := fsys.OpenFile(name, 0, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}
