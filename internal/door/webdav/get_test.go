package webdav

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

func TestGet(t *testing.T) {
	h := newHouse(t).tree()
	r := h.do("GET /s/f", "").want(200).header("Content-Length", "10").header("Accept-Ranges", "bytes").
		header("Content-Type", "application/octet-stream").header("Content-Disposition", "attachment; filename*=UTF-8''f").
		header("X-Content-Type-Options", "nosniff").header("Last-Modified", h.at.Format(http.TimeFormat))
	if got := r.Body.String(); got != "0123456789" {
		t.Errorf("content %q", got)
	}
	if !strings.HasPrefix(r.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Error("a page from a share may run scripts")
	}
	i, err := h.files().Stat(t.Context(), "/s/f")
	if err != nil {
		t.Fatal(err)
	}
	r.header("ETag", `"`+i.Version.String()+`"`)
	head := h.do("HEAD /s/f", "").want(200)
	for name := range r.Header() {
		head.header(name, r.Header().Get(name))
	}
	if head.Body.Len() > 0 {
		t.Error("HEAD has a body")
	}
}

func TestTypes(t *testing.T) {
	for name, want := range map[string][2]string{
		"a.JPG": {"image/jpeg", "inline"}, "a.pdf": {"application/pdf", "inline"}, "a.svg": {"image/svg+xml", "attachment"},
		"a.html": {"text/html", "attachment"}, "名簿.xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment"},
		"a.": {"application/octet-stream", "attachment"}, "jpg": {"application/octet-stream", "attachment"},
	} {
		if got := contentType(name); got != want[0] {
			t.Errorf("%s: %s, want %s", name, got, want[0])
		}
		kind, params, err := mime.ParseMediaType(disposition(name))
		if err != nil || kind != want[1] || params["filename"] != name {
			t.Errorf("%s: %s %v %v", name, kind, params, err)
		}
	}
}

func TestRange(t *testing.T) {
	h := newHouse(t).tree()
	tag := h.do("HEAD /s/f", "").Header().Get("ETag")
	old := h.at.Add(-time.Hour).Format(http.TimeFormat)
	for _, tt := range []struct {
		headers string
		code    int
		body    string
		content string
	}{
		{"Range: bytes=2-4", 206, "234", "bytes 2-4/10"},
		{"Range: bytes=7-", 206, "789", "bytes 7-9/10"},
		{"Range: bytes=-3", 206, "789", "bytes 7-9/10"},
		{"Range: bytes=0-99", 206, "0123456789", "bytes 0-9/10"},
		{"Range: bytes=10-", 416, "", "bytes */10"},
		{"Range: bytes=4-2", 416, "", ""},
		{"Range: lines=1-2", 200, "0123456789", ""},
		{"Range: bytes=2-4 | If-Range: " + tag, 206, "234", "bytes 2-4/10"},
		{`Range: bytes=2-4 | If-Range: "other"`, 200, "0123456789", ""},
		{"Range: bytes=2-4 | If-Range: " + h.at.Format(http.TimeFormat), 206, "234", "bytes 2-4/10"},
		{"Range: bytes=2-4 | If-Range: " + old, 200, "0123456789", ""},
		{"Range: bytes=2-4 | If-Match: \"other\"", 412, "", ""},
		{"Range: bytes=" + strings.Repeat("0-9,", 200) + "0-9", 200, "0123456789", ""},
	} {
		r := h.do("GET /s/f", "", strings.Split(tt.headers, " | ")...).want(tt.code)
		if tt.code < 300 && r.Body.String() != tt.body {
			t.Errorf("%s: %q, want %q", tt.headers, r.Body, tt.body)
		}
		if tt.content != "" {
			r.header("Content-Range", tt.content)
		}
		if tt.code == 416 {
			h.do("GET /s/f", "", append(strings.Split(tt.headers, " | "), "Accept-Language: ja")...).want(416).has("範囲")
		}
	}

	r := h.do("GET /s/f", "", "Range: bytes=0-1,8-9").want(206)
	_, params, err := mime.ParseMediaType(r.Header().Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	for _, want := range []string{"01", "89"} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		n, _ := p.Read(b)
		if string(b[:n]) != want {
			t.Errorf("part %q, want %q", b[:n], want)
		}
	}
	h.do("PUT /s/empty", "").want(201)
	h.do("GET /s/empty", "", "Range: bytes=0-").want(200)
}

