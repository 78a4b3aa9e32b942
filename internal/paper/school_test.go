package paper

import (
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/lang"
)

// TestOneSchool: the letter about one school of a share with several says which, and how many files could not be attributed; it never says that the
// records show no reading while some of these were read. Numbers of all clients together, the house's list and a share's name that tells of another
// school are for nobody.
func TestOneSchool(t *testing.T) {
	c := Client{Key: "1", Name: "写真館", School: "東小学校", Shares: []Share{{Name: "東小学校と西小学校", Year: 2026, Telling: true}}, Sums: Sums{Exposure: Exposure{Known: true, Shared: Three{Confirmed: 41}}, Damage: Damage{Known: true, Shared: 17}}}
	f := &Facts{At: began, Clients: []Client{c, {Key: "2", Name: "写真館", School: "西小学校"}}, Controls: Controls{Ledger: Ledger{Verified: true}},
		Lines: []Line{{What: Text{JA: "合計98,765件", EN: "98,765 in all"}, All: true}}, Loose: slices.Values([]File{{Path: "loose-path"}}), Answers: map[string]Answer{"cause": {Text: "保管庫「東小学校と西小学校」と西小学校"}}}
	for _, l := range []lang.Lang{lang.Japanese, lang.English} {
		mine := f.For(0)
		text := said(Make(ClientNotice, mine, l))
		for _, want := range []string{"東小学校", "2026", "41", "17", map[lang.Lang]string{lang.Japanese: "漏えいのおそれ（記録上", lang.English: "plaintext of 41 files"}[l]} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", l, want, text)
			}
		}
		for _, no := range []string{"西小学校", "98,765", "loose-path", say(l).t("平文の提供は確認されていません", "no plaintext handed out")} {
			if strings.Contains(text, no) {
				t.Errorf("%s: %s in\n%s", l, no, text)
			}
		}
		if mine.Loose != nil {
			t.Error("the house's list is given to a client")
		}
		last := []string{}
		for row := range FileSheet(&Facts{Clients: []Client{func() Client { x := c; x.Files = slices.Values([]File(nil)); return x }()}}, l).Rows {
			last = []string{row[0].Text, row[1].Text, row[2].Text}
		}
		if all := strings.Join(last, " "); !strings.Contains(all, "41") || !strings.Contains(all, "17") {
			t.Errorf("%s: the list of files ends with %s", l, all)
		}
	}
	alone := Client{Sums: Sums{Exposure: Exposure{Known: true, Shared: Three{Possible: 1}}, Damage: Damage{Known: true}}}
	if !alone.concerned() {
		t.Error("a school that files of nobody knows which may concern gets no letter")
	}
}

// TestFileNames: whatever something is called, a file can be called like it.
func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{"第一小学校": "第一小学校", "ア/ウ..": "ア_ウ", "..": "", "カ\u3099": "ガ", "\u202ea": "a", "a\u2028b\x7f\\": "a_b__", strings.Repeat("長", 99): strings.Repeat("長", 40), strings.Repeat("𠮷", 99): strings.Repeat("𠮷", 30), "CON": "CON", " . ": ""} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
