package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/image/font/gofont/goregular"
)

func docx(t testing.TB, d *Document) []byte {
	t.Helper()
	var w bytes.Buffer
	if err := d.DOCX(&w, made); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func xlsx(t testing.TB, s Sheet) []byte {
	t.Helper()
	var w bytes.Buffer
	if err := s.XLSX(&w, made); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

// parts opens a DOCX or XLSX, each part of which is XML, and returns them.
func parts(t testing.TB, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || !utf8.Valid(text) {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out[f.Name] = string(text)
		for d := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", f.Name, err, text)
			}
		}
	}
	for name, text := range out { // every part that another names is there
		if !strings.HasSuffix(name, ".rels") {
			continue
		}
		dir := strings.Split(strings.TrimSuffix(name, ".rels"), "_rels/")[0]
		for _, target := range strings.Split(text, `Target="`)[1:] {
			if target, _, _ = strings.Cut(target, `"`); out[dir+target] == "" {
				t.Errorf("%s names %s", name, target)
			}
		}
	}
	for _, name := range strings.Split(out["[Content_Types].xml"], `PartName="/`)[1:] {
		if name, _, _ = strings.Cut(name, `"`); out[name] == "" {
			t.Errorf("no part %s", name)
		}
	}
	return out
}

// TestDOCX: a document for Word has what its readers rely on: styles that are headings, a head that comes again, rows in one piece.
func TestDOCX(t *testing.T) {
	d := sample(3, "校倉 <b> & \"x\"\n二行目")
	d.Lang, d.Draft = "ja", "下書き"
	p := parts(t, docx(t, d))
	for part, list := range map[string][]string{
		"word/document.xml": {`<w:pStyle w:val="Heading1"/>`, `<w:pStyle w:val="Heading2"/>`, `<w:pStyle w:val="ListBullet"/>`, `<w:tblHeader/>`, `w:w="16838" w:h="11906" w:orient="landscape"`,
			`<w:br w:type="page"/>`, "校倉 &lt;b&gt; &amp;", `<w:br/><w:t xml:space="preserve">二行目`, `<w:rStyle w:val="Blank"/></w:rPr><w:t xml:space="preserve">[to fill in]`, `<w:jc w:val="right"/>`},
		"word/styles.xml":   {`w:eastAsia="游ゴシック"`, `w:eastAsia="ja-JP"`, `<w:lang w:val="ja-JP"`, `<w:outlineLvl w:val="0"/>`, `<w:kinsoku/>`},
		"word/header1.xml":  {"下書き"},
		"word/footer1.xml":  {"PAGE", "NUMPAGES"},
		"word/settings.xml": {"doNotExpandShiftReturn", "strictFirstAndLastChars"},
	} {
		for _, want := range list {
			if !strings.Contains(p[part], want) {
				t.Errorf("no %s in %s:\n%s", want, part, p[part])
			}
		}
	}
	if rows, whole := strings.Count(p["word/document.xml"], "<w:tr>"), strings.Count(p["word/document.xml"], "<w:cantSplit/>"); rows != 9 || whole != rows {
		t.Errorf("%d of %d rows stay in one piece", whole, rows)
	}
	if strings.ContainsRune(p["word/document.xml"], opens) {
		t.Error("marks of our own in the file")
	}
	d.Letter = true
	d.Blocks = append(d.Blocks, Form{{Label: "long", Value: []Paragraph{{Text: strings.Repeat("長い経過。", 400)}}}})
	p = parts(t, docx(t, d))
	if !strings.Contains(p["word/styles.xml"], `w:eastAsia="游明朝"`) {
		t.Error("a letter is not set in Mincho")
	}
	if rows, whole := strings.Count(p["word/document.xml"], "<w:tr>"), strings.Count(p["word/document.xml"], "<w:cantSplit/>"); whole != rows-1 {
		t.Errorf("%d of %d rows stay in one piece, want all but the long one", whole, rows)
	}
}

// TestEqual: equal documents have equal bytes, in each format, and another time is another document.
func TestEqual(t *testing.T) {
	sheet := Sheet{Title: "list", Columns: []Column{{Title: "a"}, {Title: "b"}}, Rows: slices.Values([][]Cell{{{Text: "1"}, {Text: "x"}}})}
	for name, write := range map[string]func(at time.Time) []byte{
		"html": func(time.Time) []byte { b, _ := sample(40, "text").HTML(); return b },
		"pdf":  func(at time.Time) []byte { b, _ := sample(40, "text").write(goregular.TTF, at); return b },
		"docx": func(at time.Time) []byte { var w bytes.Buffer; _ = sample(40, "text").DOCX(&w, at); return w.Bytes() },
		"xlsx": func(at time.Time) []byte { var w bytes.Buffer; _ = sheet.XLSX(&w, at); return w.Bytes() },
	} {
		a, b := write(made), write(made)
		if len(a) < 500 || !bytes.Equal(a, b) {
			t.Errorf("%s: %d and %d bytes, which differ", name, len(a), len(b))
		}
		if c := write(made.Add(time.Hour)); name != "html" && bytes.Equal(a, c) {
			t.Errorf("%s: the time is not in it", name)
		}
	}
}

