package roster

import "github.com/azekura/azekura/internal/whose"

// Count is how many persons of one kind a school has in a year.
type Count struct {
	School  string `json:"school"` // as the list wrote it first
	Year    string `json:"year,omitempty"`
	Kind    Kind   `json:"kind"`
	Persons int    `json:"persons"`
	Contact string `json:"contact,omitempty"` // of the school
	Public  bool   `json:"public,omitempty"`
}

// Counts counts persons by school, year and kind, in the order of the list. However a school is written, it is one.
func (b *Book) Counts() (out []Count) {
	facts := make(map[string]SchoolFacts)
	for _, s := range b.Schools {
		facts[whose.Text(s.Name)] = s
	}
	r := &b.Roster
	type place struct {
		school, year string
		kind         Kind
	}
	at, last := make(map[place]int), -1
	var before *Person
	for i := range r.People {
		p := &r.People[i]
		if before == nil || p.School != before.School || p.Year != before.Year || p.Kind != before.Kind { // a school's persons stand together
			k := place{whose.Text(p.School), whose.Year(p.Year), p.Kind}
			n, known := at[k]
			if !known {
				n = len(out)
				f := facts[k.school]
				at[k], out = n, append(out, Count{p.School, p.Year, p.Kind, 0, f.Contact, f.Public})
			}
			last = n
		}
		out[last].Persons++
		before = p
	}
	return out
}

// Why rules tell the keeper no template for persons.
const (
	NoPersonRule = "no-rule"  // none of them links to a person
	AnyDepth     = "anywhere" // the first that does fits folders of any depth, which no template does
)

// Template is the first rule that links to a person, as a template for the keeper's budgets, which counts everybody whom that rule tells,
// and perhaps names of group photographs, too: never fewer. Without one, why says so.
func (l *Rules) Template() (template, why string) {
	for _, r := range l.text {
		if r.Target != OfPerson {
			continue
		}
		c, err := r.compile()
		if err != nil || c.before || c.below {
			return "", AnyDepth
		}
		if _, err := whose.Parse(r.Pattern); err != nil {
			return "", AnyDepth
		}
		return r.Pattern, ""
	}
	return "", NoPersonRule
}

// SchoolKey is the form in which names of schools are compared: without differences of width, case and spaces, and of the shapes of letters
// that Unicode marks as the same.
func SchoolKey(name string) string { return whose.Text(name) }

// SchoolNames are the schools of a roster in the order of the list, each as it was written first.
func (r *Roster) SchoolNames() (out []string) {
	seen := make(map[string]bool)
	before := ""
	for i := range r.People {
		name := r.People[i].School
		if i > 0 && name == before { // a school's persons stand together
			continue
		}
		if before = name; !seen[whose.Text(name)] {
			seen[whose.Text(name)] = true
			out = append(out, name)
		}
	}
	return out
}

// School is the compared name of the school of a person.
func (x *Index) School(person int32) string { return x.keys[person].School }
