package api

import (
	"context"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// Firm is who reports.
type Firm = account.Firm

// FirmBook keeps what reports say of the firm.
type FirmBook interface {
	FirmFacts(ctx context.Context, s id.Session) (Firm, error)
	SetFirm(ctx context.Context, s id.Session, f Firm) error
}

func (h *handler) firm(w http.ResponseWriter, r *http.Request, s account.Session) error {
	f, err := h.People.FirmFacts(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, f)
}

func (h *handler) setFirm(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Firm](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetFirm(r.Context(), s.ID, q))
}
