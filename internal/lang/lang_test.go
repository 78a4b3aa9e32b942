package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/problem"
)

func TestPick(t *testing.T) {
	for _, x := range []struct {
		want string
		lang Lang
	}{
		{"", English}, {"ja", Japanese}, {"ja_JP.UTF-8", Japanese}, {"ja-JP,ja;q=0.9,en;q=0.8", Japanese}, {"C", English}, {"C.UTF-8", English},
		{"POSIX", English}, {"en-US,en;q=0.9,ja;q=0.1", English}, {"en;q=0.1, ja;q=0.2", Japanese}, {"de, fr;q=0.9", English}, {"de,ja;q=0.1", Japanese},
		{"ja;q=0", English}, {"ja;q=x", English}, {"JA", Japanese}, {",;q=,", English}, {"Japanese", Japanese}, {"java", English},
	} {
		if got := Pick(x.want); got != x.lang {
			t.Errorf("Pick(%q) = %v, want %v", x.want, got, x.lang)
		}
	}
}

func TestProblem(t *testing.T) {
	for _, x := range []struct {
		lang               Lang
		op, on, kind, hint string
		want               string
	}{
		{English, "save", "/albums/a.jpg", "locked", "hint.locked",
			"Cannot save “/albums/a.jpg”: somebody has locked it. Ask the person who has it open, or wait until the lock ends."},
		{Japanese, "save", "/albums/a.jpg", "locked", "hint.locked",
			"「/albums/a.jpg」：保存できません。ほかの利用者がロックしています。開いている人に確認するか、ロックが切れるまでお待ちください。"},
		{Japanese, "log in", "佐藤", "unauthenticated", "hint.log-in-again", "「佐藤」：ログインできません。名前とパスワードの組み合わせが違います。名前とパスワードを確認してください。ファイル接続には機器パスワードを使います。"},
		{Japanese, "log in", "佐藤", "unauthenticated", "hint.day-closed", "「佐藤」：ログインできません。本日の利用が始まっていません。ウェブ画面に二要素でログインしてから、もう一度お試しください。"},
		{English, "eject medium", "/media/a", "locked", "hint.medium-in-use", "Cannot let the medium go “/media/a”. Something uses it still: a copy, a shell that stands in the folder, a file manager. Then again."},
		{English, "read", "school", "not-found", "hint.share-erased",
			"Cannot read “school”. This share was erased, on the date in brackets and under the number of the certificate behind it. Nothing opens it any more."},
		{English, "open medium", "A", "not-found", "hint.medium-empty",
			"Cannot read the medium “A”. No copy on this medium is complete yet: it is new, or its first copy was broken off. “azekura media sync FOLDER” makes it, or finishes it. To restore a house, take another medium."},
		{English, "read the ledger's copy", "tile/0/000", "damaged", "hint.sink-covered",
			"The copy of the ledger needs attention “tile/0/000”: somebody has put something over parts of it. What was read is the ledger's own, which lies below. Whoever did that has the credentials of the bucket: change them."},
		{English, "no such op", "", "no such kind", "no such hint", "This cannot be done: something is broken inside; the log tells more."},
		{English, "check evidence", "", "damaged", "", "Cannot vouch for the evidence: what is in it does not agree."},
		{Japanese, "verify", "", "damaged", "", "検査で異常が見つかったか、検査を完了できませんでした。保管データが壊れているため、内容を表示しません。"},
	} {
		if got := x.lang.Problem(x.op, x.on, x.kind, x.hint); got != x.want {
			t.Errorf("%v.Problem(%q, %q, %q, %q) = %q, want %q", x.lang, x.op, x.on, x.kind, x.hint, got, x.want)
		}
	}
}

// lists are the tables by name.
var lists = map[string][]text{
	"problems":  problemTexts,
	"hints":     hintTexts,
	"events":    eventTexts,
	"commands":  commandTexts,
	"flags":     flagTexts,
	"say":       sayTexts,
	"notes":     noteTexts,
	"welcome":   welcomeTexts,
	"webdav":    davTexts,
	"web":       webTexts,
	"powers":    powerTexts,
	"rules":     ruleTexts,
	"witness":   witnessTexts,
	"guard":     guardTexts,
	"drill":     drillTexts,
	"rehearsal": rehearsalTexts,
	"register":  registerTexts,
	"roster":    rosterTexts,
	"rosters":   rosterDoorTexts,
	"findings":  findingTexts,
	"lines":     lineTexts,
	"case":      caseTexts,
	"page":      casePageTexts,
	"inquiry":   inquiryTexts,
	"receipt":   receiptTexts,
	"firm":      firmTexts,
	"due":       dueTexts,
	"media":     mediaTexts,
	"bucket":    bucketTexts,
	"sink":      sinkTexts,
	"restore":   restoreTexts,
	"recovery":  recoveryTexts,
	"erasure":   erasureTexts,
	"retention": retentionTexts,
	"sheet":     sheetTexts,
	"reserve":   reserveTexts,
	"collect":   collectTexts,
}

