package paper

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/paper/papertest"
)

// story are the facts that each kind of paper is shown with.
func story(k paper.Kind) *paper.Facts {
	f := papertest.Story(200)
	switch k {
	case paper.FinalReport:
		f.First = paper.Keep(paper.FirstReport, f)
		f.Answers["cause"] = paper.Answer{Text: "VPN機器の既知の脆弱性を通じて侵入されました。"}
	case paper.ClientNotice:
		return f.For(8)
	case paper.PersonNotice:
		return f.For(8).ForPersons(paper.Reader{School: f.Clients[8].Name, Year: "2025", Kind: "pupil", Count: paper.Possible})
	}
	return f
}

// crowded are facts of which everything that the board's page may show is as long as it can be.
func crowded() *paper.Facts {
	f := papertest.Story(200)
	long := strings.Repeat("とても長い説明が続き、", 60)
	for _, q := range paper.Questions {
		if q.Choices == nil {
			f.Answers[q.Key] = paper.Answer{Text: long}
		}
	}
	f.Firm.Name, f.Case.Number = strings.Repeat("株式会社", 20), strings.Repeat("2026-", 30)
	for len(f.Deadlines) < 30 {
		f.Deadlines = append(f.Deadlines, f.Deadlines...)
	}
	for len(f.Gaps) < 100 {
		f.Gaps = append(f.Gaps, f.Gaps...)
	}
	return f
}

// TestCase opens the papers of a case in both languages, as our PDF and as LibreOffice sets our file for Word.
func TestCase(t *testing.T) {
	t.Parallel()
	press, err := document.NewPress("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, d *document.Document, word bool) {
		b, err := press.PDF(d, made)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".pdf"), b, 0o600)
		}
		var w bytes.Buffer
		if err == nil && word {
			if err = d.DOCX(&w, made); err == nil {
				err = os.WriteFile(filepath.Join(dir, name+"-word.docx"), w.Bytes(), 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []lang.Lang{lang.Japanese, lang.English} {
		for _, k := range paper.Kinds() {
			put(string(k)+"-"+l.String(), paper.Make(k, story(k), l), k != paper.SchoolList)
		}
		put("board-crowded-"+l.String(), paper.Make(paper.BoardSummary, crowded(), l), true)
	}
	words, err := filepath.Glob(filepath.Join(dir, "*.docx"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "soffice", append([]string{"-env:UserInstallation=file://" + t.TempDir(), "--headless", "--norestore", "--convert-to", "pdf", "--outdir", dir}, words...)...)
	pdfs, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if want := 2*len(paper.Kinds()) + 2 + len(words); err != nil || len(pdfs) != want || len(words) != 24 {
		t.Fatalf("%d PDFs of %d, %d for Word: %v", len(pdfs), want, len(words), err)
	}
	for _, name := range pdfs {
		look(t, name)
	}
}

// TestPacks: the packs of clients have equal bytes, on however many presses they are printed.
func TestPacks(t *testing.T) {
	t.Parallel()
	var packs [2]bytes.Buffer
	var presses []*document.Press
	for i := range packs {
		for range i + 1 {
			p, err := document.NewPress("")
			if err != nil {
				t.Fatal(err)
			}
			presses = append(presses, p)
		}
		if err := paper.Batch(t.Context(), &packs[i], papertest.Story(6), lang.Japanese, presses...); err != nil {
			t.Fatal(err)
		}
	}
	if packs[0].Len() < 100_000 || !bytes.Equal(packs[0].Bytes(), packs[1].Bytes()) {
		t.Errorf("%d and %d bytes, which differ", packs[0].Len(), packs[1].Len())
	}
}

// most is how many pages a paper may have in this story; one is promised to the board, and what persons get is not to be turned over.
var most = map[string]int{"board": 1, "persons": 1, "exemption": 1, "plain": 2, "faq": 2, "schools": 14}

// look at a PDF: every letter is there, within the margins, and it has as many pages as it may.
func look(t *testing.T, name string) {
	t.Helper()
	kind, _, _ := strings.Cut(filepath.Base(name), "-")
	text := run(t, "pdftotext", "-layout", name, "-")
	if strings.ContainsAny(text, "〓\ufffd\u25a1") || strings.Contains(text, "%!") {
		t.Errorf("%s: letters are missing:\n%s", filepath.Base(name), text)
	}
	var doc struct {
		Pages []struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Words  []struct {
				Left   float64 `xml:"xMin,attr"`
				Right  float64 `xml:"xMax,attr"`
				Top    float64 `xml:"yMin,attr"`
				Bottom float64 `xml:"yMax,attr"`
				Text   string  `xml:",chardata"`
			} `xml:"word"`
		} `xml:"body>doc>page"`
	}
	boxes := regexp.MustCompile(`<!DOCTYPE[^>]*>|&nbsp;`).ReplaceAllString(run(t, "pdftotext", "-bbox", name, "-"), "")
	if err := xml.Unmarshal([]byte(boxes), &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if n := len(doc.Pages); n == 0 || most[kind] > 0 && n > most[kind] || n > 14 {
		t.Errorf("%s has %d pages", filepath.Base(name), n)
	}
	for i, p := range doc.Pages {
		if len(p.Words) < 4 {
			t.Errorf("%s: page %d is empty", filepath.Base(name), i+1)
		}
		for _, w := range p.Words {
			if w.Left < 38 || w.Right > p.Width-38+10.5 || w.Top < 12 || w.Bottom > p.Height-18 { // punctuation may hang out
				t.Errorf("%s, page %d: %q at %.0f to %.0f", filepath.Base(name), i+1, w.Text, w.Left, w.Right)
			}
		}
		if kind == "schools" && !strings.Contains(strings.Split(text, "\f")[i], "20") {
			t.Errorf("%s: page %d has no rows", filepath.Base(name), i+1)
		}
	}
	// Of the fonts that the file names this machine has none, and takes another for English.
	if out, err := exec.Command("pdffonts", name).Output(); err != nil || strings.Contains(string(out), "DejaVu") && !strings.Contains(name, "-en-word") || !strings.Contains(string(out), " yes ") {
		t.Errorf("%s: fonts: %v\n%s", filepath.Base(name), err, out)
	}
}
