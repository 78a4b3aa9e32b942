package cli

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
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
	var sum bool
	c := a.command("damage", "cmd.damage", "azekura damage --case 2026-1\nazekura damage --sum --party sato --from '2026-07-13 08:00'", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			q, err := s.request(ctx, a, c)
			if err != nil {
				return err
			}
			q.Sum = sum
			if a.json {
				return emitAll(a, c.Damage(ctx, q))
			}
			n := 0
			for line, err := range c.Damage(ctx, q) {
				if err != nil {
					return err
				}
				n++
				if f := line.File; f != nil {
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
	c.Flags().BoolVar(&sum, "sum", false, a.t("flag.sum"))
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
	if d.Back > 0 {
		fmt.Fprintln(a.out, "  "+a.t("web.put-back-at", d.Back, when(d.BackAt)))
	}
	for _, by := range d.By {
		who := by.Name
		if by.Device != "" {
			who += ", " + a.t("say.damage-device") + " " + by.Device
		}
		a.print("say.damage-by", printable(who), by.Door, by.Session, by.Files, size(by.Bytes))
	}
	for i, k := range d.Kinds {
		if i == mostKinds {
			a.print("say.damage-more", len(d.Kinds)-i)
			break
		}
		name := k.Kind
		if name == "" {
			name = a.t("say.damage-other")
		}
		a.print("say.damage-kind", printable(name), k.Files, size(k.Bytes))
	}
}

// mostKinds is how many kinds of files are listed.
const mostKinds = 20

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
	var list string
	c := a.command("rollback [PATH...]", "cmd.rollback", "azekura rollback --case 2026-1 --dry-run\nazekura rollback --party sato --from '2026-07-13 08:00' albums/2026\nazekura rollback --frozen --list paths.txt", nil,
		func(ctx context.Context, args []string) error {
			if list != "" {
				more, err := a.readList(list)
				if err != nil {
					return err
				}
				if args = append(args, more...); len(args) == 0 { // an empty list is nothing, not everything
					a.print("say.rolled-back", 0, "0s")
					return nil
				}
			}
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
	c.Flags().StringVar(&list, "list", "", a.t("flag.list"))
	return c
}

// readList reads paths, one a line, from a file or, for -, from the input.
func (a *app) readList(name string) (out []string, err error) {
	in := a.in
	if name != "-" {
		if in, err = os.Open(name); err != nil {
			return nil, problem.New(problem.NotFound, "read", name, err)
		}
		defer in.Close()
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if p := strings.TrimSuffix(lines.Text(), "\r"); p != "" {
			out = append(out, p)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, problem.New(problem.Invalid, "read", name, err)
	}
	return out, nil
}

func (a *app) runRollback(ctx context.Context, c *client.Client, q api.RollbackRequest) error {
	begun := a.now()
	var done *api.Rollback
	n := 0
	bar := a.working()
	defer bar.end()
	for line, err := range c.Rollback(ctx, q) {
		bar.clear()
		if err != nil {
			return err
		}
		if a.json {
			if err := a.emit(line); err != nil {
				return err
			}
		}
		if line.Done != nil {
			done = line.Done
			continue
		}
		m := line.File
		bar.files.Add(1)
		n++
		switch {
		case a.json:
		case m.Beside != "" && m.Act == "kept":
			a.print("say.kept-beside", printable(trim(m.Path)), printable(trim(m.Beside)))
		case m.Beside != "":
			a.print("say.back-beside", a.named("mend", m.Act), printable(trim(m.Path)), printable(trim(m.Beside)))
		default:
			fmt.Fprintf(a.out, "%s: %s\n", a.named("mend", m.Act), printable(trim(m.Path)))
		}
	}
	if a.json || done == nil {
		return nil
	}
	for _, act := range slices.Sorted(maps.Keys(done.Acts)) {
		fmt.Fprintf(a.out, "  %s: %d\n", a.named("mend", act), done.Acts[act])
	}
	a.print("say.rolled-back", n, a.now().Sub(begun).Round(10*time.Millisecond).String())
	if len(done.Left) > 0 {
		a.print("say.rollback-left", printable(strings.Join(done.Left, ", ")))
	}
	switch {
	case q.DryRun:
		a.print("say.dry-run")
	case done.Records > 0:
		a.print("say.rollback-undo", done.Session, done.From.Format(time.RFC3339Nano), done.To.Format(time.RFC3339Nano))
	}
	return nil
}
