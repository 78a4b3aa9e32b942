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

func (a *app) cases() *cobra.Command {
	c := a.command("case", "cmd.case", "azekura case list\nazekura case show 2026-1\nazekura damage --case 2026-1\nazekura rollback --case 2026-1 --dry-run", nil, nil)
	c.AddCommand(
		a.command("list", "cmd.case-list", "azekura case list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Cases(ctx))
				}
				n := 0
				for x, err := range c.Cases(ctx) {
					if err != nil {
						return err
					}
					n++
					a.showCase(x)
				}
				if n == 0 {
					a.print("say.no-case")
				}
				return nil
			})
		}),
		a.oneCase(), a.openCase(), a.suspect(), a.closeCase(), a.timeline(), a.caseAppliances(), a.knew(), a.fact(), a.caseNote(), a.task(), a.attach(), a.decide(), a.hold(), a.deadlines(), a.findings(), a.exposed(), a.caseClients(), a.papers(), a.paper(), a.writePaper(), a.filePaper(), a.packs(), a.caseVerify(), a.lookup(), a.inquiry())
	return c
}

// showCase prints a case and who is distrusted in it.
func (a *app) showCase(c api.Case) {
	key, at := "say.case-open", c.Opened
	if !c.Closed.IsZero() {
		key, at = "say.case-closed", c.Closed
	}
	a.print(key, c.ID, when(at), printable(firstOf(c.By, a.t("say.guard"))), printable(firstOf(a.caseReason(c), "-")))
	var t table
	for _, s := range c.Suspects {
		to := a.t("say.until-now")
		if !s.To.IsZero() {
			to = when(s.To)
		}
		t.add("  "+a.named("stop", string(s.Kind)), printable(stopName(api.Stop{Owner: s.Owner, Name: s.Name, Subject: s.Subject})), when(s.From), "–", to)
	}
	t.write(a.out)
	a.showClock(c)
	if c.Note != "" {
		a.print("say.case-note", printable(c.Note))
	}
}

// caseReason is why a case was opened, in the reader's words.
func (a *app) caseReason(c api.Case) string {
	if c.By == "" {
		return a.named("sign", c.Reason)
	}
	return c.Reason
}

// showClock prints from when on the law counts, and what is held.
func (a *app) showClock(c api.Case) {
	t, proposed := c.Clock()
	key := "say.case-knew"
	if proposed {
		key = "say.case-knew-proposed"
	}
	a.print(key, told(t))
	if c.KnewEarly() {
		fmt.Fprintln(a.out, "  "+a.t("web.case-knew-early"))
	}
	switch {
	case !c.Hold.On:
		a.print("say.case-unheld", when(c.Hold.Lifted), printable(c.Hold.LiftedBy), printable(c.Hold.Reason))
	case len(c.Hold.Shares) > 0:
		a.print("say.case-holds", printable(strings.Join(c.Hold.Shares, ", ")))
	default:
		a.print("say.case-holds", a.t("say.every-share"))
	}
}

// told shows a time in the zone in which somebody told it.
func told(t time.Time) string { return t.Format("2006-01-02 15:04 -0700") }

// distrusted are the flags that say who is distrusted, and in which time.
type distrusted struct {
	from, to, kind string
	parties        []string
}

func (a *app) distrustFlags(c *cobra.Command) *distrusted {
	d := &distrusted{}
	c.Flags().StringVar(&d.from, "from", "", a.t("flag.suspects-from"))
	c.Flags().StringVar(&d.to, "to", "", a.t("flag.to"))
	c.Flags().StringArrayVar(&d.parties, "party", nil, a.t("flag.party"))
	c.Flags().StringVar(&d.kind, "kind", "", a.t("flag.party-kind"))
	return d
}

func (d *distrusted) request(a *app, reason string) (q api.CaseRequest, err error) {
	if len(d.parties) == 0 && d.kind == "" || d.from == "" {
		return q, &problem.Error{Kind: problem.Invalid, Op: "case", Hint: "hint.case-whom"}
	}
	q = api.CaseRequest{Reason: reason, Kind: account.StopKind(d.kind), Parties: d.parties}
	if q.From, err = parseTime(d.from, a.now()); err != nil {
		return q, a.misuse("say.use-time", d.from)
	}
	if d.to != "" {
		if q.To, err = endOf(d.to, a.now()); err != nil {
			return q, a.misuse("say.use-time", d.to)
		}
	}
	return q, nil
}

func (a *app) openCase() *cobra.Command {
	var d *distrusted
	var reason string
	c := a.command("open", "cmd.case-open", "azekura case open --party sato --from '2026-07-13 08:00' --reason \"the laptop was stolen\"", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			q, err := d.request(a, reason)
			if err != nil {
				return err
			}
			return a.connect(ctx, func(c *client.Client) error {
				x, err := c.OpenCase(ctx, q)
				return a.toldCase(x, err)
			})
		})
	d = a.distrustFlags(c)
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) toldCase(x api.Case, err error) error {
	if err != nil || a.json {
		return cmpOr(err, func() error { return a.emit(x) })
	}
	a.showCase(x)
	return nil
}

func (a *app) suspect() *cobra.Command {
	var d *distrusted
	var reason string
	var remove bool
	c := a.command("suspect CASE", "cmd.case-suspect", "azekura case suspect 2026-1 --party sato --from '2026-07-13 08:00' --to '2026-07-13 12:00'\n"+
		"azekura case suspect 2026-1 --party 203.0.113.9 --from '2026-07-13 08:00'\nazekura case suspect 2026-1 --kind storehouse --from '2026-07-13 08:00'\n"+
		"azekura case suspect 2026-1 --party sato --remove --reason \"was on holiday\"", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			if remove {
				return a.connect(ctx, func(c *client.Client) error { return a.trusted(ctx, c, args[0], d, reason) })
			}
			q, err := d.request(a, reason)
			if err != nil {
				return err
			}
			return a.connect(ctx, func(c *client.Client) error {
				x, err := c.Suspect(ctx, args[0], q)
				return a.toldCase(x, err)
			})
		})
	d = a.distrustFlags(c)
	c.Flags().BoolVar(&remove, "remove", false, a.t("flag.party-remove"))
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.party-reason"))
	return c
}

// trusted takes parties out of a case.
func (a *app) trusted(ctx context.Context, c *client.Client, n string, d *distrusted, reason string) error {
	parties := d.parties
	if len(parties) == 0 {
		parties = []string{""} // the storehouse, or the keeper
	}
	for _, p := range parties {
		if err := c.Trust(ctx, n, api.Trusting{Kind: account.StopKind(d.kind), Subject: p, Reason: reason}); err != nil {
			return err
		}
	}
	x, err := c.Case(ctx, n)
	return a.toldCase(x, err)
}

func (a *app) closeCase() *cobra.Command {
	var note string
	c := a.command("close CASE", "cmd.case-close", "azekura case close 2026-1 --note \"an old program of the printer; nothing was lost\"", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.CloseCase(ctx, args[0], note); err != nil {
					return err
				}
				return a.said("say.case-is-closed", args[0])
			})
		})
	c.Flags().StringVar(&note, "note", "", a.t("flag.case-note"))
	return c
}
