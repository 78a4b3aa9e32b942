package keeper

import (
	"context"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// ChangeProtection seals the root with another secret. Copies of the keeper's files that were made before still
// open with the one before.
func (l *Local) ChangeProtection(ctx context.Context, s id.Session, to Secret) error {
	const op = "protect keeper"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	if !l.books.Load().may(by, account.Settle) || by.Factor == account.ByToken {
		return notAllowed(op)
	}
	e := acting(event.ProtectionChanged, by)
	e.Note = string(to.Protection())
	if err := l.append(ctx, e); err != nil {
		return err
	}
	return l.keys.Protect(ctx, to)
}
