package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// roster keeps who is in the files of a share.
func (a *app) roster() *cobra.Command {
	c := a.command("roster", "cmd.roster", "azekura roster look albums-2026 list.xlsx\nazekura roster import albums-2026 list.xlsx\nazekura roster links albums-2026 rules.txt\nazekura roster coverage albums-2026", nil, nil)
	c.AddCommand(a.rosterLook(), a.rosterImport(), a.rosterShow(), a.rosterLinks(), a.rosterCoverage(), a.rosterSchools())
	return c
}

// reading says how a list is to be read, as flags.
type reading struct {
	columns, fixed  map[string]string
	sheet, encoding string
	head            int
	fill            bool
	flags           *pflag.FlagSet
}

func (a *app) readingFlags(c *cobra.Command) *reading {
	r := &reading{flags: c.Flags()}
	r.flags.StringToStringVar(&r.columns, "map", nil, a.t("flag.roster-map"))
	r.flags.StringToStringVar(&r.fixed, "fixed", nil, a.t("flag.roster-fixed"))
	r.flags.IntVar(&r.head, "head", 0, a.t("flag.roster-head"))
	r.flags.BoolVar(&r.fill, "fill", false, a.t("flag.roster-fill"))
	a.sourceFlags(c, r)
	return r
}

// sourceFlags are those that any list has.
func (a *app) sourceFlags(c *cobra.Command, r *reading) {
	c.Flags().StringVar(&r.sheet, "sheet", "", a.t("flag.roster-sheet"))
	c.Flags().StringVar(&r.encoding, "encoding", "", a.t("flag.roster-encoding"))
}

// changed reports whether a mapping is asked for that the headings do not say.
func (r *reading) changed() bool {
	return slices.ContainsFunc([]string{"map", "fixed", "head", "fill"}, r.flags.Changed)
}

// on puts what is asked for over a mapping that was guessed.
func (a *app) on(m api.RosterMapping, r *reading) (api.RosterMapping, error) {
	m.Columns, m.Fixed = maps.Clone(m.Columns), maps.Clone(m.Fixed)
	if m.Columns == nil {
		m.Columns = make(map[api.RosterField]int)
	}
	if m.Fixed == nil {
		m.Fixed = make(map[api.RosterField]string)
	}
	for name, column := range r.columns {
		f, err := a.rosterField(name)
		if err != nil {
			return m, err
		}
		delete(m.Columns, f)
		if column == "" {
			continue
		}
		n, ok := columnNumber(column)
		if !ok {
			return m, a.misuse("say.use-column", column)
		}
		maps.DeleteFunc(m.Columns, func(other api.RosterField, at int) bool { return at == n && r.columns[string(other)] == "" })
		m.Columns[f] = n
	}
	for name, text := range r.fixed {
		f, err := a.rosterField(name)
		if err != nil {
			return m, err
		}
		delete(m.Columns, f)
		m.Fixed[f] = text
	}
	if r.flags.Changed("head") {
		m.Head = r.head
	}
	m.Fill = m.Fill || r.fill
	return m, nil
}

func (a *app) rosterField(name string) (api.RosterField, error) {
	f := api.RosterField(strings.ToLower(name))
	if !slices.Contains(api.RosterFields, f) {
		return f, a.misuse("say.use-field", name)
	}
	return f, nil
}

// columnNumber reads the name of a column, such as AB, from 0.
func columnNumber(s string) (n int, ok bool) {
	for _, r := range strings.ToUpper(s) {
		if r < 'A' || r > 'Z' || n > 1000 {
			return 0, false
		}
		n = n*26 + int(r-'A') + 1
	}
	return n - 1, n > 0
}

// columnName is the name of a column, from 0.
func columnName(i int) (s string) {
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// list is a file with a list, opened.
func (a *app) openList(name string) (*os.File, error) {
	f, err := os.Open(name)
	kind := problem.Internal
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, fs.ErrNotExist):
		kind = problem.NotFound
	case errors.Is(err, fs.ErrPermission):
		kind = problem.Denied
	}
	return nil, problem.New(kind, "read roster", name, err)
}

