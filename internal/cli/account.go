package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/storehouse"
)

func (a *app) account() *cobra.Command {
	c := a.command("account", "cmd.account", "azekura account add sato\nazekura account grant sato albums write\nazekura account renew --all --reason \"the VPN was broken into\"", nil, nil)
	c.AddCommand(a.accountAdd(), a.accountInvite(), a.accountList(), a.accountRole(), a.accountPassword(), a.accountDisable(true), a.accountDisable(false),
		a.accountRemove(), a.accountReset(), a.accountNetworks(), a.accountRenew(), a.device(), a.grant())
	return c
}

func (a *app) accountAdd() *cobra.Command {
	var role string
	var typed, generate bool
	var groups []string
	c := a.command("add NAME", "cmd.account-add", "azekura account add sato\nazekura account add --role privacy-officer --group office tanaka\nazekura account add --password sato < password.txt",
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			r, err := a.roleOf(role)
			if err != nil {
				return err
			}
			n := api.NewAccount{Name: args[0], Role: r, Groups: groups}
			if typed || generate {
				if n.Password, err = a.chosen(generate); err != nil {
					return err
				}
			}
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.MakeAccount(ctx, n); err != nil {
					return err
				}
				if n.Password == "" {
					if !a.json {
						a.print("say.account-made", args[0])
					}
					return a.invite(ctx, c, args[0])
				}
				return a.showSecret(generate, n.Password, "say.account-made", args[0])
			})
		})
	c.Flags().StringVar(&role, "role", string(account.Staff), a.t("flag.role"))
	c.Flags().StringArrayVar(&groups, "group", nil, a.t("flag.group"))
	c.Flags().BoolVar(&typed, "password", false, a.t("flag.password"))
	c.Flags().BoolVar(&generate, "generate", false, a.t("flag.generate"))
	return c
}

// chosen returns a password that was generated, typed or piped in.
func (a *app) chosen(generate bool) (string, error) {
	if generate {
		return storehouse.PassPhrase(), nil
	}
	return a.newSecret()
}

// showSecret tells that something was made, and shows its secret if nobody knows it yet.
func (a *app) showSecret(made bool, secret, key string, args ...any) error {
	if a.json {
		if !made {
			return a.emit(struct{}{})
		}
		return a.emit(api.Secret{Secret: secret})
	}
	a.print(key, args...)
	if made {
		a.print("say.secret", secret)
	}
	return nil
}

func (a *app) accountList() *cobra.Command {
	return a.command("list", "cmd.account-list", "azekura account list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if a.json {
				return emitAll(a, c.Accounts(ctx))
			}
			var t table
			t.head(a.t("say.head-account"), a.t("say.head-role"), a.t("say.head-state"), a.t("say.head-used"), a.t("say.head-devices"), a.t("say.head-groups"), a.t("say.head-rights"))
			for x, err := range c.Accounts(ctx) {
				if err != nil {
					return err
				}
				var devices []string
				for _, d := range x.Devices {
					devices = append(devices, d.Name)
				}
				t.add(printable(x.Name), a.named("role", string(x.Role)), a.state(x), when(x.Used), printable(firstOf(strings.Join(devices, ", "), "-")),
					printable(firstOf(strings.Join(x.Groups, ", "), "-")), printable(a.rights(x.Rights)))
			}
			t.write(a.out)
			return nil
		})
	})
}

// state says whether somebody can come in, and what of theirs is frozen.
func (a *app) state(x api.Account) string {
	var out []string
	for _, k := range x.Frozen {
		out = append(out, a.named("frozen", string(k)))
	}
	if at := a.standing(x); len(out) == 0 || at != a.t("say.enabled") { // a day that a freeze has closed is not open
		out = append(out, at)
	}
	return strings.Join(out, "; ")
}

func (a *app) standing(x api.Account) string {
	switch {
	case x.Disabled:
		return a.t("say.disabled")
	case !x.Invited.IsZero():
		return a.t("say.invitation-open")
	case x.Renew:
		return a.t("say.must-renew")
	case !x.Day.IsZero():
		return a.t("say.day-open-until", when(x.Day))
	}
	return a.t("say.enabled")
}

func (a *app) accountPassword() *cobra.Command {
	var generate bool
	c := a.command("password NAME", "cmd.account-password", "azekura account password sato\nazekura account password --generate sato", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			secret, err := a.chosen(generate)
			if err != nil {
				return err
			}
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.SetPassword(ctx, args[0], secret); err != nil {
					return err
				}
				return a.showSecret(generate, secret, "say.password-set", args[0])
			})
		})
	c.Flags().BoolVar(&generate, "generate", false, a.t("flag.generate"))
	return c
}

