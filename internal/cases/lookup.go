package cases

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// LookupQuestion asks the page of a case about one person.
type LookupQuestion struct {
	School string      `json:"school"`
	Year   string      `json:"year"`
	Class  string      `json:"class"`
	Number string      `json:"number"`
	Kind   roster.Kind `json:"kind,omitempty"` // "": a pupil
}

// Check returns an error if something is missing without which nobody is named.
func (q *LookupQuestion) Check() error {
	q.Kind = cmp.Or(q.Kind, roster.Pupil)
	long := slices.ContainsFunc([]string{q.School, q.Year, q.Class, q.Number}, func(s string) bool { return len(s) > 300 })
	if strings.TrimSpace(q.School) == "" || strings.TrimSpace(q.Class) == "" || strings.TrimSpace(q.Number) == "" || long ||
		!slices.Contains([]roster.Kind{roster.Pupil, roster.Staff, roster.Other}, q.Kind) {
		return &problem.Error{Kind: problem.Invalid, Op: "answer look-up", Hint: "hint.lookup-fields"}
	}
	return nil
}

// Questions are the ways in which a question may be meant: rosters without a year, or without a class, name people by the rest. There are
// always as many, so that none takes longer.
func (q *LookupQuestion) Questions() []string {
	p := roster.Person{School: q.School, Year: q.Year, Class: q.Class, Number: q.Number, Kind: q.Kind}
	undated := p
	undated.Year = ""
	return []string{questionOf(p.Key()), questionOf(undated.Key())}
}

// questionOf is what stands for a person where no name may stand.
func questionOf(k roster.Key) string {
	return strings.Join([]string{k.School, k.Year, k.Grade, k.Class, string(k.Kind), k.Number}, "\x00")
}

// LookupScope is what the page of a case answers from: everybody who counts in one of its three numbers. Who has no number in a class cannot
// be asked for, because a name would have to be.
func (d *Desk) LookupScope(ctx context.Context, s account.Session, n string) (account.LookupScope, error) {
	f, err := d.Find(ctx, s, n) // not those of a moment ago: they will be read for weeks
	if err != nil {
		return account.LookupScope{}, err
	}
	out := account.LookupScope{Case: n, Suspects: f.Case.Suspects, At: f.At}
	u, l := f.Exposure.Unknown, f.Exposure.Files.Unlinked
	out.Unlinked = u.Confirmed+u.Possible+l.Confirmed+l.Possible > 0 || f.Ledger.Broken
	schools := make(map[string]bool)
	for _, c := range []struct {
		class  Class
		answer account.LookupAnswer
	}{{Confirmed, account.LookupConfirmed}, {Possible, account.LookupPossible}, {Exempt, account.LookupEncrypted}} {
		people, err := f.People(Filter{Class: c.class})
		if err != nil {
			return out, err
		}
		for _, p := range people {
			schools[p.School] = true
			if k := p.Key(); k.Number != "" {
				out.People = append(out.People, account.LookupPerson{Key: questionOf(k), Answer: c.answer})
			}
		}
	}
	for name := range schools {
		out.Schools = append(out.Schools, name)
	}
	slices.Sort(out.Schools)
	return out, nil
}
