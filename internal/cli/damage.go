package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// suspected are the flags that say whose acts are asked for.
type suspected struct {
	*distrusted
	number string // of a case
	frozen bool
}

func (a *app) suspects(c *cobra.Command) *suspected {
	s := &suspected{distrusted: a.distrustFlags(c)}
	c.Flags().StringVar(&s.number, "case", "", a.t("flag.case"))
	c.Flags().BoolVar(&s.frozen, "frozen", false, a.t("flag.frozen"))
	return s
}

// before is how long before a freeze one looks by default.
const before = 24 * time.Hour

// request makes a request of the flags.
func (s *suspected) request(ctx context.Context, a *app, c *client.Client) (q api.DamageRequest, err error) {
	q.Case, q.Parties = s.number, s.parties
	if s.frozen {
		for f, err := range c.Stops(ctx) {
			if err != nil {
				return q, err
			}
			if f.Subject == "" {
				continue
			}
			q.Parties = append(q.Parties, f.Subject)
			if at := f.Since.Add(-before); q.From.IsZero() || at.Before(q.From) {
				q.From = at
			}
		}
	}
	if s.from != "" {
		if q.From, err = parseTime(s.from, a.now()); err != nil {
			return q, a.misuse("say.use-time", s.from)
		}
	}
	if s.to != "" {
		if q.To, err = endOf(s.to, a.now()); err != nil {
			return q, a.misuse("say.use-time", s.to)
		}
	}
	if q.Case == "" && (len(q.Parties) == 0 || q.From.IsZero()) {
		return q, &problem.Error{Kind: problem.Invalid, Op: "list", Hint: "hint.suspects"}
	}
	return q, nil
}

func (a *app) damage() *cobra.Command {
	var s *suspected
	c := a.command("damage", "cmd.damage", "azekura damage --case 2026-1\nazekura damage --party sato --from '2026-07-13 08:00'", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			q, err := s.request(ctx, a, c)
			if err != nil {
				return err
			}
			if a.json {
				return emitAll(a, c.Damage(ctx, q))
			}
			n := 0
			for line, err := range c.Damage(ctx, q) {
				if err != nil {
					return err
				}
				if f := line.File; f != nil {
					n++
					fmt.Fprintf(a.out, "%s  %s  %s (%s)\n", when(f.When), printable(trim(f.Path)), a.hurts(f.Hurts), printable(f.By))
				}
				if d := line.Sum; d != nil {
					a.sum(d)
				}
			}
			if n == 0 {
				a.print("say.no-damage")
			}
			return nil
		})
	})
	s = a.suspects(c)
	return c
}

// sum prints the damage of a share.
func (a *app) sum(d *api.DamageSum) {
	part := func(n, of int64) string {
		if of == 0 {
			return "0 %"
		}
		return fmt.Sprintf("%.3g %%", 100*float64(n)/float64(of))
	}
	a.print("say.damage-sum", printable(d.Share), d.Files, d.OfFiles, part(d.Files, d.OfFiles), size(d.Bytes), size(d.OfBytes), part(d.Bytes, d.OfBytes))
	for _, w := range slices.Sorted(maps.Keys(d.Hurts)) {
		fmt.Fprintf(a.out, "  %s: %d\n", a.named("hurt", w), d.Hurts[w])
	}
	a.print("say.damage-intact", d.Versions, d.Files)
}

// hurts names what was done.
func (a *app) hurts(list []string) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = a.named("hurt", w)
	}
	return strings.Join(out, ", ")
}

func (a *app) rollback() *cobra.Command {
	var s *suspected
	var dry bool
	c := a.command("rollback [PATH...]", "cmd.rollback", "azekura rollback --case 2026-1 --dry-run\nazekura rollback --party sato --from '2026-07-13 08:00' albums/2026", nil,
		func(ctx context.Context, args []string) error {
			var paths []string
			for _, p := range args {
				x, err := a.path("restore", p)
				if err != nil {
					return err
				}
				paths = append(paths, string(x))
			}
			return a.connect(ctx, func(c *client.Client) error {
				q, err := s.request(ctx, a, c)
				if err != nil {
					return err
				}
				return a.runRollback(ctx, c, api.RollbackRequest{Case: q.Case, From: q.From, To: q.To, Parties: q.Parties, Paths: paths, DryRun: dry})
			})
		})
	s = a.suspects(c)
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, a.t("flag.dry-run"))
	return c
}

func (a *app) runRollback(ctx context.Context, c *client.Client, q api.RollbackRequest) error {
	begun := a.now()
	count, n := make(map[string]int), 0
	bar := a.working()
	defer bar.end()
	for m, err := range c.Rollback(ctx, q) {
		bar.clear()
		if err != nil {
			return err
		}
		bar.files.Add(1)
		n++
		count[m.Act]++
		if a.json {
			if err := a.emit(m); err != nil {
				return err
			}
			continue
		}
		if m.Beside != "" {
			a.print("say.kept-beside", printable(trim(m.Path)), printable(trim(m.Beside)))
			continue
		}
		fmt.Fprintf(a.out, "%s: %s\n", a.named("mend", m.Act), printable(trim(m.Path)))
	}
	if a.json {
		return nil
	}
	for _, act := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(a.out, "  %s: %d\n", a.named("mend", act), count[act])
	}
	a.print("say.rolled-back", n, a.now().Sub(begun).Round(10*time.Millisecond).String())
	if q.DryRun {
		a.print("say.dry-run")
	}
	return nil
}
