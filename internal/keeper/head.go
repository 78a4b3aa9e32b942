package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// seen is the head file: how far the ledger and the books were when it was written. Whoever puts an older copy of
// either in place must put an older one of this in place too; against that only a witness helps.
type seen struct {
	Format     int         `json:"format"`
	Ledger     ledger.Head `json:"ledger"`
	Generation int64       `json:"generation"`
	Logged     *logged     `json:"logged,omitempty"`
}

const headFormat = 1

// saveHead notes how far ledger and books are.
func (l *Local) saveHead() error {
	head := l.log.Head() // before the batch is asked for: one that is told meanwhile stands behind it
	b, err := json.Marshal(seen{Format: headFormat, Ledger: head, Generation: l.books.Load().Generation, Logged: l.logs.told.Load().at(head)})
	if err != nil {
		return problem.New(problem.Internal, "record", "", err)
	}
	return l.keys.SaveHead(b)
}

// compareHead compares ledger and books with what was seen last. If they are older and that is accepted, it returns
// the event that says so.
func (l *Local) compareHead(ctx context.Context) ([]event.Event, error) {
	b, err := l.keys.LoadHead()
	if err != nil {
		return nil, err
	}
	var last seen
	switch {
	case b != nil:
		if err := json.Unmarshal(b, &last); err != nil || last.Format != headFormat {
			return nil, &problem.Error{Kind: problem.Damaged, Op: "open keeper", Hint: "hint.keeper-files", Err: fmt.Errorf("head: format %d: %w", last.Format, err)}
		}
		l.logs.told.Store(last.Logged)
		err = l.log.Consistent(ctx, last.Ledger)
		if err != nil && !errors.Is(err, ledger.ErrShorter) && !errors.Is(err, ledger.ErrFork) {
			return nil, err // it cannot be told: the disk fails
		}
		if now := l.books.Load().Generation; err == nil && now < last.Generation {
			err = fmt.Errorf("the books have %d changes, %d were seen", now, last.Generation)
		}
	case l.log.Size() > 0:
		err = errors.New("the note of the last head is missing")
	default: // the first start: from now on there is a head to compare with
		return nil, l.saveHead()
	}
	if err == nil {
		return nil, nil
	}
	if !l.cfg.AcceptRollback {
		return nil, &problem.Error{Kind: problem.Damaged, Op: "open ledger", On: l.cfg.LedgerDir, Hint: "hint.ledger-rollback", Err: err}
	}
	note := fmt.Sprintf("%d entries and %d changes found, %d and %d seen before: %v", l.log.Size(), l.books.Load().Generation,
		last.Ledger.Size, last.Generation, err)
	l.cfg.Log.WarnContext(ctx, "the keeper opens in spite of a rollback", "found", l.log.Size(), "seen", last.Ledger.Size)
	return []event.Event{{Kind: event.RollbackAccepted, Size: last.Ledger.Size, Digest: last.Ledger.Root, Note: note}}, nil
}
