package storehouse

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/medium/bucket"
	"github.com/azekura/azekura/internal/problem"
)

// TargetAt returns what a path means as a medium: a folder where a disk is mounted, or the file of a bucket's settings.
func TargetAt(ctx context.Context, fsys durable.FS, at string, now func() time.Time) (medium.Target, error) {
	if !bucket.IsFile(at) {
		return medium.NewDisk(fsys, at), nil
	}
	b, err := bucketAt(at, 0, now)
	if err != nil {
		return nil, err
	}
	d, err := medium.Describe(ctx, b) // which says for how long what is put is locked
	if errors.Is(err, medium.ErrNone) {
		return b, nil // whoever asks says so
	}
	if err != nil {
		return nil, err
	}
	return bucketAt(at, d.Lock, now)
}

func bucketAt(at string, days int, now func() time.Time) (*bucket.Bucket, error) {
	s, err := bucket.Read(at)
	if err != nil {
		return nil, err
	}
	return bucket.New(s, days, now)
}

// HandOver has what will be a medium given to the user of the server: a folder, or the file of a bucket's settings. Any other file stays whose it is, for
// it was named by mistake.
func HandOver(at string, chown func() error) error {
	if bucket.IsFile(at) {
		if _, err := bucket.Read(at); err != nil {
			return err
		}
	}
	if err := chown(); err != nil {
		return &problem.Error{Kind: problem.Denied, Op: "make medium", On: at, Hint: "hint.medium-permission", Err: err}
	}
	return nil
}

// For how many days a bucket locks what is put into it.
const (
	leastLock = 14 // half of it is what is left at worst, and somebody must notice in that time
	mostLock  = 3650
	usualLock = 90
)

// newBucket is a bucket of which a medium can be made.
func (h *House) newBucket(ctx context.Context, at string, days int) (medium.Target, error) {
	if days < leastLock || days > mostLock {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "make medium", Hint: "hint.bucket-days"}
	}
	b, err := bucketAt(at, days, h.opt.Now)
	if err == nil {
		err = b.Ready(ctx)
	}
	return b, err
}

// courier copies to buckets each day: nobody plugs them in.
type courier struct {
	list func() []account.Medium
	sync func(ctx context.Context, m account.Medium) error
	now  func() time.Time

	tried map[id.Medium]time.Time
}

const (
	courierEach  = 10 * time.Minute
	courierDay   = 24 * time.Hour
	courierAgain = time.Hour // after one that failed
)

func (c *courier) run(ctx context.Context) {
	every(ctx, courierEach, c.once)
}

func (c *courier) once(ctx context.Context) {
	for _, m := range c.list() {
		now := c.now()
		if m.Lock == 0 || !m.Retired.IsZero() || lately(now, m.Synced, courierDay) || lately(now, c.tried[m.ID], courierAgain) || ctx.Err() != nil {
			continue
		}
		c.tried[m.ID] = now
		_ = c.sync(ctx, m) // which says so itself
	}
}

// lately reports whether something was less than so long ago. What is yet to come was not: a clock that was ahead for an hour must not stop copies for a year.
func lately(now, then time.Time, d time.Duration) bool {
	ago := now.Sub(then)
	return 0 <= ago && ago < d
}

// apart reports whether nobody outside is to be spoken to, or there is nothing whole to send.
func (h *House) apart() bool { return h.half() || !h.keeper.local.Isolated().IsZero() }

// carry copies to a bucket, as the storehouse's own act.
func (h *House) carry(ctx context.Context, m account.Medium) (err error) {
	if h.apart() {
		return nil
	}
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err == nil {
		var out api.Synced
		if out, err = h.SyncMedium(ctx, s, api.SyncRequest{Path: m.Path}, func(api.SyncLine) {}); err == nil {
			h.opt.Log.InfoContext(ctx, "copied to the bucket", "medium", m.Label, "state", out.State, "copied", out.Copied, "findings", out.Found)
		}
		err = errors.Join(err, h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "copied"))
	}
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		h.opt.Log.ErrorContext(ctx, "the daily copy to the bucket has failed, and is tried again in an hour", "medium", m.Label, "err", err)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.uncarried[m.ID] = failure{h.opt.Now(), err}
	}
	return err
}

// carried enters that a copy has come, whoever has made it.
func (h *House) carried(m id.Medium) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.uncarried, m)
}

// failure is why a daily copy has failed, and when.
type failure struct {
	when time.Time
	err  error
}

// failures tells of the buckets to which the last copy has failed.
func (h *House) failures(list []account.Medium) (out []api.FailedCopy) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range list {
		f, ok := h.uncarried[m.ID]
		if !ok || !m.Retired.IsZero() {
			continue
		}
		x := api.FailedCopy{Label: m.Label, When: f.when, Problem: problem.Error{Kind: problem.KindOf(f.err), Op: "sync medium", On: m.Label}}
		if e, ok := errors.AsType[*problem.Error](f.err); ok {
			x.Problem = *e
		}
		out = append(out, x)
	}
	return out
}