// wordFamilies are those whose keys nobody writes out: what stands behind the stop is a word of the program.
var wordFamilies = []string{
	"arg",
	"note", "role", "act", "right", "purpose", "power", "flaw", "sign", "stop", "hurt", "mend",
	"alert", "alerted", "todo",
	"evidence",
	"fact", "choice",
	"roster", "roster-field", "roster-budget",
	"lack-do",
	"flaw-of-ledger", "person-kind", "mark",
	"finding-step",
	"inquiry", "way",
	"medium-flaw",
	"drill-failure",
	"drill-remedy",
	"drill-share",
	"verdict",
	"lack",
	"card",
	"receipt-part",
	"appliance", "maker",
	"log-lost", "log-finding",
	"kept",
	"removal-step",
	"witness-trouble",
	"frozen",
	"alert-failed",
}

var verb = regexp.MustCompile(`%(\[\d+\])?[.\d]*[a-z%]`)

func TestReason(t *testing.T) {
	for _, c := range []struct{ act, reason, en, ja string }{
		{"read-more", "open 20/20, day", "Files to open: 20 of 20 today", "ファイルを開く：本日 20 / 20"},
		{"read-more", "persons 6/6, minute", "Distinct persons: 6 of 6 within a minute", "個人の数：1 分間に 6 / 6"},
		{"read-more", "strange 6/6, minute", "strange 6/6, minute", "strange 6/6, minute"},
		{"weaken-policy", "reading budgets, closing time", "reading budgets, closing time", "閲覧の上限, 終業時刻"},
		{"job", "open 20/20, day", "open 20/20, day", "open 20/20, day"},
		{"thaw", "it was looked at", "it was looked at", "it was looked at"},
	} {
		if en, ja := English.Reason(c.act, c.reason), Japanese.Reason(c.act, c.reason); en != c.en || ja != c.ja {
			t.Errorf("%s, %s: %q, %q", c.act, c.reason, en, ja)
		}
	}
}

// TestRosterIssue: each sentence names its row, and leaves no verb over.
func TestRosterIssue(t *testing.T) {
	for _, x := range rosterTexts {
		for _, l := range []Lang{English, Japanese} {
			got := l.RosterIssue(strings.TrimPrefix(x.key, "roster."), 12, "C", "山田", 7)
			if !strings.Contains(got, "12") || strings.Contains(got, "%") {
				t.Errorf("%s: %s", x.key, got)
			}
		}
	}
	if got := English.RosterIssue("no such word", 1, "A", "x", 0); strings.Contains(got, "roster.") {
		t.Error(got)
	}
}

// TestOneWord: one thing has one name, and it is spelled in one way.
func TestOneWord(t *testing.T) {
	for other, word := range map[string]string{"共有": "保管庫", "ルート鍵": "根鍵", "根の鍵": "根鍵", "合言葉": "パスフレーズ", "という命令": "コマンド", "ディレクトリー": "ディレクトリ"} {
		for key, x := range texts {
			if ja := x[Japanese]; strings.Contains(ja, other) {
				t.Errorf("%s says %s for %s: %s", key, other, word, ja)
			}
		}
	}
	short := regexp.MustCompile(`(フォルダ|サーバ|ユーザ|ブラウザ|プリンタ)([^ー]|$)`)
	for key, x := range texts {
		if m := short.FindString(x[Japanese]); m != "" && key != "web.mac-1" { // as the Finder writes it
			t.Errorf("%s cuts %q short: %s", key, m, x[Japanese])
		}
	}
}

func TestTables(t *testing.T) {
	seen := make(map[string]bool)
	for name, list := range lists {
		if len(list) == 0 {
			t.Errorf("table %s is empty", name)
		}
		for _, x := range list {
			if seen[x.key] {
				t.Errorf("%s: stands twice", x.key)
			}
			seen[x.key] = true
			if (x.en == "" || x.ja == "") && !strings.HasSuffix(x.key, ".long") || (x.en == "") != (x.ja == "") {
				t.Errorf("%s: lacks a language", x.key)
			}
			en, ja := verb.FindAllString(x.en, -1), verb.FindAllString(x.ja, -1)
			if !slices.Equal(en, ja) {
				t.Errorf("%s: verbs %q in English, %q in Japanese", x.key, en, ja)
			}
			if strings.HasPrefix(x.key, "hint.") && (!strings.HasSuffix(x.en, ".") || !strings.HasSuffix(x.ja, "。")) {
				t.Errorf("%s: a hint is a sentence", x.key)
			}
		}
	}
	if len(seen) != len(texts) {
		t.Errorf("%d texts in the tables, %d in use", len(seen), len(texts))
	}
}

var key = regexp.MustCompile(`^(hint|cmd|dav|flag|say|web|welcome|register|line)\.[a-z0-9-]+(\.long)?$`)

