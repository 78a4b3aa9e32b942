package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) importing() *cobra.Command {
	return a.command("import SRC SHARE[/DIR]", "cmd.import", "azekura import /mnt/albums albums\nazekura import ./2026 albums/2026",
		cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error { return a.runImport(ctx, c, args[0], args[1]) })
		})
}

// local is a file to be saved.
type local struct {
	file string // on disk
	path string // in the vault
	size int64
	when time.Time
}

// importer copies a local tree into the vault: some goroutines compare directories, one gathers, some copy.
type importer struct {
	transfer
	flow[local]
}

// runImport copies everything in src that the vault does not have yet.
func (a *app) runImport(ctx context.Context, c *client.Client, src, dst string) error {
	to, err := pathname.Parse(dst)
	if err != nil || to == pathname.Root {
		return &problem.Error{Kind: problem.Invalid, Op: "import", On: dst, Hint: "hint.share-path", Err: err}
	}
	root, err := os.Stat(src)
	if err != nil {
		return problem.New(problem.NotFound, "import", src, err)
	}
	t := &importer{transfer: transfer{a: a, c: c, bar: a.progress()}, flow: newFlow(func(f local) int64 { return f.size }, api.SmallFile, batchBytes)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The target must be there or be made: an error here is the whole import's.
	known := true
	if _, err = c.Stat(ctx, string(to)); problem.KindOf(err) == problem.NotFound {
		known, err = false, c.Mkdir(ctx, string(to))
	}
	if err != nil {
		t.bar.end()
		return err
	}
	if root.IsDir() {
		t.dirs.push(pair{src, string(to), known})
	} else {
		t.bar.allFiles.Store(1)
		t.bar.allBytes.Store(root.Size())
		t.report.Files = 1
		t.found <- local{src, string(to.Join(filepath.Base(src))), root.Size(), root.ModTime()}
	}
	t.run(ctx, t.bar, t.directory, t.copy)
	err = t.finish("say.imported")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// directory compares one local directory with the vault's, with one listing.
func (t *importer) directory(ctx context.Context, d pair) {
	there := make(map[string]api.Info)
	if d.known {
		for i, err := range t.c.List(ctx, d.to) {
			if err != nil {
				t.fail(d.from, err)
				return
			}
			there[pathname.Key(pathname.Path(i.Path).Base())] = i
		}
	}
	entries, err := os.ReadDir(d.from)
	if err != nil { // what could be read is in entries
		t.fail(d.from, err)
	}
	seen := make(map[string]string, len(entries))
	for _, e := range entries {
		if ctx.Err() != nil {
			return
		}
		from := filepath.Join(d.from, e.Name())
		if err := pathname.Check(e.Name()); err != nil {
			t.tell(from, true, err.Error(), problem.Invalid)
			continue
		}
		key := pathname.Key(e.Name())
		if twin, ok := seen[key]; ok {
			t.tell(from, true, t.a.t("say.same-name", printable(twin)), problem.Conflict)
			continue
		}
		seen[key] = e.Name()
		i, known := there[key]
		to := d.to + "/" + e.Name()
		switch {
		case e.IsDir():
			t.subdirectory(ctx, pair{from, to, known}, i)
		case e.Type().IsRegular() && api.Live(e.Name()): // others would be shown it as if the program ran
			t.tell(from, false, t.a.t("say.litter"), 0)
		case e.Type().IsRegular():
			t.file(ctx, e, from, to, i, known)
		default:
			t.tell(from, false, t.a.t("say.not-a-file", e.Type().String()), 0)
		}
	}
}

func (t *importer) subdirectory(ctx context.Context, d pair, i api.Info) {
	if !d.known {
		if err := t.c.Mkdir(ctx, d.to); err != nil {
			t.fail(d.from, err)
			return
		}
	} else if i.Type == api.RegularFile {
		t.fail(d.from, problem.New(problem.Conflict, "make directory", d.to, nil))
		return
	}
	t.dirs.push(d)
}

// file hands a file on unless the vault has it: the same size and time, to the microsecond.
func (t *importer) file(ctx context.Context, e fs.DirEntry, from, to string, i api.Info, known bool) {
	st, err := e.Info()
	if err != nil {
		t.fail(from, err)
		return
	}
	t.count(func(r *Report) { r.Files++ })
	if known && i.Type == api.RegularFile && i.Size == st.Size() && i.Modified.Equal(st.ModTime().Truncate(time.Microsecond)) {
		t.count(func(r *Report) { r.Unchanged++ })
		return
	}
	t.bar.allFiles.Add(1)
	t.bar.allBytes.Add(st.Size())
	select {
	case t.found <- local{from, to, st.Size(), st.ModTime()}:
	case <-ctx.Done():
	}
}

// copy saves the files of a job. What fails is told; the others go on.
func (t *importer) copy(ctx context.Context, job []local) {
	if len(job) == 1 && job[0].size > api.SmallFile {
		t.copyLarge(ctx, job[0])
		return
	}
	files := make(map[string]local, len(job))
	for _, f := range job {
		files[f.path] = f
	}
	var told sync.Map // paths of files that were not sent
	saved := t.c.SaveBatch(ctx, func(w *api.ItemWriter) error {
		for _, f := range job {
			sent, err := t.send(w, f)
			if err != nil {
				return err
			}
			if !sent {
				told.Store(f.path, true)
			}
		}
		return nil
	})
	for s, err := range saved {
		if err != nil { // of the request: the files that nobody has answered for
			for _, f := range files {
				if _, ok := told.Load(f.path); !ok {
					t.fail(f.file, err)
				}
			}
			return
		}
		f, ok := files[s.Path]
		if !ok {
			continue
		}
		delete(files, s.Path)
		switch {
		case s.Error != nil:
			t.fail(f.file, &client.Error{Problem: *s.Error})
		default:
			t.copied(f.size)
		}
		t.bar.files.Add(1)
		t.bar.bytes.Add(f.size)
	}
	for _, f := range files {
		if _, ok := told.Load(f.path); !ok && ctx.Err() == nil {
			t.tell(f.file, true, t.a.t("say.changed-while-read"), problem.Conflict)
		}
	}
}

// send puts a small file into a batch. A file that cannot be read is left out and told.
func (t *importer) send(w *api.ItemWriter, f local) (sent bool, err error) {
	content, when, err := readSmall(f)
	if err != nil {
		t.fail(f.file, err)
		return false, nil
	}
	if err := w.Begin(api.Item{Path: f.path, Size: int64(len(content)), Modified: when}); err != nil {
		return false, err
	}
	if _, err := w.Write(content); err != nil {
		return false, err
	}
	return true, w.End(nil)
}

var errChanged = errors.New("changed while it was read")

// readSmall reads a whole file, with the time it had before and after.
func readSmall(f local) ([]byte, time.Time, error) {
	in, err := os.Open(f.file)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer in.Close()
	content := make([]byte, f.size)
	if _, err := io.ReadFull(in, content); err != nil && err != io.EOF {
		return nil, time.Time{}, errChanged
	}
	return content, f.when, unchanged(in, f)
}

// unchanged returns an error if a file is not what it was when it was found.
func unchanged(in *os.File, f local) error {
	st, err := in.Stat()
	if err == nil && (st.Size() != f.size || !st.ModTime().Equal(f.when)) {
		err = errChanged
	}
	return err
}

func (t *importer) copyLarge(ctx context.Context, f local) {
	defer t.bar.files.Add(1)
	in, err := os.Open(f.file)
	if err != nil {
		t.fail(f.file, err)
		return
	}
	defer in.Close()
	body := &watched{in: in, f: f, bar: t.bar}
	if _, err = t.c.Save(ctx, f.path, body, f.size, f.when); err != nil {
		if body.err != nil {
			err = body.err
		}
		if ctx.Err() == nil {
			t.fail(f.file, err)
		}
		return
	}
	t.copied(f.size)
}

// watched reads a file and fails at its end if it was changed meanwhile, so that no mixture is ever saved.
type watched struct {
	in  *os.File
	f   local
	bar *progress
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.bar.bytes.Add(int64(n))
	if err == io.EOF {
		if changed := unchanged(w.in, w.f); changed != nil {
			err = changed
		}
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// pair is a directory on both sides.
type pair struct {
	from, to string
	known    bool // the other side has it
}

// queue holds directories that wait. It ends when it is empty and nobody works on one any more.
type queue struct {
	mu      sync.Mutex
	more    *sync.Cond
	waiting []pair
	busy    int
}

func newQueue() *queue {
	q := &queue{}
	q.more = sync.NewCond(&q.mu)
	return q
}

func (q *queue) push(p pair) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, p)
	q.more.Signal()
}

// pop returns the directory that was pushed last, which keeps the queue short.
func (q *queue) pop(ctx context.Context) (p pair, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && q.busy > 0 && ctx.Err() == nil {
		q.more.Wait()
	}
	if len(q.waiting) == 0 || ctx.Err() != nil {
		q.more.Broadcast()
		return p, false
	}
	q.busy++
	p = q.waiting[len(q.waiting)-1]
	q.waiting = q.waiting[:len(q.waiting)-1]
	return p, true
}

// done ends the work on a directory that pop returned.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy--; q.busy == 0 {
		q.more.Broadcast()
	}
}

// trim shows a path without the slash that paths begin with, as people type them.
func trim(p string) string { return strings.TrimPrefix(p, "/") }
