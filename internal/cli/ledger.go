package cli

import "github.com/spf13/cobra"

func (a *app) ledger() *cobra.Command {
	return a.command("ledger", "cmd.ledger", "azekura ledger verify", nil, nil)
}
