// Package papertest has the facts of a case that never was, for tests of papers.
package papertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/paper"
)

var jst = time.FixedZone("JST", 9*60*60)

// At is as of when the story is told.
var At = time.Date(2026, 7, 15, 9, 30, 0, 0, jst)

// Story is a break-in into a printing firm that holds the albums of so many schools.
func Story(clients int) *paper.Facts {
	began, alarm := time.Date(2026, 7, 13, 2, 10, 0, 0, jst), time.Date(2026, 7, 13, 2, 41, 0, 0, jst)
	f := &paper.Facts{
		At: At,
		Firm: paper.Firm{Name: "株式会社あおば印刷", Number: "1234567890123", Business: "印刷業", Address: "宮城県仙台市青葉区一番町一丁目1番1号", Representative: "代表取締役社長　青葉　太郎", Department: "個人情報お問合せ窓口",
			Contact: "佐藤　花子", Phone: "022-000-0000", Mail: "privacy@example.jp", Hours: "平日9時〜18時", Mark: "10000000(01)"},
		Case: paper.Case{Number: "2026-1", Opened: alarm, Known: time.Date(2026, 7, 13, 8, 40, 0, 0, jst), Knowing: []paper.Knowing{{Department: "情報システム課", Person: "鈴木", How: "警報の通知を受信", When: time.Date(2026, 7, 13, 8, 40, 0, 0, jst)}},
			Suspects: []paper.Suspect{
				{What: paper.Text{JA: "端末", EN: "device"}, Name: "営業二課ノート3", Address: "203.0.113.45", Method: paper.Text{JA: "端末用パスワードによる接続（WebDAV）", EN: "device password (WebDAV)"}, From: began, To: alarm, Stopped: alarm},
				{What: paper.Text{JA: "セッション", EN: "session"}, Name: "tanaka", Address: "198.51.100.7", Method: paper.Text{JA: "有効なセッションの不正利用（ブラウザー）", EN: "a live session (browser)"}, From: began.Add(6 * time.Minute), To: alarm, Stopped: alarm},
			}},
		Lines: []paper.Line{
			line(began, "不審な端末からの接続が始まる", "a distrusted device connects", "台帳", "ledger"), line(began.Add(8*time.Minute), "大量のファイルの読み取りが始まる", "many files are read", "台帳", "ledger"),
			line(began.Add(25*time.Minute), "ファイルの暗号化とみられる書き込みが始まる", "files are overwritten, likely encrypted", "番人", "guard"), line(alarm, "自動検知により端末とセッションを停止", "device and session stopped by the guard", "番人", "guard"),
			line(alarm.Add(6*time.Hour), "情報システム課が警報を確認、調査を開始", "the IT department sees the alarm and begins to investigate", "事案の記録", "case"),
		},
		Controls: paper.Controls{
			SecondFactor: paper.Part{Known: true, Done: 84, Of: 84, When: At}, Renewed: paper.Part{Known: true, Done: 81, Of: 84, When: At},
			Freezes: []paper.Freeze{{Who: "端末「営業二課ノート3」", When: alarm}, {Who: "tanaka のセッション", When: alarm}, {Who: "全利用者の書き込み", When: alarm.Add(6 * time.Hour), By: "鈴木"}},
			Ledger:  paper.Ledger{Verified: true, Head: "k7Qd0v1Xh2mZ9f3LrT8sWb5yNc6uEa4Jp0gRiVxoKlM=", Entries: 1_204_377, At: At.Add(-20 * time.Minute), Seen: 2},
			Copies: []paper.Copy{{Name: "外付け媒体A", Offline: true, Verified: At.AddDate(0, 0, -6)}, {Name: "遠隔地の複製", Verified: At.AddDate(0, 0, -1)},
				{Name: "バケット", Locked: At.AddDate(0, 3, 0), Verified: At.AddDate(0, 0, -1)}},
			Ciphers:   []string{"AES-256-GCM", "HPKE（ML-KEM-768／P-256）", "SHA-256", "HMAC-SHA-256"},
			KeysApart: paper.Text{JA: "鍵は鍵番が保持し、保管データとは別のディレクトリに置かれています。", EN: "The keeper holds the keys, in a directory apart from the data."},
			Unwraps:   paper.Number{N: 4100, Known: true},
		},
		Gaps: []paper.Gap{{What: paper.Text{JA: "台帳に記録のない時間", EN: "no entries in the ledger"}, From: began.Add(12 * time.Minute), To: began.Add(17 * time.Minute), Hits: true}},
		Answers: map[string]paper.Answer{
			"hostile": {Text: "yes"}, "sensitive": {Text: "no"}, "property-damage": {Text: "no"}, "found-by": {Text: "own"}, "cause-by": {Text: "own"}, "secondary-damage": {Text: "unknown"},
			"cause":         {Text: "社外からの接続に用いていたVPN機器の脆弱性を突かれ、社内に侵入されたものとみられます。詳細は調査中です。", By: "鈴木", When: At},
			"measures-done": {Text: "VPN機器を撤去し、全利用者のパスワードを更新しました。", By: "鈴木", When: At}, "told": {Text: "2026年7月14日、宮城県警察に相談済み", By: "鈴木", When: At},
			"publication": {Text: "planned"}, "board-ask": {Text: "公表の時期、外部調査機関への依頼（見積 450万円）、全委託元への通知の一斉発送"},
		},
	}
	f.Total.Damage = paper.Damage{Known: true, OfFiles: 1_000_000, OfBytes: 12_400_000_000_000, Intact: 24_871, Files: 24_871, Bytes: 310_000_000_000, RolledBack: 24_871, When: At.Add(-time.Hour), Verified: At.Add(-2 * time.Hour),
		Hurts: []paper.Hurt{{Kind: "encrypted", Files: 24_611}, {Kind: "removed", Files: 260}, {Kind: "note", Files: 41}}, Endings: []paper.Ending{{Ending: ".locked7", Files: 24_611}},
		Notes: []paper.Note{{Name: "README_復元方法.txt", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Files: 41}}}
	for i := range clients {
		f.Clients = append(f.Clients, school(i, began))
		x, c := &f.Total.Exposure, &f.Clients[i].Exposure
		for _, p := range []struct{ to, of *paper.Three }{{&x.Persons, &c.Persons}, {&x.Files, &c.Files}, {&x.Unknown, &c.Unknown}, {&x.Unlinked, &c.Unlinked}, {&x.FilesUnlinked, &c.FilesUnlinked}} {
			p.to.Confirmed, p.to.Possible, p.to.Exempt = p.to.Confirmed+p.of.Confirmed, p.to.Possible+p.of.Possible, p.to.Exempt+p.of.Exempt
		}
	}
	f.Total.Exposure.Known, f.Total.Exposure.Names = true, true
	f.Lookup = "https://azekura.aoba-insatsu.example.jp/lookup/7KQ2M4XTPD3VJ6WANBYHRZC5FE"
	count(f)
	return f
}

