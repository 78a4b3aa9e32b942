package storehouse

import (
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
)

// TestConcernedShares: papers name the kinds of data and the clients of those shares alone of which something was read, and count them alike.
func TestConcernedShares(t *testing.T) {
	b := rob(t)
	for share, line := range map[string]account.Register{"one": {Client: "第一小学校", Data: []string{"写真"}}, "two": {Client: "第一小学校", Data: []string{"注文"}, Subjects: []string{"保護者"}}} {
		if got := b.officer.call("PUT", "/v1/shares/"+share+"/register", line, nil); got/100 != 2 {
			t.Fatal("a line of the register:", got)
		}
	}
	for kind, want := range map[string]string{"ppc-first": "写真", "board": "委託元1者"} {
		_, html := b.officer.do("GET", "/v1/cases/"+b.made.ID+"/papers/"+kind+"?format=html&lang=ja", "")
		if !strings.Contains(html, want) || strings.Contains(html, "注文") || strings.Contains(html, "保護者") || strings.Contains(html, "委託元2者") {
			t.Errorf("%s tells of a share that nobody has touched:\n%s", kind, html)
		}
	}
}
