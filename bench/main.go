// Command bench measures azekura beside programs that people know: all peers in the same run, interleaved, on
// the same disk, from the same warm sources. It writes tables with medians, ranges and ratios, and says which
// of the project's targets were met.
//
//	go -C bench run . all                         everything; one to two hours, 30 GB of disk
//	go -C bench run . import -n 5 -data DIR       one program
//	go -C bench run . webdav -scale 0.05 -n 1     a quick look; its figures mean little
//
// It ends with an error if a target of what it has measured was missed.
//
// Generated files are kept in DIR/corpus, results in DIR/results. A second run finds its files there.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// program is one measurement.
type program struct {
	name string
	text string // what it shows
	room int64  // bytes of disk that it needs at full scale, its files included
	run  func(ctx context.Context, b *bench, r *Result) error
}

var programs = []program{
	{"limits", "what this machine can do at best: ciphers, hashes, disk, loopback", 4 << 30, runLimits},
	{"import", "an album of photographs and layouts into an empty vault", 20 << 30, runImport},
	{"small", "100,000 files of about 20 KB into an empty vault", 10 << 30, runSmall},
	{"webdav", "2,000 photographs and one large file up and down over WebDAV", 20 << 30, runWebDAV},
	{"read", "what release and record add to opening a photograph", 4 << 30, runRead},
	{"people", "logging in, a gallery of 500 photographs, 200 people at their pages", 4 << 30, runPeople},
	{"guard", "what the guard adds to saving photographs and documents", 12 << 30, runGuard},
	{"large", "10 GB in and out with bounded memory", 14 << 30, runLarge},
	{"rollback", "25,000 hurt files of 1,000,000 put back, against restic and borg restoring them", 20 << 30, runRollback},
	{"story", "200 schools, 173,000 persons, 1,000,000 files: what was read, of whom, and the letters to all", 14 << 30, runStory},
	{"copies", "copies to a medium and back, and the audit of a ledger, against cp, restic and borg", 12 << 30, runCopies},
	{"rescue", "1,000,000 small files on a medium: from the start of a restore to the first file", 30 << 30, runRescue},
	{"million", "1,000,000 small files: memory, start after a crash, rebuild", 14 << 30, runMillion},
}

// bench is what all programs share.
type bench struct {
	data    string // everything lies in here, so that all peers use one disk
	n       int    // rounds
	scale   float64
	medium  string   // a folder on the disk that copies go to; empty: one in memory
	azekura string   // the binary under test; built when empty
	peers   []string // measured beside azekura; nil means all
	out     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run runs one program, or all of them and the report.
func run(ctx context.Context, args []string, out io.Writer) error {
	b := &bench{out: out}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&b.data, "data", "/var/tmp/azekura-bench", "directory for files, peers and results; all on one disk")
	flags.IntVar(&b.n, "n", 5, "rounds; the median is taken over them")
	flags.Float64Var(&b.scale, "scale", 1, "part of the files and bytes of the full measurement")
	flags.StringVar(&b.azekura, "azekura", "", "binary to measure (built from the repository by default)")
	flags.StringVar(&b.medium, "medium", "", "folder on another disk, for copies (a disk in memory by default)")
	peers := flags.String("peers", "", "comma-separated names of the peers to measure (all by default)")
	flags.Usage = func() { usage(out, flags) }
	if len(args) == 0 {
		flags.Usage()
		return fmt.Errorf("which program?")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.n < 1 || b.scale <= 0 || b.scale > 1 {
		flags.Usage()
		return fmt.Errorf("-n must be at least 1, -scale in (0, 1], and nothing may follow the flags")
	}
	if *peers != "" {
		b.peers = strings.Split(*peers, ",")
	}
	var err error
	if b.data, err = filepath.Abs(b.data); err != nil {
		return err
	}
	todo := programs
	switch i := slices.IndexFunc(programs, func(p program) bool { return p.name == args[0] }); {
	case i >= 0:
		todo = programs[i : i+1]
	case args[0] == "report":
		todo = nil
	case args[0] != "all":
		flags.Usage()
		return fmt.Errorf("there is no program %q", args[0])
	}
	if err := os.MkdirAll(b.results(), 0o755); err != nil {
		return err
	}
	for _, p := range todo {
		if err := b.measure(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	missed, err := b.report(todo)
	if err == nil && missed > 0 {
		err = fmt.Errorf("%d targets were missed", missed)
	}
	return err
}

func usage(out io.Writer, flags *flag.FlagSet) {
	fmt.Fprintln(out, "usage: bench PROGRAM [flags]")
	for _, p := range programs {
		fmt.Fprintf(out, "  %-8s %s\n", p.name, p.text)
	}
	fmt.Fprintf(out, "  %-8s %s\n  %-8s %s\n", "all", "all of these", "report", "only write the tables of the results that are there")
	flags.PrintDefaults()
}

// measure runs one program and keeps its result.
func (b *bench) measure(ctx context.Context, p program) error {
	if err := b.room(int64(float64(p.room) * b.scale)); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(b.run()); err != nil { // left by a run that was broken off
		return err
	}
	b.say("== %s: %s (n=%d, scale %g)", p.name, p.text, b.n, b.scale)
	r := &Result{Program: p.name, Text: p.text, Started: time.Now().UTC().Truncate(time.Second), Rounds: b.n, Scale: b.scale, Machine: machine(ctx, b.data)}
	start := time.Now()
	if err := p.run(ctx, b, r); err != nil {
		return err
	}
	r.Seconds = math.Round(time.Since(start).Seconds())
	return r.save(b.results())
}

func (b *bench) results() string { return filepath.Join(b.data, "results") }

// run is where peers work. It is emptied before and after each of them.
func (b *bench) run() string { return filepath.Join(b.data, "run") }

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// wants reports whether a peer is to be measured.
func (b *bench) wants(peer string) bool {
	return b.peers == nil || slices.Contains(b.peers, peer) || peer == ours
}

// count scales a number of files, but never to none.
func (b *bench) count(full int) int { return max(1, int(math.Round(float64(full)*b.scale))) }

// bytes scales a size.
func (b *bench) bytes(full int64) int64 { return max(1, int64(math.Round(float64(full)*b.scale))) }

// room fails unless the disk has so many bytes free. Files of an earlier run are asked for once more, which is too strict
// but never fills a disk.
func (b *bench) room(need int64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(b.data, &s); err != nil {
		return fmt.Errorf("free space of %s: %w", b.data, err)
	}
	if free := int64(s.Bavail) * s.Bsize; free < need {
		return fmt.Errorf("%s has %d MB free; %d MB are needed (-data chooses another disk)", b.data, free/1e6, need/1e6)
	}
	return nil
}

// build builds the binary under test, once.
func (b *bench) build(ctx context.Context) error {
	if b.azekura != "" {
		var err error
		b.azekura, err = filepath.Abs(b.azekura)
		return err
	}
	root, err := b.root(ctx)
	if err != nil {
		return err
	}
	bin := filepath.Join(b.data, "azekura")
	c := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/azekura")
	c.Dir = root
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build azekura in %s: %w\n%s", root, err, text)
	}
	b.azekura = bin
	return nil
}

// root returns the folder of the repository.
func (b *bench) root(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(filepath.Dir(strings.TrimSpace(string(mod)))), nil
}
