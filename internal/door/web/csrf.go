package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// csrf makes the tokens of forms. A token belongs to a browser, by a cookie that no script reads, and to what the browser
// is logged in as: a form that was opened before a login does nothing after it.
type csrf struct{ key []byte }

func newCSRF() csrf {
	k := make([]byte, 32)
	rand.Read(k)
	return csrf{k}
}

const formCookie = "azekura-form"

// sessionCookies are where the API keeps sessions; their content is none of our business.
var sessionCookies = []string{"__Host-azekura", "azekura"}

func (c csrf) sum(r *http.Request, browser string) string {
	m := hmac.New(sha256.New, c.key)
	m.Write([]byte(browser))
	for _, name := range sessionCookies {
		if s, err := r.Cookie(name); err == nil {
			m.Write([]byte{0})
			m.Write([]byte(s.Value))
		}
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// token returns the token of a page's forms. When the answer begins a session, it is the session's.
func (c csrf) token(w http.ResponseWriter, r *http.Request) string {
	browser := ""
	if b, err := r.Cookie(formCookie); err == nil && len(b.Value) >= 20 && len(b.Value) < 100 {
		browser = b.Value
	} else {
		browser = rand.Text()
		http.SetCookie(w, &http.Cookie{Name: formCookie, Value: browser, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	}
	return c.sum(withSet(w, r), browser)
}

// withSet returns the request as the browser would send it after this answer.
func withSet(w http.ResponseWriter, r *http.Request) *http.Request {
	set := make(map[string]string)
	for _, line := range w.Header()["Set-Cookie"] {
		if name, rest, ok := strings.Cut(line, "="); ok {
			value, _, _ := strings.Cut(rest, ";")
			set[name] = value
		}
	}
	next := &http.Request{Header: make(http.Header)}
	for _, name := range sessionCookies {
		if v, ok := set[name]; ok {
			if v != "" {
				next.AddCookie(&http.Cookie{Name: name, Value: v})
			}
		} else if s, err := r.Cookie(name); err == nil {
			next.AddCookie(s)
		}
	}
	return next
}

// right reports whether a form came from a page that we gave to this browser.
func (c csrf) right(r *http.Request) bool {
	return c.equal(r, r.PostFormValue("csrf"))
}

func (c csrf) equal(r *http.Request, token string) bool {
	b, err := r.Cookie(formCookie)
	return err == nil && hmac.Equal([]byte(c.sum(r, b.Value)), []byte(token))
}
