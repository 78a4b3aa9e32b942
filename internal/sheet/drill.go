package sheet

import (
	"fmt"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// Drill is the report of a rehearsed restore, for auditors: what was tried, what came of it, and what was not tried.
type Drill struct {
	account.Drill
	Firm string // may be ""
	At   time.Time
}

// PDF sets it, with a font by the name of its file, or one that the machine has if the name is empty.
func (d Drill) PDF(l lang.Lang, font string) ([]byte, error) { return print(d.document(l), font, d.At) }

// HTML returns it as a page that needs nothing else.
func (d Drill) HTML(l lang.Lang) ([]byte, error) { return d.document(l).HTML() }

func (d Drill) document(l lang.Lang) *document.Document {
	out := &document.Document{Lang: l.String(), Title: l.Text("web.rehearsal-title", d.Label, d.Begun.Local().Format("2006-01-02")), Missing: l.Text("web.drill-missing"), Footer: l.Text("web.rehearsal-footer", d.number(l), stamp(d.Begun))}
	out.Blocks = append(out.Blocks, d.verdict(l), document.Paragraph{Text: l.Text("web.rehearsal-about")}, document.Heading{Text: l.Text("web.rehearsal-what")}, d.facts(l))
	if d.Outcome == account.DrillWhole || d.Outcome == account.DrillFailed {
		out.Blocks = append(out.Blocks, document.Heading{Text: l.Text("web.rehearsal-result")}, d.results(l))
	}
	if len(d.Failures) > 0 {
		out.Blocks = append(out.Blocks, document.Heading{Text: l.Text("web.rehearsal-failures")}, d.failures(l))
		if more := d.Unnamed(); more > 0 {
			out.Blocks = append(out.Blocks, document.Paragraph{Text: l.Text("web.rehearsal-more", more), Tone: document.Quiet})
		}
	}
	if len(d.Covered) > 0 {
		out.Blocks = append(out.Blocks, document.Heading{Text: l.Text("web.rehearsal-covered")}, d.covered(l))
		if more := d.OfCovered - len(d.Covered); more > 0 {
			out.Blocks = append(out.Blocks, document.Paragraph{Text: l.Text("web.rehearsal-more-covered", more), Tone: document.Quiet})
		}
	}
	if len(d.Shares) > 0 {
		out.Blocks = append(out.Blocks, document.Heading{Text: l.Text("web.rehearsal-shares")}, d.shares(l))
		if more := d.OfShares - len(d.Shares); more > 0 {
			out.Blocks = append(out.Blocks, document.Paragraph{Text: l.Text("web.rehearsal-more-shares", more), Tone: document.Quiet})
		}
	}
	return d.ending(out, l)
}

// Unnamed is how many failures are not named: those of shares are named with their share.
func (d Drill) Unnamed() int {
	if len(d.Failures) < account.MaxDrillFailures {
		return 0
	}
	return d.Failed - len(d.Failures)
}

// ending says what was not tried, and leaves room to sign.
func (d Drill) ending(out *document.Document, l lang.Lang) *document.Document {
	out.Blocks = append(out.Blocks, document.Heading{Text: l.Text("web.rehearsal-untried")}, d.untried(l), document.Signature{l.Text("web.drill-sign-by"), l.Text("web.drill-sign-seen"), l.Text("web.drill-sign-date")})
	return out
}

func (d Drill) number(l lang.Lang) string {
	if d.Number == 0 {
		return l.Text("web.rehearsal-unnumbered")
	}
	return l.Text("web.rehearsal-number", d.Number)
}

func (d Drill) verdict(l lang.Lang) document.Paragraph {
	switch d.Outcome {
	case account.DrillWhole:
		return document.Paragraph{Text: l.Text("web.rehearsal-whole", lang.Grouped(int64(d.Whole))), Tone: document.Good}
	case account.DrillFailed:
		return document.Paragraph{Text: l.Text("web.rehearsal-failed", lang.Grouped(int64(d.Failed)), lang.Grouped(int64(d.Whole)), lang.Grouped(int64(d.Tried))), Tone: document.Bad}
	case account.DrillBroken:
		return document.Paragraph{Text: l.Text("web.rehearsal-broken"), Tone: document.Bad}
	}
	return document.Paragraph{Text: l.Text("web.rehearsal-open"), Tone: document.Bad}
}

// Verdict says in a sentence how it went.
func (d Drill) Verdict(l lang.Lang) string { return d.verdict(l).Text }

// Lines are what was done and what came of it, as words with what stands for them.
func (d Drill) Lines(l lang.Lang) [][2]string {
	out := [][2]string(d.facts(l))
	if d.Outcome == account.DrillWhole || d.Outcome == account.DrillFailed {
		out = append(out, d.results(l)...)
	}
	return out
}

// facts are what was done.
func (d Drill) facts(l lang.Lang) document.Pairs {
	var out document.Pairs
	add := func(key, value string) {
		if value != "" {
			out = append(out, [2]string{l.Text(key), value})
		}
	}
	add("register.firm-name", d.Firm)
	add("web.rehearsal-drill", d.number(l))
	add("web.rehearsal-medium", d.Label+" ("+d.Medium.String()+")")
	add("web.rehearsal-set", d.Set)
	add("web.rehearsal-place", d.Place)
	add("web.rehearsal-state", l.Text("web.rehearsal-state-of", d.State, stamp(d.Of)))
	add("web.rehearsal-begun", stamp(d.Begun))
	if d.Ended.IsZero() {
		add("web.rehearsal-ended", l.Text("web.rehearsal-no-end"))
	} else {
		add("web.rehearsal-ended", stamp(d.Ended))
	}
	add("web.rehearsal-by", d.By)
	if d.Keys == account.DrillPapers {
		add("web.rehearsal-keys", l.Text("web.rehearsal-papers", d.Card, d.Papers))
	} else {
		add("web.rehearsal-keys", l.Text("web.rehearsal-keeper"))
	}
	if d.All {
		add("web.rehearsal-chosen", l.Text("web.rehearsal-all"))
	} else {
		add("web.rehearsal-chosen", l.Text("web.rehearsal-sample", d.Asked, strconv.FormatUint(d.Seed, 10)))
	}
	if d.Kept {
		add("web.rehearsal-content", l.Text("web.rehearsal-kept"))
	} else {
		add("web.rehearsal-content", l.Text("web.rehearsal-hashed"))
	}
	return out
}

// results are what came of it.
func (d Drill) results(l lang.Lang) document.Pairs {
	n := func(x int64) string { return lang.Grouped(x) }
	out := document.Pairs{
		{l.Text("web.rehearsal-holds"), l.Text("web.rehearsal-holds-text", n(d.Versions), amount(d.Bytes), d.OfShares)},
		{l.Text("web.rehearsal-tried"), l.Text("web.rehearsal-tried-text", n(int64(d.Tried)), n(int64(d.Whole)), n(int64(d.Tried-d.Whole)), amount(d.Read))},
	}
	if d.Why != "" && lang.Has(d.Why) {
		out = append(out, [2]string{l.Text("web.rehearsal-why"), l.Text(d.Why)})
	}
	if d.Text != "" {
		out = append(out, [2]string{l.Text("web.rehearsal-said"), d.Text})
	}
	if d.Gone > 0 {
		out = append(out, [2]string{l.Text("web.rehearsal-gone"), l.Text("web.rehearsal-gone-text", n(int64(d.Gone)))})
	}
	if d.First > 0 {
		out = append(out, [2]string{l.Text("web.rehearsal-first"), span(l, d.First)}, [2]string{l.Text("web.rehearsal-took"), span(l, d.Ready+d.Reading)},
			[2]string{l.Text("web.rehearsal-pace"), fmt.Sprintf("%.1f MB/s", float64(d.Read)/1e6/max(d.Reading.Duration().Seconds(), 0.001))})
	}
	if d.Estimate > 0 && int64(d.Tried) < d.Versions {
		out = append(out, [2]string{l.Text("web.rehearsal-estimate"), l.Text("web.rehearsal-estimate-text", span(l, d.Estimate))})
	}
	return out
}

func (d Drill) failures(l lang.Lang) document.Table {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.rehearsal-file"), Width: 40}, {Title: l.Text("web.rehearsal-saved"), Width: 14}, {Title: l.Text("web.rehearsal-wrong"), Width: 46}}}
	for _, f := range d.Failures {
		saved, version := "–", ""
		if !f.Saved.IsZero() {
			saved = f.Saved.Local().Format("2006-01-02 15:04 -07:00")
		}
		if !f.Version.IsZero() {
			version = f.Version.String() + ", " + amount(f.Size)
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: f.Path, Small: version}, {Text: saved}, {Text: l.Text("drill-failure." + f.Reason), Small: l.Text("drill-remedy." + f.Reason), Tone: document.Bad}})
	}
	return t
}

