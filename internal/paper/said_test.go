package paper

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// TestLookupNamed: the page on which everybody can ask is named while it is open, in every paper that people outside or at the telephone read, and in none
// when it is not.
func TestLookupNamed(t *testing.T) {
	const page = "https://azekura.example.jp/lookup/ABC"
	f := &Facts{At: began, Clients: []Client{{Key: "1", Name: "東小学校"}}}
	for _, open := range []string{"", page} {
		f.Lookup = open
		for _, k := range Kinds() {
			for _, l := range both {
				names := open != "" && slices.Contains([]Kind{ClientNotice, PersonNotice, PublicNotice, PlainNotice, TelephoneDesk}, k)
				if text := said(Make(k, f.For(0), l)); strings.Contains(text, page) != names || open == "" && (strings.Contains(text, "次のページ") || strings.Contains(text, "This page")) {
					t.Errorf("%s (%s), page %q:\n%s", k, l, open, text)
				}
			}
		}
	}
}

// TestExemptionOnce: what was decided about the encryption and why stand together, in one field of each paper that has them.
func TestExemptionOnce(t *testing.T) {
	f := &Facts{At: began, Answers: map[string]Answer{"exempt": {Text: "no"}, "exemption": {Text: "弁護士が判断。鍵が及んでいたため"}}}
	for k, key := range map[Kind]string{FirstReport: "9.exemption", ExemptionSheet: "decision"} {
		x := get(Fields(k, f), key)
		if !strings.Contains(x.Own.JA, "非該当\n弁護士が判断。鍵が及んでいたため") || fmt.Sprint(x.Asks) != "[exempt exemption]" {
			t.Errorf("%s: %q asks %v", k, x.Own.JA, x.Asks)
		}
		if text := said(Make(k, f, lang.Japanese)); strings.Count(text, "弁護士が判断") != 1 {
			t.Errorf("%s:\n%s", k, text)
		}
	}
}

// TestPutBack: how many files were put back and when, and when what is kept was last looked at, stand in the reports, the letters and the board's page; that
// nobody has looked is said where it is asked for.
func TestPutBack(t *testing.T) {
	f := &Facts{At: began.Add(99 * time.Hour), Clients: []Client{{Key: "1", Name: "東小学校"}}}
	d := Damage{Known: true, Files: 1200, OfFiles: 5000, Bytes: 10, OfBytes: 100, Intact: 1200, RolledBack: 1000, When: began.Add(50 * time.Hour), Verified: began.Add(60 * time.Hour),
		Notes: []Note{{Name: "pay.txt", SHA256: strings.Repeat("ab", 32), Files: 4}}}
	f.Total.Damage, f.Clients[0].Damage = d, d
	ja := say(lang.Japanese)
	for _, k := range []Kind{FirstReport, FinalReport, ClientNotice, RansomForm, PublicNotice} {
		text := said(Make(k, seen(k, f), lang.Japanese))
		for _, want := range []string{"1,000件", ja.moment(d.When), "残る200件は、まだ復元していません", ja.moment(d.Verified) + " の照合で"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s:\n%s", k, want, text)
			}
		}
	}
	for _, k := range []Kind{FirstReport, FinalReport, RansomForm} {
		if text := said(Make(k, f, lang.English)); !strings.Contains(text, "SHA-256: "+d.Notes[0].SHA256) {
			t.Errorf("%s lacks the digest of the note:\n%s", k, text)
		}
	}
	if text := said(Make(BoardSummary, f, lang.Japanese)); !strings.Contains(text, "復元済み：1,000件") {
		t.Errorf("%s", text)
	}
	f.Total.Damage.RolledBack = 1200
	if text := said(Make(PlainNotice, f, lang.Japanese)); !strings.Contains(text, "すべて、もとにもどしました") {
		t.Errorf("%s", text)
	}
	f.Total.Damage.Verified = time.Time{}
	if text := said(Make(FirstReport, f, lang.Japanese)); !strings.Contains(text, "保管データの照合："+ja.unknown()) {
		t.Errorf("that nobody has looked is not said:\n%s", text)
	}
	if row := (&sheet{say: ja}).fileRow(&File{Path: "a", Hurts: []string{"encrypted"}, Back: d.When}); row[5].Text != ja.moment(d.When)+" に復元済み" {
		t.Errorf("%v", row)
	}
	f.Clients[0].Damage = Damage{Known: true, OfFiles: 10}
	if text := said(Make(ClientNotice, f.For(0), lang.Japanese)); strings.Contains(text, "被害を受けたファイル：0件") || !strings.Contains(text, "改変・暗号化・削除されたファイルは、記録上確認されていません。") {
		t.Errorf("a client none of whose files was hurt:\n%s", text)
	}
}