func line(at time.Time, ja, en, sourceJA, sourceEN string) paper.Line {
	return paper.Line{When: at, What: paper.Text{JA: ja, EN: en}, Source: paper.Text{JA: sourceJA, EN: sourceEN}}
}

// count asks the rules what is due.
func count(f *paper.Facts) {
	x := f.Total.Exposure.Persons
	facts := deadline.Facts{Contractor: true, Mark: true, Hostile: deadline.Yes, Sensitive: deadline.No, Property: deadline.No,
		Persons: deadline.Persons{Counted: f.Total.Exposure.Unknown == paper.Three{}, Confirmed: int(x.Confirmed), Possible: int(x.Possible), Encrypted: int(x.Exempt)}}
	rules, err := deadline.At(f.Case.Known)
	if err != nil {
		panic(err)
	}
	if f.Deadlines, err = rules.For(facts); err != nil {
		panic(err)
	}
	if f.Assessments, err = rules.Assess(facts); err != nil {
		panic(err)
	}
	if f.ToPublic, err = rules.For(deadline.Facts{Public: true, Hostile: deadline.Yes}); err != nil {
		panic(err)
	}
}

var towns = []string{"青葉", "若林", "泉中央", "太白", "宮城野", "八木山", "長町", "榴岡", "愛子", "作並"}

