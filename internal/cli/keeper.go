package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

func (a *app) keeper() *cobra.Command {
	c := a.command("keeper", "cmd.keeper", "azekura keeper protect passphrase", nil, nil)
	c.AddCommand(a.protect(), a.acceptRollback())
	return c
}

// protect changes what opens the root key. The storehouse must not run: at its next start it asks for the new secret.
func (a *app) protect() *cobra.Command {
	var yes bool
	c := a.command("protect key-file|passphrase|credential", "cmd.keeper-protect", "azekura keeper protect passphrase\nazekura keeper protect --yes passphrase < passphrase.txt",
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			cfg, err := storehouse.Load(a.data, os.Environ(), nil)
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "protect keeper", "say.confirm-protect", cfg.Protection, args[0]); err != nil {
				return err
			}
			if err := storehouse.Protect(ctx, cfg, a.options(), args[0], a.newPassphrase); err != nil {
				return err
			}
			if err := a.said("say.protected", args[0]); err != nil || a.json || cfg.Protection != "key-file" {
				return err
			}
			a.print("say.old-key-file")
			return nil
		})
	c.Flags().BoolVar(&yes, "yes", false, a.t("flag.yes"))
	return c
}

// acceptRollback opens a storehouse whose ledger is not the newest any more.
func (a *app) acceptRollback() *cobra.Command {
	var yes bool
	c := a.command("accept-rollback", "cmd.keeper-rollback", "azekura keeper accept-rollback", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		cfg, err := storehouse.Load(a.data, os.Environ(), nil)
		if err != nil {
			return err
		}
		if err := a.confirm(yes, "open ledger", "say.confirm-rollback"); err != nil {
			return err
		}
		if err := storehouse.AcceptRollback(ctx, cfg, a.options()); err != nil {
			return err
		}
		return a.said("say.rollback-accepted")
	})
	c.Flags().BoolVar(&yes, "yes", false, a.t("flag.yes"))
	return c
}

// options are those of a storehouse that a command opens by itself.
func (a *app) options() storehouse.Options {
	return storehouse.Options{Now: a.now, Log: a.logger(slog.LevelWarn), Passphrase: a.passphrase}
}

// confirm asks whether to go on. Without a terminal only --yes says so.
func (a *app) confirm(yes bool, op, key string, args ...any) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(a.in.Fd())) {
		return a.misuse("say.use-yes")
	}
	fmt.Fprint(a.err, a.t(key, args...)+" ")
	answer, err := a.line()
	if err == nil && answer != "yes" && answer != "はい" {
		err = &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.not-confirmed"}
	}
	return err
}
