package webdav

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// etag returns the entity tag of a file: its version, which is immutable.
func etag(i vault.Info) string {
	switch {
	case i.Dir:
		return ""
	case i.Live:
		return `"live-` + i.Saved.UTC().Format("20060102T150405.000000") + `"`
	case i.Version.IsZero():
		return `"empty-` + i.File.String() + `"`
	}
	return `"` + i.Version.String() + `"`
}

// matches reports whether a list of entity tags names tag. Weak tags never match: ours are strong.
func matches(list, tag string, exists bool) bool {
	if strings.TrimSpace(list) == "*" {
		return exists
	}
	for t := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(t) == tag && tag != "" && exists {
			return true
		}
	}
	return false
}

// holds evaluates the conditions of RFC 9110 section 13 that a change may carry.
func holds(h http.Header, i vault.Info, exists bool) error {
	failed := problem.New(problem.Condition, "check condition", string(i.Path), nil)
	if m := h.Get("If-Match"); m != "" && !matches(m, etag(i), exists) {
		return failed
	}
	if n := h.Get("If-None-Match"); n != "" && matches(n, etag(i), exists) {
		return failed
	}
	if t, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && h.Get("If-Match") == "" && exists && i.Modified.Truncate(time.Second).After(t) {
		return failed
	}
	return nil
}

// conditions checks them for the named thing.
func (c *call) conditions() error {
	h := c.r.Header
	if h.Get("If-Match") == "" && h.Get("If-None-Match") == "" && h.Get("If-Unmodified-Since") == "" {
		return nil
	}
	i, err := c.files.Stat(c.r.Context(), c.name)
	if err != nil && problem.KindOf(err) != problem.NotFound {
		return err
	}
	return holds(h, i, err == nil)
}

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

var errIf = errors.New("the If header is malformed")

// parseIf reads an If header.
func parseIf(s string) (lists []ifList, err error) {
	resource, tagged := "", false
	s = strings.TrimLeft(s, " \t")
	for s != "" {
		switch s[0] {
		case '<':
			end := strings.IndexByte(s, '>')
			if end < 0 || len(lists) > 0 && !tagged {
				return nil, errIf
			}
			resource, tagged = s[1:end], true
			if s = strings.TrimLeft(s[end+1:], " \t"); s == "" || s[0] != '(' || resource == "" {
				return nil, errIf
			}
		case '(':
			list := ifList{resource: resource}
			if list.all, s, err = parseIfList(s[1:]); err != nil {
				return nil, err
			}
			if lists = append(lists, list); len(lists) > 1000 {
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
		closing := byte('>')
		switch s[0] {
		case ')':
			if c.not || len(all) == 0 {
				return nil, "", errIf
			}
			return all, s[1:], nil
		case '<':
		case '[':
			closing = ']'
		default:
			return nil, "", errIf
		}
		end := strings.IndexByte(s, closing)
		if end < 2 {
			return nil, "", errIf
		}
		if closing == '>' {
			c.token = s[1:end]
		} else {
			c.etag = s[1:end]
		}
		all, s = append(all, c), s[end+1:]
	}
}

// checkIf evaluates the If header and returns the lock tokens that it presents.
func (c *call) checkIf() (tokens []string, err error) {
	h := c.r.Header.Get("If")
	if h == "" {
		return nil, nil
	}
	if len(h) > maxHeader {
		return nil, status(http.StatusBadRequest, "the If header is too long")
	}
	lists, err := parseIf(h)
	if err != nil {
		return nil, status(http.StatusBadRequest, err.Error())
	}
	any := false
	for _, l := range lists {
		for _, cond := range l.all {
			if cond.token != "" && !cond.not {
				tokens = append(tokens, cond.token)
			}
		}
		if any {
			continue
		}
		if any, err = c.listHolds(l); err != nil {
			return nil, err
		}
	}
	if !any {
		return nil, problem.New(problem.Condition, "check condition", string(c.name), nil)
	}
	return tokens, nil
}

func (c *call) listHolds(l ifList) (bool, error) {
	name := c.name
	if l.resource != "" {
		u, err := url.Parse(l.resource)
		if err != nil || u.Host != "" && !strings.EqualFold(u.Host, c.r.Host) {
			return false, nil
		}
		if name, err = c.path(u); err != nil {
			return false, nil
		}
	}
	tag, locks, err := c.state(name)
	if err != nil {
		return false, err
	}
	for _, cond := range l.all {
		holds := tag != "" && cond.etag == tag
		for _, lock := range locks {
			holds = holds || cond.token != "" && lock.Token == cond.token
		}
		if holds == cond.not {
			return false, nil
		}
	}
	return true, nil
}

// state returns what an If header can ask of a resource.
func (c *call) state(name pathname.Path) (tag string, locks []vault.Lock, err error) {
	i, err := c.files.Stat(c.r.Context(), name)
	switch {
	case err == nil:
		tag = etag(i)
	case problem.KindOf(err) != problem.NotFound:
		return "", nil, err
	}
	locks, err = c.files.Locks(c.r.Context(), name)
	if k := problem.KindOf(err); err != nil && (k == problem.NotFound || k == problem.Conflict) {
		err = nil
	}
	return tag, locks, err
}