// look asks how a list would be read.
func (a *app) look(ctx context.Context, c *client.Client, share, name string, r *reading) (p api.RosterPreview, err error) {
	ask := func(q client.Roster) error {
		f, err := a.openList(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it is only read
		p, err = c.LookAtRoster(ctx, share, q, f)
		return err
	}
	q := client.Roster{Name: filepath.Base(name), Encoding: r.encoding, Sheet: r.sheet}
	if err := ask(q); err != nil || !r.changed() {
		return p, err
	}
	m, err := a.on(p.Mapping, r)
	if err != nil {
		return p, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return p, err
	}
	q.Mapping = string(b)
	return p, ask(q)
}

func (a *app) rosterLook() *cobra.Command {
	c := a.command("look SHARE FILE", "cmd.roster-look", "azekura roster look albums-2026 list.xlsx\nazekura roster look albums-2026 list.csv --map school=A,name=C --fixed year=2026", cobra.ExactArgs(2), nil)
	r := a.readingFlags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.connect(cmd.Context(), func(c *client.Client) error {
			p, err := a.look(cmd.Context(), c, args[0], args[1], r)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(p)
			}
			a.showPreview(p)
			return nil
		})
	}
	return c
}

// showPreview prints how a list would be read.
func (a *app) showPreview(p api.RosterPreview) {
	a.print("say.roster-kind", strings.ToUpper(p.About.Kind), printable(firstOf(p.About.Encoding, p.About.Sheet)))
	a.showMapping(p.Mapping, p)
	if len(p.People) > 0 {
		fmt.Fprintln(a.out)
		var t table
		t.add(a.fieldNames("school", "year", "grade", "class", "number", "name", "kana", "kind")...)
		for _, x := range p.People[:min(len(p.People), 10)] {
			t.add(printable(x.School), printable(x.Year), printable(x.Grade), printable(x.Class), printable(x.Number), printable(x.Name), printable(x.Kana), a.named("person-kind", string(x.Kind)))
		}
		t.write(a.out)
	}
	fmt.Fprintln(a.out)
	a.showIssues(p.Issues, 0)
	switch {
	case !p.Ready:
		a.print("say.roster-not-ready")
	case slices.ContainsFunc(p.Issues, func(x api.RosterIssue) bool { return !x.Warning }):
		a.print("say.roster-would-not")
	default:
		a.print("say.roster-ready", len(p.People))
	}
}

// showMapping prints what each column is taken for, with its heading.
func (a *app) showMapping(m api.RosterMapping, p api.RosterPreview) {
	var t table
	for _, f := range slices.SortedFunc(maps.Keys(m.Columns), func(x, y api.RosterField) int { return cmp.Compare(m.Columns[x], m.Columns[y]) }) {
		i, heading := m.Columns[f], ""
		if row := m.Head - p.First; row >= 0 && row < len(p.Rows) && i < len(p.Rows[row]) {
			heading = p.Rows[row][i]
		}
		t.add("  "+a.t("say.roster-column", columnName(i)), printable(heading), "→", a.named("roster-field", string(f))+" ("+string(f)+")")
	}
	for _, f := range slices.Sorted(maps.Keys(m.Fixed)) {
		t.add("  "+a.t("say.roster-everybody"), printable(m.Fixed[f]), "→", a.named("roster-field", string(f))+" ("+string(f)+")")
	}
	t.write(a.out)
}

func (a *app) fieldNames(fields ...string) (out []string) {
	for _, f := range fields {
		out = append(out, a.named("roster-field", f))
	}
	return out
}

// showIssues names what is wrong, as far as a screen has room; so many more are known of.
func (a *app) showIssues(list []api.RosterIssue, more int) {
	const most = 100
	for i, x := range list {
		if i == most {
			more += len(list) - most
			break
		}
		mark := a.t("say.roster-problem")
		if x.Warning {
			mark = a.t("say.roster-warning")
		}
		fmt.Fprintln(a.err, mark+" "+printable(a.lang.RosterIssue(x.Word, x.Row, x.Column, x.Value, x.Other)))
	}
	if more > 0 {
		fmt.Fprintln(a.err, a.t("say.roster-more", more))
	}
}

