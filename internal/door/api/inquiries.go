package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/receipt"
)

// Inquiring is what people outside ask, and what they are told.
type Inquiring interface {
	Lookup(ctx context.Context, s id.Session, n string) (Lookup, error)
	ProposeLookup(ctx context.Context, s id.Session, x account.LookupScope) (Outcome, error)
	CloseLookup(ctx context.Context, s id.Session, n string) error
	Inquiries(ctx context.Context, s id.Session, n string) ([]Inquiry, error)
	NoteInquiry(ctx context.Context, s id.Session, n string, q Inquiry) (Inquiry, error)
	ShareRecords(ctx context.Context, s id.Session, of account.ReceiptOf, from, to time.Time) (account.ShareRecords, error)
	GiveReceipt(ctx context.Context, s id.Session, share, school, month string, until time.Time, receipt []byte) (ReceiptLink, error)
	Receipts(ctx context.Context, s id.Session) ([]ReceiptLink, error)
	RevokeReceipt(ctx context.Context, s id.Session, n string) error
}

// Asked answers those who are not logged in.
type Asked interface {
	LookupPage(ctx context.Context, token string) (LookupPage, error)
	LookUp(ctx context.Context, token string, from netip.Addr, questions []string) (account.LookupAnswer, error)
	OpenReceipt(ctx context.Context, token string, from netip.Addr) ([]byte, error)
}

// The types of inquiries and receipts.
type (
	Lookup         = account.Lookup
	LookupPage     = account.LookupPage
	LookupQuestion = cases.LookupQuestion
	Inquiry        = account.Inquiry
	ReceiptLink    = account.ReceiptLink
)

// LookupRequest asks for the page of a case.
type LookupRequest struct {
	Contact string `json:"contact"` // whom to ask: it stands on the page
	Reason  string `json:"reason"`  // for the second person
}

// LookupReply answers a question.
type LookupReply struct {
	Answer account.LookupAnswer `json:"answer"`
	At     time.Time            `json:"at"` // of what it was answered from
}

// ReceiptRequest asks for a link to a receipt.
type ReceiptRequest struct {
	School string `json:"school,omitempty"` // one of those in a share with several
	Month  string `json:"month,omitempty"`  // "2026-11"; "": this one
	Days   int    `json:"days,omitempty"`   // that the link is good for; 0: 30
}

func (h *handler) inquiring() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/cases/{id}/lookup":            h.lookup,
		"POST /v1/cases/{id}/lookup":           h.openLookup,
		"DELETE /v1/cases/{id}/lookup":         h.closeLookup,
		"GET /v1/cases/{id}/inquiries":         h.inquiries,
		"POST /v1/cases/{id}/inquiries":        h.noteInquiry,
		"GET /v1/shares/{name}/receipt":        h.receipt,
		"POST /v1/shares/{name}/receipt/links": h.giveReceipt,
		"GET /v1/receipts":                     h.receipts,
		"DELETE /v1/receipts/{id}":             h.revokeReceipt,
	}
}

// asked are the endpoints for those who are not logged in.
func (h *handler) asked() map[string]func(w http.ResponseWriter, r *http.Request) error {
	return map[string]func(w http.ResponseWriter, r *http.Request) error{
		"GET /v1/lookup/{token}":  h.lookupPage,
		"POST /v1/lookup/{token}": h.lookUp,
		"GET /v1/receipt/{token}": h.openReceipt,
	}
}

