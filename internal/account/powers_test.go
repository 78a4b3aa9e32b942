package account

import (
	"os"
	"strings"
	"testing"
)

// TestRolesAreDocumented compares the table of docs/roles.md with the one in code.
func TestRolesAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	var head []string
	rows := make(map[Power][]string)
	for line := range strings.Lines(string(b)) {
		var cells []string
		for _, c := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.Trim(strings.TrimSpace(c), "`"))
		}
		switch {
		case len(cells) < 2:
		case cells[0] == "power":
			head = cells
		case head != nil && !strings.HasPrefix(cells[0], "---"):
			name, _, _ := strings.Cut(cells[0], "`")
			rows[Power(name)] = cells
		}
	}
	if len(head) != len(Roles)+1 {
		t.Fatalf("the table has the columns %q", head)
	}
	all := make(map[Power]bool)
	for i, r := range Roles {
		if head[i+1] != string(r) {
			t.Errorf("column %d is %q, want %q", i+1, head[i+1], r)
		}
		for _, p := range r.Powers() {
			all[p] = true
		}
		for p, cells := range rows {
			if want := map[bool]string{true: "yes", false: ""}[r.May(p)]; cells[i+1] != want {
				t.Errorf("%s, %s: %q in the table, want %q", p, r, cells[i+1], want)
			}
		}
	}
	if len(rows) != len(all) {
		t.Errorf("the table has %d powers, the code %d", len(rows), len(all))
	}
}
