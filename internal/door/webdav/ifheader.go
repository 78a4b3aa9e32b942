package webdav

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// ifCondition is one condition of an If header, RFC 4918 section 10.4.
type ifCondition struct {
	not   bool
	token string // or
	etag  string
}

// ifList is a list of conditions that must all hold, on a resource ("" is the one of the request).
type ifList struct {
	resource string
	all      []ifCondition
}

var errIf = errors.New("malformed If header")

// parseIf reads an If header. Either all of its lists are tagged with a resource, or none.
func parseIf(s string) (lists []ifList, err error) {
	if len(s) > maxHeader {
		return nil, errIf
	}
	resource, tagged := "", false
	s = strings.TrimLeft(s, " \t")
	for s != "" {
		switch s[0] {
		case '<':
			end := strings.IndexByte(s, '>')
			if end < 2 || len(lists) > 0 && !tagged {
				return nil, errIf
			}
			resource, tagged = s[1:end], true
			if s = strings.TrimLeft(s[end+1:], " \t"); s == "" || s[0] != '(' {
				return nil, errIf
			}
		case '(':
			l := ifList{resource: resource}
			if l.all, s, err = parseIfList(s[1:]); err != nil {
				return nil, err
			}
			if lists = append(lists, l); len(lists) > maxLists {
				return nil, errIf
			}
		default:
			return nil, errIf
		}
		s = strings.TrimLeft(s, " \t")
	}
	if len(lists) == 0 {
		return nil, errIf
	}
	return lists, nil
}

// parseIfList reads conditions up to the closing parenthesis.
func parseIfList(s string) (all []ifCondition, rest string, err error) {
	for {
		s = strings.TrimLeft(s, " \t")
		var c ifCondition
		if len(s) >= 3 && strings.EqualFold(s[:3], "not") {
			c.not = true
			s = strings.TrimLeft(s[3:], " \t")
		}
		if s == "" {
			return nil, "", errIf
		}
		closing := ""
		switch s[0] {
		case ')':
			if c.not || len(all) == 0 {
				return nil, "", errIf
			}
			return all, s[1:], nil
		case '<':
			closing = ">"
		case '[': // the tag is quoted, so that it may hold a bracket
			closing = `"]`
		default:
			return nil, "", errIf
		}
		end := strings.Index(s, closing)
		if end < 2 {
			return nil, "", errIf
		}
		if closing == ">" {
			c.token = s[1:end]
		} else if c.etag = s[1 : end+1]; !strings.HasPrefix(strings.TrimPrefix(c.etag, "W/"), `"`) || len(c.etag) < 2 {
			return nil, "", errIf
		}
		all, s = append(all, c), s[end+len(closing):]
	}
}

// checkIf evaluates the If header and returns the lock tokens that it presents. The header holds if one of its lists
// does; all tokens count as presented, wherever they stand (RFC 4918 section 10.4.1).
func (c *call) checkIf() (tokens []string, err error) {
	h := strings.Join(c.r.Header.Values("If"), " ")
	if h == "" {
		return nil, nil
	}
	lists, err := parseIf(h)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "dav.if")
	}
	any, states := false, make(map[string]state)
	for _, l := range lists {
		for _, cond := range l.all {
			if cond.token != "" && !cond.not {
				tokens = append(tokens, cond.token)
			}
		}
		if any {
			continue
		}
		st, ok := states[l.resource]
		if !ok {
			if st, err = c.state(l.resource); err != nil {
				return nil, err
			}
			states[l.resource] = st
		}
		if any = st.satisfies(l.all); any && slices.ContainsFunc(l.all, func(cond ifCondition) bool { return cond.etag != "" }) {
			c.seen = append(c.seen, st.Info)
		}
	}
	if !any {
		return nil, problem.New(problem.Condition, "check condition", string(c.name), nil)
	}
	return tokens, nil
}

// state is what an If header can ask of a resource.
type state struct {
	vault.Info // nothing but a Path where nothing stands
	tokens     map[string]bool
}

// state returns that of a resource; one that is not of this door has none.
func (c *call) state(resource string) (st state, err error) {
	name := c.name
	if resource != "" {
		if name, err = c.reference(resource); err != nil {
			return st, nil
		}
	}
	if st.Info, err = c.look(name); err != nil {
		return st, err
	}
	locks, err := c.locksOn(st.Info)
	st.tokens = make(map[string]bool, len(locks))
	for _, l := range locks {
		st.tokens[l.Token] = true
	}
	return st, err
}

// look is Stat that finds nothing but the path where nothing stands.
func (c *call) look(name pathname.Path) (vault.Info, error) {
	i, err := c.files.Stat(c.r.Context(), name)
	if problem.KindOf(err) == problem.NotFound {
		return vault.Info{Path: name}, nil
	}
	return i, err
}

// stands reports whether look has found something.
func stands(i vault.Info) bool { return i.Dir || i.Live || !i.File.IsZero() }

// locksOn returns the locks in whose scope a thing lies, even where nothing stands.
func (c *call) locksOn(i vault.Info) ([]vault.Lock, error) {
	locks, err := c.files.Locks(c.r.Context(), i)
	if k := problem.KindOf(err); err != nil && (k == problem.NotFound || k == problem.Conflict) {
		return nil, nil
	}
	return locks, err
}

func (st state) satisfies(all []ifCondition) bool {
	for _, cond := range all {
		tag := etag(st.Info)
		holds := stands(st.Info) && tag != "" && cond.etag == tag || cond.token != "" && st.tokens[cond.token]
		if holds == cond.not {
			return false
		}
	}
	return true
}
