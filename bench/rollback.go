package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"
)

// How many files are hurt, of how many, and how many of them stand together in a directory. That they do is for the peers: they restore
// directories without looking at every name there is.
const (
	hurtFiles = 25_000
	together  = 1000
	hurtSize  = 700 // bytes of what stands there instead
	undoLimit = 2   // s
)

// mender puts hurt files back. What it needs for that has been put away before.
type mender struct {
	name    string
	prepare func(ctx context.Context) error
	hurt    func(ctx context.Context, round int) error
	mend    func(ctx context.Context) (Sample, error)
	check   func(ctx context.Context) error
}

// runRollback hurts some files of very many in each round, and has them put back: by a rollback of what the account has done since,
// and by peers from their repositories, which are told the directories.
func runRollback(ctx context.Context, b *bench, r *Result) (err error) {
	source, err := b.million(ctx)
	if err != nil {
		return err
	}
	u := &undoing{b: b, r: r, source: source, dir: filepath.Join(b.run(), "rollback"), pool: newPool()}
	u.spread(b.count(millionFiles), b.count(crowdedFiles), b.count(hurtFiles))
	defer os.RemoveAll(u.dir)
	all := []mender{u.restic(), u.borg(), u.ours()}
	for _, m := range all {
		if b.wants(m.name) {
			b.say("rollback: %s takes %d files over", m.name, b.count(millionFiles))
			if err := m.prepare(ctx); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	defer func() {
		if u.server != nil {
			if e := u.server.stop(); err == nil {
				err = e
			}
		}
	}()
	test := fmt.Sprintf("putting %d of %d files back", len(u.files), b.count(millionFiles))
	for round := range b.n {
		for i := range all {
			m := all[(i+round)%len(all)]
			if !b.wants(m.name) {
				continue
			}
			if err := m.hurt(ctx, round); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			s, err := m.mend(ctx)
			if err == nil {
				err = m.check(ctx)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			b.say("%s %d/%d %-8s %6.2f s, on disk %6.2f s, CPU %6.2f s, %4.0f MiB", test, round+1, b.n, m.name, s.Wall, s.OnDisk, s.CPU, s.RSS)
			r.add(test, m.name, 0, s)
		}
	}
	r.value("damage told, before each rollback", "s", "azekura damage --sum", u.damage...)
	r.Notes = append(r.Notes, "The peers are told which directories were hurt and restore all of them; azekura is told who and since when, finds the files, and keeps what others have saved. Both know the moment before. What was put back was compared with the source.")
	got := median(r.of(test, ours, wall))
	r.target(got <= undoLimit, fmt.Sprintf("%s in at most %d s", test, undoLimit), "%s s", digits(got))
	return nil
}

// undoing is what the menders share.
type undoing struct {
	b      *bench
	r      *Result
	source string
	dir    string
	pool   pool
	dirs   []string // that are hurt, with all their files
	files  []string
	v      *vault
	server *server
	since  time.Time
	damage []float64
}

// spread chooses whole directories, far from each other.
func (u *undoing) spread(n, crowd, hurt int) {
	jobs := millionJobs(n, crowd)
	seen := make(map[string][]string)
	var order []string
	for _, j := range jobs {
		dir := path.Dir(j.path)
		if seen[dir] == nil && dir != crowded {
			order = append(order, dir)
		}
		seen[dir] = append(seen[dir], j.path)
	}
	step := max(1, len(order)/max(1, hurt/together))
	for i := 0; i < len(order) && len(u.files) < hurt; i += step {
		u.dirs = append(u.dirs, order[i])
		u.files = append(u.files, seen[order[i]]...)
	}
}

// spoil writes something else in the place of the files of a tree.
func (u *undoing) spoil(tree string, round int) error {
	for i, name := range u.files {
		to := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, u.junk(round, i), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (u *undoing) junk(round, i int) []byte {
	buf := make([]byte, pieceSize)
	c := content{u.pool, uint64(round)<<32 + uint64(i), hurtSize}
	return buf[:c.piece(buf, 0)]
}

// same compares the hurt directories of a tree with their source.
func (u *undoing) same(ctx context.Context, tree string) error {
	for _, dir := range u.dirs {
		if _, err := quiet(exec.CommandContext(ctx, "diff", "-rq", filepath.Join(u.source, dir), filepath.Join(tree, dir))); err != nil {
			return fmt.Errorf("not everything is as it was: %w", err)
		}
	}
	return nil
}

// peer is a mender with a repository, whose tree is on the same disk.
func (u *undoing) peer(name string, backup, restore func(ctx context.Context, dir string) *exec.Cmd, tree func(dir string) string) mender {
	dir := filepath.Join(u.dir, name)
	return mender{name: name,
		prepare: func(ctx context.Context) error {
			if err := os.MkdirAll(filepath.Join(dir, "live"), 0o755); err != nil {
				return err
			}
			_, err := quiet(backup(ctx, dir))
			return err
		},
		hurt: func(_ context.Context, round int) error { return u.spoil(tree(dir), round) },
		mend: func(ctx context.Context) (Sample, error) {
			s, _, err := u.b.timed(ctx, restore(ctx, dir))
			return s, err
		},
		check: func(ctx context.Context) error { return u.same(ctx, tree(dir)) },
	}
}

func (u *undoing) restic() mender {
	m := u.peer("restic", func(ctx context.Context, dir string) *exec.Cmd {
		return restic(ctx, dir, "backup", "--quiet", u.source)
	},
		func(ctx context.Context, dir string) *exec.Cmd {
			args := []string{"restore", "latest", "--target", filepath.Join(dir, "live")}
			for _, d := range u.dirs {
				args = append(args, "--include", filepath.Join(u.source, d))
			}
			return restic(ctx, dir, args...)
		}, func(dir string) string { return filepath.Join(dir, "live", u.source) })
	backup := m.prepare
	m.prepare = func(ctx context.Context) error {
		if _, err := quiet(restic(ctx, filepath.Join(u.dir, m.name), "init")); err != nil {
			return err
		}
		return backup(ctx)
	}
	return m
}

func (u *undoing) borg() mender {
	repo := func(dir string) string { return filepath.Join(dir, "repo") }
	m := u.peer("borg", func(ctx context.Context, dir string) *exec.Cmd {
		c := borg(ctx, dir, "create", repo(dir)+"::one", ".")
		c.Dir = u.source
		return c
	}, func(ctx context.Context, dir string) *exec.Cmd {
		c := borg(ctx, dir, append([]string{"extract", repo(dir) + "::one"}, u.dirs...)...)
		c.Dir = filepath.Join(dir, "live")
		return c
	}, func(dir string) string { return filepath.Join(dir, "live") })
	backup := m.prepare
	m.prepare = func(ctx context.Context) error {
		dir := filepath.Join(u.dir, m.name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if _, err := quiet(borg(ctx, dir, "init", "--encryption=repokey", repo(dir))); err != nil {
			return err
		}
		return backup(ctx)
	}
	return m
}

// ours is hurt through the drive of a device, with the guard off: it would have stopped that after a few files.
func (u *undoing) ours() mender {
	return mender{name: ours,
		prepare: func(ctx context.Context) (err error) {
			if err := os.MkdirAll(u.dir, 0o755); err != nil {
				return err
			}
			if u.v, err = u.b.newVault(ctx, filepath.Join(u.dir, "data")); err != nil {
				return err
			}
			u.v.env = []string{"AZEKURA_GUARD=off"}
			out, err := quiet(u.v.command(ctx, "import", "--json", u.source, u.v.Share+"/tree"))
			if err == nil {
				err = complete(out, u.b.count(millionFiles))
			}
			if err == nil {
				u.server, err = u.v.serve(ctx)
			}
			return err
		},
		hurt: func(ctx context.Context, round int) error {
			u.since = time.Now()
			return parallel(ctx, u.server.target, 4, len(u.files), func(ctx context.Context, d *dav, i int) error {
				return d.put(ctx, "tree/"+u.files[i], content{u.pool, uint64(round)<<32 + uint64(i), hurtSize})
			})
		},
		mend: u.mendOurs,
		check: func(ctx context.Context) error {
			for _, dir := range u.dirs {
				if err := u.v.compare(ctx, filepath.Join(u.source, dir), "tree/"+dir); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// mendOurs asks for the damage, which is not counted, and rolls it back, which looks for it once more.
func (u *undoing) mendOurs(ctx context.Context) (s Sample, err error) {
	who := []string{"--party", u.v.Account, "--from", u.since.Format(time.RFC3339Nano), "--json"}
	start := time.Now()
	if _, err := quiet(u.v.command(ctx, append([]string{"damage", "--sum"}, who...)...)); err != nil {
		return s, err
	}
	u.damage = append(u.damage, time.Since(start).Seconds())
	before := treeCPU(u.server.pid())
	s, out, err := u.b.timed(ctx, u.v.command(ctx, append([]string{"rollback"}, who...)...))
	if err != nil {
		return s, err
	}
	served := treeCPU(u.server.pid()) - before
	peak, _ := treeMemory(u.server.pid())
	s.CPU, s.Other, s.RSS = s.CPU+served, max(0, s.Other-served), max(s.RSS, peak)
	return s, rolledBack(out, len(u.files))
}

// rolledBack fails unless a rollback has restored so many files.
func rolledBack(out []byte, files int) error {
	for line := range bytes.Lines(out) {
		var l struct {
			Done *struct {
				Acts map[string]int `json:"acts"`
			} `json:"done"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("azekura rollback printed %q: %w", line, err)
		}
		if l.Done != nil {
			if l.Done.Acts["restored"] != files || len(l.Done.Acts) != 1 {
				return fmt.Errorf("azekura rollback: %v, want %d restored", l.Done.Acts, files)
			}
			return nil
		}
	}
	return fmt.Errorf("azekura rollback has not told its end")
}
