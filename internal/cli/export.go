package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) exporting() *cobra.Command {
	return a.command("export SHARE[/PATH] DIR", "cmd.export", "azekura export albums /mnt/copy\nazekura export albums/2026/0413.jpg .",
		cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error { return a.runExport(ctx, c, args[0], args[1]) })
		})
}

// exporter copies a tree of the vault to disk. All writing goes through root, so that no name can lead
// out of the target.
type exporter struct {
	transfer
	flow[api.Info]
	root *os.Root
	pace pace
	to   func(vault string) string // the path below root of a path in the vault
}

// largeFile is the size from which a file is read by a request of its own.
const largeFile = 8 << 20

func (a *app) runExport(ctx context.Context, c *client.Client, src, dst string) error {
	from, err := pathname.Parse(src)
	if err != nil || from == pathname.Root {
		return &problem.Error{Kind: problem.Invalid, Op: "export", On: src, Hint: "hint.share-path", Err: err}
	}
	top, err := c.Stat(ctx, string(from))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dst, 0o777); err != nil {
		return problem.New(problem.Internal, "export", dst, err)
	}
	root, err := os.OpenRoot(dst)
	if err != nil {
		return problem.New(problem.Internal, "export", dst, err)
	}
	defer root.Close()
	t := &exporter{transfer: transfer{a: a, c: c, bar: a.progress()}, root: root,
		flow: newFlow(func(i api.Info) int64 { return i.Size }, largeFile, 2*batchBytes)}
	base := string(from)
	if top.Type == api.RegularFile {
		base = string(from.Dir())
	}
	t.to = func(p string) string { return path.Join(".", p[min(len(base), len(p)):]) }
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if top.Type == api.RegularFile {
		top.Path = string(from)
		t.file(ctx, top)
	} else {
		t.dirs.push(pair{from: string(from), to: "."})
	}
	t.run(ctx, t.bar, t.directory, t.copy)
	synced := durable.SyncAll(dst) // names and directories: who deletes the original next must not lose the copy to a power cut
	err = t.finish("say.exported")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case synced != nil:
		return problem.New(problem.Internal, "export", dst, synced)
	}
	return err
}

// directory makes a directory and hands on what is in it.
func (t *exporter) directory(ctx context.Context, d pair) {
	if d.to != "." {
		if err := t.root.Mkdir(d.to, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			t.fail(d.from, err)
			return
		}
	}
	t.sweep(d.to)
	for i, err := range t.c.List(ctx, d.from) {
		if err != nil {
			t.fail(d.from, err)
			return
		}
		name := pathname.Path(i.Path).Base()
		if err := pathname.Check(name); err != nil { // never trust a name that becomes one on disk
			t.tell(i.Path, true, err.Error(), problem.Invalid)
			continue
		}
		i.Path = d.from + "/" + name
		switch {
		case i.Live:
			t.tell(i.Path, false, t.a.t("say.litter"), 0)
		case i.Type == api.RegularFile:
			t.file(ctx, i)
		default:
			t.dirs.push(pair{from: i.Path, to: t.to(i.Path)})
		}
	}
}

// file hands a file on unless the disk has it, with the same size and time.
func (t *exporter) file(ctx context.Context, i api.Info) {
	t.count(func(r *Report) { r.Files++ })
	st, err := t.root.Lstat(t.to(i.Path))
	if err == nil && st.Mode().IsRegular() && st.Size() == i.Size && st.ModTime().Truncate(time.Microsecond).Equal(i.Modified) {
		t.count(func(r *Report) { r.Unchanged++ })
		return
	}
	t.bar.allFiles.Add(1)
	t.bar.allBytes.Add(i.Size)
	select {
	case t.found <- i:
	case <-ctx.Done():
	}
}

// written is a file that is whole, under a temporary name.
type written struct {
	from, tmp, name string
	size            int64
}

