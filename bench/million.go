package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"
)

// crashAfter is how much an import has to have written before it is killed.
const crashAfter = 200 << 20

// startLimit is how long a start after a crash may take until the first answer.
const startLimit = 5 // s

// runMillion imports very many tiny files, watches the memory, lists a crowded directory, crashes the server under
// saves and an import at work, and rebuilds the catalogue.
func runMillion(ctx context.Context, b *bench, r *Result) (err error) {
	source, err := b.million(ctx)
	if err != nil {
		return err
	}
	files, size, err := measureTree(source)
	if err != nil {
		return err
	}
	dir := filepath.Join(b.run(), "million")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := b.newVault(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	s, out, err := b.timed(ctx, v.command(ctx, "import", "--json", source, v.Share+"/tree"))
	if err == nil {
		err = complete(out, files)
	}
	if err != nil {
		return err
	}
	b.say("import of %d files: %.1f s, %.0f files/s, CPU %.1f s, %.0f MiB", files, s.Wall, float64(files)/s.Wall, s.CPU, s.RSS)
	r.add("import of tiny files", ours, size, s)
	r.value("files imported per second", "/s", fmt.Sprintf("%d files, %d MB", files, size/1e6), float64(files)/s.Wall)
	r.memory(s.course)
	m := crowd{b: b, r: r, v: v, source: source, pool: newPool()}
	for _, step := range []func(context.Context) error{m.list, m.crashServer, m.crashImport, m.rebuild} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// memory files how the resident memory went during the import.
func (r *Result) memory(course []float64) {
	if len(course) < 20 {
		r.Notes = append(r.Notes, "The import was too short to tell anything about its memory.")
		return
	}
	var text string
	for tenth := range 10 {
		text += fmt.Sprintf(" %.0f", median(course[len(course)*tenth/10:len(course)*(tenth+1)/10]))
	}
	r.Notes = append(r.Notes, "Resident memory in the tenths of the import, MiB:"+text+".")
	early, late := median(course[len(course)/10:len(course)/2]), median(course[len(course)*9/10:])
	r.value("memory, last tenth ÷ first half", "×", "medians; the first tenth left out", late/early)
	r.target(late/early <= 1.25, "memory flat: the last tenth of the import at most 1.25 × the first half", "%s ×", digits(late/early))
}

// crowd is a vault with very many files.
type crowd struct {
	b      *bench
	r      *Result
	v      *vault
	source string
	pool   pool
}

// list times the listing of one large directory.
func (m *crowd) list(ctx context.Context) (err error) {
	s, err := m.v.serve(ctx)
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
	var took []float64
	var length int64
	for range m.b.n {
		start := time.Now()
		if length, err = d.propfind(ctx, "tree/"+crowded+"/", 1); err != nil {
			return err
		}
		took = append(took, time.Since(start).Seconds())
	}
	peak, _ := treeMemory(s.pid())
	m.r.value("PROPFIND of the crowded directory", "s", fmt.Sprintf("%d entries, %d MB of XML; server's peak %.0f MiB", m.b.count(crowdedFiles), length/1e6, peak), took...)
	return nil
}

// crashServer kills a server while four connections save, and times the next start.
func (m *crowd) crashServer(ctx context.Context) error {
	return m.crash(ctx, "start after kill -9 of the server under saves", func(ctx context.Context, round int) error {
		s, err := m.v.serve(ctx)
		if err != nil {
			return err
		}
		saving, cancel := context.WithCancel(ctx)
		defer cancel()
		broken := make(chan error, 1)
		go func() {
			broken <- parallel(saving, s.target, 4, math.MaxInt16, func(ctx context.Context, d *dav, i int) error {
				return d.put(ctx, fmt.Sprintf("crash %d-%d.bin", round, i), content{m.pool, uint64(round)<<32 + uint64(i), 5000})
			})
		}()
		select {
		case <-time.After(2 * time.Second):
		case err := <-broken:
			return errors.Join(fmt.Errorf("the saves have ended too early: %w", err), s.kill())
		}
		err = s.kill()
		<-broken
		return err
	})
}

// crashImport kills an import at work and times the next start.
func (m *crowd) crashImport(ctx context.Context) error {
	return m.crash(ctx, "start after kill -9 of an import", func(ctx context.Context, round int) error {
		c := m.v.command(ctx, "import", "--json", m.source, fmt.Sprintf("%s/crash%d", m.v.Share, round))
		_, before, err := measureTree(m.v.data)
		if err != nil {
			return err
		}
		if err := c.Start(); err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() {
			c.Wait() // killed
			close(ended)
		}()
		for grown := int64(0); grown < m.b.bytes(crashAfter); {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ended:
				return fmt.Errorf("the import has ended before it was killed: %v", c.ProcessState)
			}
			_, now, err := measureTree(m.v.data)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // a file may go while it is counted
				return errors.Join(err, c.Process.Kill())
			}
			grown = now - before
		}
		err = c.Process.Kill()
		<-ended
		return err
	})
}

// crash lets something crash and times the start, until the first listing is answered.
func (m *crowd) crash(ctx context.Context, name string, crash func(ctx context.Context, round int) error) error {
	var took []float64
	for round := range m.b.n {
		if err := crash(ctx, round); err != nil {
			return err
		}
		start := time.Now()
		s, err := m.v.serve(ctx)
		if err != nil {
			return err
		}
		d, err := newDAV(s.target)
		if err == nil {
			_, err = d.propfind(ctx, "tree/", 1)
			d.close()
		}
		took = append(took, time.Since(start).Seconds())
		if err = errors.Join(err, s.stop()); err != nil {
			return err
		}
		m.b.say("%s: %.2f s", name, took[round])
	}
	m.r.value(name, "s", "until PROPFIND of a directory is answered", took...)
	most := quantile(took, 1)
	m.r.target(most < startLimit, fmt.Sprintf("%s in less than %d s", name, startLimit), "%s s at most", digits(most))
	return nil
}

// rebuild makes the catalogue anew from the packs.
func (m *crowd) rebuild(ctx context.Context) error {
	s, out, err := m.b.timed(ctx, m.v.command(ctx, "rebuild", "--json"))
	if err != nil {
		return err
	}
	b := bytes.Contains(bytes.ToLower(out), []byte(`"equal":true`))
	m.b.say("rebuild: %.1f s, CPU %.1f s, %.0f MiB", s.Wall, s.CPU, s.RSS)
	m.r.add("rebuild of the catalogue", ours, 0, s)
	m.r.target(b, "the rebuilt catalogue equals the old one", "%t", b)
	return nil
}
