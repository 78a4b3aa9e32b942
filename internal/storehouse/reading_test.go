package storehouse

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// form posts a form of a page, with the token of that page.
func (v *visitor) form(page, action string, fields url.Values) (int, string) {
	v.b.Helper()
	_, text := v.do("GET", page, "", "Accept-Language", "en")
	m := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		v.b.Fatalf("no form on %s: %s", page, text)
	}
	fields.Set("csrf", m[1])
	resp, text := v.do("POST", action, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en", "Origin", v.b.base)
	return resp.StatusCode, text
}

// drive is a client of the WebDAV door.
func (b *besieged) drive(name, password string) func(path string) (*http.Response, string) {
	return func(path string) (*http.Response, string) {
		b.Helper()
		r, err := http.NewRequestWithContext(b.Context(), "GET", b.base+"/dav"+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.SetBasicAuth(name, password)
		r.Header.Set("Accept-Language", "en")
		resp, err := b.visitor().http.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			b.Fatal(err)
		}
		return resp, string(text)
	}
}

// TestReadingAtTheDoors plays a day with a small budget: what each door says when it is spent, how a second person gives more on the
// page of approvals, a job, and a trap.
func TestReadingAtTheDoors(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := b.local.Policy(ctx)
	must(err)
	p.Reading.Open, p.Reading.Export = account.Budget{Minute: 4, Day: 6}, account.Budget{Minute: 100, Day: 2}
	if o, err := b.local.SetPolicy(ctx, p); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	sato := b.person("sato", account.Staff)
	must(b.local.SetRights(ctx, api.Right{Account: "sato", Share: "アルバム", Rights: api.CanRead}))
	password, err := b.local.MakeDevice(ctx, "sato", "laptop")
	must(err)
	for i := range 13 {
		_, err := b.local.Save(ctx, fmt.Sprintf("/アルバム/%d.txt", i), strings.NewReader("x"), 1, time.Time{})
		must(err)
	}
	get := b.drive("sato", password)
	name := func(i int) string { return "/" + url.PathEscape("アルバム") + fmt.Sprintf("/%d.txt", i) }
	for i := range 4 {
		if resp, text := get(name(i)); resp.StatusCode != 200 {
			t.Fatalf("file %d: %d %s", i, resp.StatusCode, text)
		}
	}
	resp, text := get(name(4))
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" || !strings.Contains(text, "Go on in a minute") {
		t.Errorf("the fifth file in a minute, at the drive: %d %v %s", resp.StatusCode, resp.Header, text)
	}
	if resp, text = get(name(0)); resp.StatusCode != 200 {
		t.Errorf("a file that was read: %d %s", resp.StatusCode, text)
	}
	if resp, text = sato.do("GET", "/v1/files"+name(5), "", "Accept-Language", "en"); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" || !strings.Contains(text, `"kind":"spent"`) {
		t.Errorf("the API: %d %s", resp.StatusCode, text)
	}
	if resp, text = sato.do("GET", "/download"+name(5), "", "Accept-Language", "en"); resp.StatusCode != 429 || !strings.Contains(text, "What happens now") || !strings.Contains(text, `href="/guard/reading"`) {
		t.Errorf("the page: %d %s", resp.StatusCode, text)
	}
	if resp, text = sato.do("GET", "/v1/files"+name(0)+"?purpose=preview", ""); resp.StatusCode != 403 {
		t.Errorf("a whole file as a preview, which has a budget of its own: %d %s", resp.StatusCode, text)
	}
	many := api.OpenRequest{Purpose: "export"}
	for i := range 3 {
		many.Paths = append(many.Paths, fmt.Sprintf("/アルバム/%d.txt", i))
	}
	var said map[string]any
	if got := sato.call("POST", "/v1/batch/open", many, &said); got != 429 {
		t.Errorf("an export of three: %d", got)
	}

	if resp, text = sato.do("GET", "/download/"+url.PathEscape("アルバム"), "", "Accept-Language", "en"); resp.StatusCode != 429 || !strings.Contains(text, "What happens now") || resp.Header.Get("Content-Disposition") != "" {
		t.Errorf("a folder as ZIP: %d %v %s", resp.StatusCode, resp.Header, text)
	}

	_, text = b.admin.do("GET", "/proposals", "", "Accept-Language", "en")
	if !strings.Contains(text, "let somebody read more today: sato") || !strings.Contains(text, "Files to open: 4 of 4 within a minute") {
		t.Errorf("the page of approvals: %s", text)
	}
	waiting := regexp.MustCompile(`action="/proposals/confirm"[^>]*>.*?name="id" value="([^"]+)"`).FindStringSubmatch(text)
	if waiting == nil {
		t.Fatal("nothing to confirm")
	}
	if got := sato.call("POST", "/v1/proposals/"+waiting[1]+"/confirm", struct{}{}, nil); got != 403 {
		t.Errorf("the reader confirms: %d", got)
	}
	if got, text := b.admin.form("/proposals", "/proposals/confirm", url.Values{"id": {waiting[1]}}); got != 303 {
		t.Fatalf("confirm: %d %s", got, text)
	}
	for i := range 8 {
		if resp, text := get(name(i)); resp.StatusCode != 200 {
			t.Fatalf("file %d after a second person's yes: %d %s", i, resp.StatusCode, text)
		}
	}
	must(readings(b, "sato", account.Spent{Today: 8, Of: 12, Minute: 8}))
	p.Reading.Open.Day = 4 // twice four are read
	if _, err := b.local.SetPolicy(ctx, p); err != nil {
		t.Fatal(err)
	}
	if resp, text = get(name(9)); resp.StatusCode != 403 || !strings.Contains(text, "colleague who may confirm") {
		t.Errorf("beyond the day, at the drive: %d %s", resp.StatusCode, text)
	}

	if got, text := sato.form("/guard/reading", "/guard/reading/job", url.Values{"path": {"アルバム"}, "purpose": {"open"}, "files": {"100"}, "hours": {"2"}, "reason": {"print run"}}); got != 303 {
		t.Errorf("ask for a job: %d %s", got, text)
	}
	for x, err := range b.local.Proposals(ctx) {
		must(err)
		if x.Act == "job" {
			must(b.local.Confirm(ctx, x.ID))
		}
	}
	for i := range 12 {
		if resp, text := get(name(i)); resp.StatusCode != 200 {
			t.Fatalf("file %d in a job: %d %s", i, resp.StatusCode, text)
		}
	}
	if _, text = sato.do("GET", "/guard/reading", "", "Accept-Language", "en"); !strings.Contains(text, "print run") || !strings.Contains(text, "of 100 files") || strings.Contains(text, "/guard/reading/trap") {
		t.Errorf("the reader's page: %s", text)
	}

	if got, text := b.admin.form("/guard/reading", "/guard/reading/trap", url.Values{"path": {"アルバム/12.txt"}}); got != 303 {
		t.Errorf("set a trap: %d %s", got, text)
	}
	if _, text = b.admin.do("GET", "/guard/reading", "", "Accept-Language", "en"); !strings.Contains(text, "アルバム/12.txt") {
		t.Errorf("the administrator's page: %s", text)
	}
	if resp, text = get(name(12)); resp.StatusCode != 403 || !strings.Contains(text, "frozen") {
		t.Errorf("a trap: %d %s", resp.StatusCode, text)
	}
	if resp, text = get(name(0)); resp.StatusCode != 403 {
		t.Errorf("after the trap: %d %s", resp.StatusCode, text)
	}
}

