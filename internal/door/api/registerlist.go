package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
)

// RegisterResult tells what became of a register that was read in.
type RegisterResult struct {
	Shares  int            `json:"shares"`  // whose own line was written; 0 with problems: nothing was changed
	Schools int            `json:"schools"` // lines of schools
	Issues  []roster.Issue `json:"issues,omitempty"`
	More    int            `json:"more,omitempty"`
}

// Refused reports whether nothing was changed because of problems.
func (r *RegisterResult) Refused() bool {
	return slices.ContainsFunc(r.Issues, func(i roster.Issue) bool { return !i.Warning })
}

// SameSchool reports whether two names are of one school, however they are written.
func SameSchool(a, b string) bool { return roster.SchoolKey(a) == roster.SchoolKey(b) }

func (h *handler) setSchoolLines(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readLongJSON[SchoolLines](r, maxLinks)
	if err != nil {
		return err
	}
	return done(w, h.People.SetSchoolLines(r.Context(), s.ID, r.PathValue("name"), q.Schools))
}

// importRegister reads a register in: what a table says of shares and schools is written, and the rest stays.
func (h *handler) importRegister(w http.ResponseWriter, r *http.Request, s account.Session) error {
	now, err := h.People.Register(r.Context(), s.ID) // before the body is read; those of others are not in it
	if err != nil {
		return err
	}
	source, _, err := sourceOf(r)
	if err != nil {
		return err
	}
	lines := make(map[string]*RegisterLine, len(now))
	for i := range now {
		lines[pathname.Key(now[i].Share)] = &now[i]
	}
	got, err := roster.ReadRegister(source, func(share string) bool { return lines[pathname.Key(share)] != nil })
	if err != nil {
		return err
	}
	out := RegisterResult{Issues: got.Issues, More: got.More}
	own, schools := make(map[*RegisterLine]bool), make(map[*RegisterLine]map[string]int)
	for i := range got.Rows {
		row := &got.Rows[i]
		line := lines[pathname.Key(row.Share)]
		if row.School == "" {
			own[line] = true
			rewrite(&line.Register, row)
			continue
		}
		if schools[line] == nil {
			schools[line], line.Schools = schoolPlaces(line.Schools), slices.Clone(line.Schools)
		}
		rewriteSchool(&line.Register, row, schools[line])
		out.Schools++
	}
	for i := range now {
		line := &now[i]
		if own[line] {
			if err := h.People.SetRegister(r.Context(), s.ID, line.Share, line.Register); err != nil {
				return err
			}
			out.Shares++
		}
		if schools[line] != nil {
			if err := h.People.SetSchoolLines(r.Context(), s.ID, line.Share, line.Schools); err != nil {
				return err
			}
		}
	}
	return writeJSON(w, out)
}

// rewrite changes the line of a share as far as a row has columns.
func rewrite(to *Register, row *roster.RegisterRow) {
	for field, text := range map[roster.Field]*string{roster.Client: &to.Client, roster.Purpose: &to.Purpose, roster.Section: &to.Department, roster.InCharge: &to.InCharge,
		roster.Retention: &to.Retention, roster.Contact: &to.Contact} {
		if s, ok := row.Set[field]; ok {
			*text = s
		}
	}
	for field, list := range map[roster.Field]*[]string{roster.Data: &to.Data, roster.Subjects: &to.Subjects} {
		if s, ok := row.Set[field]; ok {
			*list = strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",、，\n\r", r) })
		}
	}
	for field, yes := range map[roster.Field]*bool{roster.Public: &to.Public, roster.Sensitive: &to.Sensitive} {
		if s, ok := row.Set[field]; ok {
			*yes = s != ""
		}
	}
	if s, ok := row.Set[roster.Year]; ok {
		to.Year, _ = strconv.Atoi(s) // it was read already: what is none is nothing
	}
}

// schoolPlaces says where the line of a school is, by how schools are compared.
func schoolPlaces(list []SchoolLine) map[string]int {
	at := make(map[string]int, len(list))
	for i := range list {
		at[roster.SchoolKey(list[i].School)] = i
	}
	return at
}

// rewriteSchool is that of a school in the share.
func rewriteSchool(to *Register, row *roster.RegisterRow, at map[string]int) {
	key := roster.SchoolKey(row.School)
	i, known := at[key]
	if !known {
		i, to.Schools = len(to.Schools), append(to.Schools, SchoolLine{School: row.School})
		at[key] = i
	}
	x := &to.Schools[i]
	for field, text := range map[roster.Field]*string{roster.Client: &x.Client, roster.Contact: &x.Contact} {
		if s, ok := row.Set[field]; ok {
			*text = s
		}
	}
	if _, ok := row.Set[roster.Public]; ok {
		x.Public = row.Public
	}
}
