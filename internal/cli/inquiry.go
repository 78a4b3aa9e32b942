package cli

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// lookup opens and closes the page of a case that everybody may see.
func (a *app) lookup() *cobra.Command {
	c := a.command("lookup CASE", "cmd.case-lookup", "azekura case lookup 2026-1\nazekura case lookup open 2026-1 --contact \"お客様窓口 0120-000-000\" --reason \"一部の学校に通知済み\"\nazekura case lookup close 2026-1", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				x, err := c.Lookup(ctx, args[0])
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(x) })
				}
				a.showLookup(x)
				return nil
			})
		})
	c.AddCommand(a.openLookup(), a.command("close CASE", "cmd.case-lookup-close", "azekura case lookup close 2026-1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.CloseLookup(ctx, args[0]); err != nil {
				return err
			}
			return a.said("say.lookup-closed", args[0])
		})
	}))
	return c
}

func (a *app) openLookup() *cobra.Command {
	var q api.LookupRequest
	c := a.command("open CASE", "cmd.case-lookup-open", "azekura case lookup open 2026-1 --contact \"お客様窓口 0120-000-000\" --reason \"一部の学校に通知済み\"", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				o, err := c.OpenLookup(ctx, args[0], q)
				return a.told(o, err, "say.lookup-opened", args[0])
			})
		})
	c.Flags().StringVar(&q.Contact, "contact", "", a.t("flag.lookup-contact"))
	c.Flags().StringVar(&q.Reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) showLookup(x api.Lookup) {
	if x.Waiting {
		a.print("say.lookup-waits")
	}
	if !x.On {
		a.print("say.lookup-off")
		return
	}
	a.print("say.lookup-on", "/lookup/"+x.Token, when(x.Since), printable(x.By), when(x.At), x.Persons, len(x.Schools))
	if x.Stale {
		a.print("say.lookup-stale")
	}
	var t table
	for _, d := range x.Days {
		t.add(d.Date, strconv.FormatInt(d.Asked, 10), strconv.FormatInt(d.Refused, 10))
	}
	if len(x.Days) > 0 {
		a.print("say.lookup-days")
		t.write(a.out)
	}
}

// inquiry keeps the log of calls, letters and mails.
func (a *app) inquiry() *cobra.Command {
	c := a.command("inquiry", "cmd.case-inquiry", "azekura case inquiry list 2026-1 --status open\nazekura case inquiry add 2026-1 --way call --who \"保護者\" --question \"子どもの写真は含まれますか\"\nazekura case inquiry export 2026-1 inquiries.xlsx", nil, nil)
	c.AddCommand(a.listInquiries(), a.noteInquiry("add CASE", "cmd.case-inquiry-add", "azekura case inquiry add 2026-1 --way call --who \"保護者\" --question \"子どもの写真は含まれますか\"", cobra.ExactArgs(1)),
		a.noteInquiry("change CASE NUMBER", "cmd.case-inquiry-change", "azekura case inquiry change 2026-1 3 --answer \"含まれる可能性があるとお伝えした\" --status answered", cobra.ExactArgs(2)),
		a.command("export CASE FILE", "cmd.case-inquiry-export", "azekura case inquiry export 2026-1 inquiries.xlsx\nazekura case inquiry export 2026-1 inquiries.csv", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
			kind := "csv"
			if n := len(args[1]); n > 5 && args[1][n-5:] == ".xlsx" {
				kind = "xlsx"
			}
			return a.connect(ctx, func(c *client.Client) error {
				var list []api.Inquiry
				for x, err := range c.Inquiries(ctx, args[0], "", "") {
					if err != nil {
						return err
					}
					list = append(list, x)
				}
				var b bytes.Buffer
				if err := api.WriteInquiries(&b, a.lang, kind, args[0], slices.Values(list), a.now()); err != nil {
					return err
				}
				return a.write(args[1], b.Bytes())
			})
		}))
	return c
}

func (a *app) listInquiries() *cobra.Command {
	var status, text string
	c := a.command("list CASE", "cmd.case-inquiry-list", "azekura case inquiry list 2026-1 --status open\nazekura case inquiry list 2026-1 --text 第一小", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Inquiries(ctx, args[0], status, text))
				}
				var t table
				for x, err := range c.Inquiries(ctx, args[0], status, text) {
					if err != nil {
						return err
					}
					t.add(strconv.Itoa(x.ID), when(x.At), a.named("way", string(x.Way)), a.named("inquiry", string(x.Status)), printable(x.Who), printable(cmp.Or(x.School, "-")),
						printable(cmp.Or(x.Handler, "-")), printable(x.Question))
				}
				t.write(a.out)
				return nil
			})
		})
	c.Flags().StringVar(&status, "status", "", a.t("flag.inquiry-status"))
	c.Flags().StringVar(&text, "text", "", a.t("flag.inquiry-text"))
	return c
}

// noteInquiry writes an inquiry down, or changes what is given of one.
func (a *app) noteInquiry(use, key, example string, args cobra.PositionalArgs) *cobra.Command {
	var q api.Inquiry
	var way, status, at string
	c := a.command(use, key, example, args, nil)
	f := c.Flags()
	f.StringVar(&way, "way", string(account.ByCall), a.t("flag.inquiry-way"))
	f.StringVar(&at, "at", "", a.t("flag.inquiry-at"))
	f.StringVar(&q.Who, "who", "", a.t("flag.inquiry-who"))
	f.StringVar(&q.Reach, "reach", "", a.t("flag.inquiry-reach"))
	f.StringVar(&q.School, "school", "", a.t("flag.inquiry-school"))
	f.StringVar(&q.About, "about", "", a.t("flag.inquiry-about"))
	f.StringVar(&q.Question, "question", "", a.t("flag.inquiry-question"))
	f.StringVar(&q.Answer, "answer", "", a.t("flag.inquiry-answer"))
	f.StringVar(&status, "status", string(account.InquiryOpen), a.t("flag.inquiry-status"))
	f.StringVar(&q.Handler, "handler", "", a.t("flag.inquiry-handler"))
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		q.Way, q.Status = account.InquiryWay(way), account.InquiryStatus(status)
		if at != "" {
			t, err := parseTime(at, a.now())
			if err != nil {
				return a.misuse("say.use-time", at)
			}
			q.At = t
		}
		return a.connect(ctx, func(c *client.Client) error {
			next := q
			if len(args) == 2 {
				old, err := inquiryOf(ctx, c, args[0], args[1])
				if err != nil {
					return err
				}
				next = old
				for name, set := range map[string]func(){"way": func() { next.Way = q.Way }, "at": func() { next.At = q.At }, "who": func() { next.Who = q.Who }, "reach": func() { next.Reach = q.Reach },
					"school": func() { next.School = q.School }, "about": func() { next.About = q.About }, "question": func() { next.Question = q.Question }, "answer": func() { next.Answer = q.Answer },
					"status": func() { next.Status = q.Status }, "handler": func() { next.Handler = q.Handler }} {
					if f.Changed(name) {
						set()
					}
				}
			}
			x, err := c.NoteInquiry(ctx, args[0], next)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.print("say.inquiry-noted", x.ID)
			return nil
		})
	}
	return c
}

func inquiryOf(ctx context.Context, c *client.Client, n, number string) (api.Inquiry, error) {
	for x, err := range c.Inquiries(ctx, n, "", "") {
		if err != nil {
			return x, err
		}
		if strconv.Itoa(x.ID) == number {
			return x, nil
		}
	}
	return api.Inquiry{}, &problem.Error{Kind: problem.NotFound, Op: "note inquiry", On: number, Hint: "hint.no-inquiry"}
}
