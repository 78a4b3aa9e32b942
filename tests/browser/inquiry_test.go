package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/azekura/azekura/tests/house"
)

// ask asks the API as the page's session.
func (b *tab) ask(method, path, kind, body string) {
	b.t.Helper()
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	var status int
	b.run(chromedp.Evaluate(fmt.Sprintf(`fetch(%q, {method: %q, headers: {"Content-Type": %q}, body: %q}).then(r => r.status)`, path, method, kind, body), &status, await))
	if status/100 != 2 {
		b.t.Fatalf("%s %s: %d", method, path, status)
	}
}

// TestInquiries: two people open the page on which everybody finds out whether somebody is concerned; calls are written down; a school gets a
// receipt by a link. Strangers see them without a script, on a telephone.
func TestInquiries(t *testing.T) {
	h := house.New(t)
	dir := artefacts(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	for _, name := range []string{"第一小学校", "第一小学校/3-1"} {
		h.Request("MKCOL", h.URL+(&url.URL{Path: name}).EscapedPath()+"/", nil).Body.Close()
	}
	photo := h.URL + (&url.URL{Path: "第一小学校/3-1/2_a.txt"}).EscapedPath()
	h.Request("PUT", photo, []byte("the picture")).Body.Close()
	h.Request("GET", photo, nil).Body.Close()
	h.Run("policy", "set", "--firm", "校倉印刷株式会社")
	b.goTo("/")
	b.ask("PUT", "/v1/shares/albums/register", "application/json", `{"client":"市立第一小学校","retention":"納品から1年","data":["氏名","写真"]}`)
	b.ask("PUT", "/v1/shares/albums/roster?file=list.csv", "text/csv", "学校,年度,クラス,番号,氏名\r\n第一小学校,2026,3-1,1,山田\r\n第一小学校,2026,3-1,2,佐藤\r\n")
	b.ask("PUT", "/v1/shares/albums/roster/links", "application/json", `{"rules":"{school}/{class}/{number}_*.txt -> person\n"}`)
	h.Run("case", "open", "--party", h.User, "--from", time.Now().Add(-time.Hour).Format("2006-01-02 15:04"), "--reason", "端末の盗難")
	n := openCase(t, h)
	h.Run("case", "lookup", "open", n, "--contact", "校倉印刷 お客様窓口\n0120-000-000（平日 9 時から 17 時）", "--reason", "学校へ通知済み")
	b.goTo("/proposals?lang=ja")
	b.press("承認して実行")
	h.Run("case", "inquiry", "add", n, "--way", "call", "--who", "保護者", "--school", "第一小学校", "--about", "3年1組", "--question", "子どもの写真は含まれますか", "--handler", "山本")
	h.Run("case", "inquiry", "add", n, "--way", "mail", "--who", "市教育委員会", "--question", "対象の人数を知りたい", "--answer", "学校ごとの通知をお送りした", "--status", "answered")
	var page struct{ Token string }
	if err := json.NewDecoder(bytes.NewReader(h.Run("case", "lookup", n, "--json"))).Decode(&page); err != nil || page.Token == "" {
		t.Fatal(page, err)
	}
	var link struct{ Token string }
	if err := json.NewDecoder(bytes.NewReader(h.Run("receipt", "link", "albums", "--json"))).Decode(&link); err != nil || link.Token == "" {
		t.Fatal(link, err)
	}
	for _, lang := range []string{"ja", "en"} {
		for name, path := range map[string]string{"inquiries": "/cases/" + n + "/inquiries", "receipts": "/receipts"} {
			b.goTo(path + "?lang=" + lang)
			b.look(dir, name, lang)
		}
	}
	b.run(network.ClearBrowserCookies())
	for _, lang := range []string{"ja", "en"} {
		b.goTo("/lookup/" + page.Token + "?lang=" + lang)
		b.run(selectOption("school", "第一小学校"), selectOption("year", "2026"))
		b.fill("class", "３年１組")
		b.fill("number", "2")
		b.press(map[string]string{"ja": "確認する", "en": "Look up"}[lang])
		b.says(map[string]string{"ja": "対象です", "en": "In scope: yes"}[lang])
		b.look(dir, "lookup-yes", lang)
		b.run(selectOption("school", "第一小学校"))
		b.fill("number", "77")
		b.press(map[string]string{"ja": "確認する", "en": "Look up"}[lang])
		b.says(map[string]string{"ja": "調査中です", "en": "still being examined"}[lang])
		b.goTo("/receipts/" + link.Token + "?lang=" + lang)
		b.look(dir, "receipt", lang)
	}
	b.quiet()
}
