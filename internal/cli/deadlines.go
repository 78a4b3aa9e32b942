package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
)

// deadlines shows by when the firm must tell whom.
func (a *app) deadlines() *cobra.Command {
	var ics string
	c := a.command("deadlines CASE", "cmd.case-deadlines", "azekura case deadlines 2026-1\nazekura case deadlines 2026-1 --ics deadlines.ics", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if ics != "" {
					return a.writeCalendar(ctx, c, args[0], ics)
				}
				d, err := c.Deadlines(ctx, args[0])
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(d) })
				}
				a.showDeadlines(&d)
				return nil
			})
		})
	c.Flags().StringVar(&ics, "ics", "", a.t("flag.deadlines-ics"))
	return c
}

// writeCalendar writes the calendar of a case anew: entries keep their identity.
func (a *app) writeCalendar(ctx context.Context, c *client.Client, n, to string) error {
	b, err := c.Calendar(ctx, n)
	if err != nil {
		return err
	}
	if to == "-" {
		_, err := a.out.Write(b)
		return err
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		return err
	}
	return a.said("say.due-calendar", printable(to))
}

func (a *app) showDeadlines(d *api.Due) {
	a.print("say.due-head", d.Case, api.DayName(a.lang, d.Start), api.DayName(a.lang, d.Today))
	if d.Proposed {
		a.print("web.due-proposed")
	}
	fmt.Fprintln(a.out, a.t("web.due-persons")+": "+api.DuePersons(a.lang, d))
	if d.Gap != nil {
		a.print("web.due-gap", d.Gap.Day.String(), d.Gap.From.String(), d.Gap.Through.String())
	} else if len(d.Deadlines) == 0 {
		a.print("web.due-none")
	}
	for i := range d.Deadlines {
		x := &d.Deadlines[i]
		until := a.t("web.due-without-delay")
		if x.Due != 0 {
			until = a.t("web.due-last", api.DayName(a.lang, x.Due)) + "  " + api.DueLeft(a.lang, x)
		}
		fmt.Fprintf(a.out, "\n%s\n  %s  %s\n", api.InWords(a.lang, x.Rule.Title), api.DueDay(a.lang, x.Count), until)
		for _, note := range api.DueNotes(a.lang, x) {
			fmt.Fprintln(a.out, "  "+note)
		}
	}
	fmt.Fprintln(a.out)
	if d.Unread {
		a.print("web.due-unread")
	}
	if len(d.Public) > 0 {
		a.print("web.due-public", printable(strings.Join(d.Public, ", ")))
		for _, line := range api.DueToPublic(a.lang, d) {
			fmt.Fprintln(a.out, "  "+line)
		}
	}
	if d.Checked != 0 {
		a.print("web.due-checked", d.Checked.String())
	}
	if d.Pending != nil {
		fmt.Fprintln(a.out, api.InWords(a.lang, *d.Pending))
	}
	a.print("web.deadlines-about")
}
