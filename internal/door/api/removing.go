package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// RemovalLine is one line of a preview or a removal: how far it is, or, at the end, what it has found or done.
type RemovalLine struct {
	Step    string   `json:"step,omitempty"` // of a removal: versions, then packs
	Done    int64    `json:"done"`
	Of      int64    `json:"of"`
	Preview *Removal `json:"preview,omitempty"`
	Removed *Removed `json:"removed,omitempty"`
}

// removing knows how far previews and removals are, by the names of their shares: whoever looks sees that, whoever has begun it.
type removing struct {
	mu   sync.Mutex
	work map[string]account.Removing // guarded by mu
}

// of tells what is done in a share; nil: nothing since the start, or it has ended as it should.
func (r *removing) of(share string) *account.Removing {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x, ok := r.work[share]; ok {
		return &x
	}
	return nil
}

// begin returns false if something is under way already.
func (r *removing) begin(share, step string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.work[share].Running {
		return false
	}
	if r.work == nil {
		r.work = make(map[string]account.Removing)
	}
	r.work[share] = account.Removing{Running: true, Step: step}
	return true
}

func (r *removing) step(share, step string, done, of int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work[share] = account.Removing{Running: true, Step: step, Done: done, Of: of}
}

// end keeps why it has broken off, if it has.
func (r *removing) end(share string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.work, share)
		return
	}
	x := r.work[share]
	x.Running, x.Hint = false, "hint.disk"
	if e, ok := errors.AsType[*problem.Error](err); ok && e.Hint != "" {
		x.On, x.Hint = e.On, e.Hint
	}
	r.work[share] = x
}

// work is a preview or a removal that may begin: it tells how far it is, and its last line.
type work func(ctx context.Context, tell func(RemovalLine)) (RemovalLine, error)

// carryOut does it for a request that waits for it, or with background=1 behind one that does not. It goes on when the client goes away.
func (h *handler) carryOut(w http.ResponseWriter, r *http.Request, share, step string, do work) error {
	behind, err := truth(r.URL.Query(), "background")
	if err != nil {
		return err
	}
	if !h.removing.begin(share, step) {
		return &problem.Error{Kind: problem.Locked, Op: "remove by rule", On: share, Hint: "hint.removal-runs"}
	}
	ctx := context.WithoutCancel(r.Context())
	if behind {
		ended := make(chan error, 1)
		go func() {
			_, err := do(ctx, func(RemovalLine) {})
			h.removing.end(share, err)
			ended <- err
		}()
		return h.soon(w, share, ended)
	}
	l := newLines(w, r)
	last, err := do(ctx, func(x RemovalLine) {
		l.put(x)
		l.flush()
	})
	h.removing.end(share, err)
	if err != nil {
		return l.end(err)
	}
	if err := l.put(last); err != nil {
		return err
	}
	return l.end(nil)
}

// soon answers after a second at the latest: with what went wrong, if it has ended by then.
func (h *handler) soon(w http.ResponseWriter, share string, ended <-chan error) error {
	select {
	case err := <-ended:
		if err != nil {
			return err
		}
	case <-time.After(time.Second):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
	}
	x := h.removing.of(share)
	if x == nil {
		x = &account.Removing{}
	}
	return writeJSON(w, x)
}

// aging is what removals go by: the rule that is in force, and the time of the ledger. Who may not have anything removed learns neither.
func (h *handler) aging(r *http.Request, s account.Session) (RetentionState, *account.Aging, error) {
	a, err := h.People.Aging(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return RetentionState{}, nil, err
	}
	x, err := h.People.Retention(r.Context(), s.ID, r.PathValue("name"))
	if err == nil && !x.Rule.Any() {
		err = invalid("remove by rule", x.Share, "hint.no-rule")
	}
	return x, a, err
}

// previewStep is how many files lie between two lines of progress.
const previewStep = 8192

func (h *handler) previewRemoval(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, aging, err := h.aging(r, s)
	if err != nil {
		return err
	}
	return h.carryOut(w, r, x.Share, "files", func(ctx context.Context, tell func(RemovalLine)) (RemovalLine, error) {
		p, err := h.Vault.PreviewRemoval(ctx, s, x.Share, x.Rule, aging, x.BrokenOff(), func(done, of int64) {
			if h.removing.step(x.Share, "files", done, of); done%previewStep == 0 {
				tell(RemovalLine{Done: done, Of: of})
			}
		})
		p.Client = x.Register.Client
		return RemovalLine{Preview: &p}, err
	})
}

// runRemoval does what two people have agreed on.
func (h *handler) runRemoval(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, aging, err := h.aging(r, s)
	if err == nil {
		err = h.People.MayRemove(r.Context(), s.ID, x.Share, x.Agreed)
	}
	if err != nil {
		return err
	}
	return h.carryOut(w, r, x.Share, "versions", func(ctx context.Context, tell func(RemovalLine)) (RemovalLine, error) {
		step := ""
		done, err := h.Vault.RemoveByRule(ctx, s, x.Share, vault.Removing{Rule: x.Rule, Aging: aging, Digest: x.Agreed,
			May: func(ctx context.Context) error { return h.People.MayRemove(ctx, s.ID, x.Share, x.Agreed) },
			Begin: func(ctx context.Context, list account.Removal) error {
				return h.People.BeginRemoval(ctx, s.ID, x.Share, list)
			},
			End: func(ctx context.Context, done account.Removed) error {
				return h.People.EndRemoval(ctx, s.ID, x.Share, done)
			},
			Progress: func(what string, done, of int64) {
				if h.removing.step(x.Share, what, done, of); what != step || what == "versions" || done%16 == 0 {
					step = what
					tell(RemovalLine{Step: what, Done: done, Of: of})
				}
			}})
		return RemovalLine{Removed: &done}, err
	})
}
