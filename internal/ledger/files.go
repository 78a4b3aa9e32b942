package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
)

// The names in a ledger's directory.
const (
	checkpointName = "checkpoint"
	entriesDir     = "tile/entries"
	walDir         = "wal"
	maxCheckpoint  = 64 << 10
	maxBundle      = tileWidth * (2 + MaxEntry)
	maxWAL         = 256 << 20
)

// Files shows a directory of a durable.FS as an fs.FS, for reading a ledger where it is written. Each file is read
// as a whole when it is opened, as the parts of a ledger are small.
func Files(fsys durable.FS, dir string) fs.FS { return files{fsys, dir} }

type files struct {
	fsys durable.FS
	dir  string
}

func (f files) Open(name string) (fs.File, error) {
	b, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &openFile{bytes.NewReader(b), path.Base(name), int64(len(b))}, nil
}

func (f files) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return durable.ReadFile(f.fsys, filepath.Join(f.dir, filepath.FromSlash(name)))
}

func (f files) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	list, err := f.fsys.ReadDir(filepath.Join(f.dir, filepath.FromSlash(name)))
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, err
}

// openFile is a file of files, and what Stat says of it.
type openFile struct {
	io.Reader
	name string
	size int64
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *openFile) Close() error               { return nil }
func (f *openFile) Name() string               { return f.name }
func (f *openFile) Size() int64                { return f.size }
func (f *openFile) Mode() fs.FileMode          { return 0o400 }
func (f *openFile) ModTime() time.Time         { return time.Time{} }
func (f *openFile) IsDir() bool                { return false }
func (f *openFile) Sys() any                   { return nil }

// readFile reads at most limit bytes: a ledger may come from anybody.
func readFile(fsys fs.FS, name string, limit int64) (b []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return b, err
}

// readTile returns what stands at t. A partial tile that is gone is read from a wider one: the log removes partial
// tiles when later ones replace them.
func readTile(fsys fs.FS, t tlog.Tile) ([]byte, error) {
	b, err := readFile(fsys, torchwood.TilePath(t), tileLimit(t))
	if !errors.Is(err, fs.ErrNotExist) {
		return checkLength(t, b, err)
	}
	for range 10 { // the wider one may be replaced as well before it is read
		list := wider(fsys, t)
		for _, w := range list {
			if b, err2 := readFile(fsys, torchwood.TilePath(w), tileLimit(w)); err2 == nil {
				return cutTile(t, w, b)
			}
		}
		if len(list) == 0 {
			break
		}
	}
	return nil, err
}

func tileLimit(t tlog.Tile) int64 {
	if t.L < 0 {
		return maxBundle
	}
	return tileWidth * tlog.HashSize
}

func checkLength(t tlog.Tile, b []byte, err error) ([]byte, error) {
	if err == nil && t.L >= 0 && len(b) != t.W*tlog.HashSize {
		err = fmt.Errorf("%s has %d bytes, want %d", torchwood.TilePath(t), len(b), t.W*tlog.HashSize)
	}
	return b, err
}

// cutTile returns the part t of the wider tile w.
func cutTile(t, w tlog.Tile, b []byte) ([]byte, error) {
	if t.L >= 0 {
		if b, err := checkLength(w, b, nil); err != nil {
			return b, err
		}
		return b[:t.W*tlog.HashSize], nil
	}
	entries, err := splitBundle(b, w.W)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", torchwood.TilePath(w), err)
	}
	n := 0
	for _, e := range entries[:t.W] {
		n += 2 + len(e)
	}
	return b[:n], nil
}

// wider returns the tiles at the place of t that are there and wider than t, narrowest first.
func wider(fsys fs.FS, t tlog.Tile) []tlog.Tile {
	if t.W == tileWidth {
		return nil
	}
	full := t
	full.W = tileWidth
	var list []tlog.Tile
	names, _ := fs.ReadDir(fsys, torchwood.TilePath(full)+".p")
	for _, e := range names {
		if w, err := strconv.Atoi(e.Name()); err == nil && w > t.W && w < tileWidth && e.Name() == strconv.Itoa(w) {
			p := t
			p.W = w
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b tlog.Tile) int { return a.W - b.W })
	if exists(fsys, torchwood.TilePath(full)) {
		list = append(list, full)
	}
	return list
}

func exists(fsys fs.FS, name string) bool {
	list, _ := fs.ReadDir(fsys, path.Dir(name))
	return slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == path.Base(name) })
}

// bundleTile names the bundle of the entry at index in a tree of the given size.
func bundleTile(index, size int64) tlog.Tile {
	n := index / tileWidth
	return tlog.Tile{H: tileHeight, L: -1, N: n, W: int(min(tileWidth, size-n*tileWidth))}
}

// tiles reads the tiles of one tree for package tlog, and keeps the last ones: those above and at the right
// edge are asked for again and again. Safe for concurrent use.
type tiles struct {
	fsys fs.FS

	mu   sync.Mutex
	last map[tlog.Tile][]byte // guarded by mu; only tiles that were checked against the root
}

const maxTiles = 64

func newTiles(fsys fs.FS) *tiles { return &tiles{fsys: fsys, last: make(map[tlog.Tile][]byte)} }

// ReadTiles, SaveTiles and ReadEndpoint implement torchwood.TileReader.
func (r *tiles) ReadTiles(ctx context.Context, list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, t := range list {
		r.mu.Lock()
		out[i] = r.last[t]
		r.mu.Unlock()
		if out[i] != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := readTile(r.fsys, t)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

func (r *tiles) SaveTiles(list []tlog.Tile, data [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last)+len(list) > maxTiles {
		clear(r.last)
	}
	for i, t := range list {
		r.last[t] = data[i]
	}
}

func (r *tiles) ReadEndpoint(_ context.Context, name string) ([]byte, error) {
	return readFile(r.fsys, name, maxCheckpoint)
}

// hashReader reads hashes of a tree from tiles in fsys; each is checked against the tree's root.
func hashReader(ctx context.Context, fsys fs.FS, tree tlog.Tree) tlog.HashReader {
	return torchwood.TileHashReaderWithContext(ctx, tree, newTiles(fsys))
}
