package storehouse

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestCasePages: the page of a case in both languages, for those who write and for those who read; and what the API says to each.
func TestCasePages(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	auditor := b.person("auditor", account.Auditor)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := b.local.OpenCase(ctx, api.CaseRequest{Reason: "見慣れない画面", Parties: []string{"tanaka"}, From: time.Now().Add(-time.Hour)})
	must(err)
	must(b.local.AddNote(ctx, c.ID, "<b>警察</b> & co"))
	must(b.local.SetFact(ctx, c.ID, "found-by", "client"))
	_, err = b.local.SetKnowing(ctx, c.ID, api.NewKnowing{Department: "営業二課", When: time.Date(2026, 1, 2, 3, 4, 0, 0, time.FixedZone("", 9*3600))})
	must(err)
	page := "/cases/" + c.ID
	forms := []string{"/note", "/task", "/facts", "/knew", "/suspect", "/trust", "/attach", "/decide", "/hold", "/close"}
	for _, l := range []struct {
		tag  string
		says []string
	}{
		{"en", []string{"Who knew, and since when", "a client", "the law counts from here", "This is before anybody is distrusted", "every share", "Files read"}},
		{"ja", []string{"だれがいつ知ったか", "委託元・取引先", "起算点", "対象者の期間の始まり（発生）より前です", "すべての保管庫", "閲覧したファイル"}},
	} {
		for name, v := range map[string]*visitor{"writer": b.admin, "auditor": auditor} {
			resp, text := v.do("GET", page, "", "Accept-Language", l.tag)
			if resp.StatusCode != 200 {
				t.Fatalf("%s, %s: %d %s", name, l.tag, resp.StatusCode, text)
			}
			for _, want := range append(l.says, "&lt;b&gt;警察&lt;/b&gt; &amp; co", "営業二課", "2026-01-02 03:04 &#43;09:00", "<svg ") {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %s: the page does not say %q", name, l.tag, want)
				}
			}
			for _, f := range forms {
				if has := strings.Contains(text, `action="`+page+f+`"`); has != (name == "writer") {
					t.Errorf("%s, %s: the form %s is there: %v", name, l.tag, f, has)
				}
			}
			if strings.Contains(text, " style=") || strings.Contains(text, "<script>") {
				t.Errorf("%s: the policy of the site would keep out what stands in the page", l.tag)
			}
		}
	}
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/notes", `{"text":"x"}`}, {"POST", "/tasks", `{"text":"x"}`}, {"POST", "/tasks/1/done", ""}, {"PUT", "/facts/hostile", `{"value":"yes"}`},
		{"POST", "/knowing", `{"department":"x","when":"2026-01-01T00:00:00Z"}`}, {"POST", "/decisions", `{"text":"x"}`}, {"PUT", "/hold", `{}`}, {"POST", "/attachments?name=a", "x"},
		{"POST", "/trust", `{"subject":"tanaka","reason":"x"}`}, {"POST", "/suspects", `{"parties":["tanaka"],"from":"2026-01-01T00:00:00Z"}`}, {"POST", "/close", `{"note":"x"}`},
	} {
		if resp, text := auditor.do(x.method, "/v1/cases/"+c.ID+x.path, x.body, "Content-Type", "application/json"); resp.StatusCode != 403 {
			t.Errorf("%s %s by an auditor: %d %s", x.method, x.path, resp.StatusCode, text)
		}
	}
	var line api.Timeline
	resp, text := auditor.do("GET", "/v1/cases/"+c.ID+"/timeline?slots=10", "")
	if err := json.Unmarshal([]byte(text), &line); err != nil || resp.StatusCode != 200 || len(line.Slots) != 10 || line.All.Logins == 0 {
		t.Errorf("the timeline: %d %s", resp.StatusCode, text)
	}
	for _, q := range []string{"slots=0", "slots=401", "from=yesterday", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"} {
		if resp, text := auditor.do("GET", "/v1/cases/"+c.ID+"/timeline?"+q, ""); resp.StatusCode != 400 {
			t.Errorf("%s: %d %s", q, resp.StatusCode, text)
		}
	}
	if resp, _ := auditor.do("GET", "/v1/cases/1999-1", ""); resp.StatusCode != 404 {
		t.Errorf("a case that is not there: %d", resp.StatusCode)
	}
}

