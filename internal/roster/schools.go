package roster

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// Schools is a list of schools: whom to tell of each, and whether it is a public body.
type Schools struct {
	Facts  []SchoolFacts // nil if there are problems
	Issues []Issue       // problems, then warnings
	More   int
}

// The columns of a list of schools.
const (
	Contact Field = "contact"
	Public  Field = "public"
)

// schoolHeadings are how such lists call their columns, in the compared form.
var schoolHeadings = func() map[string]Field {
	m := make(map[string]Field)
	for f, list := range map[Field][]string{
		School:  headings[School],
		Contact: {"連絡先", "担当", "担当者", "窓口", "電話", "電話番号", "メール", "メールアドレス", "contact", "contacts", "phone", "telephone", "mail", "email"},
		Public:  {"行政機関等", "公立", "公私", "公立・私立", "公私立", "公私の別", "設置", "設置者", "設置区分", "public", "publicbody"},
	} {
		for _, h := range list {
			m[whose.Text(h)] = f
		}
	}
	return m
}()

// publicWords say whether a school is a public body, in the compared form.
var publicWords = map[string]bool{"": false, "no": false, "n": false, "0": false, "false": false, "いいえ": false, "×": false, "x": false, "私立": false, "私": false, "非該当": false, "private": false,
	"yes": true, "y": true, "1": true, "true": true, "はい": true, "○": true, "〇": true, "◯": true, "公立": true, "公": true, "国立": true, "国公立": true, "都立": true, "道立": true, "府立": true, "県立": true, "市立": true, "区立": true,
	"町立": true, "村立": true, "該当": true, "public": true}

// maxSchools bounds what a book knows of schools.
const maxSchools = 20_000

// ReadSchools reads a list of schools, CSV or XLSX, with headings: all of it, or nothing if a line is wrong. The columns of a field that come
// more than once, such as telephone and mail, are put together.
func ReadSchools(s Source, known *Roster) (*Schools, error) {
	l, err := s.open()
	if err != nil {
		return nil, err
	}
	c := &schoolCollector{rows: make(map[string]int), known: make(map[string]bool)}
	for i := range known.People {
		if name := known.People[i].School; i == 0 || name != known.People[i-1].School {
			c.known[whose.Text(name)] = true
		}
	}
	if err := c.finish(l.rows(c.add)); err != nil {
		return nil, s.wrap(err)
	}
	if c.columns == nil {
		return nil, s.refuse(problem.Invalid, "hint.roster-schools", nil)
	}
	out := &Schools{Issues: slices.Concat(c.bad, c.warned), More: c.moreBad + c.moreWarned}
	if len(c.bad) == 0 {
		out.Facts = append([]SchoolFacts{}, c.facts...)
	}
	return out, nil
}

type schoolCollector struct {
	issues
	columns []Field // by column; nil until the headings are found
	facts   []SchoolFacts
	rows    map[string]int  // of each school
	known   map[string]bool // schools in the roster; empty: there is none yet
}

// head reads a row as headings.
func (c *schoolCollector) head(r row) {
	columns := make([]Field, len(r.cells))
	for i, text := range r.cells {
		columns[i] = schoolHeadings[whose.Text(text)]
	}
	if slices.Contains(columns, School) {
		c.columns = columns
	}
}

func (c *schoolCollector) add(r row) error {
	if c.columns == nil {
		if c.head(r); c.columns == nil && r.n > look {
			return errStop
		}
		return nil
	}
	if !slices.ContainsFunc(r.cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return nil
	}
	if len(c.facts) == maxSchools {
		return &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.roster-large"}
	}
	var f SchoolFacts
	var contact []string
	for i, field := range c.columns {
		s := tidy(r.cell(i))
		tell := func(word string, other int) {
			c.issues.add(Issue{Row: r.n, Column: letters(i), Field: field, Word: word, Value: short(s), Other: other})
		}
		if bad := r.issue(i); bad != "" && field != "" {
			tell(bad, 0)
			continue
		}
		if len(s) > 4*maxLetters && field != "" {
			tell(isLong, 0)
			continue
		}
		switch field {
		case School:
			f.Name = s
			was, twice := c.rows[whose.Text(s)]
			switch {
			case s == "":
				tell(isEmpty, 0)
			case twice:
				tell(isSchoolTwice, was)
			case len(c.known) > 0 && !c.known[whose.Text(s)]:
				tell(isUnknown, 0)
			}
			c.rows[whose.Text(s)] = r.n
		case Contact:
			if s != "" {
				contact = append(contact, s)
			}
		case Public:
			yes, ok := publicWords[whose.Text(s)]
			if f.Public = yes; !ok {
				tell(isNoAnswer, 0)
			}
		}
	}
	f.Contact = strings.Join(contact, ", ")
	c.facts = append(c.facts, f)
	return nil
}
