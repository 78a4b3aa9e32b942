package keeper

import (
	"context"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// isolationState says that the house works apart from the world: it was restored after an attack, and nobody has said yet that all is clean.
type isolationState struct {
	Since time.Time `json:"since"`
}

// isolate puts the house apart, in the books alone: the entry of the restore tells of it.
func (l *Local) isolate() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	d := l.books.Load().draft()
	if d.Isolated != nil {
		return nil
	}
	d.Isolated = &isolationState{Since: l.now()}
	d.knowMedium(l.cfg.Restored)
	d.Generation++
	next, err := newBooks(d.state)
	if err != nil {
		return problem.New(problem.Internal, "open keeper", "", err)
	}
	if err := l.saveState(next); err != nil {
		return err
	}
	l.books.Store(next)
	return nil
}

// Isolated returns since when the house works apart from the world; zero: it does not.
func (l *Local) Isolated() time.Time {
	if x := l.books.Load().Isolated; x != nil {
		return x.Since
	}
	return time.Time{}
}

// apart refuses what would ask somebody outside.
func (l *Local) apart(op string) error {
	if l.Isolated().IsZero() {
		return nil
	}
	return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.isolated"}
}

// EndIsolation asks that the house may speak with the world again. It takes two people.
func (l *Local) EndIsolation(ctx context.Context, s id.Session, reason string) (account.Outcome, error) {
	const op = "end isolation"
	if err := l.power(s, account.Settle, op); err != nil {
		return account.Outcome{}, err
	}
	if l.Isolated().IsZero() {
		return account.Outcome{}, &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.not-isolated"}
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return account.Outcome{}, unfit(op, "", "hint.isolation-reason")
	}
	return l.propose(ctx, s, op, proposalState{Act: actEndIsolation, Reason: reason}, account.Settle)
}

// witnessing is which witnesses are asked: none while the house works apart from the world. They know a longer ledger than one that was restored.
func (b *books) witnessing() account.Witnessing {
	if b.Isolated != nil {
		return account.Witnessing{}
	}
	return b.Witnessing
}

// rejoin ends the isolation in the draft. The witnesses from before the restore go: they have cosigned what is lost, and would refuse for good what
// stands in its place, so that the house could not start again. New ones are named.
func (d *draft) rejoin() []event.Event {
	d.Isolated, d.Witnessing = nil, account.Witnessing{}
	return []event.Event{{Kind: event.IsolationEnded}}
}
