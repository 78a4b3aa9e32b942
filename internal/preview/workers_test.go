package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/problem"
)

// testMemory is what the workers of tests get.
var testMemory int64 = 512 << 20

// TestMain makes this program a worker, of the kind that its first argument names.
func TestMain(m *testing.M) {
	kinds := map[string]func([]string) error{
		"worker": func(args []string) error { return Work(args, os.Stdin, os.Stdout) },
		"late":   func(args []string) error { must1(os.ReadFile("/etc/passwd")); return Work(args, os.Stdin, os.Stdout) },
		"escape": escape,
		"spin":   func(args []string) error { must1(begin(args)); return spin() },
		"free":   func([]string) error { return spin() },
		"liar":   func([]string) error { fmt.Print(strings.Repeat("<script>", 9)); return nil },
		"flood":  func([]string) error { return flood() },
		"broken": func([]string) error { return errors.New("it is broken") },
	}
	if len(os.Args) > 1 && kinds[os.Args[1]] != nil {
		if err := kinds[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](_ T, err error) { must(err) }

// spin computes without an end of its own for as long as any limit of these tests should take to end it, and three times that. So a limit
// that is gone shows at once, and leaves no process that goes on behind the test.
func spin() error {
	for used := (unix.Timespec{}); used.Sec < 3; {
		must(unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &used))
	}
	fmt.Print("nobody has ended it")
	return nil
}

func flood() error {
	for {
		if _, err := os.Stdout.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
	}
}

// escape tries what a decoder that was taken over would try, and names what it could do.
func escape([]string) error {
	parent := os.Getppid()
	must(confine(testMemory, time.Minute))
	for name, try := range map[string]func() error{
		"read a file":     func() error { _, err := os.ReadFile("/etc/passwd"); return err },
		"write a file":    func() error { return os.WriteFile("/tmp/escaped", nil, 0o600) },
		"open a socket":   func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err },
		"start a program": func() error { return exec.Command("/bin/true").Run() },
		"fork": func() error {
			pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			if errno != 0 {
				return errno
			}
			if pid == 0 {
				unix.Exit(0)
			}
			return nil
		},
		"become a program":      func() error { return unix.Exec("/bin/true", nil, nil) },
		"signal its parent":     func() error { return unix.Kill(parent, 0) },
		"signal it another way": func() error { return unix.Tgkill(parent, parent, 0) },
		"look into another":     func() error { return unix.PtraceAttach(parent) },
		"take limits off":       func() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}) },
		"use what was open":     func() error { _, err := unix.Write(3, []byte("x")); return err },
		"take it another way":   func() error { _, err := unix.Dup(1); return err },
	} {
		done := make(chan error)
		go func() { // threads that came before and after are all held
			runtime.LockOSThread()
			done <- try()
		}()
		if err := <-done; err == nil {
			fmt.Println(name)
		}
	}
	fmt.Print("tried all")
	return nil
}

// run runs this program as another kind of worker, with a file open that it should not have.
func runAs(t *testing.T, kind string) (string, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "open"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := exec.Command("/proc/self/exe", kind)
	c.ExtraFiles = []*os.File{f}
	out, err := c.Output()
	return string(out), err
}

func TestConfined(t *testing.T) {
	if out, err := runAs(t, "escape"); err != nil || out != "tried all" {
		t.Errorf("could: %s, %v", out, err)
	}
}

