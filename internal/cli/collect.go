package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// collect is about the logs of appliances.
func (a *app) collect() *cobra.Command {
	c := a.command("collect", "cmd.collect", "azekura serve --collect-udp :5514\nazekura collect source add 192.168.1.1 --name firewall\nazekura collect search --kind vpn-login --since 24h\nazekura collect set --vpn-ended 2026-08-01", nil, nil)
	source := a.command("source", "cmd.collect-source", "azekura collect source add 192.168.1.1 --name firewall --maker fortigate", nil, nil)
	source.AddCommand(a.collectSourceAdd(), a.collectSourceRemove())
	c.AddCommand(a.collectStatus(), source, a.collectSet(), a.collectSearch(), a.collectVerify())
	return c
}

func (a *app) collectStatus() *cobra.Command {
	return a.command("status", "cmd.collect-status", "azekura collect status", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(cl *client.Client) error {
			s, err := cl.LogState(ctx)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(s) })
			}
			a.showLogState(s)
			return nil
		})
	})
}

func (a *app) showLogState(s api.LogState) {
	if !s.On {
		a.print("say.collect-off")
	}
	if len(s.Settings.Sources) == 0 {
		a.print("say.collect-no-source")
	} else {
		var t table
		t.head(a.t("say.collect-name"), a.t("say.collect-address"), a.t("say.collect-maker"), a.t("say.collect-last"), a.t("say.collect-lines"), "")
		for _, x := range s.Settings.Sources {
			i := slices.IndexFunc(s.Sources, func(y account.LogSourceSeen) bool { return y.Name == x.Name })
			row := account.LogSourceSeen{Maker: x.Maker}
			if i >= 0 {
				row = s.Sources[i]
			}
			last, silent := a.t("say.collect-never"), ""
			if !row.Last.IsZero() {
				last = when(row.Last)
			}
			if row.Silent {
				silent = a.t("say.collect-silent")
			}
			t.add(printable(x.Name), x.Address, row.Maker, last, strconv.FormatInt(row.Lines, 10), silent)
		}
		t.write(a.out)
	}
	a.print("say.collect-kept", s.Batches, size(s.Bytes), s.Settings.Days)
	a.print("say.collect-counted", strings.Join(s.Settings.Count, ", "))
	if s.Settings.VPNEnded != "" {
		a.print("say.collect-vpn-ended", s.Settings.VPNEnded, s.VPNUsed)
	}
	if lost := s.Full + s.Kernel + s.Limited + s.Beyond + s.Cut; lost > 0 {
		a.print("say.collect-lost", s.Full, s.Kernel, s.Limited, s.Beyond, s.Cut)
	}
	for _, r := range s.Refused {
		a.print("say.collect-refused", r.Address, r.Lines, when(r.Last))
	}
	if s.Trouble != "" {
		a.print("say.collect-trouble", printable(s.Trouble))
	}
}

// changeCollecting lets do change what is done with the logs of appliances.
func (a *app) changeCollecting(ctx context.Context, do func(c *api.Collecting) error) error {
	return a.connect(ctx, func(cl *client.Client) error {
		s, err := cl.LogState(ctx)
		if err == nil {
			err = do(&s.Settings)
		}
		if err != nil {
			return err
		}
		o, err := cl.SetCollecting(ctx, s.Settings)
		return a.told(o, err, "say.collect-set")
	})
}

