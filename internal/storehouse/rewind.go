package storehouse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Rewind asks a restore to put files back to what they were before a case began. It only adds versions: what was there stays in the histories, and
// can be brought back.
type Rewind struct {
	Case string `json:"case,omitempty"` // its number; empty: nothing is put back
	// Trusted keeps what people whom the case does not suspect have done since, as a rollback of the case does; else all is as when it began.
	Trusted bool `json:"keep_trusted,omitempty"`
}

// Rewound tells what was put back.
type Rewound struct {
	Rewind
	From time.Time      `json:"from"` // when the case began
	Acts map[string]int `json:"acts"` // as in a rollback
	Left []string       `json:"left"` // shares whose keys are missing
	// How to take it back: as what this session did, after First and not after Last. No times: nothing was to be done.
	Session string    `json:"session"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// suspectsOf are those of whom a rewind takes back what they did. end is when the last that can be on the medium was done: what people do in the
// restored house is theirs.
func (r Rewind) suspectsOf(ctx context.Context, desk *cases.Desk, s account.Session, end time.Time) (vault.Suspects, error) {
	by, err := desk.Suspects(ctx, s, "restore vault", r.Case)
	if err != nil {
		return by, &problem.Error{Kind: problem.KindOf(err), Op: "restore vault", On: r.Case, Hint: "hint.restore-case", Err: err}
	}
	if !r.Trusted {
		by = vault.Suspects{From: by.From, To: end, Pick: func(vault.Actor) bool { return true }}
	}
	return by, nil
}

// check looks whether the restored keeper knows the case, before anything is copied.
func (r Rewind) check(ctx context.Context, c keeper.Config) (err error) {
	k, err := keeper.Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close(context.WithoutCancel(ctx))) }()
	s, err := k.Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.End(context.WithoutCancel(ctx), s.ID, "the program ended")) }()
	_, err = r.suspectsOf(ctx, &cases.Desk{Books: k, Now: c.Now}, s, time.Time{})
	return err
}

// rewinds reports whether files are to be put back yet.
func (h *House) rewinds() bool { return h.rewinding.Load() != nil }

// Rewind puts back what the restore was asked to, once all packs are here. One that was broken off is done again: what is back is left as it is.
func (h *House) Rewind(ctx context.Context) (out Rewound, err error) {
	r := h.rewinding.Load()
	if r == nil || h.half() {
		return out, nil
	}
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return out, err
	}
	defer func() {
		err = errors.Join(err, h.keeper.Keeper().End(context.WithoutCancel(ctx), s.ID, "the program ended"))
	}()
	by, err := r.Rewind.suspectsOf(ctx, h.desk, s, r.last())
	if err != nil {
		return out, err
	}
	out = Rewound{Rewind: r.Rewind, From: by.From, Acts: make(map[string]int), Left: []string{}, Session: s.ID.String()}
	keyless := make(map[id.Share]bool)
	for _, k := range h.keeper.local.Keyless() {
		keyless[k.ID] = true
		out.Left = append(out.Left, k.Name)
	}
	list, err := h.keeper.Keeper().Shares(ctx, s.ID)
	if err != nil {
		return out, err
	}
	for _, share := range list {
		if keyless[share.ID] {
			continue
		}
		done, err := h.vault.Rollback(ctx, s, pathname.Path("/"+share.Name), by, nil, false, func(m vault.Mended) error {
			out.Acts[string(m.Act)]++
			return nil
		})
		if err != nil {
			return out, err
		}
		if done.Records > 0 {
			if out.Last = done.Last.UTC(); out.First.IsZero() {
				out.First = done.First.UTC().Add(-time.Microsecond)
			}
		}
	}
	if err := h.opt.FS.Remove(filepath.Join(h.cfg.Data, restoringFile)); err != nil && !os.IsNotExist(err) {
		return out, broken(err, h.cfg.Data)
	}
	h.rewinding.Store(nil)
	return out, broken(h.opt.FS.SyncDir(h.cfg.Data), h.cfg.Data)
}

// last is when the last act can have been done that is on the medium, by either machine's clock.
func (r *restoring) last() time.Time {
	if r.Begun.After(r.Time) {
		return r.Begun
	}
	return r.Time
}

// rewindAll puts files back behind open doors.
func (h *House) rewindAll(ctx context.Context) {
	r := h.rewinding.Load()
	if r == nil {
		return
	}
	h.opt.Log.Info("files are put back to what they were before the case", "case", r.Case, "keep_trusted", r.Trusted)
	out, err := h.Rewind(ctx)
	switch {
	case err == nil:
		h.opt.Log.Info("files are as they were before the case", "case", r.Case, "from", out.From, "acts", out.Acts)
	case ctx.Err() == nil:
		h.opt.Log.Error("files could not be put back; it is tried again at the next start, and “azekura rollback” does it as well", "case", r.Case, "err", err)
	}
}

// copied notes that all packs are here while files are to be put back yet; with nothing to put back the restore has ended.
func (r *restoring) copied(fsys durable.FS, data string) error {
	if r.Case == "" {
		if err := fsys.Remove(filepath.Join(data, restoringFile)); err != nil {
			return err
		}
		return fsys.SyncDir(data)
	}
	r.Copied = true
	return r.write(fsys, data)
}
