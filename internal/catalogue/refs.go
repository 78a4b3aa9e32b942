package catalogue

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// perBlock is how many numbers one block of Refs tells of.
const perBlock = 1 << 14

// Refs is a set of nodes, for all of a share: two bits for each number between the first and the last, where a list of a million took as many times sixteen bytes.
// The numbers of a share lie close together, or among those of few others.
type Refs struct {
	blocks map[int64]*refBlock // by their number, from which on they tell of perBlock nodes
	count  int
}

// refBlock tells which nodes there are, and which of them are directories.
type refBlock struct{ nodes, dirs [perBlock / 64]uint64 }

// Add enters a node, in any order; each once.
func (r *Refs) Add(n Ref) {
	if r.blocks == nil {
		r.blocks = make(map[int64]*refBlock)
	}
	b := r.blocks[n.Num/perBlock]
	if b == nil {
		b = new(refBlock)
		r.blocks[n.Num/perBlock] = b
	}
	at, bit := n.Num%perBlock/64, uint64(1)<<(n.Num%64)
	if b.nodes[at]&bit == 0 {
		r.count++
	}
	if b.nodes[at] |= bit; n.Dir {
		b.dirs[at] |= bit
	}
}

// Len returns how many there are.
func (r *Refs) Len() int { return r.count }

// All yields them in the order of making.
func (r *Refs) All() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for _, k := range slices.Sorted(maps.Keys(r.blocks)) {
			b := r.blocks[k]
			for at, left := range b.nodes {
				for ; left != 0; left &= left - 1 {
					i := bits.TrailingZeros64(left)
					if !yield(Ref{Num: k*perBlock + int64(at*64+i), Dir: b.dirs[at]>>i&1 != 0}) {
						return
					}
				}
			}
		}
	}
}

// Lists yields those that are picked, some at a time. A list is good until the next one.
func (r *Refs) Lists(size int, pick func(Ref) bool) iter.Seq[[]Ref] {
	return func(yield func([]Ref) bool) {
		list := make([]Ref, 0, min(size, r.count))
		for n := range r.All() {
			if !pick(n) {
				continue
			}
			if list = append(list, n); len(list) == size {
				if !yield(list) {
					return
				}
				list = list[:0]
			}
		}
		if len(list) > 0 {
			yield(list)
		}
	}
}
