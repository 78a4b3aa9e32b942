package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// The types of rosters.
type (
	RosterPreview = roster.Preview
	RosterPerson  = roster.Person
	RosterMapping = roster.Mapping
	RosterField   = roster.Field
	RosterIssue   = roster.Issue
	RosterCount   = roster.Count
	SchoolFacts   = roster.SchoolFacts
	Coverage      = roster.Coverage
	RosterRescued = cases.Rescued
)

// RosterFields are what a column of a list can say.
var RosterFields = []RosterField{roster.School, roster.Year, roster.Grade, roster.Class, roster.Number, roster.Name, roster.Family, roster.Given, roster.Kana, roster.Sort}

// RosterResult tells what became of a list.
type RosterResult struct {
	People  int            `json:"people"` // in the roster now; 0 with problems: nothing was changed
	Mapping roster.Mapping `json:"mapping"`
	Issues  []roster.Issue `json:"issues,omitempty"` // problems, then warnings
	More    int            `json:"more,omitempty"`   // so many are not among them
	// Rescued is there if what was stored could not be read and was replaced: what was kept of it.
	Rescued *RosterRescued `json:"rescued,omitempty"`
}

// RosterLinks say how the paths in a share tell persons: one rule a line, of which the first that fits counts.
type RosterLinks struct {
	Rules   string               `json:"rules"`
	Schools []roster.SchoolFacts `json:"schools,omitempty"`
}

// RosterView is that with what is in the roster.
type RosterView struct {
	RosterLinks
	People int            `json:"people"`
	Counts []RosterCount  `json:"counts"`
	Write  bool           `json:"write"`            // the caller may change it
	Budget *PersonsBudget `json:"budget,omitempty"` // for those who may give rights in the share
}

// PersonsBudget says how the keeper tells persons in a share, whom it counts for reading budgets.
type PersonsBudget struct {
	Template string `json:"template"`            // "": it counts none
	State    string `json:"state"`               // of it beside the rules, as below
	FromRule string `json:"from_rule,omitempty"` // what the first rule for persons would make it
}

// How the keeper's template stands to the rules.
const (
	BudgetFollows = "follows" // it is what the rules say
	BudgetOwn     = "own"     // it was set to something else
	BudgetProve   = "prove"   // it would be what the rules say after a fresh proof of the second factor
	BudgetWaits   = "waits"   // it would be what the rules say, and has not been set to it
	BudgetTraps   = "traps"   // traps for persons keep it as it is
	// Or why the rules make no template: roster.NoPersonRule, roster.AnyDepth.
)

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
		out.Rescued, err = h.Desk.Enrol(r.Context(), s, r.PathValue("name"), *got.Roster)
		if out.People = len(got.Roster.People); err != nil {
			return err
		}
	}
	return writeJSON(w, out)
}

// SchoolsResult tells what became of a list of schools.
type SchoolsResult struct {
	Schools int            `json:"schools"` // that something is known of now; 0 with problems: nothing was changed
	Issues  []roster.Issue `json:"issues,omitempty"`
	More    int            `json:"more,omitempty"`
}

func (h *handler) setSchools(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := h.mayEnrol(r, s); err != nil {
		return err
	}
	source, _, err := sourceOf(r)
	if err != nil {
		return err
	}
	var out SchoolsResult
	err = h.Desk.SaveBook(r.Context(), s, r.PathValue("name"), func(b *roster.Book) error {
		got, err := roster.ReadSchools(source, &b.Roster)
		if err != nil {
			return err
		}
		if out = (SchoolsResult{len(got.Facts), got.Issues, got.More}); got.Facts == nil {
			return errNothing
		}
		b.Schools = got.Facts
		return nil
	})
	if err != nil && err != errNothing {
		return err
	}
	return writeJSON(w, out)
}

// errNothing keeps a roster as it is.
var errNothing = errors.New("nothing is to be changed")

// mayInquire returns nil if the session may know the roster of the share that a request names: who gives rights there, and who investigates.
// The keeper asks the same before it hands out the key; here also a share without a roster tells others nothing.
func (h *handler) mayInquire(r *http.Request, s account.Session) error {
	lines, err := h.People.Register(r.Context(), s.ID)
	if err != nil && problem.KindOf(err) != problem.Denied {
		return err
	}
	if slices.ContainsFunc(lines, func(l RegisterLine) bool { return named(r, l.Share) }) {
		return nil
	}
	return &problem.Error{Kind: problem.Denied, Op: "read roster", On: r.PathValue("name"), Hint: "hint.roster-read"}
}

