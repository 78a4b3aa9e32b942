package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

// recovery makes, tests and renews the papers that open a lost keeper.
func (a *app) recovery() *cobra.Command {
	c := a.command("recovery", "cmd.recovery", "azekura recovery make --pdf papers.pdf\nazekura recovery test\nazekura recovery show", nil, nil)
	c.AddCommand(
		a.command("show", "cmd.recovery-show", "azekura recovery show", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				r, err := c.Reserve(ctx)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(r) })
				}
				a.showReserve(r)
				return nil
			})
		}),
		a.makePapers("make", false), a.makePapers("renew", true), a.testPapers())
	return c
}

// showReserve says what there is, and what is missing.
func (a *app) showReserve(r api.Reserve) {
	var t table
	for _, line := range a.reserveLines(r) {
		t.add(line[0], line[1])
	}
	t.write(a.out)
}

// reserveLines tell of papers, of cards, and of what is missing.
func (a *app) reserveLines(r api.Reserve) (out [][2]string) {
	papers := a.t("say.no-papers")
	if p := r.Papers; p != nil {
		tested := a.t("say.papers-untested")
		if !p.Tested.IsZero() {
			tested = a.t("say.papers-tested", p.Tested.Local().Format("2006-01-02"))
		}
		papers = a.t("say.papers-are", p.Number, p.Code, p.Needed, p.Of, p.Made.Local().Format("2006-01-02"), tested)
	}
	out = append(out, [2]string{a.t("say.status-papers"), papers}, [2]string{a.t("say.status-cards"), api.CardAges(a.lang, r, a.now())})
	for i, word := range r.Lacks {
		out = append(out, [2]string{map[bool]string{true: a.t("say.status-lacks")}[i == 0], a.lacks(word)})
	}
	return out
}

// lacks says what is missing, and which command helps.
func (a *app) lacks(word string) string { return a.t("lack."+word) + " " + a.t("lack-do."+word) }

// makePapers makes papers or renews them: a PDF to print, or words on the terminal. They are written nowhere unless somebody asks for it.
func (a *app) makePapers(use string, renew bool) *cobra.Command {
	var q api.PapersRequest
	var pdf string
	key, example := "cmd.recovery-make", "azekura recovery make --pdf papers.pdf\nazekura recovery make --needed 3 --of 5 --pdf - | lp"
	if renew {
		key, example = "cmd.recovery-renew", "azekura recovery renew --reason \"Mori has left\" --pdf papers.pdf"
	}
	c := a.command(use, key, example, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if pdf != "" {
				return a.papersPDF(ctx, c, q, pdf, renew)
			}
			if !renew {
				p, err := c.MakePapers(ctx, q)
				if err != nil {
					return err
				}
				return a.printPapers(p)
			}
			x, err := c.RenewPapers(ctx, q)
			if err != nil {
				return err
			}
			if x.Papers == nil {
				return a.told(x.Outcome, nil, "say.papers-ask-again")
			}
			if err := a.printPapers(*x.Papers); err != nil {
				return err
			}
			return a.stillOpen(ctx, c)
		})
	})
	c.Flags().IntVar(&q.Needed, "needed", 2, a.t("flag.papers-needed"))
	c.Flags().IntVar(&q.Of, "of", 3, a.t("flag.papers-of"))
	c.Flags().StringVar(&pdf, "pdf", "", a.t("flag.papers-pdf"))
	if renew {
		c.Flags().StringVar(&q.Reason, "reason", "", a.t("flag.papers-reason"))
	}
	return c
}