func (a *app) accountDisable(disable bool) *cobra.Command {
	use, key, example, said := "disable NAME", "cmd.account-disable", "azekura account disable sato", "say.account-disabled"
	if !disable {
		use, key, example, said = "enable NAME", "cmd.account-enable", "azekura account enable sato", "say.account-enabled"
	}
	return a.command(use, key, example, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.SetDisabled(ctx, args[0], disable)
			return a.told(o, err, said, args[0])
		})
	})
}

// said tells a person that something is done; a program has the exit code.
func (a *app) said(key string, args ...any) error {
	if a.json {
		return a.emit(struct{}{})
	}
	a.print(key, args...)
	return nil
}

func (a *app) device() *cobra.Command {
	c := a.command("device", "cmd.device", "azekura account device add sato \"Sato's Mac\"\nazekura account device remove sato \"Sato's Mac\"", nil, nil)
	var key string
	add := a.command("add ACCOUNT DEVICE", "cmd.device-add", "azekura account device add sato \"Sato's Mac\"\nazekura account device add sato \"Sato's Mac\" --key id_ecdsa.pub", cobra.ExactArgs(2),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if key != "" {
					line, err := a.keyOf(key)
					if err != nil {
						return err
					}
					if err := c.AddDeviceKey(ctx, args[0], args[1], line); err != nil {
						return err
					}
					return a.said("say.device-key-added", args[0], args[1])
				}
				secret, err := c.MakeDevice(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				return a.showSecret(true, secret, "say.device-made", args[0], args[1])
			})
		})
	add.Flags().StringVar(&key, "key", "", a.t("flag.device-key"))
	c.AddCommand(add,
		a.command("remove ACCOUNT DEVICE", "cmd.device-remove", "azekura account device remove sato \"Sato's Mac\"", cobra.ExactArgs(2),
			func(ctx context.Context, args []string) error {
				return a.connect(ctx, func(c *client.Client) error {
					if err := c.RemoveDevice(ctx, args[0], args[1]); err != nil {
						return err
					}
					return a.said("say.device-removed", args[0], args[1])
				})
			}))
	return c
}

func (a *app) grant() *cobra.Command {
	var group bool
	c := a.command("grant ACCOUNT SHARE none|read|write", "cmd.grant", "azekura account grant sato albums write\nazekura account grant --group prepress albums write\nazekura account grant sato albums none",
		cobra.ExactArgs(3), func(ctx context.Context, args []string) error {
			r := api.Right{Account: args[0], Share: trim(args[1]), Rights: api.Rights(args[2])}
			if group {
				r.Account, r.Group = "", args[0]
			}
			switch r.Rights {
			case api.NoRights, api.CanRead, api.CanWrite:
			default:
				return a.misuse("say.use-right", args[2])
			}
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.SetRights(ctx, r); err != nil {
					return err
				}
				return a.said("say.granted", args[0], r.Share, a.named("right", string(r.Rights)))
			})
		})
	c.Flags().BoolVar(&group, "group", false, a.t("flag.grant-group"))
	return c
}

func (a *app) share() *cobra.Command {
	c := a.command("share", "cmd.share", "azekura share add albums-2026\nazekura share list", nil, nil)
	c.AddCommand(
		a.command("add NAME", "cmd.share-add", "azekura share add albums-2026", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				s, err := c.MakeShare(ctx, args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.emit(s)
				}
				a.print("say.share-made", printable(s.Name))
				return nil
			})
		}),
		a.command("list", "cmd.share-list", "azekura share list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Shares(ctx))
				}
				for s, err := range c.Shares(ctx) {
					if err != nil {
						return err
					}
					fmt.Fprintln(a.out, printable(s.Name))
				}
				return nil
			})
		}),
		a.networkRules("cmd.share-networks", "azekura share networks albums-2026 factory 203.0.113.0/24\nazekura share networks albums-2026 --everywhere", "say.share-networks-set",
			func(ctx context.Context, c *client.Client, name string) (api.Networks, error) {
				return c.ShareNetworks(ctx, name)
			}, func(c *client.Client, ctx context.Context, name string, n api.Networks) (api.Outcome, error) {
				return api.Outcome{}, c.SetShareNetworks(ctx, name, n)
			}),
		a.sharePersons(), a.eraseShare(), a.certificate())
	return c
}
