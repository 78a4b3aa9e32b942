package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// What goes over WebDAV at full scale.
const (
	manyFiles = 2000
	manySize  = 3_000_000
	oneSize   = 2 << 30
)

// runWebDAV lets all servers take and give the same files. Each round begins with a fresh server and an empty store;
// the content is new in each round, so nothing can be stored for something older.
func runWebDAV(ctx context.Context, b *bench, r *Result) error {
	files, one := b.count(manyFiles), b.bytes(oneSize)
	r.Notes = append(r.Notes, fmt.Sprintf("%d files of %d bytes and one of %d (four of a quarter of that with four connections); plain HTTP on loopback, Basic auth, one client program, which compares every byte that comes back. Down: right after it went up, when plain servers have it in memory; from disk: after a restart of the server and without the page cache, as on the next day. CPU and memory are the server's, children included.", files, manySize, one))
	pool := newPool()
	all := b.servers()
	for round := range b.n {
		for _, connections := range []int{1, 4} {
			for i := range all {
				s := all[(i+round)%len(all)]
				if !b.wants(s.name) {
					continue
				}
				p := passage{b: b, r: r, peer: s.name, pool: pool, first: uint64(round*2+connections/4) << 32, connections: connections, files: files, one: one}
				if err := p.run(ctx, s); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
			}
		}
	}
	for _, connections := range []int{1, 4} {
		for _, test := range []string{"many up", "many down", "many down from disk", "large up", "large down", "large down from disk"} {
			r.asFastAsBest(passageName(test, connections), all)
		}
	}
	return nil
}

// asFastAsBest files the target that we are at least as fast as the fastest of the others.
func (r *Result) asFastAsBest(test string, all []served) {
	best, least := "", 0.0
	for _, s := range all {
		if w := r.of(test, s.name, wall); s.name != ours && w != nil && (best == "" || median(w) < least) {
			best, least = s.name, median(w)
		}
	}
	if best != "" {
		r.atMost(test, best, 1, "time", wall)
	}
}

func passageName(test string, connections int) string {
	return fmt.Sprintf("%s, %d connection%s", test, connections, map[bool]string{true: "s"}[connections > 1])
}

// passage is one server's turn: many files up and down, one large file up and down.
type passage struct {
	b           *bench
	r           *Result
	peer        string
	pool        pool
	first       uint64 // of the ids of contents
	connections int
	files       int
	one         int64
}

func (p *passage) run(ctx context.Context, kind served) error {
	dir := filepath.Join(p.b.run(), kind.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	many := load{"many", p.files, func(i int) (string, content) {
		return fmt.Sprintf("many/DSC_%05d.JPG", i), content{p.pool, p.first + uint64(i), manySize}
	}}
	// WebDAV cannot take one file over several connections: with four, four files share the bytes.
	large := load{"large", p.connections, func(i int) (string, content) {
		return fmt.Sprintf("layout%d.tif", i), content{p.pool, p.first + 1<<31 + uint64(i), p.one / int64(p.connections)}
	}}
	err := p.serving(ctx, kind, dir, func(s *server) error {
		d, err := newDAV(s.target)
		if err != nil {
			return err
		}
		defer d.close()
		if err := d.mkcol(ctx, "many"); err != nil {
			return err
		}
		return errors.Join(p.time(ctx, s, many, "up", (*dav).put), p.time(ctx, s, many, "down", (*dav).get),
			p.time(ctx, s, large, "up", (*dav).put), p.time(ctx, s, large, "down", (*dav).get))
	})
	if err != nil {
		return err
	}
	if err := forget(dir); err != nil {
		return err
	}
	return p.serving(ctx, kind, dir, func(s *server) error {
		return errors.Join(p.time(ctx, s, many, "down from disk", (*dav).get), p.time(ctx, s, large, "down from disk", (*dav).get))
	})
}

// serving lets a server run while something is done with it.
func (p *passage) serving(ctx context.Context, kind served, dir string, do func(*server) error) (err error) {
	s, err := kind.start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return do(s)
}

// load is what goes one way in a test.
type load struct {
	name string
	n    int
	file func(i int) (string, content)
}

func (p *passage) time(ctx context.Context, s *server, l load, way string, do func(*dav, context.Context, string, content) error) error {
	m, err := s.during(ctx, func(ctx context.Context) error {
		return parallel(ctx, s.target, p.connections, l.n, func(ctx context.Context, d *dav, i int) error {
			name, c := l.file(i)
			return do(d, ctx, name, c)
		})
	})
	if err != nil {
		return err
	}
	test := passageName(l.name+" "+way, p.connections)
	_, c := l.file(0)
	p.r.add(test, p.peer, int64(l.n)*c.size, m)
	p.b.say("%-36s %-8s %6.2f s, CPU %6.2f s, %4.0f MiB", test, p.peer, m.Wall, m.CPU, m.RSS)
	return nil
}

// forget drops what the page cache holds of the files below a directory.
func forget(dir string) error {
	syscall.Sync() // what is not written cannot be dropped
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, fadvDontNeed, 0, 0); errno != 0 {
			return &fs.PathError{Op: "fadvise", Path: name, Err: errno}
		}
		return nil
	})
}

// fadvDontNeed is POSIX_FADV_DONTNEED of posix_fadvise(2) on Linux.
const fadvDontNeed = 4
