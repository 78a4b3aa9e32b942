package ledger

import (
	"slices"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = torchwood.TileHeight
	tileWidth  = torchwood.TileWidth
)

// edge is the right edge of a tree: all that is needed to append to it and to know its root. The zero
// edge is the empty tree.
type edge struct {
	size  int64
	tiles [][]tlog.Hash // tiles[l] are the hashes of the partial tile of level l, at most 255
}

// add appends a leaf. It calls full, if not nil, with each tile that the leaf completes; the hashes are
// only valid during the call.
func (e *edge) add(leaf tlog.Hash, full func(t tlog.Tile, hashes []tlog.Hash)) {
	e.size++
	h := leaf
	for level := 0; ; level++ {
		if level == len(e.tiles) {
			e.tiles = append(e.tiles, make([]tlog.Hash, 0, tileWidth))
		}
		e.tiles[level] = append(e.tiles[level], h)
		t := e.tiles[level]
		if len(t) < tileWidth {
			return
		}
		if full != nil {
			n := e.size>>(tileHeight*(level+1)) - 1
			full(tlog.Tile{H: tileHeight, L: level, N: n, W: tileWidth}, t)
		}
		h = subtree(t)
		e.tiles[level] = t[:0]
	}
}

// partial calls f with each partial tile of the tree, lowest level first.
func (e *edge) partial(f func(t tlog.Tile, hashes []tlog.Hash)) {
	for level, hashes := range e.tiles {
		if len(hashes) > 0 {
			f(tlog.Tile{H: tileHeight, L: level, N: e.size >> (tileHeight * (level + 1)), W: len(hashes)}, hashes)
		}
	}
}

// root returns the hash of the tree, RFC 6962 section 2.1.
func (e *edge) root() tlog.Hash {
	var whole []tlog.Hash // of the perfect subtrees, from left to right
	for level := len(e.tiles) - 1; level >= 0; level-- {
		rest := e.tiles[level]
		for k := tileWidth / 2; k > 0; k /= 2 {
			if len(rest) >= k {
				whole = append(whole, subtree(rest[:k]))
				rest = rest[k:]
			}
		}
	}
	if len(whole) == 0 {
		return emptyRoot()
	}
	h := whole[len(whole)-1]
	for _, left := range slices.Backward(whole[:len(whole)-1]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// clone returns a copy that shares nothing with e.
func (e *edge) clone() edge {
	c := edge{e.size, make([][]tlog.Hash, len(e.tiles))}
	for i, t := range e.tiles {
		c.tiles[i] = append(make([]tlog.Hash, 0, tileWidth), t...)
	}
	return c
}

// subtree returns the hash over a power of two of hashes.
func subtree(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	return tlog.NodeHash(subtree(h[:len(h)/2]), subtree(h[len(h)/2:]))
}

func emptyRoot() tlog.Hash {
	h, err := tlog.TreeHash(0, nil)
	if err != nil {
		panic(err) // never: an empty tree reads nothing
	}
	return h
}

// loadEdge returns the right edge of a tree from its tiles, which r reads and checks against the root.
func loadEdge(size int64, r tlog.HashReader) (edge, error) {
	e := edge{size: size}
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		count := size >> (tileHeight * level)
		first := count &^ (tileWidth - 1)
		indexes := make([]int64, 0, tileWidth)
		for n := first; n < count; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(tileHeight*level, n))
		}
		hashes, err := r.ReadHashes(indexes)
		if err != nil {
			return edge{}, err
		}
		e.tiles = append(e.tiles, append(make([]tlog.Hash, 0, tileWidth), hashes...))
	}
	return e, nil
}

// tileBytes returns a hash tile as it stands on disk.
func tileBytes(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}
