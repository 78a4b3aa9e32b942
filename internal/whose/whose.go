// Package whose tells from the path of a file whose it is, by a template: "{school}/{class}/{number}_*.jpg". The keeper counts persons
// by it, and rosters are linked to files by it: there is one way to read a template.
package whose

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Template is a path with fields: what stands in braces names the person, * stands for any letters of one name. A path with more or
// fewer names is not one of its paths.
type Template struct {
	names  [][]piece
	fields []string
}

// piece is a part of one name in a template.
type piece struct {
	text  string // as it stands there; of a field or * empty
	field bool   // it names the person
}

// MaxTemplate is the length of a template in bytes, at most.
const MaxTemplate = 500

// ErrTemplate means that a text is no template.
var ErrTemplate = errors.New("not a template for persons")

// Parse reads a template. One without fields fits paths and names nobody.
func Parse(text string) (*Template, error) {
	t := &Template{}
	if len(text) > MaxTemplate {
		return nil, ErrTemplate
	}
	for name := range strings.SplitSeq(Plain(strings.Trim(text, "/")), "/") {
		var pieces []piece
		for rest := name; rest != ""; {
			wild := len(pieces) > 0 && pieces[len(pieces)-1].text == ""
			switch i := strings.IndexAny(rest, "{}*"); {
			case i < 0:
				pieces, rest = append(pieces, piece{text: rest}), ""
			case i > 0:
				pieces, rest = append(pieces, piece{text: rest[:i]}), rest[i:]
			case wild: // where one of two ends and the other begins, nobody could say
				return nil, ErrTemplate
			case rest[0] == '*':
				pieces, rest = append(pieces, piece{}), rest[1:]
			default:
				word, after, ok := strings.Cut(rest[1:], "}")
				if rest[0] != '{' || !ok || word == "" || strings.ContainsAny(word, "{*") {
					return nil, ErrTemplate
				}
				pieces, rest = append(pieces, piece{field: true}), after
				t.fields = append(t.fields, word)
			}
		}
		if pieces == nil {
			return nil, ErrTemplate
		}
		t.names = append(t.names, pieces)
	}
	return t, nil
}

// Plain is the form in which paths are compared: whoever writes .JPG means no other person, and neither does a Mac that takes ガ apart.
func Plain(path string) string { return strings.ToLower(norm.NFC.String(path)) }

// Fields are the words in braces, in their order, in the compared form.
func (t *Template) Fields() []string { return t.fields }

// Depth is how many names a path of the template has.
func (t *Template) Depth() int { return len(t.names) }

// Match returns what stands for the fields in a path, which is in its compared form.
func (t *Template) Match(path string) (values []string, ok bool) {
	if t == nil || strings.Count(path, "/")+1 != len(t.names) {
		return nil, false
	}
	for _, pieces := range t.names {
		name, rest, _ := strings.Cut(path, "/")
		path = rest
		if values, ok = match(pieces, name, values); !ok {
			return nil, false
		}
	}
	return values, true
}

// Person returns whose file stands at a path, which is in its compared form; "" is nobody's. Paths of one person, however they write it, give the
// same answer: a value for each field, folded.
func (t *Template) Person(path string) string {
	values, _ := t.Match(path)
	return t.join(values)
}

// Named returns the answer of Person for a person as somebody writes it: a value for each field, with strokes between them.
func (t *Template) Named(person string) string {
	if person = Plain(strings.Trim(person, "/")); t == nil || person == "" {
		return person
	}
	return t.join(strings.Split(person, "/"))
}

// join folds values of the first fields.
func (t *Template) join(values []string) string {
	if len(values) == 0 {
		return ""
	}
	w := t.who(values)
	f := w.Folded()
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = v; i < len(t.fields) && slices.Index(t.fields, t.fields[i]) == i {
			if to := f.field(t.fields[i]); to != nil && *to != "" { // what folding leaves nothing of is somebody all the same
				out[i] = *to
			}
			if t.fields[i] == "class" && f.Grade != "" && !slices.Contains(t.fields, "grade") { // that only the class tells
				out[i] = f.Grade + "-" + f.Class
			}
		}
		out[i] = strings.ReplaceAll(out[i], "/", "／") // which folding made of it
	}
	return strings.Join(out, "/")
}

// who are values of the first fields. A field that stands there twice is its first.
func (t *Template) who(values []string) (w Who) {
	for i, v := range values {
		if i < len(t.fields) && slices.Index(t.fields, t.fields[i]) == i {
			if to := w.field(t.fields[i]); to != nil {
				*to = v
			}
		}
	}
	return w
}

// MayHold reports whether files of a person, which is an answer of Person, may stand below a folder, whose path is in its compared form: its
// names tell nothing else.
func (t *Template) MayHold(folder, person string) bool {
	if t == nil || folder == "" || strings.Count(folder, "/")+1 >= len(t.names) {
		return false
	}
	var who []string
	for i, name := range strings.Split(folder, "/") {
		var ok bool
		if who, ok = match(t.names[i], name, who); !ok {
			return false
		}
	}
	return len(who) == 0 || t.begins(who, strings.Split(person, "/"))
}

// begins reports whether values of the first fields may be those of a person: what is not known yet may still change how grade and class are
// folded.
func (t *Template) begins(values, person []string) bool {
	if len(values) > len(person) {
		return false
	}
	grade, class := slices.Index(t.fields, "grade"), slices.Index(t.fields, "class")
	for i, v := range strings.Split(t.join(values), "/") {
		switch {
		case v == person[i]:
		case i == grade && class >= len(values) && plainGrade(values[i]) == "": // it says nothing, and the class may
		case i == class && grade >= len(values): // the class may say its grade, too, or another one than will follow
			if g, c := Class("", values[i]); g == "" || person[i] != g+"-"+c {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// match fits a name to the pieces of a template. A field or * ends where the text behind it stands for the first time, or for the last if
// that is the end of the name; a field is never empty.
func match(pieces []piece, name string, who []string) ([]string, bool) {
	for i, p := range pieces {
		if p.text != "" {
			var ok bool
			if name, ok = strings.CutPrefix(name, p.text); !ok {
				return nil, false
			}
			continue
		}
		end := len(name)
		if i+1 < len(pieces) {
			from := 0
			if p.field {
				from = 1
			}
			next := pieces[i+1].text
			if i+2 == len(pieces) {
				end = strings.LastIndex(name, next)
			} else if end = strings.Index(name[min(from, len(name)):], next); end >= 0 {
				end += from
			}
		}
		if end < 0 || p.field && end == 0 {
			return nil, false
		}
		if p.field {
			who = append(who, name[:end])
		}
		name = name[end:]
	}
	return who, name == ""
}
