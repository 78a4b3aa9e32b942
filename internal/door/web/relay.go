package web

import (
	"net/http"

	"github.com/azekura/azekura/internal/door/api"
)

// relay asks the API in this process in the browser's name: it passes the session's cookie on, and what the API sets
// back to the browser.
type relay struct {
	api http.Handler
	r   *http.Request // the browser's
	w   http.ResponseWriter
}

// RoundTrip implements http.RoundTripper.
func (t *relay) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	for _, c := range t.r.Cookies() {
		in.AddCookie(c)
	}
	in.Header.Set("User-Agent", t.r.UserAgent())
	in.URL.Host, in.Host, in.TLS = t.r.Host, t.r.Host, t.r.TLS
	resp, err := api.Local(t.api, t.r.RemoteAddr).RoundTrip(in)
	if err != nil {
		return nil, err
	}
	for _, c := range resp.Header["Set-Cookie"] {
		t.w.Header().Add("Set-Cookie", c)
	}
	return resp, nil
}
