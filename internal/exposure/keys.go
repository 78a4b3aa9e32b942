package exposure

import (
	"bytes"
	"slices"

	"github.com/azekura/azekura/internal/id"
)

// key names a version, and its share by a number.
type key struct {
	id    id.Version
	share uint32
}

// keys is a set of versions, each in few bytes. It is read only once it is settled.
type keys struct {
	list   []key
	sorted int // so many were sorted, and each stands there once
}

func compareKeys(a, b key) int { return bytes.Compare(a.id[:], b.id[:]) }

func (s *keys) add(k key) {
	if s.list = append(s.list, k); len(s.list) > 2*s.sorted+4096 {
		s.settle()
	}
}

func (s *keys) settle() {
	slices.SortFunc(s.list, compareKeys)
	s.list = slices.CompactFunc(s.list, func(a, b key) bool { return a.id == b.id })
	s.sorted = len(s.list)
}

// close is settle for the last time.
func (s *keys) close() {
	s.settle()
	s.list = slices.Clone(s.list) // gives back the room for more
}

func (s *keys) find(v id.Version) (int, bool) {
	return slices.BinarySearchFunc(s.list, key{id: v}, compareKeys)
}

func (s *keys) has(v id.Version) bool {
	_, ok := s.find(v)
	return ok
}

// equals are contents, by half of their keyed hash, and the versions that have them.
type equals struct{ list []equal }

type equal struct {
	sum [16]byte
	id  id.Version // that was released, or in reach
}

func (s *equals) add(sum [32]byte, v id.Version) {
	if sum != [32]byte{} {
		s.list = append(s.list, equal{[16]byte(sum[:]), v})
	}
}

func (s *equals) settle() {
	slices.SortFunc(s.list, func(a, b equal) int {
		if n := bytes.Compare(a.sum[:], b.sum[:]); n != 0 {
			return n
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	s.list = slices.Clone(slices.Compact(s.list))
}

// of returns the versions with a content.
func (s *equals) of(sum [32]byte) []equal {
	if sum == [32]byte{} {
		return nil
	}
	compare := func(e equal, t [16]byte) int { return bytes.Compare(e.sum[:], t[:]) }
	from, ok := slices.BinarySearchFunc(s.list, [16]byte(sum[:]), compare)
	if !ok {
		return nil
	}
	to := from
	for to < len(s.list) && s.list[to].sum == s.list[from].sum {
		to++
	}
	return s.list[from:to]
}

// bits is a set of dense numbers.
type bits []uint64

func (b *bits) set(n int) {
	if n < 0 {
		return
	}
	for n/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) has(n int) bool { return n >= 0 && n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

// without takes the numbers of c away.
func (b bits) without(c bits) {
	for i := range min(len(b), len(c)) {
		b[i] &^= c[i]
	}
}

// all yields the numbers in order.
func (b bits) all(yield func(int) bool) {
	for i, word := range b {
		for n := 0; word != 0; n++ {
			if word&1 != 0 && !yield(i*64+n) {
				return
			}
			word >>= 1
		}
	}
}
