package durabletest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes as a whole.
const sector = 512

// node is a file or a directory, in both its states. It is guarded by the Platter's mutex.
type node struct {
	// Of a file.
	cache   []byte            // what a process sees
	platter []byte            // what is there for sure
	sectors map[int64][]state // by number: the states since the last Sync
	sizes   []sizeState       // likewise
	clock   int               // counts states, so that they have an order
	acked   int64             // the size at the last Sync that said yes

	// Of a directory; names is nil for a file.
	names   map[string]*node // what a process sees
	kept    map[string]*node // what is there for sure
	changes []change         // since the last SyncDir
}

// state is what a sector held after a write; nil data are zeros.
type state struct {
	data []byte
	when int
}

type sizeState struct {
	size int64
	when int
}

// change is a name set to a node, another one taken away, or both at once. It stands in both directories concerned.
type change struct {
	set   string
	node  *node
	to    *node // the directory of set
	from  *node // the directory of unset
	unset string
	id    *byte // tells changes apart
}

func newFile() *node { return &node{} }

func newDir() *node { return &node{names: make(map[string]*node), kept: make(map[string]*node)} }

// walk visits all files.
func (n *node) walk(name string, visit func(string, *node)) {
	if n.names == nil {
		visit(name, n)
	}
	for e, n := range n.names {
		n.walk(name+"/"+e, visit)
	}
}

// write puts data into the cache, and remembers what the sectors hold now.
func (n *node) write(data []byte, off int64) {
	if len(data) == 0 {
		return
	}
	end := off + int64(len(data))
	if end > int64(len(n.cache)) {
		n.resize(end)
	}
	copy(n.cache[off:], data)
	n.remember(off, end)
}

// truncate sets the size.
func (n *node) truncate(size int64) {
	old := int64(len(n.cache))
	if size == old {
		return
	}
	n.resize(size)
	if size < old {
		n.remember(size, old)
	}
}

func (n *node) resize(size int64) {
	if size <= int64(len(n.cache)) {
		clear(n.cache[size:]) // it may grow again
		n.cache = n.cache[:size]
	} else {
		n.cache = append(n.cache, make([]byte, size-int64(len(n.cache)))...)
	}
	n.clock++
	n.sizes = append(n.sizes, sizeState{size, n.clock})
}

// remember notes a new state of the sectors that hold the bytes from off to end.
func (n *node) remember(off, end int64) {
	if n.sectors == nil {
		n.sectors = make(map[int64][]state)
	}
	n.clock++
	for s := off / sector; s*sector < end; s++ {
		from, to := min(s*sector, int64(len(n.cache))), min((s+1)*sector, int64(len(n.cache)))
		n.sectors[s] = append(n.sectors[s], state{slices.Clone(n.cache[from:to]), n.clock})
	}
}

// sync moves everything to the platter.
func (n *node) sync() {
	for s, states := range n.sectors {
		n.place(s, states[len(states)-1].data)
	}
	n.platter = resized(n.platter, int64(len(n.cache)))
	n.clean()
}

// clean forgets what a Sync would have written.
func (n *node) clean() { n.sectors, n.sizes = nil, nil }

// place puts a sector on the platter.
func (n *node) place(s int64, data []byte) {
	if end := (s + 1) * sector; end > int64(len(n.platter)) {
		n.platter = resized(n.platter, end)
	}
	at := n.platter[s*sector:][:sector]
	clear(at[copy(at, data):])
}

