package cli

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

func (a *app) accountInvite() *cobra.Command {
	return a.command("invite NAME", "cmd.account-invite", "azekura account invite sato", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error { return a.invite(ctx, c, args[0]) })
	})
}

// invite makes an invitation and shows its link.
func (a *app) invite(ctx context.Context, c *client.Client, name string) error {
	i, err := c.Invite(ctx, name)
	if err != nil {
		return err
	}
	if a.json {
		return a.emit(i)
	}
	s, err := c.Status(ctx)
	if err != nil {
		return err
	}
	link := welcomeURL(s.Listeners, i.Token)
	a.print("say.invited", printable(i.Account), when(i.Until), link)
	if here(link) {
		a.print("say.invited-here")
	}
	return nil
}

// welcomeURL is the link of an invitation. What stands behind # stays in the browser: no log of a proxy has it.
func welcomeURL(l []api.Listener, token string) string {
	return strings.TrimSuffix(davURL(l), "dav/") + "welcome#" + token
}

// here reports whether a link is good on this machine alone: doors without TLS are served on loopback.
func here(link string) bool { return strings.HasPrefix(link, "http:") }

// told tells that an act is done, or that it waits for a second person.
func (a *app) told(o api.Outcome, err error, key string, args ...any) error {
	if err != nil {
		return err
	}
	if a.json {
		return a.emit(o)
	}
	if o.Proposal != nil {
		a.print("say.proposed", o.Proposal.ID, when(o.Proposal.Until))
		return nil
	}
	a.print(key, args...)
	return nil
}

func (a *app) accountRole() *cobra.Command {
	return a.command("role NAME ROLE", "cmd.account-role", "azekura account role sato privacy-officer", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		role, err := a.roleOf(args[1])
		if err != nil {
			return err
		}
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.SetRole(ctx, args[0], role)
			return a.told(o, err, "say.role-set", printable(args[0]), a.named("role", string(role)))
		})
	})
}

// roleOf reads a role.
func (a *app) roleOf(s string) (account.Role, error) {
	if r := account.Role(s); r.Valid() {
		return r, nil
	}
	var list []string
	for _, r := range account.Roles {
		list = append(list, string(r))
	}
	return "", a.misuse("say.use-role", s, strings.Join(list, ", "))
}

func (a *app) accountRemove() *cobra.Command {
	return a.command("remove NAME", "cmd.account-remove", "azekura account remove sato", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.RemoveAccount(ctx, args[0])
			return a.told(o, err, "say.account-removed", printable(args[0]))
		})
	})
}

func (a *app) accountReset() *cobra.Command {
	var reason string
	c := a.command("reset-factors NAME --reason TEXT", "cmd.account-reset", "azekura account reset-factors sato --reason \"telephone lost\"", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				o, err := c.ResetFactors(ctx, args[0], reason)
				return a.told(o, err, "say.factors-reset", printable(args[0]))
			})
		})
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) accountNetworks() *cobra.Command {
	return a.networkRules("cmd.account-networks", "azekura account networks sato 192.168.1.0/24\nazekura account networks sato factory\nazekura account networks sato --everywhere", "say.networks-set",
		func(ctx context.Context, c *client.Client, name string) (api.Networks, error) {
			for x, err := range c.Accounts(ctx) {
				if err != nil {
					return api.Networks{}, err
				}
				if strings.EqualFold(x.Name, name) {
					return api.Networks{Networks: x.Networks}, nil
				}
			}
			return api.Networks{}, problem.New(problem.NotFound, "set networks", name, nil)
		}, (*client.Client).SetAccountNetworks)
}

