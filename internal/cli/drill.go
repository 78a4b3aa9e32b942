package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/drill"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) drill() *cobra.Command {
	var from, profile, own, report string
	var seed int64
	var list bool
	c := a.command("drill", "cmd.drill", "azekura drill\nazekura drill --from /srv/copies/2025 --report drill.html\nazekura drill --list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		profiles, err := a.profiles(own, profile)
		if err != nil {
			return err
		}
		if list {
			return a.listProfiles(profiles)
		}
		cfg := drill.Config{From: from, Profiles: profiles, Seed: uint64(seed), Now: a.now}
		return a.runDrill(ctx, cfg, report)
	})
	c.Flags().StringVar(&from, "from", "", a.t("flag.drill-from"))
	c.Flags().StringVar(&profile, "profile", "all", a.t("flag.profile"))
	c.Flags().StringVar(&own, "profiles", "", a.t("flag.profiles"))
	c.Flags().StringVar(&report, "report", "", a.t("flag.report"))
	c.Flags().Int64Var(&seed, "seed", 1, a.t("flag.seed"))
	c.Flags().BoolVar(&list, "list", false, a.t("flag.list-profiles"))
	return c
}

// profiles are those of the program and of a directory, or some of them by name.
func (a *app) profiles(own, name string) ([]behaviour.Profile, error) {
	all, err := behaviour.Profiles()
	if err == nil && own != "" {
		var more []behaviour.Profile
		more, err = behaviour.Load(os.DirFS(own))
		all = append(all, more...)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read", On: own, Hint: "hint.profiles", Err: err}
	}
	if name == "all" {
		return all, nil
	}
	var out []behaviour.Profile
	for _, want := range strings.Split(name, ",") {
		n := len(out)
		for _, p := range all {
			if p.Name == want {
				out = append(out, p)
			}
		}
		if n == len(out) {
			return nil, &problem.Error{Kind: problem.NotFound, Op: "read", On: want, Hint: "hint.profile"}
		}
	}
	return out, nil
}

func (a *app) listProfiles(list []behaviour.Profile) error {
	if a.json {
		for _, p := range list {
			if err := a.emit(p); err != nil {
				return err
			}
		}
		return nil
	}
	var t table
	for _, p := range list {
		t.add(p.Name, p.About)
	}
	t.write(a.out)
	return nil
}

// runDrill rehearses, prints a line for each profile as it ends, and writes the report.
func (a *app) runDrill(ctx context.Context, cfg drill.Config, report string) error {
	begun := a.now()
	var all []drill.Result
	bad := 0
	bar := a.working()
	defer bar.end()
	if !a.json {
		fmt.Fprintf(a.out, "%s\n", a.t("say.drill-head"))
	}
	err := drill.Run(ctx, cfg, func(r drill.Result) error {
		bar.clear()
		bar.files.Add(1)
		all = append(all, r)
		if !r.Good() {
			bad++
		}
		if a.json {
			return a.emit(r)
		}
		mark := a.t("say.drill-good")
		if !r.Good() {
			mark = a.t("say.drill-bad")
		}
		fmt.Fprintf(a.out, "%-4s %-26s %4d/%-4d %4d %5d %5d %6d/%-2d %5d/%-5d %6.2fs %5d %5d/%-5d\n", mark, r.Profile, r.Touched, r.Files, r.Changed+r.Renamed, r.Held, r.Lost,
			r.Stopped, r.Parties, r.Found, r.Found+r.Missed-r.Wrong, r.Undo, r.Left, r.Disturbed, r.Work)
		return nil
	})
	if err != nil {
		if _, ok := err.(*problem.Error); !ok {
			err = problem.New(problem.Unavailable, "drill", cfg.From, err)
		}
		return err
	}
	bar.clear()
	if report != "" {
		b, err := drill.Report(all, begun, cfg.From, a.lang)
		if err == nil {
			err = os.WriteFile(report, b, 0o600)
		}
		if err != nil {
			return problem.New(problem.Unavailable, "drill", report, err)
		}
	}
	if !a.json {
		a.print("say.drill-sum", len(all)-bad, len(all), a.now().Sub(begun).Round(1e8).String())
		if report != "" {
			a.print("say.drill-report", report)
		}
	}
	if bad > 0 {
		return partly{bad}
	}
	return nil
}
