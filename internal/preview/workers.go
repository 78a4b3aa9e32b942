package preview

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/problem"
)

// Config is how workers are run. What is zero has a default.
type Config struct {
	// Command starts a worker: it must call Work with what is appended to it. Its first word is the program's name, which is
	// always the running program itself, even when its file has been replaced.
	Command []string
	Log     *slog.Logger

	Workers int           // at the same time: 2
	Waiting int           // calls of Make that may wait for one: 64
	Memory  int64         // of a worker: 1 GiB
	CPU     time.Duration // for a picture: 30 s
	Wall    time.Duration // from the first byte to the last: 2 min
}

// maxAnswer is more than any preview needs.
const maxAnswer = 16 << 20

// Workers makes previews, each in a process that lives for one picture: nothing of it is there any more when the next one comes.
// Safe for concurrent use.
type Workers struct {
	cfg     Config
	waiting chan struct{}
	running chan struct{}
	ctx     context.Context // ends with Close
	close   context.CancelFunc
}

// NewWorkers returns workers. None is started before it is needed.
func NewWorkers(cfg Config) *Workers {
	cfg.Workers, cfg.Waiting = cmp.Or(cfg.Workers, 2), cmp.Or(cfg.Waiting, 64)
	cfg.Memory, cfg.CPU, cfg.Wall = cmp.Or(cfg.Memory, 1<<30), cmp.Or(cfg.CPU, 30*time.Second), cmp.Or(cfg.Wall, 2*time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w := &Workers{cfg: cfg, waiting: make(chan struct{}, cfg.Workers+cfg.Waiting), running: make(chan struct{}, cfg.Workers)}
	w.ctx, w.close = context.WithCancel(context.Background())
	return w
}

// Close ends all workers. Make fails from then on.
func (w *Workers) Close() {
	w.close()
	for range cap(w.running) {
		w.running <- struct{}{}
	}
}

var errClosed = errors.New("the workers are closed")

// errPassing means that another time the picture may be made: this machine was busy, and that says nothing of it.
var errPassing = errors.New("not at this time")

// Make returns a JPEG of a picture, at most edge pixels long, on white and the right way up, and the picture's own size as it is shown.
// It has done with content when it returns; an error of content is returned as it is.
func (w *Workers) Make(ctx context.Context, name string, size int64, content io.Reader, edge int) ([]byte, Size, error) {
	if size > maxFile {
		return nil, Size{}, refused(name, ErrTooLarge)
	}
	select {
	case w.waiting <- struct{}{}:
		defer func() { <-w.waiting }()
	default:
		return nil, Size{}, unavailable(name, errors.New("too many pictures are waiting"))
	}
	select {
	case w.running <- struct{}{}:
		defer func() { <-w.running }()
	case <-ctx.Done():
		return nil, Size{}, unavailable(name, ctx.Err())
	case <-w.ctx.Done():
		return nil, Size{}, unavailable(name, errClosed)
	}
	in := &source{r: io.LimitReader(content, size)}
	b, s, err := w.run(ctx, in, request{Edge: uint32(edge), Size: uint64(size)})
	switch {
	case err == nil:
		return b, s, nil
	case in.err != nil:
		return nil, Size{}, in.err
	case ctx.Err() != nil:
		return nil, Size{}, unavailable(name, ctx.Err())
	case w.ctx.Err() != nil:
		return nil, Size{}, unavailable(name, errClosed)
	case errors.Is(err, errPassing):
		return nil, Size{}, unavailable(name, err)
	}
	return nil, Size{}, refused(name, err)
}

// source remembers why content ended early.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func unavailable(name string, err error) error {
	return problem.New(problem.Unavailable, "make preview", name, err)
}

