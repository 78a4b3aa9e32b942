package paper

import (
	"os"
	"strings"
	"testing"
)

// TestDocumented: the page about the papers has each of them, and each question with its text, in both languages.
func TestDocumented(t *testing.T) {
	for name, text := range map[string]func(Text) string{"../../docs/papers.md": func(t Text) string { return t.EN }, "../../docs/papers.ja.md": func(t Text) string { return t.JA }} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range Kinds() {
			if !strings.Contains(string(b), "\n| `"+string(k)+"` ") {
				t.Errorf("%s does not have %s", name, k)
			}
		}
		for _, q := range Questions {
			if row := "\n| `" + q.Key + "` | " + text(q.Text) + " |\n"; !strings.Contains(string(b), row) {
				t.Errorf("%s lacks %s", name, row)
			}
		}
	}
}