// TestXLSX: texts stay texts, numbers are numbers only where nothing is lost.
func TestXLSX(t *testing.T) {
	texts := []string{"=1+1", "+81-3-1234", "-1", "@SUM(A1)", "007", "1,204", "12,04", "0", "-0", "1e5", "2026/4/1", "９", "1234567890123456", "\t=x", "", "-5,000", ",123", "1,"}
	var rows [][]Cell
	for _, s := range texts {
		rows = append(rows, []Cell{{Text: s}, {Text: s}, {Text: s, Small: "below"}})
	}
	rows = append(rows, []Cell{{Text: Blank("未把握")}}, nil)
	columns := []Column{{Title: "氏名", Width: 3}, {Title: "人数", Width: 1, Right: true}, {Title: "備考 & <more>"}}
	sheet := parts(t, xlsx(t, Sheet{Lang: "ja", Title: "第一小/名簿", Columns: columns, Rows: slices.Values(rows)}))["xl/worksheets/sheet1.xml"]
	for _, no := range []string{"<f>", "t=\"str\"", "hyperlink"} {
		if strings.Contains(sheet, no) {
			t.Errorf("%s in\n%s", no, sheet)
		}
	}
	if got := strings.Count(sheet, "<v>"); got != 4 { // -1, 1,204, 0 and -5,000, in the one column of numbers
		t.Errorf("%d numbers:\n%s", got, sheet)
	}
	for _, want := range []string{`<c r="A2" s="1" t="inlineStr"><is><t xml:space="preserve">=1+1</t>`, `<c r="B7" s="2"><v>1204</v>`, `<c r="B17" s="2"><v>-5000</v>`, `s="4" t="inlineStr"><is><t xml:space="preserve">【未把握】`,
		`state="frozen"`, `<autoFilter ref="A1:C21"/>`, "備考 &amp; &lt;more&gt;", "=1+1&#xA;below", `<row r="2" ht="36" customHeight="1">`, `<row r="20"><c`, `<c r="B1" s="5"`} {
		if !strings.Contains(sheet, want) {
			t.Errorf("no %s in\n%s", want, sheet)
		}
	}
	var w bytes.Buffer
	if err := (Sheet{}).XLSX(&w, made); !errors.Is(err, ErrSheet) {
		t.Errorf("a sheet without columns: %v", err)
	}
	defer func(was int) { maxRows = was }(maxRows)
	maxRows = 100
	many := func(yield func([]Cell) bool) {
		for yield(nil) {
		}
	}
	if err := (Sheet{Columns: columns, Rows: many}).XLSX(io.Discard, made); !errors.Is(err, ErrSheet) {
		t.Errorf("a sheet without end: %v", err)
	}
}

// TestPress: what a press has written before shows in nothing that it writes now, whoever asks for it.
func TestPress(t *testing.T) {
	p, err := newPress(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	plain := &Document{Title: "abc", Missing: "missing"}
	first, err := p.PDF(plain, made)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			d := plain
			if i%2 == 1 {
				d = sample(5, "校倉 xyz") // which the font has not
			}
			if b, err := p.PDF(d, made); err != nil || i%2 == 0 && !bytes.Equal(b, first) {
				t.Errorf("%d: another PDF, %v", i, err)
			}
		})
	}
	all.Wait()
}

func TestSheetWords(t *testing.T) {
	for title, want := range map[string]string{"": "Sheet1", "History": "Sheet1", "a/b:c*d": "a b c d", "'x'": "x", strings.Repeat("名", 40): strings.Repeat("名", 31), "𠮟る": "る", "ok": "ok"} {
		if got := sheetName(title); got != want {
			t.Errorf("sheet %q: %q, want %q", title, got, want)
		}
	}
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA", maxColumns - 1: "XFD"} {
		if got := letters(i); got != want {
			t.Errorf("column %d: %s, want %s", i, got, want)
		}
	}
	for _, n := range []int{maxLetters - 1, maxLetters, maxLetters + 1, 2 * maxLetters} {
		for _, r := range []string{"a", "名", "𠮟"} {
			s := strings.Repeat(r, n)
			units, got := 0, cut(s)
			for _, r := range got {
				if units++; r > 0xffff {
					units++
				}
			}
			if units > maxLetters || units < min(n, maxLetters-1) || (got != s) != strings.HasSuffix(got, "…") {
				t.Errorf("%d of %s became %d units", n, r, units)
			}
		}
	}
}

