package storehouse

import (
	"context"
	"log/slog"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// ruled sees to it that the days of a rule begin: the ledger tells the age of what stands in sealed packs, and one that grows slowly would stay open for
// months. So those of shares with a rule are sealed once a day.
type ruled struct {
	shares func() []id.Share
	seal   func(ctx context.Context, share id.Share) error
	now    func() time.Time
	log    *slog.Logger
	sealed map[id.Share]time.Time
}

const (
	ruledEach = time.Hour      // how soon after a rule is set
	ruledDay  = 24 * time.Hour // and how often then
)

// beginDays does that until ctx ends.
func (h *House) beginDays(ctx context.Context) {
	r := ruled{shares: h.keeper.local.RuledShares, seal: h.vault.Sealing, now: h.opt.Now, log: h.opt.Log, sealed: make(map[id.Share]time.Time)}
	every(ctx, ruledEach, func(ctx context.Context) {
		if !h.half() { // nothing is written to a medium
			r.once(ctx)
		}
	})
}

func (r *ruled) once(ctx context.Context) {
	now := r.now()
	for _, share := range r.shares() {
		if lately(now, r.sealed[share], ruledDay) {
			continue
		}
		if err := r.seal(ctx, share); err != nil {
			r.log.WarnContext(ctx, "a pack cannot be sealed, so the days of what is in it do not begin yet; it is tried again", "share", share, "err", err)
			continue
		}
		r.sealed[share] = now
	}
}
