package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What is copied, at full scale: about 2 GB.
const (
	copiedPhotos    = 400
	copiedDocuments = 60
	auditedEntries  = 1_000_000 // at every scale: that many take seconds
	auditLimit      = 10        // s
)

const (
	oursRead    = "azekura, read back" // the same run, to its end
	testCopy    = "copy to an empty medium"
	testRestore = "restore from a medium"
)

// carrier is a program that copies what it keeps to a medium, and restores from there.
type carrier struct {
	name    string
	keeps   string // the folder with what it copies
	prepare func(ctx context.Context, medium string) error
	copy    func(ctx context.Context, medium string) *exec.Cmd // nil: prepare has done it, and it has no command for that
	after   func(stdout []byte) (float64, error)               // how many seconds of the copy came once it was complete; nil: none
	restore func(ctx context.Context, medium, to string) *exec.Cmd
	check   func(ctx context.Context, to string) error // of the first round's restore; nil: its exit code
}

// carrying is runCopies at work.
type carrying struct {
	b      *bench
	r      *Result
	source string // the tree that all of them keep
	size   int64
	dir    string // what they keep
	v      *vault
	card   string
	papers string
}

// runCopies compares copies to a medium and restores from it, and times the offline audit of a ledger.
func runCopies(ctx context.Context, b *bench, r *Result) (err error) {
	c := &carrying{b: b, r: r, dir: filepath.Join(b.run(), "copies")}
	if c.source, err = b.printed(ctx); err != nil {
		return err
	}
	var files int
	if files, c.size, err = measureTree(c.source); err != nil {
		return err
	}
	medium, text, done, err := b.mediumDisk(ctx, 2*c.size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	all, err := c.carriers(ctx, files)
	if err != nil {
		return err
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%d photographs, layouts and documents, %d MB, kept by each in its own way; cp copies azekura's packs. Nothing of it is in the page cache. The medium is %s. Times are until a sync has ended, too. Azekura's copy is complete, signed and durable when the others' are; then it is read back, which is told apart (“%s”).", files, c.size/1e6, text, oursRead))
	for round := range b.n {
		for i := range all {
			if x := all[(i+round)%len(all)]; b.wants(x.name) {
				if err := c.carry(ctx, x, medium, round); err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
			}
		}
	}
	const what = "time until it is on disk"
	r.atMost(testCopy, "cp -a", 1/0.8, what, onDisk)
	r.atMost(testCopy, "restic", 1, what, onDisk)
	r.atMost(testRestore, "cp -a", 1/0.8, what, onDisk)
	for _, peer := range []string{"restic", "borg"} {
		r.atMost(testRestore, peer, 1, what, onDisk)
	}
	return c.audit(ctx)
}

// printed returns a tree of photographs, layouts and documents.
func (b *bench) printed(ctx context.Context) (string, error) {
	photos, documents := b.count(copiedPhotos), b.count(copiedDocuments)
	return b.corpus(ctx, "printed", photos+documents, func() ([]job, error) {
		p, err := b.load(ctx)
		if err != nil {
			return nil, err
		}
		return append(albumJobs(p, photos), guardedJobs(p, "proof", documents, 0, proof)...), nil
	})
}

// carriers lets each of them keep the tree, and returns them.
func (c *carrying) carriers(ctx context.Context, files int) ([]carrier, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, err
	}
	out, err := c.ours(ctx, files)
	if err != nil {
		return nil, err
	}
	out = append(out, c.plain(out[0].keeps)...)
	for _, add := range []func(context.Context) (carrier, error){c.restic, c.borg} {
		x, err := add(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// carry has one of them copy and restore once.
func (c *carrying) carry(ctx context.Context, x carrier, medium string, round int) error {
	at, to := filepath.Join(medium, "copy"), filepath.Join(c.dir, "back")
	defer os.RemoveAll(at)
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	if err := x.prepare(ctx, at); err != nil {
		return err
	}
	add := func(test, name string, s Sample) {
		c.b.say("%-23s %d/%d %-21s %6.2f s, on disk %6.2f s, CPU %6.2f s, %4.0f MiB", test, round+1, c.b.n, name, s.Wall, s.OnDisk, s.CPU, s.RSS)
		c.r.add(test, name, c.size, s)
	}
	step := func(test, from string, cmd *exec.Cmd, after func([]byte) (float64, error)) error {
		if err := forget(from); err != nil {
			return err
		}
		s, stdout, err := c.b.timed(ctx, cmd)
		if err != nil {
			return err
		}
		if after != nil {
			add(test, oursRead, s)
			rest, err := after(stdout)
			if err != nil {
				return err
			}
			s.Wall, s.OnDisk = s.Wall-rest, s.OnDisk-rest
		}
		add(test, x.name, s)
		return nil
	}
	if x.copy != nil {
		if err := step(testCopy, x.keeps, x.copy(ctx, at), x.after); err != nil {
			return err
		}
	}
	if x.restore == nil {
		return nil
	}
	defer os.RemoveAll(to)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if err := step(testRestore, at, x.restore(ctx, at, to), nil); err != nil || round > 0 || x.check == nil {
		return err
	}
	return x.check(ctx, to)
}

// folder prepares nothing but that.
func folder(_ context.Context, medium string) error { return os.MkdirAll(medium, 0o755) }

// ours is azekura, and azekura with all files exported behind the restore.
func (c *carrying) ours(ctx context.Context, files int) ([]carrier, error) {
	var err error
	if c.v, err = c.b.newVault(ctx, filepath.Join(c.dir, "data")); err != nil {
		return nil, err
	}
	out, err := quiet(c.v.command(ctx, "import", "--json", c.source, c.v.Share+"/tree"))
	if err == nil {
		err = complete(out, files)
	}
	if err == nil {
		err = c.safe(ctx)
	}
	if err != nil {
		return nil, err
	}
	media := 0
	x := carrier{name: ours, keeps: filepath.Join(c.v.data, "vault", "packs"),
		prepare: func(ctx context.Context, medium string) error {
			if err := os.MkdirAll(medium, 0o755); err != nil {
				return err
			}
			media++
			_, err := quiet(c.v.command(ctx, "media", "init", medium, "--same-disk", "--label", fmt.Sprint("disk ", media)))
			return err
		},
		copy: func(ctx context.Context, medium string) *exec.Cmd {
			return c.v.command(ctx, "media", "sync", "--json", medium)
		},
		after: readBackOf,
		restore: func(ctx context.Context, medium, to string) *exec.Cmd {
			return c.restored(to).command(ctx, "restore-vault", "--from", medium, "--card", c.card, "--papers", c.papers)
		},
		check: func(ctx context.Context, to string) error { return c.restored(to).compare(ctx, c.source, "tree") },
	}
	all := carrier{name: "azekura + export", keeps: x.keeps,
		prepare: func(ctx context.Context, medium string) error {
			if err := x.prepare(ctx, medium); err != nil {
				return err
			}
			_, err := quiet(x.copy(ctx, medium))
			return err
		},
		restore: func(ctx context.Context, medium, to string) *exec.Cmd {
			first, then := x.restore(ctx, medium, to), c.restored(to).command(ctx, "export", c.v.Share+"/tree", filepath.Join(to, "tree"))
			both := exec.CommandContext(ctx, "sh", "-c", strings.Join(append(quoted(first.Args), append([]string{"&&"}, quoted(then.Args)...)...), " "))
			both.Env = then.Env
			return both
		},
	}
	return []carrier{x, all}, nil
}

// readBackOf is how long a sync read back what it had copied, once that was a state and durable.
func readBackOf(stdout []byte) (float64, error) {
	var out struct {
		Unread int64
		Read   float64 `json:"read_seconds"`
	}
	lines := bytes.Split(bytes.TrimSpace(stdout), []byte("\n")) // the last one is no progress
	err := json.Unmarshal(lines[len(lines)-1], &out)
	if err == nil && out.Unread != 0 {
		err = fmt.Errorf("%d bytes were not read back", out.Unread)
	}
	return out.Read, err
}

// quoted returns arguments for a shell.
func quoted(args []string) (out []string) {
	for _, a := range args {
		out = append(out, "'"+strings.ReplaceAll(a, "'", `'\''`)+"'")
	}
	return out
}

// restored is the vault that a restore makes below a folder.
func (c *carrying) restored(to string) *vault {
	return &vault{bin: c.v.bin, data: filepath.Join(to, "data"), Share: c.v.Share}
}

// safe makes the papers and the card that a restore takes.
func (c *carrying) safe(ctx context.Context) error {
	c.card, c.papers = filepath.Join(c.dir, "card"), filepath.Join(c.dir, "papers")
	out, err := quiet(c.v.command(ctx, "recovery", "make", "--json"))
	if err != nil {
		return err
	}
	var made struct{ Papers []struct{ Code string } }
	if err := json.Unmarshal(out, &made); err != nil || len(made.Papers) < 2 {
		return fmt.Errorf("azekura recovery make has not told the papers: %w", err)
	}
	text := made.Papers[0].Code + "\n" + made.Papers[1].Code + "\n"
	if err := errors.Join(os.WriteFile(c.papers, []byte(text), 0o600), os.MkdirAll(c.card, 0o700)); err != nil {
		return err
	}
	_, err = quiet(c.v.command(ctx, "card", "make", c.card, "--name", "bench", "--same-disk"))
	return err
}

// plain is cp, as it is, and with everything read and hashed once more, past the page cache, when it is on the medium.
func (c *carrying) plain(packs string) []carrier {
	sh := func(script string) func(context.Context, string) *exec.Cmd {
		return func(ctx context.Context, medium string) *exec.Cmd {
			return exec.CommandContext(ctx, "sh", "-c", script, "sh", packs, medium)
		}
	}
	return []carrier{
		{name: "cp -a", keeps: packs, prepare: folder, copy: sh(`cp -a "$1" "$2"`),
			restore: func(ctx context.Context, medium, to string) *exec.Cmd {
				return exec.CommandContext(ctx, "cp", "-a", medium, to)
			}},
		{name: "cp -a + sha256sum", keeps: packs, prepare: folder,
			copy: sh(`cp -a "$1" "$2" && sync -f "$2" && find "$2" -type f -exec dd if={} iflag=direct bs=4M status=none ";" | sha256sum`)},
	}
}

// restic copies its repository to another one, which has chunks of the same form.
func (c *carrying) restic(ctx context.Context) (carrier, error) {
	keeps := filepath.Join(c.dir, "restic")
	if err := os.MkdirAll(keeps, 0o755); err != nil {
		return carrier{}, err
	}
	if _, err := quiet(restic(ctx, keeps, "init")); err != nil {
		return carrier{}, err
	}
	b := restic(ctx, keeps, "backup", "--quiet", ".")
	b.Dir = c.source
	if _, err := quiet(b); err != nil {
		return carrier{}, err
	}
	onto := func(ctx context.Context, medium string, args ...string) *exec.Cmd {
		x := restic(ctx, medium, args...)
		x.Env = append(x.Env, "RESTIC_FROM_REPOSITORY="+filepath.Join(keeps, "repo"), "RESTIC_FROM_PASSWORD=bench", "RESTIC_CACHE_DIR="+filepath.Join(c.dir, "restic-cache"))
		return x
	}
	return carrier{name: "restic", keeps: keeps,
		prepare: func(ctx context.Context, medium string) error {
			_, err := quiet(onto(ctx, medium, "init", "--copy-chunker-params"))
			return err
		},
		copy: func(ctx context.Context, medium string) *exec.Cmd { return onto(ctx, medium, "copy", "--quiet") },
		restore: func(ctx context.Context, medium, to string) *exec.Cmd {
			return onto(ctx, medium, "restore", "latest", "--target", to)
		},
		check: func(ctx context.Context, to string) error { return c.same(ctx, to) },
	}, nil
}

// borg, whose version 1 has no command to copy a repository to another one: what it restores from is a copy by cp.
func (c *carrying) borg(ctx context.Context) (carrier, error) {
	keeps := filepath.Join(c.dir, "borg")
	if err := os.MkdirAll(keeps, 0o755); err != nil {
		return carrier{}, err
	}
	if _, err := quiet(borg(ctx, keeps, "init", "--encryption=repokey", filepath.Join(keeps, "repo"))); err != nil {
		return carrier{}, err
	}
	create := borg(ctx, keeps, "create", filepath.Join(keeps, "repo")+"::one", ".")
	create.Dir = c.source
	if _, err := quiet(create); err != nil {
		return carrier{}, err
	}
	return carrier{name: "borg", keeps: keeps,
		prepare: func(ctx context.Context, medium string) error {
			_, err := quiet(exec.CommandContext(ctx, "cp", "-a", keeps, medium))
			return err
		},
		restore: func(ctx context.Context, medium, to string) *exec.Cmd {
			x := borg(ctx, keeps, "extract", filepath.Join(medium, "repo")+"::one")
			x.Env, x.Dir = append(x.Env, "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"), to
			return x
		},
		check: func(ctx context.Context, to string) error { return c.same(ctx, to) },
	}, nil
}

// same compares a restored tree with its source.
func (c *carrying) same(ctx context.Context, to string) error {
	_, err := quiet(exec.CommandContext(ctx, "diff", "-rq", c.source, to))
	return err
}

// audit times the offline audit of a ledger that nobody has looked at since it was made.
func (c *carrying) audit(ctx context.Context) error {
	dir, err := c.b.ledger(ctx)
	if err != nil {
		return err
	}
	_, size, err := measureTree(dir)
	if err != nil {
		return err
	}
	test := fmt.Sprintf("offline audit of a ledger of %d entries", auditedEntries)
	for range c.b.n {
		if err := forget(dir); err != nil {
			return err
		}
		s, out, err := c.b.timed(ctx, c.v.command(ctx, "ledger", "verify", "--json", "--dir", dir, "--public-key", filepath.Join(dir, "public-key")))
		if err != nil {
			return err
		}
		var report struct{ Size int64 }
		if err := json.Unmarshal(out, &report); err != nil || report.Size != auditedEntries {
			return fmt.Errorf("azekura ledger verify has read %d entries of %d: %w", report.Size, auditedEntries, err)
		}
		c.b.say("%s %6.2f s, CPU %6.2f s, %4.0f MiB", test, s.Wall, s.CPU, s.RSS)
		c.r.add(test, ours, size, s)
	}
	got := median(c.r.of(test, ours, wall))
	c.r.target(got <= auditLimit, fmt.Sprintf("%s: at most %d s", test, auditLimit), "%s s", digits(got))
	return nil
}

// ledger returns the folder of a ledger that the product's own sequencer has written.
func (b *bench) ledger(ctx context.Context) (string, error) {
	dir := filepath.Join(b.data, "corpus", fmt.Sprintf("ledger-%d-v%d", auditedEntries, corpusVersion))
	if _, err := os.Stat(filepath.Join(dir, "public-key")); err == nil {
		return dir, nil
	}
	b.say("making %s; this is kept for the next run", dir)
	root, err := b.root(ctx)
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	x := exec.CommandContext(ctx, "go", "test", "./internal/ledger", "-run", "^$", "-bench", "^BenchmarkAudit$", "-benchtime", "1x")
	x.Dir, x.Env = root, append(os.Environ(), "AZEKURA_BENCH_LEDGER="+dir)
	out, err := quiet(x)
	if err == nil && !strings.Contains(string(out), "BenchmarkAudit") {
		err = fmt.Errorf("no ledger was made:\n%s", out)
	}
	return dir, err
}
