package storehouse

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/door/api"
)

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends a form of a page.
func (v *visitor) post(page, path string, form url.Values) (int, string, string) {
	v.b.Helper()
	_, text := v.do("GET", page, "")
	m := csrfField.FindStringSubmatch(text)
	if m == nil {
		v.b.Fatalf("%s has no form: %s", page, text)
	}
	form.Set("csrf", html.UnescapeString(m[1]))
	resp, text := v.do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", v.b.base, "Accept-Language", "en")
	return resp.StatusCode, resp.Header.Get("Content-Type"), text
}

// TestReservePage: the start page says what is missing, papers come as a PDF, and a test says what is wrong without showing what is right.
func TestReservePage(t *testing.T) {
	b := besiege(t)
	if _, text := b.admin.do("GET", "/", "", "Accept-Language", "en"); !strings.Contains(text, "NO PAPERS") || !strings.Contains(text, "NO KEY CARD") || !strings.Contains(text, `href="/reserve"`) {
		t.Errorf("the start page does not say what is missing: %s", text)
	}
	status, kind, body := b.admin.post("/reserve", "/reserve/papers", url.Values{"needed": {"2"}, "of": {"3"}})
	if status != 200 || kind != "application/pdf" || !strings.HasPrefix(body, "%PDF-") {
		t.Fatalf("%d %s %.200s", status, kind, body)
	}
	p, err := b.local.MakePapers(t.Context(), api.PapersRequest{Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, w := range p.Papers[0].Words {
		lines = append(lines, strings.Join(w, " "))
	}
	good := strings.Join(lines, "\r\n")
	lines[4] += " able"
	status, _, body = b.admin.post("/reserve", "/reserve/test", url.Values{"paper": {strings.Join(lines, "\r\n"), p.Papers[2].Code}})
	if status != 200 || !strings.Contains(body, "line 5") || strings.Contains(body, p.Papers[2].Code) || !strings.Contains(body, lines[0]) {
		t.Errorf("a slip: %d %s", status, body)
	}
	status, _, body = b.admin.post("/reserve", "/reserve/test", url.Values{"paper": {good, p.Papers[2].Code}})
	if status != 200 || !strings.Contains(body, "Together they open the keeper.") || strings.Contains(body, p.Papers[2].Code) || strings.Contains(body, lines[0]) {
		t.Errorf("a test: %d %s", status, body)
	}
	status, _, body = b.admin.post("/reserve", "/reserve/renew", url.Values{"needed": {"2"}, "of": {"3"}, "reason": {"mori has left"}})
	if status != 303 {
		t.Errorf("asking to renew: %d %s", status, body)
	}
	if resp, text := b.admin.do("GET", "/reserve", "", "Accept-Language", "en"); resp.StatusCode != 200 || !strings.Contains(text, "A renewal waits for a second person") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}
