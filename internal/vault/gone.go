package vault

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// Which chunks a content has stands in its manifest, for its key alone. So that what nobody has any more can be taken out without that key, each
// save tells its chunks once more, in a list of its own that opens with the key of the share's names. A save under way counts on chunks that nobody
// else has told yet: as long as it does, they stay.

// tellChunks tells the chunks of a content; the share's mu is held.
func (v *Vault) tellChunks(ctx context.Context, sh *share, key id.Version, chunks []id.Chunk) error {
	for part := range slices.Chunk(chunks, commit.MaxChunks) {
		plain, err := commit.MarshalChunks(part)
		if err != nil {
			return err
		}
		frame := pad(key)
		if _, err := v.cfg.Packs.Append(ctx, sh.id, pack.Parts, frame, sh.meta.SealList(plain, frame)); err != nil {
			return err
		}
	}
	return nil
}

// tellLate tells the chunks of contents that a program has saved which told none. They were opened, and found whole.
func (v *Vault) tellLate(ctx context.Context, sh *share, of map[id.Version][]id.Chunk) error {
	if len(of) == 0 {
		return nil
	}
	return v.submit(ctx, &request{share: sh, alone: func(catalogue.Tx) error {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		for key, chunks := range of {
			if err := v.tellChunks(ctx, sh, key, chunks); err != nil {
				return err
			}
		}
		_, err := v.cfg.Packs.Sync(ctx, sh.id)
		return err
	}})
}

// chunks are all that a content has, those of lists of parts too.
func (r *reader) chunks() (out []id.Chunk, err error) {
	if err := r.manifest(); err != nil {
		return nil, err
	}
	for _, p := range r.m.Parts {
		out = append(out, p.Chunk)
		if r.m.Level < 2 {
			continue
		}
		list, err := r.parts(p)
		if err != nil {
			return nil, err
		}
		for _, q := range list {
			out = append(out, q.Chunk)
		}
	}
	return out, nil
}

// use counts on a chunk; the share's mu is held.
func (d *draft) use(c id.Chunk) {
	d.sh.using[c]++
	d.using = append(d.using, c)
}

// letGo counts on nothing any more.
func (d *draft) letGo() {
	if len(d.using) == 0 {
		return
	}
	d.sh.mu.Lock()
	defer d.sh.mu.Unlock()
	for _, c := range d.using {
		if d.sh.using[c]--; d.sh.using[c] <= 0 {
			delete(d.sh.using, c)
		}
	}
	d.using = nil
}

// goes reports whether a chunk is on its way out, though the catalogue may still tell where it lies; mu is held.
func (sh *share) goes(c id.Chunk) bool {
	_, found := slices.BinarySearchFunc(sh.going, c, inOrder)
	return found
}

func inOrder(a, b id.Chunk) int { return bytes.Compare(a[:], b[:]) }

// still returns nil unless operations would show again what was removed by rule.
func (p *planner) still(ops []commit.Op) error {
	var keys, heads []id.Version
	for i := range ops {
		switch op := &ops[i]; op.Kind {
		case commit.Link, commit.Hold, commit.Preview:
			if op.Key != op.Version {
				keys = append(keys, op.Key)
			}
		case commit.Move:
			if n, err := p.mine.View.Node(p.ctx, op.File); err == nil && !n.Removed.IsZero() && !n.Head.Version.IsZero() {
				heads = append(heads, n.Head.Version)
			}
		}
	}
	if len(keys) == 0 && len(heads) == 0 {
		return nil
	}
	gone, err := p.mine.View.Forsaken(p.ctx, keys)
	if err == nil {
		var more []bool
		more, err = p.mine.View.Expired(p.ctx, heads)
		gone = append(gone, more...)
	}
	if err != nil {
		return problem.New(problem.Internal, "save", string(p.req.name), err)
	}
	if slices.Contains(gone, true) {
		return expired("restore", string(p.req.name))
	}
	return nil
}

// expired is what doors say of a content that was removed by rule.
func expired(op, on string) error {
	return &problem.Error{Kind: problem.NotFound, Op: op, On: on, Hint: "hint.removed-by-rule"}
}

// gone reads a list of chunks that are nobody's.
func (r replay) gone(f pack.Frame) (g catalogue.Gone, err error) {
	g.Place = f.Place.Position
	plain, err := r.keys.OpenList(f.Payload, f.ID)
	if err == nil {
		err = commit.ParseChunks(plain, func(c id.Chunk) { g.Chunks = append(g.Chunks, c) })
	}
	if err != nil {
		return g, fmt.Errorf("chunks that are gone, in pack %d at %d: %w", f.Place.Pack, f.Place.Offset, err)
	}
	return g, nil
}

// later knows which versions are removed by rule later in the log than where a replay is: it is asked where a manifest is missing, and looks once.
type later struct {
	versions map[id.Version]bool
}

// expired reports whether the content that a key opens was removed.
func (l *later) expired(ctx context.Context, r replay, from pack.Position, key id.Version) (bool, error) {
	if l.versions == nil {
		l.versions = make(map[id.Version]bool)
		if r.found != nil { // damage is told of when it is its turn
			r.found = func(Finding) {}
		}
		for f, err := range r.frames(ctx, from) {
			if err != nil {
				return false, err
			}
			if f.Type != pack.Commit {
				continue
			}
			plain, err := r.keys.OpenRecord(f.Payload)
			if err != nil {
				continue // told of when it is its turn
			}
			rec, err := commit.ParseRecord(plain)
			for i := range rec.Ops {
				if op := &rec.Ops[i]; err == nil && op.Kind == commit.Expire {
					l.versions[op.Version] = true
				}
			}
		}
	}
	return l.versions[key], nil
}
