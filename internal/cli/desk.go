package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) oneCase() *cobra.Command {
	return a.command("show CASE", "cmd.case-show", "azekura case show 2026-1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error { return a.readCase(ctx, c, args[0]) })
	})
}

// readCase prints a case with all that stands at its desk.
func (a *app) readCase(ctx context.Context, c *client.Client, n string) error {
	x, err := c.Case(ctx, n)
	if err != nil || a.json {
		return cmpOr(err, func() error { return a.emit(x) })
	}
	a.showCase(x)
	a.part("say.case-who-knew", len(x.Knowing), func(t *table) {
		for _, k := range x.Knowing {
			t.add("  #"+strconv.Itoa(k.ID), told(k.When), printable(k.Department), printable(k.Person), printable(k.How))
		}
	})
	a.part("say.case-facts", len(x.Facts), func(t *table) {
		for _, f := range x.Facts {
			t.add("  "+f.Key, a.factValue(f.Key, f.Value), when(f.At), printable(f.By))
		}
	})
	a.part("say.case-tasks", len(x.Tasks), func(t *table) {
		for _, k := range x.Tasks {
			state := a.t("say.task-open")
			if !k.Done.IsZero() {
				state = a.t("say.task-done", when(k.Done), printable(k.DoneBy))
			}
			due := "-"
			if !k.Due.IsZero() {
				due = told(k.Due)
			}
			t.add("  #"+strconv.Itoa(k.ID), printable(k.Text), firstOf(printable(k.For), "-"), due, state)
		}
	})
	a.part("say.case-notes", len(x.Notes), func(t *table) {
		for _, k := range x.Notes {
			t.add("  "+when(k.At), printable(k.By), printable(k.Text))
		}
	})
	a.part("say.case-attachments", len(x.Attachments), func(t *table) {
		for _, k := range x.Attachments {
			t.add("  #"+strconv.Itoa(k.ID), printable(k.Name), size(k.Size), k.SHA256, when(k.At), printable(k.By))
		}
	})
	a.part("say.case-decisions", len(x.Decisions), func(t *table) {
		for _, k := range x.Decisions {
			t.add("  "+when(k.Confirmed), printable(k.Text), a.t("say.case-decided", printable(k.By), firstOf(printable(k.Second), "-")))
		}
	})
	a.part("say.case-waiting", len(x.Waiting), func(t *table) {
		for _, p := range x.Waiting {
			t.add("  "+p.ID, a.named("act", p.Act), printable(p.Reason), printable(p.By))
		}
	})
	return nil
}

// part prints a part of a case, if there is something in it.
func (a *app) part(key string, n int, fill func(*table)) {
	if n == 0 {
		return
	}
	a.print(key)
	var t table
	fill(&t)
	t.write(a.out)
}

// factValue is what a fact is, in the reader's words.
func (a *app) factValue(key, value string) string {
	if f, ok := account.FactFieldOf(key); ok && f.Type != account.FactText {
		return a.named("choice", value)
	}
	return printable(value)
}

// onCase runs an act on a case, and prints the case after it.
func (a *app) onCase(ctx context.Context, n string, do func(c *client.Client) error) error {
	return a.connect(ctx, func(c *client.Client) error {
		if err := do(c); err != nil {
			return err
		}
		if a.json {
			return a.emit(struct{}{})
		}
		return a.readCase(ctx, c, n)
	})
}

func (a *app) knew() *cobra.Command {
	var k api.NewKnowing
	var at string
	c := a.command("knew CASE", "cmd.case-knew", "azekura case knew 2026-1 --department \"Sales 2\" --person Kato --at '2026-07-13 08:40' --how \"a school telephoned\"\n"+
		"azekura case knew 2026-1 --entry 1 --remove --reason \"it was about another matter\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if at != "" {
			t, err := parseTime(at, a.now())
			if err != nil {
				return a.misuse("say.use-time", at)
			}
			k.When = t
		}
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.SetKnowing(ctx, args[0], k)
			return a.told(o, err, "say.case-written", args[0])
		})
	})
	f := c.Flags()
	f.IntVar(&k.ID, "entry", 0, a.t("flag.knew-entry"))
	f.StringVar(&k.Department, "department", "", a.t("flag.knew-department"))
	f.StringVar(&k.Person, "person", "", a.t("flag.knew-person"))
	f.StringVar(&at, "at", "", a.t("flag.knew-at"))
	f.StringVar(&k.How, "how", "", a.t("flag.knew-how"))
	f.BoolVar(&k.Remove, "remove", false, a.t("flag.knew-remove"))
	f.StringVar(&k.Reason, "reason", "", a.t("flag.knew-reason"))
	return c
}

