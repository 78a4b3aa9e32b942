package storehouse

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/problem"
)

// LoadPasswords makes a list of breached passwords out of a download, and puts it where the keeper finds it, whether it runs
// or not. It returns how many passwords the list holds.
func LoadPasswords(ctx context.Context, cfg Config, in io.Reader, progress func(lines int64)) (n int64, err error) {
	const op = "load passwords"
	if !Exists(cfg) {
		return 0, &problem.Error{Kind: problem.NotFound, Op: "open vault", On: cfg.Data, Hint: "hint.init"}
	}
	fsys, dir := Disk(cfg.Data), layoutOf(cfg).keeper
	name := filepath.Join(dir, keeper.BreachedFile)
	f, err := fsys.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, &problem.Error{Kind: problem.Unavailable, Op: op, On: name, Hint: "hint.which-user", Err: err}
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(f, 0), 1<<20)
	n, err = password.Compile(ctx, in, w, cfg.Data, progress)
	err = errors.Join(err, w.Flush())
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = errors.Join(fsys.Rename(name+".new", name), fsys.SyncDir(dir))
	} else {
		err = errors.Join(err, fsys.Remove(name+".new"))
	}
	if err != nil {
		return 0, &problem.Error{Kind: problem.Invalid, Op: op, On: "", Hint: "hint.password-list", Err: err}
	}
	return n, nil
}
