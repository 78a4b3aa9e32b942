package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/drill"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// drillFlags are the flags of the command.
type drillFlags struct {
	from, profile, own, door, font string
	reports                        []string
	files                          int
	seed                           int64
	list                           bool
}

func (a *app) drill() *cobra.Command {
	var f drillFlags
	var c *cobra.Command
	c = a.command("drill", "cmd.drill", "azekura drill\nazekura drill --from /srv/albums/2025 --report drill.pdf --report drill.html\nazekura drill --profile all --door both\nazekura drill --list", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			if f.list && !c.Flags().Changed("profile") {
				f.profile = "all"
			}
			return a.rehearse(ctx, f)
		})
	c.Flags().StringVar(&f.from, "from", "", a.t("flag.drill-from"))
	c.Flags().IntVar(&f.files, "files", drill.DefaultFiles, a.t("flag.drill-files"))
	c.Flags().StringVar(&f.profile, "profile", "quick", a.t("flag.profile"))
	c.Flags().StringVar(&f.own, "profiles", "", a.t("flag.profiles"))
	c.Flags().StringVar(&f.door, "door", "", a.t("flag.drill-door"))
	c.Flags().StringArrayVar(&f.reports, "report", nil, a.t("flag.report"))
	c.Flags().StringVar(&f.font, "font", a.env("AZEKURA_FONT"), a.t("flag.font"))
	c.Flags().Int64Var(&f.seed, "seed", 1, a.t("flag.seed"))
	c.Flags().BoolVar(&f.list, "list", false, a.t("flag.list-profiles"))
	return c
}

func (a *app) rehearse(ctx context.Context, f drillFlags) error {
	profiles, err := a.profiles(f.own, f.profile)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"", "webdav", "sftp", "both"}, f.door) {
		return &problem.Error{Kind: problem.Invalid, Op: "drill", On: "--door " + f.door, Hint: "hint.drill-door"}
	}
	if profiles = drill.Through(profiles, f.door); len(profiles) == 0 {
		return &problem.Error{Kind: problem.Invalid, Op: "drill", On: "--door " + f.door, Hint: "hint.drill-nothing"}
	}
	if f.list {
		return a.listProfiles(profiles)
	}
	for _, name := range f.reports {
		if e := filepath.Ext(name); e != ".pdf" && e != ".html" {
			return &problem.Error{Kind: problem.Invalid, Op: "drill", On: name, Hint: "hint.drill-report"}
		}
	}
	guard, err := a.guardSettings()
	if err != nil {
		return err
	}
	sample, err := drill.Pick(f.from, f.files)
	if err != nil {
		return err
	}
	cfg := drill.Config{Sample: sample, Profiles: profiles, Seed: uint64(f.seed), Guard: guard, Now: a.now}
	return a.runDrill(ctx, cfg, f)
}

// guardSettings are those of this house; of a configuration that its user may not read, the program's own.
func (a *app) guardSettings() (drill.Guard, error) {
	c, err := storehouse.Load(a.data, os.Environ(), nil)
	if errors.Is(err, fs.ErrPermission) {
		c, err = storehouse.Default(a.data), nil
	}
	return drill.Guard{Mode: c.Guard, FalseAlarm: c.GuardFalseAlarm, Removals: c.GuardRemovals}, err
}

// profiles are those of the program and of a directory, or some of them by name.
func (a *app) profiles(own, name string) ([]behaviour.Profile, error) {
	var more []behaviour.Profile
	all, err := behaviour.Profiles()
	if err == nil && own != "" {
		more, err = behaviour.Load(os.DirFS(own))
		all = append(all, more...)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read", On: own, Hint: "hint.profiles", Err: err}
	}
	var out []behaviour.Profile
	switch name {
	case "all":
		return all, nil
	case "quick":
		for _, p := range all {
			if p.Quick || own != "" && slices.ContainsFunc(more, func(q behaviour.Profile) bool { return q.Name == p.Name }) {
				out = append(out, p)
			}
		}
		return out, nil
	}
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
		t.add(p.Name, string(p.Door), p.Said(a.lang == lang.Japanese))
	}
	t.write(a.out)
	return nil
}

// runDrill rehearses, prints a line for each profile as it ends, and writes the reports.
func (a *app) runDrill(ctx context.Context, cfg drill.Config, f drillFlags) error {
	begun := a.now()
	var all []drill.Result
	bar := a.working()
	defer bar.end()
	bar.allFiles.Store(int64(len(cfg.Profiles)))
	lines := a.drillLines(cfg.Profiles, cfg.Sample.Files())
	if !a.json {
		a.print("say.drill-begin", len(cfg.Profiles), cfg.Sample.Files(), size(cfg.Sample.Bytes))
		fmt.Fprint(a.out, "\n"+lines.head())
	}
	err := drill.Run(ctx, cfg, func(p behaviour.Profile) {
		bar.tell(a.t("say.drill-next", p.Name, doorName(p.Door)))
	}, func(r drill.Result) error {
		bar.clear()
		bar.files.Add(1)
		all = append(all, r)
		if a.json {
			return a.emit(r)
		}
		_, err := fmt.Fprint(a.out, lines.line(&r))
		return err
	})
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); !ok {
			err = problem.New(problem.Unavailable, "drill", cfg.Sample.From, err)
		}
		return err
	}
	bar.clear()
	report := drill.Report{Begun: begun, Ended: a.now(), Config: cfg, Version: storehouse.Version(), Results: all}
	if !a.json {
		a.sumDrill(&report)
	}
	return a.keepReports(&report, f)
}

// sumDrill says in one line how it went.
func (a *app) sumDrill(r *drill.Report) {
	s := r.Sum()
	a.print("say.drill-sum", s.Good, len(r.Results), drill.Span(r.Ended.Sub(r.Begun).Seconds()), s.Changed, drill.Span(s.Freeze), s.Left)
	fmt.Fprintln(a.out, a.t("say.drill-key"))
}

// keepReports writes the reports. A PDF for which there is no font becomes a page for browsers, and what to install is said.
func (a *app) keepReports(r *drill.Report, f drillFlags) (err error) {
	for _, name := range f.reports {
		var b []byte
		var failed error
		if filepath.Ext(name) == ".pdf" {
			if b, failed = r.PDF(a.lang, f.font); failed != nil {
				name = strings.TrimSuffix(name, ".pdf") + ".html"
			}
		}
		if b == nil {
			if b, err = r.HTML(a.lang); err != nil {
				return problem.New(problem.Internal, "drill", name, err)
			}
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			return problem.New(problem.Unavailable, "drill", name, err)
		}
		if !a.json {
			a.print("say.drill-report", name)
		}
		if failed != nil {
			return failed
		}
	}
	if bad := len(r.Results) - r.Sum().Good; bad > 0 {
		return partly{bad, "say.drill-partly"}
	}
	return nil
}

// doorName is how a door is called.
func doorName(d behaviour.Door) string {
	if d == behaviour.SFTP {
		return "SFTP"
	}
	return "WebDAV"
}
