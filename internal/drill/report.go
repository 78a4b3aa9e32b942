package drill

import (
	"bytes"
	_ "embed"
	"html/template"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

//go:embed report.html
var reportText string

// Report is a page that an auditor can keep: it needs nothing else, and prints on A4.
func Report(list []Result, when time.Time, from string, l lang.Lang) ([]byte, error) {
	t, err := template.New("report").Funcs(template.FuncMap{
		"t":   func(key string, args ...any) string { return l.Text(key, args...) },
		"add": func(a, b int) int { return a + b },
		"sub": func(a, b int) int { return a - b },
	}).Parse(reportText)
	if err != nil {
		return nil, err
	}
	good := 0
	for i := range list {
		if list[i].Good() {
			good++
		}
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Lang": l.String(), "When": when.Format("2006-01-02 15:04 -0700"), "From": from, "List": list, "Good": good, "All": len(list)})
	return b.Bytes(), err
}