func (h *handler) lookup(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Lookup(r.Context(), s.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

func (h *handler) openLookup(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[LookupRequest](r)
	if err != nil {
		return err
	}
	if _, err := h.People.Lookup(r.Context(), s.ID, r.PathValue("id")); err != nil { // who may not is told so before rosters are read
		return err
	}
	x, err := h.Desk.LookupScope(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	x.Contact, x.Reason = q.Contact, q.Reason
	o, err := h.People.ProposeLookup(r.Context(), s.ID, x)
	return outcome(w, o, err)
}

func (h *handler) closeLookup(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.CloseLookup(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) inquiries(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Inquiries(r.Context(), s.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	return all(w, r, PickInquiries(list, q.Get("status"), q.Get("q")), nil)
}

// PickInquiries returns those that have a status and mention a text; "" is any.
func PickInquiries(list []Inquiry, status, text string) (out []Inquiry) {
	for _, x := range list {
		if (status == "" || string(x.Status) == status) && (text == "" || mentions(x, text)) {
			out = append(out, x)
		}
	}
	return out
}

// mentions reports whether a text stands anywhere in an inquiry.
func mentions(x Inquiry, text string) bool {
	return strings.Contains(strings.ToLower(strings.Join([]string{x.Who, x.Reach, x.School, x.About, x.Question, x.Answer, x.Handler}, "\n")), strings.ToLower(text))
}

func (h *handler) noteInquiry(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Inquiry](r)
	if err != nil {
		return err
	}
	q, err = h.People.NoteInquiry(r.Context(), s.ID, r.PathValue("id"), q)
	if err != nil {
		return err
	}
	return writeJSON(w, q)
}

// made makes a receipt of a month.
func (h *handler) made(r *http.Request, s account.Session, school, month string) (*receipt.Receipt, error) {
	p, err := h.People.Policy(r.Context(), s.ID)
	if err != nil {
		return nil, err
	}
	now := h.Now()
	if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" { // midnight is the house's, not the machine's
		now = now.In(zone)
	}
	m, err := receipt.ParseMonth(month, now)
	if err != nil {
		return nil, err
	}
	of := account.ReceiptOf{Share: r.PathValue("name")}
	if school != "" {
		if err := h.mayInquire(r, s); err != nil {
			return nil, err
		}
		if of, err = h.Desk.ReceiptOf(r.Context(), s, of.Share, school); err != nil {
			return nil, err
		}
	}
	x, err := h.People.ShareRecords(r.Context(), s.ID, of, m.From, m.To)
	if err != nil {
		return nil, err
	}
	return receipt.New(x, m), nil
}

func (h *handler) receipt(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.made(r, s, r.URL.Query().Get("school"), r.URL.Query().Get("month"))
	if err != nil {
		return err
	}
	return writeReceipt(w, r, x)
}

func (h *handler) giveReceipt(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[ReceiptRequest](r)
	if err != nil {
		return err
	}
	if q.Days == 0 {
		q.Days = 30
	}
	x, err := h.made(r, s, q.School, q.Month)
	if err != nil {
		return err
	}
	b, err := x.Marshal()
	if err != nil {
		return err
	}
	link, err := h.People.GiveReceipt(r.Context(), s.ID, r.PathValue("name"), x.School, x.Month, h.Now().Add(time.Duration(q.Days)*24*time.Hour), b)
	if err != nil {
		return err
	}
	return secret(w, link, nil)
}

func (h *handler) receipts(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Receipts(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) revokeReceipt(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.RevokeReceipt(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) lookupPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.Front.Asked.LookupPage(r.Context(), r.PathValue("token"))
	return secret(w, p, err)
}

func (h *handler) lookUp(w http.ResponseWriter, r *http.Request) error {
	q, err := readJSON[LookupQuestion](r)
	if err == nil {
		err = q.Check()
	}
	if err != nil {
		return err
	}
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	p, err := h.Front.Asked.LookupPage(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	answer, err := h.Front.Asked.LookUp(r.Context(), r.PathValue("token"), from.Address, q.Questions())
	return secret(w, LookupReply{answer, p.At}, err)
}

func (h *handler) openReceipt(w http.ResponseWriter, r *http.Request) error {
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	b, err := h.Front.Asked.OpenReceipt(r.Context(), r.PathValue("token"), from.Address)
	if err != nil {
		return err
	}
	x, err := receipt.Parse(b)
	if err != nil {
		return err
	}
	return writeReceipt(w, r, x)
}

// writeReceipt answers with a receipt in the form that the query names: "json", which can be verified, or "html" or "pdf" to read.
func writeReceipt(w http.ResponseWriter, r *http.Request, x *receipt.Receipt) error {
	l, kind := lang.Pick(r.Header.Get("Accept-Language")), "application/json"
	var b []byte
	var err error
	switch r.URL.Query().Get("format") {
	case "", "json":
		b, err = x.Marshal()
	case "html":
		kind = "text/html; charset=utf-8"
		b, err = x.HTML(l)
	case "pdf":
		kind = "application/pdf"
		b, err = x.PDF(l, "")
	default:
		return invalid("make receipt", r.URL.Query().Get("format"), "hint.receipt-format")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(x.FileName(r.URL.Query().Get("format"))))
	_, err = w.Write(b)
	return err
}
