package paper

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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

// Marks around the number of a client, in the place of its name. Unicode keeps them for use within a program.
const (
	clientOpens  = '\uFDD4'
	clientCloses = '\uFDD5'
)

// cutter takes from the facts what one client may see. Free texts may name other clients: they are gone through once for all.
type cutter struct {
	f      *Facts // whose texts have marks in the place of names
	names  []string
	begin  map[rune][]int // names by their first letters, the longest first
	client []Client
}

func newCutter(f *Facts) *cutter {
	c := &cutter{client: f.Clients}
	var known []string
	add := func(name string) {
		if telling(name) && name != f.Firm.Name {
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
	c.begin = make(map[rune][]int)
	for i, n := range c.names {
		r, _ := utf8.DecodeRuneInString(n)
		c.begin[r] = append(c.begin[r], i)
	}
	c.f = f.changed(c.mark)
	return c
}

// telling reports whether a text can be told for a name: single letters and numbers stand in every text.
func telling(name string) bool {
	return utf8.RuneCountInString(name) > 1 && strings.Trim(name, "0123456789０１２３４５６７８９-/. ") != ""
}

// mark puts marks in the place of names.
func (c *cutter) mark(s string) string {
	s = strings.Map(unmarked, s)
	var b strings.Builder
	last := rune(0)
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		for _, i := range c.begin[r] {
			n := c.names[i]
			if rest, ok := strings.CutPrefix(s, n); ok && !(word(last) && word(r)) && !(startsWord(rest) && word(rune(n[len(n)-1]))) {
				b.WriteString(string(clientOpens) + strconv.Itoa(i) + string(clientCloses))
				s, size, last = rest, 0, 0
				break
			}
		}
		if size > 0 {
			b.WriteString(s[:size])
			s, last = s[size:], r
		}
	}
	return b.String()
}

// word reports whether a letter goes on as a word does: sato is not in satomi.
func word(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func startsWord(s string) bool { return s != "" && word(rune(s[0])) }

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
	mine := map[string]bool{me.Name: true, me.School: true}
	for _, r := range me.Exposure.Rows {
		mine[r.School] = true
	}
	for _, h := range me.Shares {
		mine[h.Name] = mine[h.Name] || !h.Telling
	}
	out := c.f.changed(func(s string) string { return c.back(s, mine) })
	out.Lines = slices.DeleteFunc(out.Lines, func(l Line) bool { return l.All || l.Client != "" && l.Client != me.Key })
	out.Edits = slices.DeleteFunc(out.Edits, func(e Edit) bool { return e.Client != "" && e.Client != me.Key })
	out.Clients, out.Total = []Client{*me}, me.Sums
	return out
}

// back puts names where their marks are: the client's own, and a word for every other.
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
		number, after, _ := strings.Cut(rest, string(clientCloses))
		if n, err := strconv.Atoi(number); err == nil && n < len(c.names) && mine[c.names[n]] {
			b.WriteString(c.names[n])
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
