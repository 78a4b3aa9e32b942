// Package web is the house in a browser: pages made on the server from what the API says. It knows nothing of
// keeper and vault, and decides nothing: what somebody may do, the API allows or refuses. Everything works without
// scripts but passkeys, which browsers know no other way for.
package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

//go:embed templates
var templateFiles embed.FS

// Config is what the pages are made of.
type Config struct {
	API http.Handler // the public API, which knows sessions by the browser's cookie
	Now func() time.Time
	Log *slog.Logger
	// Notices are what every page says at its top; nil: nothing.
	Notices func() []Notice
}

// Notice is a text of package lang that begins with "web.", and what stands in it.
type Notice struct {
	Key  string
	Args []any
}

type house struct {
	Config
	pages  map[lang.Lang]*template.Template
	static map[string]asset // by path
	csrf   csrf
	lists  *lists
}

// maxForm bounds a form.
const maxForm = 1 << 20

// New returns the pages. They stand at the root of a site.
func New(cfg Config) http.Handler {
	h := &house{Config: cfg, static: assets(), csrf: newCSRF(), lists: newLists()}
	h.pages = parsePages(h.static)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{name}", h.asset)
	for _, part := range routes() {
		for pattern, do := range part {
			mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, do) })
		}
	}
	cross := http.NewCrossOriginProtection()
	return headers(cross.Handler(mux))
}

