package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/text/encoding/japanese"

	"github.com/azekura/azekura/tests/house"
)

// choose takes a file into a form.
func (b *tab) choose(input, name string, content []byte) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles(fmt.Sprintf(`input[name=%q]`, input), []string{file}, chromedp.ByQuery))
}

// sjis is a text as Excel saves it in Japan.
func sjis(t *testing.T, text string) []byte {
	t.Helper()
	b, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRoster: a list in Shift_JIS that names no school is looked at, refused with its rows, and imported once it is mended; rules are tried
// and saved, and files are linked.
func TestRoster(t *testing.T) {
	h := house.New(t)
	dir := artefacts(t)
	b := open(t, h)
	b.arrive(h.Token, adminPassword)
	from := t.TempDir()
	for _, name := range []string{"第一小/3-1/1_a.txt", "第一小/3-1/2_a.txt", "第一小/3-1/集合.txt", "第一小/3-2/9_a.txt", "見本.txt"} {
		file := filepath.Join(from, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.Run("import", from, "albums")
	both := func(name, path string) {
		t.Helper()
		for _, lang := range []string{"en", "ja"} {
			b.goTo(path + "?lang=" + lang)
			b.look(dir, name, lang)
		}
	}
	both("roster-empty", "/roster/albums")
	b.goTo("/roster/albums?lang=ja")
	const head = "令和8年度 名簿,,,\r\nクラス,No.,生徒名,備考\r\n"
	b.choose("list", "3年.csv", sjis(t, head+"3-1,1,佐藤 花子,\r\n3-1,,,転出\r\n3-1,2,髙橋 一,\r\n3-1,2,髙橋 二,\r\n"))
	b.send(`form[action$="/list"] button`)
	b.says("読み取り方の確認", "学校と氏名の列を選んでください")
	b.fill("fixed-school", "第一小")
	b.fill("fixed-year", "2026")
	b.send(`main button[value="look"]`)
	b.says("先頭の行で見つかったもの")
	b.look(dir, "roster-list", "ja")
	b.send(`main button[value="import"]`)
	b.says("何も取り込んでいません", "4 行目 C 列：セルが空です", "6 行目：「2 髙橋 二」は 5 行目と同じ人です")
	b.look(dir, "roster-list-refused", "ja")
	b.goTo("/roster/albums?lang=en")
	b.says("There is no roster yet")
	b.choose("list", "3年.csv", sjis(t, head+"3-1,1,佐藤 花子,\r\n3-1,2,髙橋 一,\r\n3-1,3,山田 桜,\r\n"))
	b.send(`form[action$="/list"] button`)
	b.fill("fixed-school", "第一小")
	b.fill("fixed-year", "2026")
	b.look(dir, "roster-list", "en")
	b.send(`main button[value="import"]`)
	b.says("The list is imported.", "3 persons")
	b.choose("schools", "schools.csv", sjis(t, "学校,連絡先,公立\r\n第一小,教頭 03-0000-0000,公立\r\n第二小,,\r\n"))
	b.send(`form[action$="/schools"] button`)
	b.says("the roster has nobody of “第二小”", "Public body")
	b.fill("rules", "{school}/{class}/{number}_*.txt → person\n{school}/{class}/* → class")
	b.send(`main button[value="try"]`)
	b.says("not saved yet", "60 % of files linked", "3 of 5 files", "without a file of their own: 1")
	b.fill("rules", "{school}/{class}/{number}_*.txt → person\n{school}/{class}/* → class\n* → nobody")
	b.send(`main button[value="save"]`)
	b.says("The rules are saved", "80 % of files linked", "Reading budgets count persons by the first rule")
	b.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
	b.says("第一小/3-2/9_a.txt")
	b.look(dir, "roster-open", "en")
	both("roster", "/roster/albums")
	b.goTo("/roster/albums?lang=en")
	b.fill("rules", "nonsense")
	b.send(`main button[value="save"]`)
	b.says("1: nonsense", "Write one rule a line")
	b.quiet()
}