// papersPDF writes papers into a file that is made before they are: they are handed out once.
func (a *app) papersPDF(ctx context.Context, c *client.Client, q api.PapersRequest, name string, renew bool) (err error) {
	out := a.out
	if name != "-" {
		f, e := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if e != nil {
			return e
		}
		defer func() {
			if e := f.Close(); err == nil {
				err = e
			}
		}()
		out = f
	}
	b, o, err := c.PrintPapers(ctx, q, renew)
	defer clear(b)
	if err != nil || b == nil {
		if name != "-" {
			os.Remove(name)
		}
		return cmpOr(err, func() error { return a.told(o, nil, "say.papers-ask-again") })
	}
	if _, err := out.Write(b); err != nil || name == "-" {
		return err
	}
	if f, ok := out.(*os.File); ok {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if a.json {
		return a.emit(struct {
			PDF string `json:"pdf"`
		}{name})
	}
	a.print("say.papers-pdf", name)
	if renew {
		return a.stillOpen(ctx, c)
	}
	return nil
}

// stillOpen says after a renewal what the papers from before still open.
func (a *app) stillOpen(ctx context.Context, c *client.Client) error {
	if a.json {
		return nil
	}
	a.print("say.papers-renewed")
	r, err := c.Reserve(ctx)
	if err != nil {
		return err
	}
	for _, x := range r.Cards {
		if x.State == "stale" || x.State == "lost" {
			a.print("say.card-old-set", x.Number, printable(x.Name), x.Set)
		}
	}
	return nil
}

// printPapers shows papers as words.
func (a *app) printPapers(p api.KeyPapers) error {
	if a.json {
		return a.emit(p)
	}
	a.print("say.papers-write", p.Number, p.PaperSet.Code, p.Vault, p.Needed, p.Of)
	for _, x := range p.Papers {
		a.print("say.paper-head", x.Number, p.Of)
		var t table
		for i, words := range x.Words {
			t.add(append([]string{fmt.Sprintf("  %d", i+1)}, words...)...)
		}
		t.write(a.out)
		fmt.Fprintln(a.out, "  "+x.Code)
	}
	a.print("say.papers-after")
	if p.Unsure {
		a.print("say.papers-unsure")
	}
	return nil
}

// testPapers asks for papers, by word or code, until there are enough or an empty one comes.
func (a *app) testPapers() *cobra.Command {
	return a.command("test", "cmd.recovery-test", "azekura recovery test\nscanner | azekura recovery test", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			r, err := c.Reserve(ctx)
			if err != nil {
				return err
			}
			var texts []string
			if term.IsTerminal(int(a.in.Fd())) {
				needed := 1
				if r.Papers != nil {
					needed = r.Papers.Needed
				}
				texts = a.askPapers(needed)
			} else {
				texts, err = papersOf(a.in)
			}
			if err == nil && len(texts) == 0 {
				err = &problem.Error{Kind: problem.Invalid, Op: "test papers", Hint: "hint.papers-none"}
			}
			if err != nil {
				return err
			}
			x, err := c.TestPapers(ctx, texts)
			if err != nil {
				return err
			}
			return a.showTest(x)
		})
	})
}

// askPapers lets somebody type papers line by line, 0 being as many as the first says that are needed. A line with a slip is asked for again, and so is a paper that was given before.
func (a *app) askPapers(needed int) (texts []string) {
	type paper struct {
		piece.Set
		number int
	}
	given := make(map[paper]bool)
	for needed == 0 || len(texts) < needed {
		if needed == 0 {
			fmt.Fprintln(a.err, a.t("say.type-first-paper"))
		} else {
			fmt.Fprintln(a.err, a.t("say.type-paper", len(texts)+1, needed))
		}
		var lines []string
		for len(lines) < piece.Lines {
			fmt.Fprintf(a.err, "%d: ", len(lines)+1)
			s, err := a.line()
			if err != nil || s == "" && len(lines) == 0 { // that is all
				return texts
			}
			lines = append(lines, s)
			p, err := piece.Parse(strings.Join(lines, "\n"))
			e, ok := errors.AsType[*piece.Error](err)
			switch {
			case err == nil && given[paper{p.Set, p.Number}]:
				fmt.Fprintln(a.err, a.t("verdict.twice"))
				lines = nil
			case err == nil: // the code, or the last line
				given[paper{p.Set, p.Number}] = true
				texts = append(texts, strings.Join(lines, "\n"))
				lines = make([]string, piece.Lines)
				if needed == 0 {
					needed = p.Set.Needed
				}
				p.Zero()
			case ok && e.Line > 0 && e.Line <= len(lines):
				fmt.Fprintln(a.err, api.PaperSlip(a.lang, string(e.Reason), e.Line, e.Place))
				lines = lines[:e.Line-1]
			case ok && e.Line == 0:
				fmt.Fprintln(a.err, a.t("verdict."+string(e.Reason)))
				lines = nil
			}
		}
	}
	return texts
}

// maxPapers is how many bytes of papers are read.
const maxPapers = 1 << 20

// papersOf reads papers from a stream: codes, one a line, or words. A paper ends with its last line, or, where something in it is wrong, at
// an empty one.
func papersOf(in io.Reader) (texts []string, err error) {
	s := bufio.NewScanner(io.LimitReader(in, maxPapers))
	s.Buffer(nil, maxPapers+1)
	var lines []string
	end := func() {
		if len(lines) > 0 {
			texts = append(texts, strings.Join(lines, "\n"))
		}
		lines = nil
	}
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		_, err := piece.Parse(line)
		switch {
		case line == "":
			end()
		case err == nil:
			end()
			texts = append(texts, line)
		default:
			lines = append(lines, line)
			if _, err := piece.Parse(strings.Join(lines, "\n")); err == nil {
				end()
			}
		}
	}
	end()
	return texts, s.Err()
}

// showTest says what came of a test. It fails if a paper is not right.
func (a *app) showTest(x api.PaperTest) error {
	if a.json {
		if err := a.emit(x); err != nil {
			return err
		}
	}
	wrong := 0
	for i, r := range x.Results {
		if r.Verdict != "good" {
			wrong++
		}
		if !a.json {
			fmt.Fprintln(a.out, api.PaperSays(a.lang, x, i+1, r))
		}
	}
	if !a.json {
		if x.Opens {
			a.print("say.papers-open", x.Set, x.Code)
		} else {
			a.print("say.papers-few", x.Needed)
		}
	}
	if wrong > 0 {
		return partly{failed: wrong, say: "say.papers-not-right"}
	}
	return nil
}