// networkRules is a command that shows rules of addresses, or sets them. To lift them wants a word of its own: who only looks must not.
func (a *app) networkRules(key, example, said string, get func(context.Context, *client.Client, string) (api.Networks, error),
	set func(*client.Client, context.Context, string, api.Networks) (api.Outcome, error)) *cobra.Command {
	var everywhere bool
	c := a.command("networks NAME [NETWORK...]", key, example, cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		if everywhere && len(args) > 1 {
			return &problem.Error{Kind: problem.Invalid, Op: "set networks", On: args[0], Hint: "hint.networks-everywhere"}
		}
		return a.connect(ctx, func(c *client.Client) error {
			n := api.Networks{Networks: args[1:]}
			var o api.Outcome
			var err error
			if everywhere || len(args) > 1 {
				o, err = set(c, ctx, args[0], n)
			} else {
				n, err = get(ctx, c, args[0])
			}
			if err != nil || o.Proposal != nil {
				return a.told(o, err, said)
			}
			if a.json {
				return a.emit(n)
			}
			a.print(said, printable(args[0]), a.networks(n.Networks))
			return nil
		})
	})
	c.Flags().BoolVar(&everywhere, "everywhere", false, a.t("flag.everywhere"))
	return c
}

// networks shows rules of addresses.
func (a *app) networks(rules []string) string {
	if len(rules) == 0 {
		return a.t("say.everywhere")
	}
	return strings.Join(rules, " ")
}

func (a *app) accountRenew() *cobra.Command {
	var all bool
	var reason string
	c := a.command("renew [--all --reason TEXT]", "cmd.account-renew", "azekura account renew --all --reason \"the VPN was broken into\"\nazekura account renew", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if all {
					if _, err := c.Renew(ctx, reason); err != nil {
						return err
					}
				}
				r, err := c.Renewal(ctx)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(r) })
				}
				if r.Started.IsZero() {
					a.print("say.no-renewal")
					return nil
				}
				a.print("say.renewal", when(r.Started), printable(r.By), printable(r.Reason), r.Done, r.Of)
				if len(r.Waiting) > 0 {
					a.print("say.renewal-waits", printable(strings.Join(r.Waiting, ", ")))
				}
				return nil
			})
		})
	c.Flags().BoolVar(&all, "all", false, a.t("flag.renew-all"))
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.reason"))
	return c
}

// cmpOr returns err, or what next returns if there is none.
func cmpOr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func (a *app) day() *cobra.Command {
	c := a.command("day", "cmd.day", "azekura day open sato --for 8h\nazekura day close sato", nil, nil)
	var length string
	open := a.command("open NAME", "cmd.day-open", "azekura day open sato\nazekura day open sato --for 8h", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			d, err := c.OpenDayOf(ctx, args[0], api.DayRequest{Length: length})
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(d) })
			}
			a.print("say.day-opened", printable(args[0]), when(d.Until))
			if asked, err := time.ParseDuration(length); err == nil && d.Until.Before(a.now().Add(asked-time.Minute)) {
				a.print("say.day-cut")
			}
			return nil
		})
	})
	open.Flags().StringVar(&length, "for", "", a.t("flag.day-length"))
	c.AddCommand(open, a.command("close NAME", "cmd.day-close", "azekura day close sato", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.CloseDayOf(ctx, args[0]); err != nil {
				return err
			}
			return a.said("say.day-closed", printable(args[0]))
		})
	}))
	return c
}

func (a *app) group() *cobra.Command {
	c := a.command("group", "cmd.group", "azekura group set prepress sato suzuki\nazekura account grant --group prepress albums write", nil, nil)
	c.AddCommand(
		a.command("set NAME [ACCOUNT...]", "cmd.group-set", "azekura group set prepress sato suzuki", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.SetGroup(ctx, args[0], args[1:]); err != nil {
					return err
				}
				return a.said("say.group-set", printable(args[0]), len(args)-1)
			})
		}),
		a.command("remove NAME", "cmd.group-remove", "azekura group remove prepress", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.RemoveGroup(ctx, args[0]); err != nil {
					return err
				}
				return a.said("say.group-removed", printable(args[0]))
			})
		}),
		a.command("list", "cmd.group-list", "azekura group list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Groups(ctx))
				}
				var t table
				t.head(a.t("say.head-group"), a.t("say.head-members"), a.t("say.head-rights"))
				for g, err := range c.Groups(ctx) {
					if err != nil {
						return err
					}
					t.add(printable(g.Name), printable(firstOf(strings.Join(g.Members, ", "), "-")), printable(a.rights(g.Rights)))
				}
				if len(t.rows) == 1 {
					return a.said("say.no-groups")
				}
				t.write(a.out)
				return nil
			})
		}))
	return c
}