func (a *app) rosterImport() *cobra.Command {
	c := a.command("import SHARE FILE", "cmd.roster-import", "azekura roster import albums-2026 list.xlsx\nazekura roster import albums-2026 list.csv --map school=A,class=B,number=C,name=D --fixed year=2026", cobra.ExactArgs(2), nil)
	r := a.readingFlags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.connect(cmd.Context(), func(c *client.Client) error { return a.runRosterImport(cmd.Context(), c, args[0], args[1], r) })
	}
	return c
}

func (a *app) runRosterImport(ctx context.Context, c *client.Client, share, name string, r *reading) error {
	bar := a.working()
	got, err := a.sendRoster(ctx, c, share, name, r)
	bar.end()
	if err != nil {
		return err
	}
	if a.json {
		if err := a.emit(got); err != nil {
			return err
		}
	} else {
		a.showIssues(got.Issues, got.More)
	}
	if got.People == 0 {
		return &problem.Error{Kind: problem.Invalid, Op: "save roster", On: name, Hint: "hint.roster-problems"}
	}
	if !a.json {
		a.print("say.roster-set", printable(share), got.People)
		if got.Rescued != nil {
			a.print("say.roster-rescued", got.Rescued.Rules, got.Rescued.Schools)
		}
	}
	return nil
}

func (a *app) sendRoster(ctx context.Context, c *client.Client, share, name string, r *reading) (got api.RosterResult, err error) {
	q := client.Roster{Name: filepath.Base(name), Encoding: r.encoding, Sheet: r.sheet}
	if r.changed() {
		p, err := a.look(ctx, c, share, name, r)
		if err != nil {
			return got, err
		}
		b, err := json.Marshal(p.Mapping)
		if err != nil {
			return got, err
		}
		q.Mapping = string(b)
	}
	f, err := a.openList(name)
	if err != nil {
		return got, err
	}
	defer func() { _ = f.Close() }() // it is only read
	return c.SetRoster(ctx, share, q, f)
}

func (a *app) rosterShow() *cobra.Command {
	var persons bool
	c := a.command("show SHARE", "cmd.roster-show", "azekura roster show albums-2026\nazekura roster show albums-2026 --persons", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			switch {
			case persons && a.json:
				return emitAll(a, c.Roster(ctx, args[0]))
			case persons:
				return a.showPersons(ctx, c, args[0])
			}
			v, err := c.RosterLinks(ctx, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(v)
			}
			a.showRoster(v)
			return nil
		})
	})
	c.Flags().BoolVar(&persons, "persons", false, a.t("flag.roster-persons"))
	return c
}

func (a *app) showPersons(ctx context.Context, c *client.Client, share string) error {
	var t table
	for x, err := range c.Roster(ctx, share) {
		if err != nil {
			return err
		}
		if t.rows == nil {
			t.add(a.fieldNames("school", "year", "grade", "class", "number", "name", "kana", "kind")...)
		}
		t.add(printable(x.School), printable(x.Year), printable(x.Grade), printable(x.Class), printable(x.Number), printable(x.Name), printable(x.Kana), a.named("person-kind", string(x.Kind)))
	}
	if t.rows == nil {
		a.print("say.roster-empty")
		return nil
	}
	t.write(a.out)
	return nil
}

// showRoster prints how many persons there are of which schools.
func (a *app) showRoster(v api.RosterView) {
	if v.People == 0 {
		a.print("say.roster-empty")
	} else {
		a.print("say.roster-persons", v.People)
		t := table{right: map[int]bool{3: true}}
		t.add(append(a.fieldNames("school", "year", "kind"), a.t("register.persons"), a.t("register.school-contact"))...)
		for _, n := range v.Counts {
			contact := n.Contact
			if n.Public {
				contact = strings.TrimSpace(contact + " (" + a.t("register.public") + ")")
			}
			t.add(printable(n.School), printable(firstOf(n.Year, "-")), a.named("person-kind", string(n.Kind)), fmt.Sprint(n.Persons), printable(firstOf(contact, "-")))
		}
		t.write(a.out)
	}
	a.showBudget(v.Budget)
}
