package cli

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// schoolChange is what is given of the line of one school.
type schoolChange struct {
	changed func(flag string) bool
	school  string
	remove  bool
	to      api.Register
}

// setSchool changes what is given of a school's line, and leaves the rest.
func (a *app) setSchool(ctx context.Context, c *client.Client, share string, list []api.SchoolLine, q schoolChange) error {
	for _, flag := range []string{"year", "kinds", "subjects", "purpose", "department", "in-charge", "retention", "sensitive"} {
		if q.changed(flag) {
			return &problem.Error{Kind: problem.Invalid, Op: "set register", On: "--" + flag, Hint: "hint.register-school"}
		}
	}
	if q.school == "" {
		return &problem.Error{Kind: problem.Invalid, Op: "set register", On: "--remove", Hint: "hint.register-school"}
	}
	i := slices.IndexFunc(list, func(x api.SchoolLine) bool { return api.SameSchool(x.School, q.school) })
	switch {
	case q.remove && i < 0:
		return &problem.Error{Kind: problem.NotFound, Op: "set register", On: q.school, Hint: "hint.register-no-school"}
	case q.remove:
		list = slices.Delete(list, i, i+1)
	case i < 0:
		i, list = len(list), append(list, api.SchoolLine{School: q.school})
		fallthrough
	default:
		x := &list[i]
		if q.changed("client") {
			x.Client = q.to.Client
		}
		if q.changed("contact") {
			x.Contact = q.to.Contact
		}
		if q.changed("public") {
			x.Public = &q.to.Public
		}
	}
	if err := c.SetSchoolLines(ctx, share, list); err != nil {
		return err
	}
	if a.json {
		return a.emit(struct{}{})
	}
	a.print("say.register-school-set", printable(share), printable(q.school))
	return nil
}

// registerSchools shows the lines of the schools in a share.
func (a *app) registerSchools() *cobra.Command {
	return a.command("schools SHARE", "cmd.register-schools", "azekura register schools albums-2026", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			line, err := registerLine(ctx, c, args[0])
			if err != nil {
				return err
			}
			var t table
			if !a.json {
				t.head(a.t("register.school"), a.t("register.client"), a.t("register.public"), a.t("register.contact"))
			}
			for _, s := range line.Schools {
				if a.json {
					if err := a.emit(s); err != nil {
						return err
					}
					continue
				}
				public := a.t("register.as-share")
				if s.Public != nil {
					public = a.t(map[bool]string{true: "register.yes", false: "register.no"}[*s.Public])
				}
				t.add(printable(s.School), printable(firstOf(s.Client, a.t("register.as-share"))), public, printable(firstOf(s.Contact, a.t("register.as-share"))))
			}
			t.write(a.out)
			return nil
		})
	})
}

// importRegister reads the register in from a table.
func (a *app) importRegister() *cobra.Command {
	r := &reading{}
	c := a.command("import FILE", "cmd.register-import", "azekura register export register.xlsx\nazekura register import register.xlsx", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			f, err := a.openList(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }() // it is only read
			got, err := c.ImportRegister(ctx, client.Roster{Name: filepath.Base(args[0]), Encoding: r.encoding, Sheet: r.sheet}, f)
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(got)
			} else {
				a.showIssues(got.Issues, got.More)
			}
			switch {
			case err != nil:
				return err
			case got.Refused():
				return &problem.Error{Kind: problem.Invalid, Op: "set register", On: args[0], Hint: "hint.roster-problems"}
			case !a.json:
				a.print("say.register-imported", got.Shares, got.Schools)
			}
			return nil
		})
	})
	a.sourceFlags(c, r)
	return c
}
