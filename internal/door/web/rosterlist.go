package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// listPage shows how a list would be read.
type listPage struct {
	Share, Name, Address string
	api.RosterPreview
	Encoding string
	Columns  []column
	Beyond   map[string]api.RosterField // columns that are said to be something and are not shown, by the name of their choice
	Fixed    map[string]string
	Shown    []shownRow
	Cut      int // so many columns are shown, of more
	Problems int // for which nothing was imported
	More     int
	Fields   []api.RosterField
}

// column is one of a list: what it is called, and what it is taken for.
type column struct {
	Name  string // A, B, …
	Field api.RosterField
}

type shownRow struct {
	Number int
	Head   bool
	Cells  []string
}

// Bounds of what a page shows of a list.
const (
	maxShownRows    = 12
	maxShownColumns = 40
	maxSaidColumns  = 1000 // whose choices are read
)

// heldList finds the list that a request names.
func (v *visit) heldList() (*list, error) {
	return v.lists.get(v.owner(), v.r.PathValue("name"), v.r.PathValue("token"))
}

func (v *visit) listPage() error {
	l, err := v.heldList()
	if err != nil {
		return err
	}
	return v.preview(l, client.Roster{Name: l.name})
}

// preview shows a list as it would be read.
func (v *visit) preview(l *list, q client.Roster) error {
	p, err := v.readList(l, q)
	if err != nil {
		return err
	}
	return v.show("roster-list", p)
}

func (v *visit) readList(l *list, q client.Roster) (p listPage, err error) {
	p = listPage{Share: l.share, Name: l.name, Address: l.address(), Encoding: q.Encoding, Fields: api.RosterFields}
	if p.RosterPreview, err = v.api.LookAtRoster(v.r.Context(), l.share, q, bytes.NewReader(l.content)); err != nil {
		return p, err
	}
	p.Fixed = make(map[string]string)
	for f, text := range p.Mapping.Fixed {
		p.Fixed[string(f)] = text
	}
	p.lay()
	p.trim()
	return p, nil
}

// trim keeps as many issues as a page names.
func (p *listPage) trim() {
	if n := len(p.Issues) - maxIssues; n > 0 {
		p.Issues, p.More = p.Issues[:maxIssues], p.More+n
	}
}

// lay makes columns and rows of what was looked at: a few around the headings.
func (p *listPage) lay() {
	width := 0
	for _, r := range p.Rows {
		width = max(width, len(r))
	}
	if width > maxShownColumns {
		width, p.Cut = maxShownColumns, maxShownColumns
	}
	for i := range width {
		c := column{Name: columnName(i)}
		for f, n := range p.Mapping.Columns {
			if n == i {
				c.Field = f
			}
		}
		p.Columns = append(p.Columns, c)
	}
	p.Beyond = make(map[string]api.RosterField)
	for f, n := range p.Mapping.Columns {
		if n >= width {
			p.Beyond[fmt.Sprintf("c%d", n)] = f
		}
	}
	from := min(max(0, p.Mapping.Head-p.First-2), max(0, len(p.Rows)-maxShownRows))
	for i := from; i < len(p.Rows) && len(p.Shown) < maxShownRows; i++ {
		r := shownRow{Number: p.First + i, Cells: make([]string, width)}
		r.Head = r.Number == p.Mapping.Head
		copy(r.Cells, p.Rows[i])
		p.Shown = append(p.Shown, r)
	}
}

// columnName is the name of a column, from 0.
func columnName(i int) (s string) {
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// importList imports a list as the form says, or shows once more how it would be read.
func (v *visit) importList() error {
	l, err := v.heldList()
	if err != nil {
		return err
	}
	q := client.Roster{Name: l.name, Encoding: v.form("encoding"), Sheet: v.form("sheet")}
	switch v.form("act") {
	case "cancel":
		v.lists.drop(func(x *list) bool { return x == l })
		v.redirect(quote("/roster/", l.share))
		return nil
	case "import", "look":
	default:
		return problem.New(problem.Invalid, "read roster", l.name, nil)
	}
	if q.Encoding != v.form("was-encoding") || q.Sheet != v.form("was-sheet") { // another text, or another table: the choices are of what was there
		return v.preview(l, q)
	}
	m, err := v.mapping()
	if err != nil {
		return err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	q.Mapping = string(b)
	p, err := v.readList(l, q)
	if err != nil || v.form("act") == "look" || !p.Ready {
		if err != nil {
			return err
		}
		return v.show("roster-list", p)
	}
	got, err := v.api.SetRoster(v.r.Context(), l.share, q, bytes.NewReader(l.content))
	if err != nil {
		return v.again(err, "roster-list", p)
	}
	if got.People == 0 {
		p.Issues, p.More = got.Issues, got.More
		p.Problems = 1
		p.trim()
		return v.render(problem.Invalid.HTTP(), "roster-list", "", p)
	}
	v.lists.drop(func(x *list) bool { return x == l })
	if got.Rescued != nil {
		p, err := v.rosterOf()
		if err != nil {
			return err
		}
		if err := p.cover(v, ""); err != nil {
			return err
		}
		p.Rescued = got.Rescued
		return v.show("roster", p)
	}
	return v.done(quote("/roster/", l.share), "web.list-imported")
}

// mapping reads what each column is said to be. A field that two columns are is a mistake that the API would not see.
func (v *visit) mapping() (m api.RosterMapping, err error) {
	const op = "read roster"
	m.Columns, m.Fixed, m.Fill = make(map[api.RosterField]int), make(map[api.RosterField]string), v.form("fill") != ""
	if m.Head, err = strconv.Atoi(v.form("head")); err != nil {
		return m, &problem.Error{Kind: problem.Invalid, Op: op, On: v.form("head"), Hint: "hint.whole-number"}
	}
	for i := range maxSaidColumns {
		f := api.RosterField(v.form(fmt.Sprintf("c%d", i)))
		if !slices.Contains(api.RosterFields, f) {
			continue
		}
		if _, twice := m.Columns[f]; twice {
			return m, &problem.Error{Kind: problem.Invalid, Op: op, On: v.lang.Text("roster-field." + string(f)), Hint: "hint.roster-column-twice"}
		}
		m.Columns[f] = i
	}
	for _, f := range []api.RosterField{"school", "year", "class"} {
		if text := v.form("fixed-" + string(f)); text != "" {
			m.Fixed[f] = text
		}
	}
	maps.DeleteFunc(m.Fixed, func(f api.RosterField, _ string) bool { _, column := m.Columns[f]; return column }) // "if no column names it"
	return m, nil
}
