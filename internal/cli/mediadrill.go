package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/sheet"
	"github.com/azekura/azekura/internal/storehouse"
)

// drillQuestion is what somebody has asked media drill for.
type drillQuestion struct {
	medium, from, card, papers string
	reports                    []string
	api.DrillRequest
}

// mediaDrill rehearses a restore.
func (a *app) mediaDrill() *cobra.Command {
	var q drillQuestion
	c := a.command("drill", "cmd.media-drill", "azekura media drill --medium \"disk 1\" --card /media/card\nazekura media drill --from /media/azekura\nazekura media drill --from /media/azekura --card /media/card --all --report drill.pdf",
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			for _, name := range q.reports {
				if e := filepath.Ext(name); e != ".pdf" && e != ".html" {
					return &problem.Error{Kind: problem.Invalid, Op: "rehearse medium", On: name, Hint: "hint.drill-report"}
				}
			}
			if (q.medium == "") == (q.from == "") {
				return a.misuse("say.rehearsal-which")
			}
			if q.Seed == 0 && !q.All {
				q.Seed = uint64(rand.Uint32()) + 1
			}
			if q.Into != "" {
				q.Into = absolute(q.Into)
			}
			return a.rehearseMedium(ctx, q)
		})
	f := c.Flags()
	f.StringVar(&q.medium, "medium", "", a.t("flag.rehearsal-medium"))
	f.StringVar(&q.from, "from", "", a.t("flag.restore-from"))
	f.StringVar(&q.card, "card", "", a.t("flag.rehearsal-card"))
	f.StringVar(&q.papers, "papers", "", a.t("flag.restore-papers"))
	f.Uint64Var(&q.State, "state", 0, a.t("flag.restore-state"))
	f.IntVar(&q.Sample, "sample", api.DrillSample, a.t("flag.rehearsal-sample"))
	f.BoolVar(&q.All, "all", false, a.t("flag.rehearsal-all"))
	f.Uint64Var(&q.Seed, "seed", 0, a.t("flag.rehearsal-seed"))
	f.StringVar(&q.Into, "into", "", a.t("flag.rehearsal-into"))
	f.StringArrayVar(&q.reports, "report", nil, a.t("flag.report"))
	return c
}

func (a *app) rehearseMedium(ctx context.Context, q drillQuestion) error {
	if !storehouse.Exists(storehouse.Default(a.data)) {
		if q.card == "" || q.from == "" {
			return a.misuse("say.rehearsal-alone")
		}
		x, err := a.rehearseAsStranger(ctx, q, nil)
		return a.drilled(ctx, q, nil, x, err)
	}
	return a.connect(ctx, func(c *client.Client) error {
		m, err := c.Media(ctx)
		if err != nil {
			return err
		}
		if q.from == "" {
			if q.from, err = connectedAt(ctx, m, q.medium); err != nil {
				return err
			}
		}
		if q.card == "" {
			x, err := a.rehearseAsKeeper(ctx, q, c)
			return a.drilled(ctx, q, c, x, err)
		}
		x, err := a.cardAt("rehearse medium", q.card)
		if err != nil {
			return err
		}
		if x.Vault != m.PublicKey {
			return &problem.Error{Kind: problem.Denied, Op: "rehearse medium", On: q.card, Hint: "hint.drill-card-other"}
		}
		d, err := a.rehearseAsStranger(ctx, q, c)
		return a.drilled(ctx, q, c, d, err)
	})
}

// connectedAt is where a medium is, by its label.
func connectedAt(ctx context.Context, m api.Copies, label string) (string, error) {
	for _, x := range m.Media {
		if x.Retired.IsZero() && (x.Label == label || x.ID.String() == label) {
			t, err := storehouse.TargetAt(ctx, durable.OS(), x.Path, time.Now)
			if err == nil {
				var d medium.Descriptor
				if d, err = medium.Describe(ctx, t); err == nil && d.ID == x.ID {
					return x.Path, nil
				}
			}
			return "", &problem.Error{Kind: problem.NotFound, Op: "rehearse medium", On: label, Hint: "hint.drill-not-connected", Err: err}
		}
	}
	return "", &problem.Error{Kind: problem.NotFound, Op: "rehearse medium", On: label, Hint: "hint.medium-unknown"}
}

// rehearseAsKeeper has the house rehearse with its own keys.
func (a *app) rehearseAsKeeper(ctx context.Context, q drillQuestion, c *client.Client) (x api.Drill, err error) {
	bar, whole := a.progress(), false
	defer bar.end()
	q.Path = absolute(q.from)
	for l, err := range c.Rehearse(ctx, q.DrillRequest) {
		if p, ok := errors.AsType[*problem.Error](err); ok && p.Op == "" && p.Kind == problem.Unavailable { // the server has ended
			err = &problem.Error{Kind: problem.Unavailable, Op: "rehearse medium", On: q.from, Hint: "hint.drill-interrupted", Err: err}
		}
		if err != nil {
			return x, err
		}
		if l.Progress != nil {
			bar.rehearsed(*l.Progress)
		}
		if l.Drill != nil {
			x, whole = *l.Drill, true
		}
	}
	if !whole {
		return x, problem.New(problem.Unavailable, "rehearse medium", q.from, errors.New("the end of the answer is missing"))
	}
	return x, nil
}

// rehearsed shows how far a drill is.
func (p *progress) rehearsed(x api.DrillProgress) {
	p.allBytes.Store(x.OfBytes)
	p.allFiles.Store(x.Of)
	p.complete.Store(x.Of > 0)
	p.bytes.Store(x.Bytes)
	p.files.Store(x.Tried)
}

