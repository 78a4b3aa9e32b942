package drill

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// Report is what an auditor keeps of a drill.
type Report struct {
	Begun, Ended time.Time
	Config       Config
	Version      string // of the program
	Results      []Result
}

// Sum is how all rehearsals went together.
type Sum struct {
	Good    int
	Changed int     // the most files that were something else for others
	Freeze  float64 // the longest time to a freeze, in seconds, of those without pauses
	Left    int     // files that were not what they should be after a rollback, of all together
}

// Sum adds the results up. Behaviours that wait between two files have their times in the table alone: they would hide all others.
func (r *Report) Sum() (s Sum) {
	slow := make(map[string]bool)
	for _, p := range r.Config.Profiles {
		slow[p.Name] = p.Pause > 0
	}
	for i := range r.Results {
		x := &r.Results[i]
		if x.Good() {
			s.Good++
		}
		s.Changed = max(s.Changed, x.Changed+x.Renamed)
		if x.Freeze != nil && !slow[x.Profile] {
			s.Freeze = max(s.Freeze, *x.Freeze)
		}
		s.Left += x.Left + x.Lost
	}
	return s
}

// HTML returns the report as a page that needs nothing else.
func (r *Report) HTML(l lang.Lang) ([]byte, error) { return r.document(l).HTML() }

// PDF returns the report as PDF, with a font by the name of its file, or one that the machine has.
func (r *Report) PDF(l lang.Lang, font string) ([]byte, error) {
	b, err := r.document(l).PDF(font, r.Ended)
	switch {
	case errors.Is(err, document.ErrNoFont):
		err = &problem.Error{Kind: problem.NotFound, Op: "write PDF", Hint: "hint.font"}
	case errors.Is(err, fs.ErrNotExist):
		err = &problem.Error{Kind: problem.NotFound, Op: "write PDF", On: font, Hint: "hint.font-file", Err: err}
	case err != nil:
		err = &problem.Error{Kind: problem.Invalid, Op: "write PDF", On: font, Hint: "hint.font-file", Err: err}
	}
	return b, err
}

// document is the report, part by part.
func (r *Report) document(l lang.Lang) *document.Document {
	s := r.Sum()
	verdict := document.Paragraph{Text: l.Text("web.drill-sum", s.Good, len(r.Results)), Tone: document.Good}
	if s.Good < len(r.Results) {
		verdict.Tone = document.Bad
	}
	d := &document.Document{
		Lang: l.String(), Title: l.Text("web.drill-title"), Landscape: true, Missing: l.Text("web.drill-missing"),
		Footer: l.Text("web.drill-footer", r.Version, stamp(r.Begun)),
	}
	d.Blocks = append(d.Blocks, verdict, document.Paragraph{Text: l.Text("web.drill-about")})
	d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.drill-what")}, r.facts(l))
	if bad := r.faults(l); len(bad) > 0 {
		d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.drill-faults")}, bad)
	}
	d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.drill-results")}, r.table(l))
	d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.drill-columns")}, columns(l))
	d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.drill-limits")}, document.Paragraph{Text: l.Text("web.drill-limits-text")},
		document.Heading{Text: l.Text("web.drill-sign")}, document.Signature{l.Text("web.drill-sign-by"), l.Text("web.drill-sign-seen"), l.Text("web.drill-sign-date")})
	return d
}

// stamp is a time with its zone.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05 -07:00 (MST)") }

// facts are what was rehearsed with.
func (r *Report) facts(l lang.Lang) document.Pairs {
	s, g := r.Config.Sample, r.Config.Guard
	from := l.Text("web.drill-sample")
	if s.From != "" {
		from = l.Text("web.drill-from", s.From)
	}
	var kinds []string
	for i, k := range s.Kinds() {
		if i == 12 {
			kinds = append(kinds, "…")
			break
		}
		e := k.Ending
		if e == "" {
			e = l.Text("web.drill-no-ending")
		}
		kinds = append(kinds, fmt.Sprintf("%s %d", e, k.Files))
	}
	mode := map[string]string{"on": "web.drill-guard-on", "watch": "web.drill-guard-watch", "off": "web.drill-guard-off"}[g.Mode]
	return document.Pairs{
		{l.Text("web.drill-when"), stamp(r.Begun) + " – " + r.Ended.Format("15:04:05 -07:00") + " (" + Span(r.Ended.Sub(r.Begun).Seconds()) + ")"},
		{l.Text("web.drill-program"), "Azekura " + r.Version},
		{l.Text("web.drill-source"), from},
		{l.Text("web.drill-files"), l.Text("web.drill-files-text", s.Files(), s.Seen, mib(s.Bytes))},
		{l.Text("web.drill-kinds"), strings.Join(kinds, ", ")},
		{l.Text("web.drill-guard"), l.Text(mode) + " (guard = " + g.Mode + ")"},
		{"", l.Text("web.drill-false-alarm", thousands(g.FalseAlarm)) + " (guard_false_alarm)"},
		{"", l.Text("web.drill-removals", g.Removals) + " (guard_removals)"},
		{l.Text("web.drill-seed"), strconv.FormatUint(r.Config.Seed, 10)},
	}
}

