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
	claims map[packOf]*claim
	order  []packOf // as the ledger tells them
	report func(Finding)
}

// claim is what the ledger tells of a sealed pack: what it was, and what takes its place once something was taken out of it.
type claim struct {
	is, was vouched
	anew    bool // rewritten: a crash may have come between the entry and the exchange
	twice   bool // it was sealed twice, and not alike
}

type vouched struct {
	size   int64
	digest [32]byte
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
	for e, err := range t.v.cfg.Keeper.Events(ctx, s.ID, keeper.Filter{Kinds: []event.Kind{event.PackSealed, event.PackRewritten, event.Saved}}) {
		if err != nil {
			return err
		}
		cat, ok := t.shares[e.Event.Share]
		switch {
		case !ok:
		case e.Event.Kind == event.PackSealed, e.Event.Kind == event.PackRewritten:
			t.claim(e.Event)
		case cat != nil:
			err = t.saved(ctx, cat, e)
		}
		if err != nil {
			return err
		}
	}
	if err := t.sealed(ctx); err != nil {
		return err
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

// claim takes in what the ledger tells of a pack.
func (t *testimony) claim(e event.Event) {
	of, is := packOf{e.Share, e.Pack}, vouched{e.Size, e.Digest}
	c := t.claims[of]
	switch {
	case c == nil && t.claims == nil:
		t.claims = make(map[packOf]*claim)
		fallthrough
	case c == nil:
		t.order = append(t.order, of)
		t.claims[of] = &claim{is: is, anew: e.Kind == event.PackRewritten} // then a crash came between the end of the pack and its entry
	case e.Kind == event.PackRewritten:
		c.was, c.is, c.anew = c.is, is, true
	default:
		c.twice = c.twice || c.is != is
	}
}

// sealed looks for the packs that the ledger knows.
func (t *testimony) sealed(ctx context.Context) error {
	for _, of := range t.order {
		if err := t.one(ctx, of, t.claims[of]); err != nil {
			return err
		}
	}
	return nil
}

// one looks for one pack. One that differs is read again: it may have been sealed or rewritten meanwhile.
func (t *testimony) one(ctx context.Context, of packOf, is *claim) error {
	c := t.packs[of]
	if c.told {
		return nil
	}
	if (vouched{c.size, c.digest}) == is.is && !is.twice {
		c.known = true
		t.packs[of] = c
		return nil
	}
	i, damage, err := t.v.cfg.Packs.Check(ctx, of.share, of.pack)
	if err != nil {
		return problem.New(problem.Internal, "verify", of.share.String(), err)
	}
	c = checked{i.Size, i.Digest, true, true}
	now, reason := vouched{c.size, c.digest}, ""
	switch {
	case len(damage) > 0:
		for _, d := range damage {
			t.report(damageFound(d))
		}
	case is.anew && now != is.is && (now == is.was || is.was == vouched{}):
		reason = "has what was removed by rule" // a crash, or somebody has put it back: the next removal takes it out
	case now != is.is || is.twice:
		reason = "ledger"
	default:
		c.told = false
	}
	if reason != "" {
		t.report(damageFound(pack.Damage{Share: of.share, At: pack.Position{Pack: of.pack}, Length: i.Size, Reason: reason}))
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
