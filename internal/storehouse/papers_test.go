package storehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestPapersSayAll: an officer who may read no file gets papers that say by which digest the thief's notes are known, how much was put back and when, when
// what is kept was last verified, and, while it is open, where everybody can ask. A report that is handed in is done, and why nobody is reminded of another
// is on record.
func TestPapersSayAll(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.local.MakeShare(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	must(b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: "one", Rights: api.CanWrite}))
	must(b.local.SetRegister(ctx, "one", api.Register{Client: "市立第一小学校", Public: true}))
	b.enrol("one", "第one小", []string{"3-1"}, 3)
	for n := 1; n <= 3; n++ {
		dir := fmt.Sprintf("/one/第one小/3-%d", n)
		must(b.local.Mkdir(ctx, dir))
		text := fmt.Sprintf("the picture of %d\n", n)
		if _, err := b.local.Save(ctx, dir+"/1_a.txt", strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	thief, officer := b.person("thief", account.Staff), b.officer()
	must(b.local.SetRights(ctx, api.Right{Account: "thief", Share: "one", Rights: api.CanWrite}))
	const note = "pay, or else\n"
	thief.do("GET", "/v1/files"+(&url.URL{Path: "/one/第one小/3-1/1_a.txt"}).EscapedPath(), "")
	for path, text := range map[string]string{"/one/第one小/3-1/1_a.txt": "spoilt", "/one/第one小/3-2/1_a.txt": "spoilt", "/one/第one小/3-1/readme.txt": note, "/one/第one小/3-2/readme.txt": note, "/one/第one小/3-3/readme.txt": note} {
		if resp, text := thief.do("PUT", "/v1/files"+(&url.URL{Path: path}).EscapedPath(), text); resp.StatusCode/100 != 2 {
			t.Fatal(path, resp.Status, text)
		}
	}
	var made account.Case
	if got := officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: time.Now().Add(-time.Hour), To: time.Now()}, &made); got != 200 {
		t.Fatal("a case:", got)
	}
	of := "/v1/cases/" + made.ID
	var f, again api.Findings
	if got := officer.call("GET", of+"/findings", nil, &f); got != 200 || f.Damage.Files != 2 || f.Damage.Back != 0 {
		t.Errorf("before it is put back: %d %+v", got, f.Damage)
	}
	if _, err := b.local.Save(ctx, "/one/第one小/3-3/2_b.txt", strings.NewReader("ordinary"), 8, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := officer.call("GET", of+"/findings", nil, &again); got != 200 || !again.At.Equal(f.At) {
		t.Errorf("an ordinary save: %d, computed anew at %v", got, again.At)
	}
	for _, err := range b.local.Rollback(ctx, api.RollbackRequest{Case: made.ID}) {
		must(err)
	}
	for line, err := range b.local.Damage(ctx, api.DamageRequest{Case: made.ID}) {
		if must(err); line.File != nil || line.Sum.Files != 0 || line.Sum.Back != 2 || line.Sum.BackAt.IsZero() {
			t.Errorf("the damage of what was put back: %+v, %+v", line.File, line.Sum)
		}
	}
	for page, want := range map[string]string{"/cases/" + made.ID + "/findings": `<dt>変更前の状態に復元</dt><dd>2 / 2`, "/cases/" + made.ID + "/damage": `変更前の状態に復元: 2 `} {
		if resp, text := officer.do("GET", page, "", "Accept-Language", "ja"); resp.StatusCode == 200 && !strings.Contains(text, "<html") || resp.StatusCode != 200 {
			t.Errorf("%s: %d", page, resp.StatusCode)
		} else if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q", page, want)
		}
	}
	if got := officer.call("GET", of+"/findings", nil, &again); got != 200 || again.Damage.Back != 2 || !again.Damage.Verified.IsZero() {
		t.Errorf("rolled back: %d %+v", got, again.Damage)
	}
	for _, err := range b.local.Verify(ctx, api.VerifyRequest{}) {
		must(err)
	}
	if got := officer.call("GET", of+"/findings", nil, &f); got != 200 || f.Damage.Files != 2 || f.Damage.Back != 2 || f.Damage.Intact != 2 || f.Damage.BackAt.IsZero() || f.Damage.Verified.Before(f.Damage.BackAt) {
		t.Errorf("%d %+v", got, f.Damage)
	}
	sum := sha256.Sum256([]byte(note))
	if n := f.Damage.Notes; len(n) != 1 || n[0].Files != 3 || n[0].SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("notes: %+v", n)
	}
	paper := func(kind string) string {
		t.Helper()
		resp, text := officer.do("GET", of+"/papers/"+kind+"?format=html&lang=ja&client="+url.QueryEscape("市立第一小学校"), "")
		if resp.StatusCode != 200 {
			t.Fatal(kind, resp.Status, text)
		}
		return text
	}
	for kind, wants := range map[string][]string{"ransom": {hex.EncodeToString(sum[:]), "2件のすべてを、変更前の状態に復元しました", "の照合で"}, "client": {"2件のすべてを", "の照合で", "速報（行政機関等）："}, "plain": {"すべて、もとにもどしました"}} {
		for text, _ := paper(kind), 0; len(wants) > 0; wants = wants[1:] {
			if !strings.Contains(text, wants[0]) {
				t.Errorf("%s lacks %s:\n%s", kind, wants[0], text)
			}
		}
	}
	if strings.Contains(paper("public"), "/lookup/") {
		t.Error("a page is named that is not open")
	}
	var o api.Outcome
	if _, text := officer.do("POST", of+"/lookup", mustJSON(t, api.LookupRequest{Contact: "0120-000-000", Reason: "told"}), "Content-Type", "application/json"); true {
		mustRead(t, text, &o)
	}
	if got := b.admin.call("POST", "/v1/proposals/"+o.Proposal.ID+"/confirm", struct{}{}, nil); got/100 != 2 {
		t.Fatal("confirm:", got)
	}
	var page api.Lookup
	if got := officer.call("GET", of+"/lookup", nil, &page); got != 200 || !strings.Contains(paper("public"), "/lookup/"+page.Token) || !strings.Contains(paper("faq"), "/lookup/"+page.Token) {
		t.Errorf("%d: the page is open, and no paper names it", got)
	}
	if got := officer.call("POST", of+"/papers/ppc-first/file?lang=ja", api.PaperFiling{}, nil); got/100 != 2 {
		t.Fatal("to hand it in:", got)
	}
	must(b.local.SetFact(ctx, made.ID, "mute-ppc-final", "委員会と協議済み"))
	var due api.Due
	if got := officer.call("GET", of+"/deadlines", nil, &due); got != 200 || due.Told != nil || len(due.ToPublic) != 3 || due.ToPublic[0].Start != due.Today {
		t.Errorf("%d %+v", got, due)
	}
	for _, x := range due.Deadlines {
		if done, muted := x.Rule.ID == "ppc-first", x.Rule.ID == "ppc-final"; !x.Done.IsZero() != done || (x.Muted != nil) != muted || muted && x.Muted.Value != "委員会と協議済み" {
			t.Errorf("%s: done %v, muted %+v", x.Rule.ID, x.Done, x.Muted)
		}
	}
	if _, html := officer.do("GET", "/cases/"+made.ID+"/deadlines", "", "Accept-Language", "ja"); !strings.Contains(html, "委員会と協議済み") || !strings.Contains(html, "通知した場合の、委託元の期限") || !strings.Contains(html, "due-unmute") {
		t.Errorf("the page of deadlines:\n%s", html)
	}
}
