package ledger

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/durable"
)

// TestHeadOnPaper: a head that was printed is read however somebody types it; what is mistyped, or of another ledger, is not.
func TestHeadOnPaper(t *testing.T) {
	k := newKeys(t)
	l := open(t, k.config(durable.OS(), filepath.Join(t.TempDir(), "ledger")))
	defer l.Close()
	more(t, l, 300)
	r := published(t, l, k)
	h := r.Head()
	text := h.Text(k.verifier.Name())
	if !strings.HasPrefix(text, "300-") || strings.Count(text, "-") != 17 {
		t.Errorf("%s", text)
	}
	for _, s := range []string{text, strings.ToUpper(text), strings.ReplaceAll(text, "-", " "), " " + strings.ReplaceAll(text, "-", "\n") + "\n", strings.ReplaceAll(text, "-", "　"), string(r.Checkpoint())} {
		if got, err := ParseHead([]byte(s), k.public); err != nil || got != h {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for i := range text {
		c := "0"
		if text[i] == '0' {
			c = "1"
		}
		if text[i] == '-' {
			continue
		}
		if _, err := ParseHead([]byte(text[:i]+c+text[i+1:]), k.public); err == nil {
			t.Errorf("letter %d is another and is taken", i)
		}
	}
	for _, s := range []string{"", "300", "300-", text[:len(text)-1], text + "0", "-" + text[3:], "0" + text, h.Text("another.example/log"), string(r.Checkpoint()[:len(r.Checkpoint())-5])} {
		if _, err := ParseHead([]byte(s), k.public); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
