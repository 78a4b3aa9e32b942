package alert

import (
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/lang"
)

// TestApplianceAlerts: what is told of an appliance says what happened, who and where, what was done and what to do now, in both languages.
func TestApplianceAlerts(t *testing.T) {
	for _, k := range []Kind{VPNUsed, VPNTried, NewCountry, NewAddress, BruteForce, Spread, Forced, Changed, Silent, Heard, Beyond, Unstored, Many} {
		a := Alert{Kind: k, Who: "sato", Device: "firewall", Address: "203.0.113.9", Country: "XX", Count: 47}
		text := a.Text()
		for _, want := range []string{"sato / firewall", "203.0.113.9 / XX"} {
			if strings.Count(text, want) != 2 {
				t.Errorf("%s: %q is not said twice in\n%s", k, want, text)
			}
		}
		for _, l := range []lang.Lang{lang.Japanese, lang.English} {
			for _, key := range []string{"alert.", "todo."} {
				if s := l.Text(key + string(k)); !strings.Contains(text, s) || s == key+string(k) {
					t.Errorf("%s: nothing of %s in\n%s", k, key, text)
				}
			}
		}
		if strings.Contains(text, "%!") || strings.Contains(text, "alerted.") {
			t.Errorf("%s", text)
		}
		switch k {
		case BruteForce, Spread, Forced, Silent, Heard, Many:
			if strings.Count(text, "47") != 2 {
				t.Errorf("%s does not say how many:\n%s", k, text)
			}
		}
	}
}
