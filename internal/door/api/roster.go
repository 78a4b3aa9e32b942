package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// The types of rosters.
type (
	RosterPreview = roster.Preview
	RosterPerson  = roster.Person
	Coverage      = roster.Coverage
)

// RosterResult tells what became of a list.
type RosterResult struct {
	People  int            `json:"people"` // in the roster now; 0 with problems: nothing was changed
	Mapping roster.Mapping `json:"mapping"`
	Issues  []roster.Issue `json:"issues,omitempty"` // problems, then warnings
	More    int            `json:"more,omitempty"`   // so many are not among them
}

// RosterLinks say how the paths in a share tell persons: one rule a line, of which the first that fits counts.
type RosterLinks struct {
	Rules   string               `json:"rules"`
	Schools []roster.SchoolFacts `json:"schools,omitempty"`
	People  int                  `json:"people,omitempty"` // in the roster
}

// CoverageRequest asks what rules would link; without rules those of the share.
type CoverageRequest struct {
	Rules string `json:"rules,omitempty"`
}

const maxRosterFile = 64 << 20

// sourceOf reads the list in a request's body into memory: it must never stand in a temporary file.
func sourceOf(r *http.Request) (s roster.Source, m *roster.Mapping, err error) {
	const op = "read roster"
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRosterFile+1))
	q := r.URL.Query()
	switch {
	case err != nil:
		return s, nil, problem.New(problem.Invalid, op, q.Get("file"), err)
	case len(b) > maxRosterFile:
		return s, nil, &problem.Error{Kind: problem.TooLarge, Op: op, On: q.Get("file"), Hint: "hint.roster-large"}
	}
	if text := q.Get("mapping"); text != "" {
		m = new(roster.Mapping)
		if err := json.Unmarshal([]byte(text), m); err != nil {
			return s, nil, invalid(op, "mapping", "hint.parameter")
		}
	}
	return roster.Source{Name: q.Get("file"), Content: bytes.NewReader(b), Size: int64(len(b)), Encoding: q.Get("encoding"), Sheet: q.Get("sheet")}, m, nil
}

func (h *handler) lookAtRoster(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := h.mayEnrol(r, s); err != nil {
		return err
	}
	source, m, err := sourceOf(r)
	if err != nil {
		return err
	}
	p, err := roster.Look(source, m, 50)
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}

func (h *handler) setRoster(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := h.mayEnrol(r, s); err != nil {
		return err
	}
	source, m, err := sourceOf(r)
	if err != nil {
		return err
	}
	got, err := roster.Read(source, m)
	if err != nil {
		return err
	}
	out := RosterResult{Mapping: got.Mapping, Issues: got.Issues, More: got.More}
	if got.Roster != nil {
		err = h.Desk.SaveBook(r.Context(), s, r.PathValue("name"), func(b *roster.Book) error {
			b.Roster = *got.Roster
			return nil
		})
		if out.People = len(got.Roster.People); err != nil {
			return err
		}
	}
	return writeJSON(w, out)
}

// mayEnrol returns nil if the session may write into the share that a request names: before its body is read.
func (h *handler) mayEnrol(r *http.Request, s account.Session) error {
	list, err := h.People.Shares(r.Context(), s.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Name == r.PathValue("name") && a.Write {
			return nil
		}
	}
	return &problem.Error{Kind: problem.Denied, Op: "save roster", On: r.PathValue("name"), Hint: "hint.ask-for-rights"}
}

func (h *handler) roster(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b, err := h.Desk.Book(r.Context(), s, r.PathValue("name"))
	if err != nil {
		return err
	}
	return all(w, r, b.Roster.People, nil)
}

func (h *handler) links(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b, err := h.Desk.Book(r.Context(), s, r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, RosterLinks{Rules: b.Rules.String(), Schools: b.Schools, People: len(b.Roster.People)})
}

func (h *handler) setLinks(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RosterLinks](r)
	if err != nil {
		return err
	}
	if err := h.mayEnrol(r, s); err != nil {
		return err
	}
	rules, err := roster.ParseRules(q.Rules)
	if err != nil {
		return err
	}
	return done(w, h.Desk.SaveBook(r.Context(), s, r.PathValue("name"), func(b *roster.Book) error {
		b.Rules, b.Schools = rules, q.Schools
		return nil
	}))
}

func (h *handler) coverage(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CoverageRequest](r)
	if err != nil {
		return err
	}
	var rules *roster.Rules
	if q.Rules != "" {
		if rules, err = roster.ParseRules(q.Rules); err != nil {
			return err
		}
	}
	c, err := h.Desk.Coverage(r.Context(), s, r.PathValue("name"), rules)
	if err != nil {
		return err
	}
	return writeJSON(w, c)
}