func (d Drill) covered(l lang.Lang) document.Table {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.rehearsal-object"), Width: 40}, {Title: l.Text("web.rehearsal-wrong"), Width: 60}}}
	for _, name := range d.Covered {
		t.Rows = append(t.Rows, []document.Cell{{Text: name}, {Text: l.Text("medium-flaw.covered"), Tone: document.Bad}})
	}
	return t
}

func (d Drill) shares(l lang.Lang) document.Table {
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.rehearsal-share"), Width: 40}, {Title: l.Text("web.rehearsal-versions"), Width: 12, Right: true}, {Title: l.Text("web.rehearsal-tried"), Width: 12, Right: true},
		{Title: l.Text("web.rehearsal-good"), Width: 12, Right: true}, {Title: l.Text("web.rehearsal-note"), Width: 30}}}
	for _, s := range d.Shares {
		note := document.Cell{Tone: document.Bad}
		switch {
		case s.Problem != "":
			note.Text = l.Text("drill-share." + s.Problem)
		case s.Lost > 0:
			note.Text = l.Text("web.rehearsal-lost", lang.Grouped(s.Lost))
		case s.Damaged > 0:
			note.Text = l.Text("web.rehearsal-damaged", s.Damaged)
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: s.Name}, {Text: lang.Grouped(s.Versions)}, {Text: strconv.Itoa(s.Tried)}, {Text: strconv.Itoa(s.Whole)}, note})
	}
	return t
}

