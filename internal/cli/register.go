package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// register keeps the register of personal data.
func (a *app) register() *cobra.Command {
	c := a.command("register", "cmd.register", "azekura register list\nazekura register set albums-2026 --client \"市立第一小学校\" --year 2026 --kinds 氏名,写真 --subjects 児童\nazekura register export register.csv", nil, nil)
	c.AddCommand(
		a.command("list", "cmd.register-list", "azekura register list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Register(ctx))
				}
				return a.showRegister(ctx, c)
			})
		}),
		a.setRegister(), a.registerSchools(), a.importRegister(),
		a.command("export FILE", "cmd.register-export", "azekura register export register.xlsx\nazekura register export register.csv\nazekura register export - | head", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error { return a.exportRegister(ctx, c, args[0]) })
		}))
	return c
}

func (a *app) showRegister(ctx context.Context, c *client.Client) error {
	var t table
	t.head(a.t("register.share"), a.t("register.client"), a.t("register.year"), a.t("register.data"), a.t("register.subjects"), a.t("register.in-charge"), a.t("register.retention"))
	for l, err := range c.Register(ctx) {
		if err != nil {
			return err
		}
		t.add(printable(l.Share), printable(firstOf(l.Client, "-")), firstOf(year(l.Year), "-"), printable(firstOf(strings.Join(l.Data, ", "), "-")),
			printable(firstOf(strings.Join(l.Subjects, ", "), "-")), printable(firstOf(l.InCharge, "-")), printable(firstOf(l.Retention, "-")))
	}
	t.write(a.out)
	return nil
}

func year(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// setRegister changes what is given of a line, and leaves the rest.
func (a *app) setRegister() *cobra.Command {
	var r account.Register
	var school string
	var remove bool
	c := a.command("set SHARE", "cmd.register-set", "azekura register set albums-2026 --client \"市立第一小学校\" --public --retention \"納品から1年\"\nazekura register set albums-2026 --school 第二小学校 --client 市教育委員会 --contact 03-0000-0000 --public", cobra.ExactArgs(1), nil)
	f := c.Flags()
	f.StringVar(&school, "school", "", a.t("flag.register-school"))
	f.BoolVar(&remove, "remove", false, a.t("flag.register-remove"))
	f.StringVar(&r.Client, "client", "", a.t("flag.register-client"))
	f.IntVar(&r.Year, "year", 0, a.t("flag.register-year"))
	f.StringSliceVar(&r.Data, "kinds", nil, a.t("flag.register-data"))
	f.StringSliceVar(&r.Subjects, "subjects", nil, a.t("flag.register-subjects"))
	f.StringVar(&r.Purpose, "purpose", "", a.t("flag.register-purpose"))
	f.StringVar(&r.Department, "department", "", a.t("flag.register-department"))
	f.StringVar(&r.InCharge, "in-charge", "", a.t("flag.register-in-charge"))
	f.StringVar(&r.Retention, "retention", "", a.t("flag.register-retention"))
	f.StringVar(&r.Contact, "contact", "", a.t("flag.register-contact"))
	f.BoolVar(&r.Public, "public", false, a.t("flag.register-public"))
	f.BoolVar(&r.Sensitive, "sensitive", false, a.t("flag.register-sensitive"))
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		return a.connect(ctx, func(c *client.Client) error {
			line, err := registerLine(ctx, c, args[0])
			if err != nil {
				return err
			}
			if school != "" || remove {
				return a.setSchool(ctx, c, args[0], line.Schools, schoolChange{f.Changed, school, remove, r})
			}
			for name, set := range map[string]func(){
				"client": func() { line.Client = r.Client }, "year": func() { line.Year = r.Year }, "kinds": func() { line.Data = r.Data },
				"subjects": func() { line.Subjects = r.Subjects }, "purpose": func() { line.Purpose = r.Purpose }, "department": func() { line.Department = r.Department },
				"in-charge": func() { line.InCharge = r.InCharge }, "retention": func() { line.Retention = r.Retention }, "contact": func() { line.Contact = r.Contact },
				"public": func() { line.Public = r.Public }, "sensitive": func() { line.Sensitive = r.Sensitive },
			} {
				if f.Changed(name) {
					set()
				}
			}
			if err := c.SetRegister(ctx, args[0], line); err != nil {
				return err
			}
			if a.json {
				return a.emit(struct{}{})
			}
			a.print("say.register-set", printable(args[0]))
			return nil
		})
	}
	return c
}

// registerLine finds the line of a share.
func registerLine(ctx context.Context, c *client.Client, share string) (api.Register, error) {
	for l, err := range c.Register(ctx) {
		if err != nil {
			return api.Register{}, err
		}
		if l.Share == share {
			return l.Register, nil
		}
	}
	return api.Register{}, &problem.Error{Kind: problem.NotFound, Op: "set register", On: share, Hint: "hint.no-such-share"}
}

// exportRegister writes the register as a workbook, or as a table that Excel opens, too.
func (a *app) exportRegister(ctx context.Context, c *client.Client, name string) (err error) {
	var lines []api.RegisterLine
	for l, err := range c.Register(ctx) { // before a file is made
		if err != nil {
			return err
		}
		lines = append(lines, l)
	}
	out := io.Writer(a.out)
	if name != "-" {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			if e := f.Close(); err == nil {
				err = e
			}
		}()
		out = f
	}
	if strings.EqualFold(filepath.Ext(name), ".xlsx") {
		return api.WriteRegisterSheet(out, a.lang, lines, a.now())
	}
	return api.WriteRegister(out, a.lang, func(yield func(api.RegisterLine, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	})
}