// copy writes the files of a job, for which the ledger has one release. A file gets its name when its content is
// on the disk: a name with the right size and time is what a second run takes for an exported file.
func (t *exporter) copy(ctx context.Context, job []api.Info) {
	var done []written
	if len(job) == 1 {
		done = t.copyOne(ctx, job[0])
	} else {
		done = t.copyMany(ctx, job)
	}
	if len(done) == 0 {
		return
	}
	synced := durable.SyncAll(t.root.Name())
	for _, w := range done {
		err := synced
		if err == nil {
			err = t.root.Rename(w.tmp, w.name)
		}
		if err != nil {
			t.root.Remove(w.tmp)
			t.fail(w.from, err)
			continue
		}
		t.copied(w.size)
	}
}

func (t *exporter) copyMany(ctx context.Context, job []api.Info) (done []written) {
	paths := make([]string, len(job))
	left := make(map[string]api.Info, len(job))
	for n, i := range job {
		paths[n], left[i.Path] = i.Path, i
	}
	var in *api.ItemReader
	var body io.Closer
	err := t.paced(ctx, func() (err error) {
		in, body, err = t.c.OpenBatch(ctx, paths, string(account.Export))
		return err
	})
	if tooMany(err) && len(job) > 1 {
		half := len(job) / 2
		return append(t.copyMany(ctx, job[:half]), t.copyMany(ctx, job[half:])...)
	}
	if err == nil {
		defer body.Close()
		var item api.Item
		for item, err = in.Next(); err == nil; item, err = in.Next() {
			i, ok := left[item.Path]
			if !ok {
				continue
			}
			delete(left, item.Path)
			if item.Error != nil {
				t.fail(i.Path, &client.Error{Problem: *item.Error})
			} else if w, err := t.write(i.Path, in, item.Modified); err != nil {
				t.fail(i.Path, err)
			} else {
				done = append(done, w)
			}
			t.bar.files.Add(1)
		}
	}
	for p := range left {
		if ctx.Err() != nil {
			break
		}
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		t.fail(p, err)
	}
	return done
}

func (t *exporter) copyOne(ctx context.Context, i api.Info) []written {
	defer t.bar.files.Add(1)
	var c *client.Content
	err := t.paced(ctx, func() (err error) {
		c, err = t.c.Open(ctx, i.Path, client.Version{}, string(account.Export))
		return err
	})
	if err == nil {
		defer c.Close()
		var w written
		if w, err = t.write(i.Path, io.LimitReader(c, c.Size), c.Modified); err == nil {
			return []written{w}
		}
	}
	if ctx.Err() == nil {
		t.fail(i.Path, err)
	}
	return nil
}

// write makes a file under a temporary name.
func (t *exporter) write(vaultPath string, content io.Reader, when time.Time) (w written, err error) {
	w = written{from: vaultPath, name: t.to(vaultPath)}
	w.tmp = path.Join(path.Dir(w.name), temporary+rand64())
	f, err := t.root.OpenFile(w.tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return w, err
	}
	w.size, err = io.Copy(struct{ io.Writer }{f}, counted{content, t.bar})
	err = errors.Join(err, f.Close())
	if err == nil {
		err = t.root.Chtimes(w.tmp, when, when)
	}
	if err != nil {
		t.root.Remove(w.tmp)
	}
	return w, err
}

// temporary begins the name of a file that is not whole. What a killed run left goes at the next.
const temporary = ".azekura-"

// sweep removes what a killed run left in a directory.
func (t *exporter) sweep(dir string) {
	d, err := t.root.Open(dir)
	if err != nil {
		return // making the files will tell
	}
	defer d.Close()
	for names, err := d.Readdirnames(1000); err == nil; names, err = d.Readdirnames(1000) {
		for _, n := range names {
			if left, ok := strings.CutPrefix(n, temporary); ok && len(left) == len(rand64()) && strings.ToUpper(left) == left {
				t.root.Remove(path.Join(dir, n))
			}
		}
	}
}

// counted shows what is read in the progress.
type counted struct {
	io.Reader
	bar *progress
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bar.bytes.Add(int64(n))
	return n, err
}
