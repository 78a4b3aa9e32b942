package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// ended is the end of a share that a copy of the ledger tells of.
type ended struct {
	share  id.Share
	number int // of the certificate
	when   time.Time
}

// EndedIn finds the shares whose end a copy of the ledger tells of behind the state from which a keeper is made again, for Rescue.Ended: what was
// erased after the card was written does not come back with it. The copy must go on from that state; one that ends before it knows of nothing.
func EndedIn(ctx context.Context, copied fs.FS, publicKey string, state ledger.Head) func(seal.Key) ([]id.Share, error) {
	return func(key seal.Key) (out []id.Share, err error) {
		r, err := openCopy(ctx, copied, publicKey, state)
		if errors.Is(err, ledger.ErrShorter) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		list, err := endsIn(ctx, r, key, state.Size)
		for _, x := range list {
			out = append(out, x.share)
		}
		return out, err
	}
}

// openCopy opens a copy of the ledger that goes on from a state.
func openCopy(ctx context.Context, copied fs.FS, publicKey string, state ledger.Head) (*ledger.Reader, error) {
	const op = "show loss"
	r, err := ledger.NewReader(copied, publicKey)
	if err != nil {
		return nil, &problem.Error{Kind: problem.Damaged, Op: op, Hint: "hint.loss-ledger", Err: err}
	}
	switch err = r.Continues(ctx, state); {
	case errors.Is(err, ledger.ErrShorter):
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.loss-shorter", Err: err}
	case errors.Is(err, ledger.ErrFork):
		return nil, &problem.Error{Kind: problem.Damaged, Op: op, Hint: "hint.loss-fork", Err: err}
	case err != nil:
		return nil, err
	}
	return r, nil
}

func endsIn(ctx context.Context, r *ledger.Reader, key seal.Key, from int64) (out []ended, err error) {
	for x, err := range r.Entries(ctx, from, r.Head().Size) {
		if err != nil {
			return nil, err
		}
		_, plain, err := ledger.OpenEntry(key, x.Data)
		if err != nil {
			continue // of another key: it was not this keeper's
		}
		e, err := event.Parse(plain)
		if err != nil || e.Kind != event.ShareErased {
			continue
		}
		y := ended{share: e.Share, when: e.When}
		fmt.Sscanf(e.Note, "certificate %d;", &y.number)
		out = append(out, y)
	}
	return out, nil
}

// LearnEnds ends the shares that have ended in a copy of the ledger, behind the state from which this keeper was made again: their keys go, if a card
// from before has brought them back, and the ledger and the books say so.
func (l *Local) LearnEnds(ctx context.Context, copied fs.FS) error {
	r, k, from, err := l.openBeyond(ctx, copied)
	if err != nil {
		return err
	}
	defer k.Zero()
	list, err := endsIn(ctx, r, k.entries, from)
	if err != nil {
		return err
	}
	for _, x := range list {
		if y := l.books.Load().shares[x.share]; y == nil || y.End != nil {
			continue
		}
		if err := l.amend(ctx, opErase, x.share.String(), func(_ *books, d *draft) ([]event.Event, error) {
			d.end(x)
			return []event.Event{}, nil
		}); err != nil {
			return err
		}
	}
	return l.endShares(ctx)
}

// end puts an end that was learned into the draft.
func (d *draft) end(x ended) {
	number := 1
	var name string
	for _, y := range d.Shares {
		if y.End != nil {
			number = max(number, y.End.Number+1)
		}
		if y.ID == x.share {
			name = y.Name
		}
	}
	d.share(name).End = &endState{Number: max(number, x.number), Decided: x.when, AskedBy: string(account.Console), Learned: true}
}