// rights shows rights in shares.
func (a *app) rights(list []api.Right) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Share+": "+a.named("right", string(r.Rights)))
	}
	return firstOf(strings.Join(out, ", "), "-")
}

func (a *app) proposal() *cobra.Command {
	c := a.command("proposal", "cmd.proposal", "azekura proposal list\nazekura proposal confirm ID", nil, nil)
	act := func(use, key, example, said string, do func(*client.Client, context.Context, string) error) *cobra.Command {
		return a.command(use, key, example, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := do(c, ctx, args[0]); err != nil {
					return err
				}
				return a.said(said)
			})
		})
	}
	c.AddCommand(
		a.command("list", "cmd.proposal-list", "azekura proposal list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Proposals(ctx))
				}
				return a.showProposals(c.Proposals(ctx))
			})
		}),
		act("confirm ID", "cmd.proposal-confirm", "azekura proposal confirm ID", "say.confirmed", (*client.Client).Confirm),
		act("refuse ID", "cmd.proposal-refuse", "azekura proposal refuse ID", "say.withdrawn", (*client.Client).Withdraw))
	return c
}

// showProposals lists what waits for a second person, and below it what of that changes rules, from what to what.
func (a *app) showProposals(list iter.Seq2[api.Proposal, error]) error {
	var t table
	t.head(a.t("say.head-id"), a.t("say.head-act"), a.t("say.head-target"), a.t("say.head-by"), a.t("say.head-until"), a.t("say.head-reason"))
	var changes []string
	for p, err := range list {
		if err != nil {
			return err
		}
		t.add(p.ID, a.named("act", p.Act), printable(firstOf(p.Target, "-")), printable(p.By), when(p.Until), printable(firstOf(a.lang.Reason(p.Act, p.Reason), "-")))
		for _, x := range p.Changes {
			changes = append(changes, a.t("say.proposal-change", p.ID, printable(a.lang.Rule(x.What, x.On)), printable(a.lang.RuleValue(x.What, x.From)), printable(a.lang.RuleValue(x.What, x.To))))
		}
	}
	if len(t.rows) == 1 {
		a.print("say.no-proposals")
		return nil
	}
	t.write(a.out)
	for _, line := range changes {
		fmt.Fprintln(a.out, line)
	}
	return nil
}

func (a *app) policy() *cobra.Command {
	c := a.command("policy", "cmd.policy", "azekura policy show\nazekura policy set --firm \"Yamada Printing\" --day-length 10h --closing 19:00 --zone Asia/Tokyo", nil, nil)
	c.AddCommand(
		a.command("show", "cmd.policy-show", "azekura policy show", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				p, err := c.Policy(ctx)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(p) })
				}
				a.showPolicy(p)
				return nil
			})
		}),
		a.policySet(),
		a.policyPasswords())
	return c
}

func (a *app) showPolicy(p api.Policy) {
	var t table
	second := a.t("say.factor-needed")
	if !p.SecondFactor {
		second = a.t("say.factor-not-needed")
	}
	t.add(a.t("say.policy-firm"), printable(firstOf(p.Firm, "-")))
	t.add(a.t("say.policy-factor"), second)
	t.add(a.t("say.policy-day"), p.DayLength)
	t.add(a.t("say.policy-opening"), firstOf(p.Opening, "-"))
	t.add(a.t("say.policy-closing"), firstOf(strings.TrimSpace(p.Closing+" "+p.Zone), "-"))
	for _, x := range []struct {
		key string
		b   account.Budget
	}{{"say.policy-open", p.Reading.Open}, {"say.policy-preview", p.Reading.Preview}, {"say.policy-export", p.Reading.Export}, {"say.policy-persons", p.Reading.Persons}} {
		t.add(a.t(x.key), a.t("say.policy-budget", x.b.Minute, x.b.Day))
	}
	places := a.t("say.places-watched")
	if p.AnyPlace {
		places = a.t("say.places-any")
	}
	t.add(a.t("say.policy-places"), places)
	for _, name := range slices.Sorted(maps.Keys(p.Networks)) {
		t.add(a.t("say.policy-network", printable(name)), strings.Join(p.Networks[name], " "))
	}
	t.write(a.out)
}

