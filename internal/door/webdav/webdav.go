// Package webdav is the file door for Explorer, Finder and everything else that speaks WebDAV: classes 1,
// 2 and 3 of RFC 4918 with the conditions and ranges of RFC 9110. It translates names and errors,
// nothing else; what a session may do is decided behind vault.Files.
//
// Three rules shape it. A listing never opens a file, so it never releases a key: types come from
// extensions and entity tags from version ids. A save is seen when all of it has come, or never. And what
// a client put into a URL comes back as it was sent: names are compared in their composed form, but a
// client that decomposes them finds its own spelling in the answer.
package webdav

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

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
	// MaxFile is the largest file that is taken, in bytes; 0 means that only the disk sets a bound.
	MaxFile int64
}

// Limits on what a client may send.
const (
	maxXML      = 256 << 10 // the body of PROPFIND, PROPPATCH and LOCK
	maxElements = 2000
	maxDepth    = 32
	maxSpace    = 1 << 10  // of a namespace
	maxHeader   = 16 << 10 // If
	maxLists    = 1000     // in an If header
	maxURL      = 64 << 10 // Destination
	maxProps    = 200      // on one file
	maxPropSize = 64 << 10 // all properties of one file
	maxOwner    = 4 << 10  // of a lock
)

// A method and whether it changes what it names, and so obeys If-Match and its like before anything else. What they were
// judged by must still be there in the moment of the act. PUT looks at them when all has come, in the same step as the save.
type method struct {
	do      func(*call) error
	changes bool
}

var methods = map[string]method{
	"GET": {(*call).get, false}, "HEAD": {(*call).get, false}, "PROPFIND": {(*call).propfind, false},
	"PUT": {(*call).put, false}, "PROPPATCH": {(*call).proppatch, true}, "DELETE": {(*call).delete, true},
	"MKCOL": {(*call).mkcol, true}, "COPY": {(*call).copyMove, true}, "MOVE": {(*call).copyMove, true},
	"LOCK": {(*call).lock, true}, "UNLOCK": {(*call).unlock, true},
}

const allow = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK"

type door struct {
	Config
	patching [64]sync.Mutex // by name: a PROPPATCH reads what it changes
}

// New returns the door's handler.
func New(c Config) http.Handler {
	c.Prefix = strings.TrimSuffix("/"+strings.Trim(c.Prefix, "/"), "/")
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &door{Config: c}
}

// call is one request of a session.
type call struct {
	*door
	*answer
	r      *http.Request
	name   pathname.Path // as the client spells it
	to     pathname.Path // of COPY and MOVE
	slash  bool          // the URL ends in a slash: it means a directory
	s      account.Session
	tokens []string     // of locks, as the client presents them
	seen   []vault.Info // what entity tags in conditions were compared with
	files  vault.Files
	space  map[string]quota // asked so far, by share
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("DAV", "1, 2, 3")
	h.Set("MS-Author-Via", "DAV")
	h.Set("X-Content-Type-Options", "nosniff")
	// A page from a share gets no scripts, no cookies and no origin.
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'")
	h.Set("Cache-Control", "private, no-cache")
	if r.Method == "OPTIONS" { // before the login: clients ask first whether this is WebDAV at all
		h.Set("Allow", allow)
		h.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return
	}
	c := &call{door: d, answer: &answer{ResponseWriter: w}, r: r}
	if err := c.serve(); err != nil {
		c.fail(err)
		return
	}
	c.finish()
}

func (c *call) serve() error {
	m, ok := methods[c.r.Method]
	if !ok {
		c.Header().Set("Allow", allow)
		return refuse(http.StatusMethodNotAllowed, "dav.unknown-method")
	}
	if err := c.login(); err != nil {
		return err
	}
	var err error
	if c.name, err = c.path(c.r.URL); err != nil {
		return err
	}
	c.slash = strings.HasSuffix(c.r.URL.Path, "/")
	if c.tokens, err = c.checkIf(); err != nil {
		return err
	}
	c.files = c.Files(c.s, c.tokens...)
	if m.changes {
		if err := c.conditions(); err != nil {
			return err
		}
	}
	if len(c.seen) > 0 {
		c.files = c.files.Expecting(c.seen...)
	}
	return m.do(c)
}