func (a *app) fact() *cobra.Command {
	return a.command("fact [CASE KEY VALUE]", "cmd.case-fact", "azekura case fact\nazekura case fact 2026-1 hostile yes\nazekura case fact 2026-1 cause \"a device password was stolen\"\nazekura case fact 2026-1 cause \"\"",
		cobra.RangeArgs(0, 3), func(ctx context.Context, args []string) error {
			switch len(args) {
			case 0:
				return a.connect(ctx, func(c *client.Client) error { return a.factFields(ctx, c) })
			case 3:
				return a.onCase(ctx, args[0], func(c *client.Client) error { return c.SetFact(ctx, args[0], args[1], args[2]) })
			}
			return &problem.Error{Kind: problem.Invalid, Op: "case", Hint: "hint.case-value"}
		})
}

// factFields prints which facts there are, and what they may be.
func (a *app) factFields(ctx context.Context, c *client.Client) error {
	if a.json {
		return emitAll(a, c.Facts(ctx))
	}
	var t table
	for f, err := range c.Facts(ctx) {
		if err != nil {
			return err
		}
		may := strings.Join(f.Choices, " | ")
		if f.Type == account.FactText {
			may = a.t("say.fact-text", f.Most)
		}
		t.add(f.Key, a.named("fact", f.Key), may)
	}
	t.write(a.out)
	return nil
}

func (a *app) caseNote() *cobra.Command {
	return a.command("note CASE TEXT", "cmd.case-note", "azekura case note 2026-1 \"the police were here, number 1234\"", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.onCase(ctx, args[0], func(c *client.Client) error { return c.AddNote(ctx, args[0], args[1]) })
	})
}

func (a *app) task() *cobra.Command {
	var t api.NewTask
	var due string
	var done int
	c := a.command("task CASE [TEXT]", "cmd.case-task", "azekura case task 2026-1 \"call the schools\" --for Kato --due '2026-07-14 12:00'\nazekura case task 2026-1 --done 3", cobra.RangeArgs(1, 2),
		func(ctx context.Context, args []string) error {
			if done > 0 && len(args) == 1 {
				return a.onCase(ctx, args[0], func(c *client.Client) error { return c.EndTask(ctx, args[0], done) })
			}
			if due != "" {
				at, err := parseTime(due, a.now())
				if err != nil {
					return a.misuse("say.use-time", due)
				}
				t.Due = at
			}
			if t.Text = ""; len(args) == 2 {
				t.Text = args[1]
			}
			return a.onCase(ctx, args[0], func(c *client.Client) error { return c.AddTask(ctx, args[0], t) })
		})
	f := c.Flags()
	f.StringVar(&t.For, "for", "", a.t("flag.task-for"))
	f.StringVar(&due, "due", "", a.t("flag.task-due"))
	f.IntVar(&done, "done", 0, a.t("flag.task-done"))
	return c
}

func (a *app) attach() *cobra.Command {
	var get int
	c := a.command("attach CASE FILE", "cmd.case-attach", "azekura case attach 2026-1 screen.png\nazekura case attach 2026-1 --get 4 copy-of-screen.png", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		if get > 0 {
			return a.connect(ctx, func(c *client.Client) error { return a.detach(ctx, c, args[0], get, args[1]) })
		}
		b, err := readUpTo(args[1], api.MaxAttachment)
		if err != nil {
			return err
		}
		return a.connect(ctx, func(c *client.Client) error {
			x, err := c.Attach(ctx, args[0], filepath.Base(args[1]), b)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.print("say.case-attached", x.ID, printable(x.Name), size(x.Size), x.SHA256)
			return nil
		})
	})
	c.Flags().IntVar(&get, "get", 0, a.t("flag.attach-get"))
	return c
}

// readUpTo reads a file that may be so long.
func readUpTo(name string, most int64) ([]byte, error) {
	i, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, problem.New(problem.NotFound, "read", name, err)
	case !i.Mode().IsRegular():
		return nil, problem.New(problem.Invalid, "read", name, nil)
	case i.Size() > most:
		return nil, &problem.Error{Kind: problem.TooLarge, Op: "read", On: name, Hint: "hint.case-file-size"}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, problem.New(problem.Unavailable, "read", name, err)
	}
	return b, nil
}

