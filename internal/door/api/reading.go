package api

import (
	"context"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Reading is the guard of readings: what accounts read today, and the jobs beside their budgets.
type Reading interface {
	Readings(ctx context.Context, s id.Session) ([]Readings, error)
	Jobs(ctx context.Context, s id.Session) ([]Job, error)
	AskJob(ctx context.Context, s id.Session, q NewJob) (Outcome, error)
	EndJob(ctx context.Context, s id.Session, job string) error
}

// Trapping is setting traps for readers.
type Trapping interface {
	Traps(ctx context.Context, s id.Session) ([]Trap, error)
	AddTrap(ctx context.Context, s id.Session, path, person string) (Trap, error)
	RemoveTrap(ctx context.Context, s id.Session, trap string) (Outcome, error)
}

// What package account says of readings is what crosses the wire.
type (
	// Readings are what an account has read today.
	Readings = account.Readings
	// Job is a large reading that two people have agreed on before.
	Job = account.Job
	// NewJob asks for one.
	NewJob = account.NewJob
	// Trap is what nobody has a reason to touch.
	Trap = account.Trap
)

// NewTrap sets a trap: a file or folder, or, with the path of a share, a person in it.
type NewTrap struct {
	Path   string `json:"path"`
	Person string `json:"person,omitempty"`
}

// Persons says how the names in a share tell persons: "{school}/{class}/{number}_*.jpg"; "": they do not.
type Persons struct {
	Template string `json:"template"`
}

func (h *handler) readings(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Readings(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) jobs(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Jobs(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) askJob(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewJob](r)
	if err != nil {
		return err
	}
	o, err := h.People.AskJob(r.Context(), s.ID, q)
	return outcome(w, o, err)
}

func (h *handler) endJob(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.EndJob(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) traps(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Traps(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) addTrap(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewTrap](r)
	if err != nil {
		return err
	}
	if q.Person == "" { // a misspelt trap catches nobody
		p, err := parsePath("set trap", q.Path)
		if err != nil {
			return err
		}
		if _, err := h.Vault.As(s).Stat(r.Context(), p); problem.KindOf(err) == problem.NotFound {
			return &problem.Error{Kind: problem.NotFound, Op: "set trap", On: q.Path, Hint: "hint.trap-nothing"}
		}
	}
	t, err := h.People.AddTrap(r.Context(), s.ID, q.Path, q.Person)
	if err != nil {
		return err
	}
	return writeJSON(w, t)
}

func (h *handler) removeTrap(w http.ResponseWriter, r *http.Request, s account.Session) error {
	o, err := h.People.RemoveTrap(r.Context(), s.ID, r.PathValue("id"))
	return outcome(w, o, err)
}

func (h *handler) sharePersons(w http.ResponseWriter, r *http.Request, s account.Session) error {
	t, err := h.People.SharePersons(r.Context(), s.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, Persons{t})
}

func (h *handler) setSharePersons(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Persons](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetSharePersons(r.Context(), s.ID, r.PathValue("name"), q.Template))
}
