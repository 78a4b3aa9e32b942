package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// copier is a program that puts a tree away. Each command has a fresh, empty target.
type copier struct {
	name    string
	prepare func(ctx context.Context, dir string) error // not timed
	command func(ctx context.Context, dir, source string) *exec.Cmd
	check   func(ctx context.Context, out []byte, dir, source string, files int, first bool) error
}

// copiers are cp, restic and borg as they are by default, both of these encrypted, and ours. Of borg's two encryptions
// the one with SHA-256 is taken: where processors have instructions for that, it is the faster one.
func (b *bench) copiers() []copier {
	var v *vault
	trust := func(context.Context, []byte, string, string, int, bool) error { return nil } // their exit code
	return []copier{
		{
			name: "cp -a", check: trust,
			prepare: func(context.Context, string) error { return nil },
			command: func(ctx context.Context, dir, source string) *exec.Cmd {
				return exec.CommandContext(ctx, "cp", "-a", source, filepath.Join(dir, "copy"))
			},
		},
		{
			name: "restic", check: trust,
			prepare: func(ctx context.Context, dir string) error { _, err := quiet(restic(ctx, dir, "init")); return err },
			command: func(ctx context.Context, dir, source string) *exec.Cmd {
				return restic(ctx, dir, "backup", "--quiet", source)
			},
		},
		{
			name: "borg", check: trust,
			prepare: func(ctx context.Context, dir string) error {
				_, err := quiet(borg(ctx, dir, "init", "--encryption=repokey", filepath.Join(dir, "repo")))
				return err
			},
			command: func(ctx context.Context, dir, source string) *exec.Cmd {
				return borg(ctx, dir, "create", filepath.Join(dir, "repo")+"::one", source)
			},
		},
		{
			name: ours,
			prepare: func(ctx context.Context, dir string) (err error) {
				v, err = b.newVault(ctx, filepath.Join(dir, "data"))
				return err
			},
			command: func(ctx context.Context, _, source string) *exec.Cmd {
				return v.command(ctx, "import", "--json", source, v.Share+"/tree")
			},
			check: func(ctx context.Context, out []byte, _, source string, files int, first bool) error {
				if err := complete(out, files); err != nil || !first {
					return err
				}
				return v.compare(ctx, source, "tree")
			},
		},
	}
}

func restic(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "restic", args...)
	c.Env = environ("RESTIC_REPOSITORY="+filepath.Join(dir, "repo"), "RESTIC_PASSWORD=bench", "RESTIC_CACHE_DIR="+filepath.Join(dir, "cache"))
	return c
}

func borg(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "borg", args...)
	c.Env = environ("BORG_BASE_DIR="+filepath.Join(dir, "home"), "BORG_PASSPHRASE=bench")
	return c
}

// copyTree lets all copiers put a tree away, in every round in another order.
func (b *bench) copyTree(ctx context.Context, r *Result, test, source string) error {
	files, size, err := measureTree(source)
	if err != nil {
		return err
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%s: %d files, %d MB, in the page cache. A fresh, empty target each time; azekura, restic and borg encrypt. The first round's import was exported and compared with its source.", test, files, size/1e6))
	all := b.copiers()
	for round := range b.n {
		for i := range all {
			c := all[(i+round)%len(all)]
			if !b.wants(c.name) {
				continue
			}
			s, err := b.copyOnce(ctx, c, source, files, round == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			b.say("%s %d/%d %-8s %6.2f s, on disk %6.2f s, CPU %6.2f s, %4.0f MiB", test, round+1, b.n, c.name, s.Wall, s.OnDisk, s.CPU, s.RSS)
			r.add(test, c.name, size, s)
		}
	}
	return nil
}

func (b *bench) copyOnce(ctx context.Context, c copier, source string, files int, first bool) (s Sample, err error) {
	dir := filepath.Join(b.run(), "copy")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	if err := c.prepare(ctx, dir); err != nil {
		return s, err
	}
	if err := warm(ctx, source); err != nil { // each time: what the one before wrote may have pushed it out
		return s, err
	}
	s, out, err := b.timed(ctx, c.command(ctx, dir, source))
	if err != nil {
		return s, err
	}
	_, stored, err := measureTree(dir)
	if err != nil {
		return s, err
	}
	s.Stored = float64(stored) / 1e6
	return s, c.check(ctx, out, dir, source, files, first)
}

func runImport(ctx context.Context, b *bench, r *Result) error {
	source, err := b.album(ctx)
	if err != nil {
		return err
	}
	const test = "import of an album"
	if err := b.copyTree(ctx, r, test, source); err != nil {
		return err
	}
	r.atMost(test, "cp -a", 2.5, "time", wall)
	for _, peer := range []string{"restic", "borg"} {
		r.atMost(test, peer, 0.5, "time", wall)
		r.atMost(test, peer, 1, "CPU", cpu)
	}
	return nil
}

func runSmall(ctx context.Context, b *bench, r *Result) error {
	source, err := b.small(ctx)
	if err != nil {
		return err
	}
	const test = "import of small files"
	if err := b.copyTree(ctx, r, test, source); err != nil {
		return err
	}
	for _, peer := range []string{"restic", "borg"} {
		r.atMost(test, peer, 1, "time", wall)
	}
	return nil
}
