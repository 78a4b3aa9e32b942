package receipt

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// HTML returns the receipt as a page that needs nothing else.
func (r *Receipt) HTML(l lang.Lang) ([]byte, error) { return r.document(l).HTML() }

// PDF returns the receipt as PDF, with a font by the name of its file, or one that the machine has.
func (r *Receipt) PDF(l lang.Lang, font string) ([]byte, error) {
	b, err := r.document(l).PDF(font, r.Made)
	if errors.Is(err, document.ErrNoFont) {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "write PDF", Hint: "hint.font"}
	}
	if err != nil {
		return nil, problem.New(problem.Internal, "write PDF", font, err)
	}
	return b, nil
}

// stamp is a time in the zone of the month's beginning.
func (r *Receipt) stamp(t time.Time) string {
	return t.In(r.From.Location()).Format("2006-01-02 15:04 -07:00")
}

// copies says how many media there are.
func (r *Receipt) copies(l lang.Lang) string {
	if r.Copies == 0 {
		return l.Text("web.receipt-no-copies")
	}
	return l.Text("web.receipt-some-copies", r.Copies)
}

// removals says what was removed by the rule of the share, and how many media may still have it, and what of it stays; "" if nothing was.
func (r *Receipt) removals(l lang.Lang) string {
	var out []string
	for _, m := range r.Removals {
		out = append(out, l.Text("web.receipt-removal", r.stamp(m.At), m.Number, m.Versions))
	}
	if r.Holding > 0 {
		out = append(out, l.Text("web.receipt-holding", r.Holding))
	}
	if len(out) > 0 {
		out = append(out, l.Text("web.retention-names"))
	}
	return strings.Join(out, "\n")
}

// erasure says whether the share was erased.
func (r *Receipt) erasure(l lang.Lang) string {
	if !r.Erased {
		return l.Text("web.receipt-no-erasure")
	}
	return l.Text("web.receipt-erased", r.stamp(r.ErasedAt), r.Number)
}

// document is the receipt, part by part.
func (r *Receipt) document(l lang.Lang) *document.Document {
	d := &document.Document{Lang: l.String(), Title: l.Text("web.receipt-title", r.Month), Missing: l.Text("web.drill-missing"),
		Footer: l.Text("web.receipt-footer", r.Share, r.Month, r.stamp(r.Made))}
	d.Blocks = append(d.Blocks, document.Paragraph{Text: l.Text("web.receipt-about")}, r.facts(l))
	if r.Cut || r.Unread > 0 {
		d.Blocks = append(d.Blocks, document.Paragraph{Text: l.Text("web.receipt-gaps", r.Unread), Tone: document.Bad})
	}
	if r.School != "" {
		d.Blocks = append(d.Blocks, document.Paragraph{Text: l.Text("web.receipt-shared", r.School, r.Shared)})
	}
	d.Blocks = append(d.Blocks, document.Heading{Text: l.Text("web.receipt-readings")}, document.Paragraph{Text: l.Text("web.receipt-readings-about")}, r.table(l, r.Readings, true),
		document.Heading{Text: l.Text("web.receipt-saves")}, r.table(l, slices.Concat(r.Saves, r.Changes), false),
		document.Heading{Text: l.Text("web.receipt-refused")}, r.table(l, r.Refused, false),
		document.Heading{Text: l.Text("web.receipt-who")}, document.Pairs{{l.Text("web.receipt-readers"), byRole(l, r.Readers)}, {l.Text("web.receipt-writers"), byRole(l, r.Writers)}},
		document.Heading{Text: l.Text("web.receipt-events")}, r.happened(l),
		document.Heading{Text: l.Text("web.receipt-kept")}, r.kept(l),
		document.Heading{Text: l.Text("web.receipt-ledger")}, document.Pairs{
			{l.Text("web.receipt-origin"), r.Origin}, {l.Text("web.receipt-size"), number(r.Size)}, {l.Text("web.receipt-entries"), number(int64(len(r.Entries)))},
			{l.Text("web.receipt-silence"), l.Text("web.receipt-seconds", int64(r.Silence+0.5))}, {l.Text("web.receipt-key"), r.PublicKey}},
		document.Heading{Text: l.Text("web.receipt-limits")}, document.List(strings.Split(l.Text("web.receipt-limits-text"), "\n")))
	return d
}

