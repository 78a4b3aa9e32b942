package paper_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/paper/papertest"
)

// packed writes a batch without PDFs, which take a font, and returns what is in it.
func packed(t *testing.T, f *paper.Facts) (names []string, parts map[string]string, whole []byte) {
	t.Helper()
	var w bytes.Buffer
	if err := paper.Batch(context.Background(), &w, f, lang.Japanese); err != nil {
		t.Fatal(err)
	}
	parts = make(map[string]string)
	for name, b := range unzip(t, w.Bytes()) {
		text := string(b)
		if strings.HasSuffix(name, "x") { // DOCX, XLSX
			text = ""
			for _, part := range unzip(t, b) {
				text += string(part)
			}
		}
		parts[name] = text
		names = append(names, name)
	}
	slices.Sort(names)
	return names, parts, w.Bytes()
}

func unzip(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestBatch: each client has a folder with its own, the index has all of them, and equal facts have equal bytes.
func TestBatch(t *testing.T) {
	const clients = 12
	names, parts, whole := packed(t, papertest.Story(clients))
	if _, _, again := packed(t, papertest.Story(clients)); !bytes.Equal(whole, again) {
		t.Error("equal facts have other bytes")
	}
	if len(names) != 3*clients+2 || !slices.Contains(names, "0001_青葉市立第1小学校/通知書.docx") || !slices.Contains(names, "索引.html") {
		t.Errorf("%q", names)
	}
	store := regexp.MustCompile(`album-\d{4}`)
	for i := range clients {
		name, own := papertest.Name(i), fmt.Sprintf("album-%04d", i)
		for _, index := range []string{"索引.html", "索引.xlsx"} {
			if !strings.Contains(parts[index], fmt.Sprintf("%04d_%s", i+1, name)) {
				t.Errorf("%s lacks %s", index, name)
			}
		}
		for _, file := range []string{"通知書.docx", "対象者一覧.xlsx", "対象ファイル一覧.xlsx"} {
			text := parts[fmt.Sprintf("%04d_%s/%s", i+1, name, file)]
			for j := range clients {
				if other := papertest.Name(j); j != i && !strings.Contains(name, other) && strings.Contains(text, other) {
					t.Errorf("%s of %s names %s", file, name, other)
				}
			}
			for _, s := range store.FindAllString(text, -1) {
				if s != own {
					t.Errorf("%s of %s has %s", file, name, s)
				}
			}
		}
		if people := parts[fmt.Sprintf("%04d_%s/対象者一覧.xlsx", i+1, name)]; strings.Contains(people, "翔太") == (i%7 == 6) || strings.Contains(people, "未把握") != (i%7 == 6) {
			t.Errorf("the list of persons of %s:\n%s", name, people)
		}
	}
	if !strings.Contains(parts["索引.html"], "PDFはありません") {
		t.Error("nobody is told why there are no PDFs")
	}
}

// TestFolders: whatever clients are called, each has a folder of its own that every system can make, and whose files nobody counts gets none,
// which the index says.
func TestFolders(t *testing.T) {
	f := papertest.Story(3)
	f.Clients[0].Name, f.Clients[1].Name = `../..\a:b*?"<>|`+"\x01", ""
	f.Clients = append(f.Clients, paper.Client{Key: "none", Name: "対象外の学校", Sums: paper.Sums{Exposure: paper.Exposure{Known: true}, Damage: paper.Damage{Known: true}}}, paper.Client{Key: "unknown", Name: "未調査の学校"})
	names, parts, _ := packed(t, f)
	ok := regexp.MustCompile(`^(\d{4}_[^/\\:*?"<>|.\x00-\x1f][^/\\:*?"<>|\x00-\x1f]*/)?[^/\\:*?"<>|\x00-\x1f]+\.(docx|xlsx|html)$`)
	folders := make(map[string]bool)
	for _, n := range names {
		if !ok.MatchString(n) {
			t.Errorf("%q", n)
		}
		if folder, _, found := strings.Cut(n, "/"); found {
			folders[folder] = true
		}
	}
	if len(folders) != 4 || !folders["0002_委託元未登録"] || !folders["0005_未調査の学校"] {
		t.Errorf("%v", folders)
	}
	if !strings.Contains(parts["索引.html"], "対象外の学校") || !strings.Contains(parts["索引.html"], "人が確認してください") {
		t.Error("the index does not tell who gets nothing")
	}
}

// TestMoved: the index tells whose notice has fields that somebody must look at before it is sent. What was written for all clients is not
// compared with the records, which say another thing for each.
func TestMoved(t *testing.T) {
	f := papertest.Story(3)
	f.Edits = []paper.Edit{{Kind: paper.ClientNotice, Key: "intro", Lang: "ja", Text: "皆様へ", Was: "以前の文"}, {Kind: paper.ClientNotice, Client: f.Clients[1].Key, Key: "3", Lang: "ja", Text: "約100人", Was: "以前の数"}}
	_, parts, _ := packed(t, f)
	for i := range f.Clients {
		notice := parts[fmt.Sprintf("%04d_%s/通知書.docx", i+1, papertest.Name(i))]
		if !strings.Contains(notice, "皆様へ") || strings.Contains(notice, "【確認】") != (i == 1) {
			t.Errorf("client %d: %s", i, notice)
		}
	}
	if strings.Count(parts["索引.html"], "送付前に確認") != 1 {
		t.Error("the index does not tell whose notice is to be looked at")
	}
}

type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestBatchEnds: a disk that is full and a caller that has gone end it.
func TestBatchEnds(t *testing.T) {
	f := papertest.Story(8)
	for _, left := range []int{0, 20_000, 60_000} {
		if err := paper.Batch(context.Background(), &failing{left}, f, lang.Japanese); !errors.Is(err, errFull) {
			t.Errorf("%d bytes: %v", left, err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := paper.Batch(ctx, io.Discard, f, lang.Japanese); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestLists: the list of schools has every school once a kind, as a table and as a workbook.
func TestLists(t *testing.T) {
	f := papertest.Story(2000)
	rows := 0
	for row := range paper.SchoolSheet(f, lang.Japanese).Rows {
		if rows++; len(row) != 11 {
			t.Fatalf("%v", row)
		}
	}
	d := paper.Make(paper.SchoolList, f, lang.Japanese)
	table, ok := d.Blocks[len(d.Blocks)-1].(document.Table)
	if want := 2000 + 2000 - 2000/7; !ok || rows != want || len(table.Rows) != want {
		t.Errorf("%d and %d rows, want %d", rows, len(table.Rows), want)
	}
}