// TestBlank: a place to fill in is one on each line that it goes over, in brackets of its language.
func TestBlank(t *testing.T) {
	for text, want := range map[string]string{
		"a" + Blank("b") + "c": "[{a false} {[b] true} {c false}]", Blank("未"): "[{【未】 true}]", Blank(""): "[{【\u3000\u3000\u3000\u3000】 true}]",
		string(closes) + "a" + string(opens): "[{a false}]", Blank("x" + string(closes) + "y"): "[{[xy] true}]", "": "[]",
	} {
		if got := fmt.Sprint(runs(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	measure := func(s string) float64 { return float64(utf8.RuneCountInString(bare(s))) }
	var got []string
	for _, l := range wrap("発覚日："+Blank("未把握、判明次第追完")+"です", 8, measure) {
		got = append(got, fmt.Sprint(runs(l.text)))
	}
	if want := "[[{発覚日： false} {【未把 true}] [{握、判明次第追 true}] [{完】 true} {です false}]]"; fmt.Sprint(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestCopyable: a letter beyond U+FFFF is one for those who copy it, and the file's own list of its parts is right again.
func TestCopyable(t *testing.T) {
	head := "%PDF-1.7\n1 0 obj\n<<\n/Length 62\n>>\nstream\n/CIDInit \n<0001><0001><5409>\n<0002><0002><20B9F>\nend\nendstream\nendobj\n"
	head = strings.Replace(head, "/Length 62", fmt.Sprintf("/Length %d", strings.Index(head, "endstream")-strings.Index(head, "/CIDInit")), 1)
	second := len(head)
	in := head + "2 0 obj\nendobj\n"
	in += fmt.Sprintf("\nxref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \ntrailer\nstartxref\n%d\n%%%%EOF\n", 9, second, len(in)+1)
	out, err := finish([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	got := string(out)
	if !strings.Contains(got, "<0002><0002><D842DF9F>\n") || !strings.Contains(got, fmt.Sprintf("/Length %d\n", strings.Index(got, "endstream")-strings.Index(got, "/CIDInit"))) ||
		!strings.Contains(got, fmt.Sprintf("%010d 00000 n", strings.Index(got, "2 0 obj"))) || !strings.Contains(got, fmt.Sprintf("startxref\n%d\n", strings.Index(got, "xref\n0 3"))) {
		t.Errorf("%s", got)
	}
	if out, err := finish([]byte("none")); err != nil || string(out) != "none" {
		t.Errorf("%q %v", out, err)
	}
}

// TestLongRows: what is higher than a page is divided, and nothing of it is lost; the head alone never makes a document without end.
func TestLongRows(t *testing.T) {
	long := strings.Repeat("line\n", 300)
	head := Table{Columns: []Column{{Title: long}}, Rows: [][]Cell{{{Text: "x"}}, {}}}
	for name, c := range map[string]struct {
		block       Block
		least, most int
	}{
		"table": {Table{Columns: []Column{{Title: "a"}, {Title: "b"}}, Rows: [][]Cell{{{Text: "x"}, {Text: long}}}}, 4, 7}, "form": {Form{{Label: "x", Value: []Paragraph{{Text: long}}}}, 4, 7}, "head": {head, 1, 4},
	} {
		b, err := (&Document{Blocks: []Block{c.block}}).write(goregular.TTF, made)
		if n := pages(b); err != nil || n < c.least || n > c.most {
			t.Errorf("%s: %d pages, %v", name, n, err)
		}
	}
}

// TestEveryBlock: each kind of block there is says all its words in each format.
func TestEveryBlock(t *testing.T) {
	blocks := map[string]Block{
		"Subject": Subject("word-1"), "Heading": Heading{Text: "word-1"}, "Paragraph": Paragraph{Text: "word-1"}, "List": List{"word-1", "word-2"}, "Pairs": Pairs{{"word-1", "word-2"}}, "PageBreak": PageBreak{},
		"Form":  Form{{Label: "word-1", Note: "word-2", Value: []Paragraph{{Text: "word-3"}, {Text: Blank("word-4")}}}},
		"Table": Table{Columns: []Column{{Title: "word-1"}}, Rows: [][]Cell{{{Text: "word-2", Small: "word-3"}}}}, "Signature": Signature{"word-1", "word-2"},
	}
	source, err := os.ReadFile("document.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^func \((\w+)\) +block\(\) +\{\}$`).FindAllSubmatch(source, -1)
	if len(kinds) != len(blocks) {
		t.Errorf("%d kinds of blocks, %d tried", len(kinds), len(blocks))
	}
	none, err := (&Document{}).write(goregular.TTF, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		name := string(k[1])
		d := &Document{Blocks: []Block{Paragraph{Text: "before"}, blocks[name], Paragraph{Text: "after"}}}
		page, err := d.HTML()
		if err != nil {
			t.Fatal(err)
		}
		word := parts(t, docx(t, d))["word/document.xml"]
		for i := range 4 {
			w := fmt.Sprintf("word-%d", i+1)
			if !strings.Contains(fmt.Sprintf("%v", blocks[name]), w) {
				continue
			}
			if !strings.Contains(string(page), w) {
				t.Errorf("%s: no %s on the page", name, w)
			}
			if !strings.Contains(word, w) {
				t.Errorf("%s: no %s in the DOCX", name, w)
			}
		}
		paper, err := d.write(goregular.TTF, made)
		if err != nil || len(paper) < len(none)+100 {
			t.Errorf("%s: nothing in the PDF (%v)", name, err)
		}
	}
}