// login finds the session of the request's credentials.
func (c *call) login() (err error) {
	name, secret, ok := c.r.BasicAuth()
	if !ok || !utf8.ValidString(name) {
		return &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.device-password", Err: errors.New("no credentials")}
	}
	name = name[strings.LastIndexByte(name, '\\')+1:] // Windows puts the domain before it
	addr, _ := netip.ParseAddrPort(c.r.RemoteAddr)
	c.s, err = c.Login(c.r.Context(), account.Credentials{Name: name, Secret: secret, Factor: account.DevicePassword,
		Address: addr.Addr().Unmap(), Door: "webdav", Software: fmt.Sprintf("%.200s", c.r.UserAgent())})
	c.files = c.Files(c.s)
	return err
}

var errOutside = problem.New(problem.NotFound, "look up", "", errors.New("outside of the door"))

// path returns the name that a URL of this door stands for. It is decoded once.
func (d *door) path(u *url.URL) (pathname.Path, error) {
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") {
		return "", refuse(http.StatusBadRequest, "dav.slash-in-name")
	}
	if strings.Contains(u.RawPath, "#") { // what follows would be a fragment, which is never sent
		return "", refuse(http.StatusBadRequest, "dav.number-sign")
	}
	p, ok := strings.CutPrefix(u.Path, d.Prefix)
	if !ok || p != "" && p[0] != '/' {
		return "", errOutside
	}
	name, err := pathname.Parse(p)
	if err != nil {
		return "", &problem.Error{Kind: problem.Invalid, Op: "look up", On: p, Hint: "hint.name", Err: err}
	}
	return name, nil
}

var errElsewhere = refuse(http.StatusBadGateway, "dav.elsewhere")

// reference resolves a URL in a header: a path, or with the host that the client speaks to. The scheme is
// not compared, because a proxy before us may have taken the TLS off.
func (c *call) reference(s string) (pathname.Path, error) {
	malformed := refuse(http.StatusBadRequest, "dav.header-url")
	if len(s) > maxURL || strings.ContainsAny(s, "#?") { // unencoded, they would cut the name short
		return "", malformed
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return "", malformed
	}
	switch strings.ToLower(u.Scheme) {
	case "", "http", "https":
	default:
		return "", errElsewhere
	}
	if u.Host != "" && plainHost(u.Host) != plainHost(c.r.Host) {
		return "", errElsewhere
	}
	name, err := c.path(u)
	if errors.Is(err, errOutside) {
		return "", errElsewhere
	}
	return name, err
}

// plainHost returns a host without the port that goes without saying.
func plainHost(h string) string {
	h = strings.ToLower(h)
	for _, port := range []string{":80", ":443"} {
		if short, ok := strings.CutSuffix(h, port); ok {
			return short
		}
	}
	return h
}

// href returns the URL path of a name, in the spelling of the client as far as the client has spelled it:
// clients compare what they get with what they sent, byte by byte.
func (c *call) href(name pathname.Path, dir bool) string {
	own, names := c.name.Names(), name.Names()
	var b strings.Builder
	b.WriteString(encode(c.Prefix))
	for i, n := range names {
		if i < len(own) && pathname.Key(own[i]) == pathname.Key(n) {
			n = own[i]
		} else {
			own = nil
		}
		b.WriteByte('/')
		b.WriteString(encode(n))
	}
	if dir || len(names) == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

// encode percent-encodes all but the unreserved characters of RFC 3986 and the slash: some clients stumble over
// the others, and nothing of it needs escaping in XML.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) * 2)
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
