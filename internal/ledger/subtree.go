package ledger

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// errSubtree means that a part of a tree was not shown to be one.
var errSubtree = errors.New("the entries are not those of the checkpoint")

// proveSubtree returns the proof that the entries from lo up to hi, one tile or the part of the last one that there is, stand in the
// tree of the first n: the subtree consistency proof of draft-ietf-plants-merkle-tree-certs, section 4.4, of such a part. It is what
// leads from its hash to the root, nearest first.
func proveSubtree(lo, hi, n int64, r tlog.HashReader) (tlog.TreeProof, error) {
	var proof tlog.TreeProof
	err := beside(lo, hi, 0, n, func(from, to int64, _ bool) error {
		h, err := rangeHash(from, to, r)
		proof = append(proof, h)
		return err
	})
	return proof, err
}

// checkSubtree reports whether h is the hash of the entries from lo up to hi in the tree with that root.
func checkSubtree(lo, hi int64, h tlog.Hash, tree tlog.Tree, proof tlog.TreeProof) error {
	err := beside(lo, hi, 0, tree.N, func(_, _ int64, left bool) error {
		if len(proof) == 0 {
			return errSubtree
		}
		if left {
			h = tlog.NodeHash(proof[0], h)
		} else {
			h = tlog.NodeHash(h, proof[0])
		}
		proof = proof[1:]
		return nil
	})
	if err != nil {
		return err
	}
	if len(proof) > 0 || h != tree.Hash {
		return errSubtree
	}
	return nil
}

// beside calls f with the parts of the tree from 'from' up to 'to' that stand beside the way to the part from lo up to hi, the nearest first; left:
// before it.
func beside(lo, hi, from, to int64, f func(from, to int64, left bool) error) error {
	if from == lo && to == hi {
		return nil
	}
	if lo < from || hi > to || to-from < 2 {
		return errSubtree
	}
	k := int64(1)
	for k*2 < to-from {
		k *= 2
	}
	mid := from + k
	switch {
	case hi <= mid:
		if err := beside(lo, hi, from, mid, f); err != nil {
			return err
		}
		return f(mid, to, false)
	case lo >= mid:
		if err := beside(lo, hi, mid, to, f); err != nil {
			return err
		}
		return f(from, mid, true)
	}
	return errSubtree
}

// rangeHash returns the hash of the entries from 'from' up to 'to', which are a part of a tree as beside makes them.
func rangeHash(from, to int64, r tlog.HashReader) (tlog.Hash, error) {
	var indexes []int64
	for at := from; at < to; {
		level := 0
		for at&(1<<(level+1)-1) == 0 && at+1<<(level+1) <= to {
			level++
		}
		indexes = append(indexes, tlog.StoredHashIndex(level, at>>level))
		at += 1 << level
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return tlog.Hash{}, err
	}
	h := hashes[len(hashes)-1]
	for i := len(hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(hashes[i], h)
	}
	return h, nil
}