func (a *app) collectSourceAdd() *cobra.Command {
	var x api.LogSource
	c := a.command("add ADDRESS", "cmd.collect-source-add", "azekura collect source add 192.168.1.1 --name firewall --maker fortigate\nazekura collect source add 10.1.0.0/24 --name branches --zone Asia/Tokyo --silence -1", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			x.Address = args[0]
			return a.changeCollecting(ctx, func(c *api.Collecting) error {
				same := func(y api.LogSource) bool { return y.Name == x.Name || y.Address == x.Address }
				if i := slices.IndexFunc(c.Sources, same); i >= 0 {
					c.Sources[i] = x
				} else {
					c.Sources = append(c.Sources, x)
				}
				return nil
			})
		})
	f := c.Flags()
	f.StringVar(&x.Name, "name", "", a.t("flag.collect-name"))
	f.StringVar(&x.Maker, "maker", "", a.t("flag.collect-maker"))
	f.StringVar(&x.Zone, "zone", "", a.t("flag.collect-zone"))
	f.IntVar(&x.Silence, "silence", 0, a.t("flag.collect-silence"))
	return c
}

func (a *app) collectSourceRemove() *cobra.Command {
	return a.command("remove NAME", "cmd.collect-source-remove", "azekura collect source remove firewall", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.changeCollecting(ctx, func(c *api.Collecting) error {
			n := len(c.Sources)
			c.Sources = slices.DeleteFunc(c.Sources, func(x api.LogSource) bool { return x.Name == args[0] || x.Address == args[0] })
			if len(c.Sources) == n {
				return &problem.Error{Kind: problem.NotFound, Op: "set collecting", On: args[0], Hint: "hint.log-no-source"}
			}
			return nil
		})
	})
}

func (a *app) collectSet() *cobra.Command {
	var days, daily int
	var ended string
	var count []string
	c := a.command("set", "cmd.collect-set", "azekura collect set --vpn-ended 2026-08-01\nazekura collect set --days 730 --daily 2048\nazekura collect set --count traffic", cobra.NoArgs, nil)
	f := c.Flags()
	f.StringVar(&ended, "vpn-ended", "", a.t("flag.collect-vpn-ended"))
	f.IntVar(&days, "days", 0, a.t("flag.collect-days"))
	f.IntVar(&daily, "daily", 0, a.t("flag.collect-daily"))
	f.StringSliceVar(&count, "count", nil, a.t("flag.collect-count"))
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.changeCollecting(cmd.Context(), func(c *api.Collecting) error {
			if f.Changed("days") {
				c.Days = days
			}
			if f.Changed("daily") {
				c.DailyMiB = daily
			}
			if f.Changed("vpn-ended") {
				if c.VPNEnded = ended; ended == "never" {
					c.VPNEnded = ""
				}
			}
			if f.Changed("count") {
				if c.Count = count; len(count) == 1 && count[0] == "none" {
					c.Count = []string{}
				}
			}
			return nil
		})
	}
	return c
}

func (a *app) collectSearch() *cobra.Command {
	var q account.LogQuery
	var from, to, since string
	c := a.command("search [TEXT]", "cmd.collect-search", "azekura collect search --kind vpn-login --since 24h\nazekura collect search --account sato --address 203.0.113.0/24\nazekura collect search denied --device firewall --from 2026-07-01 --to 2026-08-01 --limit 1000", cobra.MaximumNArgs(1),
		func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				q.Text = args[0]
			}
			var err error
			if q.From, q.To, err = a.window(from, to, since); err != nil {
				return err
			}
			return a.connect(ctx, func(cl *client.Client) error {
				n := 0
				for x, err := range cl.SearchLogs(ctx, q) {
					if err != nil {
						return err
					}
					if n++; a.json {
						if err := a.emit(x); err != nil {
							return err
						}
						continue
					}
					a.showLogLine(x)
				}
				if n == 0 && !a.json {
					a.print("say.collect-none")
				}
				return nil
			})
		})
	f := c.Flags()
	f.StringVar(&q.Device, "device", "", a.t("flag.collect-device"))
	f.StringVar(&q.Kind, "kind", "", a.t("flag.collect-kind"))
	f.StringVar(&q.Account, "account", "", a.t("flag.collect-account"))
	f.StringVar(&q.Address, "address", "", a.t("flag.collect-who-address"))
	f.IntVar(&q.Limit, "limit", 200, a.t("flag.collect-limit"))
	f.StringVar(&from, "from", "", a.t("flag.collect-from"))
	f.StringVar(&to, "to", "", a.t("flag.collect-to"))
	f.StringVar(&since, "since", "", a.t("flag.collect-since"))
	return c
}

