package storehouse

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestDrillPages: the page of copies lists the drills with their reports, and the ledger's head has a page to print, for the administrator and for
// an auditor, in both languages.
func TestDrillPages(t *testing.T) {
	b := besiege(t)
	ctx, at := t.Context(), t.TempDir()
	if _, err := b.local.Save(ctx, "/アルバム/a.jpg", strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.local.MakeMedium(ctx, api.NewMedium{Path: at, Label: "disk 1", Set: "A", Place: "銀行"}); err != nil {
		t.Fatal(err)
	}
	if _, err := synced(t, b.local, at); err != nil {
		t.Fatal(err)
	}
	if _, text := b.admin.do("GET", "/copies", ""); !strings.Contains(text, "disk 1") || !strings.Contains(text, "まだ実施していません") && !strings.Contains(text, "none yet") {
		t.Errorf("before a drill: %.2000s", text)
	}
	for l, err := range b.local.Rehearse(ctx, api.DrillRequest{Path: at}) {
		if err != nil || l.Drill != nil && !l.Drill.Good() {
			t.Fatalf("%+v, %v", l.Drill, err)
		}
	}
	for name, v := range map[string]*visitor{"administrator": b.admin, "auditor": b.person("kansa", account.Auditor)} {
		for lang, says := range map[string][]string{"en": {"Restore drill of A: 20", "with the keys of the running house", "all that was tried was whole", "/copies/drills/1/pdf"}, "ja": {"復旧訓練（A）：20", "稼働中の校倉の鍵による", "試したものはすべて正常"}} {
			resp, text := v.do("GET", "/copies", "", "Accept-Language", lang)
			for _, want := range says {
				if resp.StatusCode != 200 || !strings.Contains(text, want) {
					t.Errorf("%s, %s: %d, nothing of %q", name, lang, resp.StatusCode, want)
				}
			}
		}
		if _, text := v.do("GET", "/ledger", ""); !strings.Contains(text, `href="/copies"`) || !strings.Contains(text, `href="/ledger/head"`) {
			t.Errorf("%s: no way from the ledger to drills and head", name)
		}
		if resp, text := v.do("GET", "/copies/drills/1/pdf", ""); resp.StatusCode != 200 || !strings.HasPrefix(text, "%PDF") || resp.Header.Get("Content-Type") != "application/pdf" {
			t.Errorf("%s, report: %d %.100s", name, resp.StatusCode, text)
		}
		if resp, _ := v.do("GET", "/copies/drills/2/pdf", ""); resp.StatusCode != 404 {
			t.Errorf("%s, a report of no drill: %d", name, resp.StatusCode)
		}
		head, err := b.local.LedgerHead(ctx)
		if resp, text := v.do("GET", "/ledger/head", ""); err != nil || resp.StatusCode != 200 || !strings.Contains(text, head.Origin) || !strings.Contains(text, "data:image/png;base64,") {
			t.Errorf("%s, head: %d %.2000s, %v", name, resp.StatusCode, text, err)
		}
		if resp, text := v.do("GET", "/ledger/head/pdf", ""); resp.StatusCode != 200 || !strings.HasPrefix(text, "%PDF") {
			t.Errorf("%s, sheet: %d %.100s", name, resp.StatusCode, text)
		}
	}
	if _, text := b.admin.do("GET", "/", "", "Accept-Language", "en"); !strings.Contains(text, "Restore drill of A: 20") {
		t.Errorf("the home page: %.3000s", text)
	}
}
