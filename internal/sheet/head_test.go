package sheet

import (
	"bytes"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// TestHead: the page has the head as text and as a code, in both languages, on one sheet.
func TestHead(t *testing.T) {
	h := Head{Origin: "azekura.example/ledger/0a1b2c3d", Key: "azekura.example/ledger/0a1b2c3d+1234", Size: 4711, Text: "4711-3ad9-90f2", At: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}
	for _, l := range []lang.Lang{lang.Japanese, lang.English} {
		text, code := false, false
		for _, b := range h.document(l).Blocks {
			switch b := b.(type) {
			case document.Paragraph:
				text = text || b.Text == h.Text
			case document.Code:
				code = code || b.Text == h.Text
			}
		}
		b, err := h.PDF(l, "")
		if !text || !code || err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) || bytes.Count(b, []byte("/Type /Page\n")) > 1 {
			t.Errorf("%s: text %v, code %v, %d bytes, %v", l, text, code, len(b), err)
		}
	}
}
