package keeper

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Beyond yields what a copy of the ledger tells behind the state that this vault was made again of: what was done, and may be lost. The copy is
// one that a witness has kept, and must go on from that state.
func (l *Local) Beyond(ctx context.Context, s id.Session, copied fs.FS, kinds ...event.Kind) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		r, k, from, err := l.mayBeyond(ctx, s, copied)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer k.Zero()
		f := Filter{Kinds: kinds}
		for x, err := range r.Entries(ctx, from, r.Head().Size) {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			e := openEntry(k, x.Index, x.Data)
			if made := e.Event; made.Kind == event.ShareMade && e.ShareName == "" { // behind the medium's date: a fresh card has its keys
				if k.shares[made.Share], err = l.shareReader(made.Share, made.Note); err != nil {
					yield(Entry{}, err)
					return
				}
				e.ShareName = made.Note
			}
			if !f.about(&e) {
				continue
			}
			if e.openPaths(k); !yield(e, nil) {
				return
			}
		}
	}
}

// mayBeyond is openBeyond, for a session that may read the ledger.
func (l *Local) mayBeyond(ctx context.Context, s id.Session, copied fs.FS) (r *ledger.Reader, k *ReadingKey, from int64, err error) {
	const op = "show loss"
	leave, err := l.enter(op)
	if err != nil {
		return nil, nil, 0, err
	}
	defer leave()
	if err := l.power(s, account.ReadLedger, op); err != nil {
		return nil, nil, 0, err
	}
	return l.openBeyond(ctx, copied)
}

// openBeyond opens a copy of the ledger that goes on from the state that this vault was made again of.
func (l *Local) openBeyond(ctx context.Context, copied fs.FS) (r *ledger.Reader, k *ReadingKey, from int64, err error) {
	own, k, late, err := l.openEvents(ctx)
	if err = errors.Join(err, late); err != nil {
		return nil, nil, 0, err
	}
	var head ledger.Head
	for e, err := range Show(ctx, own, k, Filter{Kinds: []event.Kind{event.VaultRestored}, Newest: true, Limit: 1}, func(*Entry) bool { return true }) {
		if err != nil {
			k.Zero()
			return nil, nil, 0, err
		}
		head = ledger.Head{Size: e.Event.Size, Root: e.Event.Digest}
	}
	if head.Size == 0 {
		err = &problem.Error{Kind: problem.NotFound, Op: "show loss", Hint: "hint.loss-none"}
	} else {
		r, err = openCopy(ctx, copied, l.keys.LedgerPublicKey(), head)
	}
	if err != nil {
		k.Zero()
		return nil, nil, 0, err
	}
	return r, k, head.Size, nil
}
