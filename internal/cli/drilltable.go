package cli

import (
	"fmt"
	"strings"

	"github.com/azekura/azekura/internal/drill"
	"github.com/azekura/azekura/internal/drill/behaviour"
)

// drillLines sets the table of a drill, whose lines come one by one: the widths are known before.
type drillLines struct {
	a     *app
	heads []string
	wide  []int
}

// Widths of the columns behind the name, but for those that count files: with them a line of the largest default sample has less than 100 cells.
const (
	doorWide   = 6
	fewWide    = 5 // heads, held
	frozenWide = 6
	timeWide   = 7
	workWide   = 5
)

func (a *app) drillLines(list []behaviour.Profile, files int) drillLines {
	l := drillLines{a: a, heads: []string{
		"", a.t("say.drill-profile"), a.t("say.drill-door"), a.t("say.drill-touched"), a.t("say.drill-changed"), a.t("say.drill-held"), a.t("say.drill-stopped"),
		a.t("say.drill-freeze"), a.t("say.drill-damage"), a.t("say.drill-undo"), a.t("say.drill-left"), a.t("say.drill-work"),
	}}
	name := 0
	for _, p := range list {
		name = max(name, len(p.Name))
	}
	of := 2*len(fmt.Sprint(files)) + 1
	l.wide = []int{max(cells(a.t("say.drill-good")), cells(a.t("say.drill-bad"))), min(name, 25), doorWide, of, fewWide, fewWide - 1, frozenWide, timeWide, of, timeWide - 1, fewWide - 1, workWide}
	for i, h := range l.heads {
		l.wide[i] = max(l.wide[i], cells(h))
	}
	return l
}

// set sets one line; the first three columns are words, the others numbers.
func (l *drillLines) set(list []string) string {
	var b strings.Builder
	for i, c := range list {
		pad := strings.Repeat(" ", max(0, l.wide[i]-cells(c)))
		if i < 3 {
			b.WriteString(c + pad)
		} else {
			b.WriteString(pad + c)
		}
		b.WriteByte(' ')
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// head is the first line, and one below.
func (l *drillLines) head() string {
	all := len(l.wide) - 1
	for _, w := range l.wide {
		all += w
	}
	return l.set(l.heads) + strings.Repeat("─", all) + "\n"
}

// line is the line of one rehearsal, with what was wrong below.
func (l *drillLines) line(r *drill.Result) string {
	mark := l.a.t("say.drill-good")
	if !r.Good() {
		mark = l.a.t("say.drill-bad")
	}
	of := func(a, b int) string { return fmt.Sprintf("%d/%d", a, b) }
	out := l.set([]string{
		mark, r.Profile, doorName(r.Door), of(r.Touched, r.Files), fmt.Sprint(r.Changed + r.Renamed), fmt.Sprint(r.Held), of(r.Stopped, r.Parties), r.After(),
		of(r.Found, r.True()), drill.Span(r.Undo), fmt.Sprint(r.Left + r.Lost), of(r.Disturbed, r.Work),
	})
	for _, f := range r.Faults(l.a.lang) {
		out += strings.Repeat(" ", l.wide[0]+1) + "→ " + f + "\n"
	}
	return out
}
