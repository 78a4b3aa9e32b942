package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api/client"
)

// isolation is how a house works that was restored, until two people say that all is clean.
func (a *app) isolation() *cobra.Command {
	var reason string
	c := a.command("isolation", "cmd.isolation", "azekura status\nazekura isolation end --reason \"all machines are new\"", nil, nil)
	end := a.command("end", "cmd.isolation-end", "azekura isolation end --reason \"all machines are new\"", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.EndIsolation(ctx, reason)
			return a.told(o, err, "say.isolation-ended")
		})
	})
	end.Flags().StringVar(&reason, "reason", "", a.t("flag.isolation-reason"))
	c.AddCommand(end)
	return c
}