// kept says until when things are kept, where else they are, and what is gone.
func (r *Receipt) kept(l lang.Lang) document.Pairs {
	out := document.Pairs{{l.Text("register.retention"), cmp.Or(r.Retention, l.Text("web.receipt-unwritten"))}, {l.Text("web.receipt-copies"), r.copies(l)}}
	if gone := r.removals(l); gone != "" {
		out = append(out, [2]string{l.Text("web.receipt-removals"), gone})
	}
	return append(out, [2]string{l.Text("web.receipt-erasure"), r.erasure(l)})
}

func (r *Receipt) facts(l lang.Lang) document.Pairs {
	out := document.Pairs{}
	for _, f := range [][2]string{{"web.receipt-from", r.Firm}, {"register.client", r.Client}, {"register.share", r.Share}, {"register.school", r.School}, {"register.data", strings.Join(r.Data, comma(l))},
		{"register.purpose", r.Purpose}, {"web.receipt-time", r.stamp(r.From) + " – " + r.stamp(r.To)}} {
		if f[1] != "" {
			out = append(out, [2]string{l.Text(f[0]), f[1]})
		}
	}
	return out
}

// table lists counts, with their sum.
func (r *Receipt) table(l lang.Lang, list []Count, purposes bool) document.Block {
	if len(list) == 0 {
		return document.Paragraph{Text: l.Text("web.receipt-none")}
	}
	t := document.Table{Columns: []document.Column{{Title: l.Text("web.receipt-role"), Width: 3}}}
	if purposes {
		t.Columns = append(t.Columns, document.Column{Title: l.Text("web.receipt-purpose"), Width: 3})
	}
	t.Columns = append(t.Columns, document.Column{Title: l.Text("web.receipt-times"), Width: 2, Right: true}, document.Column{Title: l.Text("web.receipt-files"), Width: 2, Right: true})
	sum := Count{}
	row := func(role, purpose string, c Count) {
		cells := []document.Cell{{Text: role}}
		if purposes {
			cells = append(cells, document.Cell{Text: purpose})
		}
		t.Rows = append(t.Rows, append(cells, document.Cell{Text: number(int64(c.Times))}, document.Cell{Text: number(int64(c.Files))}))
	}
	for _, c := range list {
		row(Role(l, c.Role), named(l, "purpose", c.Purpose), c)
		sum.Times, sum.Files = sum.Times+c.Times, sum.Files+c.Files
	}
	row(l.Text("web.receipt-sum"), "", sum)
	return t
}

// Role is a role in a reader's words.
func Role(l lang.Lang, role string) string {
	switch role {
	case "":
		return l.Text("web.receipt-role-unknown")
	case "console":
		return l.Text("web.receipt-role-console")
	}
	return named(l, "role", role)
}

// comma stands between words of a list.
func comma(l lang.Lang) string {
	if l == lang.Japanese {
		return "、"
	}
	return ", "
}

func named(l lang.Lang, family, word string) string {
	if key := family + "." + word; lang.Has(key) {
		return l.Text(key)
	}
	return word
}

func byRole(l lang.Lang, m map[string]int) string {
	var out []string
	for _, role := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Role(l, role)+" "+number(int64(m[role])))
	}
	return cmp.Or(strings.Join(out, comma(l)), "0")
}

// happened tells of freezes and cases.
func (r *Receipt) happened(l lang.Lang) document.Block {
	var out document.List
	for _, t := range r.Freezes {
		out = append(out, l.Text("web.receipt-freeze", r.stamp(t)))
	}
	for _, c := range r.Cases {
		ended := l.Text("web.case-running")
		if !c.Closed.IsZero() {
			ended = l.Text("web.case-ended") + " " + r.stamp(c.Closed)
		}
		out = append(out, l.Text("web.receipt-case", c.ID, r.stamp(c.Opened), ended))
	}
	if len(out) == 0 {
		return document.Paragraph{Text: l.Text("web.receipt-no-events")}
	}
	return out
}

// number writes a number with a comma before each three digits.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
