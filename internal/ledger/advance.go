package ledger

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"
)

// Advance returns the signed head of all durable entries and the proof that the tree of the first old of them is its beginning: what a
// witness asks for (C2SP tlog-witness). The proof is empty for old 0. Nothing is written. It returns ErrShorter for more
// than there are.
func (l *Log) Advance(ctx context.Context, old int64) (checkpoint []byte, proof tlog.TreeProof, err error) {
	t, leave, err := l.whole(ctx)
	if err != nil {
		return nil, nil, failed("prove", err)
	}
	defer leave()
	if old < 0 || old > t.edge.size {
		return nil, nil, ErrShorter
	}
	if old > 0 {
		if proof, err = tlog.ProveTree(t.edge.size, old, t); err != nil {
			return nil, nil, failed("prove", err)
		}
	}
	checkpoint, err = l.sign(Head{t.edge.size, t.edge.root()})
	return checkpoint, proof, err
}

// whole is the tree of all durable entries at one moment, those that are not in tiles yet included.
type whole struct {
	edge  edge
	tiles tlog.HashReader // of the first size entries
	size  int64
	held  []entry // from size on
}

// whole returns the tree as it is. Until leave is called nothing is published.
func (l *Log) whole(ctx context.Context) (t *whole, leave func(), err error) {
	select {
	case l.pub <- struct{}{}: // so that tiled and the tiles on disk stay as they are
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	t = &whole{size: l.tiled.size, tiles: hashReader(ctx, l.fsys, tlog.Tree{N: l.tiled.size, Hash: l.tiled.root()})}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.edge = l.durable.clone()
	t.held = l.held[:t.edge.size-t.size]
	return t, func() { <-l.pub }, nil
}

// ReadHashes implements tlog.HashReader.
func (t *whole) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var at []int // of those that are read from tiles
	var stored []int64
	for i, index := range indexes {
		if level, n := tlog.SplitStoredHashIndex(index); (n+1)<<level <= t.size {
			at, stored = append(at, i), append(stored, index)
		}
	}
	var err error
	if len(stored) > 0 { // there may be no tiles at all
		hashes, err := t.tiles.ReadHashes(stored)
		if err != nil {
			return nil, err
		}
		for i, h := range hashes {
			out[at[i]] = h
		}
	}
	for i, index := range indexes {
		if level, n := tlog.SplitStoredHashIndex(index); (n+1)<<level > t.size {
			if out[i], err = t.node(level, n); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// node returns the hash of a perfect subtree that is not all in tiles.
func (t *whole) node(level int, n int64) (tlog.Hash, error) {
	if (n+1)<<level <= t.size {
		h, err := t.tiles.ReadHashes([]int64{tlog.StoredHashIndex(level, n)})
		if err != nil {
			return tlog.Hash{}, err
		}
		return h[0], nil
	}
	if level == 0 {
		return t.held[n-t.size].hash, nil
	}
	left, err := t.node(level-1, 2*n)
	if err != nil {
		return tlog.Hash{}, err
	}
	right, err := t.node(level-1, 2*n+1)
	return tlog.NodeHash(left, right), err
}
