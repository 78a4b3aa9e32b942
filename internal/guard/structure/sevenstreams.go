package structure

import "slices"

// sevenReader reads a header of 7z. Once it is bad it reads nothing more.
type sevenReader struct {
	b      []byte
	bad    bool
	long   bool // it is bad because it is too long to be read
	locked bool
}

// sevenStreamsOf are the streams that a header tells of: what is packed makes folders, in each of which there are parts, one behind the other.
type sevenStreamsOf struct {
	at      int64   // where the first begins, behind the first header
	packed  []int64 // their lengths
	folders []sevenFolderOf
	parts   []sevenPart // the first maxListed
	n       int         // of all
	locked  bool        // with a password
}

type sevenFolderOf struct {
	method string // if there is but one
	props  []byte
	ins    int   // packed streams
	outs   int   // of its coders together
	out    int   // the one that is its content
	size   int64 // of that
	takes  int64 // bytes that are packed
	summed bool
	sum    uint32
}

type sevenPart struct {
	size   int64
	folder int
}

func (r *sevenReader) take(n int64) (b []byte) {
	if r.bad = r.bad || n < 0 || n > int64(len(r.b)); r.bad {
		return nil
	}
	b, r.b = r.b[:n], r.b[n:]
	return b
}

func (r *sevenReader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// number reads a number: its first byte says by its ones how many follow.
func (r *sevenReader) number() (v int64) {
	first := r.byte()
	for i := range 8 {
		if first&(0x80>>i) == 0 {
			v |= int64(first&(0x80>>i-1)) << (8 * i)
			break
		}
		v |= int64(r.byte()) << (8 * i)
	}
	r.bad = r.bad || v < 0
	return v
}

// count reads how many of something there are, of which each takes at least a byte.
func (r *sevenReader) count() int {
	n := r.number()
	r.long = r.long || !r.bad && n <= int64(len(r.b)) && n > sevenMany
	if r.bad = r.bad || n > int64(len(r.b)) || r.long; r.bad {
		return 0
	}
	return int(n)
}

// sums reads checksums of n streams, as many as there are.
func (r *sevenReader) sums(n int, to func(i int, sum uint32)) {
	has := func(int) bool { return true }
	if r.byte() == 0 {
		bits := r.take(int64(n+7) / 8)
		has = func(i int) bool { return bits[i/8]>>(7-i%8)&1 == 1 }
	}
	for i := range n {
		if r.bad {
			return
		}
		if has(i) {
			if b := r.take(4); len(b) == 4 && to != nil {
				to(i, le.Uint32(b))
			}
		}
	}
}

// streams reads what is packed, and how.
func (r *sevenReader) streams() (x sevenStreamsOf) {
	parted := false
	for !r.bad {
		switch r.byte() {
		case sevenEnd:
			if !parted {
				x.whole()
			}
			return x
		case sevenPack:
			r.packs(&x)
		case sevenFolders:
			r.folders(&x)
		case sevenSubstreams:
			parted = true
			r.substreams(&x)
		default:
			r.bad = true
		}
	}
	return x
}

// whole makes each folder one part.
func (x *sevenStreamsOf) whole() {
	for i, f := range x.folders {
		x.part(f.size, i)
	}
}

func (x *sevenStreamsOf) part(size int64, folder int) {
	if x.n++; len(x.parts) < maxListed {
		x.parts = append(x.parts, sevenPart{size, folder})
	}
}

// within reports whether all that is packed is in so many bytes.
func (x *sevenStreamsOf) within(n int64) bool {
	if x.at > n {
		return false
	}
	n -= x.at
	for _, p := range x.packed {
		if p > n {
			return false
		}
		n -= p
	}
	return true
}

func (r *sevenReader) packs(x *sevenStreamsOf) {
	x.at = r.number()
	n := r.count()
	for id := r.byte(); id != sevenEnd && !r.bad; id = r.byte() {
		switch id {
		case sevenSize:
			x.packed = make([]int64, 0, n)
			for range n {
				x.packed = append(x.packed, r.number())
			}
		case sevenSum:
			r.sums(n, nil)
		default:
			r.bad = true
		}
	}
}

func (r *sevenReader) folders(x *sevenStreamsOf) {
	if r.byte() != sevenFolder {
		r.bad = true
		return
	}
	n := r.count()
	if r.byte() != 0 { // it stands elsewhere, which nobody writes
		r.bad = true
		return
	}
	packed := x.packed
	x.folders = make([]sevenFolderOf, 0, n)
	for range n {
		if r.bad {
			return
		}
		f := r.folder(x)
		if r.bad || f.ins > len(packed) {
			r.bad = true
			return
		}
		for _, p := range packed[:f.ins] {
			f.takes += p
		}
		packed = packed[f.ins:]
		x.folders = append(x.folders, f)
	}
	for id := r.byte(); id != sevenEnd && !r.bad; id = r.byte() {
		switch id {
		case sevenUnpacked:
			for i := range x.folders {
				for out := range x.folders[i].outs {
					if size := r.number(); out == x.folders[i].out {
						x.folders[i].size = size
					}
				}
			}
		case sevenSum:
			r.sums(len(x.folders), func(i int, sum uint32) { x.folders[i].summed, x.folders[i].sum = true, sum })
		default:
			r.bad = true
		}
	}
}

// folder reads how a folder is packed: coders, what of theirs is another's, and what is packed.
func (r *sevenReader) folder(x *sevenStreamsOf) (f sevenFolderOf) {
	coders, ins := r.count(), 0
	for range coders {
		flags := r.byte()
		method := string(r.take(int64(flags & 15)))
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = r.count(), r.count()
		}
		var props []byte
		if flags&0x20 != 0 {
			props = r.take(r.number())
		}
		x.locked = x.locked || method == sevenAES
		if ins, f.outs = ins+in, f.outs+out; r.bad || ins > sevenMostStreams || f.outs > sevenMostStreams || f.outs == 0 {
			r.bad = true
			return f
		}
		if f.method, f.props = method, props; coders > 1 {
			f.method = ""
		}
	}
	bound := make([]int64, 0, sevenMostStreams) // outputs that are another's input
	for range f.outs - 1 {
		r.number()
		bound = append(bound, r.number())
	}
	for f.out = 0; slices.Contains(bound, int64(f.out)); {
		f.out++
	}
	if f.ins = ins - (f.outs - 1); f.ins < 1 || f.out >= f.outs {
		r.bad = true
		return f
	}
	if f.ins > 1 {
		for range f.ins {
			r.number()
		}
	}
	return f
}

// substreams reads how folders are parted.
func (r *sevenReader) substreams(x *sevenStreamsOf) {
	counts := make([]int, len(x.folders))
	for i := range counts {
		counts[i] = 1
	}
	id := r.byte()
	if id == sevenCount {
		for i := range counts {
			counts[i] = int(min(r.number(), sevenMost))
		}
		id = r.byte()
	}
	for i, f := range x.folders {
		left := f.size
		for k := range counts[i] {
			size := left
			if k < counts[i]-1 {
				if id != sevenSize {
					r.bad = true
				}
				size = r.number()
			}
			if left -= size; r.bad || left < 0 {
				r.bad = true
				return
			}
			x.part(size, i)
		}
	}
	if id == sevenSize {
		id = r.byte()
	}
	if id == sevenSum {
		n := 0 // of those that have none yet
		for i, f := range x.folders {
			if counts[i] != 1 || !f.summed {
				n += counts[i]
			}
		}
		r.sums(n, nil)
		id = r.byte()
	}
	r.bad = r.bad || id != sevenEnd
}
