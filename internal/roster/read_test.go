package roster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/japanese"
	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/problem"
)

func from(b []byte) Source {
	return Source{Name: "list", Content: bytes.NewReader(b), Size: int64(len(b))}
}

func hint(err error) string {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Hint
	}
	return fmt.Sprint(err)
}

// say writes what was read, short.
func say(r *Result, err error) string {
	if err != nil {
		return hint(err)
	}
	var out []string
	if r.Roster != nil {
		for _, p := range r.Roster.People {
			out = append(out, fmt.Sprintf("%s/%s/%s/%s/%s %s (%s) %s", p.School, p.Year, p.Grade, p.Class, p.Number, p.Name, p.Kana, p.Kind))
		}
	}
	for _, i := range r.Issues {
		out = append(out, fmt.Sprintf("%d%s %s %s %d", i.Row, i.Column, i.Word, i.Value, i.Other))
	}
	return strings.Join(out, "\n")
}

const plainList = "学校,年度,学年,組,番号,氏名,ふりがな,区分\r\n第一小,2026,3,2,1,髙橋 太郎,たかはし たろう,児童\r\n第一小,2026,3,2,2,山﨑 花子,ﾔﾏｻｷ ﾊﾅｺ,\r\n第一小,2026,,,,校長 先生,,校長\r\n"

const plainRead = "第一小/2026/3/2/1 髙橋 太郎 (たかはし たろう) pupil\n第一小/2026/3/2/2 山﨑 花子 (ﾔﾏｻｷ ﾊﾅｺ) pupil\n第一小/2026/// 校長 先生 () staff"

// TestEncodings: the same list in each encoding is the same roster.
func TestEncodings(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(plainList)
	if err != nil {
		t.Fatal(err)
	}
	wide := func(big bool) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + plainList)) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return b
	}
	for name, b := range map[string][]byte{"utf-8": []byte(plainList), "mark": []byte("\ufeff" + plainList), "shift_jis": []byte(sjis), "utf-16le": wide(false), "utf-16be": wide(true),
		"tabs": []byte(strings.ReplaceAll(plainList, ",", "\t")), "semicolons": []byte(strings.ReplaceAll(plainList, ",", ";")), "old mac": []byte(strings.ReplaceAll(plainList, "\r\n", "\r"))} {
		if got := say(Read(from(b), nil)); got != plainRead {
			t.Errorf("%s:\n%s", name, got)
		}
		p, err := Look(from(b), nil, 2)
		if err != nil || len(p.Rows) != 4 || len(p.People) != 3 || !p.Ready || p.Mapping.Head != 1 {
			t.Errorf("%s: %+v %v", name, p, err)
			continue
		}
		if want, ok := strings.CutPrefix(name, "u"); ok && p.About.Encoding != "u"+want || name == "shift_jis" && p.About.Encoding != name {
			t.Errorf("%s is taken for %s", name, p.About.Encoding)
		}
	}
	euc, err := japanese.EUCJP.NewEncoder().String(strings.ReplaceAll(plainList, "髙", "高"))
	if err != nil {
		t.Fatal(err)
	}
	jis, err := japanese.ISO2022JP.NewEncoder().String("学校,氏名\n第一小,山田\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]string{"euc": euc, "jis": jis, "null": "a\x00b,c\n", "noise": "\xff\xfd\x80\x81\xa0\xff\xff\x80,\x80\x80\n"} {
		if got := say(Read(from([]byte(b)), nil)); got != "hint.roster-encoding" {
			t.Errorf("%s: %s", name, got)
		}
	}
	s := from([]byte(sjis))
	if s.Encoding = "utf-7"; say(Read(s, nil)) != "hint.roster-encoding" {
		t.Error("an encoding that is none")
	}
	if s.Encoding, s.Delimiter = "shift_jis", 'x'; say(Read(s, nil)) != "hint.roster-delimiter" {
		t.Error("a delimiter that is none")
	}
}

// TestGaiji: letters that only a firm's computers have are kept and named, and a broken pair takes no comma with it.
func TestGaiji(t *testing.T) {
	list, err := japanese.ShiftJIS.NewEncoder().String("学校,組,番号,氏名\n一小,1,1,渡X\n一小,1,2,〓田\n一小,1,3,山田\n")
	if err != nil {
		t.Fatal(err)
	}
	b := []byte(strings.Replace(list, "X", "\xf0\x40", 1))
	want := "一小///1/1 渡\ue000 () pupil\n一小///1/2 〓田 () pupil\n一小///1/3 山田 () pupil\n2D gaiji 渡\ue000 0\n3D gaiji 〓田 0"
	if got := say(Read(from(b), nil)); got != want {
		t.Errorf("%s", got)
	}
	if got := say(Read(from([]byte("学校,組,番号,氏名\n一小,1,1,山\ufffd田\n")), nil)); !strings.Contains(got, "2D lost") || !strings.Contains(got, "pupil") {
		t.Errorf("%s", got)
	}
	many := ""
	for i := range 40 {
		many += fmt.Sprintf("一小,1,%d,山田太郎\n", i+10)
	}
	list, _ = japanese.ShiftJIS.NewEncoder().String("学校,組,番号,氏名\n一小,1,X,山田\n" + many)
	if got := say(Read(from([]byte(strings.Replace(list, "X", "3\x81", 1))), nil)); got != "2C bytes 3\ufffd 0" {
		t.Errorf("%s", got)
	}
}