func resized(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		clear(b[size:])
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// change does what c says in the cache, and notes it.
func (n *node) change(c change) {
	c.id = new(byte)
	if c.node != nil {
		c.to = n
	}
	if c.from != nil {
		delete(c.from.names, c.unset)
		c.from.changes = append(c.from.changes, c)
	}
	if c.to != nil {
		c.to.names[c.set] = c.node
		if c.to != c.from {
			c.to.changes = append(c.to.changes, c)
		}
	}
}

// keep does what c says on the platter.
func (c change) keep() {
	if c.from != nil {
		delete(c.from.kept, c.unset)
	}
	if c.to != nil {
		c.to.kept[c.set] = c.node
	}
}

// syncNames moves all names to the platter. A rename into another directory is one transaction and gets there whole.
func (n *node) syncNames() {
	for _, c := range n.changes {
		c.keep()
		for _, other := range []*node{c.from, c.to} {
			if other != nil && other != n {
				other.changes = slices.DeleteFunc(other.changes, func(o change) bool { return o.id == c.id })
			}
		}
	}
	n.changes = nil
}

// crash returns the node as it is after the power went, with everything below it. Done keeps what was made of the
// nodes met so far, because one may have two names; changes holds the verdict on each change of names.
func (n *node) crash(r *rand.Rand, done map[*node]*node, verdicts map[*byte]bool) *node {
	if d := done[n]; d != nil {
		return d
	}
	if n.names == nil {
		d := n.crashFile(r)
		done[n] = d
		return d
	}
	d := newDir()
	done[n] = d
	kept := maps.Clone(n.kept)
	style := r.IntN(4)
	for _, c := range n.changes {
		keep, known := verdicts[c.id]
		if !known {
			keep = style == 0 || style > 1 && r.IntN(2) == 0
			verdicts[c.id] = keep
		}
		if !keep {
			continue
		}
		if c.from == n {
			delete(kept, c.unset)
		}
		if c.to == n {
			kept[c.set] = c.node
		}
	}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		d.names[name] = kept[name].crash(r, done, verdicts)
	}
	d.kept = maps.Clone(d.names)
	return d
}

// The styles of a crash. Chance alone would hardly ever show the simple ones.
const (
	keepNothing = iota
	keepAll
	keepUntil // everything up to some moment: what a disk with a queue in order does
	keepPages // any pages, whole
	keepSectors
	styles
)

func (n *node) crashFile(r *rand.Rand) *node {
	d := &node{platter: slices.Clone(n.platter), acked: n.acked}
	style, until := r.IntN(styles), r.IntN(n.clock+1)
	pages := make(map[int64]uint32)
	pick := func(count int, when func(int) int, key int64) int {
		switch style {
		case keepNothing:
			return -1
		case keepAll:
			return count - 1
		case keepUntil:
			last := -1
			for i := range count {
				if when(i) <= until {
					last = i
				}
			}
			return last
		case keepPages: // the same answer for all sectors of a page
			if _, ok := pages[key]; !ok {
				pages[key] = r.Uint32()
			}
			return int(pages[key]%uint32(count+1)) - 1
		}
		return r.IntN(count+1) - 1
	}
	for _, s := range slices.Sorted(maps.Keys(n.sectors)) {
		states := n.sectors[s]
		if i := pick(len(states), func(i int) int { return states[i].when }, s/8); i >= 0 {
			d.place(s, states[i].data)
		}
	}
	size := int64(len(n.platter))
	if i := pick(len(n.sizes), func(i int) int { return n.sizes[i].when }, -1); i >= 0 {
		size = n.sizes[i].size
	}
	d.platter = resized(d.platter, size)
	d.cache = slices.Clone(d.platter)
	return d
}

// Crash returns the disk as the next start sees it after the power went now. The seed chooses what of the rest got to the platter.
// This disk lives on; the new one has no faults, no limit and counts from zero.
func (p *Platter) Crash(seed uint64) *Platter {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := New(p.t)
	d.appendOnly = p.appendOnly
	d.root = p.root.crash(rand.New(rand.NewPCG(seed, 0x5eed)), make(map[*node]*node), make(map[*byte]bool))
	return d
}

// Crashes returns the disks that Crash gives for the seeds below n, but each state of the disk once: after a Sync of all most seeds leave the same.
func (p *Platter) Crashes(n uint64) iter.Seq[*Platter] {
	return func(yield func(*Platter) bool) {
		seen := make(map[[32]byte]bool)
		for seed := range n {
			d := p.Crash(seed)
			sum := sha256.New()
			d.root.describe(sum, make(map[*node]int))
			key := [32]byte(sum.Sum(nil))
			if !seen[key] && !yield(d) {
				return
			}
			seen[key] = true
		}
	}
}

// describe writes down all that a start can find below a node that came out of a crash: names, sizes, content, and which names are of one file.
func (n *node) describe(w io.Writer, met map[*node]int) {
	if nth, again := met[n]; again {
		fmt.Fprintf(w, "%d again;", nth)
		return
	}
	met[n] = len(met)
	if n.names == nil {
		fmt.Fprintf(w, "%d bytes:%s;", len(n.cache), n.cache)
		return
	}
	fmt.Fprintf(w, "%d names:", len(n.names))
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		fmt.Fprintf(w, "%q:", name)
		n.names[name].describe(w, met)
	}
}
