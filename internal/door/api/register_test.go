package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/roster"
)

// TestRegisterSheet: the workbook has what the table has, in the same columns, and what begins like a formula stands as it was written: no cell
// of a workbook of ours is one.
func TestRegisterSheet(t *testing.T) {
	lines := []RegisterLine{
		{Share: "albums", Register: Register{Client: "市立第一小学校", Year: 2026, Data: []string{"氏名", "写真"}, Public: true, Contact: "=1+1"}, Rights: []Right{{Account: "sato", Rights: account.CanRead}}},
		{Share: "orders", Register: Register{Schools: []SchoolLine{{School: "第二小学校", Client: "市教育委員会", Public: new(false)}}}},
	}
	var b bytes.Buffer
	if err := WriteRegisterSheet(&b, lang.Japanese, lines, time.Unix(1_800_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	p, err := roster.Look(roster.Source{Name: "register.xlsx", Content: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, nil, 10)
	if err != nil || len(p.Rows) != 4 || len(registerWidths) != len(registerHead) {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, want := range [][]string{
		{"保管庫", "学校", "委託元", "行政機関等", "年度", "個人データの項目", "要配慮個人情報", "本人の区分", "利用目的", "取扱部署", "責任者", "アクセス権を有する者", "保存期間", "委託元の連絡先"},
		{"albums", "", "市立第一小学校", "該当", "2026", "氏名、写真", "", "", "", "", "", "sato (" + lang.Japanese.Text("right.read") + ")", "", "=1+1"},
		{"orders"},
		{"orders", "第二小学校", "市教育委員会", "非該当"},
	} {
		got := p.Rows[i]
		for len(got) > len(want) && got[len(got)-1] == "" {
			got = got[:len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("row %d: %q, want %q", i+1, got, want)
		}
	}
}

// TestRegisterComesBack: what the register is written out as, in either language and as either kind of table, reads as what it was.
func TestRegisterComesBack(t *testing.T) {
	lines := []RegisterLine{
		{Share: "albums", Register: Register{Client: "=市立", Year: 2026, Data: []string{"氏名", "写真"}, Subjects: []string{"児童"}, Sensitive: true, Purpose: "卒業アルバム", Department: "制作", InCharge: "佐藤", Retention: "1年", Contact: "-03", Schools: []SchoolLine{
			{School: "第一小学校", Client: "市立第一小学校", Public: new(true)}, {School: "第二小学校", Contact: "+81 3", Public: new(false)}}}, Rights: []Right{{Account: "sato", Rights: account.CanRead}}},
		{Share: "orders", Register: Register{Public: true}},
	}
	for _, l := range []lang.Lang{lang.Japanese, lang.English} {
		var sheet, table bytes.Buffer
		if err := WriteRegisterSheet(&sheet, l, lines, time.Unix(1_800_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		if err := WriteRegister(&table, l, func(yield func(RegisterLine, error) bool) { _ = yield(lines[0], nil) && yield(lines[1], nil) }); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"register.xlsx": sheet.Bytes(), "register.csv": table.Bytes()} {
			got, err := roster.ReadRegister(roster.Source{Name: name, Content: bytes.NewReader(b), Size: int64(len(b))}, func(string) bool { return true })
			if err != nil || len(got.Issues) > 0 || len(got.Rows) != 4 {
				t.Fatalf("%s, %s: %+v, %v", name, l, got, err)
			}
			back := []RegisterLine{{Share: "albums", Rights: lines[0].Rights}, {Share: "orders", Register: Register{Client: "gone", Data: []string{"gone"}}}}
			at := make(map[string]int)
			for i := range got.Rows {
				to := &back[map[string]int{"albums": 0, "orders": 1}[got.Rows[i].Share]].Register
				if got.Rows[i].School == "" {
					rewrite(to, &got.Rows[i])
				} else {
					rewriteSchool(to, &got.Rows[i], at)
				}
			}
			got2, err := json.Marshal(back)
			want, err2 := json.Marshal(lines)
			if err != nil || err2 != nil || !bytes.Equal(got2, want) {
				t.Errorf("%s, %s:\n%s, want\n%s", name, l, got2, want)
			}
		}
	}
}
