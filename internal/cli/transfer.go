package cli

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// Report sums up an import or an export.
type Report struct {
	Files     int64   `json:"files"`     // seen
	Copied    int64   `json:"copied"`    //
	Unchanged int64   `json:"unchanged"` // same size and time
	Skipped   int64   `json:"skipped"`   // of a kind or name that is not kept
	Failed    int64   `json:"failed"`
	Bytes     int64   `json:"bytes"` // copied
	Seconds   float64 `json:"seconds"`
}

// Outcome names a file that was not copied, and why.
type Outcome struct {
	Path   string       `json:"path"`
	Result string       `json:"result"` // "skipped", "failed"
	Reason string       `json:"reason"`
	Kind   problem.Kind `json:"kind,omitempty"`
}

// transfer is an import or an export under way.
type transfer struct {
	a      *app
	c      *client.Client
	bar    *progress
	mu     sync.Mutex
	report Report
}

// tell names a file that was not copied. A person reads it at once; the report counts it.
func (t *transfer) tell(path string, failed bool, reason string, kind problem.Kind) {
	o := Outcome{Path: path, Result: "skipped", Reason: reason}
	t.mu.Lock()
	defer t.mu.Unlock()
	if failed {
		o.Result, o.Kind = "failed", kind
		t.report.Failed++
	} else {
		t.report.Skipped++
	}
	if t.a.json {
		t.a.emit(o)
		return
	}
	key := "say.skipped"
	if failed {
		key = "say.failed"
	}
	t.bar.clear()
	fmt.Fprintln(t.a.err, t.a.t(key, printable(path), reason))
}

// fail tells about an error.
func (t *transfer) fail(path string, err error) {
	p := t.a.problem(err)
	t.tell(path, true, p.Message, p.Kind)
}

// copied counts a file.
func (t *transfer) copied(bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Copied++
	t.report.Bytes += bytes
}

func (t *transfer) count(f func(*Report)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.report)
}

// finish prints the report and turns failures into the exit code.
func (t *transfer) finish(key string) error {
	t.bar.end()
	t.report.Seconds = t.a.now().Sub(t.bar.start).Seconds()
	r := t.report
	if t.a.json {
		if err := t.a.emit(map[string]any{"report": r}); err != nil {
			return err
		}
	} else {
		t.a.print(key, r.Copied, size(r.Bytes), r.Seconds, r.Unchanged, r.Skipped, r.Failed)
	}
	if r.Failed > 0 {
		return partly{failed: int(r.Failed)}
	}
	return nil
}

// workers is how many things are in flight at a time: more than there are processors, since some wait for the disk.
func workers() int { return max(6, runtime.NumCPU()) }

// A batch of small files ends when it has so many files or bytes.
const (
	batchFiles = 256
	batchBytes = 16 << 20
)

// flow is how files go through a transfer: directories are walked, what is found in them is gathered into jobs, and the jobs are done.
type flow[F any] struct {
	dirs  *queue
	found chan F
	jobs  chan []F // one large file, or a batch of small ones

	size  func(F) int64
	large int64 // from here on a file is a job of its own
	batch int64 // bytes of a batch
}

func newFlow[F any](size func(F) int64, large, batch int64) flow[F] {
	return flow[F]{dirs: newQueue(), found: make(chan F, 1024), jobs: make(chan []F, workers()), size: size, large: large, batch: batch}
}

// run does all that is to be done, or stops with ctx. The bar is told when all has been found.
func (l *flow[F]) run(ctx context.Context, bar *progress, walk func(context.Context, pair), do func(context.Context, []F)) {
	var walkers, copiers, gathering sync.WaitGroup
	for range workers() {
		walkers.Go(func() {
			for d, ok := l.dirs.pop(ctx); ok; d, ok = l.dirs.pop(ctx) {
				walk(ctx, d)
				l.dirs.done()
			}
		})
		copiers.Go(func() {
			for job := range l.jobs {
				if ctx.Err() == nil {
					do(ctx, job)
				}
			}
		})
	}
	gathering.Go(l.gather)
	walkers.Wait()
	bar.complete.Store(true)
	close(l.found)
	gathering.Wait()
	copiers.Wait()
}

// gather makes jobs of what was found.
func (l *flow[F]) gather() {
	defer close(l.jobs)
	var batch []F
	var bytes int64
	for f := range l.found {
		n := l.size(f)
		if n > l.large {
			l.jobs <- []F{f}
			continue
		}
		batch, bytes = append(batch, f), bytes+n
		if len(batch) == batchFiles || bytes >= l.batch {
			l.jobs <- batch
			batch, bytes = nil, 0
		}
	}
	if len(batch) > 0 {
		l.jobs <- batch
	}
}
