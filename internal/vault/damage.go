package vault

import (
	"context"
	"errors"
	"iter"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// framesPast is packs.Frames that goes on behind damage, which it tells of, each pack's once, to damaged if that is not nil.
func framesPast(ctx context.Context, packs pack.Reader, share id.Share, from pack.Position, payload func(pack.Type) bool,
	damaged func(pack.Damage)) iter.Seq2[pack.Frame, error] {
	return func(yield func(pack.Frame, error) bool) {
		told := uint64(0)
		for {
			var damage *pack.DamageError
			for f, err := range packs.Frames(ctx, share, from, payload) {
				if errors.As(err, &damage) {
					break
				}
				if !yield(f, err) || err != nil {
					return
				}
				from = f.Place.End()
			}
			if damage == nil {
				return
			}
			at := damage.At
			if damaged != nil && at.Pack != told {
				told = at.Pack
				if err := tell(ctx, packs, share, damage.Damage, damaged); err != nil {
					yield(pack.Frame{}, err)
					return
				}
			}
			switch {
			case at.Before(from) && at.Pack == from.Pack, damage.Length == 0:
				from = pack.Position{Pack: at.Pack + 1} // what is readable behind it has been yielded, or nothing is
			case at.Before(from): // cannot be: a walk yields damage in order
				yield(pack.Frame{}, damage)
				return
			default:
				from = pack.Position{Pack: at.Pack, Offset: at.Offset + max(damage.Length, 1)}
			}
		}
	}
}

// tell tells of all damage in the pack where some was found.
func tell(ctx context.Context, packs pack.Reader, share id.Share, first pack.Damage, damaged func(pack.Damage)) error {
	_, all, err := packs.Check(ctx, share, first.At.Pack)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		all = []pack.Damage{first}
	}
	for _, d := range all {
		damaged(d)
	}
	return nil
}
