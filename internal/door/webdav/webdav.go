// Package webdav is the file door for Explorer, Finder and everything else that speaks WebDAV: classes 1,
// 2 and 3 of RFC 4918 with the conditions and ranges of RFC 9110. It translates names and errors,
// nothing else; what a session may do is decided behind vault.Files.
package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Config is what the door needs.
type Config struct {
	Prefix string // of all paths, such as "/dav"
	// Login returns the session of credentials. It is called for every request, so it must be cheap for a live session.
	Login func(context.Context, account.Credentials) (account.Session, error)
	// Files returns what a session may do with the lock tokens that it presents.
	Files func(s account.Session, tokens ...string) vault.Files
	Now   func() time.Time
	Log   *slog.Logger
}

// Limits on what a client may send.
const (
	maxXML      = 256 << 10
	maxElements = 2000
	maxDepth    = 32
	maxHeader   = 16 << 10 // If and Destination
	maxProps    = 200      // on one file
	maxPropSize = 64 << 10 // all properties of one file
)

const allow = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK"

type door struct{ Config }

// New returns the door's handler.
func New(c Config) http.Handler {
	c.Prefix = "/" + strings.Trim(c.Prefix, "/")
	return &door{c}
}

// call is one request of a session.
type call struct {
	*door
	http.ResponseWriter
	r     *http.Request
	name  pathname.Path
	s     account.Session
	files vault.Files
}

var methods = map[string]func(*call) error{
	"GET": (*call).get, "HEAD": (*call).get, "PUT": (*call).put, "DELETE": (*call).delete, "PROPFIND": (*call).propfind,
	"PROPPATCH": (*call).proppatch, "MKCOL": (*call).mkcol, "COPY": (*call).copyMove, "MOVE": (*call).copyMove,
	"LOCK": (*call).lock, "UNLOCK": (*call).unlock,
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("DAV", "1, 2, 3")
	h.Set("MS-Author-Via", "DAV")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	h.Set("Cache-Control", "private, no-cache")
	if r.Method == "OPTIONS" {
		h.Set("Allow", allow)
		w.WriteHeader(http.StatusOK)
		return
	}
	c := &call{door: d, ResponseWriter: w, r: r}
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

func (c *call) serve() (err error) {
	do := methods[c.r.Method]
	if do == nil {
		c.Header().Set("Allow", allow)
		return status(http.StatusMethodNotAllowed, "this door does not know the method "+fmt.Sprintf("%.20q", c.r.Method))
	}
	if err := c.login(); err != nil {
		return err
	}
	if c.name, err = c.path(c.r.URL); err != nil {
		return err
	}
	tokens, err := c.checkIf()
	if err != nil {
		return err
	}
	c.files = c.Files(c.s, tokens...)
	return do(c)
}

// login finds the session of the request's credentials.
func (c *call) login() (err error) {
	name, secret, ok := c.r.BasicAuth()
	if !ok {
		return problem.New(problem.Unauthenticated, "log in", "", errors.New("no credentials"))
	}
	addr, _ := netip.ParseAddrPort(c.r.RemoteAddr)
	c.s, err = c.Login(c.r.Context(), account.Credentials{Name: name, Secret: secret, Factor: account.DevicePassword,
		Address: addr.Addr().Unmap(), Door: "webdav", Software: fmt.Sprintf("%.200s", c.r.UserAgent())})
	c.files = c.Files(c.s)
	return err
}

// path returns the name that a URL of this door stands for.
func (d *door) path(u *url.URL) (pathname.Path, error) {
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") {
		return "", status(http.StatusBadRequest, "a name cannot hold a slash")
	}
	p, ok := strings.CutPrefix(u.Path, d.Prefix)
	if !ok || p != "" && p[0] != '/' {
		return "", problem.New(problem.NotFound, "look up", u.Path, nil)
	}
	name, err := pathname.Parse(p)
	if err != nil {
		return "", problem.New(problem.Invalid, "look up", p, err)
	}
	return name, nil
}

// href returns the URL path of a name; directories end in a slash.
func (d *door) href(i vault.Info) string {
	p := d.Prefix + string(i.Path)
	if i.Dir && !strings.HasSuffix(p, "/") {
		p += "/"
	}
	return (&url.URL{Path: p}).EscapedPath()
}

// statusError is an error with a status of its own.
type statusError struct {
	code int
	text string
	xml  string // a precondition element of RFC 4918 section 16
}

func (e *statusError) Error() string { return e.text }

func status(code int, text string) error { return &statusError{code: code, text: text} }

// fail answers with an error: a status and a sentence, never what is inside.
func (c *call) fail(err error) {
	h := c.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Content-Length", "Accept-Ranges"} {
		h.Del(name)
	}
	code, text, xml := c.describe(err)
	if code >= 500 {
		c.Log.ErrorContext(c.r.Context(), "request failed", "method", c.r.Method, "status", code, "err", err)
	}
	if code == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Azekura", charset="UTF-8"`)
	}
	if xml != "" {
		h.Set("Content-Type", "application/xml; charset=utf-8")
		c.WriteHeader(code)
		io.WriteString(c, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+`<D:error xmlns:D="DAV:">`+xml+`</D:error>`)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	c.WriteHeader(code)
	if c.r.Method != "HEAD" {
		io.WriteString(c, text+"\n")
	}
}

