package storehouse

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// Loss is something that a copy of the ledger tells, and that a vault which was restored does not have.
type Loss struct {
	Index int64     `json:"index"` // of the entry in that copy
	When  time.Time `json:"when"`
	Kind  string    `json:"kind"` // "saved", "changed", "share-made" or "share-erased"
	Actor string    `json:"actor,omitempty"`
	Share string    `json:"share,omitempty"`
	Path  string    `json:"path,omitempty"` // with the share in front; empty where the keys of the share are missing
	Note  string    `json:"note,omitempty"`
}

// Losses compares a vault that was restored with a copy of the ledger that has more than the medium had: it tells each save that was acknowledged and is not
// here, by name, and what else was done behind the date of the medium. It returns what somebody has put over files of that copy.
func (h *House) Losses(ctx context.Context, dir string, tell func(Loss)) (covered []string, err error) {
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "the program ended"))
	}()
	fsys, over, err := LedgerAt(ctx, dir, h.keeper.local.Status().PublicKey, h.opt.Now)
	if err != nil {
		return nil, err
	}
	if err := h.keeper.local.LearnEnds(ctx, fsys); err != nil {
		return nil, err
	}
	for e, err := range h.keeper.local.Beyond(ctx, s.ID, fsys, event.Saved, event.Changed, event.ShareMade, event.ShareErased) {
		if err != nil {
			return nil, err
		}
		out := Loss{Index: e.Index, When: e.Event.When, Kind: string(e.Event.Kind), Actor: e.Event.Actor, Share: e.ShareName, Note: e.Event.Note}
		if e.Event.Kind != event.Saved {
			if len(e.Paths) > 0 {
				out.Path = e.Paths[0]
			}
			tell(out)
			continue
		}
		for i, f := range e.Event.Files {
			// A save at the time of the copy may be on the medium: packs are looked at after the ledger. One into a share that is not here is not.
			switch here, err := h.vault.Has(ctx, s, e.Event.Share, f.Version); {
			case here:
				continue
			case err != nil && problem.KindOf(err) != problem.NotFound && problem.KindOf(err) != problem.Denied:
				return nil, err
			}
			out.Path = e.Paths[i]
			tell(out)
		}
	}
	return over(), nil
}