// TestCaseAttachments: what is attached comes back as a file to be saved, to those who see cases, and not without end.
func TestCaseAttachments(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	c, err := b.local.OpenCase(ctx, api.CaseRequest{Reason: "odd", Kind: account.PartyStorehouse, From: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("<script>"), 1<<10)
	a, err := b.local.Attach(ctx, c.ID, "悪意.html", content)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.local.Attachment(ctx, c.ID, a.ID); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes come back, %v", len(got), err)
	}
	auditor, staff := b.person("auditor", account.Auditor), b.person("sato", account.Staff)
	for _, path := range []string{"/v1/cases/", "/cases/"} {
		resp, text := auditor.do("GET", path+c.ID+"/attachments/2", "")
		if path += c.ID + "/attachments/1"; resp.StatusCode != 404 {
			t.Errorf("another attachment: %d %s", resp.StatusCode, text)
		}
		resp, text = auditor.do("GET", path, "")
		h := resp.Header
		if resp.StatusCode != 200 || text != string(content) || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/octet-stream" ||
			!strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %d, %v", path, resp.StatusCode, h)
		}
		if resp, text := staff.do("GET", path, ""); resp.StatusCode != 403 {
			t.Errorf("%s for staff: %d %.100s", path, resp.StatusCode, text)
		}
	}
	if resp, _ := b.admin.do("POST", "/v1/cases/"+c.ID+"/attachments?name=large", strings.Repeat("x", api.MaxAttachment+1)); resp.StatusCode != 413 {
		t.Errorf("a large one: %d", resp.StatusCode)
	}
	for _, name := range []string{"", "a/b", ".."} {
		if resp, _ := b.admin.do("POST", "/v1/cases/"+c.ID+"/attachments?name="+url.QueryEscape(name), "x"); resp.StatusCode != 400 {
			t.Errorf("%q: %d", name, resp.StatusCode)
		}
	}
	// Only the storehouse is distrusted: there is no damage of its own, and the page of the damage says nothing of the kind.
	if resp, text := b.admin.do("POST", "/v1/damage", `{"case":"`+c.ID+`"}`, "Content-Type", "application/json"); resp.StatusCode != 400 || !strings.Contains(text, "hint.case-no-acts") {
		t.Errorf("the damage of a storehouse: %d %s", resp.StatusCode, text)
	}
	if resp, text := b.admin.do("GET", "/cases/"+c.ID+"/damage", "", "Accept-Language", "en"); resp.StatusCode != 200 || !strings.Contains(text, "no damage of theirs to list") {
		t.Errorf("its page: %d %s", resp.StatusCode, text)
	}
	// The case says in which order it is dealt with, and each step leads somewhere.
	_, text := b.admin.do("GET", "/cases/"+c.ID, "", "Accept-Language", "en")
	for _, step := range []string{"In this order", "Call the person", `href="/cases/` + c.ID + `/damage"`, `href="#knew"`, `id="knew"`, `href="#close"`, `id="close"`} {
		if !strings.Contains(text, step) {
			t.Errorf("the page of the case has no %s", step)
		}
	}
}

// TestAddressInCase: the damage of an address is what the sessions that began there have done.
func TestAddressInCase(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	from := time.Now().Add(-time.Minute)
	if resp, text := b.admin.do("PUT", "/v1/files/"+url.PathEscape("アルバム")+"/new.txt", "x"); resp.StatusCode/100 != 2 {
		t.Fatal(resp.Status, text)
	}
	if _, err := b.local.Save(ctx, "/アルバム/of-root.txt", strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	files := func(address string) (out []string) {
		t.Helper()
		c, err := b.local.OpenCase(ctx, api.CaseRequest{Reason: "odd", Parties: []string{address}, From: from})
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range b.local.Damage(ctx, api.DamageRequest{Case: c.ID}) {
			if err != nil {
				return []string{err.Error()}
			}
			if line.File != nil {
				out = append(out, line.File.Path)
			}
		}
		return out
	}
	if got := files("127.0.0.1"); len(got) != 1 || got[0] != "/アルバム/new.txt" {
		t.Errorf("the damage of an address: %q", got)
	}
	if got := files("203.0.113.9"); len(got) != 1 || !strings.Contains(got[0], "no session") {
		t.Errorf("the damage of an address from which nobody came: %q", got)
	}
}
