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

// anyGrade stands for the grade where a question tells none, and the roster does.
const anyGrade = "\x01"

// Questions are the ways in which a question may be meant: rosters without a year, or without a grade, name people by the rest, and who asks
// for a class without its grade may mean any. There are always as many, so that none takes longer.
func (q *LookupQuestion) Questions() (all []string) {
	p := roster.Person{School: q.School, Year: q.Year, Class: q.Class, Number: q.Number, Kind: q.Kind}
	for _, year := range []string{p.Year, ""} {
		p.Year = year
		k := p.Key()
		bare := k
		if bare.Grade = ""; k.Grade == "" {
			bare.Grade = anyGrade
		}
		all = append(all, questionOf(k), questionOf(bare))
	}
	return all
}

// scoped is a person as the page finds them.
func scoped(k roster.Key, a account.LookupAnswer) account.LookupPerson {
	p := account.LookupPerson{Key: questionOf(k), Answer: a}
	if k.Grade != "" {
		k.Grade = anyGrade
		p.Also = questionOf(k)
	}
	return p
}

// questionOf is what stands for a person where no name may stand.
func questionOf(k roster.Key) string {
	return strings.Join([]string{k.School, k.Year, k.Grade, k.Class, string(k.Kind), k.Number}, "\x00")
}

// answerOf is what the page says of who counts in a class.
var answerOf = map[Class]account.LookupAnswer{Confirmed: account.LookupConfirmed, Possible: account.LookupPossible, Exempt: account.LookupEncrypted}

// loose reports whether files count in the scope that are linked to nobody, or may do so.
func (f *Findings) loose() bool {
	u, l := f.Exposure.Unknown, f.Exposure.Files.Unlinked
	return u.Confirmed+u.Possible+l.Confirmed+l.Possible > 0 || f.Ledger.Broken
}

// lookupPage is the address of the page of a case while it is open; of who may not know of it, and of a house without an address, it is none.
func (d *Desk) lookupPage(ctx context.Context, s account.Session, n string) (string, error) {
	if d.Page == nil {
		return "", nil
	}
	l, err := d.Books.Lookup(ctx, s.ID, n)
	if err != nil && problem.KindOf(err) != problem.Denied {
		return "", err
	}
	if err != nil || !l.On {
		return "", nil
	}
	return d.Page("/lookup/" + l.Token), nil
}

// LookupScope is what the page of a case answers from: everybody who counts in one of its three numbers. Who has no number in a class cannot
// be asked for, because a name would have to be.
func (d *Desk) LookupScope(ctx context.Context, s account.Session, n string) (account.LookupScope, error) {
	f, err := d.Find(ctx, s, n) // not those of a moment ago: they will be read for weeks
	if err != nil {
		return account.LookupScope{}, err
	}
	out := account.LookupScope{Case: n, Suspects: f.Case.Suspects, At: f.At, Unlinked: f.loose()}
	schools := make(map[string]bool)
	for class, answer := range answerOf {
		people, err := f.People(Filter{Class: class})
		if err != nil {
			return out, err
		}
		for _, p := range people {
			schools[p.School] = true
			if k := p.Key(); k.Number != "" {
				out.People = append(out.People, scoped(k, answer))
			}
		}
	}
	for name := range schools {
		out.Schools = append(out.Schools, name)
	}
	slices.Sort(out.Schools)
	return out, nil
}