// window reads the time of a search.
func (a *app) window(from, to, since string) (first, last time.Time, err error) {
	for _, x := range []struct {
		text string
		at   *time.Time
	}{{from, &first}, {to, &last}} {
		if x.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, x.text)
		if err != nil {
			t, err = time.ParseInLocation("2006-01-02T15:04", x.text, time.Local)
		}
		if err != nil {
			t, err = time.ParseInLocation(time.DateOnly, x.text, time.Local)
		}
		if err != nil {
			return first, last, &problem.Error{Kind: problem.Invalid, Op: "read logs", On: x.text, Hint: "hint.log-filter"}
		}
		*x.at = t
	}
	if since != "" {
		d, err := time.ParseDuration(since)
		if err != nil || d <= 0 {
			return first, last, &problem.Error{Kind: problem.Invalid, Op: "read logs", On: since, Hint: "hint.log-filter"}
		}
		first = a.now().Add(-d)
	}
	return first, last, nil
}

// clockOff is from when on it matters that the clock of an appliance says something else.
const clockOff = 2 * time.Minute

// showLogLine writes one line: when, who says so, what it is, and what it was.
func (a *app) showLogLine(x api.LogLine) {
	about := []string{a.t("appliance." + x.Kind)}
	if x.Account != "" {
		about = append(about, printable(x.Account))
	}
	if x.Address.IsValid() {
		about = append(about, x.Address.String())
	}
	if off := x.Received.Sub(x.Stated); !x.Stated.IsZero() && off.Abs() > clockOff {
		about = append(about, a.t("say.collect-stated", when(x.Stated)))
	}
	fmt.Fprintf(a.out, "%s  %s  %s\n    %s\n", when(x.Received), printable(x.Device), strings.Join(about, " "), printable(x.Text))
}

func (a *app) collectVerify() *cobra.Command {
	return a.command("verify", "cmd.collect-verify", "azekura collect verify", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(cl *client.Client) error {
			c, err := cl.VerifyLogs(ctx)
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(c)
			} else {
				a.print("say.collect-verified", c.Batches, c.Lines, c.Removed)
				for _, f := range c.Findings {
					a.print("say.collect-finding", f.Batch, a.t("log-finding."+f.Reason), when(f.When), f.Lines, printable(f.Text))
				}
				if n := c.Found - len(c.Findings); n > 0 {
					a.print("say.collect-more", int64(n))
				}
			}
			if err == nil && c.Found > 0 {
				err = &problem.Error{Kind: problem.Damaged, Op: "verify logs", Hint: "hint.log-verify"}
			}
			return err
		})
	})
}

// caseAppliances shows what appliances reported in the time of a case.
func (a *app) caseAppliances() *cobra.Command {
	return a.command("appliances CASE", "cmd.case-appliances", "azekura case appliances 2026-1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(cl *client.Client) error {
			e, err := cl.ApplianceEvents(ctx, args[0])
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(e) })
			}
			if len(e.Events) == 0 {
				a.print("say.collect-none")
				return nil
			}
			var t table
			for _, x := range e.Events {
				mark, what, from := "", a.t("appliance."+x.Kind), ""
				if x.Theirs {
					mark = "*"
				}
				if x.Alert != "" {
					what = a.t("alert." + x.Alert)
				}
				if x.Count > 1 {
					what += fmt.Sprint(" × ", x.Count)
				}
				if x.Address.IsValid() {
					from = x.Address.String()
				}
				t.add(mark, when(x.When), printable(x.Device), what, printable(x.Account), from)
			}
			t.write(a.out)
			if e.More > 0 {
				a.print("say.collect-more", e.More)
			}
			return nil
		})
	})
}