// TestEUDC: each letter of a firm's own has one code, as Windows maps them.
func TestEUDC(t *testing.T) {
	for in, want := range map[string]rune{"\xf0\x40": 0xe000, "\xf0\x7e": 0xe03e, "\xf0\x80": 0xe03f, "\xf0\xfc": 0xe0bb, "\xf1\x40": 0xe0bc, "\xf9\xfc": 0xe757, "\xfb\xfc": '髙', "\xed\x95": '﨑', "\x87\x8a": '㈱', "\x87\x40": '①', "\xb1": 'ｱ', "\x5c": '\\'} {
		r, ok, err := decode(strings.NewReader(in), inSJIS)()
		if r != want || !ok || err != nil {
			t.Errorf("% x: %U, want %U (%v)", in, r, want, err)
		}
	}
}

// TestCSV: what other programs write into cells.
func TestCSV(t *testing.T) {
	const head = "学校,組,番号,氏名\n"
	for _, c := range []struct{ list, want string }{
		{head + "\"一,小\",1,1,\"山田\n太郎 \"\"A\"\"\"\n", "一,小///1/1 山田 太郎 \"A\" () pupil"},
		{head + "\n\n ,,,\n一小,1,1,山田\n", "一小///1/1 山田 () pupil"},
		{head + "一小,1,1,山田", "一小///1/1 山田 () pupil"},
		{head + "一小,1,1,\"\"\n", "2D empty  0"},
		{head + "一小,,1,山田\n,1,2,\n", "2B empty 山田 0\n3A empty  0\n3D empty  0"},
		{head + "一小,1\n", "2D empty  0\n2C no-number  0"},
		{head + "一小,1,1,\"山田\n一小,1,2,林\n", "2D quote 山田\n一小,1,2,林\n 0"},
		{head + "一小,1,1,山田\n一小,1,０１,山田\n", "3C twice ０１ 山田 2"},
		{head + "一小,1,1,山田\n一小,1,2,山田\n", "一小///1/1 山田 () pupil\n一小///1/2 山田 () pupil"},
		{head + "一小,1,,山田 太郎\n一小,1,,山田　太郎\n", "3 twice 山田　太郎 2\n2C no-number 山田 太郎 0\n3C no-number 山田　太郎 0"},
		{head + "一小,1,1," + strings.Repeat("長", 501) + "\n", "2D long " + strings.Repeat("長", 40) + "… 0"},
		{head + "一小,1,1,a" + strings.Repeat(",", 1000) + "\n", "2 wide  0"},
		{"令和8年度 名簿\n\n学校名,クラス,出席番号,姓,名\n一小,1,1,山田,太郎\n", "一小///1/1 山田 太郎 () pupil"},
		{"school,class,number,name\nA,1,1,x\n", "A///1/1 x () pupil"},
		{"学校名,氏名（漢字）,氏名（カナ）\n一小,山田,ヤマダ\n", "一小//// 山田 (ヤマダ) pupil"},
		{"No.,学校,組,出席番号※,氏名\n7,一小,1,3,山田\n", "一小///1/3 山田 () pupil"}, {"No.,学校,組,氏名\n7,一小,1,山田\n", "一小///1/7 山田 () pupil"},
		{"氏名\n山田\n", "hint.roster-mapping"}, {"", "hint.roster-mapping"}, {"a,b\n1,2\n", "hint.roster-mapping"}, {head, "hint.roster-empty"},
	} {
		if got := say(Read(from([]byte(c.list)), nil)); got != c.want {
			t.Errorf("%.60q:\n%s\nwant\n%s", c.list, got, c.want)
		}
	}
	if got := say(Read(from([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old")), nil)); got != "hint.roster-old-excel" {
		t.Errorf("%s", got)
	}
	if got := say(Read(Source{Content: strings.NewReader("a,b\n"), Size: maxFile + 1}, nil)); got != "hint.roster-large" {
		t.Errorf("%s", got)
	}
}

// TestMapping: what headings do not say can be set, and must make sense.
func TestMapping(t *testing.T) {
	list := []byte("x,1,1,山田,3年\n,,2,林,3年\n")
	m := &Mapping{Columns: map[Field]int{School: 0, Class: 1, Number: 2, Name: 3}, Fixed: map[Field]string{Year: "令和8年度"}, Fill: true}
	if got := say(Read(from(list), m)); got != "x/令和8年度//1/1 山田 () pupil\nx/令和8年度//1/2 林 () pupil" {
		t.Errorf("%s", got)
	}
	m.Fill = false
	if got := say(Read(from(list), m)); got != "2A empty 林 0\n2B empty 林 0" {
		t.Errorf("%s", got)
	}
	p, err := Look(from(list), m, 5)
	if err != nil || len(p.Issues) != 2 || len(p.People) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	for name, m := range map[string]*Mapping{
		"no school": {Columns: map[Field]int{Name: 0}}, "no name": {Columns: map[Field]int{School: 0}}, "twice": {Columns: map[Field]int{School: 0, Name: 0}}, "unknown": {Columns: map[Field]int{School: 0, Name: 1, "age": 2}},
		"fixed name": {Columns: map[Field]int{School: 0}, Fixed: map[Field]string{Name: "x"}}, "both": {Columns: map[Field]int{School: 0, Name: 1}, Fixed: map[Field]string{School: "x"}}, "far": {Columns: map[Field]int{School: 0, Name: maxColumns}},
	} {
		if got := say(Read(from(list), m)); got != "hint.roster-mapping" {
			t.Errorf("%s: %s", name, got)
		}
	}
	var back Mapping
	b, err := json.Marshal(m)
	if err := errors.Join(err, json.Unmarshal(b, &back)); err != nil || !reflect.DeepEqual(*m, back) {
		t.Errorf("%s %v", b, err)
	}
}

// TestNothingHalf: whatever is wrong with a list, either all of it is read or nothing.
func TestNothingHalf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.SampledFrom([]string{"", "1", "2", "１", "山田", "\"", "\"a\"", "林\n", ",", "3年1組", "〓", "\ufffd", " "})
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 0, 5), 0, 8).Draw(t, "rows")
		text := "学校,組,番号,氏名\n"
		for _, r := range rows {
			text += strings.Join(r, ",") + "\n"
		}
		r, err := Read(from([]byte(text)), nil)
		if err != nil {
			return
		}
		bad := slices.ContainsFunc(r.Issues, func(i Issue) bool { return !i.Warning })
		if bad != (r.Roster == nil) {
			t.Fatalf("%q: problems %v, roster %v", text, bad, r.Roster)
		}
		if r.Roster == nil {
			return
		}
		keys := make(map[Key]bool)
		for _, p := range r.Roster.People {
			if keys[p.Key()] || p.Name == "" || p.School == "" || p.Name != tidy(p.Name) {
				t.Fatalf("%q: %+v", text, p)
			}
			keys[p.Key()] = true
		}
		b, err := Encode(r.Roster)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(b)
		if err != nil || !reflect.DeepEqual(back.People, r.Roster.People) {
			t.Fatalf("%v\n%+v\n%+v", err, back, r.Roster)
		}
	})
}

