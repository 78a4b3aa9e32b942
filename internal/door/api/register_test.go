package api

import (
	"bytes"
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
		{Share: "orders"},
	}
	var b bytes.Buffer
	if err := WriteRegisterSheet(&b, lang.Japanese, lines, time.Unix(1_800_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	p, err := roster.Look(roster.Source{Name: "register.xlsx", Content: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, nil, 10)
	if err != nil || len(p.Rows) != 3 || len(registerWidths) != len(registerHead) {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, want := range [][]string{
		{"保管庫", "委託元", "行政機関等", "年度", "個人データの項目", "要配慮個人情報", "本人の区分", "利用目的", "取扱部署", "責任者", "アクセス権を有する者", "保存期間", "委託元の連絡先"},
		{"albums", "市立第一小学校", "該当", "2026", "氏名、写真", "", "", "", "", "", "sato (" + lang.Japanese.Text("right.read") + ")", "", "=1+1"},
		{"orders"},
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
