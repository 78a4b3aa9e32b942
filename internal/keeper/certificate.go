package keeper

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Certificate collects what a certificate of erasure says, as things stand now: cards that are rewritten later are in the next one.
func (l *Local) Certificate(ctx context.Context, s id.Session, share string) (out account.ErasureRecords, err error) {
	const op = "make certificate"
	leave, err := l.enter(op)
	if err != nil {
		return out, err
	}
	defer leave()
	out.Ending, err = l.Ending(ctx, s, share)
	if err != nil {
		return out, err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	if x == nil || x.End == nil || x.End.Erased.IsZero() {
		return out, &problem.Error{Kind: problem.NotFound, Op: op, On: share, Hint: "hint.not-erased"}
	}
	r, k, late, err := l.openEvents(ctx)
	if err == nil {
		err = late
	}
	if err != nil {
		return out, err
	}
	defer k.Zero()
	out.Firm, out.Made, out.AskedBy, out.Confirmed, out.Generation = b.Policy.Firm, l.now(), x.End.AskedBy, x.End.Confirmed, x.End.Ring
	out.Origin, out.PublicKey, out.Checkpoint, out.Entries = k.Origin, k.PublicKey, bytes.Clone(r.Checkpoint()), r.Head().Size
	out.Entry, err = l.erasureEntry(ctx, r, k, x)
	return out, err
}

// erasureEntry finds the entry that says that the keys of a share are destroyed.
func (l *Local) erasureEntry(ctx context.Context, r *ledger.Reader, k *ReadingKey, x *shareState) (out account.ShareRecord, err error) {
	if err := l.spans.extend(ctx, r, k); err != nil {
		return out, err
	}
	at := x.End.Erased
	for from, to := range l.spans.within(at.Add(-time.Minute), at.Add(time.Minute), r.Head().Size) {
		for e, err := range r.Entries(ctx, from, to) {
			if err != nil {
				return out, err
			}
			o := openEntry(k, e.Index, e.Data)
			if o.Closed == "" && o.Event.Kind == event.ShareErased && o.Event.Share == x.ID && o.Event.When.Equal(at) {
				out = account.ShareRecord{Index: e.Index, Recorded: o.Recorded, Kind: string(o.Event.Kind), Sealed: slices.Clone(e.Data)}
			}
		}
	}
	if out.Sealed == nil {
		return out, &problem.Error{Kind: problem.Damaged, Op: "make certificate", On: x.Name, Hint: "hint.ledger-damaged"}
	}
	out.Proof, err = r.Prove(ctx, out.Index)
	return out, err
}
