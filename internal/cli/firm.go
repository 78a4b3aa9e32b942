package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api/client"
)

// firm keeps what reports say of the firm.
func (a *app) firm() *cobra.Command {
	c := a.command("firm", "cmd.firm", "azekura firm show\nazekura firm set --number 7000012050002 --business 印刷業", nil, nil)
	c.AddCommand(
		a.command("show", "cmd.firm-show", "azekura firm show", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				f, err := c.Firm(ctx)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(f) })
				}
				var t table
				for _, x := range firmFields(&f) {
					t.add(a.named("register", "firm-"+x.name), printable(firstOf(*x.value, "-")))
				}
				t.write(a.out)
				return nil
			})
		}), a.setFirm())
	return c
}

// firmField is something about the firm, with its flag's name.
type firmField struct {
	name  string
	value *string
}

func firmFields(f *account.Firm) []firmField {
	return []firmField{{"name", &f.Name}, {"number", &f.Number}, {"business", &f.Business}, {"address", &f.Address}, {"title", &f.Title}, {"representative", &f.Representative},
		{"department", &f.Department}, {"person", &f.Person}, {"telephone", &f.Telephone}, {"mail", &f.Mail}, {"hours", &f.Hours}, {"mark", &f.Mark}}
}

// setFirm changes what is given, and leaves the rest.
func (a *app) setFirm() *cobra.Command {
	var given account.Firm
	c := a.command("set", "cmd.firm-set", "azekura firm set --number 7000012050002 --business 印刷業 --address \"東京都千代田区…\" --title 代表取締役 --representative \"田中 一郎\"\n"+
		"azekura firm set --department 総務部 --person 加藤 --telephone 03-0000-0000 --mail privacy@example.jp --hours \"平日9時〜17時\"", cobra.NoArgs, nil)
	fields := firmFields(&given)[1:] // the name is the policy's
	for _, x := range fields {
		c.Flags().StringVar(x.value, x.name, "", a.named("register", "firm-"+x.name))
	}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		return a.connect(ctx, func(c *client.Client) error {
			f, err := c.Firm(ctx)
			if err != nil {
				return err
			}
			now := firmFields(&f)[1:]
			for i, x := range fields {
				if cmd.Flags().Changed(x.name) {
					*now[i].value = *x.value
				}
			}
			if err := c.SetFirm(ctx, f); err != nil {
				return err
			}
			return a.said("say.firm-set")
		})
	}
	return c
}
