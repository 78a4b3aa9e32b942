package document

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"
)

var pressedPage = regexp.MustCompile(`/Filter/FlateDecode/Length \d+\n>>\nstream\n`)

// drawing returns what is drawn on the pages of a PDF.
func drawing(t testing.TB, b []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range pressedPage.FindAllIndex(b, -1) {
		r, err := zlib.NewReader(bytes.NewReader(b[m[1]:]))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestLetter: a letter has no empty title above it, and is called by its subject wherever files are listed.
func TestLetter(t *testing.T) {
	d := &Document{Lang: "ja", Letter: true, Name: "ご通知", Blocks: []Block{Paragraph{Text: "御中"}, Subject("ご通知"), Paragraph{Text: "拝啓"}}}
	p := parts(t, docx(t, d))
	if body := p["word/document.xml"]; strings.Count(body, `<w:pStyle w:val="Title"/>`) != 1 || strings.Index(body, "御中") > strings.Index(body, "ご通知") {
		t.Errorf("the title is not where the subject is:\n%s", body)
	}
	if !strings.Contains(p["docProps/core.xml"], "<dc:title>ご通知</dc:title>") {
		t.Errorf("%s", p["docProps/core.xml"])
	}
	page, err := d.HTML()
	if err != nil || strings.Count(string(page), "<h1") != 1 || !strings.Contains(string(page), "<title>ご通知</title>") {
		t.Errorf("%v\n%s", err, page)
	}
}

// TestBold: titles and headings of a PDF are bold, nothing else is, and each stands there once for those who copy it or have it read aloud.
func TestBold(t *testing.T) {
	d := &Document{Lang: "en", Title: "Title", Blocks: []Block{Heading{Text: "Part"}, Heading{Text: "Point", Level: 2}, Subject("Subject"), Paragraph{Text: "words"}, Pairs{{"key", "value"}}}}
	b, err := d.write(goregular.TTF, made)
	if err != nil {
		t.Fatal(err)
	}
	text := drawing(t, b)
	if bold, all := strings.Count(text, "\n0.35 w 2 Tr\n"), strings.Count(text, "BT\n"); bold != 4 || all != 4+4 { // and the page's number
		t.Errorf("%d of %d pieces of text are bold:\n%s", bold, all, text)
	}
	if strings.Count(text, "q\nBT\n") != 4 || strings.Count(text, "ET\nQ\n") != 4 {
		t.Errorf("bold goes on behind a title:\n%s", text)
	}
}

// TestSpacing: pairs stand as close in a DOCX as in a PDF, and numbers as close to Japanese letters.
func TestSpacing(t *testing.T) {
	d := &Document{Lang: "ja", Letter: true, Blocks: []Block{Pairs{{"発生日", "7月13日"}, {"発覚日", "7月14日"}}}}
	p := parts(t, docx(t, d))
	if body := p["word/document.xml"]; strings.Contains(body, "BodyText") || strings.Count(body, `<w:pStyle w:val="Pair"/>`) != 4 || !strings.Contains(body, `<w:gridCol w:w="910"/>`) { // 3 letters of 10.5 points and 14
		t.Errorf("%s", body)
	}
	if s := p["word/styles.xml"]; !strings.Contains(s, `<w:autoSpaceDN w:val="0"/></w:pPr></w:pPrDefault>`) || !strings.Contains(s, `w:styleId="Pair"><w:name w:val="Pair"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:spacing w:before="0" w:after="0"`) {
		t.Errorf("%s", s)
	}
}

// TestStraight: quotation marks of an English PDF are no wider than its letters, and those of a Japanese one stay.
func TestStraight(t *testing.T) {
	p, err := newPress(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	write := func(lang, text string) []byte {
		b, err := p.PDF(&Document{Lang: lang, Blocks: []Block{Paragraph{Text: text}}}, made)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if curly, plain := write("en", "“yes”, it’s"), write("en", `"yes", it's`); drawing(t, curly) != drawing(t, plain) {
		t.Error("they are as wide as kanji")
	}
	if curly, plain := write("ja", "“yes”"), write("ja", `"yes"`); drawing(t, curly) == drawing(t, plain) {
		t.Error("Japanese loses its own")
	}
}
