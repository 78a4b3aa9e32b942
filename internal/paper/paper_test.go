package paper

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

var both = []lang.Lang{lang.Japanese, lang.English}

// TestUnknown: no number stands for what nobody knows. Facts without any number make papers without one where numbers of persons and files
// stand, and files without a roster turn up in each paper that counts persons.
func TestUnknown(t *testing.T) {
	nothing := &Facts{At: began, Clients: []Client{{Name: "第一小学校"}}}
	for _, l := range both {
		for _, k := range Kinds() {
			text := said(Make(k, nothing, l))
			for _, no := range []string{"0人", "0件", "0％", "0 persons", "0 files", "0.0", "%!", "1年1月", "0001"} {
				if strings.Contains(strings.ReplaceAll(text, "00", ""), no) {
					t.Errorf("%s (%s) has %q:\n%s", k, l, no, text)
				}
			}
		}
		for _, rows := range []func(func([]document.Cell) bool){SchoolSheet(nothing, l).Rows, PeopleSheet(nothing, l).Rows, FileSheet(nothing, l).Rows} {
			for row := range rows {
				for _, c := range row {
					if c.Text == "0" {
						t.Errorf("%s: a 0 in %v", l, row)
					}
				}
			}
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		x := Exposure{Known: true, Persons: three(r, "persons"), Unknown: three(r, "unknown"), Unlinked: three(r, "unlinked"), FilesUnlinked: three(r, "loose"), Files: three(r, "files")}
		for _, l := range both {
			s := say(l)
			for _, c := range classes {
				text := s.persons(&x, c.class)
				if files := x.Unknown.of(c.class); files > 0 && (strings.HasPrefix(text, "0") || !strings.Contains(text, s.files(files)) || strings.Contains(text, " 0 ")) {
					r.Fatalf("%d persons and %d files of unknown ones: %s", x.Persons.of(c.class), files, text)
				}
			}
		}
	})
}

// counting are papers in which the numbers of persons stand.
var counting = []Kind{FirstReport, FinalReport, ClientNotice, MarkReport, RansomForm, PublicNotice, SchoolList}

// TestNothingVanishes: whoever reads the numbers of persons reads of unlinked files, of files of unknown persons and of what no file has, too.
func TestNothingVanishes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := draw(r)
		for _, k := range counting {
			text := said(Make(k, seen(k, f), lang.Japanese))
			x := &seen(k, f).Total.Exposure
			if k == ClientNotice && len(f.Clients) == 0 {
				continue
			}
			for what, n := range map[string]int64{"個人と結び付いていないファイル：": x.FilesUnlinked.sum(), "本人の数を把握できないファイル：": x.Unknown.sum(), "目録にないデータ（版）：": x.Strange} {
				if want := what + say(lang.Japanese).files(n); x.Known && n > 0 && !strings.Contains(text, want) {
					r.Fatalf("%s lacks %s", k, want)
				}
			}
			if n := x.Unlinked.sum(); x.Known && n > 0 && !strings.Contains(text, "該当し得る全員を数えたもの") {
				r.Fatalf("%s does not tell of %d persons who are there for unlinked files", k, n)
			}
		}
		x := &f.Total.Exposure
		for _, n := range []int64{x.FilesUnlinked.sum(), x.Unknown.sum(), x.Strange} {
			if text := said(Make(BoardSummary, f, lang.Japanese)); x.Known && n > 0 && !strings.Contains(text, " "+say(lang.Japanese).files(n)) {
				r.Fatalf("the board does not learn of %d:\n%s", n, text)
			}
		}
		for _, k := range []Kind{FirstReport, FinalReport, ClientNotice, PublicNotice, MarkReport, ExemptionSheet} {
			if text := said(Make(k, f, lang.Japanese)); len(f.Gaps) > 0 && !strings.Contains(text, f.Gaps[0].What.JA) {
				r.Fatalf("%s does not tell of the gaps", k)
			}
		}
		for _, k := range []Kind{BoardSummary, PlainNotice, TelephoneDesk} {
			if text := said(Make(k, f, lang.Japanese)); x.Known && len(f.Gaps) > 0 && !strings.Contains(text, "記録の欠落") && !strings.Contains(text, "記録がない時間") {
				r.Fatalf("%s does not tell of the gaps", k)
			}
		}
	})
}