// thousands sets commas into a number.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// faults say what did not go as it should.
func (r *Report) faults(l lang.Lang) (out document.Pairs) {
	for i := range r.Results {
		x := &r.Results[i]
		for _, f := range x.Faults(l) {
			out = append(out, [2]string{x.Profile + " (" + doorName(x.Door) + ")", f})
		}
	}
	return out
}

func doorName(d behaviour.Door) string {
	if d == behaviour.SFTP {
		return "SFTP"
	}
	return "WebDAV"
}

// table has a row for each rehearsal.
func (r *Report) table(l lang.Lang) document.Table {
	said := make(map[string]string)
	for _, p := range r.Config.Profiles {
		said[p.Name] = p.Said(l == lang.Japanese)
	}
	t := document.Table{Columns: []document.Column{
		{Title: l.Text("web.drill-profile"), Width: 26}, {Title: l.Text("web.drill-verdict"), Width: 6}, {Title: l.Text("web.drill-door"), Width: 7},
		{Title: l.Text("web.drill-touched"), Width: 8, Right: true}, {Title: l.Text("web.drill-changed"), Width: 8, Right: true}, {Title: l.Text("web.drill-held"), Width: 6, Right: true},
		{Title: l.Text("web.drill-stopped"), Width: 7, Right: true}, {Title: l.Text("web.drill-freeze"), Width: 8, Right: true}, {Title: l.Text("web.drill-damage"), Width: 9, Right: true},
		{Title: l.Text("web.drill-undo"), Width: 7, Right: true}, {Title: l.Text("web.drill-left"), Width: 7, Right: true}, {Title: l.Text("web.drill-work"), Width: 8, Right: true},
	}}
	of := func(a, b int) document.Cell { return document.Cell{Text: fmt.Sprintf("%d / %d", a, b)} }
	number := func(n int) document.Cell { return document.Cell{Text: strconv.Itoa(n)} }
	for i := range r.Results {
		x := &r.Results[i]
		verdict := document.Cell{Text: l.Text("say.drill-good"), Tone: document.Good}
		if !x.Good() {
			verdict = document.Cell{Text: l.Text("say.drill-bad"), Tone: document.Bad}
		}
		t.Rows = append(t.Rows, []document.Cell{
			{Text: x.Profile, Small: said[x.Profile]}, verdict, {Text: doorName(x.Door)}, of(x.Touched, x.Files), number(x.Changed + x.Renamed), number(x.Held),
			of(x.Stopped, x.Parties), {Text: x.After()}, of(x.Found, x.True()), {Text: Span(x.Undo)}, number(x.Left + x.Lost), of(x.Disturbed, x.Work),
		})
	}
	return t
}

// columns says what each column means.
func columns(l lang.Lang) (out document.Pairs) {
	for _, k := range [][2]string{
		{"web.drill-verdict", "web.drill-verdict-means"}, {"web.drill-door", "web.drill-door-means"}, {"web.drill-touched", "web.drill-touched-means"},
		{"web.drill-changed", "web.drill-changed-means"}, {"web.drill-held", "web.drill-held-means"}, {"web.drill-stopped", "web.drill-stopped-means"},
		{"web.drill-freeze", "web.drill-freeze-means"}, {"web.drill-damage", "web.drill-damage-means"}, {"web.drill-undo", "web.drill-undo-means"},
		{"web.drill-left", "web.drill-left-means"}, {"web.drill-work", "web.drill-work-means"},
	} {
		out = append(out, [2]string{l.Text(k[0]), l.Text(k[1])})
	}
	return out
}
