package storehouse

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestDeadlinePages: the deadlines of a case in both languages, on their page, on the case's and on the start page, as JSON and as a calendar, for those who
// see cases; what people decide changes them at once, without findings.
func TestDeadlinePages(t *testing.T) {
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
	page := "/cases/" + c.ID
	see := func(v *visitor, path, lang string, wants ...string) {
		t.Helper()
		resp, text := v.do("GET", path, "", "Accept-Language", lang)
		for _, w := range wants {
			if !strings.Contains(text, w) {
				t.Errorf("%s, %s: %d does not say %q", path, lang, resp.StatusCode, w)
			}
		}
		if strings.Contains(text, " style=") {
			t.Errorf("%s: the policy of the site would keep out what stands in the page", path)
		}
	}
	see(auditor, page+"/deadlines", "ja", "個人情報保護委員会への速報", "残り4日", "1日目／5日", "1日目／30日", "念のため", "だれがいつ知ったかが未記入", "未判断", "最近の集計がない", "照合した日")
	must(b.local.SetFact(ctx, c.ID, "hostile", "yes"))
	must(b.local.SetRegister(ctx, "アルバム", api.Register{Client: "市立第一小学校", Public: true}))
	must(b.local.SetFirm(ctx, api.Firm{Mark: "10820001(05)"}))
	see(auditor, page+"/deadlines", "ja", "1日目／60日", "プライバシーマーク", "市立第一小学校")
	see(b.admin, page+"/deadlines", "en", "First report to the", "4 days left", "day 1 of 60", "Because of: fear that somebody meant harm", "市立第一小学校", "Enter who knew")
	see(b.admin, page, "ja", "次の期限", "残り4日", page+"/deadlines")
	see(b.admin, "/", "en", "Case "+c.ID+": First report to the", "4 days left")
	var d api.Due
	resp, text := auditor.do("GET", "/v1"+page+"/deadlines", "")
	if err := json.Unmarshal([]byte(text), &d); err != nil || resp.StatusCode != 200 || len(d.Deadlines) < 5 || !d.Proposed || !d.Facts.Contractor || !d.Facts.Mark || len(d.Public) != 1 || d.Deadlines[0].Count.Left != 4 {
		t.Errorf("%d %v %.600s", resp.StatusCode, err, text)
	}
	for path, lang := range map[string]string{"/v1" + page + "/deadlines.ics": "en", page + "/deadlines.ics": "ja"} {
		resp, text := b.admin.do("GET", path, "", "Accept-Language", lang)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/calendar") || strings.Count(text, "BEGIN:VEVENT") != 5 || !strings.Contains(text, "UID:"+c.ID+".ppc-first@") || !strings.Contains(text, "BEGIN:VALARM") {
			t.Errorf("%s: %d %s %.400s", path, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		}
	}
	if resp, _ := auditor.do("GET", "/v1/cases/1999-1/deadlines", ""); resp.StatusCode != 404 {
		t.Errorf("of a case that is not there: %d", resp.StatusCode)
	}
	_, err = b.local.SetKnowing(ctx, c.ID, api.NewKnowing{Department: "営業二課", When: time.Now().AddDate(0, 0, -9)})
	must(err)
	see(b.admin, page+"/deadlines", "ja", "期限から5日経過", "10日目／60日", page+"/due-done")
	see(b.admin, "/", "ja", "期限から5日経過") // it stays until somebody says that it was done
	must(b.local.SetFact(ctx, c.ID, "done-ppc-first", "yes"))
	see(auditor, page+"/deadlines", "ja", "対応済み", "が対応済みと記入しました")
	if _, text := auditor.do("GET", page+"/deadlines", ""); strings.Contains(text, "/due-open") {
		t.Error("who only reads is asked whether something was done")
	}
	if _, text := b.admin.do("GET", page+"/deadlines.ics", ""); strings.Count(text, "STATUS:CANCELLED") != 1 {
		t.Errorf("the calendar: %.600s", text)
	}
}