// TestMany: issues are counted when there are too many to name, and problems are not crowded out by warnings.
func TestMany(t *testing.T) {
	var b strings.Builder
	b.WriteString("学校,組,番号,氏名\n")
	for i := range 3 * maxIssues {
		fmt.Fprintf(&b, "一小,1,%d,〓\n", i)
	}
	b.WriteString("一小,1,0,山田\n")
	r, err := Read(from([]byte(b.String())), nil)
	if err != nil || r.Roster != nil || len(r.Issues) != maxIssues+1 || r.Issues[0].Word != isTwice || r.More != 2*maxIssues {
		t.Errorf("%+v %v", r, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(plainList))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00"))
	f.Add(workbook(f, sheetXML, stringsXML))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		r, err := Read(from(b), nil)
		if err != nil {
			if _, ok := errors.AsType[*problem.Error](err); !ok {
				t.Errorf("%v is no problem that a person can act on", err)
			}
			return
		}
		if r.Roster != nil {
			if _, err := Encode(r.Roster); err != nil {
				t.Error(err)
			}
		}
		if _, err := Look(from(b), nil, 10); err != nil {
			t.Errorf("read, and not looked at: %v", err)
		}
	})
}

// TestTooMany: a list of more persons than a roster may have is refused before it takes more memory.
func TestTooMany(t *testing.T) {
	c := newCollector(Mapping{Columns: map[Field]int{School: 0, Name: 1}})
	c.people = make([]Person, MaxPeople-1)
	if err := c.add(row{n: 1, cells: []string{"一小", "山田"}}); err != nil {
		t.Error(err)
	}
	if err := c.add(row{n: 2, cells: []string{"一小", "林"}}); hint(err) != "hint.roster-large" {
		t.Error(err)
	}
}
