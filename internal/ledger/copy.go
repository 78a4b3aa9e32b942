package ledger

import (
	"context"
	"iter"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// File is a file of a ledger: a tile or a bundle of entries.
type File struct {
	Name string
	Data []byte
}

// FilesSince yields the tiles and bundles that a copy with the first from entries lacks to become one of all that the reader's
// checkpoint covers. Each was checked against the checkpoint. The checkpoint itself is not among them.
func (r *Reader) FilesSince(ctx context.Context, from int64) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for t := range tilesSince(from, r.tree.N) {
			b, err := r.checked(ctx, t)
			if !yield(File{torchwood.TilePath(t), b}, err) || err != nil {
				return
			}
		}
	}
}

// tilesSince yields the tiles of a tree that one of its first from entries lacks, those with entries first.
func tilesSince(from, size int64) iter.Seq[tlog.Tile] {
	return func(yield func(tlog.Tile) bool) {
		for n := from &^ (tileWidth - 1); n < size; n += tileWidth {
			if !yield(bundleTile(n, size)) {
				return
			}
		}
		for _, t := range tlog.NewTiles(tileHeight, from, size) {
			if !yield(t) {
				return
			}
		}
	}
}

// tile returns a hash tile of the tree.
func (r *Reader) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	indexes := make([]int64, t.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(tileHeight*t.L, t.N*tileWidth+int64(i))
	}
	hashes, err := r.hashes(ctx).ReadHashes(indexes)
	if err != nil {
		return nil, damaged(&DamageError{torchwood.TilePath(t), "cannot be read", err})
	}
	return tileBytes(hashes), nil
}
