package document

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/image/font/gofont/goregular"
	"pgregory.net/rapid"
)

var made = time.Date(2026, 11, 30, 10, 0, 0, 0, time.FixedZone("JST", 9*3600))

// pages counts the pages of a PDF.
func pages(b []byte) int { return bytes.Count(b, []byte("/Type /Page\n")) }

// write writes a document with a font.
func (d *Document) write(font []byte, at time.Time) ([]byte, error) {
	p, err := newPress(font)
	if err != nil {
		return nil, err
	}
	return p.PDF(d, at)
}

func sample(rows int, text string) *Document {
	t := Table{Columns: []Column{{Title: "name", Width: 5}, {Title: "number of them", Width: 1, Right: true}}}
	for i := range rows {
		t.Rows = append(t.Rows, []Cell{{Text: fmt.Sprintf("row %d %s", i, text), Small: text, Tone: Good}, {Text: fmt.Sprint(i), Tone: Bad}})
	}
	return &Document{Lang: "en", Title: "Title " + text, Footer: text, Landscape: true, Missing: "some are missing", Blocks: []Block{
		Paragraph{Text: text, Tone: Large}, Heading{Text: text}, Pairs{{"key", text}, {text, "value"}}, t, Signature{text, "by"},
		PageBreak{}, Heading{Text: text, Level: 2}, List{text, Blank(text)}, Paragraph{Text: text + Blank(text) + text, Align: Centre},
		Code{Text: "AZEKURA1" + strings.Repeat("7", rows%8*10+1), Size: 40}, Form{{Label: text, Note: text, Value: []Paragraph{{Text: text, Align: Right}, {Text: Blank("to fill in")}}}, {Label: "empty"}},
	}}
}

// TestPages: a long table goes over as many pages as it takes.
func TestPages(t *testing.T) {
	last := 0
	for _, rows := range []int{0, 1, 60, 600} {
		b, err := sample(rows, "text").write(goregular.TTF, made)
		if err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) {
			t.Fatalf("%d rows: %v", rows, err)
		}
		n := pages(b)
		if n < max(2, rows/25) || n > rows/10+2 || n < last {
			t.Errorf("%d rows on %d pages", rows, n)
		}
		last = n
	}
}

