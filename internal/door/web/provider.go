package web

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// The firm's identity provider: the browser is sent there, and comes back with an answer. Between the two the ticket of the login stands
// in a cookie, so that nobody else's answer counts in this browser.

// providerCookie names the cookie; over TLS its prefix keeps other hosts of the domain from setting it.
func providerCookie(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-azekura-provider"
	}
	return "azekura-provider"
}

// facts are what everybody may know, with a name for the provider.
func (v *visit) facts() (api.House, error) {
	h, err := v.api.House(v.r.Context())
	if h.Provider && h.OIDC == "" {
		h.OIDC = v.lang.Text("web.provider")
	}
	return h, err
}

// leave keeps where the login is, and where it leads to.
func (v *visit) leave(s api.Step, next string) {
	v.provider(s.Ticket+"."+base64.RawURLEncoding.EncodeToString([]byte(next)), 600)
}

func (v *visit) provider(value string, age int) {
	http.SetCookie(v.w, &http.Cookie{Name: providerCookie(v.r), Value: value, Path: "/", HttpOnly: true, Secure: v.r.TLS != nil,
		SameSite: http.SameSiteLaxMode, MaxAge: age}) // lax: the way back begins at another site
}

func (v *visit) providerLogin() error {
	s, err := v.api.ProviderLogin(v.r.Context(), "")
	if err != nil {
		return v.atLogin(err)
	}
	return v.going(s, v.next())
}

// going shows where the browser is sent to. A form's answer cannot be a redirect to another site: our policy for forms forbids it.
func (v *visit) going(s api.Step, next string) error {
	v.leave(s, next)
	v.w.Header().Set("Refresh", "0; url="+s.Redirect)
	return v.show("going", s)
}

// acceptWithProvider accepts an invitation by an identity instead of a password.
func (v *visit) acceptWithProvider() error {
	s, err := v.api.ProviderLogin(v.r.Context(), v.form("ticket"))
	if err != nil {
		return v.again(err, "welcome", stage{})
	}
	return v.going(s, "/")
}

// providerBack takes the answer with which the browser comes back.
func (v *visit) providerBack() error {
	c, err := v.r.Cookie(providerCookie(v.r))
	if err != nil {
		return v.atLogin(&problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.log-in-anew"})
	}
	v.provider("", -1)
	ticket, after, _ := strings.Cut(c.Value, ".")
	text, err := base64.RawURLEncoding.DecodeString(after)
	next := local(string(text), http.MethodGet)
	if err != nil {
		next = "/"
	}
	q := v.r.URL.Query()
	if q.Get("code") == "" { // it says "error", or nothing
		return v.atLogin(&problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.provider-refused"})
	}
	s, err := v.api.LoginProvider(v.r.Context(), api.ProviderAnswer{Ticket: ticket, State: q.Get("state"), Code: q.Get("code")})
	switch {
	case err != nil && next == "/me": // it was to be tied to an account that is in
		return err
	case err != nil:
		return v.atLogin(err)
	case len(s.Wants) == 0 && next == "/me":
		return v.done(next, "web.identity-tied")
	case len(s.Wants) == 0:
		v.redirect(next)
		return nil
	}
	return v.show(pageOf(s), stage{Step: s, Next: next})
}
