package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
)

// TestClientRow: files of nobody knows how many persons are no 0 persons.
func TestClientRow(t *testing.T) {
	a := &app{lang: lang.English}
	for want, x := range map[string]api.CaseClient{
		"City | no roster | 0 | 0 | 0":      {Name: "City", Unknown: paper.Three{Confirmed: 3}},
		"City | 2 + no roster | 1 | 0 | 7":  {Name: "City", Persons: paper.Three{Confirmed: 2, Possible: 1}, Unknown: paper.Three{Confirmed: 3}, Altered: 7},
		"a, b | 15 | no roster | 1,000 | 0": {Shares: []string{"a", "b"}, Persons: paper.Three{Confirmed: 15, Exempt: 1000}, Unknown: paper.Three{Possible: 1}},
	} {
		if got := strings.Join(a.clientRow(x), " | "); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// TestFindingsWithoutRoster: what is printed of files of nobody knows how many persons has no 0 for them above.
func TestFindingsWithoutRoster(t *testing.T) {
	var out strings.Builder
	a := &app{lang: lang.English, out: &out}
	var f api.Findings
	f.Exposure.Files.Files.Confirmed, f.Exposure.Unknown.Confirmed = 3, 3
	a.showFindings(f)
	if text := out.String(); !regexp.MustCompile(`Persons +no roster +0 +0\n`).MatchString(text) || strings.Contains(text, "all persons of the roster count") || !strings.Contains(text, "3 confirmed") {
		t.Error(text)
	}
}