func TestConditionalGet(t *testing.T) {
	h := newHouse(t).tree()
	tag := h.do("HEAD /s/f", "").Header().Get("ETag")
	now, before := h.at.Format(http.TimeFormat), h.at.Add(-time.Minute).Format(http.TimeFormat)
	opened := h.Opened()
	for headers, want := range map[string]int{
		"If-None-Match: " + tag:            304,
		"If-None-Match: W/" + tag:          304,
		`If-None-Match: "a", ` + tag:       304,
		"If-None-Match: *":                 304,
		"If-Modified-Since: " + now:        304,
		"If-Match: W/" + tag:               412,
		`If-Match: "other"`:                412,
		"If-Unmodified-Since: " + before:   412,
		"If-Modified-Since: " + before:     200,
		"If-Modified-Since: senseless":     200,
		`If-None-Match: "other"`:           200,
		"If-Match: " + tag:                 200,
		"If-Match: *":                      200,
		"If-Unmodified-Since: " + now:      200,
		"If-None-Match: \"\x01\x02 broken": 200,
	} {
		h.do("HEAD /s/f", "", headers).want(want)
		if want != 200 {
			h.do("GET /s/f", "", headers).want(want)
		}
	}
	h.do("GET /s/f", "", `If-None-Match: "other"`, "If-Modified-Since: "+now).want(200) // the tag wins
	if n := h.Opened() - opened; n != 1 {
		t.Errorf("%d readings, want only that of the one answer with content", n)
	}
}

// TestLookingIsNoReading: what a file manager does to draw a folder releases no key.
func TestLookingIsNoReading(t *testing.T) {
	h := newHouse(t).tree()
	for range 3 {
		h.do("PROPFIND /s/", "", "Depth: 1").want(207)
		h.do("PROPFIND /s/f", propfindBody("D:getcontenttype", "D:getetag", "oc:checksums"), "Depth: 0").want(207)
		h.do("HEAD /s/f", "").want(200)
		h.do("GET /s/", "").want(200)
		h.do("COPY /s/f", "", "Destination: /dav/s/g")
		h.do("MOVE /s/g", "", "Destination: /dav/s/h")
		h.do("PROPPATCH /s/h", proppatchBody("<Z:a>1</Z:a>")).want(207)
		h.do("PUT /s/h", "x").want(204)
	}
	if h.Opened() != 0 {
		t.Errorf("%d versions were opened", h.Opened())
	}
}

// TestDamageIsNoContent: an error before the first byte is a status; one after it breaks the answer off.
func TestDamageIsNoContent(t *testing.T) {
	h := newHouse(t).tree()
	h.do("PUT /s/large", strings.Repeat("x", 300_000)).want(201)
	server := httptest.NewServer(h.door)
	defer server.Close()
	for _, rng := range []string{"", "bytes=0-299998", "bytes=0-9,100000-299998"} {
		for after := range 3 {
			reads := 0
			h.SetFault(func(op string, _ pathname.Path) error {
				if op != "read" {
					return nil
				}
				if reads++; reads > after {
					return problem.New(problem.Damaged, op, "/s/secret-name", errors.New("bit flip"))
				}
				return nil
			})
			code, n, err := fetch(t, server.URL+"/dav/s/large", rng)
			switch {
			case after == 0 && !strings.Contains(rng, ",") && (code != 500 || err != nil): // a part's head goes before its bytes
				t.Errorf("range %q: status %d, %v; want 500", rng, code, err)
			case after > 0 && err == nil, code >= 200 && code < 300 && err == nil:
				t.Errorf("range %q, damage at read %d: %d bytes with status %d look whole", rng, after, n, code)
			}
		}
	}
	server.Close() // the log is written after the answer
	if strings.Contains(h.log.String(), "secret-name") || !strings.Contains(h.log.String(), "bit flip") {
		t.Errorf("the log names the file, or not the cause:\n%s", &h.log)
	}
}

// fetch gets a URL and reads all of the answer.
func fetch(t *testing.T, url, rng string) (code, n int, err error) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("hanako", secret)
	if rng != "" {
		r.Header.Set("Range", rng)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, len(b), err
}

func TestIndex(t *testing.T) {
	h := newHouse(t).tree()
	h.do("PUT "+escaped("/s/a&b'.txt"), "x").want(201)
	h.do("PUT /s/._hidden", "x").want(201)
	h.do("GET /s/d", "").want(200).header("Content-Type", "text/html; charset=utf-8").has(`href="/dav/s/d/f"`, `href="/dav/s/"`)
	h.do("GET /s/", "").want(200).has(`href="/dav/s/a%26b%27.txt">a&amp;b&#39;.txt<`, `href="/dav/s/d/">d/<`).hasNot("hidden")
	h.do("GET /", "").want(200).has(`href="/dav/s/"`, `href="/dav/other/"`).hasNot(">..<")
	if r := h.do("HEAD /s/", "").want(200); r.Body.Len() > 0 {
		t.Error("HEAD has a body")
	}
}
