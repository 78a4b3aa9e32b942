package web

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// registerPage is the register of personal data, or one line of it.
type registerPage struct {
	Lines   []api.RegisterLine
	Line    *api.RegisterLine
	Missing int // shares without a line

	Schools []api.SchoolLine // of the line, as far as they are shown
	Cut     int              // of the line, if not all are shown: how many there are
	Issues  []api.RosterIssue
	More    int
}

// mostSchools is how many lines of schools a page has.
const mostSchools = 500

// linePage is the page of one line.
func linePage(l *api.RegisterLine) registerPage {
	p := registerPage{Line: l, Schools: l.Schools}
	if len(p.Schools) > mostSchools {
		p.Schools, p.Cut = p.Schools[:mostSchools], len(l.Schools)
	}
	return p
}

// registerPageOf is the page of the whole register.
func registerPageOf(lines []api.RegisterLine) registerPage {
	p := registerPage{Lines: lines}
	for _, l := range lines {
		if l.Client == "" && l.Purpose == "" {
			p.Missing++
		}
	}
	return p
}

// register shows the whole register: what the firm holds, of whom, for whom, and until when.
func (v *visit) register() error {
	lines, err := collect(v.api.Register(v.r.Context()))
	if err != nil {
		return err
	}
	return v.show("register", registerPageOf(lines))
}

func (v *visit) registerTable() error {
	if _, err := collect(v.api.Register(v.r.Context())); err != nil { // before anything is sent
		return err
	}
	v.send("text/csv; charset=utf-8", "personal-data.csv")
	return api.WriteRegister(v.w, v.lang, v.api.Register(v.r.Context()))
}

func (v *visit) registerSheet() error {
	lines, err := collect(v.api.Register(v.r.Context()))
	if err != nil {
		return err
	}
	var b bytes.Buffer // before anything is sent
	if err := api.WriteRegisterSheet(&b, v.lang, lines, v.Now()); err != nil {
		return err
	}
	v.send("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "personal-data.xlsx")
	v.w.Write(b.Bytes()) // a browser that has gone is no matter of ours
	return nil
}

func (v *visit) registerLine() error {
	l, err := v.lineOf(v.r.PathValue("name"))
	if err != nil {
		return err
	}
	return v.show("register-line", linePage(l))
}

// lineOf finds the line of a share.
func (v *visit) lineOf(share string) (*api.RegisterLine, error) {
	for l, err := range v.api.Register(v.r.Context()) {
		if err != nil {
			return nil, err
		}
		if l.Share == share {
			return &l, nil
		}
	}
	return nil, problem.New(problem.NotFound, "set register", share, nil)
}

// setSchool writes the line of one school in a share, or takes it away.
func (v *visit) setSchool() error {
	share, school := v.r.PathValue("name"), v.form("school")
	l, err := v.lineOf(share)
	if err != nil {
		return err
	}
	line := api.SchoolLine{School: school, Client: v.form("client"), Contact: v.form("contact")}
	switch v.form("public") {
	case "yes":
		line.Public = new(true)
	case "no":
		line.Public = new(false)
	}
	list := slices.Clone(l.Schools)
	i := slices.IndexFunc(list, func(x api.SchoolLine) bool { return api.SameSchool(x.School, school) })
	switch {
	case i >= 0 && v.form("act") == "remove":
		list = slices.Delete(list, i, i+1)
	case i >= 0:
		list[i] = line
	default:
		list = append(list, line)
	}
	if err := v.api.SetSchoolLines(v.r.Context(), share, list); err != nil {
		return v.again(err, "register-line", linePage(l))
	}
	return v.done(quote("/register/", share)+"#schools", "web.saved")
}

// importRegister reads the register in from a table.
func (v *visit) importRegister() error {
	var lines []api.RegisterLine
	name, content, err := v.sent(func() (err error) {
		lines, err = collect(v.api.Register(v.r.Context()))
		return err
	})
	if err != nil {
		return err
	}
	got, err := v.api.ImportRegister(v.r.Context(), client.Roster{Name: name}, bytes.NewReader(content))
	if err != nil {
		return err
	}
	if len(got.Issues) == 0 {
		return v.done("/register", "web.register-imported")
	}
	p := registerPageOf(lines)
	if p.Issues, p.More = got.Issues, got.More; len(p.Issues) > maxIssues {
		p.More, p.Issues = p.More+len(p.Issues)-maxIssues, p.Issues[:maxIssues]
	}
	return v.render(200, "register", "", p)
}

func (v *visit) setRegister() error {
	share := v.r.PathValue("name")
	line := account.Register{Client: v.form("client"), Purpose: v.form("purpose"), Department: v.form("department"), InCharge: v.form("in-charge"),
		Retention: v.form("retention"), Contact: v.form("contact"), Public: v.form("public") != "", Sensitive: v.form("sensitive") != "",
		Data: listOf(v.form("data")), Subjects: listOf(v.form("subjects"))}
	if y := v.form("year"); y != "" {
		n, err := strconv.Atoi(y)
		if err != nil {
			return &problem.Error{Kind: problem.Invalid, Op: "set register", On: y, Hint: "hint.register", Err: err}
		}
		line.Year = n
	}
	if err := v.api.SetRegister(v.r.Context(), share, line); err != nil {
		return v.again(err, "register-line", linePage(&api.RegisterLine{Share: share, Register: line}))
	}
	return v.done("/register", "web.saved")
}

// listOf reads words with commas of any width between them.
func listOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",、，\n\r", r) })
}
