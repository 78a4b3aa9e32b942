package sheet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/lang"
)

// example has words of the lengths that the list has.
func example(of int) account.KeyPapers {
	p := account.KeyPapers{PaperSet: account.PaperSet{Number: 3, Code: "9F3A-01C2", Needed: 2, Of: of, Made: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}, Vault: "7A31-9C04-EE"}
	for n := range of {
		x := account.KeyPaper{Number: n + 1, Code: "AZEKURA1" + strings.Repeat("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 3)[:79]}
		for i := range 9 {
			x.Words = append(x.Words, []string{"abstract", fmt.Sprintf("word%d", n), "zoo", "mushroom", fmt.Sprintf("check%d", i)})
		}
		p.Papers = append(p.Papers, x)
	}
	return p
}

// TestPapers: a page for each paper, and one before them, in both languages.
func TestPapers(t *testing.T) {
	for _, l := range []lang.Lang{lang.Japanese, lang.English} {
		for _, of := range []int{2, 16} {
			b, err := PDF(l, example(of), "校倉印刷株式会社 Azekura Printing", "")
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b, []byte("/Type /Page\n")); n != of+1 {
				t.Errorf("%v: %d papers on %d pages", l, of, n)
			}
		}
		html, err := Papers(l, example(3), "").HTML()
		if err != nil || !bytes.Contains(html, []byte("mushroom")) || bytes.Contains(html, []byte("%!")) {
			t.Errorf("%v: %v", l, err)
		}
	}
}
