package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Learn opens a share from its packs alone, past what is damaged in them: for the vault of a drill, which has no books of its own. Unlike
// Rebuild it is no act of anybody's.
func (v *Vault) Learn(ctx context.Context, s account.Session, share id.Share, found func(Finding)) error {
	if err := v.cfg.Keeper.Check(ctx, s.ID, share, false); err != nil {
		return err
	}
	_, err := v.learn(ctx, s, v.share(share), func(int64) {}, found)
	return err
}

// Stored is a version that a share keeps.
type Stored struct {
	Info
	Latest bool // it is what is shown there
	Held   bool // the guard has held it back, whatever was decided then
}

// Everything yields what a share keeps: what is shown, and each other version with content of its own, earlier or held by the guard. Memory is
// that of Objects.
func (v *Vault) Everything(ctx context.Context, s account.Session, share pathname.Path) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		sh, _, err := (&view{v: v, s: s}).inquire(ctx, "list", share)
		if err != nil {
			yield(Stored{}, err)
			return
		}
		for o, err := range v.Objects(ctx, s, share) {
			if err != nil {
				yield(Stored{}, err)
				return
			}
			first := true
			for _, c := range o.Contents {
				k := Stored{Info: Info{Path: o.Paths[0], Share: sh.id, File: o.File, Version: c.Version, Size: c.Size, Saved: c.Saved, Equal: c.Equal, Removed: o.Removed}, Latest: first && !c.Held && o.Removed.IsZero(), Held: c.Held}
				first = first && c.Held
				if c.Copied && !k.Latest {
					continue
				}
				if !yield(k, nil) {
					return
				}
			}
		}
	}
}

// Unsaved looks for each version that the ledger calls saved in a share, before its entry number upTo, and reports those that are not there: of
// what is missing together with the records about it, only the ledger knows.
func (v *Vault) Unsaved(ctx context.Context, s account.Session, shares []id.Share, upTo int64, report func(Finding)) error {
	t := testimony{v: v, shares: make(map[id.Share]catalogue.View), report: report}
	for _, share := range shares {
		sh := v.share(share)
		t.shares[share] = v.cfg.Catalogue.View(sh.id, sh.meta)
	}
	for e, err := range v.cfg.Keeper.Events(ctx, s.ID, keeper.Filter{Kinds: []event.Kind{event.Saved}}) {
		if err != nil {
			return err
		}
		if e.Index >= upTo {
			return nil
		}
		if cat := t.shares[e.Event.Share]; cat != nil {
			if err := t.saved(ctx, cat, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrDiffers means that content opens, and is not what was saved.
var ErrDiffers = errors.New("the content is not what was saved")

// Compare opens versions with one release, for a drill, and reads all of their content. done hears of each in order: nil if it is what its
// commit record says, ErrDiffers, or what keeps it from being read. to may take the content; nil: nobody does. The error is one that concerns
// more than a version.
func (v *Vault) Compare(ctx context.Context, s account.Session, list []Stored, to func(Stored) (io.WriteCloser, error), done func(Stored, error)) error {
	files, err := v.rehearsed(ctx, s, list)
	if k := problem.KindOf(err); len(list) > 1 && (k == problem.Damaged || k == problem.NotFound) { // one keeps no other from being read
		for i := range list {
			if err := v.Compare(ctx, s, list[i:i+1], to, done); err != nil {
				return err
			}
		}
		return nil
	}
	if k := problem.KindOf(err); k == problem.Damaged || k == problem.NotFound {
		done(list[0], err)
		return nil
	}
	if err != nil {
		return err
	}
	for i, f := range files {
		err := v.compare(f, list[i], to)
		f.Close()
		if err := ctx.Err(); err != nil {
			return err
		}
		if k := problem.KindOf(err); err != nil && k != problem.Damaged && !errors.Is(err, ErrDiffers) {
			return err
		}
		done(list[i], err)
	}
	return nil
}

func (v *Vault) rehearsed(ctx context.Context, s account.Session, list []Stored) ([]File, error) {
	infos := make([]Info, len(list))
	for i := range list {
		infos[i] = list[i].Info
	}
	return (&view{v: v, s: s}).Open(ctx, account.Rehearse, infos...)
}

func (v *Vault) compare(f File, k Stored, to func(Stored) (io.WriteCloser, error)) (err error) {
	sh, d := v.share(k.Share), digester{}
	if to != nil {
		out, err := to(k)
		if err != nil {
			return err
		}
		defer func() {
			if e := out.Close(); err == nil {
				err = e
			}
		}()
		d.to = out
	}
	if _, err := f.WriteTo(&d); err != nil {
		return err
	}
	if d.size != k.Size || sh.meta.Equal(d.all()) != k.Equal {
		return fmt.Errorf("%w: %d of %d bytes", ErrDiffers, d.size, k.Size)
	}
	return nil
}

// digester takes content chunk by chunk, as a reader writes it, and makes the digest of each: from these a commit record tells content, as the
// draft that sealed it has made them.
type digester struct {
	sums  []byte
	parts int // since they were folded last
	lists int // that were folded
	size  int64
	to    io.Writer
}

func (d *digester) Write(p []byte) (int, error) {
	sum := sha256.Sum256(p)
	d.sums, d.size = append(d.sums, sum[:]...), d.size+int64(len(p))
	if d.parts++; d.parts == listMax {
		d.fold()
	}
	if d.to == nil {
		return len(p), nil
	}
	return d.to.Write(p)
}

func (d *digester) fold() {
	folded := sha256.Sum256(d.sums)
	d.sums, d.parts, d.lists = append(d.sums[:0], folded[:]...), 0, d.lists+1
}

// all is the digest of all that came.
func (d *digester) all() []byte {
	if d.size == 0 {
		return emptySum[:]
	}
	if d.lists > 0 && d.parts > 0 {
		d.fold()
	}
	return d.sums
}
