package webdav

import (
	"net/http"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// etag returns the entity tag of a file: its version, which is immutable. All tags are strong.
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

// matches reports whether a list of entity tags names that of a thing. A weak tag of the list counts only in a
// weak comparison (RFC 9110 section 8.8.3.2).
func matches(list string, i vault.Info, exists, weak bool) bool {
	tag := etag(i)
	if strings.TrimSpace(list) == "*" {
		return exists
	}
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == tag && tag != "" && exists {
			return true
		}
	}
	return false
}

// conditional reports whether a change carries conditions of RFC 9110 section 13.
func conditional(h http.Header) bool {
	return h.Get("If-Match") != "" || h.Get("If-None-Match") != "" || h.Get("If-Unmodified-Since") != ""
}

// holds evaluates the conditions of RFC 9110 section 13 that a change may carry.
func holds(h http.Header, i vault.Info, exists bool) error {
	failed := problem.New(problem.Condition, "check condition", string(i.Path), nil)
	if match := list(h, "If-Match"); match != "" {
		if !matches(match, i, exists, false) {
			return failed
		}
	} else if t, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && exists && i.Modified.Truncate(time.Second).After(t) {
		return failed
	}
	if none := list(h, "If-None-Match"); none != "" && matches(none, i, exists, true) {
		return failed
	}
	return nil
}

// list joins the lines of a header that is a list.
func list(h http.Header, name string) string { return strings.Join(h.Values(name), ",") }

// conditions checks them for the named thing.
func (c *call) conditions() error {
	if !conditional(c.r.Header) {
		return nil
	}
	i, err := c.look(c.name)
	if err != nil {
		return err
	}
	if c.r.Method != "PUT" {
		c.seen = append(c.seen, i)
	}
	return holds(c.r.Header, i, stands(i))
}

// unchanged answers a conditional GET (RFC 9110 section 13.2.2).
func (c *call) unchanged(i vault.Info) (done bool, err error) {
	h := c.r.Header
	if err := holds(http.Header{"If-Match": h["If-Match"], "If-Unmodified-Since": h["If-Unmodified-Since"]}, i, true); err != nil {
		return false, err
	}
	none := list(h, "If-None-Match")
	since, perr := http.ParseTime(h.Get("If-Modified-Since"))
	if none != "" && matches(none, i, true, true) || none == "" && perr == nil && !i.Modified.Truncate(time.Second).After(since) {
		c.Header().Del("Content-Type")
		c.WriteHeader(http.StatusNotModified)
		return true, nil
	}
	return false, nil
}
