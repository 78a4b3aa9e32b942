package vault

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// aheadMax bounds what waits in memory for parts before it: SFTP clients have some megabytes under way, which overtake each other.
const aheadMax = 4 << 20

// WriteAt takes parts in any order. As long as they come nearly one behind the other they are cut and sealed as they come, so that the end of a
// large upload is no long wait; else, or when too many do so, all of them wait in an encrypted spool until Commit.
func (d *draft) WriteAt(p []byte, off int64) (int, error) {
	if d.ended {
		return 0, errEnded
	}
	if off < 0 || d.spool == nil && off > d.pos+holeMax {
		return 0, problem.New(problem.Invalid, "save", string(d.name), errors.New("offset out of range"))
	}
	if !d.parted {
		if d.pos > 0 {
			return 0, problem.New(problem.Invalid, "save", string(d.name), errors.New("WriteAt after Write"))
		}
		if err := d.Check(); err != nil {
			return 0, err
		}
		d.parted = true
		select {
		case d.w.v.orders <- struct{}{}:
			d.inOrder = true
		default:
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	if d.inOrder && d.spool == nil && !d.overlaps(p, off) {
		switch {
		case off == d.pos:
			n, err := d.write(p)
			if err != nil {
				return n, err
			}
			return n, d.catchUp()
		case off > d.pos && d.held+len(p) <= aheadMax:
			if d.ahead == nil {
				d.ahead = make(map[int64][]byte)
			}
			d.ahead[off] = bytes.Clone(p)
			d.held += len(p)
			return len(p), nil
		}
	}
	if err := d.unwind(); err != nil {
		return 0, d.failed(err)
	}
	n, err := d.spool.WriteAt(p, off)
	return n, d.failed(err)
}

// overlaps reports whether a part touches one that waits: of two that write to one place the later counts.
func (d *draft) overlaps(p []byte, off int64) bool {
	for at, q := range d.ahead {
		if off < at+int64(len(q)) && at < off+int64(len(p)) {
			return true
		}
	}
	return false
}

// catchUp writes the parts whose turn has come.
func (d *draft) catchUp() error {
	for {
		p, ok := d.ahead[d.pos]
		if !ok {
			return nil
		}
		delete(d.ahead, d.pos)
		d.held -= len(p)
		_, err := d.write(p)
		clear(p)
		if err != nil {
			return err
		}
	}
}

// unwind moves what has come so far into a spool, since something comes that does not follow it.
func (d *draft) unwind() error {
	if d.spool != nil {
		return nil
	}
	s, err := d.w.v.newSpool()
	if err != nil {
		return err
	}
	if err := d.respool(s); err != nil {
		return errors.Join(err, s.Close())
	}
	d.forget()
	d.spool = s
	return nil
}

// respool reads back what was sealed.
func (d *draft) respool(s *spool) error {
	if d.jobs != nil {
		close(d.jobs)
		err := <-d.result
		d.jobs, d.result = nil, nil
		if err != nil {
			return err
		}
	}
	parts := make([]commit.Part, 0, len(d.parts))
	for _, l := range d.lists {
		b, err := d.fetch(l)
		if err != nil {
			return err
		}
		more, err := commit.ParseParts(b)
		if err != nil {
			return err
		}
		parts = append(parts, more...)
	}
	at := int64(0)
	for _, p := range append(parts, d.parts...) {
		b, err := d.fetch(p)
		if err != nil {
			return err
		}
		if _, err := s.WriteAt(b, at); err != nil {
			return err
		}
		clear(b)
		at += p.Size
	}
	if _, err := s.WriteAt(d.window, at); err != nil {
		return err
	}
	for off, p := range d.ahead {
		if _, err := s.WriteAt(p, off); err != nil {
			return err
		}
	}
	return nil
}

// fetch reads a chunk of this draft back.
func (d *draft) fetch(p commit.Part) ([]byte, error) {
	d.sh.mu.Lock()
	at, ok := d.sh.fresh[p.Chunk]
	d.sh.mu.Unlock()
	if !ok {
		places, err := d.w.v.cfg.Catalogue.View(d.sh.id, d.sh.meta).Chunks(d.ctx, []id.Chunk{p.Chunk})
		if err != nil {
			return nil, err
		}
		at = places[0]
	}
	if at == (pack.Place{}) {
		return nil, fmt.Errorf("chunk %v is missing", p.Chunk)
	}
	f, err := d.w.v.cfg.Packs.Read(d.ctx, d.sh.id, at, nil)
	if err != nil {
		return nil, err
	}
	return openPart(p, make([]byte, 0, chunk.Max), f.Payload)
}

// forget gives back what a draft holds in memory, and begins it anew.
func (d *draft) forget() {
	if d.look != nil {
		d.look.End()
		d.look = nil
	}
	if d.full != nil {
		buffers.Put(d.full)
	}
	if d.small != nil {
		smallBuffers.Put(d.small)
	}
	clear(d.parts)
	for _, p := range d.ahead {
		clear(p)
	}
	if d.inOrder {
		<-d.w.v.orders
	}
	d.window, d.full, d.small, d.seen, d.pos = nil, nil, nil, 0, 0
	d.shown, d.offered = 0, 0
	d.parts, d.lists, d.sums, d.size = nil, nil, nil, 0
	d.ahead, d.held, d.inOrder = nil, 0, false
}
