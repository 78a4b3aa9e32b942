package api

import (
	"context"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Stopping is freezing and thawing.
type Stopping interface {
	Freeze(ctx context.Context, s id.Session, what account.Stop) (Stop, error)
	Stops(ctx context.Context, s id.Session) ([]Stop, error)
	Thaw(ctx context.Context, s id.Session, stop, reason string) (Outcome, error)
	Cases(ctx context.Context, s id.Session) ([]Case, error)
	OpenCase(ctx context.Context, s id.Session, c Case) (Case, error)
	CloseCase(ctx context.Context, s id.Session, n, note string) error
}

// Stop is a part of the house that is frozen.
type Stop = account.Stop

// FreezeRequest freezes.
type FreezeRequest struct {
	Kind    account.StopKind `json:"kind"`
	Subject string           `json:"subject,omitempty"` // of an account or share its name, of a session or device its id, an address; nothing for all
	Reason  string           `json:"reason,omitempty"`
}

// ThawRequest asks to lift a freeze.
type ThawRequest struct {
	Reason string `json:"reason"`
}

// Held is something that the guard holds back: stored, and shown to its author alone.
type Held struct {
	ID      id.Version `json:"id"`
	Path    string     `json:"path"`
	Removal bool       `json:"removal,omitempty"` // it would be removed
	Sign    string     `json:"sign"`              // what the guard saw, docs/guard.md
	When    time.Time  `json:"when"`
	Author  string     `json:"author"`
	Mine    bool       `json:"mine,omitempty"`
	Now     *Info      `json:"now,omitempty"` // what was saved
	Head    Info       `json:"head"`          // what others see
}

// SettleRequest decides about what is held.
type SettleRequest struct {
	Accept bool `json:"accept"`
}

func heldOf(x vault.Held) Held {
	out := Held{ID: x.Hold, Path: string(x.Path), Removal: x.Removal, Sign: string(x.Sign), When: utc(x.When), Author: x.Author, Mine: x.Mine, Head: infoOf(x.Head)}
	if !x.Removal {
		i := infoOf(x.Now)
		out.Now = &i
	}
	return out
}

// shareRoots are the shares that a session may read.
func (h *handler) shareRoots(ctx context.Context, s account.Session) (out []pathname.Path, err error) {
	for i, err := range h.Vault.As(s).List(ctx, pathname.Root) {
		if err != nil {
			return nil, err
		}
		out = append(out, i.Path)
	}
	return out, nil
}

func (h *handler) held(w http.ResponseWriter, r *http.Request, s account.Session) error {
	roots, err := h.shareRoots(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, share := range roots {
		for x, err := range h.Vault.Held(r.Context(), s, share) {
			if problem.KindOf(err) == problem.Denied || problem.KindOf(err) == problem.Frozen {
				break
			}
			if err == nil {
				err = l.put(heldOf(x))
			}
			if err != nil {
				return l.end(err)
			}
		}
	}
	return l.end(nil)
}

func (h *handler) settle(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[SettleRequest](r)
	if err != nil {
		return err
	}
	var hold id.Version
	if err := hold.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return invalid("settle", r.PathValue("id"), "hint.not-held")
	}
	roots, err := h.shareRoots(r.Context(), s)
	if err != nil {
		return err
	}
	last := error(&problem.Error{Kind: problem.NotFound, Op: "settle", On: hold.String(), Hint: "hint.not-held"})
	for _, share := range roots {
		err := h.Vault.Settle(r.Context(), s, share, hold, q.Accept)
		if problem.KindOf(err) != problem.NotFound || err == nil {
			return done(w, err)
		}
	}
	return last
}

func (h *handler) stops(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Stops(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) freeze(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[FreezeRequest](r)
	if err != nil {
		return err
	}
	f, err := h.People.Freeze(r.Context(), s.ID, account.Stop{Kind: q.Kind, Subject: q.Subject, Reason: q.Reason})
	if err != nil {
		return err
	}
	return writeJSON(w, f)
}

func (h *handler) thaw(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[ThawRequest](r)
	if err != nil {
		return err
	}
	o, err := h.People.Thaw(r.Context(), s.ID, r.PathValue("id"), q.Reason)
	return outcome(w, o, err)
}

func (h *handler) testAlert(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.Alert(r.Context(), s))
}
