package vault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// testimony compares what the ledger tells with what is there. The packs prove each loss that something stands behind; only
// the ledger, which lies elsewhere, knows of a pack that was exchanged for another, and of an end that was cut off together
// with the catalogue (docs/format.md, "What only the catalogue knows").
type testimony struct {
	v      *Vault
	shares map[id.Share]catalogue.View // to be compared; nil where versions are not
	packs  map[packOf]checked
	report func(Finding)
}

type packOf struct {
	share id.Share
	pack  uint64
}

// checked is what a pack was when every byte of it was read.
type checked struct {
	size   int64
	digest [32]byte // zero of one that is not sealed
	told   bool     // that it is damaged
	known  bool     // to the ledger
}

// compare reads the ledger once, and enters what it does not know: a crash may come between the end of a pack and its entry.
func (t *testimony) compare(ctx context.Context, s account.Session) error {
	for e, err := range t.v.cfg.Keeper.Events(ctx, s.ID, keeper.Filter{Kinds: []event.Kind{event.PackSealed, event.Saved}}) {
		if err != nil {
			return err
		}
		cat, ok := t.shares[e.Event.Share]
		switch {
		case !ok:
		case e.Event.Kind == event.PackSealed:
			err = t.sealed(ctx, e.Event)
		case cat != nil:
			err = t.saved(ctx, cat, e)
		}
		if err != nil {
			return err
		}
	}
	var unknown []event.Event
	for of, c := range t.packs {
		if !c.known && !c.told && c.digest != [32]byte{} {
			unknown = append(unknown, event.Event{Kind: event.PackSealed, When: t.v.cfg.Now(), Share: of.share, Pack: of.pack, Size: c.size, Digest: c.digest})
		}
	}
	slices.SortFunc(unknown, func(a, b event.Event) int {
		return cmp.Or(bytes.Compare(a.Share[:], b.Share[:]), cmp.Compare(a.Pack, b.Pack))
	})
	return t.v.cfg.Keeper.Record(ctx, unknown...)
}

// sealed looks for a pack that the ledger knows. One that differs is read again: it may have been sealed meanwhile.
func (t *testimony) sealed(ctx context.Context, e event.Event) error {
	of := packOf{e.Share, e.Pack}
	c := t.packs[of]
	if c.told {
		return nil
	}
	if c.size == e.Size && c.digest == e.Digest {
		c.known = true
		t.packs[of] = c
		return nil
	}
	i, damage, err := t.v.cfg.Packs.Check(ctx, e.Share, e.Pack)
	if err != nil {
		return problem.New(problem.Internal, "verify", e.Share.String(), err)
	}
	c = checked{i.Size, i.Digest, true, true}
	switch {
	case len(damage) > 0:
		for _, d := range damage {
			t.report(damageFound(d))
		}
	case c.size != e.Size || c.digest != e.Digest:
		t.report(damageFound(pack.Damage{Share: e.Share, At: pack.Position{Pack: e.Pack}, Length: i.Size, Reason: "ledger"}))
	default:
		c.told = false
	}
	t.packs[of] = c
	return nil
}

// saved looks for versions that the ledger knows.
func (t *testimony) saved(ctx context.Context, cat catalogue.View, e keeper.Entry) error {
	for i, f := range e.Event.Files {
		_, err := cat.Version(ctx, f.Version)
		if errors.Is(err, catalogue.ErrNone) {
			t.report(Finding{Share: e.Event.Share, Path: pathname.Path(e.Paths[i]), Reason: "lost"})
			continue
		}
		if err != nil {
			return problem.New(problem.Internal, "verify", e.Paths[i], err)
		}
	}
	return nil
}
