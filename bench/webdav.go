package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	r.Notes = append(r.Notes, fmt.Sprintf("%d files of %d bytes and one of %d (four of a quarter of that with four connections); plain HTTP on loopback, Basic auth, one client program, which compares every byte that comes back. CPU and memory are the server's, children included.", files, manySize, one))
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
		for _, test := range []string{"many up", "many down", "large up", "large down"} {
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

func (p *passage) run(ctx context.Context, kind served) (err error) {
	dir := filepath.Join(p.b.run(), kind.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := kind.start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.stop(); err == nil {
			err = e
		}
	}()
	d, err := newDAV(s.target)
	if err != nil {
		return err
	}
	defer d.close()
	if err := d.mkcol(ctx, "many"); err != nil {
		return err
	}
	many := func(i int) (string, content) {
		return fmt.Sprintf("many/DSC_%05d.JPG", i), content{p.pool, p.first + uint64(i), manySize}
	}
	// WebDAV cannot take one file over several connections: with four, four files share the bytes.
	large := func(i int) (string, content) {
		return fmt.Sprintf("layout%d.tif", i), content{p.pool, p.first + 1<<31 + uint64(i), p.one / int64(p.connections)}
	}
	for _, t := range []struct {
		test string
		n    int
		name func(int) (string, content)
		do   func(*dav, context.Context, string, content) error
	}{
		{"many up", p.files, many, (*dav).put}, {"many down", p.files, many, (*dav).get},
		{"large up", p.connections, large, (*dav).put}, {"large down", p.connections, large, (*dav).get},
	} {
		m, err := s.during(ctx, func(ctx context.Context) error {
			return parallel(ctx, s.target, p.connections, t.n, func(ctx context.Context, d *dav, i int) error {
				name, c := t.name(i)
				return t.do(d, ctx, name, c)
			})
		})
		if err != nil {
			return err
		}
		_, c := t.name(0)
		p.r.add(passageName(t.test, p.connections), p.peer, int64(t.n)*c.size, m)
		p.b.say("%-26s %-8s %6.2f s, CPU %6.2f s, %4.0f MiB", passageName(t.test, p.connections), p.peer, m.Wall, m.CPU, m.RSS)
	}
	return nil
}