// readings compares what an account has opened today.
func readings(b *besieged, name string, want account.Spent) error {
	for r, err := range b.local.Readings(b.Context()) {
		if err != nil {
			return err
		}
		if r.Account == name && r.Open != want {
			return fmt.Errorf("%s has opened %+v, want %+v", name, r.Open, want)
		}
	}
	return nil
}

// TestReadingSettings: the form of the settings shows the budgets in force, tightens them, and asks a second person to loosen them.
func TestReadingSettings(t *testing.T) {
	b := besiege(t)
	fields := func(edit ...string) url.Values {
		v := url.Values{"firm": {""}, "second_factor": {"1"}, "day_length": {"12h"}, "opening": {"07:30"}, "closing": {"19:00"}, "zone": {"Asia/Tokyo"}, "networks": {""}, "places": {"1"},
			"minute-open": {"2000"}, "day-open": {"10000"}, "minute-preview": {"2000"}, "day-preview": {"20000"}, "minute-export": {"1000"}, "day-export": {"2000"},
			"minute-persons": {"1000"}, "day-persons": {"2000"}}
		for i := 0; i < len(edit); i += 2 {
			v.Set(edit[i], edit[i+1])
		}
		return v
	}
	_, text := b.admin.do("GET", "/settings", "", "Accept-Language", "en")
	for _, want := range []string{`name="day-open" type="number" min="0" max="1000000" value="10000"`, `name="minute-persons"`, `name="places" value="1" checked`} {
		if !strings.Contains(text, want) {
			t.Errorf("the settings do not show %s: %s", want, text)
		}
	}
	for _, c := range []struct {
		edit []string
		to   string
		day  int
	}{{nil, "/settings", 10_000}, {[]string{"day-open", "400"}, "/settings", 400}, {[]string{"day-open", "401"}, "/proposals", 400}} {
		if got, text := b.admin.form("/settings", "/settings", fields(c.edit...)); got != 303 {
			t.Fatalf("%v: %d %s", c.edit, got, text)
		}
		p, err := b.local.Policy(t.Context())
		if err != nil || p.Reading.Open.Day != c.day || p.Opening != "07:30" || p.AnyPlace {
			t.Errorf("%v: %+v, %v", c.edit, p, err)
		}
	}
	if got, text := b.admin.form("/settings", "/settings", fields("day-open", "many")); got != 400 || !strings.Contains(text, "from 1 to 1,000,000") {
		t.Errorf("a budget that is no number: %d %s", got, text)
	}
	if got, text := b.admin.form("/shares/"+url.PathEscape("アルバム"), "/persons/"+url.PathEscape("アルバム"), url.Values{"template": {"{school}/{number}_*.jpg"}}); got != 303 {
		t.Errorf("persons: %d %s", got, text)
	}
	if _, text := b.admin.do("GET", "/shares/"+url.PathEscape("アルバム"), ""); !strings.Contains(text, "{school}/{number}_*.jpg") {
		t.Errorf("the share's page: %s", text)
	}
}
