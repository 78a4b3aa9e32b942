package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/receipt"
)

// Endings ends shares.
type Endings interface {
	Ending(ctx context.Context, s id.Session, share string) (Ending, error)
	EraseShare(ctx context.Context, s id.Session, share string, q NewErasure, has account.Holdings) (Outcome, error)
	Certificate(ctx context.Context, s id.Session, share string) (account.ErasureRecords, error)
}

// What package account says of the end of a share is what crosses the wire.
type (
	// Ending tells what the end of a share would take, or has taken.
	Ending = account.Ending
	// NewErasure asks for it.
	NewErasure = account.NewErasure
)

func (h *handler) erasing() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/shares/{name}/erasure":     h.ending,
		"POST /v1/shares/{name}/erasure":    h.eraseShare,
		"GET /v1/shares/{name}/certificate": h.certificate,
	}
}

// holdings counts a share. Of one whose books do not open nobody knows what it holds, and it can be erased all the same.
func (h *handler) holdings(r *http.Request, s account.Session) (account.Holdings, error) {
	has, err := h.Vault.Holdings(r.Context(), s, r.PathValue("name"))
	if k := problem.KindOf(err); err != nil && (k == problem.Damaged || k == problem.Internal) {
		return account.Holdings{}, nil
	}
	return has, err
}

func (h *handler) ending(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Ending(r.Context(), s.ID, r.PathValue("name"))
	if err == nil && x.Decided.IsZero() {
		x.Holdings, err = h.holdings(r, s)
		if k := problem.KindOf(err); k == problem.Denied || k == problem.NotFound || k == problem.Frozen { // who does not see its names, or not now, sees the rest
			x.Holdings, err = account.Holdings{}, nil
		}
	}
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

func (h *handler) eraseShare(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewErasure](r)
	if err != nil {
		return err
	}
	x, err := h.People.Ending(r.Context(), s.ID, r.PathValue("name")) // who may not is told so before anything is counted
	if err != nil {
		return err
	}
	var has account.Holdings
	if x.Decided.IsZero() {
		if has, err = h.holdings(r, s); err != nil && problem.KindOf(err) != problem.Frozen {
			return err
		}
	}
	o, err := h.People.EraseShare(r.Context(), s.ID, r.PathValue("name"), q, has)
	return outcome(w, o, err)
}

func (h *handler) certificate(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Certificate(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	c, zone := receipt.NewCertificate(x), h.Now().Location()
	if p, err := h.People.Policy(r.Context(), s.ID); err == nil && p.Zone != "" {
		if z, err := time.LoadLocation(p.Zone); err == nil {
			zone = z
		}
	}
	l, kind := lang.Pick(r.Header.Get("Accept-Language")), "application/json"
	var b []byte
	switch r.URL.Query().Get("format") {
	case "", "json":
		b, err = c.Marshal()
	case "html":
		kind = "text/html; charset=utf-8"
		b, err = c.HTML(l, zone)
	case "pdf":
		kind = "application/pdf"
		b, err = c.PDF(l, zone, "")
	default:
		return invalid("make certificate", r.URL.Query().Get("format"), "hint.receipt-format")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(c.FileName(r.URL.Query().Get("format"))))
	_, err = w.Write(b)
	return err
}
