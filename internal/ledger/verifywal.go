package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// readWAL reads the write-ahead files, and notes what to remember of the tree for them. An export has none, not even
// a directory for them.
func (w *audit) readWAL() (files []namedWAL, live bool) {
	w.from = w.Size
	files, _, err := readWALs(w.fsys, w.Origin)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.damage(Missing, walDir, nil, "%v", err)
		}
		return nil, false
	}
	for _, f := range files {
		if f.err == nil {
			w.seen[f.first] = tlog.Hash{}
			w.from = min(w.from, f.first)
		}
	}
	return files, true
}

// wal checks the write-ahead files against the tree, and counts what they hold behind it.
func (w *audit) wal(files []namedWAL, live bool) {
	end := w.Size
	if live {
		entries, err := chain(files, w.Size)
		if e, ok := errors.AsType[*DamageError](err); ok {
			w.damage(walKind(e, files, w.Size), e.File, nil, "%v", e)
		}
		for _, f := range files {
			w.compareWAL(f)
		}
		for i, e := range entries {
			w.time(w.Size+int64(i), e)
		}
		w.Beyond = int64(len(entries))
		end += w.Beyond
	}
	if n, name := w.beyond(); n > end {
		w.damage(RolledBack, checkpointName, nil, "%s is there, but the checkpoint has only %d entries: an older checkpoint was put back", name, w.Size)
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
func (w *audit) beyond() (size int64, name string) {
	size = w.Size
	for n := w.Size / tileWidth; ; n++ {
		t := tlog.Tile{H: tileHeight, L: -1, N: n, W: tileWidth}
		full := torchwood.TilePath(t)
		if exists(w.fsys, full) {
			size, name = (n+1)*tileWidth, full
			continue
		}
		list, _ := fs.ReadDir(w.fsys, full+".p")
		for _, e := range list {
			width, err := strconv.Atoi(e.Name())
			if end := n*tileWidth + int64(width); err == nil && width < tileWidth && end > size {
				size, name = end, fmt.Sprintf("%s.p/%d", full, width)
			}
		}
		return size, name
	}
}
