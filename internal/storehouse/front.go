package storehouse

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// publicAPI is the API as the network sees it: people with a cookie, programs with a token.
func (s *server) publicAPI() http.Handler {
	front := &api.Front{Logins: s.h.keeper.local, Asked: s.h.keeper.local, House: s.house, Origin: s.origin, Caller: s.caller, Cookie: setCookie}
	h := api.New(s.h.apiConfig(s.session, front))
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusForbidden, "a request from another site")
	}))
	guarded := cross.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff") // contents are among its answers: they are no pages
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
		w.Header().Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	})
}

// The cookie of a session. Its prefix binds it to this host and to TLS; without TLS, on this machine alone, there is
// none: RFC 6265bis section 4.1.3.2.
const (
	secureCookie = "__Host-azekura"
	localCookie  = "azekura"
)

func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return secureCookie
	}
	return localCookie
}

func setCookie(w http.ResponseWriter, r *http.Request, secret string) {
	c := &http.Cookie{Name: cookieName(r), Value: secret, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// session returns the live session of a request from the network.
func (s *server) session(r *http.Request) (account.Session, error) {
	from, err := s.caller(r)
	if err != nil {
		return account.Session{}, err
	}
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.h.keeper.Keeper().Login(r.Context(), account.Credentials{Secret: secret, Factor: account.ByToken, Address: from.Address, Door: "api", Software: from.Software})
	}
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "check session", Hint: "hint.log-in-again"}
	}
	return s.h.keeper.local.Resume(r.Context(), c.Value, from)
}

// caller tells where a request from the network comes from.
func (s *server) caller(r *http.Request) (account.Caller, error) {
	origin, err := s.origin(r)
	if err != nil {
		return account.Caller{}, err
	}
	c := account.Caller{Door: "web", Software: r.UserAgent(), Origin: origin}
	c.Address = addressFrom(r.RemoteAddr)
	return c, nil
}

// origin returns the site that a request's browser shows. The client says its host, so only names that are ours count, and
// addresses: a name of somebody else's that leads here is how pages are made to speak to servers inside a network.
func (s *server) origin(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	if _, err := netip.ParseAddr(host); err != nil && !slices.ContainsFunc(hostNames(s.h.cfg.Names), func(n string) bool { return strings.EqualFold(n, host) }) {
		return "", &problem.Error{Kind: problem.Denied, Op: "check host", On: r.Host, Hint: "hint.host-name", Err: errors.New("not a name of this machine")}
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, strings.ToLower(r.Host)), nil
}

// house tells what everybody may know.
func (s *server) house(r *http.Request) api.House {
	h := api.House{Firm: s.h.keeper.local.Firm(), Secure: r.TLS != nil || addressFrom(r.RemoteAddr).IsLoopback(), Fresh: s.h.keeper.local.Fresh(), Restored: !s.h.keeper.local.Isolated().IsZero()}
	if s.h.cfg.OIDCIssuer != "" && !h.Restored {
		h.Provider, h.OIDC = true, s.h.cfg.OIDCName
	}
	if origin, err := s.origin(r); err == nil {
		h.WebDAV = origin + Prefix + "/"
	}
	for _, l := range s.listeners {
		if l.Door == "sftp" {
			h.SFTP = strings.TrimPrefix(l.URL, "sftp://")
		}
	}
	return h
}

func addressFrom(remote string) netip.Addr {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap().WithZone("")
}
