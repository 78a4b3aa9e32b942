package paper

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// forbidden are statements that no paper makes, whatever the facts are: nobody can know them.
var forbidden = regexp.MustCompile(`(?i)(漏えい|漏洩|流出|漏れ)(等)?(は|が|の事実は|の事実が)?(なし|無し|無かった|なかった|ありません|ございません|認められません|発生していません|していません|ていません|確認されていません)` +
	`|(閲覧|読み取ら|読ま|開か|見ら|持ち出さ|窃取さ|取得さ|アクセスさ)(れ|れて|され|されて)*(ていません|ていない|てはいません|ておりません|なかった|ませんでした)[^」]` +
	`|(閲覧|読み取り|アクセス|持ち出し|不正利用|悪用)(は|の事実は)(ありません|ございません|なかった|確認されていません|認められません)` +
	`|(安全|無事)(です|でした|が確認|であることが確認|性に問題)|問題(は)?(ありません|ございません)|ご安心|心配(は)?(ありません|いりません|不要)|被害(は)?(ありません|ございません|なし)` +
	`|\b(no|without (any|a)) (data )?(leak|breach|exposure)|no(thing| data| personal data| file| one| person)s? (has |have |was |were |is |are )?(been )?(leaked|read|accessed|viewed|stolen|taken|exposed|lost)` +
	`|(was|were|is|are|has|have) (not|never) (been )?(leaked|read|accessed|viewed|opened|stolen|exfiltrated|taken|exposed|disclosed)|(not|never) (been )?(leaked|accessed|viewed|exfiltrated)|(is|are|was|were|remain|remains|stayed) (safe|secure|unaffected)|no (cause|reason) (for|to) (concern|worry)|unaffected|did not (leak|get out)`)

// allowed is what may be said: that something is not taken for not read.
var allowed = strings.NewReplacer("（「読み取られなかった」とは扱いません。）", "", "they never count as not read", "")

// said is all that a document says.
func said(d *document.Document) string {
	var b strings.Builder
	put := func(list ...string) {
		for _, x := range list {
			b.WriteString(x + "\n")
		}
	}
	put(d.Title, d.Draft, d.Footer)
	for _, x := range d.Blocks {
		switch x := x.(type) {
		case document.Subject:
			put(string(x))
		case document.Heading:
			put(x.Text)
		case document.Paragraph:
			put(x.Text)
		case document.List:
			put(x...)
		case document.Pairs:
			for _, p := range x {
				put(p[0], p[1])
			}
		case document.Form:
			for _, f := range x {
				put(f.Label, f.Note)
				for _, v := range f.Value {
					put(v.Text)
				}
			}
		case document.Table:
			for _, c := range x.Columns {
				put(c.Title)
			}
			for _, row := range x.Rows {
				for _, c := range row {
					put(c.Text, c.Small)
				}
			}
		case document.PageBreak:
		default:
			panic("a block that the tests do not know")
		}
	}
	return b.String()
}

// TestForbidden: no paper in either language makes a statement that nobody can know, for any facts.
func TestForbidden(t *testing.T) {
	fine := make(map[string]bool) // lines that were looked at
	rapid.Check(t, func(r *rapid.T) {
		f := draw(r)
		for _, k := range Kinds() {
			for _, l := range []lang.Lang{lang.Japanese, lang.English} {
				for line := range strings.SplitSeq(said(Make(k, seen(k, f), l)), "\n") {
					if fine[line] {
						continue
					}
					if m := forbidden.FindString(allowed.Replace(line)); m != "" {
						r.Fatalf("%s (%s) says %q", k, l, m)
					}
					fine[line] = true
				}
			}
		}
	})
}

// TestTemplates: nor does the source, in words that no facts have brought out yet; nor the page about the papers.
func TestTemplates(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 8 {
		t.Fatalf("%d files: %v", len(names), err)
	}
	for _, name := range append(names, "../../docs/papers.md", "../../docs/papers.ja.md") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for l := range bytes.SplitSeq(b, []byte("\n")) {
			line := strings.TrimSpace(string(l))
			if m := forbidden.FindString(allowed.Replace(line)); m != "" && !strings.HasPrefix(line, "//") {
				t.Errorf("%s says %q in %s", name, m, line)
			}
		}
	}
}

// TestForbiddenFinds: the test above would find such a statement.
func TestForbiddenFinds(t *testing.T) {
	for _, s := range []string{"漏えいなし", "漏えいはありません。", "漏洩はありません", "個人情報は流出していません", "閲覧されていません。", "読み取られていません。", "読まれていません。", "読まれなかった。", "情報の漏えいは確認されていません", "ご安心ください", "安全です", "データは安全が確認されました",
		"不正利用の事実は確認されていません", "There was no leak.", "no data was accessed", "It was not accessed.", "files were not read", "has not been leaked", "Nothing leaked.", "nothing was read", "the data are safe", "without any leak", "your data was never viewed", "No personal data were taken"} {
		if !forbidden.MatchString(s + " ") {
			t.Errorf("%q would pass", s)
		}
	}
	for _, s := range []string{"記録上、平文の提供は確認されていません（台帳の連続性を検証済み）。", "漏えいのおそれ", "個人データの漏えい等が発生したおそれがある", "読み取られた可能性を否定できません"} {
		if m := forbidden.FindString(s); m != "" {
			t.Errorf("%q would fail for %q", s, m)
		}
	}
}

// TestMost: that no plaintext was handed out is said only where it was counted, the ledger was verified and nothing counts as confirmed, and
// then with its gaps.
func TestMost(t *testing.T) {
	const most = "平文の提供は確認されていません（台帳の連続性を検証済み）"
	rapid.Check(t, func(r *rapid.T) {
		f := draw(r)
		x := &f.Total.Exposure
		may := x.Known && f.Controls.Ledger.Verified && x.Files.Confirmed+x.Persons.Confirmed+x.Unknown.Confirmed+x.Strange == 0
		for _, k := range Kinds() {
			if k == ClientNotice || k == PersonNotice { // their own numbers stand there
				continue
			}
			text := said(Make(k, f, lang.Japanese))
			if strings.Contains(text, most) && !may {
				r.Fatalf("%s says it: %+v", k, x)
			}
			if strings.Contains(text, most) && len(f.Gaps) > 0 && !strings.Contains(text, f.Gaps[0].What.JA) {
				r.Fatalf("%s says it without its gaps", k)
			}
		}
		if may && !slices.ContainsFunc(Fields(FirstReport, f), func(x Field) bool { return strings.Contains(x.Machine.JA, most) }) {
			r.Fatal("it is not said where it may be")
		}
	})
}
