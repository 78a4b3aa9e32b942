package roster

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/document"
)

const (
	workbookXML = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="目次" sheetId="1" state="hidden" r:id="rId9"/><sheet name="名簿" sheetId="2" r:id="rId1"/></sheets></workbook>`
	relsXML     = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="x" Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Type="x" Target="/xl/worksheets/sheet1.xml"/></Relationships>`
	stringsXML  = `<sst xmlns="x"><si><t>学校</t></si><si><t>組</t></si><si><t>番号</t></si><si><r><t>氏</t></r><r><t xml:space="preserve">名</t></r><rPh sb="0" eb="1"><t>シメイ</t></rPh></si><si><t>第一小</t></si><si><t>山田 &amp; 林_x000D_</t></si></sst>`
	// A title over all columns, a blank row, headings, and a school and class that go over three rows.
	sheetXML = `<worksheet xmlns="x"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>令和8年度　名簿</t></is></c></row><row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" t="s"><v>2</v></c><c r="D3" t="s"><v>3</v></c></row>` +
		`<row r="4"><c r="A4" t="s"><v>4</v></c><c r="B4"><v>1.0</v></c><c r="C4"><v>1</v></c><c r="D4" t="s"><v>5</v></c></row>` +
		`<row r="5"><c r="C5"><v>2.0E0</v></c><c r="D5" t="str"><f>A1</f><v>佐藤</v></c></row><row r="6"><c r="C6"><v>3</v></c><c r="D6" t="inlineStr"><is><t>鈴木</t><rPh sb="0" eb="1"><t>スズキ</t></rPh></is></c></row>` +
		`<row r="7"><c r="A7" s="3"/><c r="B7" s="3"/></row></sheetData><mergeCells count="3"><mergeCell ref="A1:D1"/><mergeCell ref="A4:A7"/><mergeCell ref="B4:B7"/></mergeCells></worksheet>`
)

