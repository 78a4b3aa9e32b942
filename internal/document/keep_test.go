package document

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"
)

// TestHeadingsKeep: wherever a page ends, no heading is the last thing on it, whatever follows: in a PDF and, by keepNext, in Word.
func TestHeadingsKeep(t *testing.T) {
	press, err := newPress(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	tall := []Paragraph{}
	for range 9 {
		tall = append(tall, Paragraph{Text: "line"})
	}
	long := []Paragraph{}
	for range 80 {
		long = append(long, Paragraph{Text: "line"})
	}
	for what, next := range map[string]Block{
		"paragraph": Paragraph{Text: "words"}, "large": Paragraph{Text: strings.Repeat("many words ", 40), Tone: Large}, "list": List{"one", "two"}, "pairs": Pairs{{"key", "value"}},
		"form": Form{{Label: "contact", Value: tall}}, "long form": Form{{Label: "contact", Value: long}}, "table": Table{Columns: []Column{{Title: "a", Width: 1}}, Rows: [][]Cell{{{Text: strings.Repeat("cell\n", 12)}}}},
		"signature": Signature{"who"}, "heading": Heading{Text: "Point", Level: 2},
	} {
		for _, letter := range []bool{false, true} {
			for lines := range 60 {
				d := &Document{Lang: "en", Letter: letter}
				for range lines {
					d.Blocks = append(d.Blocks, Paragraph{Text: "before"})
				}
				d.Blocks = append(d.Blocks, Heading{Text: "Heading"}, next)
				if what == "heading" {
					d.Blocks = append(d.Blocks, Form{{Label: "contact", Value: tall}})
				}
				b, err := press.PDF(d, made)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range pressedPage.FindAllIndex(b, -1) {
					r, err := zlib.NewReader(bytes.NewReader(b[m[1]:]))
					if err != nil {
						t.Fatal(err)
					}
					page, err := io.ReadAll(r)
					if err != nil {
						t.Fatal(err)
					}
					if last := bytes.LastIndex(page, []byte(" 2 Tr\n")); last >= 0 && bytes.Count(page[last:], []byte("BT\n")) < 2 { // the page's number is one
						t.Fatalf("%s behind %d lines (letter: %v): the heading stands alone at the end of a page", what, lines, letter)
					}
				}
			}
		}
	}
	if s := parts(t, docx(t, &Document{Lang: "en", Blocks: []Block{Heading{Text: "a"}, Heading{Text: "b", Level: 2}}}))["word/styles.xml"]; strings.Count(s, `<w:keepNext/>`) < 2 {
		t.Errorf("headings do not keep with what follows in Word: %s", s)
	}
}
