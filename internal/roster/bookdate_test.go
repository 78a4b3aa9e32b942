package roster

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// styled packs a workbook with formats: 0 is none, 1 a date as every program knows it, 2 one of its own, 3 a number with decimals.
func styled(t *testing.T, sheet, workbook string) []byte {
	t.Helper()
	var w bytes.Buffer
	z := zip.NewWriter(&w)
	for name, text := range map[string]string{"xl/workbook.xml": workbook, "xl/_rels/workbook.xml.rels": relsXML, "xl/worksheets/sheet1.xml": sheet,
		"xl/styles.xml": `<styleSheet><numFmts count="1"><numFmt numFmtId="176" formatCode="m&quot;月&quot;d&quot;日&quot;;@"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="56"/><xf numFmtId="176"/><xf numFmtId="2"/></cellXfs><cellStyles><xf numFmtId="14"/></cellStyles></styleSheet>`} {
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

const datesXML = `<worksheet><sheetData><row r="1"><c t="str"><v>学校</v></c><c t="str"><v>組</v></c><c t="str"><v>番号</v></c><c t="str"><v>氏名</v></c><c t="str"><v>撮影日</v></c></row>` +
	`<row r="2"><c t="str"><v>第一小</v></c><c><v>3</v></c><c s="3"><v>1</v></c><c t="str"><v>山田</v></c><c s="1"><v>46024.75</v></c></row></sheetData></worksheet>`

// TestDates: what Excel has made of 3-1 is refused by row and column, and is never a number nobody has typed; a date in another column is one.
func TestDates(t *testing.T) {
	if got := say(Read(from(styled(t, datesXML, workbookXML)), nil)); got != "第一小///3/1 山田 () pupil" {
		t.Errorf("a date in a column of which nobody asks: %s", got)
	}
	p, err := Look(from(styled(t, datesXML, workbookXML)), nil, 5)
	if err != nil || len(p.Rows) != 2 || p.Rows[1][4] != "2026-01-02 18:00:00" {
		t.Errorf("%+v %v", p, err)
	}
	macs := strings.Replace(workbookXML, "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)
	for _, c := range []struct{ was, is, book, want string }{
		{`<c><v>3</v></c>`, `<c s="1"><v>46024</v></c>`, workbookXML, "2B date 2026-01-02 0"},
		{`<c><v>3</v></c>`, `<c s="2"><v>46082</v></c>`, workbookXML, "2B date 2026-03-01 0"},
		{`<c><v>3</v></c>`, `<c s="2"><v>44620</v></c>`, macs, "2B date 2026-03-01 0"},
		{`<c><v>3</v></c>`, `<c t="d"><v>2026-03-01</v></c>`, workbookXML, "2B date 2026-03-01 0"},
		{`<c><v>3</v></c>`, `<c t="str"><v>3月1日</v></c>`, workbookXML, "2B date 3月1日 0"},
		{`<c s="3"><v>1</v></c>`, `<c s="2"><v>1</v></c>`, workbookXML, "2C date 1900-01-01 0"},
		{`<c t="str"><v>山田</v></c>`, `<c s="1"><v>46024</v></c>`, workbookXML, "2D date 2026-01-02 0"},
	} {
		b := styled(t, strings.Replace(datesXML, c.was, c.is, 1), c.book)
		if got := say(Read(from(b), nil)); got != c.want {
			t.Errorf("%s: %s, want %s", c.is, got, c.want)
		}
		if p, err := Look(from(b), nil, 5); err != nil || len(p.Issues) != 1 || p.Issues[0].Word != isDate {
			t.Errorf("%s: the preview says %+v %v", c.is, p, err)
		}
	}
	if got := say(Read(from([]byte("学校,組,番号,氏名\n第一小,Mar-01,1,山田\n第一小,3-1,2026/1/2,佐藤\n第一小,3月1日組,3,三月 一日\n")), nil)); got != "2B date Mar-01 0\n3C date 2026/1/2 0" {
		t.Errorf("saved as text afterwards: %s", got)
	}
}

// TestDatePattern: which formats show dates.
func TestDatePattern(t *testing.T) {
	for code, want := range map[string]bool{"General": false, `G/標準`: false, "0.00": false, "0.00E+00": false, "@": false, `#,##0;[Red]-#,##0`: false, `0"人 day"`: false, `[$¥-411]#,##0`: false, `\d0`: false, `[DBNum1]0`: false,
		"yyyy/m/d": true, `m"月"d"日";@`: true, `[$-411]ge\.m\.d;@`: true, `ggge"年"`: true, "d-mmm": true, "[h]:mm": true, "[ss]": true, "h:mm AM/PM": true} {
		if got := datePattern(code); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}
