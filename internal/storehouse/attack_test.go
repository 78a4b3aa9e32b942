package storehouse

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/lang/claimtest"
)

// besieged is a running storehouse, and its administrator with a browser.
type besieged struct {
	*testing.T
	base  string // https://127.0.0.1:PORT
	roots *x509.CertPool
	admin *visitor
	local *client.Client // the console
	data  string         // its directory
}

// visitor is a browser: cookies, and no more than a program needs of it.
type visitor struct {
	b    *besieged
	jar  http.CookieJar
	http *http.Client
	set  []string // the cookies that the last answer with any has set
}

func (b *besieged) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	return &visitor{b: b, jar: jar, http: &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// do sends a request and returns the answer with its body.
func (v *visitor) do(method, path, body string, headers ...string) (*http.Response, string) {
	v.b.Helper()
	r, err := http.NewRequestWithContext(v.b.Context(), method, v.b.base+path, strings.NewReader(body))
	if err != nil {
		v.b.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if h := r.Header.Get("Host"); h != "" { // with the session all the same, as where somebody else's name leads here
		for _, c := range v.jar.Cookies(r.URL) {
			r.AddCookie(c)
		}
		r.Host = h
	}
	resp, err := v.http.Do(r)
	if err != nil {
		v.b.Fatal(err)
	}
	defer resp.Body.Close()
	if set := resp.Header["Set-Cookie"]; len(set) > 0 {
		v.set = set
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.b.Fatal(err)
	}
	for _, claim := range claimtest.Said(string(text)) { // whatever a test asks for: pages, answers, papers
		v.b.Errorf("%s %s claims what nobody can know: …%s…", method, path, claim)
	}
	return resp, string(text)
}

// call sends JSON and reads JSON.
func (v *visitor) call(method, path string, in, out any) int {
	v.b.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		v.b.Fatal(err)
	}
	resp, text := v.do(method, path, string(b), "Content-Type", "application/json")
	if out != nil && resp.StatusCode == 200 {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			v.b.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return resp.StatusCode
}

// arrive accepts an invitation, and sets up an app.
func (v *visitor) arrive(token string) {
	v.b.Helper()
	var step api.Step
	var e api.Enrolment
	if got := v.call("POST", "/v1/invitation/accept", api.InvitationRequest{Token: token, Password: "kumo ga nagareru hi"}, &step); got != 200 {
		v.b.Fatalf("accept: %d", got)
	}
	if got := v.call("POST", "/v1/login/factors", api.FactorRequest{Ticket: step.Ticket, Kind: api.App}, &e); got != 200 {
		v.b.Fatalf("set up: %d", got)
	}
	if got := v.call("POST", "/v1/login/factors/confirm", api.NewFactor{Ticket: e.Ticket, Code: codeOf(v.b, e.Secret)}, &step); got != 200 || len(step.Recovery) == 0 {
		v.b.Fatalf("confirm: %d %+v", got, step)
	}
}

// codeOf is what an authenticator app shows now.
func codeOf(t testing.TB, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	binary.Write(m, binary.BigEndian, time.Now().Unix()/30)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// besiege starts a storehouse with an administrator and returns it.
func besiege(t *testing.T) *besieged {
	t.Helper()
	cfg, w := created(t)
	b := &besieged{T: t, roots: x509.NewCertPool(), data: cfg.Data}
	for _, l := range running(t, cfg) {
		if strings.HasPrefix(l.URL, "https:") {
			b.base = strings.TrimSuffix(l.URL, "/dav/")
		}
	}
	pem, err := os.ReadFile(filepath.Join(cfg.Data, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	b.roots.AppendCertsFromPEM(pem)
	b.local = client.New(client.Socket(Socket(cfg.Data)), "en")
	b.admin = b.visitor()
	b.admin.arrive(w.Token)
	return b
}

// person invites somebody, who comes in.
func (b *besieged) person(name string, role account.Role) *visitor {
	b.Helper()
	if err := b.local.MakeAccount(b.Context(), api.NewAccount{Name: name, Role: role}); err != nil {
		b.Fatal(err)
	}
	i, err := b.local.Invite(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	v := b.visitor()
	v.arrive(i.Token)
	return v
}

func TestCookies(t *testing.T) {
	b := besiege(t)
	u, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	// Session fixation: what a browser is made to bring along does not become the session.
	if err := b.local.MakeAccount(t.Context(), api.NewAccount{Name: "sato", Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	i, err := b.local.Invite(t.Context(), "sato")
	if err != nil {
		t.Fatal(err)
	}
	v := b.visitor()
	const planted = "planted-by-somebody-else-0123456789abcdef"
	v.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-azekura", Value: planted, Path: "/", Secure: true}, {Name: "azekura", Value: planted, Path: "/"}})
	v.arrive(i.Token)
	for _, c := range v.jar.Cookies(u) {
		if c.Name == "__Host-azekura" && c.Value == planted {
			t.Error("a planted cookie is the session")
		}
	}
	stranger := b.visitor()
	stranger.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-azekura", Value: planted, Path: "/", Secure: true}})
	if resp, _ := stranger.do("GET", "/v1/me", ""); resp.StatusCode != 401 {
		t.Errorf("the planted cookie is let in: %d", resp.StatusCode)
	}
	// The flags, and what is left after the logout.
	flags := func(when, name string) {
		t.Helper()
		for _, want := range []string{name, "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
			if len(v.set) != 1 || !strings.Contains(v.set[0], want) || strings.Contains(v.set[0], "Domain") {
				t.Errorf("at the %s the cookie is set as %q, without %q", when, v.set, want)
			}
		}
	}
	flags("login", "__Host-azekura=")
	v.do("POST", "/v1/logout", "")
	flags("logout", "__Host-azekura=;")
	if resp, _ := v.do("GET", "/v1/me", ""); resp.StatusCode != 401 {
		t.Errorf("after the logout: %d", resp.StatusCode)
	}
}

// TestSessionFixation: who logs in with a browser that somebody else has prepared with a session of their own does not go on in it.
func TestSessionFixation(t *testing.T) {
	b := besiege(t)
	u, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	who := func(v *visitor) string {
		t.Helper()
		var me api.Me
		if got := v.call("GET", "/v1/me", nil, &me); got != 200 {
			t.Fatalf("me: %d", got)
		}
		return me.Account
	}
	mallory := b.person("mallory", account.Staff)
	if err := b.local.MakeAccount(t.Context(), api.NewAccount{Name: "sato", Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	i, err := b.local.Invite(t.Context(), "sato")
	if err != nil {
		t.Fatal(err)
	}
	victim := b.visitor()
	victim.jar.SetCookies(u, mallory.jar.Cookies(u))
	victim.arrive(i.Token)
	if got := who(victim); got != "sato" {
		t.Errorf("who logs in as sato is %s", got)
	}
	if got := who(mallory); got != "mallory" {
		t.Errorf("whose session was planted is %s", got)
	}
	for _, c := range victim.jar.Cookies(u) {
		for _, planted := range mallory.jar.Cookies(u) {
			if c.Name == secureCookie && c.Value == planted.Value {
				t.Error("the session goes on under the secret that was planted")
			}
		}
	}
}

func TestOtherSites(t *testing.T) {
	b := besiege(t)
	const body = `{"name":"sneaked"}`
	for what, headers := range map[string][]string{
		"another origin":       {"Origin", "https://evil.example", "Content-Type", "application/json"},
		"a cross-site request": {"Sec-Fetch-Site", "cross-site", "Content-Type", "application/json"},
		"a sibling's page":     {"Sec-Fetch-Site", "same-site", "Content-Type", "application/json"},
		"a form's body":        {"Sec-Fetch-Site", "same-origin", "Content-Type", "text/plain"},
	} {
		if resp, text := b.admin.do("POST", "/v1/shares", body, headers...); resp.StatusCode/100 != 4 {
			t.Errorf("%s: %d %s", what, resp.StatusCode, text)
		}
	}
	if resp, _ := b.admin.do("POST", "/v1/shares", `{"name":"meant"}`, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json"); resp.StatusCode != 200 {
		t.Errorf("a page of our own: %d", resp.StatusCode)
	}
	// Pages: a form needs the token of a page that was given to this browser, after this login.
	_, page := b.admin.do("GET", "/files/", "")
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("no token in:\n%s", page)
	}
	other := b.person("sato", account.ShareManager)
	_, theirs := other.do("GET", "/files/", "")
	foreign := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(theirs)[1]
	for what, c := range map[string]struct {
		token string
		want  int
	}{"no token": {"", 403}, "a wrong token": {"x", 403}, "somebody else's token": {foreign, 403}, "the page's token": {token[1], 303}} {
		form := url.Values{"csrf": {c.token}, "name": {"by form, " + what}}.Encode()
		if resp, text := b.admin.do("POST", "/shares", form, "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode != c.want {
			t.Errorf("a form with %s: %d, want %d: %s", what, resp.StatusCode, c.want, text)
		}
	}
	if resp, _ := b.admin.do("POST", "/shares", url.Values{"csrf": {token[1]}, "name": {"x"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example"); resp.StatusCode != 403 {
		t.Errorf("a form of another site with the right token: %d", resp.StatusCode)
	}
}

func TestHostHeader(t *testing.T) {
	b := besiege(t)
	port := b.base[strings.LastIndexByte(b.base, ':'):]
	for host, want := range map[string]int{"evil.example": 403, "evil.example" + port: 403, "localhost.evil.example" + port: 403, "localhost" + port: 200, "127.0.0.1" + port: 200} {
		if resp, _ := b.admin.do("GET", "/v1/me", "", "Host", host); resp.StatusCode != want {
			t.Errorf("as %s: %d, want %d", host, resp.StatusCode, want)
		}
		if resp, _ := b.admin.do("GET", "/people", "", "Host", host); (resp.StatusCode == 200) != (want == 200) {
			t.Errorf("a page as %s: %d", host, resp.StatusCode)
		}
	}
}

func TestOpenRedirect(t *testing.T) {
	b := besiege(t)
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "http:evil.example", "/%0d%0aSet-Cookie:x=y", " //evil.example"} {
		resp, _ := b.admin.do("GET", "/login?"+url.Values{"next": {next}}.Encode(), "")
		to := resp.Header.Get("Location")
		if u, err := url.Parse(to); resp.StatusCode != 303 || err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) || resp.Header.Get("Set-Cookie") == "x=y" {
			t.Errorf("next=%q leads to %q (%d)", next, to, resp.StatusCode)
		}
	}
	if resp, _ := b.admin.do("GET", "/login?next=/people", ""); resp.Header.Get("Location") != "/people" {
		t.Errorf("a page of our own: %q", resp.Header.Get("Location"))
	}
}

func TestPathTricks(t *testing.T) {
	b := besiege(t)
	for _, p := range []string{"/v1/files/../status", "/v1/files/%2e%2e/%2e%2e/etc/passwd", "/v1/files/%E3%82%A2%E3%83%AB%E3%83%90%E3%83%A0/..%2f..%2fkeeper%2fring", "/v1/files/%00",
		"/v1/files//x", "/v1/files/./x", "/download/..%2f..%2fetc%2fpasswd", "/files/%2e%2e%2f%2e%2e%2f", "/static/..%2fweb.go", "/static/%2e%2e/templates/login.html"} {
		if resp, text := b.admin.do("GET", p, ""); resp.StatusCode/100 == 2 || strings.Contains(text, "root:") {
			t.Errorf("%s: %d %.100s", p, resp.StatusCode, text)
		}
	}
}

// TestNamesOfUploads: a form cannot put a file elsewhere than into the folder that it is for, whatever it calls it.
func TestNamesOfUploads(t *testing.T) {
	b := besiege(t)
	folder := "/" + url.PathEscape("アルバム")
	_, page := b.admin.do("GET", "/files"+folder, "")
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)[1]
	if _, err := b.local.MakeShare(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRights(t.Context(), api.Right{Account: "tanaka", Share: "other", Rights: api.CanWrite}); err != nil { // so that rights alone keep nothing out
		t.Fatal(err)
	}
	send := func(token, name string) int {
		var buf bytes.Buffer
		w := multipart.NewWriter(&buf)
		w.WriteField("csrf", token)
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, "content")
		w.Close()
		resp, _ := b.admin.do("POST", "/upload"+folder, buf.String(), "Content-Type", w.FormDataContentType())
		return resp.StatusCode
	}
	for _, name := range []string{"../other/x", "/other/x", `..\other\x`, "../other/../other/x", "../../../../etc/cron.d/x"} {
		send(token, name)
	}
	if got := send(token, ".."); got/100 != 4 {
		t.Errorf("a file that is called ..: %d", got)
	}
	if got := send("x", "forged.txt"); got != 403 {
		t.Errorf("an upload with a wrong token: %d", got)
	}
	for i, err := range b.local.Search(t.Context(), "/", "x", 100) {
		if err != nil || !strings.HasPrefix(i.Path, "/アルバム/") {
			t.Errorf("saved as %q, %v", i.Path, err)
		}
	}
	if _, err := b.local.Stat(t.Context(), "/アルバム/forged.txt"); err == nil {
		t.Error("an upload with a wrong token is saved")
	}
}

// TestNamesInForms: a new name that somebody types is one name, and leads nowhere else.
func TestNamesInForms(t *testing.T) {
	b := besiege(t)
	if _, err := b.local.MakeShare(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRights(t.Context(), api.Right{Account: "tanaka", Share: "other", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.local.Save(t.Context(), "/アルバム/a.txt", strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	folder := "/files/" + url.PathEscape("アルバム")
	_, page := b.admin.do("GET", folder, "")
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)[1]
	for _, name := range []string{"../other/x", "/../other/x", `..\other\x`, "..", "."} {
		for act, at := range map[string]string{"mkdir": folder, "rename": folder + "/a.txt"} {
			form := url.Values{"csrf": {token}, "act": {act}, "name": {name}}.Encode()
			if resp, _ := b.admin.do("POST", at, form, "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode/100 != 4 {
				t.Errorf("%s %q: %d", act, name, resp.StatusCode)
			}
		}
	}
	for i, err := range b.local.List(t.Context(), "/other") {
		t.Errorf("in the other share there is %q, %v", i.Path, err)
	}
	if _, err := b.local.Stat(t.Context(), "/アルバム/a.txt"); err != nil {
		t.Errorf("the file has gone: %v", err)
	}
}

// TestNamesAreNoScripts shows names that hold what scripts are made of, on each page that shows names.
func TestNamesAreNoScripts(t *testing.T) {
	b := besiege(t)
	const name = `a';alert(1)--&lt;img onerror=alert(2) x={{7}} ${8}` // as far as names can go
	if _, err := b.local.Save(t.Context(), "/アルバム/"+name, strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	at := "/" + url.PathEscape("アルバム") + "/" + url.PathEscape(name)
	for _, p := range []string{"/files/" + url.PathEscape("アルバム"), "/files" + at, "/readers" + at, "/history" + at, "/files/" + url.PathEscape("アルバム") + "?q=alert", "/ledger", "/"} {
		resp, text := b.admin.do("GET", p, "")
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d", p, resp.StatusCode)
		}
		if strings.Contains(text, "';alert") || strings.Contains(text, "<img onerror") || strings.Contains(text, "&lt;img onerror") && !strings.Contains(text, "&amp;lt;img onerror") {
			t.Errorf("%s does not escape a name", p)
		}
	}
	resp, _ := b.admin.do("GET", "/download"+at, "")
	if d := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a download comes as %q, %v", d, resp.Header)
	}
}

func TestPageHeaders(t *testing.T) {
	b := besiege(t)
	for _, p := range []string{"/", "/login", "/people", "/none", "/static/house.css"} {
		resp, _ := b.admin.do("GET", p, "")
		for name, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=", "Cross-Origin-Opener-Policy": "same-origin"} {
			if !strings.Contains(resp.Header.Get(name), want) {
				t.Errorf("%s: %s is %q", p, name, resp.Header.Get(name))
			}
		}
	}
	if resp, _ := b.admin.do("GET", "/v1/files/"+url.PathEscape("アルバム"), ""); resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("the API's answers may be taken for something else")
	}
}

// TestProofs: who may see an entry gets its proof, and nobody else.
func TestProofs(t *testing.T) {
	b := besiege(t)
	staff := b.person("sato", account.Staff)
	var theirs, others string
	for raw, err := range b.local.Events(t.Context(), api.EventFilter{Kinds: []string{"login"}}) {
		var e struct {
			Index json.Number `json:"index"`
			Actor string      `json:"actor"`
		}
		if err := errors.Join(err, json.Unmarshal(raw, &e)); err != nil {
			t.Fatal(err)
		}
		switch e.Actor {
		case "sato":
			theirs = e.Index.String()
		case "tanaka":
			others = e.Index.String()
		}
	}
	var p api.Proof
	if got := staff.call("GET", "/v1/ledger/proofs/"+theirs, nil, &p); got != 200 || !strings.HasPrefix(p.Proof, "c2sp.org/tlog-proof") || len(p.Sealed) == 0 || !strings.Contains(string(p.Entry), "sato") {
		t.Errorf("one's own entry: %d %+v", got, p)
	}
	for _, index := range []string{others, "999999", "-1", "x"} {
		if got := staff.call("GET", "/v1/ledger/proofs/"+index, nil, nil); got != 404 {
			t.Errorf("entry %s: %d, want 404", index, got)
		}
	}
	resp, body := b.admin.do("GET", "/proof/"+others, "")
	if resp.StatusCode != 200 || !strings.HasPrefix(body, "PK") || resp.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("the page's proof: %d %.20q", resp.StatusCode, body)
	}
}
