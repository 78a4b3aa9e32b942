package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/lang"
)

// findings tells what could have been read in a case, and of whom.
func (a *app) findings() *cobra.Command {
	return a.command("findings CASE", "cmd.case-findings", "azekura case findings 2026-1\nazekura case findings 2026-1 --json", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := a.awaitFindings(ctx, c, args[0]); err != nil {
				return err
			}
			f, err := c.Findings(ctx, args[0])
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(f) })
			}
			a.showFindings(f)
			return nil
		})
	})
}

// awaitFindings shows how far the findings of a case are, until they are there. Whoever breaks it off leaves the storehouse at work.
func (a *app) awaitFindings(ctx context.Context, c *client.Client, n string) error {
	bar := a.working()
	defer bar.end()
	for {
		p, err := c.CaseProgress(ctx, n) // it waits for a moment itself
		if err != nil || p.Ready {
			return err
		}
		bar.share(p.Part, a.named("finding-step", p.Step))
	}
}

func (a *app) showFindings(f api.Findings) {
	var t table
	t.head("", a.t("web.three-confirmed"), a.t("web.three-possible"), a.t("web.three-exempt"))
	row := func(name string, n api.Three) {
		t.add(name, lang.Grouped(n.Confirmed), lang.Grouped(n.Possible), lang.Grouped(n.Exempt))
	}
	n, unknown := f.Exposure.Persons.Persons, f.Exposure.Unknown
	t.add(a.t("web.exposed-persons"), a.persons(n.Confirmed, unknown.Confirmed), a.persons(n.Possible, unknown.Possible), a.persons(n.Exempt, unknown.Exempt))
	row(a.t("web.exposed-files"), f.Exposure.Files.Files)
	for _, r := range f.Exposure.Rows {
		row("  "+printable(r.School)+" "+printable(r.Year)+" "+a.named("person-kind", r.Kind), r.Persons)
	}
	t.write(a.out)
	if n := f.Exposure.Unknown; n.Confirmed+n.Possible > 0 {
		a.print("web.persons-unknown", n.Confirmed, n.Possible)
	}
	if n := f.Exposure.Files.Unlinked; n.Confirmed+n.Possible > 0 {
		a.print("web.files-unlinked", n.Confirmed, n.Possible)
	}
	for _, g := range f.Exposure.Gaps {
		a.print("say.gap", a.named("flaw-of-ledger", string(g.Flaw)), when(g.From), when(g.To))
	}
	a.print("say.findings-damage", lang.Grouped(f.Damage.Files), lang.Grouped(f.Damage.OfFiles), size(f.Damage.Bytes), size(f.Damage.OfBytes), lang.Grouped(f.Damage.Intact))
	a.print("say.findings-ledger", lang.Grouped(f.Ledger.Verified), lang.Grouped(f.Ledger.Entries), f.Ledger.Root)
}

// exposed opens a number of the findings.
func (a *app) exposed() *cobra.Command {
	var q api.ExposedRequest
	var class string
	c := a.command("exposed CASE", "cmd.case-exposed", "azekura case exposed 2026-1 --persons\nazekura case exposed 2026-1 --class possible --share albums", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			q.Class = api.ExposedClass(class)
			return a.connect(ctx, func(c *client.Client) error {
				if err := a.awaitFindings(ctx, c, args[0]); err != nil {
					return err
				}
				if a.json {
					return emitAll(a, c.Exposed(ctx, args[0], q))
				}
				var t table
				done := sync.OnceFunc(a.working().end)
				defer done()
				for x, err := range c.Exposed(ctx, args[0], q) {
					if err != nil {
						return err
					}
					if p := x.Person; p != nil {
						t.add(printable(p.School), printable(p.Year), printable(strings.TrimSpace(p.Grade+" "+p.Class)), printable(p.Number), printable(p.Name))
					} else if x.File != nil {
						var marks []string
						for _, m := range x.File.Marks {
							marks = append(marks, a.named("mark", m))
						}
						t.add(printable(x.File.Path), strings.Join(marks, ", "))
					}
				}
				done()
				t.write(a.out)
				return nil
			})
		})
	c.Flags().StringVar(&class, "class", "confirmed", a.t("flag.exposed-class"))
	c.Flags().BoolVar(&q.Persons, "persons", false, a.t("flag.exposed-persons"))
	c.Flags().StringVar(&q.Share, "share", "", a.t("flag.exposed-share"))
	c.Flags().BoolVar(&q.Unlinked, "unlinked", false, a.t("flag.exposed-unlinked"))
	c.Flags().IntVar(&q.Offset, "offset", 0, a.t("flag.exposed-offset"))
	c.Flags().IntVar(&q.Limit, "limit", 0, a.t("flag.exposed-limit"))
	return c
}

// papers lists the papers of a case, or writes one.
func (a *app) papers() *cobra.Command {
	return a.command("papers CASE", "cmd.case-papers", "azekura case papers 2026-1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := a.awaitFindings(ctx, c, args[0]); err != nil {
				return err
			}
			if a.json {
				return emitAll(a, c.Papers(ctx, args[0]))
			}
			var t table
			t.head(a.t("say.head-paper"), a.t("say.head-title"), a.t("say.head-blanks"), a.t("say.head-formats"))
			done := sync.OnceFunc(a.working().end)
			defer done()
			for p, err := range c.Papers(ctx, args[0]) {
				if err != nil {
					return err
				}
				t.add(p.Kind, printable(p.Title), a.t("say.blanks", p.Blanks, p.Fields), strings.Join(p.Formats, ", "))
			}
			done()
			t.write(a.out)
			return nil
		})
	})
}

