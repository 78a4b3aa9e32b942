package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// The types of findings: what the records say of a case.
type (
	Findings      = cases.Findings
	CaseProgress  = cases.Progress
	ShareFindings = cases.ShareFindings
	ExposedRow    = exposure.Row
	ExposedClass  = cases.Class
	Place         = exposure.Place
	Three         = exposure.Three
)

// Desk works on cases.
type Desk interface {
	DeadlineDesk
	Suspects(ctx context.Context, s account.Session, op, n string) (vault.Suspects, error)
	Progress(ctx context.Context, s account.Session, n string) (cases.Progress, error)
	Current(ctx context.Context, s account.Session, n string) (*cases.Findings, error)
	Book(ctx context.Context, s account.Session, share string) (*roster.Book, error)
	SaveBook(ctx context.Context, s account.Session, share string, change func(*roster.Book) error) error
	Enrol(ctx context.Context, s account.Session, share string, people roster.Roster) (*cases.Rescued, error)
	LookupScope(ctx context.Context, s account.Session, n string) (account.LookupScope, error)
	Coverage(ctx context.Context, s account.Session, share string, rules *roster.Rules) (*roster.Coverage, error)
	ReceiptOf(ctx context.Context, s account.Session, share, school string) (account.ReceiptOf, error)
}

// ExposedRequest opens a number of the findings.
type ExposedRequest struct {
	Class    cases.Class     `json:"class"`              // "confirmed", "possible", "exempt"; "altered", "lost", "own"
	Persons  bool            `json:"persons,omitempty"`  // the persons; else the files
	Place    *exposure.Place `json:"place,omitempty"`    // of one school, year and kind of person
	Share    string          `json:"share,omitempty"`    // of files
	Unlinked bool            `json:"unlinked,omitempty"` // files that no rule links to anybody, and persons whom nothing else puts here
	Offset   int             `json:"offset,omitempty"`
	Limit    int             `json:"limit,omitempty"` // of lines; 0 is 1,000
}

// Exposed is a line of the answer.
type Exposed struct {
	Person *roster.Person `json:"person,omitempty"`
	File   *cases.File    `json:"file,omitempty"`
}

func (h *handler) findings(w http.ResponseWriter, r *http.Request, s account.Session) error {
	f, err := h.Desk.Current(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, f)
}

// caseProgress begins to compute findings, if they are not there. Whoever asked may go: they are there when somebody comes back.
func (h *handler) caseProgress(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := h.Desk.Progress(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	if !p.Ready {
		w.WriteHeader(http.StatusAccepted)
	}
	return json.NewEncoder(w).Encode(p)
}

// mostExposed is how many lines one request gets.
const mostExposed = 10_000

func (h *handler) exposed(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[ExposedRequest](r)
	if err != nil {
		return err
	}
	if q.Offset < 0 || q.Limit < 0 || q.Limit > mostExposed {
		return invalid("case", "limit", "hint.parameter")
	}
	f, err := h.Desk.Current(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	filter := cases.Filter{Class: q.Class, Place: q.Place, Share: q.Share, Unlinked: q.Unlinked, Offset: q.Offset, Limit: q.Limit}
	if filter.Limit == 0 {
		filter.Limit = 1000
	}
	var lines []Exposed
	if q.Persons {
		people, err := f.People(filter)
		if err != nil {
			return err
		}
		for _, p := range people {
			lines = append(lines, Exposed{Person: p})
		}
	} else {
		files, err := f.Files(r.Context(), s, filter)
		if err != nil {
			return err
		}
		for i := range files {
			lines = append(lines, Exposed{File: &files[i]})
		}
	}
	return all(w, r, lines, nil)
}