// untried says what a drill shows nothing of.
func (d Drill) untried(l lang.Lang) (out document.List) {
	if d.Outcome != account.DrillWhole && d.Outcome != account.DrillFailed {
		out = append(out, l.Text("web.rehearsal-not-any"))
	} else if rest := d.Versions - int64(d.Tried); rest > 0 {
		out = append(out, l.Text("web.rehearsal-not-read", lang.Grouped(rest), lang.Grouped(d.Versions)))
	}
	if d.Keys == account.DrillKeeper {
		out = append(out, l.Text("web.rehearsal-not-papers"))
	}
	for _, key := range []string{"web.rehearsal-not-later", "web.rehearsal-not-others", "web.rehearsal-not-people"} {
		out = append(out, l.Text(key))
	}
	return out
}

// stamp is a time with its zone.
func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 -07:00") }

// span is a length of time in words.
func span(l lang.Lang, m account.Millis) string {
	switch t := m.Duration(); {
	case t < time.Minute:
		return l.Text("web.rehearsal-seconds", t.Seconds())
	case t < 2*time.Hour:
		return l.Text("web.rehearsal-minutes", t.Minutes())
	default:
		return l.Text("web.rehearsal-hours", t.Hours())
	}
}

// amount is a size as people read it.
func amount(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n < 1e12:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.2f TB", float64(n)/1e12)
}