// TestHeldIsOnRecord: where the guard has held back what somebody did to files, no paper says that the records show nothing of the kind.
func TestHeldIsOnRecord(t *testing.T) {
	for _, l := range both {
		for _, k := range []Kind{RansomForm, PublicNotice, PlainNotice, TelephoneDesk} {
			text := said(Make(k, &Facts{At: began, Total: Sums{Damage: Damage{Known: true, OfFiles: 60, Hurts: []Hurt{{"held", 2}}}}}, l))
			for _, no := range []string{"記録上確認されていません", "ファイルは確認されていません", "見つかっていません", "show no file that was"} {
				if strings.Contains(text, no) {
					t.Errorf("%s (%s) says %q", k, l, no)
				}
			}
			if two := say(l).files(2); !strings.Contains(text, two) && !strings.Contains(text, say(l).count(2)) {
				t.Errorf("%s (%s) tells nothing of %s", k, l, two)
			}
		}
	}
}

// TestUncut: a client's paper that is asked for of all clients holds nobody's.
func TestUncut(t *testing.T) {
	f := &Facts{At: began, Clients: []Client{{Key: "1", Name: "東小学校"}, {Key: "2", Name: "西小学校"}}, Lines: []Line{{What: Text{JA: "西だけ", EN: "west"}, Client: "2"}}, Edits: []Edit{{Kind: ClientNotice, Client: "2", Key: "6", Lang: "ja", Text: "西へ"}}}
	f.Total.Exposure = Exposure{Known: true, Persons: Three{Confirmed: 7654}}
	for _, k := range []Kind{ClientNotice, PersonNotice} {
		for _, no := range []string{"東小学校", "西", "7,654"} {
			if text := said(Make(k, f, lang.Japanese)); strings.Contains(text, no) {
				t.Errorf("%s: %s in\n%s", k, no, text)
			}
		}
	}
}

// TestOneClient: the paper of a client holds no other client's name, school, store, person, file, number or text, whatever people have
// written.
func TestOneClient(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := draw(r)
		if len(f.Clients) < 2 {
			return
		}
		var all strings.Builder
		for i := range f.Clients { // people name everybody in everything
			c := &f.Clients[i]
			c.Exposure.Persons, c.Damage.Files = Three{Possible: int64(7_000_123 + i*1_000_000)}, int64(31_000_456+i*1_000_000)
			c.Damage.Intact = 0
			fmt.Fprintf(&all, "%sと share-%d-の school-%d-、share-%d-x", c.Name, i, i, i)
			f.Lines = append(f.Lines, Line{When: began, All: true, What: Text{JA: "of-all", EN: "of-all"}}, Line{When: began, Client: c.Key, What: Text{JA: fmt.Sprintf("only-%d-", i), EN: fmt.Sprintf("only-%d-", i)}})
			f.Edits = append(f.Edits, Edit{Kind: ClientNotice, Client: c.Key, Key: "6", Lang: "ja", Text: fmt.Sprintf("edit-%d-", i)})
			for p := range c.People {
				c.Exposure.Rows = append(c.Exposure.Rows, Row{School: p.School})
			}
		}
		f.Answers["cause"] = Answer{Text: all.String()}
		f.Lines = append(f.Lines, Line{When: began, What: Text{JA: all.String(), EN: all.String()}})
		f.Edits = append(f.Edits, Edit{Kind: ClientNotice, Key: "5", Lang: "ja", Text: all.String()})
		f.Total.Exposure.Persons, f.Total.Exposure.Known = Three{Possible: 9_111_222}, true
		for i := range f.Clients {
			mine := f.For(i)
			text := ""
			for _, l := range both {
				text += said(Make(ClientNotice, mine, l)) + said(Make(PersonNotice, mine.ForPersons(Reader{School: "school", Count: Possible}), l))
				for _, s := range []document.Sheet{PeopleSheet(mine, l), FileSheet(mine, l)} {
					for row := range s.Rows {
						text += fmt.Sprint(row)
					}
				}
			}
			if !strings.Contains(text, f.Clients[i].Name) || !strings.Contains(text, fmt.Sprintf("person-%d-", i)) {
				r.Fatalf("client %d is not in its own paper", i)
			}
			if own := say(0).n(int64(7_000_123 + i*1_000_000)); f.Clients[i].Exposure.Known && !strings.Contains(text, own) {
				r.Fatalf("client %d does not learn of its %s", i, own)
			}
			if strings.Contains(text, "9,111,222") || strings.Contains(text, "of-all") {
				r.Fatal("the number of all is in it")
			}
			for j := range f.Clients {
				if i == j {
					continue
				}
				for _, no := range []string{fmt.Sprintf("委託元%d号", j), fmt.Sprintf("-%d-", j), fmt.Sprintf("data-%d", j), fmt.Sprintf("subject-%d", j), fmt.Sprintf("contact-%d", j), say(0).n(int64(7_000_123 + j*1_000_000)), say(0).n(int64(31_000_456 + j*1_000_000))} {
					if strings.Contains(text, no) {
						r.Fatalf("client %d's papers have %s:\n%s", i, no, text)
					}
				}
			}
		}
	})
}

