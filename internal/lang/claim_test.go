package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/lang/claimtest"
)

// mayBeSaid are the texts that a pattern finds and that claim nothing, each with the reason.
var mayBeSaid = map[string]string{
	"hint.passkey":             "a passkey of whoever logs in was not accepted",
	"hint.no-case":             "no case of that number is open",
	"web.budgets-about":        "what a budget counts: files that an account has not read before that day",
	"web.reading-about":        "likewise",
	"alerted.spent":            "what the keeper itself refused to hand out, which is recorded",
	"flag.roster-map":          "a column of a list that an import passes over",
	"web.three-possible-about": "the denial: nobody can say that it was not read",
	"web.receipt-limits-text":  "漏れ: that no entry of the ledger is left out, which can be verified",
	"say.receipt-incomplete":   "likewise, and that it was not verified",
	"flag.receipt-ledger":      "likewise",
	"cmd.receipt-verify.long":  "likewise",
}

// TestNoTextClaimsThatNothingLeaked goes over every text in both languages.
func TestNoTextClaimsThatNothingLeaked(t *testing.T) {
	found := make(map[string]bool)
	for key, both := range texts {
		for _, text := range both {
			for _, claim := range claimtest.Find(text) {
				if found[key] = true; mayBeSaid[key] == "" {
					t.Errorf("%s: …%s…", key, claim)
				}
			}
		}
	}
	for key := range mayBeSaid {
		if !found[key] {
			t.Errorf("%s claims nothing: the exception is old", key)
		}
	}
}

// writtenOnes are sentences of pages and documents that a pattern finds and that claim nothing, each with the reason.
var writtenOnes = map[string]string{
	"このソフトウェアは「漏えいはなかった」とは決して表示しません。":                       "the denial",
	"What the software never prints is \"nothing leaked\".": "the denial",
	"The software never prints that nothing leaked.":        "the denial",
	"「読まれていない」とは決して述べません。":                                  "the denial",
	"読まれていないことは示さない":                                        "the denial",
	"It never\nsays that something was not read":            "the denial",
	"**ひそかに読まれない。**":                                        "what the keeper does before it hands out a key, not what has happened",
	"元の委託元までが安全です":                                          "how far up to tell: what is on the safe side of the law",
	"set right while it was stopped again, is not seen":     "which clocks the findings do not see",
	"and a JPEG of random pixels are not seen":              "which files the guard does not see",
	"`left` (the ways that have not taken it)":              "which ways of telling have not taken an alert",
	"An outcome for each file that was not copied":          "a file that an import passed over",
	"`--ledger フォルダー` を付けると漏れがないことを確かめられます":                 "漏れ: that no entry of the ledger is left out, which can be verified",
}

// TestNoPageClaimsThatNothingLeaked goes over every template and every document for people.
func TestNoPageClaimsThatNothingLeaked(t *testing.T) {
	var names []string
	for _, glob := range []string{"../door/web/templates/*.html", "../document/*.html", "../exposure/bundle/README.txt", "../../README*.md", "../../CHANGELOG.md", "../../docs/*.md", "../../docs/evidence/*"} {
		some, err := filepath.Glob(glob)
		if err != nil || len(some) == 0 {
			t.Fatal(glob, err)
		}
		names = append(names, some...)
	}
	used := make(map[string]bool)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for fine := range writtenOnes {
			if strings.Contains(text, fine) {
				used[fine], text = true, strings.ReplaceAll(text, fine, "")
			}
		}
		for _, claim := range claimtest.Find(text) {
			t.Errorf("%s: …%s…", name, claim)
		}
	}
	for fine := range writtenOnes {
		if !used[fine] {
			t.Errorf("%q stands nowhere: the exception is old", fine)
		}
	}
}

// planted are sentences that must not pass, wherever they stand.
var planted = []string{"漏えいはありません。", "情報の漏えいはありませんでした。", "漏洩なし", "個人情報は流出していない", "流出の事実は確認されていません。", "漏えいのおそれはない", "閲覧されていません。", "写真は読み取られていませんでした", "持ち出された形跡はなく、コピーされていない", "不正アクセスの形跡はありません。",
	"データは安全です。", "ご安心ください。", "There was no leak.", "no data leaks", "nothing leaked", "It was not leaked.", "The data did not leak", "nothing was read", "Nobody has read them.", "no files were accessed", "has never been opened", "without any breach", "no evidence of access", "There is no sign of any unauthorized access",
	"Your data are safe.", "<p>No <b>leak</b>.</p>", "<p>漏えいは<strong>ありません</strong></p>"}

// TestPlantedClaims: a sentence that somebody plants into a text or a page is found, and one that tells what records show is not.
func TestPlantedClaims(t *testing.T) {
	page, err := os.ReadFile("../door/web/templates/findings.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range planted {
		for _, text := range []string{p, English.Text("web.receipt-about") + " " + p, strings.Replace(string(page), "</h1>", "</h1>\n"+p, 1)} {
			if claimtest.Find(text) == nil {
				t.Errorf("%q would pass", p)
			}
		}
	}
	for _, fine := range []string{"漏えいのおそれの範囲", "漏えいした可能性を否定できません。", "記録上、ありません。", "The records show none.", "It could have been read.", "A leak cannot be ruled out.", "読まれた可能性があります。"} {
		if found := claimtest.Find(fine); found != nil {
			t.Errorf("%q is taken for %q", fine, found)
		}
	}
}
