package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

const (
	largeSize   = 10_000_000_000
	largeMemory = 250 // MiB
)

// runLarge sends one large file in and out, to a fresh server each time, and looks at the peak of its memory.
func runLarge(ctx context.Context, b *bench, r *Result) error {
	size := b.bytes(largeSize)
	pool := newPool()
	most := 0.0
	for round := range b.n {
		peak, err := b.largeOnce(ctx, r, content{pool, uint64(round + 1), size})
		if err != nil {
			return err
		}
		most = max(most, peak)
	}
	r.Notes = append(r.Notes, fmt.Sprintf("One file of %d bytes by PUT and GET over one connection, every byte compared; a fresh server each time.", size))
	r.target(most < largeMemory, fmt.Sprintf("resident memory under %d MiB (VmHWM of the server, after both ways)", largeMemory), "%s MiB", digits(most))
	return nil
}

func (b *bench) largeOnce(ctx context.Context, r *Result, c content) (peak float64, err error) {
	dir := filepath.Join(b.run(), "large")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	v, err := b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return 0, err
	}
	s, err := v.serve(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := s.stop(); err == nil {
			err = e
		}
	}()
	for _, way := range []struct {
		test string
		do   func(*dav, context.Context, string, content) error
	}{{"large file in", (*dav).put}, {"large file out", (*dav).get}} {
		m, err := s.during(ctx, func(ctx context.Context) error {
			return parallel(ctx, s.target, 1, 1, func(ctx context.Context, d *dav, _ int) error { return way.do(d, ctx, "film.mxf", c) })
		})
		if err != nil {
			return 0, err
		}
		b.say("%-14s %6.2f s, CPU %6.2f s, %4.0f MiB", way.test, m.Wall, m.CPU, m.RSS)
		r.add(way.test, ours, c.size, m)
		peak = m.RSS
	}
	return peak, nil
}