// named reports whether a request names a share.
func named(r *http.Request, share string) bool {
	return pathname.Key(share) == pathname.Key(r.PathValue("name"))
}

// mayEnrol returns nil if the session may change the roster of the share that a request names: before its body is read.
func (h *handler) mayEnrol(r *http.Request, s account.Session) error {
	if err := h.mayInquire(r, s); err != nil {
		return err
	}
	list, err := h.People.Shares(r.Context(), s.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(a account.Share) bool { return named(r, a.Name) && a.Write }) {
		return nil
	}
	return &problem.Error{Kind: problem.Denied, Op: "save roster", On: r.PathValue("name"), Hint: "hint.roster-write"}
}

// book reads the roster that a request is about.
func (h *handler) book(r *http.Request, s account.Session) (*roster.Book, error) {
	if err := h.mayInquire(r, s); err != nil {
		return nil, err
	}
	return h.Desk.Book(r.Context(), s, r.PathValue("name"))
}

func (h *handler) roster(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b, err := h.book(r, s)
	if err != nil {
		return err
	}
	return all(w, r, b.Roster.People, nil)
}

func (h *handler) links(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b, err := h.book(r, s)
	if err != nil {
		return err
	}
	v := RosterView{RosterLinks: RosterLinks{b.Rules.String(), b.Schools}, People: len(b.Roster.People), Counts: append([]RosterCount{}, b.Counts()...)}
	switch err := h.mayEnrol(r, s); {
	case err == nil:
		v.Write = true
	case problem.KindOf(err) != problem.Denied:
		return err
	}
	if v.Budget, err = h.budget(r.Context(), s, r.PathValue("name"), b.Rules); err != nil {
		return err
	}
	return writeJSON(w, v)
}

// budget tells how the keeper tells persons in a share; nil to whom that is none of their business.
func (h *handler) budget(ctx context.Context, s account.Session, share string, rules *roster.Rules) (*PersonsBudget, error) {
	now, err := h.People.SharePersons(ctx, s.ID, share)
	if problem.KindOf(err) == problem.Denied {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &PersonsBudget{Template: now}
	b.FromRule, b.State = rules.Template()
	switch {
	case now != "" && now == b.FromRule:
		b.State = BudgetFollows
	case now != "":
		b.State = BudgetOwn
	case b.FromRule != "":
		b.State = BudgetWaits
	}
	return b, nil
}

// follow makes the keeper's template what the rules say, where it is none yet or what the rules said before. It never takes one away:
// budgets would count fewer. Why it could not, the answer says; the rules are saved all the same.
func (h *handler) follow(ctx context.Context, s account.Session, share, before string, rules *roster.Rules) (*PersonsBudget, error) {
	b, err := h.budget(ctx, s, share, rules)
	if err != nil || b == nil || b.FromRule == "" || b.State == BudgetFollows || b.Template != "" && b.Template != before {
		return b, err
	}
	err = h.People.SetSharePersons(ctx, s.ID, share, b.FromRule)
	var p *problem.Error
	switch {
	case err == nil:
		b.Template, b.State = b.FromRule, BudgetFollows
	case !errors.As(err, &p):
		return nil, err
	case p.Hint == "hint.prove-again":
		b.State = BudgetProve
	case p.Hint == "hint.persons-traps":
		b.State = BudgetTraps
	case p.Kind != problem.Denied:
		return nil, err
	}
	return b, nil
}

func (h *handler) setLinks(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readLongJSON[RosterLinks](r, maxLinks)
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
	before := ""
	err = h.Desk.SaveBook(r.Context(), s, r.PathValue("name"), func(b *roster.Book) error {
		before, _ = b.Rules.Template()
		b.Rules, b.Schools = rules, q.Schools
		return nil
	})
	if err != nil {
		return err
	}
	b, err := h.follow(r.Context(), s, r.PathValue("name"), before, rules)
	if err != nil {
		return err
	}
	if b == nil {
		b = &PersonsBudget{}
	}
	return writeJSON(w, b)
}

// maxLinks bounds rules and what is known of 2,000 schools.
const maxLinks = 4 << 20

func (h *handler) coverage(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CoverageRequest](r)
	if err != nil {
		return err
	}
	if err := h.mayInquire(r, s); err != nil {
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
