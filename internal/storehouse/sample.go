package storehouse

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// Where one age, and one size, of what a drill takes ends and the next begins.
var (
	drillAges  = []time.Duration{31 * 24 * time.Hour, 366 * 24 * time.Hour}
	drillSizes = []int64{64 << 10, 8 << 20}
)

// sort of a version: how old it is in its state, how large, and whether it is what is shown.
type sort struct {
	age, size int
	latest    bool
}

// stratum is a sort of version in a share.
type stratum struct {
	share int
	sort
}

// pick is a version that may be taken: of any two, the one with the lower lot before the other.
type pick struct {
	vault.Stored
	stratum
	lot uint64
}

// sample picks versions by chance: one of each share, one of each sort, one of each sort in each share as far as there is room, and the
// rest from all. The same state and seed give the same. Memory is that of the answer, and a version for each stratum.
type sample struct {
	n     int
	lots  *rand.Rand
	of    time.Time // of the state
	best  map[stratum]pick
	all   lowest
	count int64
	bytes int64
	sizes [3]heft // of everything, by size
}

// heft is how many versions there are, and how much is in them.
type heft struct{ versions, bytes int64 }

func newSample(n int, seed uint64, of time.Time) *sample {
	return &sample{n: n, lots: rand.New(rand.NewPCG(seed, 0)), of: of, best: make(map[stratum]pick)}
}

// sizeOf is the number of a size.
func sizeOf(n int64) int {
	i, _ := slices.BinarySearch(drillSizes, n)
	return i
}

// add looks at a version of a share.
func (s *sample) add(share int, k vault.Stored) {
	age, _ := slices.BinarySearch(drillAges, s.of.Sub(k.Saved))
	p := pick{Stored: k, stratum: stratum{share, sort{age, sizeOf(k.Size), k.Latest}}, lot: s.lots.Uint64()}
	s.count, s.bytes = s.count+1, s.bytes+k.Size
	s.sizes[p.size].versions++
	s.sizes[p.size].bytes += k.Size
	if b, ok := s.best[p.stratum]; !ok || p.lot < b.lot {
		s.best[p.stratum] = p
	}
	if heap.Push(&s.all, p); len(s.all) > s.n {
		heap.Pop(&s.all)
	}
}

// chosen are those that are taken, share by share. There are more than n where there are more shares, or sorts.
func (s *sample) chosen() (out []pick) {
	taken := make(map[id.Version]bool)
	take := func(p pick) {
		if !taken[p.Version] {
			taken[p.Version] = true
			out = append(out, p)
		}
	}
	best := make([]pick, 0, len(s.best))
	for _, p := range s.best {
		best = append(best, p)
	}
	byLot := func(a, b pick) int { return cmp.Compare(a.lot, b.lot) }
	slices.SortFunc(best, byLot)
	shares, sorts := make(map[int]bool), make(map[sort]bool)
	for _, p := range best {
		if !shares[p.share] || !sorts[p.sort] {
			shares[p.share], sorts[p.sort] = true, true
			take(p)
		}
	}
	slices.SortFunc(s.all, byLot)
	for _, p := range slices.Concat(best, s.all) {
		if len(out) >= s.n {
			break
		}
		take(p)
	}
	slices.SortFunc(out, func(a, b pick) int { return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.lot, b.lot)) })
	return out
}

// lowest is a heap whose first has the highest lot.
type lowest []pick

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return l[i].lot > l[j].lot }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lowest) Push(x any)        { *l = append(*l, x.(pick)) }
func (l *lowest) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	*l = (*l)[:last]
	return x
}
