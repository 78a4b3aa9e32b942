// Package paper opens documents that we write with other people's programs: LibreOffice, and poppler for PDFs.
package paper

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/roster"
)

var made = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

const schools = 70

// text has what names of people and firms are made of.
const text = "第三者が侵入し、「卒業アルバム」の制作に用いる個人データの一部を暗号化しました。（速報の時点で）お預かりした氏名（𠮟・髙橋・山﨑・㈱さくら・①・ﾊﾝｶｸ・葛\U000E0100城）を含みます！"

func letter() *document.Document {
	list := document.Table{Columns: []document.Column{{Title: "番号", Width: 1, Right: true}, {Title: "学校名", Width: 5}, {Title: "可能性", Width: 1.2, Right: true}, {Title: "備考", Width: 4}}}
	for i := range schools {
		list.Rows = append(list.Rows, []document.Cell{{Text: fmt.Sprint(i + 1)}, {Text: fmt.Sprintf("第%d小学校", i+1), Small: "教育委員会"}, {Text: "1,204"}, {Text: document.Blank("未把握 — 判明次第追完")}})
	}
	list.Rows[0][1].Text += "（長い正式名称がある学校、その通称「第一」）"
	form := document.Form{{Label: "概要欄", Note: "発生日、発覚日等", Value: []document.Paragraph{{Text: "発覚日：" + document.Blank("未把握")}, {Text: text}}}, {Label: "経過欄"}}
	for range 40 {
		form[1].Value = append(form[1].Value, document.Paragraph{Text: text})
	}
	return &document.Document{Lang: "ja", Title: "お知らせの表題", Footer: "事案 2026-1", Draft: "下書き", Letter: true, Missing: "文字が足りません", Blocks: []document.Block{
		document.Paragraph{Text: "2026年11月30日", Align: document.Right}, document.Paragraph{Text: strings.Repeat(text, 3)}, document.Heading{Text: "１．見出し"},
		document.List{"一つ目の点", text}, document.Heading{Text: "小見出し", Level: 2}, form, document.Pairs{{"報告者", "印刷会社"}},
		document.Signature{"作成者", "承認者"}, document.PageBreak{}, document.Heading{Text: "別紙"}, list,
	}}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// office has LibreOffice write a file as something else.
func office(t *testing.T, to, name string) string {
	t.Helper()
	out := t.TempDir()
	run(t, "soffice", "-env:UserInstallation=file://"+t.TempDir(), "--headless", "--norestore", "--convert-to", to, "--outdir", out, name)
	ext, _, _ := strings.Cut(to, ":")
	return filepath.Join(out, strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))+"."+ext)
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var apart = regexp.MustCompile(`[\p{Han}\p{Hiragana}] [\p{Han}\p{Hiragana}]`)

// TestPDF: our PDF, as others read it.
func TestPDF(t *testing.T) {
	t.Parallel()
	b, err := letter().PDF("", made)
	if err != nil {
		t.Fatal(err)
	}
	name := write(t, "a.pdf", b)
	run(t, "qpdf", "--check", name)
	check(t, name)
	all := run(t, "pdftotext", "-layout", name, "-")
	for l := range strings.SplitSeq(run(t, "pdftotext", name, "-"), "\n") {
		if apart.MatchString(l) && !strings.Contains(l, "学校名") && !strings.Contains(l, "備考") { // the head of the list is several cells
			t.Errorf("spaces that nobody wrote: %s", l)
		}
	}
	for _, no := range []string{"〓", "文字が足りません"} {
		if strings.Contains(all, no) {
			t.Errorf("%s in the PDF", no)
		}
	}
}

// TestDOCX: our file for Word, as LibreOffice sets it.
func TestDOCX(t *testing.T) {
	t.Parallel()
	var w bytes.Buffer
	if err := letter().DOCX(&w, made); err != nil {
		t.Fatal(err)
	}
	check(t, office(t, "pdf:writer_pdf_Export", write(t, "a.docx", w.Bytes())))
}

// check looks at a PDF: everything is there in its order, on as many pages as it takes, inside the margins, and in fonts that have it.
func check(t *testing.T, name string) {
	t.Helper()
	pages := strings.Split(strings.TrimSuffix(run(t, "pdftotext", name, "-"), "\f"), "\f")
	if n := len(pages); n < 6 || n > 9 {
		t.Errorf("%d pages", n)
	}
	plain := strings.NewReplacer("\n", "", " ", "", "\u3000", "").Replace
	all, from := plain(strings.Join(pages, "")), 0
	for _, want := range []string{"お知らせの表題", "2026年11月30日", "第三者が侵入し", "１．見出し", "一つ目の点", "小見出し", "概要欄", "【未把握】", "報告者", "作成者", "別紙", "第1小学校", "第2小学校", "第70小学校"} {
		i := strings.Index(all[from:], want)
		if i < 0 {
			t.Errorf("%s is missing, or not in its place", want)
			continue
		}
		from += i
	}
	for _, want := range []string{"𠮟・髙橋・山﨑・㈱さくら・①・ﾊﾝｶｸ・葛城"} {
		if got := strings.Count(strings.Join(strings.Split(all, "下書き"), ""), want); got < 40 {
			t.Errorf("%s stands %d times", want, got)
		}
	}
	listed := 0
	for i, p := range pages {
		p = plain(p)
		if !strings.Contains(p, "下書き") || !strings.Contains(p, "事案2026-1") || !strings.Contains(p, fmt.Sprintf("%d/%d", i+1, len(pages))) {
			t.Errorf("page %d lacks what stands on each:\n%s", i+1, p)
		}
		if strings.Contains(p, "小学校") {
			if listed++; strings.Count(p, "学校名") != 1 {
				t.Errorf("page %d of the list has no head", i+1)
			}
			if strings.Count(p, "小学校") != strings.Count(p, "教育委員会") {
				t.Errorf("page %d divides a row", i+1)
			}
		}
	}
	if listed < 2 {
		t.Errorf("the list is on %d pages", listed)
	}
	inside(t, name)
	for l := range strings.SplitSeq(run(t, "pdftotext", "-layout", name, "-"), "\n") {
		l = strings.TrimLeft(l, " \f\u3000")
		if r, _ := utf8.DecodeRuneInString(l); l != "" && strings.ContainsRune("、。，．」）！ー】", r) {
			t.Errorf("a line begins with what must not begin one: %s", l)
		}
	}
	fonts := strings.Split(strings.TrimSpace(run(t, "pdffonts", name)), "\n")[2:]
	if len(fonts) == 0 || slices.ContainsFunc(fonts, func(l string) bool { return !strings.Contains(l, " yes ") || strings.Contains(l, "DejaVu") }) {
		t.Errorf("fonts: %q", fonts)
	}
}

