package webdav

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// How long a lock lives without a refresh: what a client gets that does not ask, and the most.
const (
	defaultTTL = 10 * time.Minute
	maxTTL     = time.Hour
)

// lock implements LOCK: a new one with a body, a refresh without.
func (c *call) lock() error {
	e, err := parseXML(c.r.Body)
	if err != nil {
		return err
	}
	ttl, err := timeout(c.r.Header.Get("Timeout"))
	if err != nil {
		return err
	}
	if e == nil {
		return c.refresh(ttl)
	}
	l, err := parseLockInfo(e)
	if err != nil {
		return err
	}
	l.TTL = ttl
	switch strings.ToLower(c.r.Header.Get("Depth")) {
	case "", "infinity":
		l.Deep = true
	case "0":
	default:
		return refuse(http.StatusBadRequest, "dav.lock-depth")
	}
	_, err = c.files.Stat(c.r.Context(), c.name)
	made := err != nil && problem.KindOf(err) == problem.NotFound
	l, _, err = c.files.Lock(c.r.Context(), c.name, l)
	if err != nil {
		return err
	}
	c.Header().Set("Lock-Token", "<"+l.Token+">")
	code := http.StatusOK
	if made {
		code = http.StatusCreated
	}
	return c.showLock(code, l)
}

func parseLockInfo(e *element) (l vault.Lock, err error) {
	scope, kind := e.kid("lockscope"), e.kid("locktype")
	if !e.is("lockinfo") || scope == nil || kind == nil || kind.kid("write") == nil {
		return l, errXML
	}
	l.Shared = scope.kid("shared") != nil
	if l.Shared == (scope.kid("exclusive") != nil) {
		return l, errXML
	}
	if o := e.kid("owner"); o != nil {
		if l.Owner = strings.TrimSpace(o.inner()); len(l.Owner) > maxOwner {
			return l, refuse(http.StatusBadRequest, "dav.lock-owner")
		}
	}
	return l, nil
}

// refresh starts the time of a lock anew: of the one token in the If header (RFC 4918 section 9.10.2).
func (c *call) refresh(ttl time.Duration) error {
	lists, err := parseIf(strings.Join(c.r.Header.Values("If"), " "))
	token := ""
	for _, l := range lists {
		for _, cond := range l.all {
			if cond.token == "" || cond.not {
				continue
			}
			if token != "" && token != cond.token {
				err = errIf
			}
			token = cond.token
		}
	}
	if err != nil || token == "" {
		return refuse(http.StatusBadRequest, "dav.refresh")
	}
	l, err := c.files.Refresh(c.r.Context(), c.name, token, ttl)
	if err != nil {
		return err
	}
	return c.showLock(http.StatusOK, l)
}

func (c *call) showLock(code int, l vault.Lock) error {
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(code)
	_, err := io.WriteString(c.answer, xmlHead+`<D:prop xmlns:D="DAV:"><D:lockdiscovery>`+c.activeLock(l)+"</D:lockdiscovery></D:prop>\n")
	return err
}

// timeout reads the first entry of a Timeout header that makes sense.
func timeout(h string) (time.Duration, error) {
	for t := range strings.SplitSeq(strings.ToLower(h), ",") {
		t = strings.TrimSpace(t)
		if t == "infinite" {
			return maxTTL, nil
		}
		if s, ok := strings.CutPrefix(t, "second-"); ok {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				return 0, refuse(http.StatusBadRequest, "dav.timeout")
			}
			return time.Duration(min(max(n, 1), uint64(maxTTL/time.Second))) * time.Second, nil
		}
	}
	return defaultTTL, nil
}

// unlock implements UNLOCK.
func (c *call) unlock() error {
	h := strings.TrimSpace(c.r.Header.Get("Lock-Token"))
	if len(h) < 3 || h[0] != '<' || h[len(h)-1] != '>' {
		return refuse(http.StatusBadRequest, "dav.lock-token")
	}
	err := c.files.Unlock(c.r.Context(), c.name, h[1:len(h)-1])
	if k := problem.KindOf(err); err != nil && (k == problem.Condition || k == problem.NotFound) {
		return &refusal{code: http.StatusConflict, key: "dav.no-lock", element: "<D:lock-token-matches-request-uri/>"}
	}
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

// lockedBy is the precondition of a 423: which locks stand in the way.
func (c *call) lockedBy() string {
	name := "lock-token-submitted"
	if c.r.Method == "LOCK" {
		name = "no-conflicting-lock"
	}
	var b strings.Builder
	b.WriteString("<D:" + name + ">")
	roots := c.inTheWay()
	for _, root := range roots {
		b.WriteString("<D:href>" + c.href(root, false) + "</D:href>")
	}
	if len(roots) == 0 { // it is on something below, or has just ended
		b.WriteString("<D:href>" + c.href(c.name, c.slash) + "</D:href>")
	}
	b.WriteString("</D:" + name + ">")
	return b.String()
}

// inTheWay returns where the locks are whose tokens were not presented, of what the request was to change.
func (c *call) inTheWay() (roots []pathname.Path) {
	changed := []pathname.Path{c.name, c.to}
	if c.to == "" {
		changed = changed[:1]
	} else if c.r.Method == "COPY" {
		changed = changed[1:]
	}
	for _, name := range changed {
		i, err := c.look(name)
		if err != nil {
			return nil
		}
		locks, err := c.locksOn(i)
		if err != nil {
			return nil
		}
		for _, l := range locks {
			if l.Account != c.s.Account || !slices.Contains(c.tokens, l.Token) {
				roots = append(roots, l.Root)
			}
		}
	}
	return roots
}

// lockDiscovery is the property of that name.
func (c *call) lockDiscovery(i vault.Info) string {
	locks, err := c.locksOn(i)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, l := range locks {
		b.WriteString(c.activeLock(l))
	}
	return b.String()
}

func (c *call) activeLock(l vault.Lock) string {
	scope, depth := "exclusive", "0"
	if l.Shared {
		scope = "shared"
	}
	if l.Deep {
		depth = "infinity"
	}
	owner := l.Owner
	if owner == "" {
		owner = escape(l.Name)
	}
	left := max(int64(l.Until.Sub(c.Now()).Round(time.Second)/time.Second), 0)
	return fmt.Sprintf("<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope><D:depth>%s</D:depth>"+
		"<D:owner>%s</D:owner><D:timeout>Second-%d</D:timeout><D:locktoken><D:href>%s</D:href></D:locktoken><D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>",
		scope, depth, owner, left, escape(l.Token), c.href(l.Root, false))
}
