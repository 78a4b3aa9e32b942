package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/preview"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// PreviewsRequest names the pictures of a gallery, at most MaxBatch.
type PreviewsRequest struct {
	Paths []string `json:"paths"`
}

// PreviewState says whether there is a preview.
type PreviewState string

// The states of previews.
const (
	PreviewReady  PreviewState = "ready"
	PreviewComing PreviewState = "coming" // it is being made
	PreviewNone   PreviewState = "none"   // and there will be none of this version
)

// Preview tells of the preview of a file.
type Preview struct {
	Path  string       `json:"path"`
	State PreviewState `json:"state"`
}

// previews opens the previews of many files with one release: each can be fetched while it lasts.
func (h *handler) previews(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[PreviewsRequest](r)
	if err != nil {
		return err
	}
	if len(q.Paths) == 0 {
		return invalid("make preview", "paths", "hint.json-missing")
	}
	if len(q.Paths) > MaxBatch {
		return &problem.Error{Kind: problem.TooLarge, Op: "make preview", On: fmt.Sprintf("paths: %d > %d", len(q.Paths), MaxBatch), Hint: "hint.batch"}
	}
	files := h.Vault.As(s)
	infos := make([]vault.Info, len(q.Paths))
	for i, path := range q.Paths {
		p, err := parsePath("make preview", path)
		if err != nil {
			return err
		}
		if infos[i], err = files.Stat(r.Context(), p); err != nil && problem.KindOf(err) != problem.NotFound { // it may have gone since it was listed
			return err
		}
	}
	list, err := h.Vault.Previews(r.Context(), s, infos...)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for i, p := range list {
		state := PreviewNone
		switch {
		case p.File != nil:
			state = PreviewReady
			p.File.Close()
		case p.Coming:
			state = PreviewComing
		}
		if err := l.put(Preview{q.Paths[i], state}); err != nil {
			return err
		}
	}
	return l.end(nil)
}

// preview answers with a small picture of a file or of one of its versions; with ?large with one for a screen, made for this answer.
func (h *handler) preview(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "make preview")
	if err != nil {
		return err
	}
	info, err := find(r, h.Vault.As(s), p, r.URL.Query())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	large, err := truth(r.URL.Query(), "large")
	if err != nil {
		return err
	}
	if large {
		b, err := h.Vault.Picture(r.Context(), s, info, preview.Large)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, err = w.Write(b)
		return err
	}
	list, err := h.Vault.Previews(r.Context(), s, info)
	if err != nil {
		return err
	}
	f := list[0].File
	if f == nil {
		if list[0].Coming {
			w.Header().Set("Retry-After", "2")
			return &problem.Error{Kind: problem.NotFound, Op: "make preview", On: string(p), Hint: "hint.preview-coming", Err: errors.New("it is being made")}
		}
		return &problem.Error{Kind: problem.NotFound, Op: "make preview", On: string(p), Hint: list[0].Why}
	}
	defer f.Close()
	w.Header().Set("Content-Type", "image/jpeg")
	_, err = f.WriteTo(w)
	return err
}
