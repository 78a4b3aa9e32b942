package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/vault"
)

// Remover removes by rule what two people have agreed on.
type Remover interface {
	PreviewRemoval(ctx context.Context, s account.Session, share string, rule account.Retention, aging *account.Aging, brokenOff bool, progress func(done, of int64)) (account.Removal, error)
	PreviewedRemoval(ctx context.Context, s account.Session, share string) (account.Removal, error)
	Expiring(ctx context.Context, s account.Session, share string, each func(vault.Expiring) error) error
	RemoveByRule(ctx context.Context, s account.Session, share string, q vault.Removing) (account.Removed, error)
}

// Retainer keeps the rules of shares, and who has agreed on what.
type Retainer interface {
	Retention(ctx context.Context, s id.Session, share string) (account.RetentionState, error)
	SetRetention(ctx context.Context, s id.Session, share string, r account.Retention) error
	Aging(ctx context.Context, s id.Session, share string) (*account.Aging, error)
	AskRemoval(ctx context.Context, s id.Session, share string, r account.Removal, reason string) (Outcome, error)
	MayRemove(ctx context.Context, s id.Session, share, digest string) error
	BeginRemoval(ctx context.Context, s id.Session, share string, list account.Removal) error
	EndRemoval(ctx context.Context, s id.Session, share string, r account.Removed) error
}

// What package account says of retention is what crosses the wire.
type (
	// Retention is the rule of a share.
	Retention = account.Retention
	// RetentionState is all that is known of it.
	RetentionState = account.RetentionState
	// Removal is a preview of what the rule lets go.
	Removal = account.Removal
	// Removed is what was removed.
	Removed = account.Removed
	// Removing is how far a preview or a removal is.
	Removing = account.Removing
	// Expiring is a version in a preview.
	Expiring = vault.Expiring
	// AskRemoval asks for the removal of a preview.
	AskRemoval = account.AskRemoval
)

// ExpiringTitle and ExpiringRow are a list of versions as a table.
func ExpiringTitle(l lang.Lang) []string {
	return []string{l.Text("say.retention-file"), l.Text("say.retention-version"), l.Text("web.size"), l.Text("say.retention-saved"), l.Text("web.who")}
}

// ExpiringRow is a line of it, which no spreadsheet takes for a formula.
func ExpiringRow(e Expiring) []string {
	return plainCells([]string{string(e.Path), strconv.Itoa(e.Number), strconv.FormatInt(e.Size, 10), e.Saved.UTC().Format(time.RFC3339), e.Author})
}

func (h *handler) retaining() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/shares/{name}/retention":          h.retention,
		"PUT /v1/shares/{name}/retention":          h.setRetention,
		"GET /v1/shares/{name}/retention/preview":  h.previewedRemoval,
		"POST /v1/shares/{name}/retention/preview": h.previewRemoval,
		"GET /v1/shares/{name}/retention/versions": h.expiring,
		"POST /v1/shares/{name}/retention/removal": h.askRemoval,
		"POST /v1/shares/{name}/retention/run":     h.runRemoval,
	}
}

func (h *handler) retention(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Retention(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	x.Work = h.removing.of(x.Share)
	return writeJSON(w, x)
}

func (h *handler) setRetention(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Retention](r)
	if err == nil {
		err = h.People.SetRetention(r.Context(), s.ID, r.PathValue("name"), q)
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (h *handler) previewedRemoval(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Retention(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	p, err := h.Vault.PreviewedRemoval(r.Context(), s, x.Share)
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}

func (h *handler) expiring(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Retention(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	l := newLines(w, r)
	return l.end(h.Vault.Expiring(r.Context(), s, x.Share, func(e Expiring) error { return l.put(e) }))
}

func (h *handler) askRemoval(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[AskRemoval](r)
	if err != nil {
		return err
	}
	x, err := h.People.Retention(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	p, err := h.Vault.PreviewedRemoval(r.Context(), s, x.Share)
	if err != nil {
		return err
	}
	if p.Digest != q.Digest {
		return invalid("remove by rule", x.Share, "hint.no-preview")
	}
	p.Client = x.Register.Client
	o, err := h.People.AskRemoval(r.Context(), s.ID, x.Share, p, q.Reason)
	return outcome(w, o, err)
}