// refused says why there is no preview.
func refused(name string, err error) error {
	p := problem.New(problem.Internal, "make preview", name, err)
	switch {
	case errors.Is(err, ErrUnsupported):
		p.Kind, p.Hint = problem.Invalid, "hint.picture-unsupported"
	case errors.Is(err, ErrTooLarge):
		p.Kind, p.Hint = problem.TooLarge, "hint.picture-too-large"
	case errors.Is(err, ErrDamaged):
		p.Kind, p.Hint = problem.Invalid, "hint.picture-damaged"
	}
	return p
}

// run gives one picture to a new process.
func (w *Workers) run(ctx context.Context, in io.Reader, r request) ([]byte, Size, error) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Wall)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	head, err := binary.Append(nil, binary.BigEndian, r)
	if err != nil {
		return nil, Size{}, err
	}
	out, said := limited{left: maxAnswer}, limited{left: 4 << 10}
	args := append(w.cfg.Command[1:len(w.cfg.Command):len(w.cfg.Command)],
		strconv.FormatInt(w.cfg.Memory, 10), strconv.FormatInt(int64(w.cfg.CPU/time.Second), 10))
	c := exec.CommandContext(ctx, "/proc/self/exe", args...)
	c.Args[0] = w.cfg.Command[0]
	c.Env, c.Dir = []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}, "/"
	c.Stdin, c.Stdout, c.Stderr = io.MultiReader(bytes.NewReader(head), in), &out, &said
	if err := w.start(c); err != nil {
		return nil, Size{}, err
	}
	if err := c.Wait(); err != nil {
		return nil, Size{}, w.died(ctx, err, string(said.b))
	}
	return out.preview(int(r.Edge))
}

// start starts a process behind all others, where that is allowed: it inherits that from the thread that starts it, which ends.
func (w *Workers) start(c *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, 19); err != nil {
			w.cfg.Log.Debug("a preview worker runs like everybody else", "err", err)
		}
		started <- c.Start()
	}()
	return <-started
}

// died says what the end of a process means for its picture.
func (w *Workers) died(ctx context.Context, err error, said string) error {
	w.cfg.Log.Debug("a preview worker has died", "err", err, "said", said)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	status := exit.Sys().(syscall.WaitStatus)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", errPassing, ctx.Err())
	case status.Signal() == syscall.SIGKILL && exit.UserTime()+exit.SystemTime() < w.cfg.CPU-time.Second: // the machine's memory was at an end
		return fmt.Errorf("%w: %w", errPassing, err)
	case status.ExitStatus() == 1, status.Signal() == syscall.SIGTERM, status.Signal() == syscall.SIGPIPE: // it could not begin, was stopped, or said too much
		return fmt.Errorf("%w: %s", err, said)
	case strings.HasPrefix(said, "panic: "):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("%w: %w", ErrTooLarge, err) // killed for its time, or at the end of its memory, where Go's runtime ends in many ways
}

// limited keeps what a worker writes, up to a limit; more is an error.
type limited struct {
	b    []byte
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, io.ErrShortWrite
	}
	l.left -= len(p)
	l.b = append(l.b, p...)
	return len(p), nil
}

// preview reads an answer. It comes from a process that has read what anybody may have written: it is not believed.
func (l *limited) preview(edge int) ([]byte, Size, error) {
	var a answer
	n, err := binary.Decode(l.b, binary.BigEndian, &a)
	if err != nil {
		return nil, Size{}, err
	}
	b := l.b[n:]
	if a.Code != 0 {
		if int(a.Code) < len(codes) {
			return nil, Size{}, codes[a.Code]
		}
		return nil, Size{}, fmt.Errorf("answer %d", a.Code)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, Size{}, fmt.Errorf("an answer that is no preview: %w", err)
	}
	if c.Width > edge || c.Height > edge || a.Width == 0 || a.Height == 0 || a.Width > maxPixels || a.Height > maxPixels {
		return nil, Size{}, fmt.Errorf("a preview of %d×%d of a picture of %d×%d", c.Width, c.Height, a.Width, a.Height)
	}
	return b, Size{int(a.Width), int(a.Height)}, nil
}