func (a *app) policySet() *cobra.Command {
	var want api.Policy
	var lists []string
	var budgets [4]string
	c := a.command("set", "cmd.policy-set", "azekura policy set --opening 7:30 --closing 19:00 --zone Asia/Tokyo --read-persons 600/1500\nazekura policy set --closing 19:00 --zone Asia/Tokyo\nazekura policy set --network factory=192.168.1.0/24,203.0.113.7\nazekura policy set --second-factor=false", cobra.NoArgs, nil)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		return a.connect(ctx, func(cl *client.Client) error {
			p, err := cl.Policy(ctx)
			if err != nil {
				return err
			}
			for flag, take := range map[string]func(){
				"firm": func() { p.Firm = want.Firm }, "day-length": func() { p.DayLength = want.DayLength }, "closing": func() { p.Closing = want.Closing },
				"zone": func() { p.Zone = want.Zone }, "second-factor": func() { p.SecondFactor = want.SecondFactor },
				"opening": func() { p.Opening = want.Opening }, "any-place": func() { p.AnyPlace = want.AnyPlace },
			} {
				if c.Flags().Changed(flag) {
					take()
				}
			}
			for i, to := range []*account.Budget{&p.Reading.Open, &p.Reading.Preview, &p.Reading.Export, &p.Reading.Persons} {
				if budgets[i] == "" {
					continue
				}
				if err := a.budget(budgets[i], to); err != nil {
					return err
				}
			}
			for _, x := range lists {
				name, list, ok := strings.Cut(x, "=")
				if !ok {
					return a.misuse("say.use-network", x)
				}
				if p.Networks == nil {
					p.Networks = make(map[string][]string)
				}
				if p.Networks[name] = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }); list == "" {
					delete(p.Networks, name)
				}
			}
			o, err := cl.SetPolicy(ctx, p)
			return a.told(o, err, "say.policy-set")
		})
	}
	f := c.Flags()
	f.StringVar(&want.Firm, "firm", "", a.t("flag.firm"))
	f.StringVar(&want.DayLength, "day-length", "", a.t("flag.day-length"))
	f.StringVar(&want.Opening, "opening", "", a.t("flag.opening"))
	f.StringVar(&want.Closing, "closing", "", a.t("flag.closing"))
	f.StringVar(&budgets[0], "read-open", "", a.t("flag.read-open"))
	f.StringVar(&budgets[1], "read-preview", "", a.t("flag.read-preview"))
	f.StringVar(&budgets[2], "read-export", "", a.t("flag.read-export"))
	f.StringVar(&budgets[3], "read-persons", "", a.t("flag.read-persons"))
	f.BoolVar(&want.AnyPlace, "any-place", false, a.t("flag.any-place"))
	f.StringVar(&want.Zone, "zone", "", a.t("flag.zone"))
	f.BoolVar(&want.SecondFactor, "second-factor", true, a.t("flag.second-factor"))
	f.StringArrayVar(&lists, "network", nil, a.t("flag.network"))
	return c
}

// policyPasswords makes a list of breached passwords. It is no request to the server: the file may have gigabytes, and the keeper
// finds what is made of it.
func (a *app) policyPasswords() *cobra.Command {
	return a.command("passwords FILE", "cmd.policy-passwords", "azekura policy passwords pwned-passwords-sha1.txt\nazekura policy passwords - < our-old-passwords.txt", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			cfg, err := storehouse.Load(a.data, os.Environ(), nil)
			if err != nil {
				return err
			}
			in := a.in
			if args[0] != "-" {
				if in, err = os.Open(args[0]); err != nil {
					return problem.New(problem.NotFound, "read", args[0], err)
				}
				defer in.Close()
			}
			p := a.working()
			n, err := storehouse.LoadPasswords(ctx, cfg, in, p.files.Store)
			p.end()
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(map[string]int64{"passwords": n}) })
			}
			a.print("say.passwords-loaded", n)
			return nil
		})
}

func (a *app) sessionEnd() *cobra.Command {
	return a.command("end ID", "cmd.session-end", "azekura sessions end ID", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.EndSession(ctx, args[0]); err != nil {
				return err
			}
			return a.said("say.session-ended")
		})
	})
}

// keyOf reads a public key for a device from a file.
func (a *app) keyOf(name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", problem.New(problem.Invalid, "read", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}
