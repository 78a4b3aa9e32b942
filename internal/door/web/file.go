package web

import (
	"html/template"
	"strconv"

	"github.com/azekura/azekura/internal/door/api"
)

// leaf is the page of a file.
type leaf struct {
	Info    api.Info
	Changes []api.Change
	A, B    int // numbers of versions to compare
	Readers []entry
	Older   template.URL // the query of the page with what was not looked at
}

func (v *visit) file(i api.Info) error {
	l := leaf{Info: i}
	var err error
	if l.Changes, err = collect(v.api.History(v.r.Context(), i.Path)); err != nil {
		return err
	}
	l.pair()
	return v.show("file", l)
}

// pair proposes two versions to compare: the one that is shown, and the one before it, or else the one after it, as what is held back.
func (l *leaf) pair() {
	for _, c := range l.Changes { // latest first
		switch n := c.File; {
		case n == nil:
		case l.B == 0 && n.Version == l.Info.Version:
			l.B = n.Number
		case l.B != 0 && l.A == 0 && n.Number != l.B:
			l.A = n.Number
		}
	}
	for _, c := range l.Changes {
		if n := c.File; n != nil && l.A == 0 && l.B != 0 && n.Number != l.B {
			l.A = n.Number
		}
	}
}

// Of is the change that a version came by, for the compared ones.
func (l leaf) Of(number int) *api.Change {
	for i, c := range l.Changes {
		if c.File != nil && c.File.Number == number {
			return &l.Changes[i]
		}
	}
	return nil
}

// history compares two versions of a picture side by side.
func (v *visit) history() error {
	i, err := v.api.Stat(v.r.Context(), v.at())
	if err != nil {
		return err
	}
	l := leaf{Info: i}
	if l.Changes, err = collect(v.api.History(v.r.Context(), i.Path)); err != nil {
		return err
	}
	l.pair()
	q := v.r.URL.Query()
	for key, n := range map[string]*int{"a": &l.A, "b": &l.B} {
		if x, err := strconv.Atoi(q.Get(key)); err == nil && l.Of(x) != nil {
			*n = x
		}
	}
	return v.show("compare", l)
}

// readers is who has read a file, as far as the caller may know.
func (v *visit) readers() error {
	l := leaf{Info: api.Info{Path: v.at()}}
	before, err := v.before()
	if err != nil {
		return err
	}
	var rest int64
	if l.Readers, rest, err = v.entries(api.EventFilter{Path: v.at(), Kinds: []string{"released", "refused"}, Limit: pageLength, Before: before}); err != nil {
		return err
	}
	l.Older = v.older(rest)
	return v.show("readers", l)
}