// TestMissing: what a font has not is said, and ends nothing.
func TestMissing(t *testing.T) {
	for _, text := range []string{"卒業", "\U00020B9F", "\U0001F600", "葛\U000E0100", "a\u202Eb", "\x00\xff\n\t", strings.Repeat("x", 5000), strings.Repeat("長", 3000)} {
		b, err := sample(3, text).write(goregular.TTF, made)
		if err != nil || len(b) < 1000 {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzPDF(f *testing.F) {
	f.Add("text, and more (of it)", 3)
	f.Add("卒業アルバム「校正」、３年。\U0001F600\u200d\ufe0f", 40)
	f.Fuzz(func(t *testing.T, text string, rows int) {
		if rows = rows % 50; rows < 0 || len(text) > 2000 {
			return
		}
		d := sample(rows, text)
		if _, err := d.write(goregular.TTF, made); err != nil {
			t.Error(err)
		}
		if b, err := d.HTML(); err != nil || bytes.Contains(b, []byte("<script")) {
			t.Errorf("%v", err)
		}
		parts(t, docx(t, d))
		parts(t, xlsx(t, Sheet{Title: text, Columns: []Column{{Title: text}, {Title: text, Right: true}}, Rows: slices.Values([][]Cell{{{Text: text}, {Text: text}}, {}})}))
	})
}

// tight are texts in which so many letters hold together that some line must begin with one that should not.
var tight = regexp.MustCompile(`[abc（(「][、。」）)ー.,abc（(「3 ]{4,}|[校倉（3「][、。」）)ー.,]{4,}|[ 、。」）)ー.,]{4,}`)

// TestWrap: lines are no wider than asked for, lose nothing but the spaces between them, and begin with nothing that must not begin one.
func TestWrap(t *testing.T) {
	measure := func(s string) float64 { return float64(utf8.RuneCountInString(s)) }
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("abc 、。「」校倉（3）ー.,\n"))).Draw(t, "text")
		width := rapid.IntRange(6, 40).Draw(t, "width")
		var lines []string
		for _, l := range wrap(text, float64(width), measure) {
			lines = append(lines, l.text)
		}
		bare := func(s string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(s) }
		if got := bare(strings.Join(lines, "")); got != bare(text) {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if measure(l) > float64(width) {
				t.Fatalf("%q is wider than %d", l, width)
			}
		}
		// No line begins with what must not begin one, unless its paragraph does or more of them come together than a line holds.
		for i, l := range wrap(text, float64(width), measure) {
			run := 0
			for _, r := range l.text {
				if !strings.ContainsRune(noBegin, r) {
					break
				}
				run++
			}
			if run > 0 && i > 0 && !wrap(text, float64(width), measure)[i-1].last && !tight.MatchString(text) {
				t.Fatalf("%q begins a line of %d letters: %q", l.text, width, lines)
			}
		}
	})
	for _, c := range []struct {
		text string
		want []string
	}{
		{"one two three", []string{"one two", "three"}}, {"卒業アルバムの校正。", []string{"卒業アルバムの校", "正。"}}, {"名簿は今の三年「一組」", []string{"名簿は今の三年", "「一組」"}},
		{"a-name-that-is-long.jpg", []string{"a-name-t", "hat-is-l", "ong.jpg"}}, {"", []string{""}}, {"一\n二", []string{"一", "二"}},
	} {
		var got []string
		for _, l := range wrap(c.text, 8, measure) {
			got = append(got, l.text)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestDrawn: a full line of Japanese ends at the margin, and none has gaps like spaces.
func TestDrawn(t *testing.T) {
	for _, c := range []struct {
		line  line
		slack float64
		want  float64
	}{
		{line{"卒業アルバムの校正を", false}, 9, 1}, {line{"卒業アルバムの校正を", false}, 9.1, 0}, {line{"卒業アルバムの校正を", true}, 9, 0}, {line{"words in a line", false}, 9, 0},
		{line{"校", false}, 1, 0}, {line{"", false}, 1, 0}, {line{"校正", false}, -1, 0}, {line{Blank("校正"), false}, 3, 1},
	} {
		if got := drawn(c.line, c.slack, 10); got != c.want {
			t.Errorf("%q, %v: %v, want %v", c.line.text, c.slack, got, c.want)
		}
	}
}

// TestFont: a file that is no font, or has no Japanese letters, is refused, and none at all is said as what it is.
func TestFont(t *testing.T) {
	dir := t.TempDir()
	for name, b := range map[string][]byte{"text.ttf": []byte("no font"), "empty.ttf": nil, "latin.ttf": goregular.TTF, "cut.ttf": goregular.TTF[:9000], "cff.ttf": []byte("OTTO\x00\x09\x00\x80aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sample(1, "x").PDF(name, made); err == nil || errors.Is(err, ErrNoFont) {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
	if _, err := sample(1, "x").PDF(filepath.Join(dir, "none"), made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	if _, err := sample(1, "x").PDF(dir, made); err == nil {
		t.Error("a directory is a font")
	}
	was := places
	defer func() { places = was }()
	if places = nil; true {
		if _, err := sample(1, "x").PDF("", made); !errors.Is(err, ErrNoFont) {
			t.Errorf("a machine without fonts: %v", err)
		}
	}
}

// TestHTML: what others have chosen stays text.
func TestHTML(t *testing.T) {
	b, err := sample(2, `<script>alert(1)</script>"&`).HTML()
	if err != nil || bytes.Contains(b, []byte("<script>")) || !bytes.Contains(b, []byte("&lt;script&gt;")) || bytes.Count(b, []byte("<tr>")) != 5 {
		t.Errorf("%v\n%s", err, b)
	}
	if bytes.Count(b, []byte("<mark>")) != 3 || !bytes.Contains(b, []byte("<mark>[to fill in]</mark>")) {
		t.Errorf("places to fill in:\n%s", b)
	}
	for _, want := range []string{`lang="en"`, "<h3>", "<ul>", `class="form"`, `class="centre"`, `class="break"`, "A4 landscape", `class="bad"`, `class="n"`, "<footer>"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
}
