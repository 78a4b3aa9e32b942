package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Casework is what people do in a case.
type Casework interface {
	Entering
	Papers
	// Case returns a case with all that stands at its desk.
	Case(ctx context.Context, s id.Session, n string) (Case, error)
	Timeline(ctx context.Context, s id.Session, n string, q account.TimelineQuery) (Timeline, error)
	Trust(ctx context.Context, s id.Session, n string, party account.Suspect, reason string) error
}

// Entering is what they enter.
type Entering interface {
	SetKnowing(ctx context.Context, s id.Session, n string, k NewKnowing) (Outcome, error)
	SetFact(ctx context.Context, s id.Session, n, key, value string) error
	AddNote(ctx context.Context, s id.Session, n, text string) error
	AddTask(ctx context.Context, s id.Session, n string, t NewTask) error
	EndTask(ctx context.Context, s id.Session, n string, task int) error
}

// Papers is what they put into it, and what they decide.
type Papers interface {
	Attach(ctx context.Context, s id.Session, n, name string, content []byte) (Attachment, error)
	Attachment(ctx context.Context, s id.Session, n string, which int) (Attachment, []byte, error)
	Decide(ctx context.Context, s id.Session, n, text string) (Outcome, error)
	SetHold(ctx context.Context, s id.Session, n string, q NewHold) (Outcome, error)
}

// The types of a case's desk.
type (
	NewKnowing = account.NewKnowing
	NewTask    = account.NewTask
	NewHold    = account.NewHold
	Attachment = account.Attachment
	Timeline   = account.Timeline
	FactField  = account.FactField
)

// Trusting takes a party out of a case.
type Trusting struct {
	Kind    account.StopKind `json:"kind,omitempty"`
	Subject string           `json:"subject,omitempty"`
	Reason  string           `json:"reason"`
}

// FactValue sets what people know of a case.
type FactValue struct {
	Value string `json:"value"` // "": nobody knows any more
}

// CaseText is a note, or a decision.
type CaseText struct {
	Text string `json:"text"`
}

// MaxAttachment bounds an attachment, in bytes.
const MaxAttachment = 20 << 20

func (h *handler) deskRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/cases/{id}":                      h.oneCase,
		"GET /v1/cases/{id}/timeline":             h.timeline,
		"POST /v1/cases/{id}/trust":               h.trust,
		"POST /v1/cases/{id}/knowing":             h.setKnowing,
		"PUT /v1/cases/{id}/facts/{key}":          h.setFact,
		"POST /v1/cases/{id}/notes":               h.addNote,
		"POST /v1/cases/{id}/tasks":               h.addTask,
		"POST /v1/cases/{id}/tasks/{number}/done": h.endTask,
		"POST /v1/cases/{id}/attachments":         h.attach,
		"GET /v1/cases/{id}/attachments/{number}": h.attachment,
		"POST /v1/cases/{id}/decisions":           h.decide,
		"PUT /v1/cases/{id}/hold":                 h.setHold,
		"GET /v1/cases/{id}/deadlines":            h.deadlines,
		"GET /v1/cases/{id}/deadlines.ics":        h.calendar,
		"GET /v1/facts":                           h.facts,
	}
}

func (h *handler) oneCase(w http.ResponseWriter, r *http.Request, s account.Session) error {
	c, err := h.People.Case(r.Context(), s.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, c)
}

// facts tells which facts there are, to everybody: it is a form, and nothing of a case.
func (h *handler) facts(w http.ResponseWriter, r *http.Request, _ account.Session) error {
	return all(w, r, account.FactFields, nil)
}

func (h *handler) timeline(w http.ResponseWriter, r *http.Request, s account.Session) error {
	const op = "read ledger"
	v := r.URL.Query()
	var q account.TimelineQuery
	slots, err := number(v, op, "slots", 1)
	if err != nil {
		return err
	}
	q.Slots = int(min(slots, 1<<20))
	if q.From, err = timeIn(v, op, "from"); err != nil {
		return err
	}
	if q.To, err = timeIn(v, op, "to"); err != nil {
		return err
	}
	t, err := h.People.Timeline(r.Context(), s.ID, r.PathValue("id"), q)
	if err != nil {
		return err
	}
	return writeJSON(w, t)
}

// timeIn reads a time from a query; nothing is no time.
func timeIn(v url.Values, op, key string) (time.Time, error) {
	if v.Get(key) == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, v.Get(key))
	if err != nil {
		return t, invalid(op, key+"="+v.Get(key), "hint.case-window")
	}
	return t, nil
}

func (h *handler) trust(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Trusting](r)
	if err != nil {
		return err
	}
	return done(w, h.People.Trust(r.Context(), s.ID, r.PathValue("id"), account.Suspect{Kind: q.Kind, Subject: q.Subject}, q.Reason))
}

func (h *handler) setKnowing(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewKnowing](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetKnowing(r.Context(), s.ID, r.PathValue("id"), q)
	return outcome(w, o, err)
}

func (h *handler) setFact(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[FactValue](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetFact(r.Context(), s.ID, r.PathValue("id"), r.PathValue("key"), q.Value))
}

func (h *handler) addNote(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CaseText](r)
	if err != nil {
		return err
	}
	return done(w, h.People.AddNote(r.Context(), s.ID, r.PathValue("id"), q.Text))
}

func (h *handler) addTask(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewTask](r)
	if err != nil {
		return err
	}
	return done(w, h.People.AddTask(r.Context(), s.ID, r.PathValue("id"), q))
}

func (h *handler) endTask(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := entryNumber(r)
	if err != nil {
		return err
	}
	return done(w, h.People.EndTask(r.Context(), s.ID, r.PathValue("id"), n))
}

// entryNumber is the number of something at the desk.
func entryNumber(r *http.Request) (int, error) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return 0, &problem.Error{Kind: problem.NotFound, Op: "case", On: r.PathValue("number"), Hint: "hint.case-no-entry"}
	}
	return n, nil
}

func (h *handler) attach(w http.ResponseWriter, r *http.Request, s account.Session) error {
	const op = "case"
	name := r.URL.Query().Get("name")
	if err := h.People.May(r.Context(), s.ID, account.Freeze, op); err != nil { // before so much is read
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, MaxAttachment+1))
	switch {
	case err != nil:
		return problem.New(problem.Invalid, op, name, err)
	case len(b) > MaxAttachment:
		return &problem.Error{Kind: problem.TooLarge, Op: op, On: name, Hint: "hint.case-file-size"}
	}
	a, err := h.People.Attach(r.Context(), s.ID, r.PathValue("id"), name, b)
	if err != nil {
		return err
	}
	return writeJSON(w, a)
}

// attachment sends a file of a case: as a file to be saved, whatever is in it. It may come from whoever has attacked.
func (h *handler) attachment(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := entryNumber(r)
	if err != nil {
		return err
	}
	a, b, err := h.People.Attachment(r.Context(), s.ID, r.PathValue("id"), n)
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	head.Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}

func (h *handler) decide(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CaseText](r)
	if err != nil {
		return err
	}
	o, err := h.People.Decide(r.Context(), s.ID, r.PathValue("id"), q.Text)
	return outcome(w, o, err)
}

func (h *handler) setHold(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewHold](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetHold(r.Context(), s.ID, r.PathValue("id"), q)
	return outcome(w, o, err)
}