// rehearseAsStranger rehearses with a key card and papers.
func (a *app) rehearseAsStranger(ctx context.Context, q drillQuestion, c *client.Client) (x api.Drill, err error) {
	src := storehouse.Source{From: absolute(q.from)}
	if src.Keys.Card, err = a.cardAt("rehearse medium", q.card); err != nil {
		return x, err
	}
	defer func() {
		for i := range src.Keys.Pieces {
			src.Keys.Pieces[i].Zero()
		}
	}()
	if src.Keys.Pieces, err = a.papersFor("rehearse medium", q.papers); err != nil {
		return x, err
	}
	bar := a.progress()
	defer bar.end()
	var books storehouse.Books
	if c != nil {
		books = c
	}
	return storehouse.RehearseAsStranger(ctx, storehouse.Options{Now: a.now, Log: a.logger(slog.LevelError)}, src, q.DrillRequest, books, bar.rehearsed)
}

// drilled tells what came of a drill, and writes its reports.
func (a *app) drilled(ctx context.Context, q drillQuestion, c *client.Client, x api.Drill, err error) error {
	if err != nil {
		return err
	}
	if a.json {
		err = a.emit(map[string]any{"drill": x})
	} else {
		a.showDrill(x)
	}
	for _, name := range q.reports {
		if err == nil {
			err = a.writeDrill(ctx, c, x, name)
		}
	}
	switch {
	case err != nil:
		return err
	case x.Outcome == account.DrillBroken:
		return &problem.Error{Kind: problem.Unavailable, Op: "rehearse medium", On: x.Label, Hint: x.Why}
	case !x.Good():
		return partly{x.Failed, "say.rehearsal-partly"}
	}
	return nil
}

// writeDrill writes the report of a drill: of one that was entered, from what the house remembers.
func (a *app) writeDrill(ctx context.Context, c *client.Client, x api.Drill, name string) (err error) {
	format, own := filepath.Ext(name)[1:], sheet.Drill{Drill: x, At: a.now()}
	var b []byte
	switch {
	case c != nil:
		b, err = c.DrillReport(ctx, x.Number, format)
	case format == "html":
		b, err = own.HTML(a.lang)
	default:
		b, err = own.PDF(a.lang, a.env("AZEKURA_FONT"))
	}
	if err != nil {
		return err
	}
	return a.write(name, b)
}

// showDrill tells what came of a drill, in the words of its report.
func (a *app) showDrill(x api.Drill) {
	for _, f := range x.Failures {
		a.print("say.finding", printable(f.Path), a.t("drill-failure."+f.Reason)+" "+a.t("drill-remedy."+f.Reason))
	}
	if more := (sheet.Drill{Drill: x}).Unnamed(); more > 0 {
		a.print("web.rehearsal-more", more)
	}
	for _, name := range x.Covered {
		a.print("say.finding", printable(name), a.t("medium-flaw.covered"))
	}
	if more := x.OfCovered - len(x.Covered); more > 0 {
		a.print("web.rehearsal-more-covered", more)
	}
	for _, s := range x.Shares {
		switch {
		case s.Problem != "":
			a.print("say.finding", printable(s.Name), a.t("drill-share."+s.Problem))
		case s.Damaged > 0:
			a.print("say.finding", printable(s.Name), a.t("web.rehearsal-damaged", s.Damaged))
		}
	}
	var t table
	for _, line := range (sheet.Drill{Drill: x}).Lines(a.lang) {
		t.add(line[0], printable(line[1]))
	}
	t.write(a.out)
	fmt.Fprintln(a.out, sheet.Drill{Drill: x}.Verdict(a.lang))
	if x.Keys == account.DrillKeeper {
		a.print("web.rehearsal-not-papers")
	}
	if x.Number == 0 {
		a.print("say.rehearsal-unentered")
	}
}

// mediaDrills lists drills, or tells of one again.
func (a *app) mediaDrills() *cobra.Command {
	var reports []string
	c := a.command("drills [NUMBER]", "cmd.media-drills", "azekura media drills\nazekura media drills 3 --report drill.pdf", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			list, err := c.Drills(ctx)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.listDrills(list)
			}
			for _, x := range list {
				if strconv.Itoa(x.Number) != args[0] {
					continue
				}
				if a.json {
					err = a.emit(map[string]any{"drill": x})
				} else if len(reports) == 0 {
					a.showDrill(x)
				}
				for _, name := range reports {
					if e := filepath.Ext(name); e != ".pdf" && e != ".html" {
						err = &problem.Error{Kind: problem.Invalid, Op: "rehearse medium", On: name, Hint: "hint.drill-report"}
					}
					if err == nil {
						err = a.writeDrill(ctx, c, x, name)
					}
				}
				return err
			}
			return &problem.Error{Kind: problem.NotFound, Op: "rehearse medium", On: args[0], Hint: "hint.drill-unknown"}
		})
	})
	c.Flags().StringArrayVar(&reports, "report", nil, a.t("flag.report"))
	return c
}

func (a *app) listDrills(list []api.Drill) error {
	if a.json {
		return a.emit(api.DrillList{Drills: list})
	}
	if len(list) == 0 {
		a.print("say.rehearsal-none")
		return nil
	}
	var t table
	t.head(a.t("say.head-drill"), a.t("say.head-when"), a.t("say.head-medium"), a.t("say.head-generation"), a.t("say.head-keys"), a.t("say.head-tried"), a.t("say.head-outcome"))
	for _, x := range list {
		came := "drill-open"
		if x.Outcome != "" {
			came = "drill-" + string(x.Outcome)
		}
		t.add(strconv.Itoa(x.Number), when(x.Begun), printable(x.Label), fmt.Sprint(x.State), a.t("note."+string(x.Keys)), fmt.Sprintf("%d/%d", x.Whole, x.Tried), a.t("note."+came))
	}
	t.write(a.out)
	return nil
}
