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
	Reason  string           `json:"reason,omitempty"`  // of opening it, or of distrusting somebody for less time than before
	Kind    account.StopKind `json:"kind,omitempty"`    // of the parties, where it does not follow: "storehouse", "keeper", "medium"
	Parties []string         `json:"parties,omitempty"` // accounts by name; accounts, devices and sessions by id; addresses; what a medium is called. None for storehouse and keeper
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to,omitzero"` // until now
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
	if (q.Kind == account.PartyStorehouse || q.Kind == account.PartyKeeper) && len(q.Parties) == 0 {
		q.Parties = []string{""} // there is one of each
	}
	for _, p := range q.Parties {
		c.Suspects = append(c.Suspects, account.Suspect{Kind: q.Kind, Subject: p, From: q.From, To: q.To})
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

// caseOf returns the suspects of a case as the vault knows them.
func (h *handler) caseOf(ctx context.Context, s account.Session, op, n string) ([]account.Suspect, error) {
	list, err := h.People.Parties(ctx, s.ID, n)
	if err != nil || len(list) > 0 {
		return list, err
	}
	c, err := h.People.Case(ctx, s.ID, n)
	if err != nil {
		return nil, err
	}
	hint := "hint.case-nobody"
	switch {
	case slices.ContainsFunc(c.Suspects, func(x account.Suspect) bool { return x.Kind == account.StopAddress }):
		hint = "hint.case-no-session"
	case len(c.Suspects) > 0:
		hint = "hint.case-no-acts"
	}
	return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: n, Hint: hint}
}

// suspectsIn are the suspects of a case, each in the time in which they are distrusted. An address can stand for many sessions.
func suspectsIn(list []account.Suspect) vault.Suspects {
	out := vault.Suspects{}
	by := make(map[string][]account.Suspect)
	for i, s := range list {
		if i == 0 || s.From.Before(out.From) {
			out.From = s.From
		}
		by[s.Subject] = append(by[s.Subject], s)
	}
	during := func(a vault.Actor, fits func(account.Suspect) bool) bool {
		for _, n := range []string{text(a.Session), text(a.Device), text(a.Account)} {
			if n != "" && slices.ContainsFunc(by[n], fits) {
				return true
			}
		}
		return false
	}
	out.Pick = func(a vault.Actor) bool { return during(a, func(account.Suspect) bool { return true }) }
	out.During = func(a vault.Actor, t time.Time) bool {
		return during(a, func(s account.Suspect) bool { return !t.Before(s.From) && (s.To.IsZero() || !t.After(s.To)) })
	}
	return out
}
