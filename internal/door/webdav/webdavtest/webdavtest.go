// Package webdavtest replays to a WebDAV server what real clients send: Explorer, Word, Excel, Finder, Preview, InDesign,
// davfs2, sync tools. The traces are written after published recordings and descriptions of these programs, which have
// not all been at hand here; what counts in the end is which names are there, and how many versions each has.
package webdavtest

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
)

// Target is an empty directory on a server that follows the storehouse's rules of history.
type Target struct {
	URL            string // ends in a slash
	User, Password string
	Versions       func(t testing.TB, name string) int // of the file of that name
}

// Replay plays every trace, each on a directory of its own.
func Replay(t *testing.T, directory func(t *testing.T) Target) {
	if len(traces) == 0 {
		t.Fatal("there are no traces")
	}
	for _, tr := range traces {
		t.Run(tr.name, func(t *testing.T) { play(t, directory(t), tr) })
	}
}

func play(t *testing.T, at Target, tr trace) {
	u, err := url.Parse(at.URL)
	if err != nil {
		t.Fatal(err)
	}
	token := ""
	for _, x := range tr.steps {
		fill := strings.NewReplacer("$U", at.URL, "$P", u.Path, "$T", token)
		var headers []string
		for _, h := range x.headers {
			headers = append(headers, fill.Replace(h))
		}
		code, header, body := at.do(t, x.line, x.body, headers...)
		if code != x.want {
			t.Errorf("%s %q: status %d, want %d: %.300s", x.line, headers, code, x.want, body)
		}
		if lock := header.Get("Lock-Token"); lock != "" {
			token = strings.Trim(lock, "<>")
		}
		for _, refused := range []string{"HTTP/1.1 403", "HTTP/1.1 409", "HTTP/1.1 424", "HTTP/1.1 507"} {
			if code == http.StatusMultiStatus && strings.Contains(body, refused) {
				t.Errorf("%s: a property is refused: %s", x.line, body)
			}
		}
	}
	if got := at.names(t); !slices.Equal(got, tr.shown) {
		t.Errorf("the directory shows %q, want %q", got, tr.shown)
	}
	for name, want := range tr.versions {
		if got := at.Versions(t, name); got != want {
			t.Errorf("%s has %d versions, want %d", name, got, want)
		}
	}
}

// do makes a request: "METHOD name", the name as a URL would have it.
func (at Target) do(t *testing.T, line, body string, headers ...string) (code int, header http.Header, answer string) {
	t.Helper()
	method, name, _ := strings.Cut(line, " ")
	r, err := http.NewRequest(method, at.URL+name, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(at.User, at.Password)
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

// names lists the directory.
func (at Target) names(t *testing.T) (all []string) {
	t.Helper()
	_, _, body := at.do(t, "PROPFIND ", "", "Depth: 1")
	var m struct {
		Hrefs []string `xml:"DAV: response>href"`
	}
	if err := xml.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, href := range m.Hrefs {
		name, err := url.PathUnescape(href)
		if err != nil {
			t.Errorf("href %q: %v", href, err)
		}
		if !strings.HasSuffix(at.URL, href) {
			all = append(all, path.Base(name))
		}
	}
	slices.Sort(all)
	return all
}
