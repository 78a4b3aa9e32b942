package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	readFiles = 400
	readSize  = 3_000_000
)

// runRead measures what a release and its record add to opening a photograph. Each round is a new session, which has
// no lease: its first GET of a file needs the key released, its second does not. Between the two lie many other files,
// so that neither finds more in the processor's caches than the other.
func runRead(ctx context.Context, b *bench, r *Result) (err error) {
	dir := filepath.Join(b.run(), "read")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	s, err := v.serve(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.stop(); err == nil {
			err = e
		}
	}()
	t := reading{v: v, s: s, pool: newPool(), files: b.count(readFiles)}
	if err := t.fill(ctx); err != nil {
		return err
	}
	var released, leased, added []float64
	for round := range b.n {
		first, second, err := t.round(ctx, fmt.Sprintf("device %d", round))
		if err != nil {
			return err
		}
		added = append(added, median(first)-median(second))
		released, leased = append(released, first...), append(leased, second...)
		b.say("read %d/%d: with release %.3f ms, with lease %.3f ms, p50", round+1, b.n, median(first), median(second))
	}
	entries, err := t.entries(ctx)
	if err != nil {
		return err
	}
	want := (b.n + 1) * t.files
	r.Notes = append(r.Notes, fmt.Sprintf("%d photographs of %d bytes, one connection, one GET after the other, every byte compared; %d releases are in the ledger.", t.files, readSize, entries))
	if entries != want {
		return fmt.Errorf("%d releases are in the ledger, want %d", entries, want)
	}
	for _, q := range []struct {
		name string
		q    float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		r.value("GET with release and record, "+q.name, "ms", "", quantile(released, q.q))
		r.value("GET with a lease, "+q.name, "ms", "", quantile(leased, q.q))
	}
	r.value("release and record add, p50", "ms", "difference of the medians, by round", added...)
	r.value("release and record add, p99", "ms", "difference of the 99th percentiles", quantile(released, 0.99)-quantile(leased, 0.99))
	r.target(median(added) < 1, "release and record add less than 1 ms at p50", "%s ms", digits(median(added)))
	return nil
}

// reading is a server with photographs.
type reading struct {
	v     *vault
	s     *server
	pool  pool
	files int
}

func (t *reading) file(i int) (string, content) {
	return fmt.Sprintf("DSC_%05d.JPG", i), content{t.pool, uint64(i), readSize}
}

// fill saves the photographs and reads each once, so that what all sessions share is warm.
func (t *reading) fill(ctx context.Context) error {
	return parallel(ctx, t.s.target, 1, 2*t.files, func(ctx context.Context, d *dav, i int) error {
		name, c := t.file(i % t.files)
		if i < t.files {
			return d.put(ctx, name, c)
		}
		return d.get(ctx, name, c)
	})
}

// round reads all photographs with a new device, twice each, and returns the milliseconds of each read.
func (t *reading) round(ctx context.Context, device string) (first, second []float64, err error) {
	out, err := quiet(t.v.command(ctx, "account", "device", "add", t.v.Account, device, "--json"))
	if err != nil {
		return nil, nil, err
	}
	var made struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, nil, fmt.Errorf("azekura account device add: %w", err)
	}
	who := t.s.target
	who.password = made.Secret
	d, err := newDAV(who)
	if err != nil {
		return nil, nil, err
	}
	defer d.close()
	if _, err := d.propfind(ctx, "", 0); err != nil { // the login is not part of a read
		return nil, nil, err
	}
	get := func(i int) (float64, error) {
		name, c := t.file(i)
		start := time.Now()
		err := d.get(ctx, name, c)
		return time.Since(start).Seconds() * 1e3, err
	}
	behind := t.files / 2
	for i := range t.files + behind {
		if i < t.files {
			ms, err := get(i)
			if err != nil {
				return nil, nil, err
			}
			first = append(first, ms)
		}
		if i >= behind {
			ms, err := get(i - behind)
			if err != nil {
				return nil, nil, err
			}
			second = append(second, ms)
		}
	}
	return first, second, nil
}

// entries counts the releases in the ledger.
func (t *reading) entries(ctx context.Context) (n int, err error) {
	out, err := quiet(t.v.command(ctx, "ledger", "show", "--kind", "released", "--json"))
	if err != nil {
		return 0, err
	}
	for _, c := range out {
		if c == '\n' {
			n++
		}
	}
	return n, nil
}
