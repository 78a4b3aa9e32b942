package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// replayBatch bounds how many frames are applied at once.
const replayBatch = 4096

// catchUp brings the catalogue up to the share's packs when it is behind: at the first use after a
// start, and after a failed write. Only the committer calls it.
func (v *Vault) catchUp(ctx context.Context, tx catalogue.Tx, sh *share) error {
	anew := sh.anew.Swap(nil)
	if sh.caught && !sh.stale && v.cfg.Packs.Lost(sh.id) == sh.lost && anew == nil {
		return nil
	}
	from, err := v.cfg.Catalogue.Applied(ctx, sh.id)
	if err != nil {
		return v.broken("read the catalogue", err)
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	// What was appended and not flushed is either lost or found in the packs now.
	if _, err := v.cfg.Packs.Sync(ctx, sh.id); err != nil && v.cfg.Packs.Lost(sh.id) == sh.lost {
		return v.broken("write to disk", err)
	}
	sh.pending, sh.fresh, sh.epoch, sh.written = catalogue.Batch{}, make(map[id.Chunk]pack.Place), nil, written{}
	sh.lost = v.cfg.Packs.Lost(sh.id)
	again := replay{packs: v.cfg.Packs, tx: tx, share: sh.id, keys: sh.meta}
	if anew != nil {
		err = anew.run(ctx, again)
	} else {
		err = again.from(ctx, from)
	}
	if err != nil {
		if d, ok := errors.AsType[*pack.DamageError](err); ok {
			return &problem.Error{Kind: problem.Damaged, Op: "open share", Hint: "hint.verify", Err: d}
		}
		return v.broken("read the packs", err)
	}
	sh.caught, sh.stale = true, false
	return nil
}

// replayAll catches up in a transaction of its own, but for bad shares.
func (v *Vault) replayAll(ctx context.Context, shares map[*share]bool, bad map[*share]error) error {
	tx, err := v.cfg.Catalogue.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for sh := range shares {
		if bad[sh] != nil {
			continue
		}
		if err := v.catchUp(ctx, tx, sh); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// replay applies the packs of a share. It is the one way from packs to catalogue: after a crash it reads the
// tail, for a rebuild everything.
type replay struct {
	packs    pack.Reader
	tx       catalogue.Tx
	share    id.Share
	keys     *seal.Metadata
	progress func()
	found    func(Finding) // what cannot be read is told of and passed over; nil: it is an error
}

// frames yields what a replay reads.
func (r replay) frames(ctx context.Context, from pack.Position) iter.Seq2[pack.Frame, error] {
	small := func(t pack.Type) bool { return t == pack.Commit || t == pack.Epoch || t == pack.Gone }
	if r.found == nil {
		return r.packs.Frames(ctx, r.share, from, small)
	}
	return framesPast(ctx, r.packs, r.share, from, small, func(d pack.Damage) { r.found(damageFound(d)) })
}

// from applies everything from a position on.
func (r replay) from(ctx context.Context, from pack.Position) error {
	_, err := r.stretch(ctx, from, math.MaxInt)
	return err
}

// stretch applies what stands from a position on: about so many frames, or all. It returns whether that may not have been all.
func (r replay) stretch(ctx context.Context, from pack.Position, limit int) (more bool, err error) {
	var b catalogue.Batch
	manifests := make(map[id.Version]pack.Place)
	var later later
	n := 0
	apply := func() error {
		if n == 0 {
			return nil
		}
		err := r.tx.Apply(ctx, r.share, r.keys, b)
		b, n = catalogue.Batch{}, 0
		return err
	}
	for f, err := range r.frames(ctx, from) {
		if err != nil {
			return false, err
		}
		if r.progress != nil {
			r.progress()
		}
		switch f.Type {
		case pack.Chunk:
			b.Chunks = append(b.Chunks, catalogue.Located[id.Chunk]{ID: f.ID, Place: f.Place})
		case pack.Epoch:
			b.Epochs = append(b.Epochs, catalogue.Encapsulation{ID: id.Epoch(f.ID[:id.Size]), Enc: append([]byte(nil), f.Payload...)})
		case pack.Gone:
			g, err := r.gone(f)
			if err != nil {
				return false, err
			}
			b.Gone = append(b.Gone, g)
		case pack.Manifest:
			manifests[id.Version(f.ID[:id.Size])] = f.Place
		case pack.Commit:
			c, ok, err := r.commit(ctx, f, manifests, &later)
			if err != nil {
				return false, err
			}
			if ok {
				b.Commits = append(b.Commits, c)
			}
			clear(manifests) // each stands right before its commit; one without was never acknowledged
		}
		b.UpTo = f.Place.End()
		if n++; n >= replayBatch && f.Type == pack.Commit {
			if err := apply(); err != nil {
				return false, err
			}
			if limit -= replayBatch; limit <= 0 {
				return true, nil
			}
		}
	}
	if len(b.Commits) == 0 && len(b.Chunks) == 0 && len(b.Epochs) == 0 && len(b.Gone) == 0 {
		return false, nil
	}
	return false, apply()
}

// commit reads a commit frame; not ok if it is passed over.
func (r replay) commit(ctx context.Context, f pack.Frame, manifests map[id.Version]pack.Place, later *later) (c catalogue.Committed, ok bool, err error) {
	bad := func(err error) error {
		if errors.Is(err, commit.ErrNewer) { // to pass over that would show what nobody has made
			return fmt.Errorf("commit record in pack %d at %d: %w", f.Place.Pack, f.Place.Offset, err)
		}
		d := pack.Damage{Share: r.share, At: f.Place.Position, Length: int64(f.Place.Size), Reason: err.Error()}
		if r.found == nil {
			return &pack.DamageError{Damage: d}
		}
		r.found(damageFound(d))
		return nil
	}
	plain, err := r.keys.OpenRecord(f.Payload)
	if err != nil {
		return c, false, bad(err)
	}
	if c.Record, err = commit.ParseRecord(plain); err != nil {
		return c, false, bad(err)
	}
	c.Place = f.Place
	for _, op := range c.Ops {
		if !op.HasManifest() {
			continue
		}
		at, ok := manifests[op.Version]
		if !ok { // then the version is listed, and does not open
			if gone, err := later.expired(ctx, r, f.Place.Position, op.Key); err != nil {
				return c, false, err
			} else if gone {
				continue
			}
			if err := bad(fmt.Errorf("%v of %q has no manifest before it", op.Kind, op.Name)); err != nil {
				return c, false, err
			}
			continue
		}
		if c.Manifests == nil {
			c.Manifests = make(map[id.Version]pack.Place)
		}
		c.Manifests[op.Version] = at
	}
	return c, true, nil
}