var sentences = map[problem.Kind]string{
	problem.Internal:        "Something is wrong on the server. Its log tells what.",
	problem.Unauthenticated: "Log in with your account name and a device password of this storehouse.",
	problem.Denied:          "You may not do this here.",
	problem.NotFound:        "There is nothing with this name.",
	problem.Exists:          "There is already something with this name.",
	problem.Conflict:        "The directory above does not exist, or something else stands there.",
	problem.Condition:       "It has changed since: load it again first.",
	problem.Locked:          "Somebody else has it open. Try again when they have closed it.",
	problem.Frozen:          "Writing and reading are stopped here. Ask your administrator.",
	problem.TooLarge:        "It is too large.",
	problem.NoSpace:         "The disk of the storehouse is full. Nothing was changed. Tell your administrator.",
	problem.Damaged:         "What is stored is damaged and is not handed out. Tell your administrator: run azekura verify.",
	problem.Unavailable:     "This cannot be done at the moment. Try again.",
}

func (c *call) describe(err error) (code int, text, xml string) {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.code, e.text, e.xml
	}
	kind := problem.KindOf(err)
	code, text = kind.HTTP(), sentences[kind]
	if e, ok := errors.AsType[*problem.Error](err); ok && kind == problem.Invalid && e.Err != nil {
		text = e.Err.Error() // says what is wrong with what the client itself sent
	}
	if kind == problem.Locked {
		xml = "<D:lock-token-submitted><D:href>" + escape(c.href(vault.Info{Path: c.name})) + "</D:href></D:lock-token-submitted>"
	}
	return code, text, xml
}

// delete implements DELETE.
func (c *call) delete() error {
	if d := c.r.Header.Get("Depth"); d != "" && !strings.EqualFold(d, "infinity") {
		if i, err := c.files.Stat(c.r.Context(), c.name); err == nil && i.Dir {
			return status(http.StatusBadRequest, "a directory goes with everything in it: Depth must be infinity")
		}
	}
	if c.r.URL.Fragment != "" {
		return status(http.StatusBadRequest, "a fragment cannot be removed")
	}
	if err := c.conditions(); err != nil {
		return err
	}
	if err := c.files.Remove(c.r.Context(), c.name); err != nil {
		if live, _ := vault.Live(c.name.Base()); !live || problem.KindOf(err) != problem.NotFound {
			return err
		}
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

// mkcol implements MKCOL.
func (c *call) mkcol() error {
	if c.r.ContentLength != 0 {
		var one [1]byte
		if n, _ := c.r.Body.Read(one[:]); n > 0 || c.r.ContentLength > 0 {
			return status(http.StatusUnsupportedMediaType, "a directory is made without a body")
		}
	}
	if err := c.files.Mkdir(c.r.Context(), c.name); err != nil {
		return err
	}
	c.WriteHeader(http.StatusCreated)
	return nil
}

// copyMove implements COPY and MOVE.
func (c *call) copyMove() error {
	to, err := c.destination()
	if err != nil {
		return err
	}
	depth := strings.ToLower(c.r.Header.Get("Depth"))
	move := c.r.Method == "MOVE"
	if depth != "" && depth != "infinity" && (move || depth != "0") {
		return status(http.StatusBadRequest, "this Depth makes no sense here")
	}
	replace := true
	switch c.r.Header.Get("Overwrite") {
	case "F", "f":
		replace = false
	case "", "T", "t":
	default:
		return status(http.StatusBadRequest, "Overwrite is T or F")
	}
	src, err := c.files.Stat(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	if to == c.name {
		return status(http.StatusForbidden, "source and destination are the same")
	}
	if src.Dir && to.In(c.name) && pathname.Key(string(to)) != pathname.Key(string(c.name)) {
		return status(http.StatusForbidden, "a directory cannot go into itself")
	}
	if err := c.conditions(); err != nil {
		return err
	}
	_, err = c.files.Stat(c.r.Context(), to)
	existed := err == nil
	if move {
		err = c.files.Rename(c.r.Context(), c.name, to, replace)
	} else {
		err = c.files.Copy(c.r.Context(), c.name, to, replace, depth != "0")
	}
	switch {
	case problem.KindOf(err) == problem.Exists && err != nil:
		return status(http.StatusPreconditionFailed, sentences[problem.Exists])
	case err != nil:
		return err
	case existed:
		c.WriteHeader(http.StatusNoContent)
	default:
		c.WriteHeader(http.StatusCreated)
	}
	return nil
}

// destination reads the Destination header.
func (c *call) destination() (pathname.Path, error) {
	h := c.r.Header.Get("Destination")
	if h == "" || len(h) > maxHeader*4 {
		return "", status(http.StatusBadRequest, "the Destination header is missing or too long")
	}
	u, err := url.Parse(h)
	if err != nil || u.Fragment != "" {
		return "", status(http.StatusBadRequest, "the Destination header is no URL")
	}
	if u.Host != "" && !strings.EqualFold(u.Host, c.r.Host) {
		return "", status(http.StatusBadGateway, "the destination is on another server")
	}
	name, err := c.path(u)
	if problem.KindOf(err) == problem.NotFound && err != nil {
		return "", status(http.StatusBadGateway, "the destination is outside this door")
	}
	return name, err
}