// TestLikeNames: a name within another is no other client's.
func TestLikeNames(t *testing.T) {
	f := &Facts{Clients: []Client{{Key: "1", Name: "東小学校"}, {Key: "2", Name: "城東小学校"}}, Answers: map[string]Answer{"cause": {Text: "城東小学校と東小学校の保管庫"}}}
	other := &Facts{Clients: []Client{{Key: "1", Shares: []Share{{Name: "album"}, {Name: "2026"}, {Name: "A"}}}, {Key: "2"}}, Answers: map[string]Answer{"cause": {Text: "2026年、albums と Aのalbum、album"}}}
	if got := other.For(1).Answers["cause"].Text; got != "2026年、albums と Aの（他の委託元）、（他の委託元）" {
		t.Errorf("%s", got)
	}
	for i, want := range []string{"（他の委託元）と東小学校の保管庫", "城東小学校と（他の委託元）の保管庫"} {
		if got := f.For(i).Answers["cause"].Text; got != want {
			t.Errorf("%s reads %s", f.Clients[i].Name, got)
		}
	}
	if f.Answers["cause"].Text != "城東小学校と東小学校の保管庫" {
		t.Error("the facts themselves were changed")
	}
}

// TestNamesHoweverWritten: a name of another client is kept out also where people write it with other widths, cases and spaces; the client's own
// stays as it was written.
func TestNamesHoweverWritten(t *testing.T) {
	f := &Facts{Firm: Firm{Name: "あおば印刷"}, Clients: []Client{{Name: "第1小学校"}, {Name: "市立 西小学校"}, {Name: "St. Mary School"}, {Name: "ガラス学園"}}}
	for text, owner := range map[string]int{"第１小学校": 0, "第 1 小学校": 0, "第1\n小学校": 0, "市立西小学校": 1, "市立　西小学校": 1, "ST. MARY SCHOOL": 2, "Ｓｔ．Ｍａｒｙ　Ｓｃｈｏｏｌ": 2, "st.mary school": 2, "ｶﾞﾗｽ学園": 3, "カ\u3099ラス学園": 3} {
		f.Answers = map[string]Answer{"cause": {Text: "昨日 " + text + "、あおば印刷"}}
		for i := range f.Clients {
			want := "昨日 （他の委託元）、あおば印刷"
			if i == owner {
				want = "昨日 " + text + "、あおば印刷"
			}
			if got := f.For(i).Answers["cause"].Text; got != want {
				t.Errorf("%q for %s: %q", text, f.Clients[i].Name, got)
			}
		}
	}
	for _, text := range []string{"第11小学校", "East. Mary Schoolyard", "ＷeSt. Mary School", "西小学校"} {
		f.Answers = map[string]Answer{"cause": {Text: text}}
		if got := f.For(3).Answers["cause"].Text; got != text {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestEdits: what people have written stays when papers are made anew, and what the records say now stands beside it once that is something
// else. It holds for its language and its client.
func TestEdits(t *testing.T) {
	f := &Facts{At: began.Add(99 * time.Hour), Case: Case{Known: began}, Clients: []Client{{Key: "c1", Name: "第一小学校"}}}
	found := func() Field { return get(Fields(FirstReport, f), "1.found") }
	was := found().Own.JA
	f.Edits = []Edit{{Kind: FirstReport, Key: "1.found", Lang: "ja", Text: "7月13日の朝", Was: was, By: "sato", When: began}}
	text := said(Make(FirstReport, f, lang.Japanese))
	if !strings.Contains(text, "7月13日の朝") || strings.Contains(text, was) || strings.Contains(text, "記録の現在の内容") {
		t.Errorf("the edit is not there:\n%s", text)
	}
	f.Case.Known = began.Add(time.Hour)
	text = said(Make(FirstReport, f, lang.Japanese))
	if now := found().Own.JA; now == was || !strings.Contains(text, "7月13日の朝") || !strings.Contains(text, "【確認】記録の現在の内容："+now) {
		t.Errorf("what the records say now is not beside the edit:\n%s", text)
	}
	if text := said(Make(FirstReport, f, lang.English)); strings.Contains(text, "7月13日の朝") || strings.Contains(text, "the records now say") {
		t.Errorf("the edit of one language is in the other:\n%s", text)
	}
	f.Edits = []Edit{{Kind: ClientNotice, Key: "6", Lang: "ja", Text: "全体"}, {Kind: ClientNotice, Key: "6", Client: "c1", Lang: "ja", Text: "個別"}}
	if x := get(Fields(ClientNotice, f), "6"); x.Shown(lang.Japanese) != "個別" {
		t.Errorf("a client's own edit is not before that of all: %q", x.Shown(lang.Japanese))
	}
}

// TestFields: each field of a paper has a key of its own, words in both languages, and a place to fill in where nobody knows.
func TestFields(t *testing.T) {
	asked := make(map[string]bool)
	for _, k := range Kinds() {
		seen := make(map[string]bool)
		for _, x := range Fields(k, &Facts{}) {
			if seen[x.Key] || (x.Part.JA == "") != (x.Part.EN == "") || (x.Label.JA == "") != (x.Label.EN == "") {
				t.Errorf("%s: field %+v", k, x)
			}
			seen[x.Key] = true
			for _, q := range x.Asks {
				if asked[q] = true; questions[q].Key == "" {
					t.Errorf("%s: %s asks %s, which is no question", k, x.Key, q)
				}
			}
			if x.Shown(lang.Japanese) == "" || x.Shown(lang.English) == "" {
				t.Errorf("%s: %s is empty", k, x.Key)
			}
			if x.Machine.JA == "" && !strings.Contains(x.Own.JA, "未把握") {
				t.Errorf("%s: %s does not say that it is not known: %q", k, x.Key, x.Own.JA)
			}
		}
		if t1 := Title(k); t1.JA == "" || t1.EN == "" || len(seen) == 0 {
			t.Errorf("%s has no title or no fields", k)
		}
	}
	for _, q := range Questions {
		if deadlines := []string{"hostile", "sensitive", "property-damage", "public-bodies"}; !asked[q.Key] && !slices.Contains(deadlines, q.Key) { // which rules ask
			t.Errorf("no paper asks %s", q.Key)
		}
	}
}

// TestFinal: the final report shows, field by field, what the first one said where that was something else.
func TestFinal(t *testing.T) {
	f := &Facts{At: began, Answers: map[string]Answer{"cause": {Text: "調査中"}, "found-by": {Text: "own"}}}
	f.First = Keep(FirstReport, f)
	f.Answers = map[string]Answer{"cause": {Text: "VPN機器の脆弱性"}, "found-by": {Text: "own"}}
	var changed []string
	for _, x := range Fields(FinalReport, f) {
		if x.Before != (Text{}) {
			changed = append(changed, x.Key+": "+x.Before.JA+" → "+x.Shown(lang.Japanese))
		}
	}
	if fmt.Sprint(changed) != "[4.cause: 調査中 → VPN機器の脆弱性]" {
		t.Errorf("%q", changed)
	}
	if text := said(Make(FinalReport, f, lang.Japanese)); strings.Count(text, "調査中") != 1 || !strings.Contains(text, "速報からの変更点") {
		t.Errorf("%s", text)
	}
}

// TestPersons: a notice to persons has items 1, 2, 4, 5 and 9 alone, no number of persons, and only what concerns these.
func TestPersons(t *testing.T) {
	c := Client{Name: "第一小学校", Shares: []Share{{Year: 2025, Data: []string{"写真"}}, {Year: 2024, Data: []string{"成績"}}}}
	c.Exposure = Exposure{Known: true, Persons: Three{1111, 2222, 3333}, Files: Three{4444, 5555, 6666}}
	f := &Facts{At: began, Clients: []Client{c}, Total: c.Sums, Answers: map[string]Answer{"measures-done": {Text: "対策済"}, "publication": {Text: "done"}}}
	for count, want := range map[Class]string{Confirmed: "開かれたことが記録で確認", Possible: "可能性を否定できません", Exempt: "暗号化された状態"} {
		text := said(Make(PersonNotice, f.ForPersons(Reader{School: "第一小学校", Year: "2025", Count: count}), lang.Japanese))
		if !strings.Contains(text, want) || !strings.Contains(text, "写真") {
			t.Errorf("%d: no %s in\n%s", count, want, text)
		}
		for _, no := range []string{"成績", "1,111", "2,222", "3,333", "4,444", "5,555", "対策済", "公表"} {
			if strings.Contains(text, no) {
				t.Errorf("%d: %s in\n%s", count, no, text)
			}
		}
	}
}

func TestWords(t *testing.T) {
	ja, en := say(lang.Japanese), say(lang.English)
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 173000: "173,000", -1234: "-1,234", 1_000_000: "1,000,000"} {
		if got := ja.n(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{25, 1000, "2.5％"}, {1, 1_000_000, "0.1％未満"}, {999_999, 1_000_000, "99.9％超"}, {0, 10, "0.0％"}, {10, 10, "100.0％"}} {
		if got := ja.percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %s", c.part, c.whole, got)
		}
	}
	at := time.Date(2026, 12, 31, 15, 4, 0, 0, time.UTC) // the next day in Japan
	if ja.moment(at) != "日本時間2027年1月1日 00:04" || en.moment(at) != "1 January 2027, 00:04 JST" || en.date(at) != "1 January 2027" {
		t.Errorf("%s, %s, %s", ja.moment(at), en.moment(at), en.date(at))
	}
	for name, want := range map[string]string{"青葉市立第1小学校": "貴校", "青葉市教育委員会": "貴委員会", "株式会社さくら写真館": "貴館", "さくら写真株式会社": "貴社", "同窓会": "貴団体", "": "貴団体", "青葉大学": "貴学"} {
		if got := ja.you(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestConcerned: papers count and describe what something was read or hurt of, all the same: what lay beside is in none of them.
func TestConcerned(t *testing.T) {
	sums := func(files int64) Sums {
		return Sums{Exposure: Exposure{Known: true, Files: Three{Confirmed: files}}, Damage: Damage{Known: true}}
	}
	f := &Facts{Clients: []Client{
		{Key: "1", Name: "第一小学校", Public: true, Sums: sums(2), Shares: []Share{{Name: "album", Data: []string{"写真"}, Subjects: []string{"児童"}, Year: 2025}, {Name: "orders", Data: []string{"注文"}, Subjects: []string{"保護者"}, Year: 2019, Untouched: true}}},
		{Key: "2", Name: "第二小学校", Sums: sums(0), Shares: []Share{{Name: "two", Data: []string{"血液型"}, Untouched: true, Sensitive: true}}},
		{Key: "3", Name: "第三小学校", Sums: sums(1), Shares: []Share{{Name: "three", Data: []string{"氏名"}}}},
		{Key: "4", Sums: sums(1), Shares: []Share{{Name: "four"}}},
		{Key: "5", Name: "第一小学校", Sums: sums(1), Shares: []Share{{Name: "five"}}},
	}}
	for _, k := range Kinds() {
		if k == ClientNotice || k == PersonNotice {
			continue
		}
		text := said(Make(k, f, lang.Japanese))
		for _, no := range []string{"注文", "保護者", "血液型", "2019", "第二小学校", "委託元3者", "委託元4者", "委託元5者", "要配慮個人情報を含む"} {
			if strings.Contains(text, no) {
				t.Errorf("%s tells of %s:\n%s", k, no, text)
			}
		}
		if (k == FirstReport || k == BoardSummary) && !strings.Contains(text, "委託元2者、うち行政機関等1者") {
			t.Errorf("%s counts other clients:\n%s", k, text)
		}
		if k == FirstReport && (!strings.Contains(text, "写真") || !strings.Contains(text, "保管データ：1件")) || k == BoardSummary && !strings.Contains(text, "保管データ1件") {
			t.Errorf("%s:\n%s", k, text)
		}
	}
	if text := said(Make(ClientNotice, f.For(1), lang.Japanese)); !strings.Contains(text, "血液型") {
		t.Errorf("a client that asks is told nothing:\n%s", text)
	}
}

// TestEarly: every paper that tells when it happened and when it was found out marks that the second lies before the first.
func TestEarly(t *testing.T) {
	for _, l := range both {
		mark := say(l).t("要確認：発覚", "check: it was found out before")
		for _, k := range Kinds() {
			f := &Facts{At: began.Add(time.Hour), Case: Case{Known: began.Add(time.Minute), Suspects: []Suspect{{From: began}}}, Clients: []Client{{Key: "1", Name: "第一小学校"}}}
			right := said(Make(k, f, l))
			f.Case.Known = began.Add(-24 * time.Hour)
			wrong := said(Make(k, f, l))
			if strings.Contains(right, mark) || strings.Contains(wrong, mark) == (right == wrong) {
				t.Errorf("%s (%s): %s", k, l, wrong)
			}
		}
	}
}

// TestStripped: what a client gets names nobody of the firm, and neither accounts, devices nor addresses of the house.
func TestStripped(t *testing.T) {
	f := &Facts{Clients: []Client{{Key: "1", Name: "第一小学校"}, {Key: "2", Name: "第二小学校"}}, Case: Case{Known: began,
		Knowing:  []Knowing{{Department: "営業部", Person: "person-x", How: "電話", When: began}},
		Suspects: []Suspect{{What: Text{JA: "what-x", EN: "what-x"}, Name: "name-x", Address: "address-x", Method: Text{JA: "method-x", EN: "method-x"}, From: began}}}}
	got := f.For(0)
	if text := fmt.Sprintf("%+v", got.Case); strings.Contains(text, "-x") {
		t.Errorf("a client gets %s", text)
	}
	if len(got.Case.Knowing) != 1 || got.Case.Knowing[0].Department != "営業部" || len(got.Case.Suspects) != 1 || !got.Case.Suspects[0].From.Equal(began) {
		t.Errorf("a client is not told when: %+v", got.Case)
	}
}
