package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Case is one incident: who is distrusted, and in which time.
type Case = account.Case

// CaseRequest opens a case, or changes who is distrusted in it.
type CaseRequest struct {
	Reason  string    `json:"reason,omitempty"` // of opening it
	Parties []string  `json:"parties"`          // accounts by name; accounts, devices and sessions by id
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"` // until now
}

// CaseClosing closes a case.
type CaseClosing struct {
	Note string `json:"note"` // what was found
}

func (h *handler) cases(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Cases(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) openCase(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return h.setCase(w, r, s, "")
}

func (h *handler) suspect(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return h.setCase(w, r, s, r.PathValue("id"))
}

func (h *handler) setCase(w http.ResponseWriter, r *http.Request, s account.Session, n string) error {
	q, err := readJSON[CaseRequest](r)
	if err != nil {
		return err
	}
	c := Case{ID: n, Reason: q.Reason}
	for _, p := range q.Parties {
		c.Suspects = append(c.Suspects, account.Suspect{Subject: p, From: q.From, To: q.To})
	}
	if c, err = h.People.OpenCase(r.Context(), s.ID, c); err != nil {
		return err
	}
	return writeJSON(w, c)
}

func (h *handler) closeCase(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CaseClosing](r)
	if err != nil {
		return err
	}
	return done(w, h.People.CloseCase(r.Context(), s.ID, r.PathValue("id"), q.Note))
}

// caseOf finds a case by its number.
func (h *handler) caseOf(ctx context.Context, s account.Session, op, n string) (Case, error) {
	list, err := h.People.Cases(ctx, s.ID)
	if err != nil {
		return Case{}, err
	}
	i := slices.IndexFunc(list, func(c Case) bool { return c.ID == n })
	if i < 0 {
		return Case{}, &problem.Error{Kind: problem.NotFound, Op: op, On: n, Hint: "hint.no-case"}
	}
	if len(list[i].Suspects) == 0 {
		return Case{}, &problem.Error{Kind: problem.Invalid, Op: op, On: n, Hint: "hint.case-nobody"}
	}
	return list[i], nil
}

// suspectsIn are the suspects of a case, each in the time in which they are distrusted.
func suspectsIn(c Case) vault.Suspects {
	out := vault.Suspects{}
	for i, s := range c.Suspects {
		if i == 0 || s.From.Before(out.From) {
			out.From = s.From
		}
	}
	names := func(s account.Suspect, a vault.Actor) bool {
		return is(s.Subject, a.Session) || is(s.Subject, a.Device) || is(s.Subject, a.Account)
	}
	out.Pick = func(a vault.Actor) bool {
		return slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return names(s, a) })
	}
	out.During = func(a vault.Actor, t time.Time) bool {
		return slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool {
			return names(s, a) && !t.Before(s.From) && (s.To.IsZero() || !t.After(s.To))
		})
	}
	return out
}
