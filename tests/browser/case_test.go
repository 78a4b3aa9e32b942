package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// put fills a field of the form that goes to a path's end, which may be folded away.
func (b *tab) put(act, name, value string) {
	b.t.Helper()
	field := fmt.Sprintf(`document.querySelector('main form[action$=%q] [name=%q]')`, act, name)
	var ok bool
	b.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const f = %s; if (!f) return false; for (let d = f.closest("details"); d; d = d.parentElement.closest("details")) d.open = true; f.value = %q; return f.value === %[2]q })()`, field, value), &ok))
	if !ok {
		b.t.Fatalf("no %q in the form %s takes %q", name, act, value)
	}
}

// post sends the form that goes to a path's end, as its first button does.
func (b *tab) post(act string) {
	b.t.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf(`window.left = true; document.querySelector('main form[action$=%q] button').click()`, act), nil))
	b.settle()
}

// TestCase: the privacy officer runs a case from its page: who knew, facts, parties, tasks, notes, attachments, decisions, the hold, and the
// window of the chart, by the slider and without scripts.
func TestCase(t *testing.T) {
	h := house.New(t)
	dir := artefacts(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	h.Run("account", "add", "kato")
	old := t.TempDir()
	for i := range 4 {
		if err := os.WriteFile(filepath.Join(old, fmt.Sprintf("%d.txt", i)), []byte("the album of class "+fmt.Sprint(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.Run("import", old, "albums")
	h.Run("export", "albums", filepath.Join(t.TempDir(), "out"))
	var c struct{ ID string }
	if err := json.Unmarshal(h.Run("case", "open", "--party", h.User, "--from", time.Now().Add(-time.Hour).Format(time.RFC3339), "--reason", "見慣れない画面が出たと連絡があった", "--json"), &c); err != nil {
		t.Fatal(err)
	}
	page := "/cases/" + c.ID
	b.goTo(page + "?lang=en")
	b.says("not entered yet", "proposed:", "Nobody has entered this yet", "every share", "No tasks yet.")

	b.put("/knew", "department", "営業二課")
	b.put("/knew", "person", "加藤")
	b.put("/knew", "how", "学校からの電話")
	b.post("/knew")
	b.says("Saved.", "営業二課 / 加藤", "the law counts from here")
	b.put("/facts", "hostile", "yes")
	b.put("/facts", "found-by", "client")
	b.put("/facts", "cause", "機器パスワードが盗まれた可能性がある。\n調査中。")
	b.post("/facts")
	b.says("Saved.", "機器パスワードが盗まれた", "a client")
	if got := b.value(`textarea[name=cause]`); got != "機器パスワードが盗まれた可能性がある。\n調査中。" {
		t.Errorf("the cause is %q", got)
	}
	for _, party := range []string{"storehouse ", "medium"} {
		b.put("/suspect", "party", party)
		if party == "medium" {
			b.put("/suspect", "subject", "保管媒体 3 号")
		}
		b.put("/suspect", "from", time.Now().Add(-3*time.Hour).Format("2006-01-02T15:04"))
		b.post("/suspect")
	}
	b.says("medium or copy", "保管媒体 3 号", "storehouse")
	b.put("/task", "text", "各学校に電話する")
	b.put("/task", "for", "加藤")
	b.put("/task", "due", time.Now().Add(-time.Hour).Format("2006-01-02T15:04"))
	b.post("/task")
	b.says("各学校に電話する", "late")
	b.put("/task", "text", "LAN ケーブルを抜く")
	b.post("/task")
	b.post("/done")
	b.put("/note", "text", "警察に相談した。\n受理番号 1234。")
	b.post("/note")
	b.put("/decide", "text", "本日中に全学校へ連絡する。")
	b.post("/decide")
	b.says("It waits for a second person's yes.", "Waiting for a second person", "本日中に全学校へ連絡する。", "Somebody else must say yes")
	// The form as a browser sends it.
	photo := filepath.Join(t.TempDir(), "画面.png")
	if err := os.WriteFile(photo, []byte("<script>alert(1)</script>"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles(`form[action$="/attach"] input[type=file]`, []string{photo}))
	b.post("/attach")
	b.says("Saved.", "画面.png")
	var headers string
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	b.run(chromedp.Evaluate(`fetch(document.querySelector("#attachments ~ table a").href).then(r => [r.headers.get("content-disposition"), r.headers.get("x-content-type-options"), r.headers.get("content-type")].join(" | "))`, &headers, await))
	if !strings.HasPrefix(headers, "attachment;") || !strings.Contains(headers, "| nosniff | application/octet-stream") {
		t.Errorf("an attachment comes as %s", headers)
	}
	if out := string(h.Run("ledger", "show", "--kind", "case-read")); !strings.Contains(out, "画面.png") {
		t.Errorf("the ledger does not tell who has read it: %s", out)
	}
	b.goTo(page + "?lang=en")
	b.look(dir, "case-desk", "en")
	b.goTo(page + "?lang=ja")
	b.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => { d.open = true })`, nil)) // with all that is folded away
	b.look(dir, "case-desk", "ja")
	b.goTo(page + "?lang=en")

	// What was found out, and the papers.
	for name, at := range map[string]string{"findings": "/findings", "exposed-files": "/exposed?class=confirmed", "exposed-persons": "/exposed?class=possible&persons=1",
		"papers": "/papers", "paper-first": "/papers/ppc-first", "paper-client": "/papers/client?client=share:albums"} {
		for _, lang := range []string{"en", "ja"} {
			sep := "?"
			if strings.Contains(at, "?") {
				sep = "&"
			}
			b.goTo(page + at + sep + "lang=" + lang)
			b.look(dir, name, lang)
		}
	}
	b.goTo(page + "/papers?lang=en")
	b.says("Packs of all clients", "To fill in")
	b.run(chromedp.Evaluate(`fetch(document.querySelector("main a[href$='format=pdf']").href).then(r => r.arrayBuffer()).then(x => new TextDecoder().decode(x.slice(0, 5)) + " " + (x.byteLength > 5000))`, &headers, await))
	if headers != "%PDF- true" {
		t.Errorf("a paper comes as %s", headers)
	}
	b.goTo("/register/albums")
	b.put("/register/albums", "client", "市立第一小学校")
	b.run(chromedp.Evaluate(`document.querySelector("input[name=public]").checked = true`, nil))
	b.post("/register/albums")
	h.Run("firm", "set", "--mark", "10820001(05)")
	for _, l := range []string{"en", "ja"} {
		b.goTo(page + "/deadlines?lang=" + l)
		b.look(dir, "deadlines", l)
	}
	b.says("個人情報保護委員会", "日目／60日", "市立第一小学校")
	b.goTo("/?lang=ja")
	b.look(dir, "home-in-case", "ja")
	b.goTo(page + "?lang=en")

	// The window: by the slider, and by the form as it is without scripts.
	b.run(chromedp.Evaluate(`window.left = true; (() => { const s = document.querySelectorAll(".slider input"); s[0].value = 400; s[0].dispatchEvent(new Event("input")); s[0].dispatchEvent(new Event("change")) })()`, nil))
	b.settle()
	var query string
	b.run(chromedp.Evaluate(`location.search`, &query))
	if !strings.Contains(query, "from=20") || !strings.Contains(query, "to=20") {
		t.Errorf("the slider leads to %q", query)
	}
	b.goTo(page + "?from=" + time.Now().Add(-24*time.Hour).Format("2006-01-02T15:04") + "&to=" + time.Now().Format("2006-01-02T15:04"))
	b.says("Files read", "Saves and changes")
	b.goTo(page + "?from=2026-02-01T00:00&to=2026-01-01T00:00")
	b.says("must begin before it ends", "Notes can be added")
	b.goTo(page)
	b.put("/close", "note", "a lost password")
	b.post("/close")
	b.says("The case is closed.", "a lost password")
	b.quiet()
}
