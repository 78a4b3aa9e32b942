package api

import (
	"net/http"

	"github.com/azekura/azekura/internal/account"
)

func (h *handler) shares(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.Shares.Shares(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, a := range list {
		if err := l.put(shareOf(a)); err != nil {
			return err
		}
	}
	return l.end(nil)
}

func shareOf(a account.Share) Share { return Share{ID: a.ID, Name: a.Name, ReadOnly: !a.Write} }

// NewShare asks for a share.
type NewShare struct {
	Name string `json:"name"`
}

func (h *handler) makeShare(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewShare](r)
	if err != nil {
		return err
	}
	a, err := h.Shares.MakeShare(r.Context(), s, q.Name)
	if err != nil {
		return err
	}
	return writeJSON(w, shareOf(a))
}

func (h *handler) setRights(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Right](r)
	if err != nil {
		return err
	}
	return done(w, h.Shares.SetRights(r.Context(), s, q))
}

func (h *handler) sessions(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.Shares.Sessions(r.Context(), s)
	return all(w, r, list, err)
}

func (h *handler) accounts(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.Accounts.Accounts(r.Context(), s)
	return all(w, r, list, err)
}

func (h *handler) makeAccount(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewAccount](r)
	if err != nil {
		return err
	}
	return done(w, h.Accounts.MakeAccount(r.Context(), s, q))
}

func (h *handler) setPassword(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Secret](r)
	if err != nil {
		return err
	}
	return done(w, h.Accounts.SetPassword(r.Context(), s, r.PathValue("name"), q.Secret))
}

// Disabled says whether an account may log in.
type Disabled struct {
	Disabled bool `json:"disabled"`
}

func (h *handler) setDisabled(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Disabled](r)
	if err != nil {
		return err
	}
	return done(w, h.Accounts.SetDisabled(r.Context(), s, r.PathValue("name"), q.Disabled))
}

func (h *handler) makeDevice(w http.ResponseWriter, r *http.Request, s account.Session) error {
	secret, err := h.Accounts.MakeDevice(r.Context(), s, r.PathValue("name"), r.PathValue("device"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, Secret{secret})
}

func (h *handler) removeDevice(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.Accounts.RemoveDevice(r.Context(), s, r.PathValue("name"), r.PathValue("device")))
}

// done answers to an act without a result.
func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// all answers with a list, one element a line.
func all[T any](w http.ResponseWriter, r *http.Request, list []T, err error) error {
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, v := range list {
		if err := l.put(v); err != nil {
			return err
		}
	}
	return l.end(nil)
}
