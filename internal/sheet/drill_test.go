package sheet

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
)

func drillOf(o account.DrillOutcome) Drill {
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	d := Drill{Firm: "校倉印刷株式会社", At: at, Drill: account.Drill{Number: 12, Medium: id.Medium{1, 2, 3}, Label: "disk 1", Set: "A", Place: "銀行の貸金庫", State: 48, Of: at.AddDate(0, 0, -3), Begun: at, Ended: at.Add(21 * time.Minute), By: "console:root",
		Keys: account.DrillPapers, Card: "1 金庫", Papers: 2, Asked: 200, Seed: 3873440928}}
	d.DrillResult = account.DrillResult{Outcome: o, Versions: 1_204_318, Bytes: 3_480_000_000_000, Tried: 200, Whole: 200, Read: 6_200_000_000, Ready: 41_000, First: 48_200, Reading: 93_000, Estimate: 48_000_000, OfShares: 2,
		Shares: []account.DrillShare{{Name: "2026年度アルバム", Versions: 1_200_000, Tried: 150, Whole: 150}, {Name: "名簿", Versions: 4_318, Tried: 50, Whole: 50}}}
	if o == account.DrillFailed {
		d.Whole, d.Failed, d.Shares[0].Whole, d.Shares[1].Lost = 198, 3, 148, 1
		d.Failures = []account.DrillFailure{{Path: "/2026年度アルバム/東中学校/3年A組/12_佐藤.jpg", Version: id.NewVersion(), Size: 8_123_456, Saved: at.AddDate(0, -2, 0), Reason: "unreadable"},
			{Path: "/2026年度アルバム/東中学校/3年A組/13_鈴木.jpg", Version: id.NewVersion(), Size: 7_123_456, Saved: at.AddDate(0, -2, 0), Reason: "differs"}, {Path: "/名簿/東中学校.xlsx", Reason: "lost"}}
	}
	return d
}

// TestDrillReport: the report says what was tried, and never more: whatever has come of it, in both languages.
func TestDrillReport(t *testing.T) {
	broken := drillOf(account.DrillBroken)
	broken.Whole, broken.Why = 0, "hint.drill-pulled"
	open := drillOf("")
	open.Ended, open.DrillResult = time.Time{}, account.DrillResult{}
	asKeeper := drillOf(account.DrillWhole)
	asKeeper.Keys, asKeeper.Card, asKeeper.Papers, asKeeper.All, asKeeper.Tried = account.DrillKeeper, "", 0, true, int(asKeeper.Versions)
	for name, x := range map[string]struct {
		d          Drill
		says, nots []string // keys, without arguments
	}{
		"whole":  {drillOf(account.DrillWhole), []string{"web.rehearsal-hashed", "web.rehearsal-not-people"}, []string{"web.rehearsal-not-papers", "web.rehearsal-keeper", "web.rehearsal-failures", "web.rehearsal-broken"}},
		"failed": {drillOf(account.DrillFailed), []string{"web.rehearsal-failures", "drill-failure.lost", "drill-remedy.unreadable", "drill-remedy.differs"}, []string{"web.rehearsal-broken"}},
		"broken": {broken, []string{"web.rehearsal-broken", "web.rehearsal-not-any"}, []string{"web.rehearsal-result", "web.rehearsal-first", "web.rehearsal-pace"}},
		"open":   {open, []string{"web.rehearsal-open", "web.rehearsal-no-end", "web.rehearsal-not-any"}, []string{"web.rehearsal-result", "web.rehearsal-tried"}},
		"keeper": {asKeeper, []string{"web.rehearsal-keeper", "web.rehearsal-not-papers", "web.rehearsal-all"}, []string{"web.rehearsal-estimate"}},
	} {
		for _, l := range []lang.Lang{lang.Japanese, lang.English} {
			html, err := x.d.HTML(l)
			if err != nil {
				t.Fatal(err)
			}
			text := string(html)
			for _, k := range x.says {
				if !strings.Contains(text, l.Text(k)) {
					t.Errorf("%s, %s: nothing of %s", name, l, k)
				}
			}
			for _, k := range x.nots {
				if strings.Contains(text, ">"+l.Text(k)+"<") {
					t.Errorf("%s, %s: it says %s", name, l, k)
				}
			}
			if strings.Contains(text, "%!") {
				t.Errorf("%s, %s: a verb is left over", name, l)
			}
			pdf, err := x.d.PDF(l, "")
			if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
				t.Errorf("%s, %s: %d bytes, %v", name, l, len(pdf), err)
			}
		}
	}
	failed := drillOf(account.DrillFailed)
	failed.Failed++ // a share that was damaged, and stands among the shares
	if n := failed.Unnamed(); n != 0 {
		t.Errorf("%d failures are not named", n)
	}
	for failed.Failed = 70; len(failed.Failures) < account.MaxDrillFailures; {
		failed.Failures = append(failed.Failures, failed.Failures[0])
	}
	if n := failed.Unnamed(); n != 20 {
		t.Errorf("%d failures are not named, want 20", n)
	}
	whole := drillOf(account.DrillWhole)
	if s := whole.Verdict(lang.English); !strings.Contains(s, "All 200 files that were tried") {
		t.Error(s)
	}
}