// TestTheirDays: a client's letter has the client's own days, from the day of the letter: the threshold and the rules of a public body where it is one, with
// whom to ask; the board sees those of public clients.
func TestTheirDays(t *testing.T) {
	at := time.Date(2026, 11, 2, 10, 0, 0, 0, japan)
	f := &Facts{At: at, Clients: []Client{{Key: "1", Name: "市立東小学校", Public: true}, {Key: "2", Name: "西学園"}}, Answers: map[string]Answer{"hostile": {Text: "yes"}}}
	for i, wants := range [][]string{
		{"個人情報保護委員会への速報（行政機関等）：2026年11月6日まで（概ね5日以内）", "確報（行政機関等）：2027年1月4日まで（60日以内）", "教育委員会を通じて", "2026年11月2日に本通知を受けられた場合", "より早くこの事案を知られていた場合"},
		{"個人情報保護委員会への速報：2026年11月6日まで", "確報：2027年1月4日まで（60日以内）", "より早く"},
	} {
		text := said(Make(ClientNotice, f.For(i), lang.Japanese))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", f.Clients[i].Name, want, text)
			}
		}
		if i == 1 && strings.Contains(text, "教育委員会を通じて") {
			t.Errorf("a private school is sent to the board of education:\n%s", text)
		}
	}
	f.At = time.Date(2035, 1, 1, 10, 0, 0, 0, japan)
	if text := said(Make(ClientNotice, f.For(0), lang.Japanese)); !strings.Contains(text, "期限を計算していません") || strings.Contains(text, "2035年1月5日") {
		t.Errorf("a day was guessed:\n%s", text)
	}
	rules, err := deadline.At(at)
	if err != nil {
		t.Fatal(err)
	}
	if f.ToPublic, err = rules.For(deadline.Facts{Public: true, Hostile: deadline.Yes}); err != nil {
		t.Fatal(err)
	}
	f.Deadlines = f.ToPublic
	if text := said(Make(BoardSummary, f, lang.Japanese)); strings.Count(text, "委託元（行政機関等）の報告：") != 2 || !strings.Contains(text, "本日通知した場合") {
		t.Errorf("%s", text)
	}
	if f.Told = true; !strings.Contains(said(Make(BoardSummary, f, lang.Japanese)), "通知の日から") {
		t.Error("that they were told is not said")
	}
}

// TestPlainWords: the notice in plain words has none of the house: parents read it.
func TestPlainWords(t *testing.T) {
	f := &Facts{At: began, Controls: Controls{Ledger: Ledger{Verified: true}}}
	f.Total.Exposure.Known = true
	for _, verified := range []bool{true, false} {
		f.Controls.Ledger.Verified = verified
		text := said(Make(PlainNotice, f, lang.Japanese))
		for _, no := range []string{"台帳", "平文", "払い出", "連続性", "鍵"} {
			if strings.Contains(text, no) {
				t.Errorf("%s in\n%s", no, text)
			}
		}
		if strings.Contains(text, "中身を渡したという記録は、見つかっていません") != verified {
			t.Errorf("verified %v:\n%s", verified, text)
		}
	}
}

// TestAsk: each way to reach somebody has a line of its own, so that no address is broken at its end.
func TestAsk(t *testing.T) {
	s := &sheet{say: say(lang.Japanese), f: &Facts{Firm: Firm{Name: "会社", Department: "窓口", Phone: "1", Mail: "a@b.jp", Hours: "9時〜18時"}}}
	if got := s.ask(); got != "会社　窓口\n電話 1（受付 9時〜18時）\n電子メール a@b.jp" {
		t.Errorf("%q", got)
	}
	letter := Make(PublicNotice, s.f, lang.Japanese)
	if letter.Title != "" || letter.Name != Title(PublicNotice).JA || !slices.ContainsFunc(letter.Blocks, func(b document.Block) bool { _, ok := b.(document.Subject); return ok }) {
		t.Errorf("a letter is called %q, %q", letter.Title, letter.Name)
	}
}

// TestLockedCopy: a bucket of which nobody can remove anything is told of as what it is: connected, and locked until a day.
func TestLockedCopy(t *testing.T) {
	f := &Facts{At: began, Controls: Controls{Copies: []Copy{{Name: "bucket", Locked: began.AddDate(0, 1, 0)}}}}
	told := 0
	for _, k := range Kinds() {
		for l, want := range map[lang.Lang]string{lang.Japanese: "まで削除", lang.English: "cannot be deleted until"} {
			text := said(Make(k, f, l))
			if !strings.Contains(text, "bucket") {
				continue
			}
			if told++; !strings.Contains(text, want) || strings.Contains(text, "offline") || strings.Contains(text, "切り離") {
				t.Errorf("%s (%s):\n%s", k, l, text)
			}
		}
	}
	if told < 4 {
		t.Errorf("only %d papers tell of it", told)
	}
}
