package cli

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) held() *cobra.Command {
	c := a.command("held", "cmd.held", "azekura held list\nazekura held accept ID\nazekura held discard --all", nil, nil)
	c.AddCommand(
		a.command("list", "cmd.held-list", "azekura held list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Held(ctx))
				}
				return a.showHeld(c.Held(ctx))
			})
		}),
		a.settle("accept", "cmd.held-accept", "say.held-accepted", true),
		a.settle("discard", "cmd.held-discard", "say.held-discarded", false))
	return c
}

func (a *app) showHeld(list iter.Seq2[api.Held, error]) error {
	var t table
	n := 0
	for x, err := range list {
		if err != nil {
			return err
		}
		if n++; n == 1 {
			t.head(a.t("say.head-id"), a.t("say.head-when"), a.t("say.head-who"), a.t("say.head-path"), a.t("say.head-sign"))
		}
		t.add(x.ID.String(), when(x.When), printable(x.Author), printable(trim(x.Path)), a.named("sign", x.Sign))
	}
	if n == 0 {
		a.print("say.none-held")
		return nil
	}
	t.write(a.out)
	return nil
}

// settle decides about some of what is held, or about all.
func (a *app) settle(use, key, said string, accept bool) *cobra.Command {
	var everything bool
	c := a.command(use+" [ID...]", key, "azekura held "+use+" ID", nil, func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if everything == (len(args) > 0) {
				return &problem.Error{Kind: problem.Invalid, Op: "settle", Hint: "hint.held-which"}
			}
			if everything {
				for x, err := range c.Held(ctx) {
					if err != nil {
						return err
					}
					args = append(args, x.ID.String())
				}
			}
			for _, id := range args {
				if err := c.Settle(ctx, id, accept); err != nil {
					return err
				}
			}
			return a.said(said, len(args))
		})
	})
	c.Flags().BoolVar(&everything, "all", false, a.t("flag.held-all"))
	return c
}

func (a *app) freeze() *cobra.Command {
	var reason string
	c := a.command("freeze KIND [NAME]", "cmd.freeze", "azekura freeze account sato --reason \"strange names on the drive\"\nazekura freeze all\nazekura freeze list", cobra.RangeArgs(1, 2),
		func(ctx context.Context, args []string) error {
			q := api.FreezeRequest{Kind: account.StopKind(args[0]), Reason: reason}
			if len(args) > 1 {
				q.Subject = args[1]
			}
			return a.connect(ctx, func(c *client.Client) error {
				f, err := c.Freeze(ctx, q)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(f) })
				}
				a.print("say.frozen", a.named("stop", string(f.Kind)), printable(firstOf(f.Name, f.Subject, "-")))
				return nil
			})
		})
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	c.AddCommand(a.command("list", "cmd.freeze-list", "azekura freeze list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if a.json {
				return emitAll(a, c.Stops(ctx))
			}
			return a.showStops(c.Stops(ctx))
		})
	}))
	return c
}

func (a *app) showStops(list iter.Seq2[api.Stop, error]) error {
	var t table
	n := 0
	for f, err := range list {
		if err != nil {
			return err
		}
		if n++; n == 1 {
			t.head(a.t("say.head-id"), a.t("say.head-since"), a.t("say.head-frozen"), a.t("say.head-which"), a.t("say.head-who"), a.t("say.head-reason"))
		}
		reason := f.Reason
		if f.By == "" {
			reason = a.named("sign", reason)
		}
		t.add(f.ID, when(f.Since), a.named("stop", string(f.Kind)), printable(stopName(f)), printable(firstOf(f.By, a.t("say.guard"))), printable(firstOf(reason, "-")))
	}
	if n == 0 {
		a.print("say.none-frozen")
		return nil
	}
	t.write(a.out)
	return nil
}

// stopName is what of a freeze a person knows.
func stopName(f api.Stop) string {
	switch {
	case f.Owner != "" && f.Name != "":
		return f.Owner + " / " + f.Name
	case f.Owner != "":
		return f.Owner
	}
	return firstOf(f.Name, f.Subject, "-")
}

func (a *app) thaw() *cobra.Command {
	var reason string
	c := a.command("thaw ID", "cmd.thaw", "azekura thaw ID --reason \"the computer was looked at\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.Thaw(ctx, args[0], reason)
			return a.told(o, err, "say.thawed")
		})
	})
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) alert() *cobra.Command {
	return a.command("alert", "cmd.alert", "azekura alert", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.TestAlert(ctx); err != nil {
				return err
			}
			return a.said("say.alert-sent")
		})
	})
}
