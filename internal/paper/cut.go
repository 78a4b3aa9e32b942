package paper

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/whose"
)

// first is when a suspect acted for the first time.
func (f *Facts) first() (t time.Time) {
	for _, x := range f.Case.Suspects {
		if !x.From.IsZero() && (t.IsZero() || x.From.Before(t)) {
			t = x.From
		}
	}
	return t
}

// Marks around a name of a client: its number, and after a colon how it was written. Unicode keeps them for use within a program.
const (
	clientOpens  = '\uFDD4'
	clientCloses = '\uFDD5'
)

// cutter takes from the facts what one client may see. Free texts may name other clients: they are gone through once for all. Names are compared
// as people write them: 第１小学校 is 第1小学校, and ST. MARY SCHOOL is St. Mary School.
type cutter struct {
	f      *Facts         // whose texts have marks around names
	names  []string       // folded
	begin  map[byte][]int // names by their first bytes, the longest first
	client []Client
}

func newCutter(f *Facts) *cutter {
	c := &cutter{client: f.Clients}
	var known []string
	add := func(name string) {
		if name = whose.Text(name); telling(name) && name != whose.Text(f.Firm.Name) {
			known = append(known, name)
		}
	}
	for i := range f.Clients {
		add(f.Clients[i].Name)
		add(f.Clients[i].School)
		for _, r := range f.Clients[i].Exposure.Rows {
			add(r.School)
		}
		for _, h := range f.Clients[i].Shares {
			add(h.Name)
		}
	}
	slices.SortFunc(known, func(a, b string) int { // the longest first: 城東小学校 is not 東小学校
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	c.names = slices.Compact(known)
	c.begin = make(map[byte][]int)
	for i, n := range c.names {
		c.begin[n[0]] = append(c.begin[n[0]], i)
	}
	c.f = f.changed(c.mark)
	return c
}

// telling reports whether a folded text can be told for a name: single letters and numbers stand in every text.
func telling(name string) bool {
	return utf8.RuneCountInString(name) > 1 && strings.Trim(name, "0123456789-/.") != ""
}

// folded is a text in the form in which names are compared, with the place in the text of each byte.
type folded struct {
	text     string
	from, to []int // of the letter as it was written that the byte comes from
}

func fold(s string) folded {
	var b strings.Builder
	var f folded
	for at := 0; at < len(s); {
		n := max(norm.NFKC.NextBoundaryInString(s[at:], true), 1) // a letter with its marks: ｶ and ﾞ are one
		t := whose.Text(s[at : at+n])
		b.WriteString(t)
		for range len(t) {
			f.from, f.to = append(f.from, at), append(f.to, at+n)
		}
		at += n
	}
	f.text = b.String()
	return f
}

// mark puts marks around names.
func (c *cutter) mark(s string) string {
	s = strings.Map(unmarked, s)
	var b strings.Builder
	f, done := fold(s), 0
	for at := 0; at < len(f.text); at++ {
		if f.from[at] < done {
			continue
		}
		for _, i := range c.begin[f.text[at]] {
			if !strings.HasPrefix(f.text[at:], c.names[i]) {
				continue
			}
			from, to := f.from[at], f.to[at+len(c.names[i])-1]
			if goesOn(s[:from], s[from:]) || goesOn(s[:to], s[to:]) {
				continue
			}
			b.WriteString(s[done:from] + string(clientOpens) + strconv.Itoa(i) + ":" + s[from:to] + string(clientCloses))
			done = to
			break
		}
	}
	return b.String() + s[done:]
}

// goesOn reports whether a text is cut within a word: sato is not in satomi.
func goesOn(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return word(last) && word(next)
}

func word(r rune) bool {
	if r >= '！' && r <= '～' { // the wide forms
		r -= '！' - '!'
	}
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func unmarked(r rune) rune {
	if r == clientOpens || r == clientCloses {
		return -1
	}
	return r
}

// changed returns the facts without clients, each free text of them changed.
func (f *Facts) changed(change func(string) string) *Facts {
	out := *f
	text := func(t Text) Text { return Text{JA: change(t.JA), EN: change(t.EN)} }
	out.Clients, out.Loose, out.Total, out.Assessments, out.First, out.Reader = nil, nil, Sums{}, nil, nil, nil
	out.Case.Suspects, out.Case.Knowing, out.Lines, out.Gaps, out.Edits = nil, nil, nil, nil, nil
	for _, x := range f.Case.Suspects { // when, and nothing that belongs to the house
		out.Case.Suspects = append(out.Case.Suspects, Suspect{From: x.From, To: x.To, Stopped: x.Stopped})
	}
	for _, k := range f.Case.Knowing {
		k.Department, k.Person, k.How = change(k.Department), "", change(k.How)
		out.Case.Knowing = append(out.Case.Knowing, k)
	}
	for _, l := range f.Lines {
		l.What, l.Source = text(l.What), text(l.Source)
		out.Lines = append(out.Lines, l)
	}
	for _, g := range f.Gaps {
		g.What = text(g.What)
		out.Gaps = append(out.Gaps, g)
	}
	for _, e := range f.Edits {
		e.Text, e.Was = change(e.Text), change(e.Was)
		out.Edits = append(out.Edits, e)
	}
	out.Answers = make(map[string]Answer, len(f.Answers))
	for k, a := range f.Answers {
		a.Text = change(a.Text)
		out.Answers[k] = a
	}
	return &out
}

// cut returns what client i may see.
func (c *cutter) cut(i int) *Facts {
	me := &c.client[i]
	mine := map[string]bool{whose.Text(me.Name): true, whose.Text(me.School): true}
	for _, r := range me.Exposure.Rows {
		mine[whose.Text(r.School)] = true
	}
	for _, h := range me.Shares {
		key := whose.Text(h.Name)
		mine[key] = mine[key] || !h.Telling
	}
	out := c.f.changed(func(s string) string { return c.back(s, mine) })
	out.Lines = slices.DeleteFunc(out.Lines, func(l Line) bool { return l.All || l.Client != "" && l.Client != me.Key })
	out.Edits = slices.DeleteFunc(out.Edits, func(e Edit) bool { return e.Client != "" && e.Client != me.Key })
	out.Clients, out.Total = []Client{*me}, me.Sums
	return out
}

// back takes the marks away again: around the client's own names; every other has a word in its place.
func (c *cutter) back(s string, mine map[string]bool) string {
	if !strings.ContainsRune(s, clientOpens) {
		return s
	}
	var b strings.Builder
	for s != "" {
		before, rest, ok := strings.Cut(s, string(clientOpens))
		b.WriteString(before)
		if !ok {
			break
		}
		name, after, _ := strings.Cut(rest, string(clientCloses))
		number, written, _ := strings.Cut(name, ":")
		if n, err := strconv.Atoi(number); err == nil && n < len(c.names) && mine[c.names[n]] {
			b.WriteString(written)
		} else {
			b.WriteString("（他の委託元）")
		}
		s = after
	}
	return b.String()
}

// within returns the facts that a kind of paper may use: of one client for its own papers, and of none where it is not cut to one.
func (f *Facts) within(k Kind) *Facts {
	if k != ClientNotice && k != PersonNotice || len(f.Clients) == 1 {
		return f
	}
	out := *f
	out.Clients, out.Loose, out.Total = nil, nil, Sums{}
	out.Lines = slices.DeleteFunc(slices.Clone(f.Lines), func(l Line) bool { return l.All || l.Client != "" })
	out.Edits = slices.DeleteFunc(slices.Clone(f.Edits), func(e Edit) bool { return e.Client != "" })
	return &out
}

// For returns the facts that the client of a number may see: its own, and of the house what concerns everybody. Texts that name another
// client, one of its schools or one of its stores have a word in its place.
func (f *Facts) For(i int) *Facts { return newCutter(f).cut(i) }