// TestKeys walks the source: every key and every Op has a text, and every text is used.
func TestKeys(t *testing.T) {
	used, words := make(map[string]bool), make(map[string]bool)
	for k := range 100 {
		used["kind."+problem.Kind(k).String()] = true
	}
	files := 0
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(name, ".html") {
				return templateKeys(t, name, used)
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || filepath.Dir(name) == "../lang" {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if b, ok := n.(*ast.BasicLit); ok {
					s, _ := literal(b)
					words[s] = true
				}
				return true
			})
			for k := range wanted(f) {
				used[k] = true
				if !Has(k) {
					t.Errorf("%s: no text for %q", name, k)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 20 {
		t.Fatalf("only %d files found", files)
	}
	for k := range texts {
		if family, word, _ := strings.Cut(k, "."); slices.Contains(wordFamilies, family) {
			if !words[word] {
				t.Errorf("%s: a text for a word that nobody says", k)
			}
			continue
		}
		if strings.HasPrefix(k, "rule.") { // TestRules uses them
			continue
		}
		if kind, op, of := strings.Cut(strings.TrimPrefix(k, "kind."), "."); strings.HasPrefix(k, "kind.") && of && used["kind."+kind] && used["op."+op] {
			continue // a kind as one Op says it
		}
		if !used[k] && !used[strings.TrimSuffix(k, ".long")] && k != "op." {
			t.Errorf("%s: a text that nothing uses", k)
		}
	}
}

var templateKey = regexp.MustCompile(`"((?:web|register)\.[a-z0-9.-]+)"`)

// templateKeys notes the keys that a page asks for. One that ends in a family ("web.level-", word "web.door") stands for all
// of it.
func templateKeys(t *testing.T, name string, used map[string]bool) error {
	b, err := os.ReadFile(name)
	for _, m := range templateKey.FindAllStringSubmatch(string(b), -1) {
		found := false
		for k := range texts {
			if k == m[1] || strings.HasPrefix(k, m[1]+".") || strings.HasSuffix(m[1], "-") && strings.HasPrefix(k, m[1]) {
				used[k], found = true, true
			}
		}
		if !found {
			t.Errorf("%s: no text for %q", name, m[1])
		}
	}
	return err
}

// wanted returns the keys that a file asks for: literals that look like one, and those of Ops and kinds of events.
func wanted(f *ast.File) map[string]bool {
	out := make(map[string]bool)
	put := func(family string, e ast.Expr) {
		if s, ok := literal(e); ok && s != "" {
			out[family+s] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if s, ok := literal(n); ok && key.MatchString(s) && s != "welcome.txt" {
				out[s] = true
			}
		case *ast.CallExpr: // problem.New(kind, op, …), and functions that are given an op
			for _, arg := range n.Args {
				if s, ok := literal(arg); ok && Has("op."+s) {
					put("op.", arg)
				}
			}
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "New" && len(n.Args) == 4 {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "problem" {
					put("op.", n.Args[1])
				}
			}
		case *ast.CompositeLit:
			sel, ok := n.Type.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Error" && sel.Sel.Name != "Problem" {
				break
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Op" {
					put("op.", kv.Value)
				}
			}
		case *ast.ValueSpec: // const op = "…", and the kinds of events
			for i, name := range n.Names {
				if i >= len(n.Values) {
					break
				}
				if t, ok := n.Type.(*ast.Ident); ok && t.Name == "Kind" && f.Name.Name == "event" {
					put("event.", n.Values[i])
				}
				if name.Name == "op" {
					put("op.", n.Values[i])
				}
			}
		}
		return true
	})
	return out
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}

// TestCommandLines: a list of commands reads as one, whoever has added to it. The English is a sentence, the Japanese ends in a plain verb.
func TestCommandLines(t *testing.T) {
	english, polite := regexp.MustCompile(`^[A-Z].*\.$`), regexp.MustCompile(`(。|ます|です)$`)
	n := 0
	for _, list := range lists {
		for _, x := range list {
			if name, ok := strings.CutPrefix(x.key, "cmd."); ok && !strings.Contains(name, ".") && name != "azekura" {
				n++
				if !english.MatchString(x.en) || polite.MatchString(x.ja) {
					t.Errorf("%s: %q, %q", x.key, x.en, x.ja)
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d commands", n)
	}
}

// TestJapaneseIsJapanese finds texts that were forgotten in translation.
func TestJapaneseIsJapanese(t *testing.T) {
	kana := regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	exempt := []string{"say.alert-way", "way.webhook", "say.fingerprint", "say.secret", "say.head-id", "maker.fortigate", "maker.paloalto", "maker.sonicwall", "maker.watchguard"}
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		if ja := texts[k][Japanese]; ja != "" && !kana.MatchString(ja) && !slices.Contains(exempt, k) {
			t.Errorf("%s: %q", k, ja)
		}
	}
}

// TestRemovalValue: whoever confirms a removal reads its numbers at a glance.
func TestRemovalValue(t *testing.T) {
	for value, want := range map[string]string{"91234567890": "91,234,567,890", "2026-11-30": "2026-11-30"} {
		if got := English.RuleValue("removal-bytes", value); got != want {
			t.Errorf("%s is shown as %s", value, got)
		}
	}
}
