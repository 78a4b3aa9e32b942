package api

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/lang"
)

// The types of deadlines.
type (
	Due      = cases.Due
	DueBy    = cases.DueBy
	LegalDay = deadline.Day
	DayCount = deadline.Count
	DueText  = deadline.Text
)

// DeadlineDesk counts the days of cases.
type DeadlineDesk interface {
	Deadlines(ctx context.Context, s account.Session, n string) (*cases.Due, error)
}

func (h *handler) deadlines(w http.ResponseWriter, r *http.Request, s account.Session) error {
	d, err := h.Desk.Deadlines(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, d)
}

func (h *handler) calendar(w http.ResponseWriter, r *http.Request, s account.Session) error {
	d, err := h.Desk.Deadlines(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	house := "house"
	if h.House != nil {
		house = h.House()
	}
	c := h.calendarOf(d, lang.Pick(r.Header.Get("Accept-Language")), house)
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/calendar; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "deadlines-" + d.Case + ".ics"}))
	_, err = w.Write(b.Bytes())
	return err
}

// calendarOf puts the deadlines that have a day into a calendar. An entry keeps its identity, so that one that is taken in again moves.
func (h *handler) calendarOf(d *Due, l lang.Lang, house string) *deadline.Calendar {
	now := h.Now()
	c := &deadline.Calendar{Product: "-//Azekura//deadlines//" + strings.ToUpper(l.String()), Name: l.Text("web.deadlines-of", d.Case), Stamp: now}
	for i := range d.Deadlines {
		x := &d.Deadlines[i]
		e, ok := x.Event(d.Case, house)
		if !ok {
			continue
		}
		e.Sequence = int(now.Unix() / 60)
		e.Cancelled = !x.Done.IsZero()
		e.Summary = l.Text("say.due-event", d.Case, InWords(l, x.Rule.Title))
		about := []string{l.Text("say.due-event-about", d.Case, DayName(l, d.Start), int(x.Due-d.Start)+x.Rule.First)}
		about = append(about, DueNotes(l, x)...)
		e.Description = strings.Join(about, "\n")
		if h.Page != nil {
			e.URL = h.Page("/cases/" + d.Case + "/deadlines")
		}
		c.Events = append(c.Events, e)
	}
	return c
}

// InWords says a text of the rules in a language.
func InWords(l lang.Lang, t DueText) string {
	if l == lang.Japanese {
		return t.JA
	}
	return t.EN
}

// DayName writes a day with its weekday.
func DayName(l lang.Lang, d LegalDay) string {
	if d == 0 {
		return ""
	}
	week := strings.Fields(l.Text("web.due-weekdays"))[d.Weekday()]
	if l == lang.Japanese {
		return d.String() + "（" + week + "）"
	}
	return d.String() + " (" + week + ")"
}

// DueLeft says how much time is left.
func DueLeft(l lang.Lang, x *DueBy) string {
	c := x.Count
	switch {
	case !x.Done.IsZero():
		return l.Text("web.due-done")
	case c.State == deadline.Ahead:
		return l.Text("web.due-ahead")
	case c.State == deadline.Undated:
		return l.Text("web.due-without-delay-short")
	case c.Late > 0:
		return l.Text("web.due-late", c.Late)
	case c.Left == 0:
		return l.Text("web.due-today")
	case c.Left == 1:
		return l.Text("web.due-left-one")
	}
	return l.Text("web.due-left", c.Left)
}

// DueDay says which day it is.
func DueDay(l lang.Lang, c DayCount) string {
	if c.Of == 0 {
		return l.Text("web.due-day", c.Day)
	}
	return l.Text("web.due-day-of", c.Day, c.Of)
}

// closedFor are the words for why offices are closed.
var closedFor = map[deadline.Reason]string{deadline.Weekend: "web.due-why-weekend", deadline.Holiday: "web.due-why-holiday", deadline.YearEnd: "web.due-why-year-end"}

// categories are the words for the four categories, in the order of their numbers.
var categories = [4]string{"web.due-category-1", "web.due-category-2", "web.due-category-3", "web.due-category-4"}

// Comma stands between words of a list.
func Comma(l lang.Lang) string {
	if l == lang.Japanese {
		return "、"
	}
	return ", "
}

// DueNotes are what must be known beside the day: why it was moved, what it hangs on, what nobody has checked.
func DueNotes(l lang.Lang, x *DueBy) (out []string) {
	if !x.Done.IsZero() {
		out = append(out, l.Text("web.due-done-by", DayName(l, deadline.DayOf(x.Done)), x.DoneBy))
	}
	if m := x.Muted; m != nil {
		out = append(out, l.Text("web.due-muted-by", DayName(l, deadline.DayOf(m.At)), m.By, m.Value))
	}
	if len(x.Moved) > 0 {
		var why []string
		for _, m := range x.Moved {
			name := InWords(l, m.Name)
			if name == "" {
				name = l.Text(closedFor[m.Why])
			}
			why = append(why, DayName(l, m.Day)+" "+name)
		}
		out = append(out, l.Text("web.due-moved", DayName(l, x.Counted))+" "+strings.Join(why, Comma(l)))
	}
	if x.Unchecked != 0 {
		out = append(out, l.Text("web.due-unchecked", x.Unchecked))
	}
	if x.Assumed() {
		out = append(out, l.Text("web.due-assumed-about"))
	}
	for _, c := range []struct {
		key  string
		list []deadline.Category
	}{{"web.due-because", x.Because}, {"web.due-undecided", x.Undecided}} {
		var names []string
		for _, n := range c.list {
			names = append(names, l.Text(categories[n-1]))
		}
		if len(names) > 0 {
			out = append(out, l.Text(c.key, strings.Join(names, Comma(l))))
		}
	}
	if n := InWords(l, x.Rule.Note); n != "" {
		out = append(out, n)
	}
	if u := InWords(l, x.Rule.Unverified); u != "" {
		out = append(out, l.Text("web.due-unverified", u))
	}
	return out
}

// DueToPublic are the days of clients that are public bodies, a line each: from when they are counted, until when, and what is to be asked of whom.
func DueToPublic(l lang.Lang, d *Due) (out []string) {
	if len(d.ToPublic) == 0 {
		return nil
	}
	if d.Told != nil {
		out = append(out, l.Text("web.due-public-told", DayName(l, *d.Told)))
	} else {
		out = append(out, l.Text("web.due-public-if", DayName(l, d.Today)))
	}
	var unsure []string
	for i := range d.ToPublic {
		x := &d.ToPublic[i]
		until := l.Text("web.due-without-delay")
		if x.Due != 0 {
			until = l.Text("web.due-last", DayName(l, x.Due))
		}
		out = append(out, InWords(l, x.Rule.Title)+"  "+until)
		if u := InWords(l, x.Rule.Unverified); u != "" && !slices.Contains(unsure, u) {
			unsure = append(unsure, u)
		}
	}
	if len(unsure) > 0 {
		out = append(out, l.Text("web.due-public-ask", strings.Join(unsure, Comma(l))))
	}
	return out
}

// DuePersons says how many persons were counted.
func DuePersons(l lang.Lang, d *Due) string {
	p := d.Facts.Persons
	key := "web.due-persons-least"
	switch {
	case d.CountedAt.IsZero():
		return l.Text("web.due-persons-none")
	case p.Counted:
		key = "web.due-persons-counted"
	}
	return l.Text(key, p.Confirmed, p.Possible, p.Encrypted, d.CountedAt.Local().Format("15:04 -0700"))
}
