package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"github.com/azekura/azekura/internal/door/api"
)

// findings is the page of what the records say of a case: the three numbers, by school and by share, and what they rest on.
type findings struct {
	api.Findings
	Shares  []api.ShareFindings // those with something to tell
	Rosters int                 // shares that have files in the numbers, and no roster
}

// waitPage is the page of a case while its findings are computed.
type waitPage struct {
	Case string
	api.CaseProgress
}

// waits makes of a page that rests on findings one that tells how far these are, and comes again by itself, until they are there. Whoever goes
// away and comes back finds them.
func waits(page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		n := v.r.PathValue("id")
		p, err := v.api.CaseProgress(v.r.Context(), n)
		if err != nil {
			return err
		}
		if p.Ready {
			return page(v)
		}
		v.w.Header().Set("Refresh", "2")
		return v.show("waiting", waitPage{n, p})
	}
}

func (v *visit) findings() error {
	f, err := v.api.Findings(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := findings{Findings: f}
	for _, s := range f.Shares {
		n := s.Exposure.Files
		if n.Confirmed+n.Possible+n.Exempt+s.Damage.Files > 0 || s.Exposure.Names || s.Exposure.Strange > 0 {
			p.Shares = append(p.Shares, s)
		}
		if n.Confirmed+n.Possible > 0 && !s.Exposure.Roster {
			p.Rosters++
		}
	}
	slices.SortStableFunc(p.Findings.Exposure.Rows, func(a, b api.ExposedRow) int { return cmp.Compare(b.Persons.Confirmed, a.Persons.Confirmed) })
	return v.show("findings", p)
}

// opened is the page of one number: its persons, or its files.
type opened struct {
	Case    string
	Class   string
	Persons bool
	Place   *api.Place
	Share   string
	Lines   []api.Exposed
	From    int // the number of the first line
	Next    int // the offset of the next page; 0: there is none
}

const openedPage = 200

func (v *visit) exposed() error {
	q := v.r.URL.Query()
	p := opened{Case: v.r.PathValue("id"), Class: q.Get("class"), Persons: q.Get("persons") != "", Share: q.Get("share")}
	if q.Has("school") {
		p.Place = &api.Place{School: q.Get("school"), Year: q.Get("year"), Kind: q.Get("kind")}
	}
	offset, _ := strconv.Atoi(q.Get("offset")) // a number that is none is the beginning
	offset = max(offset, 0)
	ask := api.ExposedRequest{Class: api.ExposedClass(p.Class), Persons: p.Persons, Place: p.Place, Share: p.Share, Unlinked: q.Get("unlinked") != "", Offset: offset, Limit: openedPage + 1}
	var err error
	if p.Lines, err = collect(v.api.Exposed(v.r.Context(), p.Case, ask)); err != nil {
		return err
	}
	if p.From = offset + 1; len(p.Lines) > openedPage {
		p.Lines, p.Next = p.Lines[:openedPage], offset+openedPage
	}
	return v.show("exposed", p)
}

// More is the address of the next page.
func (p opened) More() string {
	q := url.Values{"class": {p.Class}, "offset": {strconv.Itoa(p.Next)}}
	if p.Persons {
		q.Set("persons", "1")
	}
	if p.Place != nil {
		q.Set("school", p.Place.School)
		q.Set("year", p.Place.Year)
		q.Set("kind", p.Place.Kind)
	}
	if p.Share != "" {
		q.Set("share", p.Share)
	}
	return quote("/cases/", p.Case) + "/exposed?" + q.Encode()
}
