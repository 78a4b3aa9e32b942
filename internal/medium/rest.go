package medium

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// Logbook is the folder of the lines of appliances, on a medium as in a vault.
const Logbook = "logbook"

// Rest shows the ledger and the lines of appliances of a state as the folders /ledger and /logbook of a disk that nothing can be written to. Of the ledger
// it has what a signature vouches for, checkpoint and tiles. Lines are read here and there, and not compared with the record: each batch has a seal.
func (s *State) Rest() durable.FS { return rest{s} }

type rest struct{ s *State }

// slash returns a name as it stands on a medium.
func slash(name string) string {
	return strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/")
}

// tile returns the name of a part of the ledger.
func (r rest) tile(name string) (string, bool) {
	rel, ok := strings.CutPrefix(slash(name), ledgerDir+"/")
	return rel, ok && (rel == "checkpoint" || rel == "tile" || strings.HasPrefix(rel, "tile/"))
}

// OpenFile implements durable.FS.
func (r rest) OpenFile(name string, flag int, _ fs.FileMode) (durable.File, error) {
	if rel, ok := r.tile(name); ok {
		b, err := fs.ReadFile(r.s.Ledger(), rel)
		if err != nil {
			return nil, err
		}
		return fixed{io.NopCloser(nil), bytes.NewReader(b), int64(len(b))}, nil
	}
	at := slices.IndexFunc(r.s.s.Files, func(f fileOf) bool { return f.Name == slash(name) })
	if at < 0 || !strings.HasPrefix(slash(name), Logbook+"/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if flag&os.O_EXCL != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	}
	f := r.s.s.Files[at]
	o, err := openObject(r.s.t, sumName(fileDir, f.Sum), segment{length: f.Size, sum: f.Sum})
	if err != nil {
		return nil, err
	}
	return fixed{o, o, f.Size}, nil
}

// ReadDir implements durable.FS.
func (r rest) ReadDir(name string) (out []fs.DirEntry, err error) {
	if rel, ok := r.tile(name); ok {
		return fs.ReadDir(r.s.Ledger(), rel)
	}
	for _, f := range r.s.s.Files {
		if dir, file := filepath.Split(f.Name); slash(name) == Logbook && dir == Logbook+"/" {
			out = append(out, fs.FileInfoToDirEntry(&sized{memory{name: file}, f.Size}))
		}
	}
	if len(out) == 0 {
		err = &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return out, err
}

func (rest) Rename(from, _ string) error               { return readOnly("rename", from) }
func (rest) Remove(name string) error                  { return readOnly("remove", name) }
func (rest) MkdirAll(name string, _ fs.FileMode) error { return readOnly("mkdir", name) }
func (rest) SyncDir(string) error                      { return nil }

// fixed is an open file that cannot be written to.
type fixed struct {
	io.Closer
	io.ReaderAt
	size int64
}

func (f fixed) Size() (int64, error)             { return f.size, nil }
func (fixed) Sync() error                        { return nil }
func (fixed) Truncate(int64) error               { return readOnly("truncate", "") }
func (fixed) WriteAt([]byte, int64) (int, error) { return 0, readOnly("write", "") }

// Damaged is what to tell of an object of the state that cannot be read as it was written. It returns an error instead where the medium was pulled out.
func (s *State) Damaged(ctx context.Context, name string, err error) (Finding, error) {
	if ctx.Err() != nil {
		return Finding{}, ctx.Err()
	}
	if away(err) && problem.KindOf(err) != problem.Damaged { // which package ledger says
		return Finding{}, err
	}
	return Finding{Object: name, State: s.Number, Reason: reasonOf(err), Text: err.Error()}, s.Gone(ctx)
}

// Gone returns an error if the medium cannot be asked any more: then what could not be read of it is not damaged. What it says of itself is read past the
// page cache, which remembers disks that are gone.
func (s *State) Gone(ctx context.Context) error {
	d, err := Describe(ctx, s.t)
	if err == nil && d.ID != s.Medium.ID {
		err = errOtherMedium
	}
	if err == nil || away(err) {
		return err
	}
	return &problem.Error{Kind: problem.Unavailable, Op: "restore vault", On: s.Medium.Label, Hint: "hint.medium-pulled", Err: err}
}

func readOnly(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS}
}
