package webdav

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// house is the door over a vault in memory, with a clock that the test moves. Its shares are /s and /other.
type house struct {
	*vaultmodel.Model
	testing.TB
	door http.Handler
	gate *vaultmodel.Gate
	at   time.Time
	log  strings.Builder
	user string // who makes the requests
}

const secret = "correct horse"

func newHouse(t testing.TB, change ...func(*Config)) *house {
	h := &house{TB: t, at: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), user: "hanako"}
	now := func() time.Time { return h.at }
	h.Model = vaultmodel.New(now)
	h.AddShare("s")
	h.AddShare("other")
	h.gate = h.Gate()
	h.gate.Add("hanako", secret)
	h.gate.Add("太郎", secret)
	c := Config{Prefix: "/dav", Login: h.gate.Login, Files: h.As, Now: now, Log: slog.New(slog.NewTextHandler(&h.log, nil))}
	for _, f := range change {
		f(&c)
	}
	h.door = New(c)
	return h
}

// files is the vault as another door would see it.
func (h *house) files() vault.Files {
	return h.As(account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: "another door", Door: "web"})
}

// reply is what the door answers.
type reply struct {
	*httptest.ResponseRecorder
	h    *house
	line string
}

// do makes a request: "METHOD /path below the prefix", a body, and headers as "Name: value".
func (h *house) do(line, body string, headers ...string) reply {
	h.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "http://h.example/dav"+path, strings.NewReader(body))
	r.SetBasicAuth(h.user, secret)
	for _, line := range headers {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			h.Fatalf("not a header: %q", line)
		}
		r.Header.Add(name, value)
	}
	return h.serve(r)
}

func (h *house) serve(r *http.Request) reply {
	w := httptest.NewRecorder()
	h.door.ServeHTTP(w, r)
	return reply{w, h, r.Method + " " + r.URL.Path}
}

// want checks the status, and that an error comes with a sentence.
func (r reply) want(code int) reply {
	r.h.Helper()
	if r.Code != code {
		r.h.Errorf("%s: %d, want %d: %.300s", r.line, r.Code, code, r.Body)
	}
	if r.Code >= 400 && !strings.HasPrefix(r.line, "HEAD") && !strings.ContainsAny(r.Body.String(), " 。") {
		r.h.Errorf("%s: %d without a sentence: %q", r.line, r.Code, r.Body)
	}
	return r
}

// has checks that the body holds each of the texts.
func (r reply) has(texts ...string) reply {
	r.h.Helper()
	for _, s := range texts {
		if !strings.Contains(r.Body.String(), s) {
			r.h.Errorf("%s: the answer does not hold %s\n%s", r.line, s, r.Body)
		}
	}
	return r
}

// hasNot checks that the body holds none of the texts.
func (r reply) hasNot(texts ...string) reply {
	r.h.Helper()
	for _, s := range texts {
		if strings.Contains(r.Body.String(), s) {
			r.h.Errorf("%s: the answer holds %s\n%s", r.line, s, r.Body)
		}
	}
	return r
}

// header checks a header of the answer.
func (r reply) header(name, want string) reply {
	r.h.Helper()
	if got := r.Header().Get(name); got != want {
		r.h.Errorf("%s: %s is %q, want %q", r.line, name, got, want)
	}
	return r
}

// token takes a lock and returns its token.
func (h *house) token(path string, headers ...string) string {
	h.Helper()
	r := h.do("LOCK "+path, lockBody("exclusive"), headers...)
	if r.Code != 200 && r.Code != 201 {
		h.Fatalf("LOCK %s: %d %s", path, r.Code, r.Body)
	}
	return strings.Trim(r.Header().Get("Lock-Token"), "<>")
}

func lockBody(scope string) string {
	return `<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:` + scope +
		`/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>mailto:hanako@example.jp</D:href></D:owner></D:lockinfo>`
}

func propfindBody(props ...string) string {
	return `<D:propfind xmlns:D="DAV:" xmlns:oc="http://owncloud.org/ns"><D:prop><` + strings.Join(props, "/><") + `/></D:prop></D:propfind>`
}

func proppatchBody(set string) string {
	return `<D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>` + set + `</D:prop></D:set></D:propertyupdate>`
}

// tree makes what most tests begin with.
func (h *house) tree() *house {
	h.Helper()
	h.do("MKCOL /s/d", "").want(201)
	h.do("PUT /s/d/f", "below").want(201)
	h.do("PUT /s/f", "0123456789").want(201)
	return h
}

// content returns what a path holds, read around the door.
func (h *house) content(name pathname.Path) string {
	h.Helper()
	i, err := h.files().Stat(h.Context(), name)
	if err != nil {
		return fmt.Sprint("nothing: ", err)
	}
	return h.load(i)
}

// load returns the content of a version.
func (h *house) load(i vault.Info) string {
	h.Helper()
	files, err := h.files().Open(h.Context(), account.Open, i)
	if err != nil {
		h.Fatal(err)
	}
	b, err := io.ReadAll(files[0])
	if err != nil {
		h.Fatal(err)
	}
	return string(b)
}

// escaped is the URL path of a name.
func escaped(p string) string { return (&url.URL{Path: p}).EscapedPath() }