// inside holds every word to the margins, and the words of a page apart from each other.
func inside(t *testing.T, name string) {
	t.Helper()
	type word struct {
		Left   float64 `xml:"xMin,attr"`
		Right  float64 `xml:"xMax,attr"`
		Top    float64 `xml:"yMin,attr"`
		Bottom float64 `xml:"yMax,attr"`
		Text   string  `xml:",chardata"`
	}
	var doc struct {
		Pages []struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Words  []word  `xml:"word"`
		} `xml:"body>doc>page"`
	}
	text := regexp.MustCompile(`<!DOCTYPE[^>]*>|&nbsp;`).ReplaceAllString(run(t, "pdftotext", "-bbox", name, "-"), "")
	if err := xml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Pages) == 0 {
		t.Fatalf("%d pages: %v", len(doc.Pages), err)
	}
	for i, p := range doc.Pages {
		for j, w := range p.Words {
			if w.Left < 66 || w.Right > p.Width-66+10.5 || w.Top < 15 || w.Bottom > p.Height-20 { // punctuation may hang out
				t.Errorf("page %d: %q at %.0f to %.0f", i+1, w.Text, w.Left, w.Right)
			}
			for _, v := range p.Words[:j] {
				if across, down := min(v.Right, w.Right)-max(v.Left, w.Left), min(v.Bottom, w.Bottom)-max(v.Top, w.Top); across > 1.5 && down > 5 {
					t.Errorf("page %d: %q is drawn over %q", i+1, w.Text, v.Text)
				}
			}
		}
	}
}

// TestXLSX: texts stay what they are in a program that calculates.
func TestXLSX(t *testing.T) {
	t.Parallel()
	want := [][]string{{"氏名", "人数"}, {"=1+1", "1204"}, {"+81-3", "0"}, {"007", "-5"}, {"𠮟 髙﨑㈱① ﾊﾝｶｸ", "未定"}, {"@SUM(A1)", "2026/4/1"}, {"' quoted", "1e5"}}
	var rows [][]document.Cell
	for _, r := range want[1:] {
		rows = append(rows, []document.Cell{{Text: r[0]}, {Text: strings.Replace(r[1], "1204", "1,204", 1)}})
	}
	var w bytes.Buffer
	sheet := document.Sheet{Lang: "ja", Title: "名簿", Columns: []document.Column{{Title: "氏名", Width: 3}, {Title: "人数", Width: 1, Right: true}}, Rows: slices.Values(rows)}
	if err := sheet.XLSX(&w, made); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(office(t, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false", write(t, "a.xlsx", w.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
}

// TestRoster: a list that LibreOffice has saved again is the roster that it was.
func TestRoster(t *testing.T) {
	t.Parallel()
	const people = 50
	rows := func(yield func([]document.Cell) bool) {
		for i := range people {
			if !yield([]document.Cell{{Text: "さくら第一小"}, {Text: "令和8年度"}, {Text: fmt.Sprintf("3年%d組", i/25+1)}, {Text: fmt.Sprint(i%25 + 1)}, {Text: fmt.Sprintf("𠮟 髙橋%d", i)}, {Text: "ﾀｶﾊｼ"}}) {
				return
			}
		}
	}
	sheet := document.Sheet{Lang: "ja", Title: "名簿", Rows: rows, Columns: []document.Column{{Title: "学校"}, {Title: "年度"}, {Title: "組"}, {Title: "番号", Right: true}, {Title: "氏名"}, {Title: "ふりがな"}}}
	var w bytes.Buffer
	if err := sheet.XLSX(&w, made); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(office(t, "xlsx:Calc MS Excel 2007 XML", write(t, "list.xlsx", w.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) []roster.Person {
		r, err := roster.Read(roster.Source{Name: "list", Content: bytes.NewReader(b), Size: int64(len(b))}, nil)
		if err != nil || r.Roster == nil {
			t.Fatalf("%v %+v", err, r)
		}
		return r.Roster.People
	}
	if got, want := read(saved), read(w.Bytes()); len(want) != people || !slices.Equal(got, want) {
		t.Errorf("%+v\nbecame\n%+v", want, got)
	}
}