// detach writes a file of a case to a new file.
func (a *app) detach(ctx context.Context, c *client.Client, n string, number int, name string) error {
	b, err := c.Attachment(ctx, n, number)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return problem.New(problem.Exists, "save", name, err)
	}
	_, err = f.Write(b)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return problem.New(problem.Unavailable, "save", name, err)
	}
	return a.said("say.case-detached", name)
}

func (a *app) decide() *cobra.Command {
	return a.command("decide CASE TEXT", "cmd.case-decide", "azekura case decide 2026-1 \"we tell all schools today\"", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			o, err := c.Decide(ctx, args[0], args[1])
			return a.told(o, err, "say.case-written", args[0])
		})
	})
}

func (a *app) hold() *cobra.Command {
	var q api.NewHold
	var every bool
	c := a.command("hold CASE", "cmd.case-hold", "azekura case hold 2026-1 --share albums --reason \"nothing else was in reach\"\nazekura case hold 2026-1 --all\nazekura case hold 2026-1 --lift --reason \"the case is over\"",
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			if every == (len(q.Shares) > 0 || q.Lift) {
				return &problem.Error{Kind: problem.Invalid, Op: "case", Hint: "hint.case-hold"}
			}
			return a.connect(ctx, func(c *client.Client) error {
				o, err := c.SetHold(ctx, args[0], q)
				return a.told(o, err, "say.case-written", args[0])
			})
		})
	f := c.Flags()
	f.StringArrayVar(&q.Shares, "share", nil, a.t("flag.hold-share"))
	f.BoolVar(&every, "all", false, a.t("flag.hold-all"))
	f.BoolVar(&q.Lift, "lift", false, a.t("flag.hold-lift"))
	f.StringVar(&q.Reason, "reason", "", a.t("flag.reason"))
	return c
}

func (a *app) timeline() *cobra.Command {
	var from, to string
	q, suspects := account.TimelineQuery{}, false
	c := a.command("timeline CASE", "cmd.case-timeline", "azekura case timeline 2026-1\nazekura case timeline 2026-1 --from '2026-07-13 08:00' --to '2026-07-13 12:00' --slots 48 --suspects", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) (err error) {
			for _, x := range []struct {
				text string
				at   *time.Time
			}{{from, &q.From}, {to, &q.To}} {
				if x.text == "" {
					continue
				}
				if *x.at, err = parseTime(x.text, a.now()); err != nil {
					return a.misuse("say.use-time", x.text)
				}
			}
			return a.connect(ctx, func(c *client.Client) error {
				t, err := c.Timeline(ctx, args[0], q)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(t) })
				}
				if suspects {
					t.Slots, t.All = t.Suspects, t.SuspectAll
				}
				a.showTimeline(t)
				return nil
			})
		})
	f := c.Flags()
	f.StringVar(&from, "from", "", a.t("flag.timeline-from"))
	f.StringVar(&to, "to", "", a.t("flag.timeline-to"))
	f.IntVar(&q.Slots, "slots", 24, a.t("flag.timeline-slots"))
	f.BoolVar(&suspects, "suspects", false, a.t("flag.timeline-suspects"))
	return c
}

// showTimeline prints the slots in which something was recorded.
func (a *app) showTimeline(line api.Timeline) {
	t := table{right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true}}
	t.head("", a.t("say.head-readings"), a.t("say.head-saves"), a.t("say.head-logins"), a.t("say.head-refused"), a.t("say.head-freezes"), a.t("say.head-appliances"))
	row := func(name string, s account.Slot) {
		t.add(name, fmt.Sprint(s.Readings), fmt.Sprint(s.Saves), fmt.Sprint(s.Logins), fmt.Sprint(s.Refused), fmt.Sprint(s.Freezes), fmt.Sprint(s.Appliances))
	}
	for i, s := range line.Slots {
		if s != (account.Slot{}) {
			row(when(line.From.Add(time.Duration(float64(i)*line.Slot*float64(time.Second)))), s)
		}
	}
	row(a.t("say.timeline-all", when(line.From), when(line.To)), line.All)
	t.write(a.out)
}
