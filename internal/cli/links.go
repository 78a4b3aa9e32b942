package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// maxRulesFile bounds what is read as rules: the server takes less.
const maxRulesFile = 1 << 20

// rulesFrom reads rules from a file, or from the standard input.
func (a *app) rulesFrom(name string) (string, error) {
	in := io.Reader(a.in)
	if name != "-" {
		f, err := a.openList(name)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }() // it is only read
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxRulesFile+1))
	switch {
	case err != nil:
		return "", problem.New(problem.Invalid, "read rules", name, err)
	case len(b) > maxRulesFile:
		return "", &problem.Error{Kind: problem.TooLarge, Op: "read rules", On: name, Hint: "hint.roster-rules"}
	}
	return string(b), nil
}

func (a *app) rosterLinks() *cobra.Command {
	return a.command("links SHARE [FILE|-]", "cmd.roster-links", "azekura roster links albums-2026\nazekura roster links albums-2026 rules.txt\necho '{school}/{class}/{number}_*.jpg → person' | azekura roster links albums-2026 -", cobra.RangeArgs(1, 2), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			v, err := c.RosterLinks(ctx, args[0])
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return a.showLinks(v)
			}
			text, err := a.rulesFrom(args[1])
			if err != nil {
				return err
			}
			b, err := c.SetRosterLinks(ctx, args[0], api.RosterLinks{Rules: text, Schools: v.Schools})
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(b)
			}
			a.print("say.roster-links-set", printable(args[0]))
			a.showBudget(&b)
			return nil
		})
	})
}

// showLinks prints rules so that they can be read again.
func (a *app) showLinks(v api.RosterView) error {
	if a.json {
		return a.emit(v)
	}
	if v.Rules == "" {
		a.print("say.roster-no-rules")
	} else {
		fmt.Fprint(a.out, v.Rules)
	}
	return nil
}

// showBudget says whether reading budgets count persons, and if not, why.
func (a *app) showBudget(b *api.PersonsBudget) {
	if b == nil || b.State == "" {
		return
	}
	fmt.Fprintln(a.out, a.lang.PersonsBudget(b.State, printable(b.Template), printable(b.FromRule)))
}

func (a *app) rosterCoverage() *cobra.Command {
	var file string
	c := a.command("coverage SHARE", "cmd.roster-coverage", "azekura roster coverage albums-2026\nazekura roster coverage albums-2026 --rules new.txt", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		rules := ""
		if file != "" {
			var err error
			if rules, err = a.rulesFrom(file); err != nil {
				return err
			}
			if rules == "" {
				rules = "#" // none, and not the share's own
			}
		}
		return a.connect(ctx, func(c *client.Client) error {
			bar := a.working()
			v, err := c.Coverage(ctx, args[0], rules)
			bar.end()
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(v)
			}
			a.showCoverage(v)
			return nil
		})
	})
	c.Flags().StringVar(&file, "rules", "", a.t("flag.roster-rules"))
	return c
}

func (a *app) showCoverage(v api.Coverage) {
	if v.Files == 0 {
		a.print("say.coverage-no-files")
		return
	}
	a.print("say.coverage", v.Percent(), v.Linked(), v.Files)
	t := table{right: map[int]bool{1: true}}
	for _, x := range []struct {
		key string
		n   int
	}{{"say.coverage-person", v.Person}, {"say.coverage-several", v.Several}, {"say.coverage-class", v.Class}, {"say.coverage-school", v.School}, {"say.coverage-nobody", v.Nobody},
		{"say.coverage-unlinked", v.Unlinked}, {"say.coverage-unknown", v.Unknown}, {"say.coverage-missing", v.Missing}} {
		if x.n > 0 {
			t.add("  "+a.t(x.key), fmt.Sprint(x.n))
		}
	}
	t.write(a.out)
	const most = 20
	if len(v.First) == 0 {
		return
	}
	fmt.Fprintln(a.out)
	a.print("say.coverage-first")
	for _, p := range v.First[:min(len(v.First), most)] {
		fmt.Fprintln(a.out, "  "+printable(p))
	}
	if n := v.Lacking() - most; n > 0 {
		a.print("say.coverage-more", n)
	}
}

func (a *app) rosterSchools() *cobra.Command {
	r := &reading{}
	c := a.command("schools SHARE FILE.csv", "cmd.roster-schools", "azekura roster schools albums-2026 schools.csv", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			f, err := a.openList(args[1])
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }() // it is only read
			got, err := c.SetRosterSchools(ctx, args[0], client.Roster{Name: filepath.Base(args[1]), Encoding: r.encoding, Sheet: r.sheet}, f)
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
			if got.Schools == 0 {
				return &problem.Error{Kind: problem.Invalid, Op: "save roster", On: args[1], Hint: "hint.roster-problems"}
			}
			if !a.json {
				a.print("say.roster-schools-set", printable(args[0]), got.Schools)
			}
			return nil
		})
	})
	a.sourceFlags(c, r)
	return c
}
