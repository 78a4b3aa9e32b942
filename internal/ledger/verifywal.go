package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// snapshot is the part of a ledger that changes while somebody writes: a checkpoint, and what there was
// beside it while it stood. Tiles only grow.
type snapshot struct {
	signed []byte // the checkpoint; nil if it cannot be read, see err
	err    error
	files  []namedWAL
	walErr error
	beyond int64  // the number of entries that the bundles would make, if more than the checkpoint covers
	name   string // of the bundle that says so
}

// text is what is signed, as far as it can be told.
func (s *snapshot) text() string {
	text, _, _ := bytes.Cut(s.signed, []byte("\n\n"))
	return string(text) + "\n"
}

const (
	snapshots = 100 // how often a checkpoint may be replaced while the files beside it are read
	doubts    = 10  // how often a gap in them is looked at again: a listing may miss names that come while it is made
)

// takeSnapshot reads until the checkpoint was the same before and after: a write-ahead file goes only
// when a new checkpoint stands. Bundles are looked at before write-ahead files, which hold their entries first.
func takeSnapshot(ctx context.Context, fsys fs.FS, v note.Verifier) (*snapshot, error) {
	for i := range snapshots {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &snapshot{}
		s.signed, s.err = readFile(fsys, checkpointName, maxCheckpoint)
		origin, size := v.Name(), int64(0)
		if c, err := torchwood.ParseCheckpoint(s.text()); err == nil {
			origin, size = c.Origin, c.N
		}
		s.beyond, s.name = beyond(fsys, size)
		s.files, _, s.walErr = readWALs(fsys, origin)
		again, _ := readFile(fsys, checkpointName, maxCheckpoint)
		gone := errors.Is(s.walErr, fs.ErrNotExist) && exists(fsys, walDir) // removed after it was listed
		gap := s.walErr == nil && i < doubts
		if gap {
			_, err := chain(s.files, size)
			gap = err != nil
		}
		if bytes.Equal(s.signed, again) && !gone && !gap {
			return s, nil
		}
	}
	return nil, errors.New("the checkpoint was replaced faster than it could be read")
}

// remember notes what to keep of the tree, to compare write-ahead files with it.
func (w *audit) remember(s *snapshot) {
	w.from = w.Size
	for _, f := range s.files {
		if f.err == nil {
			w.seen[f.first] = tlog.Hash{}
			w.from = min(w.from, f.first)
		}
	}
}

// wal checks the write-ahead files against the tree, and counts what they hold behind it. An export has
// none, not even a directory for them.
func (w *audit) wal(s *snapshot) {
	end := w.Size
	switch {
	case s.walErr == nil:
		entries, err := chain(s.files, w.Size)
		if e, ok := errors.AsType[*DamageError](err); ok {
			w.damage(walKind(e, s.files, w.Size), e.File, nil, "%v", e)
		}
		for _, f := range s.files {
			w.compareWAL(f)
		}
		for i, e := range entries {
			w.time(w.Size+int64(i), e)
		}
		w.Beyond = int64(len(entries))
		end += w.Beyond
	case !errors.Is(s.walErr, fs.ErrNotExist):
		w.damage(Missing, walDir, nil, "%v", s.walErr)
	}
	if s.beyond > end {
		w.damage(RolledBack, checkpointName, nil, "%s is there, but the checkpoint has only %d entries: an older checkpoint was put back", s.name, w.Size)
	}
}

// walKind tells an older checkpoint from a damaged file.
func walKind(e *DamageError, files []namedWAL, size int64) Kind {
	for _, f := range files {
		switch {
		case f.name != e.File:
		case f.err != nil:
			return Malformed
		case f.first > size:
			return RolledBack
		}
	}
	return Missing
}

// compareWAL checks that a file continues this tree, and holds no other entries than it.
func (w *audit) compareWAL(f namedWAL) {
	if f.err != nil || f.first > w.Size || w.edge.root() != w.Root { // nothing to compare with
		return
	}
	if w.seen[f.first] != f.root {
		w.damage(Altered, f.name, nil, "it continues another ledger than the one of the checkpoint")
		return
	}
	for _, r := range f.runs {
		for i, e := range r.entries {
			n := r.first + int64(i)
			if n >= w.from && n < w.Size && tlog.RecordHash(e) != w.tail[n-w.from] {
				w.damage(Altered, f.name, &n, "entry %d is not the one that was signed", n)
			}
		}
	}
}

// beyond returns the number of entries that the bundles on disk would make, if that is more than the checkpoint
// covers. A crash leaves such bundles, but then write-ahead files hold their entries.
func beyond(fsys fs.FS, covered int64) (size int64, name string) {
	size = covered
	for n := covered / tileWidth; ; n++ {
		t := tlog.Tile{H: tileHeight, L: -1, N: n, W: tileWidth}
		full := torchwood.TilePath(t)
		if exists(fsys, full) {
			size, name = (n+1)*tileWidth, full
			continue
		}
		list, _ := fs.ReadDir(fsys, full+".p")
		for _, e := range list {
			width, err := strconv.Atoi(e.Name())
			if end := n*tileWidth + int64(width); err == nil && width < tileWidth && end > size {
				size, name = end, fmt.Sprintf("%s.p/%d", full, width)
			}
		}
		return size, name
	}
}
