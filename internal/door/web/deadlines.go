package web

import (
	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// deadlines is the page of what must be told by when in a case.
type deadlines struct {
	api.Due
	Persons string
	Answers []answered
	ToThem  []string // what clients that are public bodies owe, line by line
	Writes  bool
}

// answered is what the days are counted with.
type answered struct{ Key, Answer string }

func (v *visit) deadlines() error {
	d, err := v.api.Deadlines(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := deadlines{Due: d, Persons: api.DuePersons(v.lang, &d), ToThem: api.DueToPublic(v.lang, &d), Writes: v.may(account.Freeze) && d.Closed.IsZero()}
	for _, q := range []struct {
		key string
		to  interface{ String() string }
	}{{"hostile", d.Facts.Hostile}, {"sensitive", d.Facts.Sensitive}, {"property-damage", d.Facts.Property}} {
		p.Answers = append(p.Answers, answered{q.key, map[string]string{"yes": v.lang.Text("web.due-yes"), "no": v.lang.Text("web.due-no")}[q.to.String()]})
	}
	return v.show("deadlines", p)
}

func (v *visit) calendar() error {
	n := v.r.PathValue("id")
	b, err := v.api.Calendar(v.r.Context(), n)
	if err != nil {
		return err
	}
	v.send("text/calendar; charset=utf-8", "deadlines-"+n+".ics")
	_, err = v.w.Write(b)
	return err
}
