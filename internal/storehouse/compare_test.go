package storehouse

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestComparing: the page of a picture proposes the version that is shown and the one before it, and the comparison tells of each when
// it came and by whom, and leads back to the earlier one.
func TestComparing(t *testing.T) {
	b := besiege(t)
	const name = "/アルバム/表紙.jpg"
	for _, content := range []string{"first", "second", "third"} {
		if _, err := b.local.Save(t.Context(), name, strings.NewReader(content), int64(len(content)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	at := (&url.URL{Path: name}).EscapedPath()
	chosen := func(page string) (out []string) {
		for _, m := range regexp.MustCompile(`type="radio" name="([ab])" value="(\d+)" checked`).FindAllStringSubmatch(page, -1) {
			out = append(out, m[1]+m[2])
		}
		return out
	}
	_, page := b.admin.do("GET", "/files"+at, "")
	if got := strings.Join(chosen(page), " "); got != "b3 a2" {
		t.Errorf("chosen to compare are %q", got)
	}
	for query, want := range map[string][2]string{"": {"2", "3"}, "?a=1&b=3": {"1", "3"}, "?a=x&b=99": {"2", "3"}} {
		resp, page := b.admin.do("GET", "/history"+at+query, "", "Accept-Language", "en")
		shown := regexp.MustCompile(`large=1&amp;number=(\d+)"`).FindAllStringSubmatch(page, -1)
		if resp.StatusCode != 200 || len(shown) != 2 || shown[0][1] != want[0] || shown[1][1] != want[1] {
			t.Errorf("%q shows %v (%d), want %v", query, shown, resp.StatusCode, want)
		}
		if !strings.Contains(page, `name="number" value="`+want[0]+`"`) || strings.Contains(page, `name="number" value="3"`) || strings.Count(page, "<time") < 2 {
			t.Errorf("%q does not lead back to version %s alone, or has no times:\n%s", query, want[0], page)
		}
	}
}
