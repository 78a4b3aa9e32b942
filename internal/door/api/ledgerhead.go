package api

import (
	"encoding/base64"
	"net/http"
	"time"

	"rsc.io/qr"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/sheet"
)

// LedgerHead is the head of the ledger, for paper.
type LedgerHead struct {
	Origin    string    `json:"origin"`
	Size      int64     `json:"size"`
	Root      string    `json:"root"` // base64
	Text      string    `json:"text"` // as somebody may type it
	PublicKey string    `json:"public_key"`
	When      time.Time `json:"when"`
	QR        string    `json:"qr,omitempty"` // of the text, for a camera: a picture, as a data URL
}

// ledgerHead answers with the head, or with the sheet to print it on: ?format=pdf or html.
func (h *handler) ledgerHead(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.Ledger.Head(r.Context(), s)
	if err != nil {
		return err
	}
	x.When = h.Now()
	if r.URL.Query().Get("format") != "" {
		return sendSheet(w, r, sheet.Head{Origin: x.Origin, Key: x.PublicKey, Size: x.Size, Text: x.Text, At: x.When})
	}
	code, err := qr.Encode(x.Text, qr.M)
	if err != nil {
		return problem.New(problem.Internal, "read ledger", "", err)
	}
	x.QR = "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
	return writeJSON(w, x)
}
