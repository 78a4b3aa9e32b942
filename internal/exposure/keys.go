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
	pages  pages
}

// pages says where a sorted list goes on for each first two bytes, so that little is left to search: identifiers and sums are random.
type pages []uint32

func newPages(n int, first func(i int) (byte, byte)) pages {
	if n < 4096 {
		return nil
	}
	p := make(pages, 1<<16+1)
	for i := range n {
		a, b := first(i)
		p[int(a)<<8+int(b)+1]++
	}
	for i := range 1 << 16 {
		p[i+1] += p[i]
	}
	return p
}

// at returns the part of a list of n that begins with two bytes.
func (p pages) at(a, b byte, n int) (from, to int) {
	if p == nil {
		return 0, n
	}
	i := int(a)<<8 + int(b)
	return int(p[i]), int(p[i+1])
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
	s.pages = newPages(len(s.list), func(i int) (byte, byte) { return s.list[i].id[0], s.list[i].id[1] })
}

func (s *keys) find(v id.Version) (int, bool) {
	from, to := s.pages.at(v[0], v[1], len(s.list))
	n, ok := slices.BinarySearchFunc(s.list[from:to], key{id: v}, compareKeys)
	return from + n, ok
}

func (s *keys) has(v id.Version) bool {
	_, ok := s.find(v)
	return ok
}

// equals are contents, by half of their keyed hash, and the versions that have them.
type equals struct {
	list  []equal
	pages pages
}

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
	s.pages = newPages(len(s.list), func(i int) (byte, byte) { return s.list[i].sum[0], s.list[i].sum[1] })
}

// of returns the versions with a content.
func (s *equals) of(sum [32]byte) []equal {
	if sum == [32]byte{} {
		return nil
	}
	compare := func(e equal, t [16]byte) int { return bytes.Compare(e.sum[:], t[:]) }
	first, end := s.pages.at(sum[0], sum[1], len(s.list))
	n, ok := slices.BinarySearchFunc(s.list[first:end], [16]byte(sum[:]), compare)
	if !ok {
		return nil
	}
	from := first + n
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
