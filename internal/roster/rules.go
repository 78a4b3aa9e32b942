package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// Target is who a file shows.
type Target string

// The targets: one person, all of a class (or of a grade), all of a school, nobody; or nobody knows.
const (
	OfPerson Target = "person"
	OfClass  Target = "class"
	OfSchool Target = "school"
	OfNobody Target = "nobody"
	Unlinked Target = ""
)

// Rule links the paths that fit a pattern to a target. A pattern is a template, with "**/" before it for folders of any depth, and "/**"
// behind it for everything below.
type Rule struct {
	Pattern string `json:"pattern"`
	Target  Target `json:"target"`
}

// Rules are lines such as "{school}/{class}/{number}_*.jpg → person", of which the first that fits a path counts.
type Rules struct {
	list []rule
	text []Rule
}

// rule is a Rule that has been read.
type rule struct {
	template      *whose.Template
	fields        []Field
	target        Target
	before, below bool // names may stand before it, and below it
}

// Limits of rules.
const (
	maxRules = 200
	maxLines = 1 << 16 // bytes
)

var errRule = errors.New("not a rule")

// ParseRules reads rules, one a line; lines that are empty or begin with # say nothing.
func ParseRules(text string) (*Rules, error) {
	const op = "read rules"
	out := &Rules{}
	if len(text) > maxLines {
		return nil, &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.roster-rules"}
	}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := parseRule(line)
		if err == nil && len(out.text) == maxRules {
			err = errRule
		}
		if err != nil {
			return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: fmt.Sprintf("%d: %s", n, short(line)), Hint: "hint.roster-rules", Err: err}
		}
		out.text = append(out.text, r)
	}
	return out, out.compile()
}

// parseRule reads "pattern → target", with the arrow written as one likes.
func parseRule(line string) (Rule, error) {
	for _, arrow := range []string{"→", "->", "=>"} {
		if i := strings.LastIndex(line, arrow); i >= 0 {
			r := Rule{strings.TrimSpace(line[:i]), Target(strings.ToLower(strings.TrimSpace(line[i+len(arrow):])))}
			_, err := r.compile()
			return r, err
		}
	}
	return Rule{}, errRule
}

func (l *Rules) compile() error {
	for _, r := range l.text {
		c, err := r.compile()
		if err != nil {
			return err
		}
		l.list = append(l.list, c)
	}
	return nil
}

// List returns the rules.
func (l *Rules) List() []Rule { return slices.Clone(l.text) }

// String writes the rules as ParseRules reads them.
func (l *Rules) String() string {
	var b strings.Builder
	for _, r := range l.text {
		fmt.Fprintf(&b, "%s → %s\n", r.Pattern, r.Target)
	}
	return b.String()
}

// tells says which fields the pattern of a target must have one of.
var tells = map[Target][]Field{OfPerson: {Number, Name}, OfClass: {Class, Grade}, OfSchool: nil, OfNobody: nil}

// compile reads a pattern.
func (r Rule) compile() (c rule, err error) {
	need, ok := tells[r.Target]
	if !ok || strings.ContainsAny(r.Pattern, "\n\r") {
		return c, errRule
	}
	text := strings.Trim(r.Pattern, "/")
	text, c.before = strings.CutPrefix(text, "**/")
	text, c.below = strings.CutSuffix(text, "/**")
	if text == "**" && !c.before && !c.below { // everything
		text, c.below = "*", true
		c.before = true
	}
	if c.template, err = whose.Parse(text); err != nil {
		return c, err
	}
	c.target = r.Target
	for _, f := range c.template.Fields() {
		f := Field(f)
		if !slices.Contains([]Field{School, Year, Grade, Class, Number, Name}, f) || slices.Contains(c.fields, f) {
			return c, errRule
		}
		c.fields = append(c.fields, f)
	}
	if need != nil && !slices.ContainsFunc(need, func(f Field) bool { return slices.Contains(c.fields, f) }) {
		return c, errRule
	}
	return c, nil
}

// Link is what rules say of a path: its target, and which fields tell it, in the compared form. The number or name in a link to a class
// or a school says nothing.
type Link struct {
	Target                                   Target
	School, Year, Grade, Class, Number, Name string
	rule                                     int
}

// Link returns what the first rule that fits says of a path within its share. A number is one only with a digit in it: 集合.jpg is no
// pupil's.
func (l *Rules) Link(path string) Link {
	path = whose.Plain(strings.Trim(path, "/"))
	depth := strings.Count(path, "/") + 1
	for i := range l.list {
		r := &l.list[i]
		values, ok := r.match(path, depth)
		if !ok {
			continue
		}
		k := Link{Target: r.target, rule: i}
		for j, v := range values {
			k.set(r.fields[j], v)
		}
		k.fold()
		if slices.Contains(r.fields, Number) && !strings.ContainsAny(k.Number, "0123456789") {
			continue
		}
		if r.target == OfNobody {
			return Link{Target: OfNobody, School: k.School, rule: i} // it shows nobody, and is a school's all the same
		}
		return k
	}
	return Link{rule: -1}
}

// match fits a path of so many names to a rule.
func (r *rule) match(path string, depth int) ([]string, bool) {
	want := r.template.Depth()
	switch {
	case depth < want, depth > want && !r.before && !r.below:
		return nil, false
	case !r.before || !r.below:
		return r.template.Match(part(path, depth, want, r.before))
	}
	for ; depth >= want; depth-- { // names before it, and below it: where it fits first
		if values, ok := r.template.Match(part(path, depth, want, false)); ok {
			return values, true
		}
		_, path, _ = strings.Cut(path, "/")
	}
	return nil, false
}

// part is so many names of a path, its first or its last.
func part(path string, depth, want int, last bool) string {
	for ; depth > want; depth-- {
		if last {
			_, path, _ = strings.Cut(path, "/")
		} else {
			path = path[:strings.LastIndexByte(path, '/')]
		}
	}
	return path
}

func (k *Link) set(f Field, v string) {
	switch f {
	case School:
		k.School = v
	case Year:
		k.Year = v
	case Grade:
		k.Grade = v
	case Class:
		k.Class = v
	case Number:
		k.Number = v
	case Name:
		k.Name = v
	}
}

// fold makes what a path says comparable, once all of it is known: a class may name its grade.
func (k *Link) fold() {
	w := whose.Who{School: k.School, Year: k.Year, Grade: k.Grade, Class: k.Class, Number: k.Number, Name: k.Name}.Folded()
	k.School, k.Year, k.Grade, k.Class, k.Number, k.Name = w.School, w.Year, w.Grade, w.Class, w.Number, w.Name
}