// TestProcessorTime: who computes for ever is killed by the kernel, whatever its parent does.
func TestProcessorTime(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	w := newWorkers(t, Config{Command: []string{"preview.test", "spin"}, CPU: time.Second, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	_, _, err := w.Make(t.Context(), "spin.jpg", 3, strings.NewReader("\xff\xd8\xff"), Small)
	if !errors.Is(err, ErrTooLarge) || problem.KindOf(err) != problem.TooLarge {
		t.Errorf("got %v, want that it takes too long: a worker went on beyond its second of processor time", err)
	}
	if !strings.Contains(said.String(), "signal: killed") {
		t.Errorf("the worker was not killed: %s", &said)
	}
}

// TestWallClock: what the kernel does not end, because it has no limit or uses no processor, its parent does.
func TestWallClock(t *testing.T) {
	t.Parallel()
	w := newWorkers(t, Config{Command: []string{"preview.test", "free"}, Wall: 200 * time.Millisecond})
	_, _, err := w.Make(t.Context(), "free.jpg", 3, strings.NewReader("\xff\xd8\xff"), Small)
	if problem.KindOf(err) != problem.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want Unavailable: a worker went on beyond its time", err)
	}
}

func newWorkers(t *testing.T, cfg Config) *Workers {
	t.Helper()
	if cfg.Command == nil {
		cfg.Command = []string{"preview.test", "worker"}
	}
	if cfg.Memory == 0 {
		cfg.Memory = testMemory
	}
	w := NewWorkers(cfg)
	t.Cleanup(w.Close)
	return w
}

// works checks that workers make a preview.
func works(t *testing.T, w *Workers) {
	t.Helper()
	b := jpegOf(t, corners(600, 400))
	out, size, err := w.Make(t.Context(), "a.jpg", int64(len(b)), bytes.NewReader(b), Small)
	if err != nil || size != (Size{600, 400}) {
		t.Fatalf("size %v, %v", size, err)
	}
	m, _, err := image.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	checkCorners(t, m)
}

func TestWorkers(t *testing.T) {
	w := newWorkers(t, Config{})
	want := make(map[string][]byte)
	for name, b := range files(t, corners(700, 300)) {
		out, _, err := render(bytes.NewReader(b), int64(len(b)), Small, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		want[name] = out
	}
	var all sync.WaitGroup
	for name, b := range files(t, corners(700, 300)) {
		all.Go(func() {
			got, size, err := w.Make(t.Context(), name, int64(len(b)), bytes.NewReader(b), Small)
			if err != nil || size != (Size{700, 300}) || !bytes.Equal(got, want[name]) {
				t.Errorf("%s: %d bytes of %v, %v; want %d bytes", name, len(got), size, err, len(want[name]))
			}
		})
	}
	all.Wait()
}

// TestPollerBefore: a package that reads a file before main has the runtime make its poller, and the worker works all the same.
func TestPollerBefore(t *testing.T) {
	w := newWorkers(t, Config{Command: []string{"preview.test", "late"}})
	for name, b := range files(t, corners(700, 300)) {
		if _, size, err := w.Make(t.Context(), name, int64(len(b)), bytes.NewReader(b), Small); err != nil || size != (Size{700, 300}) {
			t.Errorf("%s: %v, %v", name, size, err)
		}
	}
}

func TestReasons(t *testing.T) {
	w := newWorkers(t, Config{})
	broken := jpegOf(t, corners(300, 300))[:3000]
	for _, x := range []struct {
		name string
		b    []byte
		kind problem.Kind
		hint string
	}{
		{"text", []byte("no picture at all, but a text"), problem.Invalid, "hint.picture-unsupported"},
		{"half", broken, problem.Invalid, "hint.picture-damaged"},
		{"bomb", bombs(t)["png"], problem.TooLarge, "hint.picture-too-large"},
	} {
		_, _, err := w.Make(t.Context(), x.name, int64(len(x.b)), bytes.NewReader(x.b), Small)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Kind != x.kind || p.Hint != x.hint || p.On != x.name {
			t.Errorf("%s: %v, want %v, %s", x.name, err, x.kind, x.hint)
		}
	}
	if _, _, err := w.Make(t.Context(), "huge", maxFile+1, nil, Small); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("a huge file: %v", err)
	}
	works(t, w)
}

// TestMemory: a bomb whose header is within the limits, and whose decoder wants four times the memory of the picture, ends a worker and
// nothing else.
func TestMemory(t *testing.T) {
	var said bytes.Buffer
	w := newWorkers(t, Config{Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	edge := uint16(1)
	for n := int64(edge); n*n*3 <= testMemory/4*3 && n*n <= maxPixels; n += 8 {
		edge = uint16(n)
	}
	bomb := startOfFrame(0xc2, edge, edge)
	if _, err := open(bytes.NewReader(bomb), int64(len(bomb)), testMemory); err != nil {
		t.Fatalf("%d×%d is refused by its header: %v", edge, edge, err)
	}
	_, _, err := w.Make(t.Context(), "bomb.jpg", int64(len(bomb)), bytes.NewReader(bomb), Small)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Kind != problem.TooLarge || !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want TooLarge", err)
	}
	if !strings.Contains(said.String(), "has died") {
		t.Errorf("the worker has not died: %s", &said)
	}
	works(t, w)
}

// trickle is a picture that comes byte by byte, for some seconds.
type trickle struct{ sent int }

func (s *trickle) Read(p []byte) (int, error) {
	if s.sent > 1<<21 {
		return 0, io.EOF
	}
	p[0] = "\xff\xd8\xff"[min(s.sent, 2)]
	s.sent++
	return 1, nil
}

func TestSlowInput(t *testing.T) {
	w := newWorkers(t, Config{Wall: 200 * time.Millisecond})
	if _, _, err := w.Make(t.Context(), "slow.jpg", maxFile, new(trickle), Small); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	source, feed := io.Pipe()
	done := make(chan error)
	go func() {
		_, _, err := newWorkers(t, Config{}).Make(ctx, "stuck.jpg", 100, source, Small)
		done <- err
	}()
	feed.Write([]byte("\xff\xd8\xff")) // it has begun
	cancel()
	feed.CloseWithError(ctx.Err())
	if err := <-done; problem.KindOf(err) != problem.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
}

// TestContentFails: what is wrong with the source is told as it is.
func TestContentFails(t *testing.T) {
	w := newWorkers(t, Config{})
	want := errors.New("the disk is gone")
	for _, n := range []int{0, 10, 2000} {
		content := io.MultiReader(bytes.NewReader(jpegOf(t, corners(300, 300))[:n]), failing{want})
		if _, _, err := w.Make(t.Context(), "a.jpg", 5000, content, Small); err != want {
			t.Errorf("after %d bytes: %v, want %v", n, err, want)
		}
	}
	works(t, w)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestKilled: a worker that is killed in the middle takes its own picture with it and no other.
func TestKilled(t *testing.T) {
	w := newWorkers(t, Config{})
	source, feed := io.Pipe()
	go func() {
		feed.Write([]byte("\xff\xd8\xff")) // it has begun
		for _, pid := range children(t) {
			unix.Kill(pid, unix.SIGTERM)
		}
		for { // until nobody reads any more
			if _, err := feed.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}()
	_, _, err := w.Make(t.Context(), "a.jpg", maxFile, source, Small)
	source.Close()
	if problem.KindOf(err) != problem.Internal {
		t.Errorf("got %v, want Internal", err)
	}
	works(t, w)
}

// children returns the processes that this one has started.
func children(t *testing.T) (out []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(names) == 0 {
		t.Errorf("%d threads, %v", len(names), err)
	}
	for _, name := range names {
		b, _ := os.ReadFile(name) // a thread may have ended
		for _, f := range strings.Fields(string(b)) {
			var pid int
			fmt.Sscan(f, &pid)
			out = append(out, pid)
		}
	}
	if len(out) == 0 {
		t.Error("no worker is running")
	}
	return out
}

// TestNotBelieved: what a worker says is no preview before it looks like one.
func TestNotBelieved(t *testing.T) {
	for _, kind := range []string{"liar", "flood", "broken"} {
		w := newWorkers(t, Config{Command: []string{"preview.test", kind}})
		b, _, err := w.Make(t.Context(), "a.jpg", 3, strings.NewReader("\xff\xd8\xff"), Small)
		if problem.KindOf(err) != problem.Internal || b != nil {
			t.Errorf("%s: %d bytes, %v", kind, len(b), err)
		}
	}
	enlarged := &limited{left: 1 << 20}
	enlarged.Write([]byte{0, 0, 0, 0, 9, 0, 0, 0, 9})
	enlarged.Write(jpegOf(t, corners(500, 2)))
	if _, _, err := enlarged.preview(Small); err == nil {
		t.Error("a preview that is too large is taken")
	}
}

// TestQueue: who finds too many waiting is told at once, and Close ends who works and who waits.
func TestQueue(t *testing.T) {
	w := NewWorkers(Config{Command: []string{"preview.test", "worker"}, Memory: testMemory, Workers: 1, Waiting: 1})
	source, feed := io.Pipe()
	results := make(chan error, 2)
	try := func(r io.Reader) { _, _, err := w.Make(t.Context(), "a.jpg", 100, r, Small); results <- err }
	go try(source)
	feed.Write([]byte("\xff\xd8\xff"))
	go try(strings.NewReader(""))
	for len(w.waiting) < 2 {
		runtime.Gosched()
	}
	if _, _, err := w.Make(t.Context(), "a.jpg", 100, strings.NewReader(""), Small); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("the third: %v, want Unavailable", err)
	}
	context.AfterFunc(w.ctx, func() { feed.Close() })
	w.Close()
	for range 2 {
		if err := <-results; problem.KindOf(err) != problem.Unavailable {
			t.Errorf("after Close: %v, want Unavailable", err)
		}
	}
	if _, _, err := w.Make(t.Context(), "a.jpg", 100, strings.NewReader(""), Small); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("later: %v, want Unavailable", err)
	}
}

// photograph is a picture that compresses about as a photograph does.
func photograph(w, h int) *image.YCbCr {
	m, r := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420), rand.New(rand.NewPCG(1, 2))
	for i := range m.Y {
		m.Y[i] = byte(60 + i%w*100/w + i/w*60/h + r.IntN(24))
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = byte(110+r.IntN(8)), byte(140+r.IntN(8))
	}
	return m
}

// BenchmarkMake measures what an import of photographs costs: 12 megapixels each.
func BenchmarkMake(b *testing.B) {
	photo := photograph(4000, 3000)
	w := NewWorkers(Config{Command: []string{"preview.test", "worker"}})
	defer w.Close()
	for _, edge := range []int{Small, Large} {
		b.Run(fmt.Sprint(edge), func(b *testing.B) {
			jpg := jpegOf(b, photo)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _, err := w.Make(b.Context(), "a.jpg", int64(len(jpg)), bytes.NewReader(jpg), edge)
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
			var u unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(u.Maxrss>>10), "MiB-peak")
			b.ReportMetric(float64(len(jpg)>>10), "KiB-in")
		})
	}
}
