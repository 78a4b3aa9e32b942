package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// ErrBehind means that what a mirror was given does not continue what it has.
var ErrBehind = errors.New("the entries do not continue those of the mirror")

// Part is what a mirror takes at once: entries of one tile, from Start on, and the proof that the tile, as far as the last of them, stands in a
// tree (an entry package of C2SP tlog-mirror).
type Part struct {
	Start   int64
	Entries [][]byte
	Proof   tlog.TreeProof
}

// Mirror is a copy of somebody else's ledger. Entries come first, each shown to stand in a signed tree, and then the checkpoint that covers
// them. Safe for concurrent use.
type Mirror struct {
	fsys     durable.FS
	dir      string
	verifier note.Verifier

	mu         sync.Mutex
	tree       edge   // of all entries that have come
	bundle     []byte // the last of them, which fill no tile
	written    *tileWriter
	checkpoint []byte // on disk; nil if there is none
	head       Head   // of it
	whole      edge   // of its entries
	last       []byte // the last of them, which fill no tile
}

// manyTiles is how many wait to be made durable together.
const manyTiles = 16 << 10

// OpenMirror opens the copy in a directory, or makes it. Entries behind its checkpoint are forgotten: they come again.
func OpenMirror(ctx context.Context, fsys durable.FS, dir, verifierKey string) (*Mirror, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "open the mirror", Hint: "hint.ledger-key", Err: err}
	}
	if err := durable.MakeDir(fsys, dir, 0o750); err != nil {
		return nil, failed("open the mirror", err)
	}
	m := &Mirror{fsys: fsys, dir: dir, verifier: v, head: Head{Root: emptyRoot()}, written: newTileWriter(fsys, dir, make(map[string]bool))}
	files := Files(fsys, dir)
	signed, err := readFile(files, checkpointName, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, failed("open the mirror", err)
	}
	c, err := openCheckpoint(signed, v)
	if err != nil {
		return nil, damaged(&DamageError{checkpointName, "not signed by this ledger's key", err})
	}
	// The same bytes again: it may have been renamed into place without being durable.
	if err := durable.WriteFile(fsys, filepath.Join(dir, checkpointName), signed, 0o640); err != nil {
		return nil, failed("open the mirror", err)
	}
	l := &Log{conf: Config{FS: fsys, Dir: dir}, fsys: files}
	if err := l.loadTiles(ctx, &c.Tree); err != nil {
		return nil, failed("open the mirror", err)
	}
	m.tree, m.bundle, m.checkpoint, m.head = l.tiled, l.bundle, signed, Head{c.N, c.Hash}
	m.whole, m.last = m.tree.clone(), slices.Clone(m.bundle)
	return m, nil
}

// Next returns the index of the first entry that has not come.
func (m *Mirror) Next() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tree.size
}

// Head returns the tree of the checkpoint.
func (m *Mirror) Head() Head {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.head
}

// Files returns the mirror's directory for reading.
func (m *Mirror) Files() fs.FS { return Files(m.fsys, m.dir) }

// Add takes a part, if it is shown to stand in the tree of a head that was signed. Entries that are there already are passed over. They are
// durable once Commit says so: until then they may have to come again, from Next on.
func (m *Mirror) Add(p Part, in Head) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	base, end := p.Start&^(tileWidth-1), p.Start+int64(len(p.Entries))
	if p.Start < 0 || len(p.Entries) == 0 || end > base+tileWidth || end > in.Size {
		return problem.New(problem.Invalid, "mirror", "", fmt.Errorf("a part from %d up to %d of %d", p.Start, end, in.Size))
	}
	next := m.tree.size
	if p.Start > next || base != next&^(tileWidth-1) {
		return ErrBehind
	}
	var part edge
	if next > base {
		for _, h := range m.tree.tiles[0][:min(p.Start, next)-base] {
			part.add(h, nil)
		}
	}
	entries := make([]entry, len(p.Entries))
	for i, e := range p.Entries {
		entries[i] = entry{e, tlog.RecordHash(e)}
		part.add(entries[i].hash, nil)
	}
	if err := checkSubtree(base, end, part.root(), tlog.Tree{N: in.Size, Hash: in.Root}, p.Proof); err != nil {
		return damaged(&DamageError{"tile/entries", "", err})
	}
	tree, bundle := m.tree.clone(), m.bundle[:len(m.bundle):len(m.bundle)]
	for i, e := range entries {
		if p.Start+int64(i) < next {
			continue
		}
		var err error
		if bundle, err = m.written.add(&tree, bundle, e); err != nil {
			m.written.err = nil // the names of earlier parts are still to be made durable
			return failed("mirror", err)
		}
	}
	m.tree, m.bundle = tree, bundle
	if len(m.written.names) >= manyTiles {
		return m.sync()
	}
	return nil
}

// sync makes what has come durable. If that fails, it comes again: nobody knows what of it is on the disk.
func (m *Mirror) sync() error {
	m.written.sync()
	if err := m.written.err; err != nil {
		m.written.err = nil
		m.tree, m.bundle = m.whole.clone(), slices.Clone(m.last)
		return failed("mirror", err)
	}
	return nil
}

// Commit makes a checkpoint that covers exactly what has come the mirror's own, durably. It may carry more signatures than the ledger's.
func (m *Mirror) Commit(checkpoint []byte) error {
	c, err := openCheckpoint(checkpoint, m.verifier)
	if err != nil {
		return damaged(&DamageError{checkpointName, "not signed by this ledger's key", err})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case c.N != m.tree.size:
		return ErrBehind
	case c.Hash != m.tree.root(): // cannot be: each part was shown to stand in it
		return damaged(&DamageError{checkpointName, "of other entries", nil})
	}
	m.written.partial(&m.tree, m.bundle)
	if err := m.sync(); err != nil {
		return err
	}
	if err := durable.WriteFile(m.fsys, filepath.Join(m.dir, checkpointName), checkpoint, 0o640); err != nil {
		return failed("mirror", err)
	}
	before := m.head.Size
	m.checkpoint, m.head = checkpoint, Head{c.N, c.Hash}
	m.whole, m.last = m.tree.clone(), slices.Clone(m.bundle)
	m.written.removePartials(before, &m.tree) // what stays does no harm
	return nil
}

// Part returns what a mirror of the first size entries takes next from start on, at most up to the end of a tile.
func (r *Reader) Part(ctx context.Context, start, size int64) (Part, error) {
	p := Part{Start: start}
	base := start &^ (tileWidth - 1)
	end := min(base+tileWidth, size)
	if start < 0 || start >= end || size > r.tree.N {
		return p, problem.New(problem.NotFound, "read the ledger", fmt.Sprintf("entry %d", start), fmt.Errorf("the checkpoint has %d entries", r.tree.N))
	}
	for e, err := range r.Entries(ctx, start, end) {
		if err != nil {
			return p, err
		}
		p.Entries = append(p.Entries, e.Data)
	}
	var err error
	if p.Proof, err = proveSubtree(base, end, size, r.hashes(ctx)); err != nil {
		return p, damaged(&DamageError{"tile", fmt.Sprintf("the way from entry %d to the root cannot be read", start), err})
	}
	return p, nil
}

// HeadAt returns the tree of the first size entries.
func (r *Reader) HeadAt(ctx context.Context, size int64) (Head, error) {
	if size < 0 || size > r.tree.N {
		return Head{}, ErrShorter
	}
	root, err := tlog.TreeHash(size, r.hashes(ctx))
	if err != nil {
		return Head{}, damaged(&DamageError{"tile", fmt.Sprintf("the root of %d entries cannot be read", size), err})
	}
	return Head{size, root}, nil
}