// workbook packs one.
func workbook(t testing.TB, sheet, shared string) []byte {
	t.Helper()
	var w bytes.Buffer
	z := zip.NewWriter(&w)
	for name, text := range map[string]string{"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relsXML, "xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet} {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

// TestBook: a workbook as schools make them.
func TestBook(t *testing.T) {
	b := workbook(t, sheetXML, stringsXML)
	want := "第一小///1/1 山田 & 林 () pupil\n第一小///1/2 佐藤 () pupil\n第一小///1/3 鈴木 () pupil"
	if got := say(Read(from(b), nil)); got != want {
		t.Errorf("%s", got)
	}
	p, err := Look(from(b), nil, 5)
	if err != nil || p.Mapping.Head != 3 || p.About.Sheet != "名簿" || len(p.About.Sheets) != 2 || len(p.Rows) < 6 || len(p.Rows[1]) != 0 || p.Rows[2][3] != "氏名" || len(p.People) != 3 {
		t.Errorf("%+v %v", p, err)
	}
	s := from(b)
	if s.Sheet = "目次"; say(Read(s, nil)) != want {
		t.Error("a hidden sheet that is asked for")
	}
	if s.Sheet = "なし"; say(Read(s, nil)) != "hint.roster-sheet" {
		t.Error("a sheet that is not there")
	}
	failed := strings.Replace(sheetXML, `<c r="C5"><v>2.0E0</v></c>`, `<c r="C5" t="e"><v>#N/A</v></c>`, 1)
	if got := say(Read(from(workbook(t, failed, stringsXML)), nil)); got != "5C error #N/A 0" {
		t.Errorf("%s", got)
	}
	for name, sheet := range map[string]string{"no text": strings.Replace(sheetXML, "<v>4</v>", "<v>400</v>", 1), "rows": strings.Replace(sheetXML, `<row r="4">`, `<row r="2">`, 1), "cells": strings.Replace(sheetXML, `r="B4"`, `r="A4"`, 1),
		"open": sheetXML[:len(sheetXML)/2], "none": "", "entity": strings.Replace(sheetXML, "佐藤", "&x;", 1), "piece": strings.Replace(sheetXML, "佐藤", strings.Repeat("x", 2*maxToken), 1)} {
		r, err := Read(from(workbook(t, sheet, stringsXML)), nil)
		if got := hint(err); r != nil || got != "hint.roster-kind" && got != "hint.roster-mapping" {
			t.Errorf("%s: %s", name, say(r, err))
		}
	}
	for n := 5; n < len(b); n += 97 {
		if _, err := Read(from(b[:n]), nil); hint(err) == "" {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	wide := strings.Replace(sheetXML, `r="D6"`, `r="AMZ6"`, 1)
	if got := say(Read(from(workbook(t, wide, stringsXML)), nil)); got != "6 wide  0" {
		t.Errorf("%s", got)
	}
}

// TestBomb: a small file that unpacks to a large one is refused, and takes no memory.
func TestBomb(t *testing.T) {
	defer func(was int64) { maxTexts = was }(maxTexts)
	maxTexts = 1 << 20
	var w bytes.Buffer
	z := zip.NewWriter(&w)
	for name, in := range map[string]io.Reader{"xl/workbook.xml": strings.NewReader(workbookXML), "xl/_rels/workbook.xml.rels": strings.NewReader(relsXML), "xl/worksheets/sheet1.xml": strings.NewReader(sheetXML),
		"xl/sharedStrings.xml": io.MultiReader(strings.NewReader("<sst>"), strings.NewReader(strings.Repeat("<si><t>x</t></si>", 1<<17)))} {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, in); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got := say(Read(from(w.Bytes()), nil)); got != "hint.roster-large" {
		t.Errorf("%d bytes: %s", w.Len(), got)
	}
}

// large is a list of so many persons, as XLSX and CSV.
func large(t testing.TB, people int) map[string][]byte {
	t.Helper()
	rows := func(yield func([]document.Cell) bool) {
		for i := range people {
			if !yield([]document.Cell{{Text: fmt.Sprintf("第%d小学校", i/1000)}, {Text: "2026"}, {Text: fmt.Sprintf("%d年%d組", i/200%5+1, i/40%5+1)}, {Text: fmt.Sprint(i%40 + 1)}, {Text: fmt.Sprintf("山田 太郎%d", i)}, {Text: "やまだ たろう"}}) {
				return
			}
		}
	}
	columns := []document.Column{{Title: "学校"}, {Title: "年度"}, {Title: "クラス"}, {Title: "番号", Right: true}, {Title: "氏名"}, {Title: "ふりがな"}}
	var w bytes.Buffer
	if err := (document.Sheet{Lang: "ja", Title: "名簿", Columns: columns, Rows: rows}).XLSX(&w, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	var csv strings.Builder
	csv.WriteString("学校,年度,クラス,番号,氏名,ふりがな\n")
	for c := range rows {
		for i, x := range c {
			if i > 0 {
				csv.WriteByte(',')
			}
			csv.WriteString(x.Text)
		}
		csv.WriteByte('\n')
	}
	return map[string][]byte{"xlsx": w.Bytes(), "csv": []byte(csv.String())}
}

// TestLarge: a long list is kept in not much more memory than its persons need.
func TestLarge(t *testing.T) {
	const people = 8_000
	for name, b := range large(t, people) {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Read(from(b), nil)
		if err != nil || r.Roster == nil || len(r.Roster.People) != people {
			t.Fatalf("%s: %.300s", name, say(r, err))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 600*people {
			t.Errorf("%s: %d bytes kept for each person", name, kept/people)
		}
		runtime.KeepAlive(r)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, list := range large(b, 100_000) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, err := Read(from(list), nil); err != nil || r.Roster == nil {
					b.Fatal(err)
				}
			}
		})
	}
}
