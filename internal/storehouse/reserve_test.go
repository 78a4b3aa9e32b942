package storehouse

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/card"
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
	if _, text := b.admin.do("GET", "/", "", "Accept-Language", "en"); !strings.Contains(text, "NO PAPERS") || !strings.Contains(text, "NO KEY CARD") || !strings.Contains(text, `href="/reserve#papers"`) {
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
	status, _, body = b.admin.post("/reserve", "/reserve/test", url.Values{"paper": {" ", lines[0] + "\r\nnoword able able able able"}})
	if fields := strings.Split(body, "<textarea"); status != 200 || !strings.Contains(body, "Entry 2: a word that is not in the list: line 2, word 1.") || len(fields) != 3 || strings.Contains(fields[1], lines[0]) || !strings.Contains(fields[2], lines[0]) {
		t.Errorf("a slip in the second field: %d %s", status, body)
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

// give sends a form of the reserve with a file, of which nil is none.
func (v *visitor) give(path string, file []byte, fields ...string) (*http.Response, string) {
	v.b.Helper()
	_, text := v.do("GET", "/reserve", "")
	m := csrfField.FindStringSubmatch(text)
	if m == nil {
		v.b.Fatalf("no form: %s", text)
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	fields = slices.Concat([]string{"csrf", html.UnescapeString(m[1])}, fields)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			v.b.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("card", "azekura-card-1.card")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		v.b.Fatal(err)
	}
	return v.do("POST", path, buf.String(), "Content-Type", w.FormDataContentType(), "Origin", v.b.base, "Accept-Language", "en")
}

// TestCardByBrowser makes a card, puts its file on a stick as a browser does, reads it back, and rewrites it; what is on the stick opens as any card.
func TestCardByBrowser(t *testing.T) {
	b := besiege(t)
	stick := t.TempDir()
	save := func(resp *http.Response, text string) {
		t.Helper()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Disposition") != "attachment; filename=azekura-card-1.card" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s %v %.300s", resp.Status, resp.Header, text)
		}
		if err := os.WriteFile(filepath.Join(stick, "azekura-card-1.card"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(what string, resp *http.Response, text string, status int, want string) {
		t.Helper()
		if resp.StatusCode != status || !strings.Contains(html.UnescapeString(text), want) {
			t.Errorf("%s: %s, and it does not say %q: %s", what, resp.Status, want, text)
		}
	}
	state := func() api.Reserve {
		t.Helper()
		r, err := b.local.Reserve(t.Context())
		if err != nil || len(r.Cards) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		return r
	}
	if _, err := b.local.MakePapers(t.Context(), api.PapersRequest{Needed: 2, Of: 3}); err != nil {
		t.Fatal(err)
	}
	_, text := b.admin.do("GET", "/reserve", "")
	form := url.Values{"name": {"金庫"}, "csrf": {html.UnescapeString(csrfField.FindStringSubmatch(text)[1])}}
	save(b.admin.do("POST", "/reserve/cards", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", b.base))
	first, _ := os.ReadFile(filepath.Join(stick, "azekura-card-1.card"))
	if r := state(); r.Ready || r.Cards[0].State != "unwritten" || r.Cards[0].By == "" {
		t.Errorf("before it was read back: %+v", r)
	}
	resp, text := b.admin.give("/reserve/cards/check", nil)
	says("no file", resp, text, 400, "Choose the file of the card")
	resp, text = b.admin.give("/reserve/cards/check", first[:len(first)-2])
	says("half of it", resp, text, 400, "This file is no key card, or it is damaged")
	resp, text = b.admin.give("/reserve/cards/check", first)
	says("read back", resp, text, 200, "It has all keys, and today's papers open it.")
	if r := state(); !r.Ready || r.Cards[0].State != "fresh" {
		t.Errorf("after it was read back: %+v", r)
	}
	if _, err := b.local.MakeShare(t.Context(), "later"); err != nil {
		t.Fatal(err)
	}
	resp, text = b.admin.do("GET", "/", "", "Accept-Language", "en")
	says("the start page", resp, text, 200, "NO KEY CARD IS UP TO DATE")
	resp, text = b.admin.give("/reserve/cards/check", first)
	says("behind", resp, text, 200, "It lacks the keys of 1 shares: refresh it.")
	resp, text = b.admin.give("/reserve/cards/refresh", nil, "number", "1")
	says("without the old one", resp, text, 400, "or say that there is none")
	resp, text = b.admin.give("/reserve/cards/refresh", first, "number", "2")
	says("another card", resp, text, 400, "another number")
	save(b.admin.give("/reserve/cards/refresh", first, "number", "1"))
	x, damaged, err := card.Read(durable.OS(), stick)
	if err != nil || damaged || x.Generation != state().Generation {
		t.Errorf("%v, damaged %v, %v", x, damaged, err)
	}
	again, _ := os.ReadFile(filepath.Join(stick, "azekura-card-1.card"))
	resp, text = b.admin.give("/reserve/cards/check", again)
	says("read back again", resp, text, 200, "It has all keys")
	save(b.admin.give("/reserve/cards/refresh", nil, "number", "1", "without", "1"))
	if r := state(); !r.Ready {
		t.Errorf("%+v", r)
	}
	stranger := b.visitor()
	if resp, _ := stranger.do("POST", "/reserve/cards", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", b.base); resp.StatusCode == 200 {
		t.Error("somebody who is not logged in gets a card")
	}
	n := 0
	for e, err := range b.local.Events(t.Context(), api.EventFilter{Kinds: []string{"card-written"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; !strings.Contains(string(e), "1 金庫") {
			t.Errorf("%s", e)
		}
	}
	if n != 3 {
		t.Errorf("%d files went out by the ledger, want 3", n)
	}
}
