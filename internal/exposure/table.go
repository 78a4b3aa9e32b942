package exposure

import (
	"encoding/binary"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// table holds files with their versions in few bytes each: the books are gone through once, and what is asked again and again is asked of it.
// Each file is a record of bytes behind the last; what many have in common (shares, directories, who saved) is told by a number.
type table struct {
	records
	paths  paths
	shares numbers[id.Share]
	epochs numbers[id.Epoch]
	actors numbers[actor]
	record []byte // room to write one
}

// actor is who has saved a version.
type actor struct {
	session id.Session
	account id.Account
	device  id.Device
}

// numbers gives things numbers, in the order in which they come.
type numbers[T comparable] struct {
	list []T
	of   map[T]uint64
	last uint64
}

// number returns the number of x. Most things are as the last was.
func (n *numbers[T]) number(x T) uint64 {
	if len(n.list) > 0 && n.list[n.last] == x {
		return n.last
	}
	i, known := n.of[x]
	if !known {
		if n.of == nil {
			n.of = make(map[T]uint64)
		}
		i = uint64(len(n.list))
		n.of[x], n.list = i, append(n.list, x)
	}
	n.last = i
	return i
}

// records are records of bytes, one behind the other.
type records struct{ blocks [][]byte }

const recordBlock = 1 << 20

func (r *records) add(b []byte) {
	n := len(r.blocks) - 1
	if n < 0 || len(r.blocks[n])+len(b) > cap(r.blocks[n]) {
		r.blocks = append(r.blocks, make([]byte, 0, max(recordBlock, len(b))))
		n++
	}
	r.blocks[n] = append(r.blocks[n], b...)
}

// paths are paths in records, whose directories most have in common.
type paths struct{ dirs numbers[pathname.Path] }

func (t *paths) add(b []byte, p pathname.Path) []byte {
	base := p.Base()
	b = binary.AppendUvarint(b, t.dirs.number(p[:len(p)-len(base)]))
	return append(binary.AppendUvarint(b, uint64(len(base))), base...)
}

func (t *paths) read(r *reader) pathname.Path {
	dir := t.dirs.list[r.number()]
	return dir + pathname.Path(r.take(r.number()))
}

// What a version's record has beside what all have.
const (
	hasKey   = 1 << iota // a key that is not its own
	hasEqual             // a content that can be compared
	hasSaved             // a time
	hasPreviews
)

// add writes a file behind the others.
func (t *table) add(f *File) {
	b := append(t.record[:0], f.ID[:]...)
	b = binary.AppendUvarint(b, t.shares.number(f.Share))
	b = binary.AppendUvarint(b, uint64(len(f.Paths)))
	for _, p := range f.Paths {
		b = t.paths.add(b, p)
	}
	b = binary.AppendUvarint(b, uint64(len(f.Versions)))
	for i := range f.Versions {
		b = t.version(b, &f.Versions[i])
	}
	t.record = b
	t.records.add(b)
}

func (t *table) version(b []byte, v *Version) []byte {
	kind := byte(0)
	if v.Key != v.ID {
		kind |= hasKey
	}
	if v.Equal != [32]byte{} {
		kind |= hasEqual
	}
	if !v.Saved.IsZero() {
		kind |= hasSaved
	}
	if len(v.Previews) > 0 {
		kind |= hasPreviews
	}
	b = append(append(b, kind), v.ID[:]...)
	b = binary.AppendUvarint(b, t.epochs.number(v.Epoch))
	b = binary.AppendUvarint(b, t.actors.number(actor{v.Session, v.Account, v.Device}))
	if kind&hasKey != 0 {
		b = append(b, v.Key[:]...)
	}
	if kind&hasEqual != 0 {
		b = append(b, v.Equal[:len(equal{}.sum)]...)
	}
	if kind&hasSaved != 0 {
		b = binary.AppendVarint(b, v.Saved.UnixMilli())
	}
	if kind&hasPreviews != 0 {
		b = binary.AppendUvarint(b, uint64(len(v.Previews)))
		for _, p := range v.Previews {
			b = binary.AppendUvarint(append(b, p.ID[:]...), t.epochs.number(p.Epoch))
		}
	}
	return b
}

// all yields the files. Each is good until the next; its paths are there once it was asked for them.
func (t *table) all(yield func(*File) bool) {
	f := &File{table: t}
	for _, block := range t.blocks {
		for r := (reader{block}); len(r.rest) > 0; {
			t.read(&r, f)
			if !yield(f) {
				return
			}
		}
	}
}

// each is all, as what may fail yields files.
func (t *table) each(yield func(*File, error) bool) {
	t.all(func(f *File) bool { return yield(f, nil) })
}

func (t *table) read(r *reader, f *File) {
	f.ID, f.Share = id.File(r.take(id.Size)), t.shares.list[r.number()]
	f.Paths, f.Versions = f.Paths[:0], f.Versions[:0]
	f.closed = r.rest
	for range r.number() {
		r.number()
		r.take(r.number())
	}
	for range r.number() {
		f.Versions = append(f.Versions, t.readVersion(r))
	}
}

func (t *table) readVersion(r *reader) Version {
	kind := r.take(1)[0]
	v := Version{ID: id.Version(r.take(id.Size)), Epoch: t.epochs.list[r.number()]}
	who := &t.actors.list[r.number()]
	v.Key, v.Session, v.Account, v.Device = v.ID, who.session, who.account, who.device
	if kind&hasKey != 0 {
		v.Key = id.Version(r.take(id.Size))
	}
	if kind&hasEqual != 0 {
		copy(v.Equal[:], r.take(uint64(len(equal{}.sum))))
	}
	if kind&hasSaved != 0 {
		v.Saved = time.UnixMilli(r.signed())
	}
	if kind&hasPreviews != 0 {
		v.Previews = make([]Preview, r.number())
		for i := range v.Previews {
			v.Previews[i] = Preview{id.Version(r.take(id.Size)), t.epochs.list[r.number()]}
		}
	}
	return v
}

// open reads the paths of a file of a table. Most files are asked for theirs never.
func (f *File) open() *File {
	if f.table == nil || f.closed == nil {
		return f
	}
	r := reader{f.closed}
	for range r.number() {
		f.Paths = append(f.Paths, f.table.paths.read(&r))
	}
	f.closed = nil
	return f
}

// reader reads a record.
type reader struct{ rest []byte }

func (r *reader) take(n uint64) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number() uint64 {
	x, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return x
}

func (r *reader) signed() int64 {
	x, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return x
}
