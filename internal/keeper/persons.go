package keeper

import (
	"context"
	"errors"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// template tells from a path in a share whose file it is: "{school}/{class}/{number}_*.jpg". What stands in braces names
// the person, * stands for any letters of one name, and a path with more or fewer names, such as that of a group's photograph, is
// nobody's.
type template struct{ names [][]piece }

// piece is a part of one name in a template.
type piece struct {
	text  string // as it stands there; of a field or * empty
	field bool   // it names the person
}

const maxTemplate = 500 // bytes

var errTemplate = errors.New("not a template for persons")

// parseTemplate reads a template.
func parseTemplate(text string) (*template, error) {
	t, fields := &template{}, 0
	if len(text) > maxTemplate {
		return nil, errTemplate
	}
	for name := range strings.SplitSeq(plainPath(strings.Trim(text, "/")), "/") {
		var pieces []piece
		for rest := name; rest != ""; {
			wild := len(pieces) > 0 && pieces[len(pieces)-1].text == ""
			switch i := strings.IndexAny(rest, "{}*"); {
			case i < 0:
				pieces, rest = append(pieces, piece{text: rest}), ""
			case i > 0:
				pieces, rest = append(pieces, piece{text: rest[:i]}), rest[i:]
			case wild: // where one of two ends and the other begins, nobody could say
				return nil, errTemplate
			case rest[0] == '*':
				pieces, rest = append(pieces, piece{}), rest[1:]
			default:
				word, after, ok := strings.Cut(rest[1:], "}")
				if rest[0] != '{' || !ok || word == "" || strings.ContainsAny(word, "{*") {
					return nil, errTemplate
				}
				pieces, rest = append(pieces, piece{field: true}), after
				fields++
			}
		}
		if pieces == nil {
			return nil, errTemplate
		}
		t.names = append(t.names, pieces)
	}
	if fields == 0 {
		return nil, errTemplate
	}
	return t, nil
}

// plainPath is the form in which paths are compared with templates and traps: whoever writes .JPG means no other person.
func plainPath(path string) string { return strings.ToLower(pathname.Key(path)) }

// person returns whose file stands at a path, which is in its compared form; "" is nobody's.
func (t *template) person(path string) string {
	if t == nil || strings.Count(path, "/")+1 != len(t.names) {
		return ""
	}
	var who []string
	for _, pieces := range t.names {
		name, rest, _ := strings.Cut(path, "/")
		path = rest
		var ok bool
		if who, ok = match(pieces, name, who); !ok {
			return ""
		}
	}
	return strings.Join(who, "/")
}

// mayHold reports whether files of a person may stand below a folder, whose path is in its compared form: its names tell nothing else.
func (t *template) mayHold(folder, person string) bool {
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
	return len(who) == 0 || strings.HasPrefix(person+"/", strings.Join(who, "/")+"/")
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

// SharePersons tells how a share's names tell persons.
func (l *Local) SharePersons(_ context.Context, s id.Session, share string) (string, error) {
	by, err := l.live(s)
	if err != nil {
		return "", err
	}
	b := l.books.Load()
	switch x := b.names[pathname.Key(share)]; {
	case x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayGrant(by, x.ID):
		return "", notAllowed("set persons")
	case x == nil:
		return "", noShare("set persons", share)
	default:
		return x.Persons, nil
	}
}

// SetSharePersons says how a share's names tell persons; "": they do not.
func (l *Local) SetSharePersons(ctx context.Context, s id.Session, share, text string) error {
	const op = "set persons"
	return l.change(ctx, s, op, share, func(b *books, d *draft, by account.Session) (event.Event, error) {
		x := d.share(share)
		switch {
		case x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayGrant(by, x.ID):
			return event.Event{}, notAllowed(op)
		case x == nil:
			return event.Event{}, noShare(op, share)
		}
		if _, err := parseTemplate(text); text != "" && err != nil {
			return event.Event{}, unfit(op, text, "hint.persons")
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if t := b.traps[x.ID]; text != x.Persons && t != nil && len(t.persons) > 0 { // it would lift them, which takes two people
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: share, Hint: "hint.persons-traps"}
		}
		x.Persons = text
		return event.Event{Kind: event.RightsChanged, Share: x.ID, Note: "persons: " + text}, nil
	})
}
