package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) readings() *cobra.Command {
	return a.command("readings", "cmd.readings", "azekura readings", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if a.json {
				return emitAll(a, c.Readings(ctx))
			}
			var t table
			n := 0
			for r, err := range c.Readings(ctx) {
				if err != nil {
					return err
				}
				if n++; n == 1 {
					t.head(a.t("say.head-who"), a.t("say.head-opened"), a.t("say.head-previewed"), a.t("say.head-exported"), a.t("say.head-persons"), a.t("say.head-odd"))
				}
				t.add(printable(r.Account), spent(r.Open), spent(r.Preview), spent(r.Export), spent(r.Persons), firstOf(a.odd(r), "-"))
			}
			if n == 0 {
				a.print("say.none-read")
				return nil
			}
			t.write(a.out)
			return nil
		})
	})
}

func spent(s account.Spent) string { return fmt.Sprintf("%d/%d", s.Today, s.Of) }

// odd tells why a budget is not the usual one.
func (a *app) odd(r api.Readings) string {
	var out []string
	for _, w := range r.Odd {
		out = append(out, a.named("note", w))
	}
	if r.More > 0 {
		out = append(out, a.t("say.read-more", r.More))
	}
	return strings.Join(out, ", ")
}

func (a *app) job() *cobra.Command {
	c := a.command("job", "cmd.job", "azekura job ask albums/2026 --files 6000 --reason \"print run of 24 November\"\nazekura job list", nil, nil)
	c.AddCommand(a.jobAsk(),
		a.command("list", "cmd.job-list", "azekura job list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Jobs(ctx))
				}
				return a.showJobs(ctx, c)
			})
		}),
		a.command("end ID", "cmd.job-end", "azekura job end ID", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.EndJob(ctx, args[0]); err != nil {
					return err
				}
				return a.said("say.job-ended")
			})
		}))
	return c
}

func (a *app) jobAsk() *cobra.Command {
	q := api.NewJob{}
	var purpose string
	var length time.Duration
	c := a.command("ask PATH --files N --reason TEXT", "cmd.job-ask", "azekura job ask albums/2026 --files 6000 --reason \"print run of 24 November\"\nazekura job ask albums --account sato --purpose export --files 20000 --for 48h --reason \"copy for the client\"",
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			q.Path, q.Purpose, q.Until = args[0], account.Purpose(purpose), a.now().Add(length).Truncate(time.Second)
			return a.connect(ctx, func(c *client.Client) error {
				o, err := c.AskJob(ctx, q)
				return a.told(o, err, "say.job-begun")
			})
		})
	f := c.Flags()
	f.StringVar(&q.Account, "account", "", a.t("flag.job-account"))
	f.StringVar(&purpose, "purpose", string(account.Open), a.t("flag.job-purpose"))
	f.IntVar(&q.Files, "files", 0, a.t("flag.job-files"))
	f.DurationVar(&length, "for", 12*time.Hour, a.t("flag.job-for"))
	f.StringVar(&q.Reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) showJobs(ctx context.Context, c *client.Client) error {
	var t table
	n := 0
	for j, err := range c.Jobs(ctx) {
		if err != nil {
			return err
		}
		if n++; n == 1 {
			t.head(a.t("say.head-id"), a.t("say.head-who"), a.t("say.head-path"), a.t("say.head-purpose"), a.t("say.head-files"), a.t("say.head-until"), a.t("say.head-reason"))
		}
		t.add(j.ID, printable(j.Account), printable(trim(j.Path)), a.named("purpose", string(j.Purpose)), fmt.Sprintf("%d/%d", j.Used, j.Files), when(j.Until), printable(j.Reason))
	}
	if n == 0 {
		a.print("say.no-jobs")
		return nil
	}
	t.write(a.out)
	return nil
}

func (a *app) trap() *cobra.Command {
	var person string
	add := a.command("add PATH", "cmd.trap-add", "azekura trap add \"albums/2026/_old/all addresses.xlsx\"\nazekura trap add albums/2026/_old\nazekura trap add albums --person \"第一小/3年2組/99\"", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				t, err := c.AddTrap(ctx, api.NewTrap{Path: args[0], Person: person})
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(t) })
				}
				a.print("say.trap-set", t.ID)
				return nil
			})
		})
	add.Flags().StringVar(&person, "person", "", a.t("flag.trap-person"))
	c := a.command("trap", "cmd.trap", "azekura trap add albums/2026/_old\nazekura trap list", nil, nil)
	c.AddCommand(add,
		a.command("list", "cmd.trap-list", "azekura trap list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Traps(ctx))
				}
				return a.showTraps(ctx, c)
			})
		}),
		a.command("remove ID", "cmd.trap-remove", "azekura trap remove ID", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				o, err := c.RemoveTrap(ctx, args[0])
				return a.told(o, err, "say.trap-removed")
			})
		}))
	return c
}

func (a *app) showTraps(ctx context.Context, c *client.Client) error {
	var t table
	n := 0
	for x, err := range c.Traps(ctx) {
		if err != nil {
			return err
		}
		if n++; n == 1 {
			t.head(a.t("say.head-id"), a.t("say.head-path"), a.t("say.head-person"), a.t("say.head-since"), a.t("say.head-who"))
		}
		t.add(x.ID, printable(strings.Trim(x.Share+"/"+x.Path, "/")), printable(firstOf(x.Person, "-")), when(x.Since), printable(x.By))
	}
	if n == 0 {
		a.print("say.no-traps")
		return nil
	}
	t.write(a.out)
	return nil
}

// sharePersons shows or sets how the names in a share tell persons.
func (a *app) sharePersons() *cobra.Command {
	var none bool
	c := a.command("persons SHARE [TEMPLATE]", "cmd.share-persons", "azekura share persons albums \"{school}/{class}/{number}_*.jpg\"\nazekura share persons albums --none", cobra.RangeArgs(1, 2),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) (err error) {
				var p api.Persons
				switch {
				case none && len(args) > 1:
					return &problem.Error{Kind: problem.Invalid, Op: "set persons", On: args[0], Hint: "hint.persons"}
				case none || len(args) > 1:
					p.Template = strings.Join(args[1:], "")
					err = c.SetSharePersons(ctx, args[0], p)
				default:
					p, err = c.SharePersons(ctx, args[0])
				}
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(p) })
				}
				a.print("say.share-persons", printable(args[0]), printable(firstOf(p.Template, "-")))
				return nil
			})
		})
	c.Flags().BoolVar(&none, "none", false, a.t("flag.no-persons"))
	return c
}

// budget reads "MINUTE/DAY" into a budget.
func (a *app) budget(text string, to *account.Budget) error {
	var b account.Budget
	if n, err := fmt.Sscanf(text+"\n", "%d/%d\n", &b.Minute, &b.Day); n != 2 || err != nil {
		return a.misuse("say.use-budget", text)
	}
	*to = b
	return nil
}