// headers are what every answer has. No page runs a script that is not ours, is shown in another's frame, or speaks to anybody
// else.
func headers(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if host, _, _ := net.SplitHostPort(r.Host); r.TLS != nil && host != "localhost" && r.Host != "localhost" { // there plain HTTP goes on
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// visit is one request for a page.
type visit struct {
	*house
	w    http.ResponseWriter
	r    *http.Request
	lang lang.Lang
	api  *client.Client
	me   api.Me // once somebody is known
}

// action answers a visit. An error becomes a page that says what to do.
type action struct {
	do     func(v *visit) error
	anyone bool // also for who is not logged in
	stream bool // it reads a body of any size, and looks at the form's token itself
}

// serve answers one request.
func (h *house) serve(w http.ResponseWriter, r *http.Request, a action) {
	if !a.stream {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	v := &visit{house: h, w: w, r: r, lang: language(w, r)}
	v.api = client.New(&relay{h.API, r, w}, v.lang.String())
	w.Header().Set("Cache-Control", "no-store")
	err := v.answer(a)
	if err == nil {
		return
	}
	if problem.KindOf(err) == problem.Unauthenticated && !a.anyone {
		v.redirect("/login?" + url.Values{"next": {local(r.URL.RequestURI(), r.Method)}}.Encode())
		return
	}
	if problem.KindOf(err) == problem.Internal {
		h.Log.ErrorContext(r.Context(), "page failed", "pattern", r.Pattern, "err", err)
	}
	v.fail(err)
}

func (v *visit) answer(a action) (err error) {
	if v.r.Method == http.MethodPost && !a.stream {
		if err := v.r.ParseForm(); err != nil {
			return problem.New(problem.Invalid, "read", "", err)
		}
		if !v.csrf.right(v.r) {
			return &problem.Error{Kind: problem.Denied, Op: "read", Hint: "hint.page-old"}
		}
	}
	if !a.anyone {
		if v.me, err = v.api.Me(v.r.Context()); err != nil {
			return err
		}
	}
	return a.do(v)
}

// local returns a path of our own to come back to, from what a request says; anything else is the start page.
func local(target, method string) string {
	u, err := url.Parse(target)
	if err != nil || method != http.MethodGet && method != http.MethodHead || u.IsAbs() || u.Host != "" ||
		!strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\\n\r\t") {
		return "/"
	}
	return target
}

func (v *visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// form returns a value of the form.
func (v *visit) form(key string) string { return v.r.PostFormValue(key) }

// areas are the links of the menu under which pages are found, by the first part of their path.
var areas = map[string]string{
	"": "/", "files": "/files/", "history": "/files/", "removed": "/files/", "readers": "/files/",
	"people": "/people", "groups": "/people", "roles": "/people", "shares": "/people", "register": "/people", "roster": "/people", "receipts": "/people", "proposals": "/people", "renewal": "/people",
	"ledger": "/ledger", "logs": "/ledger", "guard": "/guard", "cases": "/guard",
	"settings": "/settings", "firm": "/settings", "reserve": "/settings", "copies": "/settings", "me": "/me", "connect": "/me",
}

// area is the link of the menu under which a page is found; empty: none.
func area(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return areas[first]
}

// page is what every template gets.
type page struct {
	Title string
	Lang  string
	Other string // the other language
	Here  string // the path, for the menu and for changing the language
	CSRF  string
	Me    *api.Me
	Error string
	Done  string // what was just done

	Notices []string // of the whole house

	Now  time.Time
	Data any
}

// titles are what the browser's window is called on each page.
var titles = map[string]string{
	"login": "web.log-in", "code": "web.second-factor", "factor": "web.set-up-factor", "enrol": "web.set-up-factor", "addfactor": "web.set-up-factor",
	"recovery": "web.recovery-codes", "newpassword": "web.renew-password", "welcome": "web.invited", "accept": "web.choose-password", "proof": "web.prove",
	"password": "web.change-password", "going": "web.log-in", "home": "web.nav-home", "ledger": "web.nav-ledger", "settings": "web.nav-settings", "me": "web.account",
	"connect": "web.connect-computer", "people": "web.nav-people", "person": "web.account", "roles": "web.roles", "groups": "web.groups", "share": "web.rights",
	"proposals": "web.proposals", "renewal": "web.renewal", "folder": "web.nav-files", "gallery": "web.nav-files", "found": "web.search-button", "file": "web.history", "compare": "web.compare",
	"readers": "web.who-has-read", "guard": "web.nav-guard", "reading": "web.reading", "cases": "web.cases", "case": "web.case", "damage": "web.damage", "bin": "web.bin", "roster": "web.roster", "roster-list": "web.roster", "waiting": "web.findings-wait", "problem": "web.problem",
	"lookup": "web.lookup-title", "inquiries": "web.inquiries", "receipt": "web.receipt", "receipts": "web.receipts", "reserve": "web.reserve", "end": "web.ending-to", "logs": "web.logs", "retention": "web.retention-link",
}

// show renders a page.
func (v *visit) show(name string, data any) error { return v.render(http.StatusOK, name, "", data) }

// again renders a page with what went wrong, so that it can be mended there.
func (v *visit) again(err error, name string, data any) error {
	return v.render(problem.KindOf(err).HTTP(), name, v.sentence(err), data)
}

func (v *visit) render(status int, name, complaint string, data any) error {
	p := page{Title: v.lang.Text(titles[name]), Lang: v.lang.String(), Other: other(v.lang).String(), Here: v.r.URL.Path, CSRF: v.csrf.token(v.w, v.r),
		Error: complaint, Done: v.said(), Now: v.Now(), Data: data}
	if v.me.Account != "" {
		p.Me = &v.me
	}
	if v.Notices != nil {
		for _, n := range v.Notices() {
			p.Notices = append(p.Notices, v.lang.Text(n.Key, n.Args...))
		}
	}
	var b bytes.Buffer
	if err := v.pages[v.lang].ExecuteTemplate(&b, name, p); err != nil {
		return problem.New(problem.Internal, "read", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	v.w.Write(b.Bytes()) // a browser that has gone is no matter of ours
	return nil
}

// sentence is what a person is told of an error.
func (v *visit) sentence(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Message
	}
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		e = problem.New(problem.KindOf(err), "", "", err)
	}
	return v.lang.Problem(e.Op, e.On, e.Kind.String(), e.Hint)
}

// fail shows a page that says what went wrong.
func (v *visit) fail(err error) {
	if hintOf(err) == "hint.prove-again" {
		v.redirect("/me/proof?" + url.Values{"next": {v.back()}}.Encode())
		return
	}
	data := map[string]any{"Back": v.from(), "Absent": problem.KindOf(err) == problem.NotFound && hintOf(err) == "" && strings.HasPrefix(v.r.URL.Path, "/files/"),
		"Frozen": problem.KindOf(err) == problem.Frozen,
		"Spent":  problem.KindOf(err) == problem.Spent && hintOf(err) != "hint.lookup-slower"} // of what is open to everybody there is no budget to look at
	if err := v.render(problem.KindOf(err).HTTP(), "problem", v.sentence(err), data); err != nil {
		v.Log.ErrorContext(v.r.Context(), "page failed", "err", err)
		http.Error(v.w, v.sentence(err), http.StatusInternalServerError)
	}
}

func hintOf(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Hint
	}
	return ""
}

// from is the page that somebody came from to one that cannot be shown: to show that one again would lead nowhere.
func (v *visit) from() string {
	if v.r.Method == http.MethodPost {
		return v.back()
	}
	if u, err := url.Parse(v.r.Referer()); err == nil && u.Host == v.r.Host && u.Path != v.r.URL.Path {
		return local(u.RequestURI(), http.MethodGet)
	}
	return "/"
}

// back is the page that a form was on.
func (v *visit) back() string {
	if u, err := url.Parse(v.r.Referer()); err == nil && u.Host == v.r.Host && v.r.Method == http.MethodPost {
		return local(u.RequestURI(), http.MethodGet)
	}
	return local(v.r.URL.Path, v.r.Method)
}

// done goes to a page, which says what was done.
func (v *visit) done(to, key string) error {
	http.SetCookie(v.w, &http.Cookie{Name: doneCookie, Value: key, Path: "/", HttpOnly: true, Secure: v.r.TLS != nil, SameSite: http.SameSiteLaxMode, MaxAge: 30})
	v.redirect(to)
	return nil
}

// after is done, unless what was to be done failed.
func (v *visit) after(err error, to, key string) error {
	if err != nil {
		return err
	}
	return v.done(to, key)
}

const doneCookie = "azekura-done"

// said returns what was just done, once.
func (v *visit) said() string {
	c, err := v.r.Cookie(doneCookie)
	if err != nil || !strings.HasPrefix(c.Value, "web.") || !lang.Has(c.Value) {
		return ""
	}
	http.SetCookie(v.w, &http.Cookie{Name: doneCookie, Path: "/", MaxAge: -1})
	return v.lang.Text(c.Value)
}

const langCookie = "azekura-lang"

// language is the one that a person chose, or that the browser asks for.
func language(w http.ResponseWriter, r *http.Request) lang.Lang {
	if q := r.URL.Query().Get("lang"); q == "ja" || q == "en" {
		http.SetCookie(w, &http.Cookie{Name: langCookie, Value: q, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode, MaxAge: 400 * 24 * 3600})
		return lang.Pick(q)
	}
	if c, err := r.Cookie(langCookie); err == nil {
		return lang.Pick(c.Value)
	}
	return lang.Pick(r.Header.Get("Accept-Language"))
}

func other(l lang.Lang) lang.Lang {
	if l == lang.Japanese {
		return lang.English
	}
	return lang.Japanese
}

// parsePages parses the templates once for each language.
func parsePages(static map[string]asset) map[lang.Lang]*template.Template {
	out := make(map[lang.Lang]*template.Template)
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // embedded
	}
	for _, l := range []lang.Lang{lang.English, lang.Japanese} {
		out[l] = template.Must(template.New("").Funcs(functions(l, static)).ParseFS(files, "*.html"))
	}
	return out
}

// picture lets a page show a picture that the API has made: a PNG in the page itself, and nothing else.
func picture(s string) template.URL {
	if !strings.HasPrefix(s, "data:image/png;base64,") {
		return ""
	}
	return template.URL(s)
}

// pictureKinds are those of package guard/structure that have previews.
var pictureKinds = []string{"jpeg", "png", "gif", "bmp", "webp", "tiff", "psd"}

// shows reports whether a file can be shown as a picture, as far as is known.
func shows(i api.Info) bool {
	return i.Picture && (i.Found == nil || slices.Contains(pictureKinds, i.Found.Kind))
}

// part is how much of a whole something is.
func part(n, of int64) string {
	if of == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.3g %%", 100*float64(n)/float64(of))
}