func (a *app) paper() *cobra.Command {
	var of, language string
	c := a.command("paper CASE KIND FILE", "cmd.case-paper", "azekura case paper 2026-1 ppc-first report.docx\nazekura case paper 2026-1 client letter.pdf --client \"市立第一小学校\"", cobra.ExactArgs(3),
		func(ctx context.Context, args []string) error {
			format := strings.TrimPrefix(strings.ToLower(filepath.Ext(args[2])), ".")
			return a.connect(ctx, func(c *client.Client) error {
				return a.keep(args[2], func() (io.ReadCloser, error) { return c.Paper(ctx, args[0], args[1], of, format, language) })
			})
		})
	c.Flags().StringVar(&of, "client", "", a.t("flag.paper-client"))
	c.Flags().StringVar(&language, "lang", "", a.t("flag.paper-lang"))
	return c
}

// writePaper writes over a field of a paper.
func (a *app) writePaper() *cobra.Command {
	var of, language string
	c := a.command("write CASE KIND FIELD TEXT", "cmd.case-write", "azekura case write 2026-1 public cause \"…\"\nazekura case write 2026-1 public cause \"\"", cobra.ExactArgs(4),
		func(ctx context.Context, args []string) error {
			language = firstOf(language, a.lang.String())
			return a.connect(ctx, func(c *client.Client) error {
				q := api.PaperEdit{Key: args[2], Client: of, Text: args[3]}
				for f, err := range c.PaperFields(ctx, args[0], args[1], of, language) {
					if err != nil {
						return err
					}
					if f.Key == q.Key {
						q.Seen = f.Edit
					}
				}
				return a.ended(c.EditPaper(ctx, args[0], args[1], language, q), "say.paper-written")
			})
		})
	c.Flags().StringVar(&of, "client", "", a.t("flag.paper-client"))
	c.Flags().StringVar(&language, "lang", "", a.t("flag.paper-lang"))
	return c
}

// filePaper keeps a paper as it is handed in.
func (a *app) filePaper() *cobra.Command {
	var of, language string
	c := a.command("file CASE KIND", "cmd.case-file", "azekura case file 2026-1 ppc-first", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			return a.ended(c.FilePaper(ctx, args[0], args[1], firstOf(language, a.lang.String()), api.PaperFiling{Client: of}), "say.paper-filed")
		})
	})
	c.Flags().StringVar(&of, "client", "", a.t("flag.paper-client"))
	c.Flags().StringVar(&language, "lang", "", a.t("flag.paper-lang"))
	return c
}

// ended tells that something was done.
func (a *app) ended(err error, key string) error {
	if err != nil || a.json {
		return cmpOr(err, func() error { return a.emit(struct{}{}) })
	}
	a.print(key)
	return nil
}

func (a *app) packs() *cobra.Command {
	var language string
	c := a.command("packs CASE FILE.zip", "cmd.case-packs", "azekura case packs 2026-1 packs.zip", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := a.awaitFindings(ctx, c, args[0]); err != nil {
				return err
			}
			return a.keep(args[1], func() (io.ReadCloser, error) { return c.Packs(ctx, args[0], language) })
		})
	})
	c.Flags().StringVar(&language, "lang", "", a.t("flag.paper-lang"))
	return c
}

// caseClients lists on whose behalf the data is held that a case concerns.
func (a *app) caseClients() *cobra.Command {
	return a.command("clients CASE", "cmd.case-clients", "azekura case clients 2026-1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := a.awaitFindings(ctx, c, args[0]); err != nil {
				return err
			}
			if a.json {
				return emitAll(a, c.CaseClients(ctx, args[0]))
			}
			var t table
			t.head(a.t("register.client"), a.t("web.three-confirmed"), a.t("web.three-possible"), a.t("web.three-exempt"), a.t("web.altered-files"))
			done := sync.OnceFunc(a.working().end)
			defer done()
			for x, err := range c.CaseClients(ctx, args[0]) {
				if err != nil {
					return err
				}
				t.add(a.clientRow(x)...)
			}
			done()
			t.write(a.out)
			return nil
		})
	})
}

// persons is a number of persons, beside which there may be files of which nobody knows how many persons they are: no 0 stands for them.
func (a *app) persons(n, unknown int64) string {
	switch {
	case unknown == 0:
		return lang.Grouped(n)
	case n == 0:
		return a.t("web.no-roster")
	}
	return lang.Grouped(n) + " + " + a.t("web.no-roster")
}

// clientRow is a client's line.
func (a *app) clientRow(x api.CaseClient) []string {
	name := firstOf(x.Name, strings.Join(x.Shares, ", "))
	if x.School != "" && x.School != name {
		name += " / " + x.School
	}
	return []string{printable(name), a.persons(x.Persons.Confirmed, x.Unknown.Confirmed), a.persons(x.Persons.Possible, x.Unknown.Possible),
		a.persons(x.Persons.Exempt, x.Unknown.Exempt), lang.Grouped(x.Altered)}
}

// keep writes what is asked for to a file that is not there yet, and shows on a terminal that it is at work.
func (a *app) keep(name string, ask func() (io.ReadCloser, error)) error {
	if err := a.fetch(name, ask); err != nil {
		return err
	}
	if a.json {
		return a.emit(map[string]string{"file": name})
	}
	a.print("say.written", printable(name))
	return nil
}

func (a *app) fetch(name string, ask func() (io.ReadCloser, error)) (err error) {
	bar := a.working()
	defer bar.end()
	r, err := ask()
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(name) // half a paper is none
	}
	return err
}
