package api

import (
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
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
