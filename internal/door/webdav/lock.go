package webdav

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

const defaultTTL = 10 * time.Minute

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
		return status(http.StatusBadRequest, "the Depth of a lock is 0 or infinity")
	}
	_, err = c.files.Stat(c.r.Context(), c.name)
	made := problem.KindOf(err) == problem.NotFound && err != nil
	l, i, err := c.files.Lock(c.r.Context(), c.name, l)
	if err != nil {
		return err
	}
	c.Header().Set("Lock-Token", "<"+l.Token+">")
	code := http.StatusOK
	if made {
		code = http.StatusCreated
	}
	return c.showLock(code, i, l)
}

func parseLockInfo(e *element) (l vault.Lock, err error) {
	scope, kind := e.kid("lockscope"), e.kid("locktype")
	if !e.is("lockinfo") || scope == nil || kind == nil || kind.kid("write") == nil {
		return l, errXML
	}
	l.Shared = scope.kid("shared") != nil
	if !l.Shared && scope.kid("exclusive") == nil {
		return l, errXML
	}
	if o := e.kid("owner"); o != nil {
		if len(o.inner) > 4<<10 {
			return l, status(http.StatusBadRequest, "the owner of the lock is too long")
		}
		l.Owner = o.inner
	}
	return l, nil
}

// refresh starts the time of a lock anew, RFC 4918 section 9.10.2.
func (c *call) refresh(ttl time.Duration) error {
	lists, err := parseIf(c.r.Header.Get("If"))
	if err != nil || len(lists) != 1 || len(lists[0].all) != 1 || lists[0].all[0].token == "" {
		return status(http.StatusBadRequest, "a lock without a body refreshes the one that the If header names")
	}
	l, err := c.files.Refresh(c.r.Context(), c.name, lists[0].all[0].token, ttl)
	if err != nil {
		return err
	}
	return c.showLock(http.StatusOK, vault.Info{Path: l.Root}, l)
}

func (c *call) showLock(code int, i vault.Info, l vault.Lock) error {
	c.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.WriteHeader(code)
	_, err := io.WriteString(c, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+`<D:prop xmlns:D="DAV:"><D:lockdiscovery>`+c.activeLock(l)+"</D:lockdiscovery></D:prop>\n")
	return err
}

// timeout reads the first entry of a Timeout header that makes sense.
func timeout(h string) (time.Duration, error) {
	for t := range strings.SplitSeq(h, ",") {
		t = strings.TrimSpace(t)
		if strings.EqualFold(t, "infinite") {
			return time.Hour, nil
		}
		if s, ok := strings.CutPrefix(strings.ToLower(t), "second-"); ok {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				return 0, status(http.StatusBadRequest, "the Timeout header is malformed")
			}
			return time.Duration(min(max(n, 1), 3600)) * time.Second, nil
		}
	}
	return defaultTTL, nil
}

// unlock implements UNLOCK.
func (c *call) unlock() error {
	h := c.r.Header.Get("Lock-Token")
	token, ok := strings.CutPrefix(strings.TrimSpace(h), "<")
	token, ok2 := strings.CutSuffix(token, ">")
	if !ok || !ok2 {
		return status(http.StatusBadRequest, "the Lock-Token header is missing or malformed")
	}
	err := c.files.Unlock(c.r.Context(), c.name, token)
	if err != nil && problem.KindOf(err) == problem.Condition {
		return &statusError{code: http.StatusConflict, xml: "<D:lock-token-matches-request-uri/>"}
	}
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) lockDiscovery(i vault.Info) string {
	locks, err := c.files.Locks(c.r.Context(), i.Path)
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
	left := max(int64(l.Until.Sub(c.Now())/time.Second), 0)
	return fmt.Sprintf("<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope><D:depth>%s</D:depth>"+
		"<D:owner>%s</D:owner><D:timeout>Second-%d</D:timeout><D:locktoken><D:href>%s</D:href></D:locktoken><D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>",
		scope, depth, owner, left, escape(l.Token), escape(c.href(vault.Info{Path: pathname.Path(l.Root)})))
}
