// Package deadline says what must be told to whom by when after personal data may have got out, in Japan. The rules are data with dates and sources
// (rules.json, holidays.json), not constants: the law moves. Where a rule can be read in two ways, or something is not known yet, it takes the earlier day.
// It reads no clock and knows no case: who calls it says when somebody in the firm knew, and what is known.
package deadline

import (
	"fmt"
	"slices"
	"time"
)

// Gap is the error for a day that the data do not cover. Nobody may guess a deadline then.
type Gap struct {
	Of      string `json:"of,omitempty"` // a duty, a party, or nothing for all
	Day     Day    `json:"day"`
	From    Day    `json:"from,omitzero"` // what is covered
	Through Day    `json:"through,omitzero"`
}

// Error names the gap.
func (g *Gap) Error() string {
	of := "rules"
	if g.Of != "" {
		of = "rule " + g.Of
	}
	if g.From == 0 {
		return fmt.Sprintf("no %s for %s: the data have a gap there", of, g.Day)
	}
	return fmt.Sprintf("no %s for %s: the data cover %s to %s", of, g.Day, g.From, g.Through)
}

// Rules are those that hold for one day of knowing.
type Rules struct {
	Known   Day  // the legal day on which somebody knew
	Checked Day  // when the data were last compared with the law: to be shown with every deadline
	Pending Text // what is about to change, as far as it was known then
	of      *book
}

// At returns the rules for what was known at a moment: the first at which any department of the firm knew. A day that the data do not
// cover is a *Gap. Where the number of persons passes the threshold later, and nothing else applies, that moment is the one of knowing.
func At(known time.Time) (*Rules, error) {
	b, err := embedded()
	if err != nil {
		return nil, err
	}
	return b.at(DayOf(known))
}

func (b *book) at(known Day) (*Rules, error) {
	if !holds(b.From, b.Through, known) {
		return nil, &Gap{Day: known, From: b.From, Through: b.Through}
	}
	return &Rules{known, b.Checked, b.Pending, b}, nil
}

// List returns the rules that hold on the day of knowing, for whomever.
func (r *Rules) List() (out []Rule) {
	for _, rule := range r.of.Rules {
		if holds(rule.From, rule.Through, r.Known) {
			out = append(out, rule)
		}
	}
	return out
}

// Assess says which categories apply, to each part in which the party of these facts owes something.
func (r *Rules) Assess(f Facts) (out []Assessment, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	for _, p := range f.parties() {
		i := slices.IndexFunc(r.of.Parties, func(t Threshold) bool { return t.Party == p && holds(t.From, t.Through, r.Known) })
		if i < 0 {
			var covered [][2]Day
			for _, t := range r.of.Parties {
				if t.Party == p {
					covered = append(covered, [2]Day{t.From, t.Through})
				}
			}
			return nil, r.of.gap(string(p), r.Known, covered)
		}
		out = append(out, assess(&f, &r.of.Parties[i]))
	}
	return out, nil
}

// gap says what the data cover of a duty or a party.
func (b *book) gap(of string, day Day, covered [][2]Day) *Gap {
	g := &Gap{Of: of, Day: day}
	for _, c := range covered {
		from, through := c[0], c[1]
		if through == 0 {
			through = b.Through
		}
		if g.From == 0 || from < g.From {
			g.From = from
		}
		g.Through = max(g.Through, through)
	}
	if holds(g.From, g.Through, day) { // between two stretches
		g.From, g.Through = 0, 0
	}
	return g
}

// For returns what a party must tell, the earliest first and what has no number of days at the end. It is empty where nothing of these
// facts must be told, which the law leaves to be told of one's own will.
func (r *Rules) For(f Facts) (out []Deadline, err error) {
	all, err := r.Assess(f)
	if err != nil {
		return nil, err
	}
	for i := range all {
		a := &all[i]
		if a.nothing() {
			continue
		}
		duties, err := r.duties(a.Party)
		if err != nil {
			return nil, err
		}
		for _, rule := range duties {
			if d, ok := r.apply(rule, a); ok {
				out = append(out, d)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Deadline) int {
		switch {
		case (a.Due == 0) != (b.Due == 0):
			return int(b.Due - a.Due)
		default:
			return int(a.Due - b.Due)
		}
	})
	return out, nil
}

// duties returns a party's rules that hold on the day of knowing. A duty of which the data know nothing for that day is a *Gap: to leave it
// out would say that nothing is due.
func (r *Rules) duties(p Party) (out []Rule, err error) {
	covered := make(map[string][][2]Day)
	for _, rule := range r.of.Rules {
		if rule.Party == p {
			covered[rule.ID] = append(covered[rule.ID], [2]Day{rule.From, rule.Through})
		}
	}
	for _, rule := range r.List() {
		if rule.Party == p {
			out = append(out, rule)
			delete(covered, rule.ID)
		}
	}
	for _, rule := range r.of.Rules { // in their order, so that the same one is named each time
		if c, missing := covered[rule.ID]; missing {
			return nil, r.of.gap(rule.ID, r.Known, c)
		}
	}
	return out, nil
}

// Deadline is one thing that must be told.
type Deadline struct {
	Rule      Rule       `json:"rule"`
	Start     Day        `json:"start"`               // the day of knowing
	Warn      Day        `json:"warn,omitzero"`       // the day from which to warn
	Counted   Day        `json:"counted,omitzero"`    // the last day as counted
	Due       Day        `json:"due,omitzero"`        // the last day: the counted one, or the next on which offices are open; none: without delay
	Moved     []Closed   `json:"moved,omitempty"`     // the closed days for which it was moved
	Unchecked int        `json:"unchecked,omitempty"` // the year that the table of holidays lacks: the day was not moved, though it may have to be
	Because   []Category `json:"because,omitempty"`   // the categories that certainly apply
	Undecided []Category `json:"undecided,omitempty"`
}

// Assumed says that nothing certainly asks for it: it is due because something is undecided.
func (d *Deadline) Assumed() bool { return len(d.Rule.Categories) > 0 && len(d.Because) == 0 }

// apply says what a rule asks for. The longer time is only for what is certain, the shorter one for everything else.
func (r *Rules) apply(rule Rule, a *Assessment) (d Deadline, ok bool) {
	d = Deadline{Rule: rule, Start: r.Known}
	for c := Sensitive; c <= Many; c++ {
		asked := slices.Contains(rule.Categories, c)
		switch {
		case a.Of(c) == Yes && c == rule.Without, a.Of(c) != Yes && c == rule.With:
			return Deadline{}, false
		case a.Of(c) == Yes && asked:
			d.Because = append(d.Because, c)
		case a.Of(c) == Undecided && (asked || c == rule.Without):
			d.Undecided = append(d.Undecided, c)
		}
	}
	if len(rule.Categories) > 0 && len(d.Because)+len(d.Undecided) == 0 {
		return Deadline{}, false
	}
	if rule.Last == 0 {
		return d, true
	}
	at := func(number int) Day { return r.Known + Day(number-rule.First) }
	d.Warn, d.Counted, d.Due = at(rule.Warn), at(rule.Last), at(rule.Last)
	if rule.Roll {
		d.Due, d.Moved, d.Unchecked = r.of.roll(d.Counted)
	}
	return d, true
}
