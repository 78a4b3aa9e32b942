package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// rosterPage is the roster of a share: who is in it, which files show whom, and how that is known.
type rosterPage struct {
	Share string
	api.RosterView
	Written  string // the rules as they stand in the form
	Fits     []fit
	Coverage *api.Coverage
	Tried    bool // the coverage is that of rules that are not saved
	Issues   []api.RosterIssue
	More     int
	Refused  bool               // nothing was changed, because of the issues
	Rescued  *api.RosterRescued // what was kept of a damaged one that was just replaced
	Damaged  bool               // it cannot be read: another can take its place
}

// fit is a rule and how many files it fits.
type fit struct {
	Rule  string
	Files int
}

func (v *visit) roster() error {
	p, err := v.rosterOf()
	if p.Damaged {
		return v.again(err, "roster", p)
	}
	if err != nil {
		return err
	}
	if err := p.cover(v, ""); err != nil {
		return err
	}
	return v.show("roster", p)
}

// rosterOf reads the roster that a request names. With the error of one that is damaged the page tells who may replace it.
func (v *visit) rosterOf() (p rosterPage, err error) {
	p.Share = v.r.PathValue("name")
	p.RosterView, err = v.api.RosterLinks(v.r.Context(), p.Share)
	p.Written = p.Rules
	if problem.KindOf(err) != problem.Damaged {
		return p, err
	}
	list, bad := collect(v.api.Shares(v.r.Context()))
	p.Damaged, p.Write = bad == nil, slices.ContainsFunc(list, func(s api.Share) bool { return !s.ReadOnly && strings.EqualFold(s.Name, p.Share) })
	return p, err
}

// cover finds out what rules link, or those of the share.
func (p *rosterPage) cover(v *visit, rules string) error {
	c, err := v.api.Coverage(v.r.Context(), p.Share, rules)
	if err != nil {
		return err
	}
	p.Coverage = &c
	n := 0
	if rules == "" {
		rules = p.Rules
	}
	for line := range strings.Lines(rules) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if n < len(p.Coverage.Rules) {
			p.Fits = append(p.Fits, fit{line, p.Coverage.Rules[n]})
		}
		n++
	}
	return nil
}

// setLinks saves rules, or shows what they would link.
func (v *visit) setLinks() error {
	p, err := v.rosterOf()
	if err != nil {
		return err
	}
	p.Written = strings.ReplaceAll(v.form("rules"), "\r\n", "\n")
	if v.form("act") == "try" {
		p.Tried = true
		if err := p.cover(v, p.Written+"\n#"); err != nil { // never the share's own: those are asked for by none
			return v.again(err, "roster", p)
		}
		return v.show("roster", p)
	}
	b, err := v.api.SetRosterLinks(v.r.Context(), p.Share, api.RosterLinks{Rules: p.Written, Schools: p.Schools})
	if err != nil {
		return v.again(err, "roster", p)
	}
	if b.State == api.BudgetProve || b.State == api.BudgetTraps { // what the page would not say by itself
		if p, err = v.rosterOf(); err != nil {
			return err
		}
		if err := p.cover(v, ""); err != nil {
			return err
		}
		p.Budget = &b
		return v.show("roster", p)
	}
	return v.done(quote("/roster/", p.Share), "web.rules-saved")
}

// followRules makes the keeper count persons by the first rule for persons.
func (v *visit) followRules() error {
	p, err := v.rosterOf()
	if err != nil {
		return err
	}
	if p.Budget == nil || p.Budget.FromRule == "" {
		return problem.New(problem.Condition, "set persons", p.Share, nil)
	}
	return v.after(v.api.SetSharePersons(v.r.Context(), p.Share, api.Persons{Template: p.Budget.FromRule}), quote("/roster/", p.Share), "web.saved")
}

// sentRoster reads the list of a form for the roster of a share.
func (v *visit) sentRoster() (name string, content []byte, err error) {
	return v.sent(func() error {
		p, err := v.rosterOf()
		if p.Damaged { // another list may take its place
			err = nil
		}
		if err == nil && !p.Write {
			err = &problem.Error{Kind: problem.Denied, Op: "save roster", On: p.Share, Hint: "hint.roster-write"}
		}
		return err
	})
}

// sent reads the file of a form into memory: the form's token first, and whether the visitor may, before anything is taken.
func (v *visit) sent(may func() error) (name string, content []byte, err error) {
	bad := func(err error) error { return problem.New(problem.Invalid, "read roster", "", err) }
	m, err := v.r.MultipartReader()
	if err != nil {
		return "", nil, bad(err)
	}
	part, err := m.NextPart()
	if err != nil {
		return "", nil, bad(err)
	}
	token, err := io.ReadAll(io.LimitReader(part, 200))
	if err != nil || part.FormName() != "csrf" || !v.csrf.equal(v.r, string(token)) {
		return "", nil, &problem.Error{Kind: problem.Denied, Op: "read", Hint: "hint.page-old"}
	}
	if err := may(); err != nil {
		return "", nil, err
	}
	if part, err = m.NextPart(); err != nil {
		return "", nil, bad(err)
	}
	return v.sentFile(part)
}

func (v *visit) sentFile(part *multipart.Part) (name string, content []byte, err error) {
	if part.FileName() == "" {
		return "", nil, &problem.Error{Kind: problem.Invalid, Op: "read roster", Hint: "hint.roster-file"}
	}
	content, err = v.lists.read(part, part.FileName())
	return part.FileName(), content, err
}

// sendList takes a list and leads to the page that shows how it is read.
func (v *visit) sendList() error {
	name, content, err := v.sentRoster()
	if err != nil {
		return err
	}
	share := v.r.PathValue("name")
	token := v.lists.hold(v.owner(), v.me.Account, share, name, content)
	v.redirect(quote("/roster/", share) + "/list/" + token)
	return nil
}

// owner is who holds a list: the browser's session.
func (v *visit) owner() string { return v.csrf.sum(v.r, "list") }

// sendSchools takes a list of schools.
func (v *visit) sendSchools() error {
	name, content, err := v.sentRoster()
	if err != nil {
		return err
	}
	share := v.r.PathValue("name")
	got, err := v.api.SetRosterSchools(v.r.Context(), share, client.Roster{Name: name}, bytes.NewReader(content))
	if err != nil {
		return err
	}
	if len(got.Issues) == 0 {
		return v.done(quote("/roster/", share), "web.schools-saved")
	}
	p, err := v.rosterOf()
	if err != nil {
		return err
	}
	if err := p.cover(v, ""); err != nil {
		return err
	}
	p.Refused = got.Schools == 0
	if p.Issues, p.More = got.Issues, got.More; len(p.Issues) > maxIssues {
		p.More, p.Issues = p.More+len(p.Issues)-maxIssues, p.Issues[:maxIssues]
	}
	return v.render(200, "roster", "", p)
}

// maxIssues is how many a page names.
const maxIssues = 200

// address is where the page of a list is.
func (l *list) address() string {
	return quote("/roster/", l.share) + "/list/" + url.PathEscape(l.token)
}