// Name is the name of a client.
func Name(i int) string {
	kind := [...]string{"市立第%d小学校", "市立第%d中学校", "第%d高等学校", "学園第%d幼稚園", "写真館第%d支店"}[i%5]
	return towns[i/5%10] + fmt.Sprintf(kind, i/50+1)
}

// school is a client, of which each seventh has no roster.
func school(i int, at time.Time) paper.Client {
	persons := int64(60 + i*37%120)
	c := paper.Client{Key: fmt.Sprintf("client-%04d", i), Name: Name(i), Contact: fmt.Sprintf("教頭　022-111-%04d", i), Public: i%5 < 2, Shares: []paper.Share{
		{Name: fmt.Sprintf("album-%04d", i), Year: 2025, Data: []string{"氏名", "写真", "学年・組"}, Subjects: []string{"児童・生徒", "教職員"}}}}
	x := &c.Exposure
	x.Known = true
	x.Files = paper.Three{Confirmed: int64(i % 21), Possible: 40 + int64(i%9), Exempt: 100}
	if i%7 == 6 {
		x.Unknown = x.Files
	} else {
		x.Persons = paper.Three{Confirmed: int64(i % 21), Possible: persons - int64(i%21), Exempt: 12}
		x.FilesUnlinked, x.Unlinked = paper.Three{Possible: 3}, paper.Three{Possible: 20}
		x.Rows = []paper.Row{{School: c.Name, Year: "2025", Kind: "pupil", Persons: paper.Three{Confirmed: x.Persons.Confirmed, Possible: x.Persons.Possible - 8, Exempt: 12}, Unlinked: x.Unlinked},
			{School: c.Name, Year: "2025", Kind: "staff", Persons: paper.Three{Possible: 8}}}
		c.People = people(c.Name, i, persons)
	}
	c.Damage = paper.Damage{Known: true, Files: int64(i % 13), Bytes: int64(i%13) * 12_000_000, OfFiles: 5000, OfBytes: 62_000_000_000, Intact: int64(i % 13)}
	if c.Damage.Files > 0 {
		c.Damage.Hurts = []paper.Hurt{{Kind: "encrypted", Files: c.Damage.Files}}
	}
	var files []paper.File
	for n := range 20 {
		files = append(files, paper.File{Path: fmt.Sprintf("album-%04d/3-%d/%02d_IMG_%04d.jpg", i, n%3+1, n, i*7+n), Exposed: true, Count: paper.Class(n % 3), When: at.Add(time.Duration(n) * time.Minute)})
	}
	c.Files = slices.Values(files)
	return c
}

func people(school string, i int, n int64) func(func(paper.Person) bool) {
	family, given := []string{"佐藤", "髙橋", "渡邉", "𠮷田", "齋藤", "山﨑", "伊藤"}, []string{"翔太", "さくら", "陽菜", "蓮", "美咲", "大翔"}
	return func(yield func(paper.Person) bool) {
		for p := range int(n) {
			who := paper.Person{School: school, Year: "2025", Grade: "6", Class: fmt.Sprint(p%3 + 1), Number: fmt.Sprint(p/3 + 1), Name: family[(i+p)%7] + "　" + given[(i*3+p)%6], Kind: "pupil", Count: paper.Possible, Files: int64(p%4 + 1)}
			if p < i%21 {
				who.Count = paper.Confirmed
			}
			if !yield(who) {
				return
			}
		}
	}
}
